//! Where logo and label go.

use crate::{CropBox, Face};

/// How much higher a logo may be than its share of the width asks, against the same share of the picture's height.
const TALL_LOGO: f32 = 2.0;

// The detector's box reaches from the brows to the chin; the head goes beyond it by these shares of the box.
/// Hair above.
const HAIR: f32 = 0.5;
/// Hair and ears on each side.
const EARS: f32 = 0.2;
/// Chin and beard below.
const CHIN: f32 = 0.25;

/// A place along one side of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Left or top.
    Start,
    /// In the middle.
    Middle,
    /// Right or bottom.
    End,
}

impl Place {
    const ALL: [Place; 3] = [Place::Start, Place::Middle, Place::End];

    /// First pixel of something `size` long within `whole`, `margin` away from the ends as far as there is room.
    pub(super) fn offset(self, whole: u32, size: u32, margin: u32) -> u32 {
        let free = whole.saturating_sub(size);
        match self {
            Place::Start => margin.min(free),
            Place::Middle => free / 2,
            Place::End => free - margin.min(free),
        }
    }
}

/// One of nine places in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Anchor {
    /// Place from left to right.
    pub column: Place,
    /// Place from top to bottom.
    pub row: Place,
}

impl Anchor {
    fn is_middle(self) -> bool {
        self.column == Place::Middle && self.row == Place::Middle
    }
}

/// How a logo is put onto pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogoStyle {
    /// Where it goes unless a face is there.
    pub anchor: Anchor,
    /// Width as a share of the picture's width, above 0, at most 1.
    pub width_share: f32,
    /// How much of what lies below is covered, 0..=1.
    pub opacity: f32,
    /// Distance from the edges as a share of the picture's short side, 0..=0.5.
    pub margin_share: f32,
}

/// Size of a logo on a picture, both as (width, height) in pixels.
///
/// Never larger than the logo itself or the picture less its margins; a tall logo is held to twice its share in the
/// height. Proportions stay, each side has at least one pixel.
pub fn logo_size(picture: (u32, u32), logo: (u32, u32), style: &LogoStyle) -> (u32, u32) {
    let margin = margin(picture, style.margin_share);
    let room = |side: u32| side.saturating_sub(margin * 2).max(1) as f32;
    let share = style.width_share.clamp(0.0, 1.0);
    let (logo_width, logo_height) = (logo.0.max(1) as f32, logo.1.max(1) as f32);
    let scale = (picture.0 as f32 * share / logo_width)
        .min(picture.1 as f32 * share * TALL_LOGO / logo_height)
        .min(room(picture.0) / logo_width)
        .min(room(picture.1) / logo_height)
        .min(1.0);
    // Rounding may not lead beyond the room or the logo's own pixels.
    let scaled = |side: f32, room: f32| (side * scale).round().clamp(1.0, room.min(side)) as u32;
    (
        scaled(logo_width, room(picture.0)),
        scaled(logo_height, room(picture.1)),
    )
}

/// Finds the place for a logo on a picture, both as (width, height) in pixels.
///
/// The style's anchor, or, when something that shall stay free is there, the nearest anchor that is free; the very
/// middle comes last. When none is free, the one that covers least.
pub fn place_logo(
    picture: (u32, u32),
    logo: (u32, u32),
    style: &LogoStyle,
    keep_free: &[CropBox],
) -> CropBox {
    let size = logo_size(picture, logo, style);
    let margin = margin(picture, style.margin_share);
    let at = |anchor: Anchor| CropBox {
        x: anchor.column.offset(picture.0, size.0, margin),
        y: anchor.row.offset(picture.1, size.1, margin),
        width: size.0,
        height: size.1,
    };
    let wanted = at(style.anchor);
    let mut anchors: Vec<Anchor> = Place::ALL
        .into_iter()
        .flat_map(|row| Place::ALL.map(|column| Anchor { column, row }))
        .collect();
    anchors.sort_by_key(|anchor| {
        let is_last = anchor.is_middle() && *anchor != style.anchor;
        (is_last, distance(at(*anchor), wanted))
    });
    least_covering(anchors.into_iter().map(at), keep_free).unwrap_or(wanted)
}

/// The first of these places that covers the least of what shall stay free.
pub(super) fn least_covering(
    places: impl Iterator<Item = CropBox>,
    keep_free: &[CropBox],
) -> Option<CropBox> {
    places.min_by_key(|place| {
        keep_free
            .iter()
            .map(|other| shared_pixels(*place, *other))
            .sum::<u64>()
    })
}

/// The margin in pixels.
pub(super) fn margin(picture: (u32, u32), share: f32) -> u32 {
    (picture.0.min(picture.1) as f32 * share.clamp(0.0, 0.5)).round() as u32
}

/// The part of the picture that a face's head takes; `None` when the head lies outside.
pub(super) fn head_of(face: &Face, width: u32, height: u32) -> Option<CropBox> {
    let left = (face.x - face.width * EARS).max(0.0);
    let top = (face.y - face.height * HAIR).max(0.0);
    let right = (face.x + face.width * (1.0 + EARS)).min(width as f32);
    let bottom = (face.y + face.height * (1.0 + CHIN)).min(height as f32);
    let is_inside = right > left && bottom > top;
    is_inside.then(|| CropBox {
        x: left as u32,
        y: top as u32,
        width: (right.ceil() as u32).saturating_sub(left as u32).max(1),
        height: (bottom.ceil() as u32).saturating_sub(top as u32).max(1),
    })
}

/// Grows a box by some pixels on all sides, within a picture.
pub(super) fn grown(area: CropBox, by: u32, width: u32, height: u32) -> CropBox {
    let (x, y) = (area.x.saturating_sub(by), area.y.saturating_sub(by));
    CropBox {
        x,
        y,
        width: (area.x + area.width + by).min(width) - x,
        height: (area.y + area.height + by).min(height) - y,
    }
}

fn shared_pixels(a: CropBox, b: CropBox) -> u64 {
    let shared = |a: u32, a_size: u32, b: u32, b_size: u32| {
        u64::from((a + a_size).min(b + b_size).saturating_sub(a.max(b)))
    };
    shared(a.x, a.width, b.x, b.width) * shared(a.y, a.height, b.y, b.height)
}

/// Square of the distance of two boxes of one size.
fn distance(a: CropBox, b: CropBox) -> u64 {
    let (dx, dy) = (u64::from(a.x.abs_diff(b.x)), u64::from(a.y.abs_diff(b.y)));
    dx * dx + dy * dy
}
