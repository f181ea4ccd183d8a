//! A picture of 8-bit samples.

use rayon::prelude::*;

use super::sizes::Size;

/// Largest number of pixels a picture may have: 2^28, a square of 16,384.
pub const MAX_PIXELS: usize = 1 << 28;

/// Largest number of samples per pixel.
const MAX_CHANNELS: usize = 4;

/// What is wrong with a picture or with what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// A side is zero.
    #[error("a picture of {width}x{height} pixels has no content")]
    Empty {
        /// Pixels per row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// More than [`MAX_PIXELS`].
    #[error("a picture of {width}x{height} pixels is too large (at most {MAX_PIXELS} pixels)")]
    TooLarge {
        /// Pixels per row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Not 1 to 4 samples per pixel.
    #[error("a picture has 1 to 4 samples per pixel, not {0}")]
    Channels(usize),
    /// Another number of samples per pixel than the operation needs.
    #[error("{what} needs {expected} samples per pixel, not {found}")]
    WrongChannels {
        /// The operation.
        what: &'static str,
        /// Samples per pixel that it needs.
        expected: usize,
        /// Samples per pixel that the picture has.
        found: usize,
    },
    /// The number of samples does not belong to the size.
    #[error("{expected} samples are needed, {found} are given")]
    Length {
        /// Samples that the size asks for.
        expected: usize,
        /// Samples that are there.
        found: usize,
    },
    /// Area averaging only makes smaller.
    #[error("averaging cannot grow {from} to {to}")]
    AreaCannotGrow {
        /// Size of the source.
        from: Size,
        /// Size asked for.
        to: Size,
    },
    /// The padding leaves nothing of the picture.
    #[error("the padding takes all of a picture of {0}")]
    Padding(Size),
}

/// Rows of pixels, each pixel `channels` samples of 8 bits, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    size: Size,
    channels: usize,
    samples: Vec<u8>,
}

impl Picture {
    /// Takes samples in the order `[y, x, channel]`.
    ///
    /// Fails where a side is zero, the picture is larger than [`MAX_PIXELS`], `channels` is not 1 to 4, or the number of samples is
    /// not `width * height * channels`.
    pub fn new(size: Size, channels: usize, samples: Vec<u8>) -> Result<Self, PictureError> {
        let expected = checked_len(size, channels)?;
        if samples.len() != expected {
            return Err(PictureError::Length {
                expected,
                found: samples.len(),
            });
        }
        Ok(Self {
            size,
            channels,
            samples,
        })
    }

    /// A picture whose samples all have one value.
    pub fn filled(size: Size, channels: usize, level: u8) -> Result<Self, PictureError> {
        let len = checked_len(size, channels)?;
        Ok(Self {
            size,
            channels,
            samples: vec![level; len],
        })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Pixels per row.
    pub fn width(&self) -> usize {
        self.size.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.size.height
    }

    /// Samples per pixel.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// All samples, `[y, x, channel]`.
    pub fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// All samples, to be changed.
    pub fn samples_mut(&mut self) -> &mut [u8] {
        &mut self.samples
    }

    /// A value for each sample, in the order `[channel, y, x]`; `value` gets channel and level.
    pub(crate) fn planes(&self, value: impl Fn(usize, u8) -> f32) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.samples.len());
        for channel in 0..self.channels {
            let levels = self.samples.iter().skip(channel).step_by(self.channels);
            values.extend(levels.map(|&level| value(channel, level)));
        }
        values
    }

    /// The samples without the frame around them.
    pub fn into_samples(self) -> Vec<u8> {
        self.samples
    }

    /// The same picture with the first and the third sample of each pixel exchanged: red, green, blue becomes blue, green, red.
    ///
    /// Fails where a pixel has less than three samples.
    pub fn swap_red_and_blue(mut self) -> Result<Self, PictureError> {
        const COLOURS: usize = 3;
        if self.channels < COLOURS {
            return Err(PictureError::WrongChannels {
                what: "swapping colours",
                expected: COLOURS,
                found: self.channels,
            });
        }
        for pixel in self.samples.chunks_exact_mut(self.channels) {
            pixel.swap(0, 2);
        }
        Ok(self)
    }

    /// Copies a picture with as many channels into this one; it must fit there.
    pub(crate) fn place(&mut self, picture: &Picture, left: usize, top: usize) {
        let (stride, offset) = (self.stride(), left * self.channels);
        let rows = self.samples.chunks_exact_mut(stride).skip(top);
        for (row, y) in rows.zip(0..picture.height()) {
            row[offset..][..picture.stride()].copy_from_slice(picture.row(y));
        }
    }

    /// All rows, to be changed by several threads.
    pub(crate) fn par_rows_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [u8]> {
        let stride = self.stride();
        self.samples.par_chunks_exact_mut(stride)
    }

    /// Samples per row.
    pub(crate) fn stride(&self) -> usize {
        self.size.width * self.channels
    }

    /// One row of samples; `y` below the height.
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        let stride = self.stride();
        &self.samples[y * stride..(y + 1) * stride]
    }
}

/// Number of samples of a picture, or why there can be no such picture.
fn checked_len(size: Size, channels: usize) -> Result<usize, PictureError> {
    let Size { width, height } = size;
    if width == 0 || height == 0 {
        return Err(PictureError::Empty { width, height });
    }
    if !(1..=MAX_CHANNELS).contains(&channels) {
        return Err(PictureError::Channels(channels));
    }
    match width.checked_mul(height) {
        Some(pixels) if pixels <= MAX_PIXELS => Ok(pixels * channels),
        _ => Err(PictureError::TooLarge { width, height }),
    }
}
