//! Front neckline below the outline, and the inner back that shows above it.
//!
//! A family of super-ellipse arcs between the neck points is scored by edge strength, by being lighter below than above (the
//! inner back lies in shade) and by a prior of the depth; the winner is bent to the edge. Edges and steps are measured against
//! the local lightness (Weber's law), because black cloth shows the same seams as white cloth with a tenth of the contrast.
//! Prints have edges as strong as a neckline's, but their steps change sign along an arc: an arc that is lighter below from end
//! to end is believed however shallow it lies. Everything above the arc is cut away; a contrasting collar ring lies below it and
//! stays.

mod two_colors;

use self::two_colors::between_two_colors;
use super::outline::Outline;
use super::types::UpperLandmarks;
use super::upper::ramp;
use crate::raster::{
    Color, Gray, Mask, Plane, Point, fill_polygon, gaussian, gaussian_1d, median_f64, median_of,
    percentile, seam, sobel_x_color, sobel_y_color,
};

/// Columns at which an arc is sampled.
const SAMPLES: usize = 41;
/// Narrowest neck that has a neckline of its own (shoulder widths).
const NARROWEST_NECK: f64 = 0.18;
/// The middle of the outline hangs this far below the neck points in an open V, which needs no arc (shoulder widths).
const OPEN_V_SAG: f64 = 0.32;
/// Sag of the outline from which the garment counts as a scoop (shoulder widths).
const SCOOP_SAG: f64 = 0.12;
/// Rise of the neck points over the shoulders that shows a stand collar (shoulder widths): it hides the inner back.
const STAND_COLLAR_RISE: f64 = 0.17;
/// How far the arc is drawn above the outline so that the rim is cut away too (pixels).
const CUT_ABOVE: f64 = 6.0;

/// What belongs to the inner back, and the line that separates it from the front.
#[derive(Clone, Debug)]
pub(super) struct Neckline {
    pub(super) arc: Option<Vec<Point>>,
    pub(super) opening: Mask,
}

/// Sampled geometry between the two neck points.
struct Neck<'a> {
    lab: &'a Color,
    /// Column of every sample, exact and as a pixel.
    xs: Vec<f64>,
    columns: Vec<usize>,
    /// Position of every sample from -1 to 1.
    positions: Vec<f64>,
    /// Row of the straight line between the neck points.
    base: Vec<f64>,
    /// Top row of the garment.
    top: Vec<f64>,
    /// How far the middle of the outline hangs below the line.
    sag: f64,
    width: f64,
    /// How far the neck points lie above the shoulder points.
    rise: f64,
    /// Distance between the shoulder points: the unit of all lengths.
    unit: f64,
}

/// Finds the front neckline.
pub(super) fn find_neckline(
    mask: &Mask,
    lab: &Color,
    outline: &Outline,
    landmarks: &UpperLandmarks,
    shoulder_width: f64,
) -> Neckline {
    let none = || Neckline {
        arc: None,
        opening: Plane::new(mask.width(), mask.height(), false),
    };
    let neck = Neck::sample(mask, lab, landmarks, shoulder_width);
    if neck.width < NARROWEST_NECK * neck.unit || neck.sag > OPEN_V_SAG * neck.unit {
        return none();
    }
    let gradient = color_gradient(lab);
    let candidates = score_depths(&neck, &gradient);
    if candidates.is_empty() {
        return none();
    }
    let arc = strongest_edge(&neck, &candidates)
        .map(|arc| {
            let bent = bend_to_edge(&neck, &gradient, &arc.rows);
            if arc.is_v {
                bent
            } else {
                rounded(&neck, &bent)
            }
        })
        .or_else(|| between_two_colors(&neck, mask, outline, landmarks))
        .or_else(|| shallow_default(&neck));
    let Some(rows) = arc else { return none() };

    let arc: Vec<Point> = neck
        .xs
        .iter()
        .zip(&rows)
        .map(|(&x, &y)| Point::new(x, y))
        .collect();
    let mut polygon: Vec<Point> = (0..SAMPLES)
        .map(|index| {
            Point::new(
                neck.xs[index],
                neck.top[index].min(neck.base[index]) - CUT_ABOVE,
            )
        })
        .collect();
    polygon.extend(arc.iter().rev());
    let opening = fill_polygon(mask.width(), mask.height(), &polygon).and(mask);
    Neckline {
        arc: Some(arc),
        opening,
    }
}

