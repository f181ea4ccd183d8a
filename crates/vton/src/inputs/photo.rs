//! A photo of a person or of a garment before it goes onto the canvas.

use thiserror::Error;

use crate::config::COLOURS;
use crate::pose::{Pose, RasterError, draw};
use crate::preprocess::{Picture, PictureError, Size, fit_size, shrink_to_box, shrunk_size};

/// Why a picture cannot be used as a photo.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PhotoError {
    /// Not red, green, blue.
    #[error("a photo has {COLOURS} samples per pixel (red, green, blue), not {0}")]
    NotInColour(usize),
    /// So long and narrow that on the canvas nothing is left of it.
    #[error(
        "a photo of {size} pixels is too narrow: made to fit {canvas}, its shorter side would vanish"
    )]
    TooNarrow {
        /// Size of the photo.
        size: Size,
        /// Size of the network's canvas.
        canvas: Size,
    },
}

/// A photo whose longer side is at most that of the canvas, red, green, blue, upright.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    picture: Picture,
    original: Size,
    canvas: Size,
}

impl Photo {
    /// Takes an upright picture of any size in red, green, blue; `canvas` is that of the network
    /// ([`crate::preprocess::CANVAS`], or [`crate::config::Config::canvas`]).
    ///
    /// Fails where the picture is not in colour or its shorter side would vanish.
    pub fn new(original: &Picture, canvas: Size) -> Result<Self, PhotoError> {
        if original.channels() != COLOURS {
            return Err(PhotoError::NotInColour(original.channels()));
        }
        let size = original.size();
        let too_narrow = |_: PictureError| PhotoError::TooNarrow { size, canvas };
        let longest = canvas.width.max(canvas.height);
        let shrunk = shrunk_size(size, longest).map_err(too_narrow)?;
        fit_size(shrunk, canvas).map_err(too_narrow)?;
        let picture = shrink_to_box(original, longest).map_err(too_narrow)?;
        Ok(Self {
            picture,
            original: size,
            canvas,
        })
    }

    /// The photo, red, green, blue, small enough. This is the picture in which people are looked for.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Size before it was made smaller.
    pub fn original_size(&self) -> Size {
        self.original
    }

    /// Size of the network's canvas.
    pub fn canvas(&self) -> Size {
        self.canvas
    }

    /// Draws a pose in gray, as large as [`Self::picture`].
    pub fn draw(&self, pose: &Pose) -> Result<Picture, RasterError> {
        draw(pose, self.picture.size())
    }
}
