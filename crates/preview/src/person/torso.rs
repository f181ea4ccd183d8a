//! The torso without arms: one left and one right edge per row.

use super::landmarks::Landmarks;
use super::measure::{odd_window, range_within};
use super::waist::Waistline;
use super::{PerSide, Side};
use crate::raster::{Edge, Mask, gaussian_1d_with, interp, median_filter_with, runs};

/// Half width of a mean torso (U) at distances below the shoulders (U).
const PRIOR_ROWS: [f64; 6] = [0.0, 0.35, 0.6, 0.95, 1.4, 1.9];
const PRIOR_HALF_WIDTHS: [f64; 6] = [0.42, 0.41, 0.38, 0.345, 0.42, 0.42];
/// Rows in which the edges are searched, U under the shoulders.
const SEARCH_ROWS: (f64, f64) = (0.3, 2.0);
/// An edge is believed within these multiples of the mean half width.
const BELIEVED: (f64, f64) = (0.55, 1.42);
/// Windows of the smoothing, U.
const MEDIAN_WINDOW: f64 = 0.12;
const BLUR: f64 = 0.05;
/// Distances over which the last seen edge fades into the mean above and below, U.
const FADE_ABOVE: f64 = 0.3;
const FADE_BELOW: f64 = 0.6;
/// Rows whose edges count for the confidence, U under the shoulders.
const CONFIDENCE_ROWS: (f64, f64) = (0.4, 1.3);

/// Edges of the torso for every row of the picture.
pub(super) struct Torso {
    pub(super) edges: PerSide<Vec<f64>>,
    pub(super) confidence: f64,
    /// Everything between the edges.
    pub(super) mask: Mask,
}

impl Torso {
    /// Follows the clothed body row by row, or a mean body where arms and wide clothes hide it.
    pub(super) fn find(
        silhouette: &Mask,
        skin: &Mask,
        body: &Landmarks,
        waistline: &Waistline,
    ) -> Self {
        let (width, height) = silhouette.size();
        let seen = search_edges(silhouette, skin, body, waistline);
        let edges = PerSide::from_fn(|side| complete_edge(&seen[side], side, body));
        let rows = range_within(
            body.row_at(CONFIDENCE_ROWS.0),
            body.row_at(CONFIDENCE_ROWS.1).min(height as f64 - 1.0),
            height,
        );
        let count = rows.len().max(1) as f64;
        let found = rows
            .map(|y| {
                Side::ALL
                    .iter()
                    .filter(|side| seen[**side][y].is_some())
                    .count()
            })
            .sum::<usize>();
        Self {
            confidence: 0.5 * found as f64 / count,
            mask: Mask::from_fn(width, height, |x, y| {
                x as f64 > edges.left[y] - 1.0 && (x as f64) < edges.right[y] + 1.0
            }),
            edges,
        }
    }
}

fn prior_half_width(body: &Landmarks, y: usize) -> f64 {
    interp(body.down(y), &PRIOR_ROWS, &PRIOR_HALF_WIDTHS) * body.shoulder_width
}

/// Edges that are really seen: of what is no skin, or of everything at a bare midriff.
fn search_edges(
    silhouette: &Mask,
    skin: &Mask,
    body: &Landmarks,
    waistline: &Waistline,
) -> PerSide<Vec<Option<f64>>> {
    let (width, height) = silhouette.size();
    let unit = body.shoulder_width;
    let clothed = silhouette.and_not(skin);
    let mut seen = PerSide::from_fn(|_| vec![None; height]);
    for y in range_within(
        body.row_at(SEARCH_ROWS.0),
        body.row_at(SEARCH_ROWS.1),
        height,
    ) {
        let at_midriff = y as f64 >= waistline.hem - 1.0 && y as f64 <= waistline.waist;
        let row = if at_midriff {
            silhouette.row(y)
        } else {
            clothed.row(y)
        };
        let near_middle = runs(row).into_iter().filter(|run| {
            run.length() as f64 > 0.05 * unit
                && run.end as f64 > body.center_x - 0.30 * unit
                && (run.start as f64) < body.center_x + 0.30 * unit
        });
        let Some((start, end)) = near_middle
            .map(|run| (run.start, run.end))
            .reduce(|first, last| (first.0, last.1))
        else {
            continue;
        };
        let half = prior_half_width(body, y);
        let believed = |reach: f64| reach > BELIEVED.0 * half && reach < BELIEVED.1 * half;
        if believed(body.center_x - start as f64) && start > 1 {
            seen.left[y] = Some(start as f64);
        }
        if believed(end as f64 - body.center_x) && end + 2 < width {
            seen.right[y] = Some(end as f64);
        }
    }
    seen
}

/// Smooths the seen edges and continues them towards the mean body.
fn complete_edge(seen: &[Option<f64>], side: Side, body: &Landmarks) -> Vec<f64> {
    let unit = body.shoulder_width;
    let mean_edge: Vec<f64> = (0..seen.len())
        .map(|y| body.center_x + side.sign() * prior_half_width(body, y))
        .collect();
    let (rows, offsets): (Vec<f64>, Vec<f64>) = seen
        .iter()
        .enumerate()
        .filter_map(|(y, edge)| edge.map(|edge| (y as f64, edge - mean_edge[y])))
        .unzip();
    let (Some(first), Some(last), true) = (rows.first(), rows.last(), rows.len() > 8) else {
        return mean_edge;
    };
    let everywhere: Vec<f64> = (0..seen.len())
        .map(|y| interp(y as f64, &rows, &offsets))
        .collect();
    let robust = median_filter_with(&everywhere, odd_window(MEDIAN_WINDOW * unit), Edge::Reflect);
    let smooth = gaussian_1d_with(&robust, BLUR * unit, Edge::Mirror);
    let fade = |y: f64| {
        if y < *first {
            (-(first - y) / (FADE_ABOVE * unit)).exp()
        } else if y > *last {
            (-(y - last) / (FADE_BELOW * unit)).exp()
        } else {
            1.0
        }
    };
    mean_edge
        .iter()
        .zip(&smooth)
        .enumerate()
        .map(|(y, (mean, offset))| mean + offset * fade(y as f64))
        .collect()
}
