//! Sleeves: ruled strips between two matched rails, one along the outer and one along the inner edge of the arm.

use crate::garment::UpperShape;
use crate::person::{ArmPath, PersonRegions, Side};
use crate::raster::{Grid, Point, interp, polyline_length, resample};

use super::torso::body_edge;
use super::{Landing, index_of};

/// Positions across a sleeve: 0 is the outer rail, 1 the inner one; the strips beyond keep soft edges alive.
const COLUMNS: [f64; 11] = [
    -0.05, 0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 1.05,
];
/// Column of a sleeve's grid that is its outer rail.
pub const RAIL_OUTER: usize = 1;
/// Column of a sleeve's grid that is its inner rail.
pub const RAIL_INNER: usize = 9;
/// Rows of a sleeve's grid, without the row under the torso and the one beyond the cuff.
const ROWS: usize = 26;
/// Sleeves shorter than the first number (U) are lengthened by the second: boxy flat-lays shrink otherwise.
const SHORT_SLEEVES: [(f64, f64); 2] = [(0.62, 1.22), (0.75, 1.10)];
/// Sleeves from this natural length on are long (U).
const LONG_SLEEVE: f64 = 0.92;
/// Longest sleeve when nothing tells where the hand begins (U).
const LONG_MAX: f64 = 1.24;
/// Length of a hand (U).
const HAND: f64 = 0.34;

/// Says how a sleeve lies on its arm.
#[derive(Debug, Clone)]
pub struct SleeveFit {
    /// Grid on the person: rows from the shoulder to the cuff, columns from the outer to the inner edge.
    pub person: Grid,
    /// The same grid on the garment.
    pub garment: Grid,
    /// Outline of the sleeve on the person.
    pub outline: Vec<Point>,
    /// The sleeve reaches below the elbow.
    pub long: bool,
}

/// Lays one sleeve on its arm; none when the garment's sleeve or the arm has no extent.
pub(super) fn fit_sleeve(
    person: &PersonRegions,
    upper: &UpperShape,
    landing: &Landing,
    scale: f64,
    side: Side,
    arm: &ArmPath,
) -> Option<SleeveFit> {
    let sleeve = upper.sleeves[side].as_ref()?;
    let u = person.shoulder_width;
    let (natural, worn) = sleeve_length(person, upper, scale, side, arm);
    let long = natural > LONG_SLEEVE * u;
    let (shoulder, armpit) = (landing.shoulder[side], landing.armpit[side]);

    let (outer, inner) = arm_rails(person, upper, landing, scale, side, arm, worn, long)?;
    let outer_edge = resample(&joined(shoulder, &outer), 8);
    let cuff_corner = *outer_edge.last()?;
    let inner_length = (polyline_length(&sleeve.inner) * scale).clamp(0.07 * u, 1.2 * u)
        * (worn / natural.max(1.0));
    let mut inner_path: Vec<Point> = if long || inner_length > 0.6 * u {
        inner
            .iter()
            .copied()
            .filter(|point| point.y > armpit.y + 0.02 * u)
            .collect()
    } else {
        short_inner_path(person, side, arm, armpit, inner_length, cuff_corner)
    };
    if inner_path.is_empty() {
        let last = inner.last()?;
        inner_path.push(Point::new(last.x, last.y.max(armpit.y + 0.05 * u)));
    }
    let inner_edge = resample(&joined(armpit, &inner_path), 8);

    let garment_inner: Vec<Point> = sleeve.inner.iter().rev().copied().collect();
    let mut outline = outer_edge.clone();
    outline.extend(resample(&[cuff_corner, *inner_edge.last()?], 5));
    outline.extend(inner_edge.iter().rev());
    let fit = SleeveFit {
        person: strip(
            &rail(&outer_edge, person.center_x)?,
            &rail(&inner_edge, person.center_x)?,
        ),
        garment: strip(
            &rail(&sleeve.outer, upper.axis_x)?,
            &rail(&garment_inner, upper.axis_x)?,
        ),
        outline,
        long,
    };
    let finite = |points: &[Point]| {
        points
            .iter()
            .all(|point| point.x.is_finite() && point.y.is_finite())
    };
    (finite(&fit.person.points) && finite(&fit.garment.points) && finite(&fit.outline))
        .then_some(fit)
}

/// Gives the natural and the worn length: short sleeves keep their own, long ones end at the wrist.
fn sleeve_length(
    person: &PersonRegions,
    upper: &UpperShape,
    scale: f64,
    side: Side,
    arm: &ArmPath,
) -> (f64, f64) {
    let u = person.shoulder_width;
    let lengths = upper
        .sleeves
        .iter()
        .filter_map(|(_, sleeve)| Some(polyline_length(&sleeve.as_ref()?.outer)));
    let flat = lengths.reduce(f64::min).unwrap_or(0.0) * scale;
    let factor = SHORT_SLEEVES
        .iter()
        .find(|(limit, _)| flat < limit * u)
        .map_or(1.0, |(_, factor)| *factor);
    let natural = flat * factor;
    let worn = natural.min(LONG_MAX * u);
    if natural <= LONG_SLEEVE * u {
        return (natural, worn);
    }
    let Some((first, last)) = hand_rows(person, side) else {
        return (natural, worn);
    };
    let outer_rows: Vec<f64> = arm.outer.iter().map(|point| point.y).collect();
    let length_down_to = |row: f64| interp(row, &outer_rows, &arm.distance);
    if person.bare_arm[side] > 0.5 {
        if natural <= 1.1 * u {
            return (natural, worn);
        }
        let hand_is_whole = last < person.silhouette.height() as f64 - 3.0;
        let wrist = if hand_is_whole {
            last - HAND * u
        } else {
            outer_rows.last().copied().unwrap_or(last)
        };
        return (natural, length_down_to(wrist).clamp(0.9 * u, 1.55 * u));
    }
    if person.long_sleeve[side] > 0.65 {
        let to_the_hand = length_down_to(first + 0.02 * u);
        return (natural, to_the_hand.max(worn * 0.9).min(1.5 * u));
    }
    (natural, worn)
}

