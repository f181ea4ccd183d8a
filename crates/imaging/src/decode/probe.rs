//! Size and orientation from the header alone.

use super::{contain, heic, jpeg, png, sniffed, webp};
use crate::{Format, ImageError, Limits, Orientation};

/// What a file's header says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// The kind of file, by content.
    pub format: Format,
    /// Stored width in pixels, before `orientation`.
    pub width: u32,
    /// Stored height in pixels, before `orientation`.
    pub height: u32,
    /// How the stored pixels have to be turned; always upright for HEIC, whose size is already that of the turned
    /// picture.
    pub orientation: Orientation,
}

/// Reads the header of a JPEG, PNG, WebP or HEIC file and holds it against the limits.
///
/// No pixel is decoded. A file that passes may still turn out to be cut off or damaged further on.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Probe, ImageError> {
    limits.check_bytes(bytes)?;
    let format = sniffed(bytes)?;
    let (width, height, orientation) = contain(format, || match format {
        Format::Jpeg => jpeg::probe(bytes),
        Format::Png => png::probe(bytes),
        Format::WebP => webp::probe(bytes),
        Format::Heic => heic::probe(bytes, limits),
        Format::Other(other) => Err(ImageError::Unsupported {
            format: other.name(),
        }),
    })?;
    limits.check_size(format, width, height)?;
    Ok(Probe {
        format,
        width,
        height,
        orientation,
    })
}
