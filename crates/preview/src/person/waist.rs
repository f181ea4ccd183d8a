//! The rows where the upper garment ends and the lower one begins.

use std::ops::Range;

use rayon::prelude::*;

use super::landmarks::Landmarks;
use super::measure::{range_within, share_of};
use crate::raster::{Color, Mask, box_blur, lab_distance, percentile};

/// Columns of the three strips in which the edge is searched, U from the middle: one alone is fooled by prints.
const STRIPS: [(f64, f64); 3] = [(-0.31, -0.12), (-0.1, 0.1), (0.12, 0.31)];
/// Rows in which the edge is searched, U under the shoulders.
const SEARCH_ROWS: (f64, f64) = (0.5, 1.7);
/// Height of the windows compared above and below a row, U.
const WINDOW: f64 = 0.12;
/// Weights of (L, a, b) in the comparison.
const WEIGHTS: [f32; 3] = [0.7, 1.2, 1.2];
/// Percentiles of the colours that are compared.
const QUANTILES: [f32; 3] = [20.0, 50.0, 80.0];
/// Weight of the edge's sharpness beside the change of colour, and the percentile of it that counts.
const SHARPNESS: f32 = 1.2;
const SHARPNESS_QUANTILE: f32 = 35.0;
/// Usual place of the waist and its spread, U under the shoulders.
const USUAL: (f64, f64) = (1.02, 0.36);
/// Weights of the strips' median and of the weakest strip.
const MEDIAN_WEIGHT: f64 = 0.6;
const WEAKEST_WEIGHT: f64 = 0.4;
/// Score given to a bare midriff: nothing is clearer.
const MIDRIFF_SCORE: f64 = 30.0;
/// Height of a midriff, U.
const MIDRIFF: (f64, f64) = (0.05, 0.6);
/// Score under which no waist is seen.
const ONE_PIECE: f64 = 9.0;
/// Score from which on, and rows between which (U), a top may be tucked in.
const TUCK_SCORE: f64 = 20.0;
const TUCK_ROWS: (f64, f64) = (0.74, 1.34);

/// Where top and bottom meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waistline {
    pub(super) hem: f64,
    pub(super) waist: f64,
    pub(super) score: f64,
    pub(super) one_piece: bool,
    pub(super) tuck_possible: bool,
}

impl Waistline {
    /// Searches the strongest change of colour across the body, and a bare midriff.
    pub(super) fn find(lab: &Color, skin: &Mask, body: &Landmarks) -> Self {
        let (hem, waist, score) = match find_midriff(skin, body) {
            Some((first, end)) => (first, end, MIDRIFF_SCORE),
            None => match strongest_edge(lab, body) {
                Some((row, score)) => (row, row, score),
                None => (body.row_at(1.0).trunc(), body.row_at(1.0).trunc(), -1.0),
            },
        };
        let rise = (waist - body.shoulder_y) / body.shoulder_width;
        Self {
            hem,
            waist,
            score,
            one_piece: score < ONE_PIECE,
            tuck_possible: score > TUCK_SCORE && rise > TUCK_ROWS.0 && rise < TUCK_ROWS.1,
        }
    }
}

/// Typical dark, middle and light colour of a window: one for each of `QUANTILES`.
type Typical = [[f32; 3]; 3];

/// A vertical strip of the body.
struct Strip {
    smooth: Color,
    /// Row of the first window.
    first: usize,
    window: usize,
    /// Colours of the windows that begin at `first` and at every row after it; none for a window with too few pixels.
    typical: Vec<Option<Typical>>,
}

impl Strip {
    /// Prepares the comparison at some rows; needs `window` rows above the first of them.
    fn cut(lab: &Color, columns: Range<usize>, rows: &Range<usize>, window: usize) -> Option<Self> {
        if columns.len() <= 2 {
            return None;
        }
        let strip = lab.crop(columns.start, 0, columns.len(), lab.height());
        let first = rows.start.saturating_sub(window);
        let typical = (first..rows.end).into_par_iter().map(|y| {
            let end = (y + window).min(strip.height());
            typical_colors(&strip.data()[y * strip.width()..end * strip.width()])
        });
        Some(Self {
            typical: typical.collect(),
            smooth: box_blur(&strip, 5, 5),
            first,
            window,
        })
    }

