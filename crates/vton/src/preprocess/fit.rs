//! Onto the canvas with black at the edges, and off it again.

use super::{
    Kernel, Padding, Picture, PictureError, Size, fit_size, resize_area, resize_lanczos,
    resize_lanczos4, resize_nearest_exact, shrunk_size,
};

/// What kind of picture is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// A photo: area averaging to shrink, Lanczos to grow.
    Photo,
    /// A drawing whose levels have a meaning each: nearest pixel.
    Drawing,
}

/// Shrinks by Pillow's LANCZOS so that the longer side is at most `longest`; a smaller picture stays as it is.
///
/// Fails where the shorter side would vanish.
pub fn shrink_to_box(source: &Picture, longest: usize) -> Result<Picture, PictureError> {
    resize_lanczos(source, shrunk_size(source.size(), longest)?)
}

/// Resizes a picture to fit `canvas` and centres it on black. Gives the padding too, which [`unpad`] takes off again.
///
/// Fails where the shorter side would vanish or the canvas is too large.
pub fn fit(source: &Picture, canvas: Size, fill: Fill) -> Result<(Picture, Padding), PictureError> {
    let fitted = fit_size(source.size(), canvas)?;
    let resized = match (fill, fitted.kernel) {
        (_, Kernel::Keep) => source.clone(),
        (Fill::Drawing, _) => resize_nearest_exact(source, fitted.size)?,
        (Fill::Photo, Kernel::Area) => resize_area(source, fitted.size)?,
        (Fill::Photo, Kernel::Lanczos4) => resize_lanczos4(source, fitted.size)?,
    };
    let mut target = Picture::filled(canvas, source.channels(), 0)?;
    target.place(&resized, fitted.padding.left, fitted.padding.top);
    Ok((target, fitted.padding))
}

/// Takes the padding off.
///
/// Fails where nothing would be left.
pub fn unpad(source: &Picture, padding: Padding) -> Result<Picture, PictureError> {
    let left_over = |side: usize, before: usize, after: usize| {
        side.checked_sub(before)
            .and_then(|rest| rest.checked_sub(after))
            .filter(|rest| *rest > 0)
            .ok_or(PictureError::Padding(source.size()))
    };
    let width = left_over(source.width(), padding.left, padding.right)?;
    let height = left_over(source.height(), padding.top, padding.bottom)?;
    let channels = source.channels();
    let samples = (padding.top..padding.top + height)
        .flat_map(|y| &source.row(y)[padding.left * channels..][..width * channels])
        .copied()
        .collect();
    Picture::new(Size::new(width, height), channels, samples)
}
