//! From file bytes to a picture.
//!
//! Every format goes the same way: the header is read and held against the limits, then the pixels are decoded as they
//! are stored, and only then turned upright and converted to sRGB. The upload pipeline ([`crate::upload`]) uses the
//! stage in between, so that turning and conversion are done on the small result.

mod heic;
mod heif_boxes;
mod jpeg;
mod png;
mod probe;
mod webp;

pub use probe::{Probe, probe};

use crate::colour::Colour;
use crate::contain::contain_panic;
use crate::{Format, ImageError, Limits, Orientation, Picture, sniff};

/// A decoded picture as it was stored: not yet upright, not yet sRGB.
pub(crate) struct StoredPicture {
    pub(crate) pixels: Picture,
    pub(crate) orientation: Orientation,
    pub(crate) colour: Colour,
}

/// Decodes a JPEG, PNG, WebP or HEIC file into an upright sRGB picture.
///
/// Alpha is laid over white, the first frame of an animation is taken, 16 bits become 8, every metadata block is
/// dropped. The orientation comes from EXIF, for HEIC from the container (its EXIF is ignored, as the standard asks).
/// Deterministic.
///
/// Errors: each [`ImageError`]; a file that ends early is an error and never a half-grey picture.
///
/// Memory besides the file and the result's three bytes a pixel: none worth naming for plain JPEG, PNG and HEIC grids, as
/// phones write them; up to 4 more bytes a pixel for interlaced PNG and WebP, 6 for progressive JPEG with full colour, 10
/// for HEIC of one piece.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    let stored = decode_stored(bytes, limits)?;
    contain(sniffed(bytes)?, move || {
        let mut picture = stored.orientation.apply(stored.pixels);
        stored.colour.convert_to_srgb(&mut picture);
        Ok(picture)
    })
}

/// Decodes without turning and without converting colours.
pub(crate) fn decode_stored(bytes: &[u8], limits: &Limits) -> Result<StoredPicture, ImageError> {
    limits.check_bytes(bytes)?;
    let format = sniffed(bytes)?;
    contain(format, || match format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        Format::Png => png::decode(bytes, limits),
        Format::WebP => webp::decode(bytes, limits),
        Format::Heic => heic::decode(bytes, limits),
        Format::Other(other) => Err(ImageError::Unsupported {
            format: other.name(),
        }),
    })
}

/// A decoded picture with its alpha, as it was stored.
struct StoredWithAlpha {
    colours: StoredPicture,
    /// One byte a pixel; as many as `colours` has pixels.
    alpha: Vec<u8>,
    is_animated: bool,
}

/// An upright sRGB picture with alpha, both of the same size.
pub(crate) struct WithAlpha {
    /// Colours, not multiplied by alpha.
    pub(crate) colours: Picture,
    /// One byte a pixel, row by row.
    pub(crate) alpha: Vec<u8>,
    /// Whether the file holds more frames than this first one.
    pub(crate) is_animated: bool,
}

/// Decodes a PNG or WebP file with its alpha; opaque files have alpha 255 everywhere.
///
/// Errors: as [`decode()`]; JPEG and HEIC are [`ImageError::Unsupported`] here.
pub(crate) fn decode_with_alpha(bytes: &[u8], limits: &Limits) -> Result<WithAlpha, ImageError> {
    limits.check_bytes(bytes)?;
    let format = sniffed(bytes)?;
    contain(format, || {
        let StoredWithAlpha {
            colours,
            alpha,
            is_animated,
        } = match format {
            Format::Png => png::decode_with_alpha(bytes, limits)?,
            Format::WebP => webp::decode_with_alpha(bytes, limits)?,
            other => {
                return Err(ImageError::Unsupported {
                    format: other.name(),
                });
            }
        };
        let (width, height) = (colours.pixels.width(), colours.pixels.height());
        let mut picture = colours.orientation.apply(colours.pixels);
        colours.colour.convert_to_srgb(&mut picture);
        let alpha = match colours.orientation {
            Orientation::Upright => alpha,
            // Turned as a grey picture; such logos are rare and small.
            turned => {
                let gray = alpha.iter().flat_map(|value| [*value; 3]).collect();
                let gray = Picture::new(width, height, gray)
                    .ok_or_else(|| ImageError::corrupt(format, "colours and alpha disagree"))?;
                turned
                    .apply(gray)
                    .data()
                    .iter()
                    .step_by(3)
                    .copied()
                    .collect()
            }
        };
        Ok(WithAlpha {
            colours: picture,
            alpha,
            is_animated,
        })
    })
}

