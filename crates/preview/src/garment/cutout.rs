//! Cut-out of the garment: everything that the plain background does not reach from the picture's border.

use super::WORK_HEIGHT;
use super::backdrop::Backdrop;
use super::closed_wall::{Cut, Wall};
use super::contour::settle;
use crate::raster::{
    Color, Connectivity, Gray, Mask, Plane, Rgb8, Sides, arc_length, bilateral, components,
    contour_area, erode, flood_from_border, lab, lab_distance, largest_component, median,
    median_f64, nearest_true, open, outer_contour, resize_area_rgb8,
};

/// The wall may touch the picture's border anywhere.
pub(super) const EVERY_SIDE: Sides = Sides {
    left: true,
    top: true,
    right: true,
    bottom: true,
};
/// Weights of L, a, b in the distance to the background: shade counts less than hue.
pub(super) const COLOR_WEIGHTS: [f32; 3] = [1.0, 1.6, 1.6];
/// A later tolerance must score this much better to win.
const STRICTER_GAIN: f64 = 0.02;
/// Tolerances of the wall's noise, and the weight of the cut-out's symmetry when they are compared.
const TOLERANCES: [f32; 3] = [2.0, 4.0, 1.0];
/// A cut-out that scores this much is not improved upon.
const GOOD_SCORE: f64 = 2.8;
const SYMMETRY: f64 = 2.0;
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

/// Scales a photo to the work height.
pub(super) fn work_copy(image: &Rgb8) -> Rgb8 {
    let width =
        (image.width() as f64 * WORK_HEIGHT as f64 / image.height() as f64).round() as usize;
    resize_area_rgb8(image, width.max(1), WORK_HEIGHT)
}

/// Cuts the garment out; the mask is empty when nothing stands out.
pub(super) fn cut_out(image: &Rgb8) -> Cutout {
    let work = work_copy(image);
    let lab = lab(&work);
    let smooth = bilateral(&lab, 5, 6.0, 2.0);
    let backdrop = Backdrop::fit(&smooth);
    let wall = Wall::look(
        &lab,
        &backdrop.surface,
        WORK_HEIGHT as f64 / image.height() as f64,
    );
    let Cut { mask, outer, level } = best_cut(&wall);
    let distance = smooth.zip_map(&backdrop.surface, |color, wall| {
        lab_distance(color, wall, COLOR_WEIGHTS)
    });
    let mask = without_cast_shadow(mask, &smooth, &backdrop.surface, &distance);
    let mask = settle(mask, &outer, &wall.view(level));
    Cutout {
        work,
        lab,
        mask,
        background_sigma: backdrop.sigma,
    }
}

/// Tries several tolerances and takes the cut-out that looks most like a garment, the earlier one of equals.
///
/// A tolerant level swallows pale garments, a strict one leaves noise of the wall standing. Both show: garments are compact and
/// nearly symmetric.
fn best_cut(wall: &Wall) -> Cut {
    let (width, height) = wall.distance.size();
    let nothing = Plane::new(width, height, false);
    let mut best = (
        f64::NEG_INFINITY,
        Cut {
            outer: nothing.clone(),
            mask: nothing,
            level: 0.0,
        },
    );
    for tolerance in TOLERANCES {
        let mut cut = wall.cut(tolerance);
        cut.mask = largest_component(&open(&cut.mask, 1.0));
        fill_closed_holes(&mut cut.mask, &wall.distance, cut.level);
        let score = outline_score(&cut.mask) + SYMMETRY * mirror_overlap(&cut.mask);
        if score > best.0 + STRICTER_GAIN {
            best = (score, cut);
        }
        if best.0 > GOOD_SCORE {
            break;
        }
    }
    best.1
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

/// Measures the overlap of a cut-out with its mirror image at the middle of its rows: common area over joint area.
fn mirror_overlap(mask: &Mask) -> f64 {
    let mut middles: Vec<f64> = (0..mask.height())
        .filter_map(|y| {
            let (first, last) = (mask.first_in_row(y)?, mask.last_in_row(y)?);
            Some((first + last) as f64)
        })
        .collect();
    if middles.is_empty() {
        return 0.0;
    }
    let twice_axis = median_f64(&mut middles).round() as isize;
    let (mut common, mut joint) = (0_usize, 0_usize);
    for y in 0..mask.height() {
        for (x, &here) in mask.row(y).iter().enumerate() {
            let mirrored = mask.is_true(twice_axis - x as isize, y as isize);
            common += usize::from(here && mirrored);
            joint += usize::from(here || mirrored);
        }
    }
    common as f64 / joint.max(1) as f64
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
