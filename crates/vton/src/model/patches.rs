//! From patches back to a picture.

/// Puts colour patches together to planes [channel, y, x].
///
/// Each row of `patches` is one patch in the order (channel, y, x); the patches go row by row over a canvas `width` pixels wide.
pub fn unpatchify(patches: &[f32], width: usize, patch: usize, planes: &mut [f32]) {
    let plane = planes.len() / crate::config::COLOURS;
    let grid_columns = width / patch;
    let patch_size = crate::config::COLOURS * patch * patch;
    for (token, values) in patches.chunks_exact(patch_size).enumerate() {
        let corner = (token / grid_columns) * patch * width + (token % grid_columns) * patch;
        for (line, source) in values.chunks_exact(patch).enumerate() {
            let start = (line / patch) * plane + corner + (line % patch) * width;
            planes[start..start + patch].copy_from_slice(source);
        }
    }
}
