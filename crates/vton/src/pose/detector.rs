//! The person detector, YOLOX (Ge, Liu, Wang, Li, Sun 2021): its input and the reading of its output.

use super::{DecodeError, PixelBox};
use crate::preprocess::{Picture, PictureError, Size, resize_linear};

/// Side of the detector's square input, in pixels.
pub const DETECTOR_SIDE: usize = 640;
/// Level of the input that the picture does not cover.
const FILL_LEVEL: u8 = 114;
/// Distances between the cells of the three output grids, in pixels of the input.
const STRIDES: [usize; 3] = [8, 16, 32];
/// Kinds of object the detector knows.
const CLASSES: usize = 80;
/// Values per cell: center, size, objectness and one score per class.
pub(super) const CELL_VALUES: usize = 5 + CLASSES;
/// The class of people.
const PERSON: usize = 0;
/// Scores up to this are no detection,
const MIN_SCORE: f32 = 0.1;
/// and up to this no person.
const MIN_PERSON_SCORE: f32 = 0.3;
/// Of two boxes of one class that share more of their union than this, the weaker one goes.
const MAX_OVERLAP: f32 = 0.45;

/// The input of the detector.
#[derive(Debug, Clone, PartialEq)]
pub struct Letterboxed {
    /// Levels 0..=255 in the order `[channel, y, x]`, `side * side` each.
    pub values: Vec<f32>,
    /// Pixels of the input per pixel of the picture.
    pub ratio: f64,
}

/// A box with an object in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Where, in pixels of the picture.
    pub place: PixelBox,
    /// How sure, 0 to 1.
    pub score: f32,
    /// What; 0 is a person.
    pub class: usize,
}

/// Fits a picture into the top left of a square and fills the rest with gray. The detector wants blue, green, red:
/// see [`Picture::swap_red_and_blue`].
///
/// Fails where the side is zero or too large, or the shorter side of the picture would vanish.
pub fn letterbox(picture: &Picture, side: usize) -> Result<Letterboxed, PictureError> {
    let ratio = (side as f64 / picture.height() as f64).min(side as f64 / picture.width() as f64);
    let mut canvas = Picture::filled(Size::new(side, side), picture.channels(), FILL_LEVEL)?;
    let scaled = |length: usize| ((length as f64 * ratio) as usize).min(side);
    let resized = resize_linear(
        picture,
        Size::new(scaled(picture.width()), scaled(picture.height())),
    )?;
    canvas.place(&resized, 0, 0);
    Ok(Letterboxed {
        values: canvas.planes(|_, level| f32::from(level)),
        ratio,
    })
}

/// Cells of the three output grids for an input of that side.
pub(super) fn cells(side: usize) -> usize {
    STRIDES
        .iter()
        .map(|stride| (side / stride).saturating_mul(side / stride))
        .fold(0, usize::saturating_add)
}

/// Reads the detector's output `[cells, 85]`, rows of the finest grid first: all objects, by class and falling score.
///
/// Boxes come in pixels of the picture, by the `ratio` of [`letterbox`]. Fails where the number of values does not belong to a
/// detector of that side. Boxes whose place is not finite are left out.
pub fn decode_boxes(head: &[f32], side: usize, ratio: f64) -> Result<Vec<Detection>, DecodeError> {
    let expected = cells(side).saturating_mul(CELL_VALUES);
    if head.len() != expected {
        return Err(DecodeError::Length {
            what: "the detector's output",
            expected,
            found: head.len(),
        });
    }
    let grid = STRIDES.iter().flat_map(|&stride| {
        let columns = side / stride;
        (0..columns * columns).map(move |cell| (cell % columns, cell / columns, stride as f32))
    });
    let mut by_class: Vec<Vec<Detection>> = vec![Vec::new(); CLASSES];
    for (row, (column, line, stride)) in head.chunks_exact(CELL_VALUES).zip(grid) {
        let center = (
            (row[0] + column as f32) * stride,
            (row[1] + line as f32) * stride,
        );
        let half = (row[2].exp() * stride / 2.0, row[3].exp() * stride / 2.0);
        let ratio = ratio as f32;
        let place = PixelBox {
            left: f64::from((center.0 - half.0) / ratio),
            top: f64::from((center.1 - half.1) / ratio),
            right: f64::from((center.0 + half.0) / ratio),
            bottom: f64::from((center.1 + half.1) / ratio),
        };
        for (class, class_score) in row[5..].iter().enumerate() {
            let score = row[4] * class_score;
            if score > MIN_SCORE && place.is_finite() {
                by_class[class].push(Detection {
                    place,
                    score,
                    class,
                });
            }
        }
    }
    Ok(by_class.into_iter().flat_map(suppress).collect())
}

/// Where people are, the surest first.
pub fn persons(detections: &[Detection]) -> Vec<PixelBox> {
    let person =
        |detection: &&Detection| detection.class == PERSON && detection.score > MIN_PERSON_SCORE;
    detections
        .iter()
        .filter(person)
        .map(|detection| detection.place)
        .collect()
}

/// Non-maximum suppression: from the surest on, drops what overlaps a box that stays.
fn suppress(mut detections: Vec<Detection>) -> Vec<Detection> {
    // Of equal scores the later cell comes first, as in the reference.
    detections.reverse();
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for detection in detections {
        if kept
            .iter()
            .all(|other| overlap(&other.place, &detection.place) <= MAX_OVERLAP)
        {
            kept.push(detection);
        }
    }
    kept
}

/// Share of the union that two boxes have in common; both ends of a box count as pixels of it.
fn overlap(a: &PixelBox, b: &PixelBox) -> f32 {
    let area =
        |place: &PixelBox| (place.right - place.left + 1.0) * (place.bottom - place.top + 1.0);
    let width = (a.right.min(b.right) - a.left.max(b.left) + 1.0).max(0.0);
    let height = (a.bottom.min(b.bottom) - a.top.max(b.top) + 1.0).max(0.0);
    let common = width * height;
    (common / (area(a) + area(b) - common)) as f32
}
