//! End of the top and begin of the bottom for each column.
//!
//! One smooth path per edge instead of a decision per pixel: belt loops, pockets and prints cannot punch holes into a hem.

use super::clothes::{Dressed, distance_from_colors, main_colors};
use super::measure::{odd_window, range_within};
use crate::raster::{
    Gray, Mask, Plane, box_blur, gaussian_1d, interp, lab_distance, median_filter, seam,
};

/// Number of colours told apart above and below.
const COLORS: usize = 4;
/// Lab difference of the two distances at which a pixel's side is certain.
const CERTAIN: f32 = 12.0;
/// Price per row of distance from the middle of the band, against evidence of at most 1 per pixel.
const CENTER_PULL: f32 = 0.02;
/// Weights of (L, a, b): folds change the lightness of cloth, not its hue.
const WEIGHTS: [f32; 3] = [0.4, 1.0, 1.0];
/// Gain on a clear horizontal edge, and the change of colour across it (Lab) that is clear. Where the colours above and below are
/// alike, the edge between them is what is left to see.
const EDGE_GAIN: f32 = 3.0;
const CLEAR_EDGE: f32 = 16.0;
/// Price per row that the path climbs, and the most rows it climbs from one column to the next.
const BEND: f32 = 1.2;
const STEEPEST: usize = 2;
/// The path goes on this far beyond the torso's edges, U.
const BESIDE: f64 = 0.09;
/// Windows of the smoothing, U.
const MEDIAN_WINDOW: f64 = 0.06;
const BLUR: f64 = 0.025;
/// Distance of the rows that are compared from an edge.
const EDGE_REACH: usize = 1;
/// Evidence given to a pixel of uncertain colour next to a bare midriff.
const MILD: f32 = 0.2;

/// Rows of the two edges, one entry per column of the picture.
#[derive(Debug, Clone)]
pub(super) struct HemCurves {
    pub(super) hem: Vec<f64>,
    pub(super) waist: Vec<f64>,
}

impl HemCurves {
    /// The curves may leave the straight row by this much, U.
    pub(super) const BAND: f64 = 0.16;

    /// Traces both edges; straight where there is no waist or too little cloth.
    pub(super) fn trace(dressed: &Dressed, cloth: &Mask) -> Self {
        let (width, height) = dressed.size();
        let (hem, waist) = (dressed.waistline.hem, dressed.waistline.waist);
        let unit = dressed.body.shoulder_width;
        let straight = Self {
            hem: vec![hem; width],
            waist: vec![waist; width],
        };
        let row = (hem.max(0.0) as usize).min(height - 1);
        let edges = &dressed.torso.edges;
        let first = (edges.left[row] - BESIDE * unit).max(0.0);
        let last = (edges.right[row] + BESIDE * unit).min(width as f64 - 1.0);
        let columns = range_within(first, last.trunc() + 1.0, width);
        if dressed.waistline.one_piece || (columns.len() as f64) < 0.3 * unit {
            return straight;
        }
        let Some(evidence) = Evidence::gather(dressed, cloth) else {
            return straight;
        };
        let search = Search {
            body: dressed.silhouette.and_not(dressed.arm),
            columns,
            unit,
        };
        let band = Self::BAND * unit;
        let skin = dressed.skin;
        if waist <= hem {
            // A sliver of skin between top and waistband goes with the top, or the edge would wander across it.
            let sliver = skin.and(&dressed.torso.mask);
            let divided = sliver.zip_map(&evidence.above, |is_skin, value| {
                if is_skin { value.min(-MILD) } else { value }
            });
            return match search.path(&divided, &evidence.edge, waist - band, waist + band) {
                Some(path) => Self {
                    hem: path.clone(),
                    waist: path,
                },
                None => straight,
            };
        }
        // A strip of skin between them: the hem is where skin begins, the waist where it ends.
        let middle = 0.5 * (hem + waist);
        let skin_below = skin.zip_map(&evidence.above, |is_skin, value| {
            if is_skin { 1.0 } else { value.min(-MILD) }
        });
        let skin_above = Plane::from_fn(width, height, |x, y| {
            let value = evidence.above[(x, y)];
            if skin[(x, y)] {
                -1.0
            } else if (y as f64) < middle {
                value
            } else {
                value.max(MILD)
            }
        });
        let hem_curve = search
            .path(&skin_below, &evidence.edge, hem - band, middle)
            .unwrap_or(straight.hem);
        let waist_curve = search.path(&skin_above, &evidence.edge, hem - 0.5 * band, waist + band);
        Self {
            waist: match waist_curve {
                Some(curve) => curve
                    .iter()
                    .zip(&hem_curve)
                    .map(|(waist, hem)| waist.max(*hem))
                    .collect(),
                None => straight.waist,
            },
            hem: hem_curve,
        }
    }
}

