//! Narrow gaps around the armhole, and what the old sleeve leaves beside the new one: they become cloth.

use crate::fit::{SleeveFit, UpperFit};
use crate::person::{PersonRegions, Side};
use crate::raster::{Gray, Mask, Plane, close, dilate, fill_polygon, interp};

use super::layers::surely_covered;

/// Gaps up to twice this wide between the layers are cloth, not body (U).
const GAP: f64 = 0.05;
/// The old sleeve is covered this far beyond the new one, down to where the new one ends (U).
const SLEEVE_REACH: f64 = 0.14;
/// Cloth this far from its outline lends its colour (U).
const SAFE: f64 = 0.045;

/// What becomes cloth, and the cloth that lends its colour; work masks.
#[derive(Debug)]
pub(super) struct Holes {
    /// What is to be filled.
    pub(super) gaps: Mask,
    /// Where the colours come from.
    pub(super) cloth: Mask,
}

/// Finds the holes between the layers; none when there are none. `coverage` is that of all layers at work size.
pub(super) fn find_holes(person: &PersonRegions, fit: &UpperFit, coverage: &Gray) -> Option<Holes> {
    let u = person.shoulder_width;
    let covered = coverage.map(|strength| strength > 0.5);
    if !covered.any() {
        return None;
    }
    let (width, height) = covered.size();
    let near = |x: usize, y: usize| {
        Side::ALL.iter().any(|&side| {
            let to = |point: crate::raster::Point| (x as f64 - point.x).hypot(y as f64 - point.y);
            to(fit.landing.armpit[side]) < 0.26 * u || to(fit.landing.shoulder[side]) < 0.12 * u
        })
    };
    let beside: Vec<(Side, Beside)> = Side::ALL
        .iter()
        .filter_map(|&side| Some((side, Beside::new(fit.sleeves[side].as_ref()?, u, height))))
        .collect();
    let closed = close(&covered, GAP * u);
    let reached = dilate(&covered, SLEEVE_REACH * u);
    let is_gap = |x: usize, y: usize| {
        let at = (x, y);
        if covered[at] || !person.silhouette[at] {
            return false;
        }
        (closed[at] && near(x, y) && !person.head[at])
            || (reached[at]
                && person.old_top[at]
                && beside
                    .iter()
                    .any(|(side, sleeve)| sleeve.holds(person, fit, *side, x, y)))
    };
    let gaps = Plane::from_fn(width, height, is_gap);
    if !gaps.any() {
        return None;
    }
    Some(Holes {
        gaps: dilate(&gaps, 1.5).and(&person.silhouette),
        cloth: surely_covered(&covered, SAFE * u),
    })
}

/// The neighbourhood of a sleeve.
struct Beside {
    /// Row where the neighbourhood ends.
    end: f64,
    /// Column of the sleeve's middle per row.
    middle: Vec<f64>,
}

impl Beside {
    fn new(sleeve: &SleeveFit, u: f64, height: usize) -> Self {
        let rows = |pick: fn(f64, f64) -> f64| {
            sleeve
                .outline
                .iter()
                .map(|point| point.y)
                .reduce(pick)
                .unwrap_or(0.0)
        };
        let (first, last) = (rows(f64::min), rows(f64::max));
        let right = sleeve
            .outline
            .iter()
            .map(|point| point.x)
            .fold(0.0, f64::max);
        let filled = fill_polygon(
            right as usize + 2,
            last.max(0.0) as usize + 2,
            &sleeve.outline,
        );
        let mean_column = |row: f64| -> Option<(f64, f64)> {
            if row < 0.0 || row as usize >= filled.height() {
                return None;
            }
            let columns: Vec<f64> = filled
                .row(row as usize)
                .iter()
                .enumerate()
                .filter(|(_, inside)| **inside)
                .map(|(x, _)| x as f64)
                .collect();
            (!columns.is_empty()).then(|| (row, columns.iter().sum::<f64>() / columns.len() as f64))
        };
        let (mut ys, mut xs): (Vec<f64>, Vec<f64>) = (0..24)
            .filter_map(|step| mean_column(first + (last - first) * f64::from(step) / 23.0))
            .unzip();
        if ys.is_empty() {
            let count = sleeve.outline.len().max(1) as f64;
            ys.push(first);
            xs.push(sleeve.outline.iter().map(|point| point.x).sum::<f64>() / count);
        }
        Self {
            end: last - 0.10 * u,
            middle: (0..height).map(|y| interp(y as f64, &ys, &xs)).collect(),
        }
    }

    fn holds(
        &self,
        person: &PersonRegions,
        fit: &UpperFit,
        side: Side,
        x: usize,
        y: usize,
    ) -> bool {
        let u = person.shoulder_width;
        let (column, row) = (x as f64, y as f64);
        if row >= self.end {
            return false;
        }
        let away = side.sign() * (column - person.center_x);
        let outside = away > 0.34 * u
            && row > fit.landing.shoulder[side].y - 0.06 * u
            && !person.old_sleeves[(x, y)];
        let towards_the_body = side.sign() * (column - self.middle[y]) < 0.0;
        outside
            || (towards_the_body && away > 0.2 * u && row > fit.landing.armpit[side].y - 0.02 * u)
    }
}
