//! The one error of this crate.

use crate::Format;

/// Tells why a picture was refused.
///
/// The message of each variant is written for the person who sent the picture: it says what was found and what would
/// be accepted. No variant carries picture bytes or metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The file is larger than the limit.
    #[error("The picture file has {bytes} bytes; at most {max_bytes} are accepted")]
    TooManyBytes {
        /// Size of the file.
        bytes: usize,
        /// The limit that was set.
        max_bytes: usize,
    },
    /// The bytes are no picture of any kind that is known here.
    #[error("The file is not a picture; send a JPEG, PNG, WebP or HEIC file")]
    NotAnImage,
    /// A picture, but of a kind that is not accepted.
    #[error("{format} is not accepted; send a JPEG, PNG, WebP or HEIC file")]
    Unsupported {
        /// What was found, in words for a person.
        format: &'static str,
    },
    /// A side is shorter than the limit.
    #[error("The picture is {width} x {height} pixels; each side needs at least {min_side}")]
    TooSmall {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The limit that was set.
        min_side: u32,
    },
    /// The header announces more pixels than the limit.
    #[error("The picture is {width} x {height} pixels; at most {max_pixels} pixels are accepted")]
    TooManyPixels {
        /// Width in pixels, as the header says.
        width: u32,
        /// Height in pixels, as the header says.
        height: u32,
        /// The limit that was set.
        max_pixels: u64,
    },
    /// The header announces a side longer than the limit.
    #[error("The picture is {width} x {height} pixels; a side may have at most {max_side}")]
    SideTooLong {
        /// Width in pixels, as the header says.
        width: u32,
        /// Height in pixels, as the header says.
        height: u32,
        /// The limit that was set.
        max_side: u32,
    },
    /// The file ends before the picture does.
    #[error("The {format} file is cut off; send it again in full")]
    Truncated {
        /// The kind of file.
        format: Format,
    },
    /// The file claims to be a picture but cannot be read as one.
    #[error("The {format} file is damaged: {detail}")]
    Corrupt {
        /// The kind of file.
        format: Format,
        /// What the decoder stumbled over; technical, without file contents.
        detail: String,
    },
}

impl ImageError {
    /// Makes a [`ImageError::Corrupt`] from a decoder's own error.
    pub(crate) fn corrupt(format: Format, cause: impl std::fmt::Display) -> Self {
        ImageError::Corrupt {
            format,
            detail: cause.to_string(),
        }
    }
}
