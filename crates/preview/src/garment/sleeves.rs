//! Sleeves as quadrilaterals: outer edge, cuff, inner edge.

use super::armholes::{Armholes, mirror};
use super::outline::{Outline, outer_way};
use super::types::Sleeve;
use crate::person::{PerSide, Side};
use crate::raster::{Mask, Point, fill_polygon, gaussian_1d, polyline_length, resample};

/// A sleeve with less than this share of the other one's area is replaced by its mirror image.
const MIRROR_BELOW: f64 = 0.6;
/// Points to which the outline of a sleeve is resampled.
const SAMPLES: usize = 60;
/// Shortest contour (pixels) from shoulder to armpit that can be a sleeve.
const SHORTEST_CONTOUR: usize = 8;
/// Smoothing of the contour (pixels).
const CONTOUR_SIGMA: f64 = 2.5;

/// Landmarks of the upper half and the sleeves that hang on them.
#[derive(Clone, Debug)]
pub(super) struct Arms {
    pub(super) axis_x: f64,
    pub(super) half_width: f64,
    pub(super) shoulder: PerSide<Point>,
    pub(super) neck: PerSide<Point>,
    pub(super) armpit: PerSide<Point>,
    pub(super) sleeves: PerSide<Option<Sleeve>>,
}

/// Cuts the sleeves off along the line from the shoulder point to the armpit.
pub(super) fn cut_sleeves(
    mask: &Mask,
    outline: &Outline,
    armholes: &Armholes,
    mut arms: Arms,
) -> Arms {
    let paths = PerSide::from_fn(|side| {
        armholes.has_sleeve[side]
            .then(|| sleeve_path(outline, armholes, &arms, side))
            .flatten()
    });
    let corners = cuff_corners(&paths, &arms);
    arms.sleeves = PerSide::from_fn(|side| {
        let path = paths[side].as_ref()?;
        let (outer, inner) = corners[side];
        Some(Sleeve {
            mask: fill_polygon(mask.width(), mask.height(), &path.outline).and(mask),
            outer: path.samples[..=outer].to_vec(),
            cuff: path.samples[outer..=inner].to_vec(),
            inner: path.samples[inner..].to_vec(),
        })
    });
    mirror_poorer_sleeve(mask, &mut arms);
    arms
}

/// The outline of a sleeve from the shoulder point around the cuff to the armpit.
struct SleevePath {
    outline: Vec<Point>,
    /// The outline in `SAMPLES` equal steps.
    samples: Vec<Point>,
}

fn sleeve_path(
    outline: &Outline,
    armholes: &Armholes,
    arms: &Arms,
    side: Side,
) -> Option<SleevePath> {
    let (shoulder, armpit) = (arms.shoulder[side], arms.armpit[side]);
    let lower_end = armholes.gap_top[side].unwrap_or(armpit);
    let mut path = outer_path(outline, shoulder, lower_end, side);
    if path.len() < SHORTEST_CONTOUR {
        return None;
    }
    if armholes.gap_top[side].is_some() {
        path.push(armpit);
    }
    let path = smooth_inner_points(&path);
    let samples = resample(&path, SAMPLES);
    Some(SleevePath {
        outline: path,
        samples,
    })
}

/// Takes the way along the contour from the shoulder to the armpit that lies further out.
fn outer_path(outline: &Outline, shoulder: Point, lower_end: Point, side: Side) -> Vec<Point> {
    let (from, _) = outline.nearest_on_contour(shoulder);
    let (to, _) = outline.nearest_on_contour(lower_end);
    outer_way(&outline.contour, from, to, side)
}

/// Smooths a polyline but for its two ends.
fn smooth_inner_points(path: &[Point]) -> Vec<Point> {
    let xs = gaussian_1d(
        &path.iter().map(|point| point.x).collect::<Vec<_>>(),
        CONTOUR_SIGMA,
    );
    let ys = gaussian_1d(
        &path.iter().map(|point| point.y).collect::<Vec<_>>(),
        CONTOUR_SIGMA,
    );
    let mut smooth: Vec<Point> = xs
        .into_iter()
        .zip(ys)
        .map(|(x, y)| Point::new(x, y))
        .collect();
    let last = path.len() - 1;
    smooth[0] = path[0];
    smooth[last] = path[last];
    smooth
}

