//! The border between the top that stays and the lower garment that goes, told by colour.
//!
//! The waist of the analysis is a smooth curve. Belt loops, tilted waistbands and the corners beside the torso stray from it,
//! and what strays would peep out above the new waistband.

use crate::person::PersonRegions;
use crate::raster::{Mask, Plane, kmeans_thinned, median_filter, nearest_lab_distance};

/// Rows above and below the waist curve in which the colours of both sides are learned (U).
const ABOVE: (f64, f64) = (0.03, 0.30);
const BELOW: (f64, f64) = (0.04, 0.30);
/// Colours that are told apart on each side, and least and most samples they are learned from.
const COLORS: usize = 3;
const LEAST_SAMPLES: usize = 40;
const MOST_SAMPLES: usize = 900;
/// A pixel belongs to the old lower garment when it is this much nearer to its colours, and at most this far from them.
const NEARER: f32 = 0.6;
const FARTHEST: f32 = 16.0;
/// Lab distance below which a colour of the top and one of the lower garment are the same.
const LEAST_CONTRAST: f32 = 10.0;
/// The curve is raised by at most this (U).
const RAISED: f64 = 0.16;
/// A waistband below a bare midriff is covered from this far above its edge (U).
const LIFT: f64 = 0.012;
/// Columns beyond the torso whose pixels count (U).
const BESIDE: f64 = 0.08;
/// Width of the smoothing of the raised curve (U).
const SMOOTHED: f64 = 0.04;

/// Where the old lower garment begins to be seen.
#[derive(Debug, Clone)]
pub struct Waistband {
    /// Row per column of the work picture: the hem of the top, or the old waistband under a midriff.
    pub edge: Vec<f64>,
    /// Pixels that have the colours of the lower garment worn; none where it cannot be told from the top.
    pub old_bottom: Mask,
}

impl Waistband {
    /// Finds it on the person.
    pub(super) fn find(person: &PersonRegions) -> Self {
        let old_bottom = looks_like_bottom(person);
        Self {
            edge: raised(person, &top_edge(person), &old_bottom),
            old_bottom,
        }
    }
}

/// Gives the smooth curve that the analysis found.
fn top_edge(person: &PersonRegions) -> Vec<f64> {
    if person.waist > person.hem {
        // The old waistband has a dark upper edge, which is to be covered too.
        let lift = LIFT * person.shoulder_width;
        person.waist_curve.iter().map(|row| row - lift).collect()
    } else {
        person.hem_curve.clone()
    }
}

/// Marks pixels from just above the waist downwards that have the colours of the lower garment worn rather than those of the
/// top; nothing where both look alike.
fn looks_like_bottom(person: &PersonRegions) -> Mask {
    let u = person.shoulder_width;
    let (width, height) = person.silhouette.size();
    let nothing = Plane::new(width, height, false);
    let curve = |x: usize| person.waist_curve.get(x).copied().unwrap_or(person.waist);
    let hem = |x: usize| person.hem_curve.get(x).copied().unwrap_or(person.hem);
    let learned = |wanted: &dyn Fn(usize, f64) -> bool| -> Vec<[f32; 3]> {
        let mut colors = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let at = (x, y);
                let body = person.silhouette[at] && person.torso[at] && !person.arm[at];
                if body && wanted(x, y as f64) {
                    colors.push(person.lab[at]);
                }
            }
        }
        if colors.len() < LEAST_SAMPLES {
            return Vec::new();
        }
        kmeans_thinned(&colors, colors.len().div_ceil(MOST_SAMPLES), COLORS, 10)
    };
    let top = learned(&|x, row| row > hem(x) - ABOVE.1 * u && row < hem(x) - ABOVE.0 * u);
    let skin = learned(&|x, row| row > hem(x) + 2.0 && row < curve(x) - 3.0);
    let bottom = learned(&|x, row| row > curve(x) + BELOW.0 * u && row < curve(x) + BELOW.1 * u);
    // In a dress there is no border to be seen.
    if person.one_piece || top.is_empty() || bottom.is_empty() {
        return nothing;
    }
    let nearest =
        |colors: &[[f32; 3]], color: [f32; 3]| nearest_lab_distance(color, colors, [1.0; 3]);
    let alike = top
        .iter()
        .map(|color| nearest(&bottom, *color))
        .fold(f32::INFINITY, f32::min);
    if alike < LEAST_CONTRAST {
        return nothing;
    }
    Plane::from_fn(width, height, |x, y| {
        let at = (x, y);
        if !person.silhouette[at] || person.skin[at] || (y as f64) < person.waist - 0.25 * u {
            return false;
        }
        let color = person.lab[at];
        let own = nearest(&bottom, color);
        let other = nearest(&top, color).min(nearest(&skin, color));
        own < FARTHEST && own < NEARER * other
    })
}

/// Raises a row per column over what looks like the old lower garment right above it.
fn raised(person: &PersonRegions, edge: &[f64], bottom: &Mask) -> Vec<f64> {
    let u = person.shoulder_width;
    let side = |edges: &[f64], x: f64| edges.get(x as usize).copied();
    let row = person.waist.max(0.0);
    let first = side(&person.torso_left, row).unwrap_or(0.0) - BESIDE * u;
    let last = side(&person.torso_right, row).unwrap_or(0.0) + BESIDE * u;
    let lift: Vec<f64> = edge
        .iter()
        .enumerate()
        .map(|(x, &row)| {
            if (x as f64) < first || x as f64 > last {
                return 0.0;
            }
            let start = row.max(0.0) as isize + 2;
            let most = (RAISED * u) as isize + 2;
            // A loose row or two of shade do not end the old waistband.
            let mut highest = 0;
            for step in 0..=most {
                if bottom.is_true(x as isize, start - step) {
                    highest = step;
                } else if step > highest + 3 {
                    break;
                }
            }
            (highest as f64 - 1.0).max(0.0)
        })
        .collect();
    median_filter(&lift, (SMOOTHED * u) as usize | 1)
        .iter()
        .zip(edge)
        .map(|(lift, row)| row - lift)
        .collect()
}
