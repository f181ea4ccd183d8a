//! Boxes within pictures and the person-aware 4:5 crop.

mod silhouette;

use crate::Picture;
use crate::faces::{FINE_SIDE, Face, FaceSearch, find_faces};
use crate::resize::{fit_within, resize_exact};
use silhouette::Silhouette;

/// Width of the portrait crop, in shares.
const PORTRAIT_WIDTH: u32 = 4;
/// Height of the portrait crop, in shares.
const PORTRAIT_HEIGHT: u32 = 5;

// The detector's box reaches from the brows to the chin. How far the head goes beyond it, in box heights and widths:
/// Hair above the box.
const HAIR: f32 = 0.5;
/// Hair and ears beside the box, on each side.
const EARS: f32 = 0.3;
/// Beard and neck below the box.
const CHIN: f32 = 0.25;
/// Free space that is kept above the head where there is a choice, in box heights.
const HEADROOM: f32 = 0.45;

/// Marks a rectangle of whole pixels within a picture; the origin is the top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CropBox {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Number of columns.
    pub width: u32,
    /// Number of rows.
    pub height: u32,
}

impl CropBox {
    /// Returns the part that lies in a picture of `width` x `height` pixels; at least one pixel.
    #[must_use]
    pub fn clamped_to(self, width: u32, height: u32) -> CropBox {
        let x = self.x.min(width.saturating_sub(1));
        let y = self.y.min(height.saturating_sub(1));
        CropBox {
            x,
            y,
            width: self.width.clamp(1, (width - x).max(1)),
            height: self.height.clamp(1, (height - y).max(1)),
        }
    }
}

/// Where the person of a picture is and how to cut around them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Portrait {
    /// The crop, in pixels of the whole picture.
    pub area: CropBox,
    /// The face that it was laid around, in pixels of the whole picture; `None` when none was found.
    pub face: Option<Face>,
}

/// Finds the crop to 4:5 (width to height) around the person.
///
/// The largest box of 4k x 5k pixels that fits, holding the head entirely when a face is found and then as much of the
/// body as fits, with the person in the middle. Of several people the largest and most central is taken. Without a face
/// the outline against the background decides, and without one of those the box is centred. A picture that is 4:5
/// already, up to a pixel of rounding, is left whole.
pub fn crop_to_portrait(picture: &Picture) -> CropBox {
    find_portrait(picture).area
}

/// Finds the same crop as [`crop_to_portrait`] and tells where the face is.
pub fn find_portrait(picture: &Picture) -> Portrait {
    let (width, height) = fit_within(picture.width(), picture.height(), FINE_SIDE);
    let copy = resize_exact(picture, width, height);
    portrait_from_copy(picture.width(), picture.height(), &copy)
}

/// Finds the crop of a picture of `width` x `height` pixels from an upright copy with a long side of [`FINE_SIDE`] pixels
/// or less.
pub(crate) fn portrait_from_copy(width: u32, height: u32, copy: &Picture) -> Portrait {
    let (scale_x, scale_y) = (
        width as f32 / copy.width() as f32,
        height as f32 / copy.height() as f32,
    );
    let face = main_face(copy).map(|face| face.scaled(scale_x, scale_y));
    let area = portrait_size(width, height).map_or(
        CropBox {
            x: 0,
            y: 0,
            width,
            height,
        },
        |(crop_width, crop_height)| {
            let silhouette = Silhouette::of(copy);
            let subject = match &face {
                Some(face) => Subject::of_face(face, &silhouette, scale_x),
                None => Subject::of_silhouette(&silhouette, width, scale_x, scale_y),
            };
            subject.place(width, height, crop_width, crop_height)
        },
    );
    Portrait { area, face }
}

/// Returns the largest 4:5 size that fits, or `None` when the picture is to be left whole.
///
/// It is left whole when it is 4:5 up to one pixel of rounding, or too small to hold 4 x 5 pixels.
fn portrait_size(width: u32, height: u32) -> Option<(u32, u32)> {
    let ideal_width = f64::from(height) * f64::from(PORTRAIT_WIDTH) / f64::from(PORTRAIT_HEIGHT);
    let ideal_height = f64::from(width) * f64::from(PORTRAIT_HEIGHT) / f64::from(PORTRAIT_WIDTH);
    let is_portrait = (f64::from(width) - ideal_width).abs() < 1.0
        || (f64::from(height) - ideal_height).abs() < 1.0;
    let shares = (width / PORTRAIT_WIDTH).min(height / PORTRAIT_HEIGHT);
    if is_portrait || shares == 0 {
        return None;
    }
    Some((shares * PORTRAIT_WIDTH, shares * PORTRAIT_HEIGHT))
}

