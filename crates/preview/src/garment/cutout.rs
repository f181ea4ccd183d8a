//! Cut-out of the garment: everything that the plain background does not reach from the picture's border.

use super::WORK_HEIGHT;
use super::backdrop::Backdrop;
use super::flat_wall;
use crate::raster::{
    Color, Connectivity, Gray, Mask, Plane, Rgb8, Sides, arc_length, bilateral, components,
    contour_area, dilate, erode, flood_from_border, gaussian, lab, lab_distance, largest_component,
    median, nearest_true, open, outer_contour, resize_area_rgb8, sobel_x, sobel_y,
};

/// The wall may touch the picture's border anywhere.
pub(super) const EVERY_SIDE: Sides = Sides {
    left: true,
    top: true,
    right: true,
    bottom: true,
};
/// Weights of L, a, b in the distance to the background: shade counts less than hue.
const COLOR_WEIGHTS: [f32; 3] = [1.0, 1.6, 1.6];
/// Thresholds of the distance to the background as (share of sigma, constant), most tolerant first.
const THRESHOLDS: [(f64, f64); 3] = [(2.2, 2.5), (1.5, 1.4), (1.0, 0.8)];
/// A stricter threshold must score this much better to win.
const STRICTER_GAIN: f64 = 0.25;
/// Holes up to this many pixels are filled whatever their colour.
const SPECK_AREA: usize = 40;
/// Contour length over the root of the area above which an outline counts as ragged.
const RAGGED: f64 = 9.0;

/// The work-size copy of a product photo with the garment cut out.
pub(super) struct Cutout {
    pub(super) work: Rgb8,
    pub(super) lab: Color,
    pub(super) mask: Mask,
    pub(super) background_sigma: f64,
}

/// Cuts the garment out; the mask is empty when nothing stands out.
pub(super) fn cut_out(image: &Rgb8) -> Cutout {
    let width =
        (image.width() as f64 * WORK_HEIGHT as f64 / image.height() as f64).round() as usize;
    let work = resize_area_rgb8(image, width.max(1), WORK_HEIGHT);
    let lab = lab(&work);
    let smooth = bilateral(&lab, 5, 6.0, 2.0);
    let backdrop = Backdrop::fit(&smooth);
    let distance = smooth.zip_map(&backdrop.surface, |color, wall| {
        lab_distance(color, wall, COLOR_WEIGHTS)
    });
    let gradient = lightness_gradient(&smooth);

    let mut mask = best_flood(&distance, &gradient, backdrop.sigma);
    if backdrop.is_exactly_flat() {
        mask = flat_wall::refine(&lab, &backdrop.surface, mask);
    }
    let mask = without_cast_shadow(mask, &smooth, &backdrop.surface, &distance);
    Cutout {
        work,
        lab,
        mask,
        background_sigma: backdrop.sigma,
    }
}

/// Measures the slope of the lightness per pixel.
fn lightness_gradient(lab: &Color) -> Gray {
    let lightness = gaussian(&lab.map(|color| color[0]), 0.7);
    sobel_x(&lightness).zip_map(&sobel_y(&lightness), |across, down| {
        across.hypot(down) / 4.0
    })
}

/// Tries three thresholds and takes the largest cut-out that is not ragged.
///
/// A tolerant threshold swallows pale garments, a strict one leaves noise of the wall standing.
fn best_flood(distance: &Gray, gradient: &Gray, sigma: f64) -> Mask {
    let mut best: Option<(f64, Mask)> = None;
    for (of_sigma, constant) in THRESHOLDS {
        let threshold = (of_sigma * sigma + constant) as f32;
        let mask = flood_cut(distance, gradient, threshold);
        let score = outline_score(&mask);
        if best
            .as_ref()
            .is_none_or(|(best_score, _)| score > best_score + STRICTER_GAIN)
        {
            best = Some((score, mask));
        }
    }
    best.map_or_else(
        || Plane::new(distance.width(), distance.height(), false),
        |(_, mask)| mask,
    )
}