impl<'a> Neck<'a> {
    fn sample(mask: &Mask, lab: &'a Color, landmarks: &UpperLandmarks, unit: f64) -> Self {
        let (left, right) = (landmarks.neck.left, landmarks.neck.right);
        let shoulder = landmarks.shoulder;
        let share = |index: usize| index as f64 / (SAMPLES - 1) as f64;
        let last_column = (mask.width() - 1) as f64;
        let xs: Vec<f64> = (0..SAMPLES)
            .map(|index| left.x + (right.x - left.x) * share(index))
            .collect();
        let columns = xs
            .iter()
            .map(|x| x.round_ties_even().clamp(0.0, last_column) as usize)
            .collect();
        let base: Vec<f64> = (0..SAMPLES)
            .map(|index| left.y + (right.y - left.y) * share(index))
            .collect();
        let top: Vec<f64> = xs
            .iter()
            .map(|x| {
                mask.first_in_col(x.clamp(0.0, last_column) as usize)
                    .unwrap_or(0) as f64
            })
            .collect();
        let mut middle: Vec<f64> = (14..27).map(|index| top[index] - base[index]).collect();
        let sag = median_f64(&mut middle);
        let positions = (0..SAMPLES).map(|index| share(index) * 2.0 - 1.0).collect();
        Self {
            lab,
            xs,
            columns,
            positions,
            base,
            top,
            sag,
            width: right.x - left.x,
            rise: f64::midpoint(shoulder.left.y, shoulder.right.y) - f64::midpoint(left.y, right.y),
            unit,
        }
    }

    /// Gives the picture row nearest to `y`.
    fn row(&self, y: f64) -> usize {
        y.round_ties_even()
            .clamp(0.0, (self.lab.height() - 1) as f64) as usize
    }

    fn is_stand_collar(&self) -> bool {
        self.rise > STAND_COLLAR_RISE * self.unit
    }

    fn is_scoop(&self) -> bool {
        self.sag > SCOOP_SAG * self.unit
    }
}

/// Lightness that is added before dividing by it, and the lightness whose gradients stay as they are (Lab).
const WEBER_FLOOR: f32 = 12.0;
const WEBER_UNIT: f32 = 60.0;

/// Measures the colour gradient per pixel, relative to the lightness (Lab units at `WEBER_UNIT`).
fn color_gradient(lab: &Color) -> Gray {
    let smooth = gaussian(lab, 1.0);
    let square = |color: [f32; 3]| color[0] * color[0] + color[1] * color[1] + color[2] * color[2];
    sobel_x_color(&smooth)
        .zip_map(&sobel_y_color(&smooth), |across, down| {
            (square(across) + square(down)).sqrt() / 4.0
        })
        .zip_map(&smooth, |slope, color| {
            slope * WEBER_UNIT / (color[0] + WEBER_FLOOR)
        })
}

/// Depths of the arcs below the neck points: first and step in shoulder widths, deepest in shoulder widths and in neck widths.
const FIRST_DEPTH: f64 = 0.05;
const DEPTH_STEP: f64 = 0.015;
const DEEPEST: f64 = 0.62;
const DEEPEST_OF_NECK: f64 = 1.15;
/// The front lies at least this much lower than the back (neck widths).
const BELOW_SAG: f64 = 0.08;
/// Exponents of the super-ellipses, from a V to a wide U.
///
/// With how often they occur; a shallow V hardly ever does.
const EXPONENTS: [(f64, f64); 4] = [(1.0, 0.85), (1.4, 0.9), (2.0, 1.0), (2.8, 1.0)];
/// Depths (neck widths) at which a V becomes as usual as its weight says, and what is left of it above.
const V_DEPTH: (f64, f64) = (0.35, 0.70);
const SHALLOW_V: f64 = 0.5;

/// The best arc of one depth.
struct Candidate {
    /// Depth in shoulder widths.
    depth: f64,
    /// Strength of the edge along the arc.
    edge: f64,
    /// Row per sample.
    rows: Vec<f64>,
    /// The arc is a V.
    is_v: bool,
}