/// Returns the size to which a portrait crop is shrunk so that no side is above `max_side`: exactly 4k x 5k.
///
/// A crop that is small enough keeps its size.
pub(crate) fn portrait_output_size(area: CropBox, max_side: u32) -> (u32, u32) {
    if area.width.max(area.height) <= max_side {
        return (area.width, area.height);
    }
    let shares = (max_side / PORTRAIT_HEIGHT).max(1);
    (shares * PORTRAIT_WIDTH, shares * PORTRAIT_HEIGHT)
}

/// Picks the face of the person whom the picture is about.
fn main_face(copy: &Picture) -> Option<Face> {
    let weight = |face: &Face| {
        let (x, y) = face.center();
        let (off_x, off_y) = (
            x / copy.width() as f32 - 0.5,
            y / copy.height() as f32 - 0.5,
        );
        // Faint detections are often patterns of cloth, and those can be large.
        let certainty = (face.score / 20.0).min(1.0);
        face.width * face.height * certainty * (1.0 - 0.6 * off_x.hypot(off_y).min(1.0))
    };
    find_faces(copy, FaceSearch::Tilted)
        .into_iter()
        .max_by(|a, b| weight(a).total_cmp(&weight(b)))
}

/// What the crop is laid around, in pixels of the whole picture.
struct Subject {
    /// Column of the person's middle.
    center_x: f32,
    /// Row at which the crop should begin where there is a choice.
    top: f32,
    /// Columns from and to which the crop must reach: the head.
    must_hold: Option<(f32, f32)>,
    /// Rows from and to which the crop must reach.
    must_hold_rows: Option<(f32, f32)>,
}

impl Subject {
    fn of_face(face: &Face, silhouette: &Silhouette, scale_x: f32) -> Subject {
        let head_left = face.x - EARS * face.width;
        let head_right = face.x + (1.0 + EARS) * face.width;
        let head_top = face.y - HAIR * face.height;
        let head_bottom = face.y + (1.0 + CHIN) * face.height;
        let (face_x, _) = face.center();
        // The outline may find the body beside the head (a leaning or turned person); at most a face's width is believed.
        let body_x = silhouette.center_x().map_or(face_x, |x| x * scale_x);
        let lean = (body_x - face_x).clamp(-face.width, face.width);
        Subject {
            center_x: face_x + 0.6 * lean,
            top: head_top - HEADROOM * face.height,
            must_hold: Some((head_left, head_right)),
            must_hold_rows: Some((head_top, head_bottom)),
        }
    }

    fn of_silhouette(silhouette: &Silhouette, width: u32, scale_x: f32, scale_y: f32) -> Subject {
        let middle = width as f32 / 2.0;
        Subject {
            center_x: silhouette.center_x().map_or(middle, |x| x * scale_x),
            top: silhouette.top().map_or(f32::NAN, |y| y * scale_y),
            must_hold: None,
            must_hold_rows: None,
        }
    }

    /// Lays a box of the given size.
    fn place(&self, width: u32, height: u32, crop_width: u32, crop_height: u32) -> CropBox {
        let x = slide(
            self.center_x - crop_width as f32 / 2.0,
            crop_width,
            width,
            self.must_hold,
        );
        let y = if self.top.is_nan() {
            (height - crop_height) / 2
        } else {
            slide(self.top, crop_height, height, self.must_hold_rows)
        };
        CropBox {
            x,
            y,
            width: crop_width,
            height: crop_height,
        }
    }
}

