//! The logo: what comes in, and what is kept of it.

use std::io::Cursor;

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::light::{from_linear, to_linear};
use crate::decode::{WithAlpha, decode_with_alpha};
use crate::resize::fit_within;
use crate::{Format, ImageError, Limits, OtherFormat, Picture, sniff};

/// Largest logo file, in bytes.
pub const MAX_LOGO_BYTES: usize = 2 * 1_024 * 1_024;
/// Longest side of a logo file, in pixels.
pub const MAX_LOGO_SIDE: u32 = 4_096;
/// Shortest side of a logo, in pixels, transparent borders left out.
pub const MIN_LOGO_SIDE: u32 = 8;

/// Longest side of what is kept, in pixels: no result is larger by default, and a logo is never enlarged.
const MAX_KEPT_SIDE: u32 = 2_048;
/// Largest PNG file that is kept, in bytes; a larger one is kept at half its size.
const MAX_KEPT_BYTES: usize = 4 * 1_024 * 1_024;
/// Least alpha that counts as visible when borders are trimmed: exports leave faint dust behind.
const VISIBLE_ALPHA: u8 = 4;

/// Tells why a logo was refused, in words for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// A picture that cannot be a logo, or no picture.
    #[error(
        "{found} cannot be a logo; send a PNG or WebP file, best with a transparent background"
    )]
    Unsupported {
        /// What was found, in words for a person.
        found: &'static str,
    },
    /// The file holds an animation.
    #[error("An animation cannot be a logo; send a PNG or WebP file with a single picture")]
    Animated,
    /// Nothing of it would be seen.
    #[error("The logo is fully transparent")]
    Invisible,
    /// What is left without the transparent borders is too small.
    #[error(
        "The logo is {width} x {height} pixels without its transparent borders; each side needs at least {MIN_LOGO_SIDE}"
    )]
    TooSmall {
        /// Width in pixels without transparent borders.
        width: u32,
        /// Height in pixels without transparent borders.
        height: u32,
    },
    /// The file is too large, cut off or damaged.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// Holds a logo: upright sRGB with alpha, without transparent borders.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    /// Not multiplied by alpha.
    colours: Picture,
    /// One byte a pixel, row by row.
    alpha: Vec<u8>,
}

impl Logo {
    /// Reads a logo as it comes in: PNG or WebP, with or without alpha.
    ///
    /// At most [`MAX_LOGO_BYTES`] and [`MAX_LOGO_SIDE`]. Turned upright, converted to sRGB, transparent borders cut off,
    /// shrunk to at most 2,048 pixels a side. Deterministic. Errors: each [`LogoError`].
    pub fn from_upload(bytes: &[u8]) -> Result<Logo, LogoError> {
        match sniff(bytes) {
            Some(Format::Png | Format::WebP) => {}
            Some(Format::Other(OtherFormat::Svg)) => {
                return Err(LogoError::Unsupported {
                    found: "An SVG drawing",
                });
            }
            Some(other) => {
                return Err(LogoError::Unsupported {
                    found: file_of(other),
                });
            }
            None => return Err(LogoError::Unsupported { found: "This file" }),
        }
        let limits = Limits {
            max_bytes: MAX_LOGO_BYTES,
            max_pixels: u64::from(MAX_LOGO_SIDE) * u64::from(MAX_LOGO_SIDE),
            max_side: MAX_LOGO_SIDE,
            min_side: MIN_LOGO_SIDE,
            ..Limits::default()
        };
        let decoded = decode_with_alpha(bytes, &limits)?;
        if decoded.is_animated {
            return Err(LogoError::Animated);
        }
        let logo = Logo::of(decoded).trimmed()?;
        let (width, height) = fit_within(logo.width(), logo.height(), MAX_KEPT_SIDE);
        Ok(logo.resized(width, height).into_owned())
    }

    /// Reads back what [`Logo::to_png`] wrote.
    ///
    /// Errors: [`LogoError::Image`] when the file is not such a file.
    pub fn from_png(bytes: &[u8]) -> Result<Logo, LogoError> {
        let limits = Limits {
            max_bytes: usize::MAX,
            max_pixels: u64::from(MAX_KEPT_SIDE) * u64::from(MAX_KEPT_SIDE),
            max_side: MAX_KEPT_SIDE,
            min_side: 1,
            ..Limits::default()
        };
        Ok(Logo::of(decode_with_alpha(bytes, &limits)?))
    }

    /// Writes the logo as PNG (8 bit RGBA, no metadata), smaller by halves until the file has at most 4 MiB.
    ///
    /// Returns the logo that the file holds along with it.
    pub fn to_png(&self) -> (Logo, Vec<u8>) {
        let mut logo = self.clone();
        loop {
            let bytes = logo.encoded();
            if bytes.len() <= MAX_KEPT_BYTES {
                return (logo, bytes);
            }
            let (width, height) = (logo.width().div_ceil(2), logo.height().div_ceil(2));
            logo = logo.resized(width, height).into_owned();
        }
    }

