//! Tells photos of somebody wearing the garment: they need another analysis than flat-lays.
//!
//! A face where a head would be is the first sign. Heads are often cropped off, so a bare neck together with a bare limb of
//! the same colour is the second. Printed faces and skin-coloured cloth must not be mistaken for either.

use super::super::outline::Outline;
use crate::person::FaceBox;
use crate::raster::{
    Color, Connectivity, Mask, Region, Rgb8, components, erode, median_color, open, runs,
    ycrcb_pixel,
};

/// A face lies in this upper share of the figure; printed faces sit lower.
const FACE_WITHIN: f64 = 0.30;
/// Least share of skin in the box of a face.
const FACE_SKIN: f64 = 0.40;
/// Widest head with hair, in widths of the face; wider is the body of a garment with a print.
const HEAD_WIDTH: f64 = 2.2;
/// Shoulders below a head are at least this much wider than it, seen within this many face sizes.
const SHOULDER_RATIO: f64 = 1.25;
const SHOULDERS_WITHIN: f64 = 2.5;

/// Tells whether a person wears the garment. `face` is in full-size pixels, `scale` is work pixels per full-size pixel.
pub(in crate::garment) fn is_worn(
    work: &Rgb8,
    lab: &Color,
    mask: &Mask,
    outline: &Outline,
    face: Option<FaceBox>,
    scale: f64,
) -> bool {
    let skin = skin_like(work, lab);
    let has_head = face.is_some_and(|face| is_head(&skin, mask, outline, face, scale));
    has_head
        || has_cut_neck(&skin, mask, outline)
        || shows_neck_and_limb(&skin.and(mask), lab, mask, outline)
}

/// Widths of a neck or chin that the picture's upper border cuts (widths of the figure), and its share of skin.
const CUT_WIDTH: std::ops::Range<f64> = 0.12..0.40;
const CUT_SKIN: f64 = 0.85;
/// The neck is read in these rows (share of the figure's height).
const CUT_ROWS: f64 = 0.02;

/// Tells whether one narrow piece of skin in the middle reaches the picture's upper border: flat-lays do not reach it.
///
/// Works for clothes of the skin's colour too.
fn has_cut_neck(skin: &Mask, mask: &Mask, outline: &Outline) -> bool {
    if outline.bounds.y0 > 1 {
        return false;
    }
    let width = outline.width as f64;
    (outline.bounds.y0..=outline.row_at(CUT_ROWS)).all(|y| {
        let parts = runs(mask.row(y));
        let [neck] = parts.as_slice() else {
            return false;
        };
        let center = (neck.center() - outline.bounds.x0 as f64) / width;
        let bare = skin.row(y)[neck.start..=neck.end]
            .iter()
            .filter(|&&is_skin| is_skin);
        let length = neck.length() as f64 + 1.0;
        CUT_WIDTH.contains(&(length / width))
            && NECK_CENTER.contains(&center)
            && bare.count() as f64 >= CUT_SKIN * length
    })
}

/// Marks pixels with a colour that human skin can have in ordinary light.
///
/// Generous bounds in `YCrCb` and Lab; cloth can have such colours too.
fn skin_like(work: &Rgb8, lab: &Color) -> Mask {
    work.zip_map(lab, |rgb, [_, a, b]| {
        let [luma, red, blue] = ycrcb_pixel(rgb);
        let in_range = luma > 30.0
            && red > 134.0
            && red < 180.0
            && blue > 80.0
            && blue < 130.0
            && red - blue > 8.0;
        in_range && a > 3.0 && b > 4.0 && b > 0.45 * a
    })
}

/// Tells whether a detected face is the head of a wearer rather than a print.
fn is_head(skin: &Mask, mask: &Mask, outline: &Outline, face: FaceBox, scale: f64) -> bool {
    let (x, y, size) = (
        face.center.x * scale,
        face.center.y * scale,
        face.size * scale,
    );
    if y > outline.bounds.y0 as f64 + FACE_WITHIN * outline.height as f64 {
        return false;
    }
    let Some(head_width) = width_through(mask, x, y) else {
        // Skin that the cut-out does not contain: a head before a wall of its colour.
        return share_in_box(skin, x, y, size) >= FACE_SKIN;
    };
    if head_width > HEAD_WIDTH * size {
        return false;
    }
    share_in_box(skin, x, y, size) >= FACE_SKIN || stands_on_shoulders(outline, y, size, head_width)
}

/// Measures the run of the mask through a point; none where the mask is empty.
fn width_through(mask: &Mask, x: f64, y: f64) -> Option<f64> {
    let row = y.max(0.0) as usize;
    if row >= mask.height() {
        return None;
    }
    let run = runs(mask.row(row))
        .into_iter()
        .find(|run| run.start as f64 <= x && x <= run.end as f64)?;
    Some(run.length() as f64 + 1.0)
}

fn share_in_box(mask: &Mask, x: f64, y: f64, size: f64) -> f64 {
    let column = |value: f64| value.clamp(0.0, mask.width() as f64) as usize;
    let row = |value: f64| value.clamp(0.0, mask.height() as f64) as usize;
    let mut inside = 0_usize;
    let mut total = 0_usize;
    for at_row in row(y - size / 2.0)..row(y + size / 2.0) {
        for &value in &mask.row(at_row)[column(x - size / 2.0)..column(x + size / 2.0)] {
            inside += usize::from(value);
            total += 1;
        }
    }
    inside as f64 / total.max(1) as f64
}