/// What the colours say.
struct Evidence {
    /// From -1 (a colour of the top) to 1 (a colour of the bottom).
    above: Gray,
    /// From 0 to 1 (a clear horizontal edge above this pixel).
    edge: Gray,
}

impl Evidence {
    fn gather(dressed: &Dressed, cloth: &Mask) -> Option<Self> {
        let (width, height) = dressed.size();
        let lab = &dressed.scene.lab;
        let unit = dressed.body.shoulder_width;
        let cloth_between = |from: f64, to: f64| {
            let zone = Mask::from_fn(width, height, |x, y| {
                let row = y as f64;
                dressed.torso.mask[(x, y)] && cloth[(x, y)] && row > from && row < to
            });
            Some(lab.select(&zone)).filter(|colors| colors.len() >= 60)
        };
        let (hem, waist) = (dressed.waistline.hem, dressed.waistline.waist);
        let top_colors = main_colors(
            &cloth_between(hem - 0.45 * unit, hem - 0.08 * unit)?,
            COLORS,
        );
        let bottom_colors = main_colors(
            &cloth_between(waist + 0.08 * unit, waist + 0.4 * unit)?,
            COLORS,
        );
        let smooth = box_blur(lab, 3, 3);
        let from_top = distance_from_colors(&smooth, &top_colors, WEIGHTS);
        let from_bottom = distance_from_colors(&smooth, &bottom_colors, WEIGHTS);
        let edge = Plane::from_fn(width, height, |x, y| {
            let above = smooth[(x, y.saturating_sub(EDGE_REACH + 1))];
            let below = smooth[(x, (y + EDGE_REACH).min(height - 1))];
            (lab_distance(above, below, [1.0; 3]) / CLEAR_EDGE).min(1.0)
        });
        Some(Self {
            edge,
            above: from_top.zip_map(&from_bottom, |top, bottom| {
                ((top - bottom) / CERTAIN).clamp(-1.0, 1.0)
            }),
        })
    }
}

/// Where the paths run.
struct Search {
    body: Mask,
    columns: std::ops::Range<usize>,
    unit: f64,
}

impl Search {
    /// Finds the row per column with the most negative evidence above and positive evidence below it.
    fn path(&self, evidence: &Gray, edge: &Gray, from: f64, to: f64) -> Option<Vec<f64>> {
        let (width, height) = evidence.size();
        let rows = range_within(from, to, height);
        if rows.len() < 4 {
            return None;
        }
        let mut cost = Plane::new(self.columns.len(), rows.len() + 1, 0.0_f32);
        for (column, x) in self.columns.clone().enumerate() {
            let mut sum = 0.0;
            for step in 0..=rows.len() {
                let pull = CENTER_PULL * (step as f32 - 0.5 * rows.len() as f32).abs();
                let y = rows.start + step;
                let is_body = y < height && self.body[(x, y)];
                let seen = if is_body { edge[(x, y)] } else { 0.0 };
                cost[(column, step)] = sum + pull - EDGE_GAIN * seen;
                if step < rows.len() && is_body {
                    sum += evidence[(x, y)];
                }
            }
        }
        let path: Vec<f64> = seam(&cost, BEND, STEEPEST)
            .iter()
            .map(|step| (rows.start + step) as f64)
            .collect();
        let robust = median_filter(&path, odd_window(MEDIAN_WINDOW * self.unit).max(3));
        let smooth = gaussian_1d(&robust, BLUR * self.unit);
        let columns: Vec<f64> = self.columns.clone().map(|x| x as f64).collect();
        Some(
            (0..width)
                .map(|x| interp(x as f64, &columns, &smooth))
                .collect(),
        )
    }
}
