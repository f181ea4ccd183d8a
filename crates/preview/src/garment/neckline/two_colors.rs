//! The neckline of a deep scoop, found by the two colours that it parts.

use super::{Neck, SAMPLES};
use crate::garment::outline::Outline;
use crate::garment::types::UpperLandmarks;
use crate::person::Side;
use crate::raster::{Color, Gray, Mask, Plane, gaussian_1d, median_color, median_filter, seam};

/// Deepest scoop whose inner back is found by its colour (shoulder widths).
const COLOR_DEPTH: f64 = 0.62;
/// Least samples of either colour, and least difference between them (Lab).
const LEAST_SAMPLES: usize = 20;
const LEAST_DIFFERENCE: f32 = 14.0;
/// Difference of distances at which a pixel surely belongs to one colour (Lab).
const SURE_DIFFERENCE: f32 = 12.0;

/// Finds the neckline of a deep scoop whose inner back differs in colour from the front: one best path between both colours.
pub(super) fn between_two_colors(
    neck: &Neck,
    mask: &Mask,
    outline: &Outline,
    landmarks: &UpperLandmarks,
) -> Option<Vec<f64>> {
    if !neck.is_scoop() {
        return None;
    }
    let back_samples = back_colors(neck);
    let front_samples = strap_colors(neck, mask, outline, landmarks);
    if back_samples.len() < LEAST_SAMPLES || front_samples.len() < LEAST_SAMPLES {
        return None;
    }
    let back = median_color(&back_samples);
    let front = median_color(&front_samples);
    let distance = |a: [f32; 3], b: [f32; 3]| crate::raster::lab_distance(a, b, [1.0; 3]);
    if distance(back, front) < LEAST_DIFFERENCE || back[0] > front[0] {
        return None;
    }
    let depth = (COLOR_DEPTH * neck.unit) as usize;
    let mut cost: Gray = Plane::new(SAMPLES, depth, 0.0);
    for index in 0..SAMPLES {
        let mut sum = 0.0;
        for below in 0..depth {
            let row = neck.row(neck.base[index] + below as f64);
            let color = neck.lab[(neck.columns[index], row)];
            let is_front = ((distance(color, back) - distance(color, front)) / SURE_DIFFERENCE)
                .clamp(-1.0, 1.0);
            sum += if row as f64 <= neck.top[index] + 2.0 {
                -1.0
            } else {
                is_front
            };
            cost[(index, below)] = sum;
        }
    }
    let steepest = ((0.08 * neck.unit) as usize).max(2);
    let path: Vec<f64> = seam(&cost, 1.0, steepest)
        .into_iter()
        .map(|row| row as f64)
        .collect();
    let lowest = path.iter().copied().fold(0.0, f64::max);
    if lowest > 0.97 * depth as f64 || path[SAMPLES / 2] < neck.sag + 0.05 * neck.unit {
        return None;
    }
    let smooth = gaussian_1d(&median_filter(&path, 7), 1.5);
    Some(
        neck.base
            .iter()
            .zip(smooth)
            .map(|(base, below)| base + below + 1.0)
            .collect(),
    )
}

/// Collects colours under the outline on both sides of the middle (the label sits in the middle).
fn back_colors(neck: &Neck) -> Vec<[f32; 3]> {
    let mut colors = Vec::new();
    for index in 0..SAMPLES {
        if neck.positions[index].abs() > 0.12 && neck.positions[index].abs() < 0.45 {
            let (from, to) = (
                neck.top[index] + 0.09 * neck.unit,
                neck.top[index] + 0.16 * neck.unit,
            );
            collect_column(neck.lab, neck.columns[index], from, to, &mut colors);
        }
    }
    colors
}

/// Collects colours of the straps beside the neck points, which always belong to the front.
fn strap_colors(
    neck: &Neck,
    mask: &Mask,
    outline: &Outline,
    landmarks: &UpperLandmarks,
) -> Vec<[f32; 3]> {
    let mut colors = Vec::new();
    for side in Side::ALL {
        let (a, b) = (landmarks.neck[side].x, landmarks.shoulder[side].x);
        let (inner, outer) = (a.min(b), a.max(b));
        let first = (inner + 0.25 * (outer - inner)).max(0.0) as usize;
        let last = (outer - 0.15 * (outer - inner)).max(0.0) as usize;
        for x in first..=last.min(mask.width() - 1) {
            if mask.any_col(x) {
                let top = outline.top[x];
                collect_column(
                    neck.lab,
                    x,
                    top + 0.06 * neck.unit,
                    top + 0.18 * neck.unit,
                    &mut colors,
                );
            }
        }
    }
    colors
}

fn collect_column(lab: &Color, x: usize, from: f64, to: f64, colors: &mut Vec<[f32; 3]>) {
    let end = (to as usize).min(lab.height());
    colors.extend((from as usize..end).map(|y| lab[(x, y)]));
}