/// Both corners lie beyond these shares of the sleeve's length.
const OUTER_CORNER_FROM: f64 = 0.78;
const INNER_CORNER_FROM: f64 = 0.60;
/// Samples in which the corners are searched, and the longest cuff in samples.
const OUTER_CORNERS: std::ops::Range<usize> = 6..54;
const LAST_INNER_CORNER: usize = 58;
const LONGEST_CUFF: usize = 25;
/// Narrowest and usual widest cuff (widths of the armhole).
const NARROWEST_CUFF: f64 = 0.18;
const WIDEST_CUFF: f64 = 0.9;
/// Corners where no pair fits.
const DEFAULT_CORNERS: (usize, usize) = (36, 46);

/// Score of every pair of corners; lower is better, none where the pair is impossible.
type CornerScores = Vec<((usize, usize), f64)>;

/// Sleeves whose outlines differ less than this share in length have their cuffs at the same places.
const ALIKE: f64 = 0.15;

/// Finds both corners of both cuffs, as indices into the samples.
///
/// One sleeve alone often leaves open where the cuff ends (a fold, a frill); garments are symmetric, so sleeves of about the
/// same length are asked together.
fn cuff_corners(paths: &PerSide<Option<SleevePath>>, arms: &Arms) -> PerSide<(usize, usize)> {
    let scores = PerSide::from_fn(|side| {
        paths[side].as_ref().map_or_else(Vec::new, |path| {
            corner_scores(&path.samples, arms.shoulder[side], arms.armpit[side], side)
        })
    });
    let armhole = (arms.shoulder.left - arms.armpit.left).length();
    let best = |scores: &CornerScores| soft_minimum(scores, CORNER_TEMPERATURE * armhole);
    if let PerSide {
        left: Some(left),
        right: Some(right),
    } = paths
    {
        let (a, b) = (
            polyline_length(&left.samples),
            polyline_length(&right.samples),
        );
        let joint: CornerScores = joint_scores(&scores.left, &scores.right);
        if (a - b).abs() < ALIKE * a.max(b) && !joint.is_empty() {
            let corners = best(&joint);
            return PerSide {
                left: corners,
                right: corners,
            };
        }
    }
    PerSide::from_fn(|side| best(&scores[side]))
}

/// Pairs that lose less than about this much count together (widths of the armhole).
const CORNER_TEMPERATURE: f64 = 0.03;

/// Averages the pairs of corners, nearly best ones included: the best alone jumps between two ends of a frill.
fn soft_minimum(scores: &CornerScores, temperature: f64) -> (usize, usize) {
    let best = scores
        .iter()
        .map(|(_, score)| *score)
        .fold(f64::INFINITY, f64::min);
    let (mut weights, mut outers, mut inners) = (0.0, 0.0, 0.0);
    for &((outer, inner), score) in scores {
        let weight = ((best - score) / temperature.max(1e-6)).exp();
        weights += weight;
        outers += weight * outer as f64;
        inners += weight * inner as f64;
    }
    if weights <= 0.0 || !weights.is_finite() {
        return DEFAULT_CORNERS;
    }
    let outer = (outers / weights).round() as usize;
    let inner = (inners / weights).round() as usize;
    (outer, inner.max(outer + 2).min(SAMPLES - 1))
}

/// Adds the scores of the pairs that are possible on both sides; both lists are in the same order.
fn joint_scores(left: &CornerScores, right: &CornerScores) -> CornerScores {
    let mut others = right.iter().peekable();
    let mut joint = Vec::new();
    for &(corners, score) in left {
        while others.peek().is_some_and(|other| other.0 < corners) {
            others.next();
        }
        if let Some(other) = others.peek().filter(|other| other.0 == corners) {
            joint.push((corners, score + other.1));
        }
    }
    joint
}

