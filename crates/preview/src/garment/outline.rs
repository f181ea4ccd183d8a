//! Outline of the cut-out: box, row edges, contour, and the kind of garment that it looks like.

use super::{Category, GarmentError};
use crate::person::{PerSide, Side};
use crate::raster::{Bounds, Mask, Point, Run, median_f64, outer_contour, runs};

/// Share of the picture below which the cut-out is noise, not a garment.
const LEAST_AREA: f64 = 0.015;
/// Share of the picture above which the background was taken for the garment.
const MOST_AREA: f64 = 0.90;
/// Least height and width of the cut-out in work pixels; all landmarks need some room.
const LEAST_HEIGHT: usize = 64;
const LEAST_WIDTH: usize = 40;
/// Height over width of trousers with a visible gap, and of trousers in general.
const TROUSERS_ASPECT: f64 = 1.3;
/// Height over width above which an upper garment is a dress.
const DRESS_ASPECT: f64 = 1.52;
/// Share of the lower rows that must show a gap in the middle.
const GAP_SHARE: f64 = 0.35;
/// A waistband is level: scatter of its upper edge over the garment's height.
const WAISTBAND_SCATTER: f64 = 0.003;
/// Trousers and skirts keep this share of their greatest width down to this share of the height.
const NARROWING: f64 = 0.75;
const UPPER_HALF: f64 = 0.45;
/// Runs of a row up to this length are threads and noise.
const SHORT_RUN: f64 = 3.0;

/// Measures of the cut-out that all later stages use, in work pixels.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    pub(super) bounds: Bounds,
    /// Rows from top to bottom, both counted.
    pub(super) height: usize,
    /// Columns from left to right, both counted.
    pub(super) width: usize,
    pub(super) center_x: f64,
    /// First and last garment column per row, -1 where there is none.
    pub(super) edges: PerSide<Vec<f64>>,
    /// First garment row per column, the picture's height where there is none.
    pub(super) top: Vec<f64>,
    /// Closed outer contour.
    pub(super) contour: Vec<Point>,
}

impl Outline {
    /// Measures the outline; fails when it cannot be one of a garment.
    pub(super) fn new(mask: &Mask) -> Result<Self, GarmentError> {
        let share = mask.mean();
        if share > MOST_AREA {
            return Err(GarmentError::FillsPicture);
        }
        let bounds = mask
            .bounds()
            .filter(|_| share >= LEAST_AREA)
            .ok_or(GarmentError::NothingFound)?;
        let height = bounds.y1 - bounds.y0 + 1;
        let width = bounds.x1 - bounds.x0 + 1;
        if height < LEAST_HEIGHT || width < LEAST_WIDTH {
            return Err(GarmentError::NotAGarment);
        }
        let edges = row_edges(mask);
        let mut middles: Vec<f64> = (bounds.y0 + height / 10..bounds.y1 - height / 10)
            .map(|y| f64::midpoint(edges.left[y], edges.right[y]))
            .collect();
        let center_x = median_f64(&mut middles);
        let top = (0..mask.width())
            .map(|x| mask.first_in_col(x).unwrap_or(mask.height()) as f64)
            .collect();
        let contour = outer_contour(mask);
        if contour.len() < 4 {
            return Err(GarmentError::NotAGarment);
        }
        Ok(Self {
            bounds,
            height,
            width,
            center_x,
            edges,
            top,
            contour,
        })
    }

    /// Gives the row at a share of the height below the top.
    pub(super) fn row_at(&self, share: f64) -> usize {
        self.bounds.y0 + self.rows(share)
    }

    /// Turns a share of the height into whole rows.
    pub(super) fn rows(&self, share: f64) -> usize {
        (share * self.height as f64) as usize
    }

    /// Gives the top row of the garment in the column nearest to `x`.
    pub(super) fn top_at(&self, x: f64) -> f64 {
        let column = x.max(0.0) as usize;
        self.top[column.min(self.top.len() - 1)]
    }

    /// Finds the contour point nearest to `point`: its index and the distance.
    pub(super) fn nearest_on_contour(&self, point: Point) -> (usize, f64) {
        nearest(&self.contour, point)
    }
}

/// Finds the point of `points` nearest to `target`: its index (the first of equals) and the distance.
pub(super) fn nearest(points: &[Point], target: Point) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (index, &point) in points.iter().enumerate() {
        let distance = (point - target).length();
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best
}

/// Walks a closed contour from one index to another in both directions.
fn both_ways(contour: &[Point], from: usize, to: usize) -> [Vec<Point>; 2] {
    let count = contour.len();
    let forward = (to + count - from) % count;
    let backward = (from + count - to) % count;
    [
        (0..=forward)
            .map(|step| contour[(from + step) % count])
            .collect(),
        (0..=backward)
            .map(|step| contour[(from + count - step) % count])
            .collect(),
    ]
}