/// Finds the best exponent for every depth at which an arc lies below the outline.
fn score_depths(neck: &Neck, gradient: &Gray) -> Vec<Candidate> {
    let deepest = DEEPEST.min(DEEPEST_OF_NECK * neck.width / neck.unit);
    let highest = (neck.sag + BELOW_SAG * neck.width) / neck.unit;
    let steps = ((deepest - FIRST_DEPTH) / DEPTH_STEP).ceil().max(0.0) as usize;
    let mut candidates = Vec::new();
    for depth in (0..steps).map(|step| FIRST_DEPTH + step as f64 * DEPTH_STEP) {
        if depth <= highest {
            continue;
        }
        let mut best: Option<Candidate> = None;
        for (exponent, weight) in EXPONENTS {
            let rows = super_ellipse(neck, depth, exponent);
            let Some(edge) = edge_strength(neck, gradient, &rows) else {
                continue;
            };
            let edge = if exponent > 1.0 {
                weight * edge
            } else {
                let deep = ramp(depth * neck.unit / neck.width, V_DEPTH.0, V_DEPTH.1);
                weight * edge * (SHALLOW_V + (1.0 - SHALLOW_V) * deep)
            };
            if best.as_ref().is_none_or(|other| edge > other.edge) {
                best = Some(Candidate {
                    depth,
                    edge,
                    rows,
                    is_v: exponent <= 1.0,
                });
            }
        }
        candidates.extend(best);
    }
    candidates
}

fn super_ellipse(neck: &Neck, depth: f64, exponent: f64) -> Vec<f64> {
    neck.positions
        .iter()
        .zip(&neck.base)
        .map(|(position, base)| {
            let rest = (1.0 - position.abs().powf(exponent)).clamp(0.0, 1.0);
            base + depth * neck.unit * rest.powf(1.0 / exponent)
        })
        .collect()
}

/// Samples this near to the outline do not count (pixels), and so many must be left.
const OUTLINE_MARGIN: f64 = 3.0;
const LEAST_VISIBLE: usize = 17;
/// From so many on the arc is fully believed.
const ENOUGH_VISIBLE: f64 = 28.0;

/// Measures the gradient that nearly all of the arc reaches; none when too much of it lies at or above the outline.
fn edge_strength(neck: &Neck, gradient: &Gray, rows: &[f64]) -> Option<f64> {
    let hidden = (10..31)
        .filter(|&index| rows[index] < neck.top[index] + 2.0)
        .count();
    if hidden as f64 > 0.3 * 21.0 {
        return None;
    }
    // Beside the outline the edge of the garment itself would count.
    let mut values: Vec<f32> = (0..SAMPLES)
        .filter(|&index| rows[index] > neck.top[index] + OUTLINE_MARGIN)
        .map(|index| {
            let at = |offset: f64| gradient[(neck.columns[index], neck.row(rows[index] + offset))];
            at(-1.0).max(at(0.0)).max(at(1.0))
        })
        .collect();
    if values.len() < LEAST_VISIBLE {
        return None;
    }
    let visible = (values.len() as f64 / ENOUGH_VISIBLE).min(1.0);
    Some(visible * f64::from(percentile(&mut values, 30.0)))
}

/// Least edge strength of a neckline.
const LEAST_EDGE: f64 = 0.9;
/// An edge this many times as strong as the median of all depths counts half; stronger ones (prints) gain little.
const HALF_PROMINENCE: f64 = 2.0;
/// Added to that median so that it can be divided by.
const EDGE_FLOOR: f64 = 0.4;
/// Score from which a neckline is believed; 1/3 is an edge like any other at the usual depth.
const LEAST_SCORE: f64 = 0.40;
/// Weight of the step in lightness, and bounds of its effect.
const STEP_WEIGHT: f64 = 5.0;
const STEP_EFFECT: (f64, f64) = (0.4, 2.2);
/// Usual depth, least depth below the back collar (neck widths), and the spread of the depth's logarithm.
const USUAL_DEPTH: f64 = 0.48;
const USUAL_BELOW_SAG: f64 = 0.25;
const DEPTH_SPREAD: f64 = 0.32;
/// Rise of the neck points over the shoulders (shoulder widths) from which the neck may be, and surely is, a stand collar: its
/// front hides all but this much of the inner back (neck widths).
const STAND_COLLAR: (f64, f64) = (0.12, 0.20);
const STAND_BELOW_SAG: f64 = 0.14;
/// A collar ring has two edges; the upper one counts when its score and its step are at least this share of the lower one's
/// and it lies within the ring's width (neck widths).
const RING_SHARE: f64 = 0.5;
const RING_WIDTH: f64 = 0.17;

/// Prominence from which an edge may be, and surely is, no mere unevenness.
const CLEAR_EDGE: (f64, f64) = (1.5, 2.5);
/// Unbroken step in lightness from which an arc may be, and surely is, the rim before a shaded inner back: however shallow it lies.
const SHADE: (f64, f64) = (0.15, 0.30);
/// The same for a deeper arc that may be the neckline as well: the upper one is then a tape or a collar at the back.
const FAINT_SHADE: (f64, f64) = (0.04, 0.10);