/// Moves the start of a stretch of `length` into a side of `side` so that it holds what it must.
///
/// What is longer than the stretch is centred in it. The stretch stays inside the side in any case.
fn slide(wanted: f32, length: u32, side: u32, must_hold: Option<(f32, f32)>) -> u32 {
    let last = (side - length) as f32;
    let mut start = wanted;
    if let Some((from, to)) = must_hold {
        // Outside the picture there is nothing to hold.
        let (from, to) = (from.max(0.0), to.min(side as f32));
        let (earliest, latest) = (to - length as f32, from);
        start = if earliest <= latest {
            start.clamp(earliest, latest)
        } else {
            earliest.midpoint(latest)
        };
    }
    start.round().clamp(0.0, last) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_are_exactly_four_by_five_and_as_large_as_possible() {
        for (width, height) in [
            (4_000, 3_000),
            (3_000, 4_000),
            (1_080, 1_920),
            (1_000, 1_000),
            (33, 4_000),
            (4_000, 37),
            (5, 5),
        ] {
            let Some((w, h)) = portrait_size(width, height) else {
                panic!("{width} x {height} is not 4:5");
            };
            assert_eq!(w * 5, h * 4);
            assert!(w <= width && h <= height, "{w} x {h} in {width} x {height}");
            assert!(
                w + 4 > width || h + 5 > height,
                "{w} x {h} in {width} x {height}"
            );
        }
    }

    #[test]
    fn portraits_are_left_whole() {
        for (width, height) in [
            (800, 1_000),
            (1_638, 2_048),
            (1_639, 2_048),
            (819, 1_024),
            (4, 5),
            (3, 3),
            (3, 400),
        ] {
            assert_eq!(portrait_size(width, height), None, "{width} x {height}");
        }
        assert_eq!(portrait_size(1_640, 2_048), Some((1_636, 2_045)));
    }

    #[test]
    fn output_keeps_the_proportion_exactly() {
        let area = |width, height| CropBox {
            x: 0,
            y: 0,
            width,
            height,
        };
        assert_eq!(
            portrait_output_size(area(2_400, 3_000), 2_048),
            (1_636, 2_045)
        );
        assert_eq!(
            portrait_output_size(area(1_636, 2_045), 2_048),
            (1_636, 2_045)
        );
        assert_eq!(
            portrait_output_size(area(1_638, 2_048), 2_048),
            (1_638, 2_048)
        );
        assert_eq!(portrait_output_size(area(400, 500), 2_048), (400, 500));
        assert_eq!(portrait_output_size(area(400, 500), 3), (4, 5));
    }

    #[test]
    fn the_box_slides_to_hold_the_head() {
        assert_eq!(slide(50.0, 100, 300, None), 50);
        assert_eq!(slide(-50.0, 100, 300, None), 0);
        assert_eq!(slide(900.0, 100, 300, None), 200);
        // The head at 120..180 does not fit in 50..150: moved as little as needed.
        assert_eq!(slide(50.0, 100, 300, Some((120.0, 180.0))), 80);
        assert_eq!(slide(150.0, 100, 300, Some((120.0, 180.0))), 120);
        // Longer than the box: centred.
        assert_eq!(slide(0.0, 100, 300, Some((80.0, 220.0))), 100);
        // Partly outside the picture: only the rest has to be held.
        assert_eq!(slide(0.0, 100, 300, Some((-60.0, 40.0))), 0);
    }

    #[test]
    fn a_plain_picture_is_cropped_in_the_middle() {
        let plain = Picture::filled(400, 300, [200, 200, 200]);
        let area = crop_to_portrait(&plain);
        assert_eq!((area.width, area.height), (240, 300));
        assert_eq!(area.x, 80);
        let tall = Picture::filled(200, 600, [200, 200, 200]);
        assert_eq!(
            crop_to_portrait(&tall),
            CropBox {
                x: 0,
                y: 175,
                width: 200,
                height: 250
            }
        );
    }

    #[test]
    fn a_figure_without_a_face_is_followed() {
        let mut picture = Picture::filled(400, 300, [225, 222, 218]);
        for y in 40..300 {
            for x in 290..350 {
                picture.set_pixel(x, y, [60, 70, 120]);
            }
        }
        let area = crop_to_portrait(&picture);
        assert_eq!((area.width, area.height), (240, 300));
        assert_eq!(area.x, 160, "as far right as the picture goes");
        let mut tall = Picture::filled(200, 600, [225, 222, 218]);
        for y in 300..600 {
            for x in 60..140 {
                tall.set_pixel(x, y, [60, 70, 120]);
            }
        }
        let area = crop_to_portrait(&tall);
        assert!((250..=300).contains(&area.y), "{area:?}");
    }
}