/// Fits outer edge, cuff and inner edge as three straight lines for all possible pairs of corners.
///
/// The corners must lie far along the sleeve's axis, which runs to its outermost and lowest point: the farthest point would
/// be the wrong one for bell sleeves.
fn corner_scores(points: &[Point], shoulder: Point, armpit: Point, side: Side) -> CornerScores {
    let armhole = (shoulder - armpit).length();
    let along = progress_along_sleeve(points, shoulder.lerp(armpit, 0.5), side);
    let last = points.len() - 1;
    let mut scores = Vec::new();
    for outer in OUTER_CORNERS {
        if along[outer] < OUTER_CORNER_FROM {
            continue;
        }
        let outer_error = line_error(points, 0, outer);
        for inner in outer + 2..=LAST_INNER_CORNER.min(outer + LONGEST_CUFF) {
            let cuff = (points[outer] - points[inner]).length();
            if along[inner] < INNER_CORNER_FROM || cuff < NARROWEST_CUFF * armhole {
                continue;
            }
            let error = 0.6 * outer_error
                + line_error(points, outer, inner)
                + 0.6 * line_error(points, inner, last);
            let length = (points[outer] - shoulder)
                .length()
                .min((points[inner] - armpit).length());
            let too_wide = (cuff - WIDEST_CUFF * armhole).max(0.0);
            let score = (error / SAMPLES as f64).sqrt() - 0.6 * length + 0.25 * too_wide;
            scores.push(((outer, inner), score));
        }
    }
    scores
}

/// Projects the points onto the sleeve's axis; 1 is the farthest.
fn progress_along_sleeve(points: &[Point], root: Point, side: Side) -> Vec<f64> {
    let reach = |point: Point| side.sign() * (point.x - root.x) + 0.7 * (point.y - root.y);
    let mut tip = points[0];
    for &point in points {
        if reach(point) > reach(tip) {
            tip = point;
        }
    }
    let axis = (tip - root) * (1.0 / (tip - root).length().max(1e-6));
    let projected: Vec<f64> = points
        .iter()
        .map(|&point| (point - root).dot(axis))
        .collect();
    let farthest = projected.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    projected
        .into_iter()
        .map(|value| value / farthest)
        .collect()
}

/// Sums the squared distances of the points between two indices from the straight line between them.
fn line_error(points: &[Point], from: usize, to: usize) -> f64 {
    if to < from + 2 {
        return 0.0;
    }
    let start = points[from];
    let span = points[to] - start;
    let direction = span * (1.0 / span.length().max(1e-6));
    points[from + 1..to]
        .iter()
        .map(|&point| {
            let offset = point - start;
            let across = offset.x * direction.y - offset.y * direction.x;
            across * across
        })
        .sum()
}

/// Replaces a sleeve that covers far less than the other by its mirror image.
///
/// Flat-lays are symmetric: the outline of the smaller one was cut wrongly.
fn mirror_poorer_sleeve(mask: &Mask, arms: &mut Arms) {
    let PerSide {
        left: Some(left),
        right: Some(right),
    } = &arms.sleeves
    else {
        return;
    };
    let areas = PerSide {
        left: left.mask.count(),
        right: right.mask.count(),
    };
    let better = if areas.left >= areas.right {
        Side::Left
    } else {
        Side::Right
    };
    let poorer = better.other();
    if areas[poorer] as f64 > MIRROR_BELOW * areas[better] as f64 {
        return;
    }
    let (model, own) = if better == Side::Left {
        (left, right)
    } else {
        (right, left)
    };
    let flip = |points: &[Point]| -> Vec<Point> {
        points
            .iter()
            .map(|&point| mirror(point, arms.axis_x))
            .collect()
    };
    let (outer, cuff, inner) = (flip(&model.outer), flip(&model.cuff), flip(&model.inner));
    let outline: Vec<Point> = outer.iter().chain(&cuff).chain(&inner).copied().collect();
    let mirrored = fill_polygon(mask.width(), mask.height(), &outline)
        .and(mask)
        .and_not(&model.mask);
    let covers_enough = mirrored.count() as f64 > 0.5 * areas[better] as f64;
    let mask = if covers_enough {
        mirrored
    } else {
        own.mask.clone()
    };
    arms.armpit[poorer] = mirror(arms.armpit[better], arms.axis_x);
    arms.shoulder[poorer] = mirror(arms.shoulder[better], arms.axis_x);
    arms.sleeves[poorer] = Some(Sleeve {
        mask,
        outer,
        cuff,
        inner,
    });
}