/// A depth whose edge is a local peak.
struct Peak<'c> {
    /// Edge strength over the usual one of all depths.
    prominence: f64,
    /// Step in lightness in the middle of the arc.
    step: f64,
    /// Step in lightness that nearly all of the arc reaches.
    unbroken: f64,
    /// How much the arc looks like a neckline; 0 until it is scored.
    score: f64,
    candidate: &'c Candidate,
}

/// Chooses among the depths whose edge is a local peak.
fn strongest_edge<'c>(neck: &Neck, candidates: &'c [Candidate]) -> Option<&'c Candidate> {
    let width = neck.width / neck.unit;
    let stand = ramp(neck.rise / neck.unit, STAND_COLLAR.0, STAND_COLLAR.1);
    let below_sag = USUAL_BELOW_SAG + stand * (STAND_BELOW_SAG - USUAL_BELOW_SAG);
    let expected = (USUAL_DEPTH * (1.0 - stand)).max(neck.sag.max(0.0) / neck.width + below_sag);
    let least_score = LEAST_SCORE * (1.0 + stand);
    let mut peaks = find_peaks(neck, candidates);
    score_peaks(&mut peaks, expected * width);
    let lowest = peaks
        .iter()
        .reduce(|best, peak| if peak.score > best.score { peak } else { best })
        .filter(|best| best.score >= least_score)?;
    let upper = peaks.iter().find(|peak| {
        peak.score >= RING_SHARE * lowest.score
            && peak.step >= RING_SHARE * lowest.step
            && peak.candidate.depth <= lowest.candidate.depth
            && lowest.candidate.depth - peak.candidate.depth <= RING_WIDTH * width
    });
    upper.map(|peak| peak.candidate)
}

/// Measures every local peak of the edge strength, the shallowest first.
fn find_peaks<'c>(neck: &Neck, candidates: &'c [Candidate]) -> Vec<Peak<'c>> {
    let edges: Vec<f64> = candidates.iter().map(|candidate| candidate.edge).collect();
    let typical = median_f64(&mut edges.clone()) + EDGE_FLOOR;
    let mut peaks = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let around = &edges[index.saturating_sub(1)..(index + 2).min(edges.len())];
        let is_peak = around.iter().all(|&edge| edge <= candidate.edge);
        if candidate.edge < LEAST_EDGE || !is_peak {
            continue;
        }
        peaks.push(Peak {
            prominence: candidate.edge / typical,
            step: f64::from(lightness_step(neck, &candidate.rows)),
            unbroken: f64::from(unbroken_step(neck, &candidate.rows)),
            score: 0.0,
            candidate,
        });
    }
    peaks
}

/// Tells per peak how surely it is the rim before a shaded inner back.
///
/// Its shade is unbroken, and no deeper arc has even a faint one.
fn find_rims(peaks: &[Peak]) -> Vec<f64> {
    let mut deeper: f64 = 0.0;
    let mut rims: Vec<f64> = peaks
        .iter()
        .rev()
        .map(|peak| {
            let clear = ramp(peak.prominence, CLEAR_EDGE.0, CLEAR_EDGE.1);
            let rim = clear * ramp(peak.unbroken, SHADE.0, SHADE.1) * (1.0 - deeper);
            deeper = deeper.max(clear * ramp(peak.unbroken, FAINT_SHADE.0, FAINT_SHADE.1));
            rim
        })
        .collect();
    rims.reverse();
    rims
}

/// Scores the peaks by edge, shade and depth; `expected` is the usual depth in shoulder widths.
///
/// A rim may lie as high as it likes, and below it there is only the front.
fn score_peaks(peaks: &mut [Peak], expected: f64) {
    let rims = find_rims(peaks);
    let mut not_yet_front = 1.0;
    for (peak, rim) in peaks.iter_mut().zip(rims) {
        let off = (peak.candidate.depth / expected).ln() / DEPTH_SPREAD;
        let off = if off < 0.0 { off * (1.0 - rim) } else { off };
        peak.score = not_yet_front * peak.prominence / (peak.prominence + HALF_PROMINENCE)
            * (1.0 + STEP_WEIGHT * peak.step).clamp(STEP_EFFECT.0, STEP_EFFECT.1)
            * (-0.5 * off * off).exp();
        not_yet_front *= 1.0 - rim;
    }
}

