//! The visible label "AI-generated".

use super::glyphs::{CAP_HEIGHT, PEN, TextShape, lay_out};
use super::light::mix;
use super::place::{Place, least_covering, margin};
use crate::{CropBox, Picture};

/// Size of the text (one em) as a share of the picture's short side.
const EM_SHARE: f32 = 0.026;
/// Least size of the text, in pixels.
const MIN_EM_PX: f32 = 12.0;
/// Largest share of the picture's width that the label takes.
const MAX_WIDTH_SHARE: f32 = 0.8;
/// Largest share of the picture's height that the label takes.
const MAX_HEIGHT_SHARE: f32 = 0.3;
/// Size of the text below which a shorter one is used instead, in pixels.
const LEGIBLE_EM_PX: f32 = 9.0;
/// Distance from the edges as a share of the picture's short side.
const MARGIN_SHARE: f32 = 0.025;
/// Least thickness of the letters' lines, in pixels.
const MIN_PEN_PX: f32 = 1.15;

// The pill, in em:
/// Its height.
const PILL_HEIGHT: f32 = 1.62;
/// Space between its ends and the text.
const PILL_PADDING: f32 = 0.66;
/// The baseline of the text below its middle.
const BASELINE: f32 = 0.33;

/// Colour of the pill.
const PILL_COLOUR: [u8; 3] = [16, 16, 18];
/// How much of the picture the pill covers.
const PILL_OPACITY: f32 = 0.62;
/// Colour of the text.
const TEXT_COLOUR: [u8; 3] = [255, 255, 255];
/// How much of the pill the text covers.
const TEXT_OPACITY: f32 = 0.96;

/// A label that fits a picture.
struct Label {
    text: TextShape,
    em_px: f32,
    width: u32,
    height: u32,
}

impl Label {
    /// Chooses text and size for a picture.
    fn fitting(width: u32, height: u32) -> Label {
        let whole = Label::sized(lay_out("AI-generated"), width, height);
        if whole.em_px >= LEGIBLE_EM_PX {
            return whole;
        }
        Label::sized(lay_out("AI"), width, height)
    }

    fn sized(text: TextShape, width: u32, height: u32) -> Label {
        let pill_width = text.width + 2.0 * PILL_PADDING;
        let em_px = (width.min(height) as f32 * EM_SHARE)
            .max(MIN_EM_PX)
            .min(width as f32 * MAX_WIDTH_SHARE / pill_width)
            .min(height as f32 * MAX_HEIGHT_SHARE / PILL_HEIGHT);
        Label {
            width: ((pill_width * em_px).round() as u32).clamp(1, width),
            height: ((PILL_HEIGHT * em_px).round() as u32).clamp(1, height),
            text,
            em_px,
        }
    }
}

/// Draws the label into the first corner, from the bottom left on, that is free; returns the box that it takes.
///
/// When no corner is free, into the one where it covers least. Pictures that are too small for the whole text get a
/// shorter one, "AI". Deterministic.
pub fn draw_label(picture: &mut Picture, keep_free: &[CropBox]) -> CropBox {
    let (width, height) = (picture.width(), picture.height());
    let label = Label::fitting(width, height);
    let margin = margin((width, height), MARGIN_SHARE).max(2);
    let corners = [
        (Place::Start, Place::End),
        (Place::End, Place::End),
        (Place::Start, Place::Start),
        (Place::End, Place::Start),
        (Place::Middle, Place::End),
        (Place::Middle, Place::Start),
    ];
    let places = corners.map(|(column, row)| CropBox {
        x: column.offset(width, label.width, margin),
        y: row.offset(height, label.height, margin),
        width: label.width,
        height: label.height,
    });
    let area = least_covering(places.into_iter(), keep_free).unwrap_or(places[0]);
    draw(picture, &label, area);
    area
}

fn draw(picture: &mut Picture, label: &Label, area: CropBox) {
    let (width, height) = (area.width as f32, area.height as f32);
    // The baseline on a whole pixel keeps the feet of the letters sharp.
    let baseline = (height / 2.0 + BASELINE * label.em_px).round().min(height);
    let left = (width - label.text.width * label.em_px) / 2.0;
    let pen = (PEN * label.em_px).max(MIN_PEN_PX) / 2.0;
    let strokes: Vec<PixelStroke> = label
        .text
        .strokes
        .iter()
        .map(|stroke| PixelStroke::of(stroke, left, baseline, label.em_px))
        .collect();
    let text_top = baseline - CAP_HEIGHT * label.em_px - pen;
    for y in 0..area.height {
        for x in 0..area.width {
            let point = (x as f32 + 0.5, y as f32 + 0.5);
            let pill = covered(pill_distance(point, width, height));
            if pill <= 0.0 {
                continue;
            }
            let at = (area.x + x, area.y + y);
            let mut colour = mix(picture.pixel(at.0, at.1), PILL_COLOUR, pill * PILL_OPACITY);
            if point.1 >= text_top {
                let nearest = strokes
                    .iter()
                    .map(|stroke| stroke.distance(point, pen + 1.0))
                    .fold(f32::INFINITY, f32::min);
                colour = mix(colour, TEXT_COLOUR, covered(nearest - pen) * TEXT_OPACITY);
            }
            picture.set_pixel(at.0, at.1, colour);
        }
    }
}

/// Share of a pixel that a shape covers whose edge is this far from the pixel's middle; negative is inside.
fn covered(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// Distance of a point from a pill that fills `width` x `height`; negative inside.
fn pill_distance((x, y): (f32, f32), width: f32, height: f32) -> f32 {
    let radius = width.min(height) / 2.0;
    let dx = ((x - width / 2.0).abs() - (width / 2.0 - radius)).max(0.0);
    let dy = ((y - height / 2.0).abs() - (height / 2.0 - radius)).max(0.0);
    dx.hypot(dy) - radius
}

/// A stroke in pixels of the label, with the box around it.
struct PixelStroke {
    points: Vec<(f32, f32)>,
    low: (f32, f32),
    high: (f32, f32),
}

impl PixelStroke {
    fn of(stroke: &[(f32, f32)], left: f32, baseline: f32, em_px: f32) -> PixelStroke {
        let points: Vec<(f32, f32)> = stroke
            .iter()
            .map(|(x, y)| (left + x * em_px, baseline - y * em_px))
            .collect();
        let fold = |pick: fn(f32, f32) -> f32, start: f32| {
            points.iter().fold((start, start), |so_far, point| {
                (pick(so_far.0, point.0), pick(so_far.1, point.1))
            })
        };
        PixelStroke {
            low: fold(f32::min, f32::INFINITY),
            high: fold(f32::max, f32::NEG_INFINITY),
            points,
        }
    }

    /// Distance of a point from the stroke's middle line; infinite when it is surely above `limit`.
    fn distance(&self, point: (f32, f32), limit: f32) -> f32 {
        let is_far = point.0 < self.low.0 - limit
            || point.1 < self.low.1 - limit
            || point.0 > self.high.0 + limit
            || point.1 > self.high.1 + limit;
        if is_far {
            return f32::INFINITY;
        }
        self.points
            .windows(2)
            .map(|ends| distance_to_line(point, ends[0], ends[1]))
            .fold(f32::INFINITY, f32::min)
    }
}

fn distance_to_line(point: (f32, f32), from: (f32, f32), to: (f32, f32)) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        ((px * dx + py * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - along * dx).hypot(py - along * dy)
}