fn stands_on_shoulders(outline: &Outline, y: f64, size: f64, head_width: f64) -> bool {
    let last = ((y + SHOULDERS_WITHIN * size) as usize).min(outline.bounds.y1);
    (y as usize..=last).any(|row| {
        outline.edges.right[row] - outline.edges.left[row] + 1.0 > SHOULDER_RATIO * head_width
    })
}

/// A neck begins in this upper share of the figure and lies within these shares of its width.
const NECK_WITHIN: f64 = 0.12;
const NECK_CENTER: std::ops::RangeInclusive<f64> = 0.25..=0.75;
/// Widest neck at its upper end (widths of the figure); yokes and hoods are wider. Flat-lays do not reach the picture's upper
/// border, so that a neck cut by it may be wider.
const NECK_WIDTH: f64 = 0.30;
const CUT_NECK_WIDTH: f64 = 0.40;
/// Widest figure at the neck (widths of the figure): beside a waistband there is as much of the garment as there is below it.
const FIGURE_AT_NECK: f64 = 0.65;
/// Least areas (shares of the figure) of a neck, of a limb, and of a neck that the picture's upper border cuts.
const NECK_AREA: f64 = 0.015;
const LIMB_AREA: f64 = 0.010;
const CUT_NECK_AREA: f64 = 0.03;
/// Skin beyond this share of the figure is cloth of skin colour.
const MOST_SKIN: f64 = 0.60;
/// Limbs lie at the sides or low (shares of width and height).
const LIMB_SIDE: f64 = 0.30;
const LIMB_BELOW: f64 = 0.70;
/// Pixels on the rim of the figure over the root of the limb's area: patches of a print lie inside.
const LIMB_RIM: f64 = 1.5;
/// Largest differences between neck and limb in chroma and in lightness (Lab).
const SAME_CHROMA: f32 = 11.0;
const SAME_LIGHTNESS: f32 = 30.0;

/// Tells whether a bare neck is seen together with a bare limb, or cut by the picture's upper border.
fn shows_neck_and_limb(skin: &Mask, lab: &Color, mask: &Mask, outline: &Outline) -> bool {
    let figure = mask.count() as f64;
    let skin = open(skin, 2.0);
    if skin.count() as f64 > MOST_SKIN * figure {
        return false;
    }
    let parts = components(&skin, Connectivity::Eight);
    let rim = mask.and_not(&erode(mask, 3.0));
    let necks = parts
        .regions
        .iter()
        .filter(|part| is_neck(part, &parts.mask(part.label), mask, outline));
    for neck in necks {
        if is_cut_above(neck) && neck.area as f64 > CUT_NECK_AREA * figure {
            return true;
        }
        let color = part_color(&parts.mask(neck.label), lab);
        let has_limb = parts.regions.iter().any(|part| {
            part.label != neck.label
                && part.area as f64 > LIMB_AREA * figure
                && is_at_side_or_low(part, outline)
                && {
                    let pixels = parts.mask(part.label);
                    let on_rim = pixels.and(&rim).count() as f64;
                    on_rim > LIMB_RIM * (part.area as f64).sqrt()
                        && is_same_skin(color, part_color(&pixels, lab))
                }
        });
        if has_limb {
            return true;
        }
    }
    false
}

fn is_cut_above(part: &Region) -> bool {
    part.y0 <= 1
}

fn is_neck(part: &Region, pixels: &Mask, figure: &Mask, outline: &Outline) -> bool {
    let width = outline.width as f64;
    let center = (part.centroid.x - outline.bounds.x0 as f64) / width;
    let begin = part.y0 as f64 - outline.bounds.y0 as f64;
    if (part.area as f64) < NECK_AREA * figure.count() as f64
        || !NECK_CENTER.contains(&center)
        || begin > NECK_WITHIN * outline.height as f64
    {
        return false;
    }
    let below_top = (part.y0 + outline.rows(0.02)).min(part.y1);
    let (Some(first), Some(last)) = (
        pixels.first_in_row(below_top),
        pixels.last_in_row(below_top),
    ) else {
        return false;
    };
    let widest = if is_cut_above(part) {
        CUT_NECK_WIDTH
    } else {
        let center = f64::midpoint(first as f64, last as f64);
        let beside = width_through(figure, center, below_top as f64).unwrap_or(width);
        if beside > FIGURE_AT_NECK * width {
            return false;
        }
        NECK_WIDTH
    };
    ((last - first + 1) as f64) < widest * width
}

fn is_at_side_or_low(part: &Region, outline: &Outline) -> bool {
    let across = (part.centroid.x - outline.bounds.x0 as f64) / outline.width as f64;
    let down = (part.centroid.y - outline.bounds.y0 as f64) / outline.height as f64;
    !(LIMB_SIDE..=1.0 - LIMB_SIDE).contains(&across) || down > LIMB_BELOW
}

fn part_color(pixels: &Mask, lab: &Color) -> [f32; 3] {
    median_color(&lab.select(pixels))
}

fn is_same_skin(one: [f32; 3], other: [f32; 3]) -> bool {
    (one[1] - other[1]).hypot(one[2] - other[2]) < SAME_CHROMA
        && (one[0] - other[0]).abs() < SAME_LIGHTNESS
}
