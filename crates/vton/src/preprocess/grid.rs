//! Where the pixels of a target lie on its source, as `OpenCV`'s resizers see it.

/// Source pixels per target pixel along one side.
pub(super) fn ratio(source: usize, target: usize) -> f64 {
    // The reference comes to the ratio by two divisions; one would differ in the last bit.
    1.0 / (target as f64 / source as f64)
}

/// For each target pixel the source pixel whose middle lies left of (or at) its own, and the way from there as a fraction of a pixel.
pub(super) fn positions(source: usize, target: usize) -> impl Iterator<Item = (isize, f32)> {
    let ratio = ratio(source, target);
    (0..target).map(move |index| {
        let position = ((index as f64 + 0.5) * ratio - 0.5) as f32;
        let left = position.floor();
        (left as isize, position - left)
    })
}
