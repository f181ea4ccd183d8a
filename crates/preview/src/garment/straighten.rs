//! Turns a tilted garment upright: its axis is the line about which its outline mirrors itself best.
//!
//! The search runs over angle and offset of the axis on a small copy of the mask, coarse to fine; the measure is the overlap of
//! the mask with its reflection (the symmetry distance of Zabrodsky, Peleg and Avnir 1995, for a single mirror line).

use super::cutout::{Cutout, work_copy};
use crate::raster::{
    Border, Gray, Mask, Plane, Rgb8, lab, remap_linear, resize_mask_area, sample_linear, to_float,
    to_rgb8,
};

/// Rows of the small copy.
const ROWS: usize = 96;
/// Steepest tilt that is looked for, and the steps of the two searches (degrees).
const STEEPEST: i32 = 9;
const COARSE_STEP: f32 = 1.0;
const FINE_STEP: f32 = 0.25;
/// Offsets of the axis from the centroid that are tried (pixels of the small copy): reach and step.
const OFFSET_REACH: i32 = 4;
const OFFSET_STEP: f32 = 0.75;
/// Least tilt that is worth resampling the photo (degrees).
const LEAST_TILT: f32 = 0.4;
/// A garment must be this symmetric about the tilted axis, and this much more than about the upright one.
const LEAST_OVERLAP: f32 = 0.80;
const LEAST_GAIN: f32 = 0.006;
/// Share of the garment that may leave the picture by the turn.
const CLIPPED: f64 = 0.01;

/// Measures the tilt of the mask's axis in degrees, clockwise; 0 when it is upright or has no clear axis.
pub(super) fn tilt(mask: &Mask) -> f32 {
    if mask.height() == 0 || !mask.any() {
        return 0.0;
    }
    let columns = (mask.width() * ROWS / mask.height()).max(8);
    let small = resize_mask_area(mask, columns, ROWS);
    let center = centroid(&small);
    let upright = best_overlap(&small, center, 0.0);
    let mut best = (upright, 0.0);
    let consider = |best: &mut (f32, f32), angle: f32| {
        let overlap = best_overlap(&small, center, angle);
        if overlap > best.0 {
            *best = (overlap, angle);
        }
    };
    for step in -STEEPEST..=STEEPEST {
        consider(&mut best, step as f32 * COARSE_STEP);
    }
    let coarse = best.1;
    for step in -3..=3 {
        consider(&mut best, coarse + step as f32 * FINE_STEP);
    }
    let (overlap, angle) = best;
    if angle.abs() < LEAST_TILT || overlap < LEAST_OVERLAP || overlap < upright + LEAST_GAIN {
        return 0.0;
    }
    angle
}

fn centroid(share: &Gray) -> [f32; 2] {
    let (mut sum, mut x_sum, mut y_sum) = (0.0, 0.0, 0.0);
    for y in 0..share.height() {
        for (x, &value) in share.row(y).iter().enumerate() {
            sum += value;
            x_sum += value * x as f32;
            y_sum += value * y as f32;
        }
    }
    [x_sum / sum.max(1e-6), y_sum / sum.max(1e-6)]
}

/// Overlap with the reflection about the best of several parallel axes: common over joint area.
fn best_overlap(share: &Gray, center: [f32; 2], degrees: f32) -> f32 {
    let (sin, cos) = degrees.to_radians().sin_cos();
    // The axis points down and is turned clockwise; its normal points to the right.
    let normal = [cos, sin];
    // A reflection keeps the area, so that the joint area follows from the common one.
    let area: f32 = share.data().iter().sum();
    let reflected = |offset: f32| {
        let mut common = 0.0;
        for y in 0..share.height() {
            for (x, &here) in share.row(y).iter().enumerate() {
                if here <= 0.0 {
                    continue;
                }
                let (dx, dy) = (x as f32 - center[0], y as f32 - center[1]);
                let across = 2.0 * (dx * normal[0] + dy * normal[1] - offset);
                let there = sample_linear(
                    share,
                    x as f32 - across * normal[0],
                    y as f32 - across * normal[1],
                    Border::Constant(0.0),
                );
                common += here.min(there);
            }
        }
        common / (2.0 * area - common).max(1e-6)
    };
    (-OFFSET_REACH..=OFFSET_REACH)
        .map(|step| reflected(step as f32 * OFFSET_STEP))
        .fold(0.0, f32::max)
}

/// Turns photo and cut-out by the tilt of the garment; gives both back unchanged when it is upright.
pub(super) fn straighten(image: &Rgb8, cutout: Cutout) -> (Rgb8, Cutout) {
    let degrees = tilt(&cutout.mask);
    if degrees == 0.0 {
        return (image.clone(), cutout);
    }
    let share = cutout.mask.map(f32::from);
    let turned = remap_linear(
        &share,
        &rotation(share.size(), degrees),
        Border::Constant(0.0),
    );
    let mask = turned.map(|value| value > 0.5);
    if (mask.count() as f64) < (1.0 - CLIPPED) * cutout.mask.count() as f64 {
        return (image.clone(), cutout);
    }
    let map = rotation(image.size(), degrees);
    let image = to_rgb8(&remap_linear(&to_float(image), &map, Border::Replicate));
    let work = work_copy(&image);
    (
        image,
        Cutout {
            lab: lab(&work),
            work,
            mask,
            background_sigma: cutout.background_sigma,
        },
    )
}

/// Gives for every pixel of the upright picture its position in the tilted one.
fn rotation((width, height): (usize, usize), degrees: f32) -> Plane<[f32; 2]> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let center = [
        (width.saturating_sub(1)) as f32 / 2.0,
        (height.saturating_sub(1)) as f32 / 2.0,
    ];
    Plane::from_fn(width, height, |x, y| {
        let (dx, dy) = (x as f32 - center[0], y as f32 - center[1]);
        // The upright axis (0, 1) becomes (-sin, cos), the normal (1, 0) becomes (cos, sin).
        [
            center[0] + dx * cos - dy * sin,
            center[1] + dx * sin + dy * cos,
        ]
    })
}