/// Gives the first and the last row of bare arm on one side.
fn hand_rows(person: &PersonRegions, side: Side) -> Option<(f64, f64)> {
    let beyond = 0.1 * person.shoulder_width;
    let has_arm = |y: &usize| {
        let row = person.arm.row(*y);
        row.iter()
            .enumerate()
            .any(|(x, &arm)| arm && side.sign() * (x as f64 - person.center_x) > beyond)
    };
    let first = (0..person.arm.height()).find(has_arm)?;
    let last = (first..person.arm.height()).rev().find(has_arm)?;
    Some((first as f64, last as f64))
}

/// Places seven points along both edges of the arm where the cloth's edges run.
#[expect(
    clippy::too_many_arguments,
    reason = "the results of all the earlier steps meet here"
)]
fn arm_rails(
    person: &PersonRegions,
    upper: &UpperShape,
    landing: &Landing,
    scale: f64,
    side: Side,
    arm: &ArmPath,
    worn: f64,
    long: bool,
) -> Option<(Vec<Point>, Vec<Point>)> {
    let sleeve = upper.sleeves[side].as_ref()?;
    let u = person.shoulder_width;
    let marks = &upper.landmarks;
    let cuff_width = (polyline_length(&sleeve.cuff) * scale).clamp(0.12 * u, 0.6 * u);
    let upper_width = (marks.shoulder[side] - marks.armpit[side]).length() * scale * 0.8;
    let reach = (worn - (*arm.outer.first()? - landing.shoulder[side]).length()).max(0.06 * u);
    let old_edge = match side {
        Side::Left => &person.left_edge,
        Side::Right => &person.right_edge,
    };
    let (mut outer, mut inner) = (Vec::with_capacity(7), Vec::with_capacity(7));
    for step in 0..7 {
        let t = f64::from(step) / 6.0;
        let index = arm
            .distance
            .partition_point(|&distance| distance < reach * t)
            .min(arm.outer.len() - 1);
        let (edge, inward, width) = (
            *arm.outer.get(index)?,
            *arm.inward.get(index)?,
            arm.width.get(index)?.max(1.0),
        );
        let cloth_width = cuff_width * t + (1.0 - t) * upper_width;
        let extra = cloth_width.clamp(width * 1.10, width * 1.45) - width;
        let mut outside = edge - inward * (0.45 * extra);
        if !long {
            // Covers the old sleeve's edge, but not its whole flare.
            let old = old_edge
                .get(index_of(edge.y, old_edge.len()))
                .copied()
                .unwrap_or(-1.0);
            if old >= 0.0 {
                let away = |x: f64| side.sign() * (x - person.center_x);
                let cover = away(old).min(away(edge.x) + 0.10 * u);
                outside.x = person.center_x + side.sign() * away(outside.x).max(cover);
            }
        }
        outer.push(outside);
        inner.push(edge + inward * (width + 0.55 * extra));
    }
    Some((outer, inner))
}

/// Runs a short sleeve's inner edge from the armpit down the arm, never into the body.
fn short_inner_path(
    person: &PersonRegions,
    side: Side,
    arm: &ArmPath,
    armpit: Point,
    length: f64,
    cuff_corner: Point,
) -> Vec<Point> {
    let u = person.shoulder_width;
    let arm_end = arm.inner.last().map_or(armpit.y, |point| point.y);
    let end = (armpit.y + length)
        .min(arm_end)
        .min((cuff_corner.y + 0.10 * u).max(armpit.y + 0.06 * u));
    let rows: Vec<f64> = arm.outer.iter().map(|point| point.y).collect();
    let columns: Vec<f64> = arm.inner.iter().map(|point| point.x).collect();
    let away = |x: f64| side.sign() * (x - person.center_x);
    let start = armpit.y + 0.25 * (end - armpit.y);
    let point_at = |step: u32| {
        let y = start + (end - start) * f64::from(step) / 4.0;
        let on_arm = interp(y, &rows, &columns) - side.sign() * 0.02 * u;
        let reach = away(on_arm).max(away(body_edge(person, side, y)) - 0.03 * u);
        Point::new(person.center_x + side.sign() * reach, y)
    };
    (0..5).map(point_at).collect()
}

/// Resamples an edge and adds one row under the torso and one beyond the cuff, so that soft edges survive.
fn rail(edge: &[Point], axis_x: f64) -> Option<Vec<Point>> {
    let points = resample(edge, ROWS);
    let (&first, &last) = (points.first()?, points.last()?);
    let before_last = *points.get(points.len().checked_sub(2)?)?;
    let mut rail = vec![Point::new(first.x + (axis_x - first.x) * 0.10, first.y)];
    rail.extend(points);
    rail.push(last + (last - before_last) * 1.2);
    Some(rail)
}

/// Rules the strip between two rails of the same number of points.
fn strip(outer: &[Point], inner: &[Point]) -> Grid {
    let points = outer
        .iter()
        .zip(inner)
        .flat_map(|(&a, &b)| COLUMNS.map(|across| a.lerp(b, across)))
        .collect();
    Grid {
        rows: outer.len().min(inner.len()),
        cols: COLUMNS.len(),
        points,
    }
}

/// Puts one point before a polyline.
fn joined(first: Point, rest: &[Point]) -> Vec<Point> {
    std::iter::once(first).chain(rest.iter().copied()).collect()
}