/// Takes four bytes a pixel apart into colours and alpha.
fn split_alpha(rgba: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let pixels = rgba.as_chunks::<4>().0;
    let colours = pixels
        .iter()
        .flat_map(|[red, green, blue, _]| [*red, *green, *blue])
        .collect();
    (colours, pixels.iter().map(|pixel| pixel[3]).collect())
}

/// Tells the format of a file that can be decoded; an error for all others.
pub(crate) fn sniffed(bytes: &[u8]) -> Result<Format, ImageError> {
    match sniff(bytes) {
        None => Err(ImageError::NotAnImage),
        Some(Format::Other(other)) => Err(ImageError::Unsupported {
            format: other.name(),
        }),
        Some(format) => Ok(format),
    }
}

/// Runs a decoder; a panic in it counts as a damaged file.
pub(crate) fn contain<T>(
    format: Format,
    work: impl FnOnce() -> Result<T, ImageError>,
) -> Result<T, ImageError> {
    contain_panic(work)
        .unwrap_or_else(|| Err(ImageError::corrupt(format, "the decoder gave up on it")))
}

/// Lays colours over white by their alpha and packs them: `source` has four bytes a pixel, `target` three.
fn over_white(source: &[u8], target: &mut [u8]) {
    for (from, to) in source
        .as_chunks::<4>()
        .0
        .iter()
        .zip(target.as_chunks_mut::<3>().0)
    {
        let [red, green, blue, alpha] = *from;
        *to = [blend(red, alpha), blend(green, alpha), blend(blue, alpha)];
    }
}

/// Lays one value over white.
fn blend(value: u8, alpha: u8) -> u8 {
    crate::colour::multiply(value, alpha) + (255 - alpha)
}

/// Packs four bytes a pixel into three within the same buffer.
///
/// `convert` gets each pixel's four bytes and gives its colour.
fn pack_in_place(mut buffer: Vec<u8>, convert: impl Fn([u8; 4]) -> [u8; 3]) -> Vec<u8> {
    let pixels = buffer.len() / 4;
    for index in 0..pixels {
        let from = index * 4;
        let pixel = [
            buffer[from],
            buffer[from + 1],
            buffer[from + 2],
            buffer[from + 3],
        ];
        buffer[index * 3..index * 3 + 3].copy_from_slice(&convert(pixel));
    }
    buffer.truncate(pixels * 3);
    buffer.shrink_to_fit();
    buffer
}

/// Wraps decoded bytes; an error when a decoder gave fewer or more than its own header announced.
fn stored(
    format: Format,
    width: u32,
    height: u32,
    data: Vec<u8>,
    orientation: Orientation,
    colour: Colour,
) -> Result<StoredPicture, ImageError> {
    let pixels = Picture::new(width, height, data)
        .ok_or_else(|| ImageError::corrupt(format, "header and pixels disagree"))?;
    Ok(StoredPicture {
        pixels,
        orientation,
        colour,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_laid_over_white() {
        let mut rgb = [0; 9];
        over_white(&[10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 128], &mut rgb);
        assert_eq!(rgb, [10, 20, 30, 255, 255, 255, 127, 127, 127]);
        let packed = pack_in_place(vec![1, 2, 3, 4, 5, 6, 7, 8], |[a, b, _, d]| [a, b, d]);
        assert_eq!(packed, [1, 2, 4, 5, 6, 8]);
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let outcome: Result<(), _> = contain(Format::Heic, || {
            let empty: [u8; 0] = [];
            let index = std::hint::black_box(3);
            assert_eq!(empty[index], 0);
            Ok(())
        });
        assert!(matches!(
            outcome,
            Err(ImageError::Corrupt {
                format: Format::Heic,
                ..
            })
        ));
    }
}
