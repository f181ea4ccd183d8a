//! Pale garments on a retouched wall: the wall is exactly flat, so texture tells cloth from wall where colour cannot.

use super::cutout::EVERY_SIDE;
use crate::raster::{
    Color, Connectivity, Gray, Mask, box_blur, components, dilate, erode, flood_from_border,
    gaussian, gaussian_mask, largest_component, median, open, sobel_x, sobel_y,
};

/// Lab distance and mean gradient below which a pixel belongs to the flat wall.
const WALL_LEVEL: f32 = 1.8;
const WALL_ACTIVITY: f32 = 0.06;
/// Window in pixels over which the gradient is averaged.
const WINDOW: usize = 5;
/// Sum of Lab differences below which the rim of the texture mask is ringing of the compression.
const RIM_LEVEL: f32 = 0.9;
/// A missed piece whose median difference to the wall is below this is wall (enclosed by sleeve and body).
const HOLE_LEVEL: f32 = 0.8;
/// Pieces of wall up to this share of the garment are not looked at.
const HOLE_SHARE: f64 = 0.01;
/// The colour mask is kept unless this share of its rim has less contrast than `PALE_CONTRAST`.
const PALE_SHARE: f64 = 0.12;
const PALE_CONTRAST: f32 = 7.0;
/// A texture mask covering more than this found no wall.
const COVERS_ALL: f64 = 0.85;
/// Holes up to this share of the garment are filled.
const FILL_SHARE: f64 = 0.004;

/// Adds to `color_mask` what it missed of a pale garment; returns it unchanged for a coloured one.
///
/// The colour outline is sharper, so the texture mask only fills in.
pub(super) fn refine(lab: &Color, wall: &Color, color_mask: Mask) -> Mask {
    let difference = lab.zip_map(wall, |color, behind| {
        [
            color[0] - behind[0],
            color[1] - behind[1],
            color[2] - behind[2],
        ]
    });
    let texture = texture_mask(lab, &difference);
    let contrast = gaussian(&difference, 1.5).map(length);
    if texture.mean() > COVERS_ALL || !is_pale(&color_mask, &contrast) {
        return color_mask;
    }
    let missed = missed_pieces(&texture, &color_mask, &contrast);
    let joined = color_mask.and(&dilate(&texture, 3.0)).or(&missed);
    let mut mask = gaussian_mask(&joined, 2.0).map(|share| share > 0.5);
    fill_small_holes(&mut mask);
    largest_component(&open(&mask, 2.0))
}

/// Finds what is not flat and wall-coloured, rid of the halo that window and compression add.
fn texture_mask(lab: &Color, difference: &Color) -> Mask {
    let lightness = lab.map(|color| color[0]);
    let slope = sobel_x(&lightness).zip_map(&sobel_y(&lightness), |across, down| {
        across.abs() + down.abs()
    });
    let activity = box_blur(&slope, WINDOW, WINDOW).map(|sum| sum / 8.0);
    let flat = difference.zip_map(&activity, |delta, active| {
        length(delta) < WALL_LEVEL && active < WALL_ACTIVITY
    });
    let busy = flood_from_border(&flat, EVERY_SIDE).not();
    let shape = largest_component(&open(&erode(&busy, (WINDOW / 2) as f64), 3.0));

    let ring = shape.and_not(&erode(&shape, 3.0));
    let level = gaussian(
        &difference.map(|delta| delta[0].abs() + delta[1].abs() + delta[2].abs()),
        0.8,
    );
    let ringing = ring.zip_map(&level, |in_ring, sum| in_ring && sum < RIM_LEVEL);
    let outside = flood_from_border(&shape.not().or(&ringing), EVERY_SIDE);
    largest_component(&open(&shape.and_not(&outside), 2.0))
}

/// Tells whether much of the rim of the colour mask hardly differs from the wall.
fn is_pale(color_mask: &Mask, contrast: &Gray) -> bool {
    let rim = erode(color_mask, 2.0).and_not(&erode(color_mask, 4.0));
    let total = rim.count();
    let weak = rim
        .zip_map(contrast, |in_rim, value| in_rim && value < PALE_CONTRAST)
        .count();
    total > 0 && weak as f64 >= PALE_SHARE * total as f64
}

/// Finds the larger pieces of the texture mask outside the colour mask, without enclosed wall.
fn missed_pieces(texture: &Mask, color_mask: &Mask, contrast: &Gray) -> Mask {
    let missed = open(&texture.and_not(color_mask), 1.5);
    let parts = components(&missed, Connectivity::Eight);
    let mut contrasts: Vec<Vec<f32>> = vec![Vec::new(); parts.regions.len()];
    for (&label, &value) in parts.labels.data().iter().zip(contrast.data()) {
        if label > 0 {
            contrasts[label as usize - 1].push(value);
        }
    }
    let looked_at = HOLE_SHARE * texture.count() as f64;
    let keep: Vec<bool> = contrasts
        .iter_mut()
        .map(|values| values.len() as f64 <= looked_at || median(values) >= HOLE_LEVEL)
        .collect();
    parts
        .labels
        .map(|label| label > 0 && keep[label as usize - 1])
}

fn fill_small_holes(mask: &mut Mask) {
    let parts = components(&mask.not(), Connectivity::Four);
    let limit = FILL_SHARE * mask.count() as f64;
    let fill: Vec<bool> = parts
        .regions
        .iter()
        .map(|part| (part.area as f64) < limit)
        .collect();
    for (inside, &label) in mask.data_mut().iter_mut().zip(parts.labels.data()) {
        if label > 0 && fill[label as usize - 1] {
            *inside = true;
        }
    }
}

fn length(delta: [f32; 3]) -> f32 {
    (delta[0] * delta[0] + delta[1] * delta[1] + delta[2] * delta[2]).sqrt()
}
