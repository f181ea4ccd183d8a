//! The picture at work size, in the forms that the stages read.

use super::{FaceBox, PersonError, WORK_HEIGHT};
use crate::raster::{Color, Point, Rgb8, bilateral, lab, resize_area_rgb8};

/// Pictures narrower or wider than this (width / height) hold no standing person.
const WIDTH_RANGE: (f64, f64) = (0.15, 2.5);
/// Least size in full-size pixels on both sides.
const LEAST_SIZE: usize = 48;
/// Least side of a face box, work pixels.
const LEAST_FACE: f64 = 8.0;

/// The picture at work size.
pub(super) struct Scene {
    pub(super) size: (usize, usize),
    pub(super) scale: f64,
    pub(super) image: Rgb8,
    pub(super) lab: Color,
    /// `lab` with its noise reduced but its edges kept.
    pub(super) smooth_lab: Color,
    pub(super) face: Option<FaceBox>,
}

impl Scene {
    /// Scales the picture down; fails for shapes that cannot show a standing person.
    pub(super) fn new(image: &Rgb8, face: Option<FaceBox>) -> Result<Self, PersonError> {
        let (full_width, full_height) = image.size();
        if full_width.min(full_height) < LEAST_SIZE {
            return Err(PersonError::NotFound("the picture is too small"));
        }
        let shape = full_width as f64 / full_height as f64;
        if shape < WIDTH_RANGE.0 || shape > WIDTH_RANGE.1 {
            return Err(PersonError::NotFound(
                "the picture is far too narrow or too wide",
            ));
        }
        let scale = WORK_HEIGHT as f64 / full_height as f64;
        let width = ((full_width as f64 * scale).round() as usize).max(1);
        let small = resize_area_rgb8(image, width, WORK_HEIGHT);
        let colors = lab(&small);
        Ok(Self {
            size: (full_width, full_height),
            scale,
            smooth_lab: bilateral(&colors, 5, 8.0, 3.0),
            lab: colors,
            face: face
                .map(|face| face.scaled(scale))
                .filter(|face| is_usable(face, width)),
            image: small,
        })
    }

    pub(super) fn width(&self) -> usize {
        self.image.width()
    }

    pub(super) fn height(&self) -> usize {
        self.image.height()
    }
}

fn is_usable(face: &FaceBox, width: usize) -> bool {
    let Point { x, y } = face.center;
    let inside = x >= 0.0 && x < width as f64 && y < WORK_HEIGHT as f64;
    // A box that leaves the picture at the top belongs to a cropped head: its size and place cannot be trusted.
    let whole = y - 0.5 * face.size >= 0.0;
    inside && whole && face.size >= LEAST_FACE && face.size <= WORK_HEIGHT as f64
}