/// Samples at either end that lie on the neck points and say nothing about the shade.
const END_SAMPLES: usize = 3;
/// Percentile of the steps along an arc that counts as the step of nearly all of it.
const NEARLY_ALL: f32 = 20.0;

/// Measures the step in lightness, as [`lightness_step`] does, that nearly all of the arc reaches; 0 when too little of the
/// inner back is seen.
fn unbroken_step(neck: &Neck, rows: &[f64]) -> f32 {
    let mut steps = Vec::with_capacity(SAMPLES);
    let seen = END_SAMPLES..SAMPLES - END_SAMPLES;
    for (index, &row) in seen.clone().zip(&rows[seen]) {
        let first_inside = neck.top[index] + 1.0;
        if row - 3.0 < first_inside {
            continue;
        }
        let lightness = |offset: f64| neck.lab[(neck.columns[index], neck.row(row + offset))][0];
        let below = lightness(3.0).max(lightness(5.0));
        let far_above = if row - 5.0 < first_inside {
            f32::INFINITY
        } else {
            lightness(-5.0)
        };
        let above = lightness(-3.0).min(far_above);
        steps.push((below - above) / (above.max(below) + WEBER_FLOOR));
    }
    if steps.len() < LEAST_VISIBLE {
        return 0.0;
    }
    percentile(&mut steps, NEARLY_ALL)
}

/// Measures how much lighter the cloth is just below the arc than just above it, relative to its lightness.
fn lightness_step(neck: &Neck, rows: &[f64]) -> f32 {
    let lightness = |offset: f64| {
        median_of(
            (12..29)
                .map(|index| neck.lab[(neck.columns[index], neck.row(rows[index] + offset))][0]),
        )
    };
    let below = lightness(3.0).max(lightness(5.0));
    let above = lightness(-3.0).min(lightness(-5.0));
    (below - above) / (above.max(below) + WEBER_FLOOR)
}

/// The arc may be bent by this much to follow the real edge (shoulder widths).
const BEND: f64 = 0.035;

/// Follows the edge near the arc with one cheapest path.
fn bend_to_edge(neck: &Neck, gradient: &Gray, rows: &[f64]) -> Vec<f64> {
    let reach = (BEND * neck.unit).max(2.0) as usize;
    let cost = Plane::from_fn(SAMPLES, 2 * reach + 1, |index, step| {
        let offset = step as f64 - reach as f64;
        let edge = gradient[(neck.columns[index], neck.row(rows[index] + offset))];
        0.05 * offset.abs() as f32 - edge.min(8.0)
    });
    let path = seam(&cost, 1.0, 1);
    // The ends stay on the neck points.
    let offsets: Vec<f64> = path
        .iter()
        .zip(&neck.positions)
        .map(|(&step, position)| {
            if position.abs() < 0.9 {
                step as f64 - reach as f64
            } else {
                0.0
            }
        })
        .collect();
    rows.iter()
        .zip(gaussian_1d(&offsets, 2.0))
        .map(|(row, offset)| row + offset)
        .collect()
}

/// Smoothing of a round neckline (samples), which takes the tip from an arc between V and U.
const ROUNDING: f64 = 3.0;

/// Smooths the depth of an arc below the neck points; it still ends at them.
fn rounded(neck: &Neck, rows: &[f64]) -> Vec<f64> {
    let depths: Vec<f64> = rows
        .iter()
        .zip(&neck.base)
        .map(|(row, base)| row - base)
        .collect();
    let smooth = gaussian_1d(&depths, ROUNDING);
    let middle = |position: f64| ramp(position.abs(), 0.95, 0.7);
    depths
        .iter()
        .zip(smooth)
        .zip(neck.positions.iter().zip(&neck.base))
        .map(|((depth, smooth), (position, base))| {
            base + depth + (smooth - depth) * middle(*position)
        })
        .collect()
}

/// Assumes a shallow opening where no edge is seen (white on white, black on black).
fn shallow_default(neck: &Neck) -> Option<Vec<f64>> {
    if neck.width <= 0.42 * neck.unit || neck.sag >= 0.10 * neck.unit || neck.is_stand_collar() {
        return None;
    }
    let is_boat_neck = neck.width >= 0.7 * neck.unit;
    let depth = neck.sag.max(0.0) + if is_boat_neck { 0.05 } else { 0.10 } * neck.width;
    let rows = neck.positions.iter().zip(&neck.base);
    Some(
        rows.map(|(position, base)| {
            base + depth * (1.0 - position * position).clamp(0.0, 1.0).sqrt()
        })
        .collect(),
    )
}