/// Cuts out what a flood through wall-coloured, smooth pixels does not reach.
fn flood_cut(distance: &Gray, gradient: &Gray, threshold: f32) -> Mask {
    let steepest = (0.9 * threshold).max(1.0);
    let wall = distance.zip_map(gradient, |far, slope| far < threshold && slope < steepest);
    let flooded = flood_from_border(&wall, EVERY_SIDE);
    let distinct = distance.map(|far| far > threshold * 1.5);
    // One pixel beside the wall is mixed colour: it stays only where it is clearly not wall.
    let kept = dilate(&flooded, 1.0).not().or(&distinct.and_not(&flooded));
    let mut mask = largest_component(&open(&kept, 1.0));
    fill_closed_holes(&mut mask, distance, threshold);
    mask
}

/// Fills enclosed holes unless they have the colour of the wall (between legs, inside straps).
fn fill_closed_holes(mask: &mut Mask, distance: &Gray, threshold: f32) {
    let outside = mask.not();
    let parts = components(&outside, Connectivity::Four);
    let (width, height) = mask.size();
    let enclosed: Vec<bool> = parts
        .regions
        .iter()
        .map(|part| part.x0 > 0 && part.y0 > 0 && part.x1 + 1 < width && part.y1 + 1 < height)
        .collect();
    let mut distances: Vec<Vec<f32>> = vec![Vec::new(); parts.regions.len()];
    for (&label, &far) in parts.labels.data().iter().zip(distance.data()) {
        if label > 0 && enclosed[label as usize - 1] {
            distances[label as usize - 1].push(far);
        }
    }
    let fill: Vec<bool> = distances
        .iter_mut()
        .zip(&enclosed)
        .map(|(values, &is_enclosed)| {
            is_enclosed && (values.len() < SPECK_AREA || median(values) > threshold)
        })
        .collect();
    for (inside, &label) in mask.data_mut().iter_mut().zip(parts.labels.data()) {
        if label > 0 && fill[label as usize - 1] {
            *inside = true;
        }
    }
}

/// Scores a cut-out: large is good up to a quarter of the picture, ragged or all-covering is bad.
fn outline_score(mask: &Mask) -> f64 {
    let area = mask.mean();
    if area == 0.0 {
        return -2.0;
    }
    let contour = outer_contour(mask);
    let raggedness = arc_length(&contour, true) / contour_area(&contour).max(1.0).sqrt();
    let covers_all = if area > 0.85 { 2.0 } else { 0.0 };
    area.min(0.25) * 4.0 - 0.08 * (raggedness - RAGGED).max(0.0) - covers_all
}

/// Least number of core pixels from which a cast shadow can be told.
const SHADOW_CORE_AREA: usize = 200;
/// Radius in work pixels by which the core is smaller than the garment.
const SHADOW_CORE_MARGIN: f64 = 7.0;
/// A cast shadow darkens the wall at most this much (Lab L).
const SHADOW_DEPTH: f32 = 45.0;
/// A cast shadow differs at least this much from the nearest garment colour.
const SHADOW_FROM_CLOTH: f32 = 14.0;

/// Removes a soft shadow around the garment.
///
/// It is darker than the wall, has the wall's chroma, differs from the nearest garment colour, and hangs together with the
/// outside.
fn without_cast_shadow(mask: Mask, lab: &Color, wall: &Color, distance: &Gray) -> Mask {
    let core = erode(&mask, SHADOW_CORE_MARGIN);
    if core.count() <= SHADOW_CORE_AREA {
        return mask;
    }
    let rim = mask.and_not(&core);
    let nearest_core = nearest_true(&core);
    let mut shadow: Mask = Plane::new(mask.width(), mask.height(), false);
    for index in 0..rim.data().len() {
        if !rim.data()[index] {
            continue;
        }
        let color = lab.data()[index];
        let behind = wall.data()[index];
        let cloth = lab.data()[nearest_core.data()[index] as usize];
        let darker = color[0] - behind[0];
        let tint = (color[1] - behind[1]).hypot(color[2] - behind[2]);
        let from_cloth = lab_distance(color, cloth, COLOR_WEIGHTS);
        shadow.data_mut()[index] = darker < 0.0
            && darker > -SHADOW_DEPTH
            && tint < 2.5 + 0.06 * darker.abs()
            && from_cloth > SHADOW_FROM_CLOTH
            && distance.data()[index] < 0.9 * from_cloth;
    }
    let reachable = flood_from_border(&shadow.or(&mask.not()), EVERY_SIDE).and(&shadow);
    largest_component(&open(&mask.and_not(&reachable), 1.0))
}
