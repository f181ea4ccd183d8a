//! How much a picture may be, checked before any pixel is decoded.

use crate::{Format, ImageError};

/// Bounds what [`crate::decode()`] and the upload functions accept and give.
///
/// Every field is checked against the file's header before memory for pixels is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub max_bytes: usize,
    /// Largest width times height.
    pub max_pixels: u64,
    /// Longest side, in pixels.
    pub max_side: u32,
    /// Shortest side, in pixels; below it a picture is of no use to a try-on.
    pub min_side: u32,
    /// Longest side of what the upload functions give back, in pixels.
    pub max_output_side: u32,
}

impl Limits {
    /// The shortest side that is accepted unless set otherwise, in pixels.
    pub const MIN_SIDE: u32 = 32;

    /// Checks the length of a file.
    pub(crate) fn check_bytes(&self, bytes: &[u8]) -> Result<(), ImageError> {
        if bytes.len() > self.max_bytes {
            return Err(ImageError::TooManyBytes {
                bytes: bytes.len(),
                max_bytes: self.max_bytes,
            });
        }
        Ok(())
    }

    /// Checks a size that a header announces.
    pub(crate) fn check_size(
        &self,
        format: Format,
        width: u32,
        height: u32,
    ) -> Result<(), ImageError> {
        if width == 0 || height == 0 {
            return Err(ImageError::corrupt(format, "a side has no pixels"));
        }
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(ImageError::TooManyPixels {
                width,
                height,
                max_pixels: self.max_pixels,
            });
        }
        let max_side = self.max_side.min(crate::MAX_PICTURE_SIDE);
        if width.max(height) > max_side {
            return Err(ImageError::SideTooLong {
                width,
                height,
                max_side,
            });
        }
        if width.min(height) < self.min_side {
            return Err(ImageError::TooSmall {
                width,
                height,
                min_side: self.min_side,
            });
        }
        Ok(())
    }
}

impl Default for Limits {
    /// Gives 10 MiB, 50 megapixels, sides from 32 to 30,000 pixels, and results of at most 2,048 pixels a side.
    fn default() -> Self {
        Limits {
            max_bytes: 10 * 1_024 * 1_024,
            max_pixels: 50_000_000,
            max_side: 30_000,
            min_side: Limits::MIN_SIDE,
            max_output_side: 2_048,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_at_the_limits_pass_and_beyond_fail() {
        let limits = Limits::default();
        let check = |width, height| limits.check_size(Format::Png, width, height);
        assert_eq!(check(32, 32), Ok(()));
        assert_eq!(check(10_000, 5_000), Ok(()));
        assert!(matches!(
            check(31, 500),
            Err(ImageError::TooSmall { min_side: 32, .. })
        ));
        assert!(matches!(
            check(10_001, 5_000),
            Err(ImageError::TooManyPixels { .. })
        ));
        assert!(matches!(
            check(60_000, 60_000),
            Err(ImageError::TooManyPixels { .. })
        ));
        assert!(matches!(
            check(30_001, 40),
            Err(ImageError::SideTooLong { .. })
        ));
        assert!(matches!(check(0, 40), Err(ImageError::Corrupt { .. })));
    }

    #[test]
    fn long_files_are_refused() {
        let limits = Limits {
            max_bytes: 4,
            ..Limits::default()
        };
        assert_eq!(limits.check_bytes(&[0; 4]), Ok(()));
        assert!(matches!(
            limits.check_bytes(&[0; 5]),
            Err(ImageError::TooManyBytes {
                bytes: 5,
                max_bytes: 4
            })
        ));
    }
}