    /// Strength of a horizontal edge between a row and the one above it.
    fn edge_at(&self, y: usize) -> Option<f32> {
        let above = self.typical[y.checked_sub(self.first + self.window)?]?;
        let below = self.typical[y - self.first]?;
        let changes = above
            .iter()
            .zip(&below)
            .map(|(above, below)| lab_distance(*above, *below, WEIGHTS));
        let last = self.smooth.height() - 1;
        let near = self
            .smooth
            .row((y + 2).min(last))
            .iter()
            .zip(self.smooth.row(y.saturating_sub(2)));
        let mut steps: Vec<f32> = near
            .map(|(below, above)| below.iter().zip(above).map(|(b, a)| (b - a).abs()).sum())
            .collect();
        Some(changes.sum::<f32>() / 3.0 + SHARPNESS * percentile(&mut steps, SHARPNESS_QUANTILE))
    }
}

fn typical_colors(colors: &[[f32; 3]]) -> Option<Typical> {
    if colors.len() < 8 {
        return None;
    }
    let mut typical = [[0.0; 3]; 3];
    for channel in 0..3 {
        let mut values: Vec<f32> = colors.iter().map(|color| color[channel]).collect();
        for (color, quantile) in typical.iter_mut().zip(QUANTILES) {
            color[channel] = percentile(&mut values, quantile);
        }
    }
    Some(typical)
}

/// Finds the row with the best mixture of a strong edge and a usual place: (row, score).
fn strongest_edge(lab: &Color, body: &Landmarks) -> Option<(f64, f64)> {
    let (width, height) = lab.size();
    let window = ((WINDOW * body.shoulder_width) as usize).max(4);
    let first = (body.row_at(SEARCH_ROWS.0).max(0.0) as usize).min(height - 1);
    let end = body.row_at(SEARCH_ROWS.1).min(height as f64 - 3.0).max(0.0) as usize;
    let rows = first..end.max(first + 1);
    let column = |across: f64| body.center_x + across * body.shoulder_width;
    let strips: Vec<Strip> = STRIPS
        .iter()
        .filter_map(|(from, to)| {
            let columns = range_within(column(*from), column(*to) + 1.0, width);
            Strip::cut(lab, columns, &rows, window)
        })
        .collect();
    let mut best: Option<(f64, f64)> = None;
    for y in rows {
        let mut strengths: Vec<f32> = strips.iter().filter_map(|strip| strip.edge_at(y)).collect();
        strengths.sort_by(f32::total_cmp);
        let Some(weakest) = strengths.first() else {
            continue;
        };
        let middle = strengths[strengths.len() / 2];
        let oddness = (body.down(y) - USUAL.0) / USUAL.1;
        let prior = (-0.5 * oddness * oddness).exp();
        let score =
            (MEDIAN_WEIGHT * f64::from(middle) + WEAKEST_WEIGHT * f64::from(*weakest)) * prior;
        if best.is_none_or(|(_, highest)| score > highest) {
            best = Some((y as f64, score));
        }
    }
    best
}

/// Finds a run of rows of skin across the belly: (first row, row after the last).
fn find_midriff(skin: &Mask, body: &Landmarks) -> Option<(f64, f64)> {
    let (width, height) = skin.size();
    let unit = body.shoulder_width;
    let columns = range_within(
        body.center_x - 0.2 * unit,
        body.center_x + 0.2 * unit + 1.0,
        width,
    );
    let shares: Vec<f64> = (0..height)
        .map(|y| share_of(&skin.row(y)[columns.clone()]))
        .collect();
    let rows: Vec<usize> = range_within(body.row_at(0.5), body.row_at(1.5), height)
        .filter(|y| shares[*y] > 0.6)
        .collect();
    // Rows with at most one gap row between them belong together; the longest group counts, the first of equal ones.
    let groups = rows.chunk_by(|a, b| b - a <= 2);
    let longest = groups.rev().max_by_key(|group| group.len())?;
    let (first, last) = (*longest.first()?, *longest.last()?);
    let length = longest.len() as f64;
    let covered_above = first > 2 && share_mean(&shares[first.saturating_sub(6)..first - 2]) < 0.5;
    let plausible = length > MIDRIFF.0 * unit && length < MIDRIFF.1 * unit;
    (plausible && covered_above).then_some((first as f64, last as f64 + 1.0))
}

fn share_mean(shares: &[f64]) -> f64 {
    shares.iter().sum::<f64>() / shares.len().max(1) as f64
}
