//! `OpenCV` 4's `INTER_NEAREST_EXACT`: the source pixel under the middle of the target pixel, in fixed point.

use super::{Picture, PictureError, Size};

/// Fractional bits of a position.
const POSITION_BITS: u32 = 16;

/// Resizes to `to`, bytes equal to `OpenCV` 4's `INTER_NEAREST_EXACT`.
///
/// Fails where `to` is empty or too large.
pub fn resize_nearest_exact(source: &Picture, to: Size) -> Result<Picture, PictureError> {
    let channels = source.channels();
    let mut target = Picture::filled(to, channels, 0)?;
    let columns = positions(source.width(), to.width);
    let rows = positions(source.height(), to.height);
    let stride = target.stride();
    for (target_row, &y) in target.samples_mut().chunks_exact_mut(stride).zip(&rows) {
        let row = source.row(y);
        for (pixel, &x) in target_row.chunks_exact_mut(channels).zip(&columns) {
            pixel.copy_from_slice(&row[x * channels..][..channels]);
        }
    }
    Ok(target)
}

fn positions(source: usize, target: usize) -> Vec<usize> {
    let step = (((source as i64) << POSITION_BITS) + target as i64 / 2) / target as i64;
    // Half a step, and a hair less where the number of source pixels is odd.
    let start = step / 2 - (source % 2) as i64;
    (0..target as i64)
        .map(|index| ((index * step + start) >> POSITION_BITS).clamp(0, source as i64 - 1) as usize)
        .collect()
}