/// Walks a closed contour from one index to another on the way that lies further out on a side.
pub(super) fn outer_way(contour: &[Point], from: usize, to: usize, side: Side) -> Vec<Point> {
    let [forward, backward] = both_ways(contour, from, to);
    let outwards = |path: &[Point]| {
        side.sign() * path.iter().map(|point| point.x).sum::<f64>() / path.len() as f64
    };
    if outwards(&forward) > outwards(&backward) {
        forward
    } else {
        backward
    }
}

/// Finds the first and the last true column of every row, -1 where there is none.
pub(super) fn row_edges(mask: &Mask) -> PerSide<Vec<f64>> {
    let as_edge = |column: Option<usize>| column.map_or(-1.0, |x| x as f64);
    PerSide {
        left: (0..mask.height())
            .map(|y| as_edge(mask.first_in_row(y)))
            .collect(),
        right: (0..mask.height())
            .map(|y| as_edge(mask.last_in_row(y)))
            .collect(),
    }
}

/// Lists the runs of a row that are longer than `longer_than` (last minus first column).
pub(super) fn row_runs(mask: &Mask, y: usize, longer_than: f64) -> Vec<Run> {
    runs(mask.row(y))
        .into_iter()
        .filter(|run| run.length() as f64 > longer_than)
        .collect()
}

/// Lists the gaps between neighbouring runs as (first, last) column.
pub(super) fn gaps_between(runs: &[Run]) -> Vec<(usize, usize)> {
    runs.windows(2)
        .map(|pair| (pair[0].end + 1, pair[1].start - 1))
        .collect()
}

/// Guesses the category from proportions, a gap between legs and a level, solid waistband.
pub(super) fn guess_category(mask: &Mask, outline: &Outline) -> Category {
    let aspect = outline.height as f64 / outline.width as f64;
    let has_legs = aspect > TROUSERS_ASPECT && leg_gap_share(mask, outline) > GAP_SHARE;
    let has_waistband = aspect > TROUSERS_ASPECT
        && top_width_share(outline) > 0.5
        && top_edge_scatter(mask, outline) < WAISTBAND_SCATTER
        && top_solidity(mask, outline) > 0.95
        && !narrows_below_arms(outline);
    if has_legs || has_waistband {
        return Category::Bottom;
    }
    if aspect > DRESS_ASPECT {
        Category::Dress
    } else {
        Category::Top
    }
}

/// Measures in how many of the lower rows the centre lies in a gap between two parts.
fn leg_gap_share(mask: &Mask, outline: &Outline) -> f64 {
    let rows = outline.row_at(0.55)..outline.bounds.y1 - outline.rows(0.03);
    let center = outline.center_x as usize;
    let with_gap = rows
        .clone()
        .filter(|&y| !mask[(center, y)] && row_runs(mask, y, SHORT_RUN).len() >= 2);
    with_gap.count() as f64 / rows.len().max(1) as f64
}

/// Measures the width just below the top as a share of the whole width.
fn top_width_share(outline: &Outline) -> f64 {
    let rows = outline.row_at(0.015)..outline.row_at(0.05);
    let widths: f64 = rows
        .clone()
        .map(|y| outline.edges.right[y] - outline.edges.left[y])
        .sum();
    widths / rows.len().max(1) as f64 / outline.width as f64
}

/// Tells whether the outline is much narrower somewhere in its upper half than above: sleeves end there, no waistband does.
fn narrows_below_arms(outline: &Outline) -> bool {
    let mut widest = 0.0_f64;
    for y in outline.bounds.y0..outline.row_at(UPPER_HALF) {
        let width = outline.edges.right[y] - outline.edges.left[y];
        if width < NARROWING * widest {
            return true;
        }
        widest = widest.max(width);
    }
    false
}

/// Measures how far the rows just below the top are filled between their ends.
fn top_solidity(mask: &Mask, outline: &Outline) -> f64 {
    let rows = outline.bounds.y0 + 2..outline.row_at(0.06);
    let filled = rows.clone().map(|y| {
        let covered = mask.row(y).iter().filter(|&&inside| inside).count() as f64;
        covered / (outline.edges.right[y] - outline.edges.left[y] + 1.0).max(1.0)
    });
    filled.sum::<f64>() / rows.len().max(1) as f64
}

/// Measures the scatter of the upper edge around the centre, as a share of the height.
fn top_edge_scatter(mask: &Mask, outline: &Outline) -> f64 {
    let reach = 0.2 * outline.width as f64;
    let columns = (outline.center_x - reach).max(0.0) as usize..(outline.center_x + reach) as usize;
    let tops: Vec<f64> = columns
        .filter_map(|x| mask.first_in_col(x.min(mask.width() - 1)))
        .map(|y| y as f64)
        .collect();
    let count = tops.len().max(1) as f64;
    let mean = tops.iter().sum::<f64>() / count;
    let variance = tops
        .iter()
        .map(|top| (top - mean) * (top - mean))
        .sum::<f64>()
        / count;
    variance.sqrt() / outline.height as f64
}