    /// Makes a logo of one colour from its shape; `None` when `alpha` does not have `width * height` bytes.
    pub fn of_shape(width: u32, height: u32, colour: [u8; 3], alpha: Vec<u8>) -> Option<Logo> {
        let colours = Picture::new(width, height, colour.repeat(alpha.len()))?;
        Some(Logo { colours, alpha })
    }

    /// Returns the width in pixels.
    pub fn width(&self) -> u32 {
        self.colours.width()
    }

    /// Returns the height in pixels.
    pub fn height(&self) -> u32 {
        self.colours.height()
    }

    /// Returns the colours, not multiplied by alpha.
    pub(super) fn colours(&self) -> &Picture {
        &self.colours
    }

    /// Returns one byte a pixel, row by row.
    pub(super) fn alpha(&self) -> &[u8] {
        &self.alpha
    }

    fn of(decoded: WithAlpha) -> Logo {
        Logo {
            colours: decoded.colours,
            alpha: decoded.alpha,
        }
    }

    /// Cuts off what is transparent all around.
    fn trimmed(self) -> Result<Logo, LogoError> {
        let stride = self.width() as usize;
        let is_visible = |value: &u8| *value >= VISIBLE_ALPHA;
        let rows: Vec<&[u8]> = self.alpha.chunks_exact(stride).collect();
        let has_ink = |row: &&[u8]| row.iter().any(is_visible);
        let (Some(top), Some(bottom)) = (
            rows.iter().position(has_ink),
            rows.iter().rposition(has_ink),
        ) else {
            return Err(LogoError::Invisible);
        };
        let inked = &rows[top..=bottom];
        let left = inked
            .iter()
            .filter_map(|row| row.iter().position(is_visible))
            .min();
        let right = inked
            .iter()
            .filter_map(|row| row.iter().rposition(is_visible))
            .max();
        let (Some(left), Some(right)) = (left, right) else {
            return Err(LogoError::Invisible);
        };
        let area = crate::CropBox {
            x: left as u32,
            y: top as u32,
            width: (right - left + 1) as u32,
            height: (bottom - top + 1) as u32,
        };
        if area.width.min(area.height) < MIN_LOGO_SIDE {
            return Err(LogoError::TooSmall {
                width: area.width,
                height: area.height,
            });
        }
        let alpha = inked
            .iter()
            .flat_map(|row| row[left..=right].to_vec())
            .collect();
        Ok(Logo {
            colours: self.colours.cropped(area),
            alpha,
        })
    }

    /// Resamples to exactly this size: in linear light and multiplied by alpha, so that neither thin lines change
    /// their weight nor the colours of transparent pixels show.
    pub(super) fn resized(&self, width: u32, height: u32) -> std::borrow::Cow<'_, Logo> {
        if (width, height) == (self.width(), self.height()) {
            return std::borrow::Cow::Borrowed(self);
        }
        std::borrow::Cow::Owned(self.resampled(width.max(1), height.max(1)))
    }

    #[expect(clippy::expect_used, reason = "the buffers are made for these sizes")]
    fn resampled(&self, width: u32, height: u32) -> Logo {
        let mut source = Vec::with_capacity(self.alpha.len() * 8);
        for (colour, alpha) in self
            .colours
            .data()
            .as_chunks::<3>()
            .0
            .iter()
            .zip(&self.alpha)
        {
            for value in colour {
                source.extend_from_slice(&to_linear(*value).to_ne_bytes());
            }
            source.extend_from_slice(&(u16::from(*alpha) * 257).to_ne_bytes());
        }
        let source = Image::from_vec_u8(self.width(), self.height(), source, PixelType::U16x4)
            .expect("length fits");
        let mut target = Image::new(width, height, PixelType::U16x4);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        Resizer::new()
            .resize(&source, &mut target, &options)
            .expect("the types agree");
        let mut colours = Vec::with_capacity(width as usize * height as usize * 3);
        let mut alpha = Vec::with_capacity(width as usize * height as usize);
        for pixel in target.buffer().as_chunks::<8>().0 {
            let value = |at: usize| u16::from_ne_bytes([pixel[at], pixel[at + 1]]);
            colours.extend([value(0), value(2), value(4)].map(from_linear));
            alpha.push(((u32::from(value(6)) + 128) / 257) as u8);
        }
        Logo {
            colours: Picture::new(width, height, colours).expect("length fits"),
            alpha,
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "writing to memory cannot fail, and the length fits"
    )]
    fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(Cursor::new(&mut bytes), self.width(), self.height());
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().expect("a header");
        let pixels = self
            .colours
            .data()
            .as_chunks::<3>()
            .0
            .iter()
            .zip(&self.alpha);
        let rgba: Vec<u8> = pixels
            .flat_map(|([red, green, blue], alpha)| [*red, *green, *blue, *alpha])
            .collect();
        writer.write_image_data(&rgba).expect("the pixels");
        writer.finish().expect("an end");
        bytes
    }
}

impl std::fmt::Debug for Logo {
    /// Prints the size only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logo({} x {})", self.width(), self.height())
    }
}

fn file_of(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "A JPEG file",
        Format::Heic => "A HEIC file",
        Format::Other(OtherFormat::Gif) => "A GIF file",
        Format::Other(other) => other.name(),
        Format::Png | Format::WebP => format.name(),
    }
}
