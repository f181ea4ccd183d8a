//! Levels of a picture to values of the network, and back.

use super::{Picture, PictureError, Size};

/// Half of the range of levels: level 127.5 is the network's zero.
const HALF_RANGE: f32 = 127.5;

/// Levels 0..=255 as -1..=1, in the order `[channel, y, x]`. Black is -1, not 0.
pub fn normalise(picture: &Picture) -> Vec<f32> {
    picture.planes(|_, level| f32::from(level) / HALF_RANGE - 1.0)
}

/// Values -1..=1 in the order `[channel, y, x]` as a picture. Values beyond are clamped, levels are cut off, not rounded; a value that
/// is not a number gives black.
///
/// Fails where the number of values does not belong to the size, or the size to no picture.
pub fn to_levels(values: &[f32], size: Size, channels: usize) -> Result<Picture, PictureError> {
    let mut picture = Picture::filled(size, channels, 0)?;
    let expected = picture.samples().len();
    if values.len() != expected {
        return Err(PictureError::Length {
            expected,
            found: values.len(),
        });
    }
    let pixels = size.width * size.height;
    for (channel, plane) in values.chunks_exact(pixels).enumerate() {
        for (sample, &value) in picture
            .samples_mut()
            .iter_mut()
            .skip(channel)
            .step_by(channels)
            .zip(plane)
        {
            *sample = ((value.clamp(-1.0, 1.0) + 1.0) * 0.5 * 255.0) as u8;
        }
    }
    Ok(picture)
}
