//! Landmarks of a top or a dress on its wearer.
//!
//! They lie where the same garment would be laid on this body: shoulder points on the seam of a set-in sleeve, armpits at the
//! usual depth on the torso's edge. So the way from the wearer to another person is a way between equal places.

use crate::garment::outline::Outline;
use crate::garment::types::{GarmentError, Sleeve, UpperLandmarks, UpperShape, Warning};
use crate::person::{PerSide, Side};
use crate::raster::{Mask, Point, largest_component, median_f64, open, percentile_f64, runs};

use super::Body;
use super::armhole::{self, Armhole};
use super::sleeves;

/// Rows in which the lower end of a bare armhole is searched, U under the shoulders.
const BARE_ARMHOLE: (f64, f64) = (0.16, 0.56);
/// What is thinner than twice this at the lower end does not belong to the hem (U).
const HEM_RADIUS: f64 = 0.03;
/// Percentile of the rows' unevenness that counts.
const PROTRUSION_QUANTILE: f64 = 93.0;
/// Least distance between the shoulder points in work pixels, so that it can be divided by.
const LEAST_SHOULDER_WIDTH: f64 = 4.0;

/// Finds landmarks, sleeves and body; `skin` is the bare skin around the garment.
pub(super) fn analyze(
    mask: &Mask,
    skin: &Mask,
    outline: &Outline,
    body: &Body,
) -> Result<UpperShape, GarmentError> {
    let arms = sleeves::arms(body);
    let reach = PerSide::from_fn(|side| arms[side].as_ref().map_or(0.0, |arm| arm.cover(mask)));
    let sleeved = sleeves::is_sleeved(&reach);
    let center = body.place(Point::new(body.person.center_x, body.person.shoulder_y));

    let armhole = PerSide::from_fn(|side| match &arms[side] {
        Some(arm) if sleeved => armhole::of_sleeve(mask, skin, outline, body, arm, side),
        _ => bare_armhole(mask, body, center, side),
    });
    let armpit = PerSide::from_fn(|side| armhole[side].armpit);
    let shoulder = PerSide::from_fn(|side| armhole[side].shoulder);
    let axis_x = f64::midpoint(armpit.left.x, armpit.right.x);
    let neck = PerSide::from_fn(|side| neck_point(outline, shoulder[side], side, axis_x));

    let mut cut_sleeves = PerSide::from_fn(|_| None);
    if sleeved {
        for side in Side::ALL {
            cut_sleeves[side] = sleeves::cut(mask, skin, body, &armhole[side], side);
        }
    }
    let trunk = without_sleeves(mask, &cut_sleeves);
    let hem = find_hem(&trunk, axis_x, body.unit()).ok_or(GarmentError::NotAGarment)?;
    let width = armpit.right.x - armpit.left.x;
    if width < 0.3 * body.unit() {
        return Err(GarmentError::NotAGarment);
    }
    let protrusion = protrusion_warning(&trunk, armpit, hem, axis_x, body.unit());
    let torso_width = trunk_width(&trunk, armpit, hem, axis_x).unwrap_or(width);
    Ok(UpperShape {
        landmarks: UpperLandmarks {
            shoulder,
            neck,
            armpit,
            hem,
        },
        sleeves: cut_sleeves,
        body: trunk,
        opening: Mask::new(mask.width(), mask.height(), false),
        neck_arc: None,
        axis_x,
        half_width: width / 2.0,
        armpit_width: width,
        shoulder_width: (shoulder.right.x - shoulder.left.x).max(LEAST_SHOULDER_WIDTH),
        torso_width,
        read_as_sleeveless: false,
        warnings: vec![strap_warning(body, shoulder), protrusion],
    })
}

/// Straps that are too thin or too much like the skin end the visible garment below the shoulders.
fn strap_warning(body: &Body, shoulder: PerSide<Point>) -> Warning {
    let gap = |side: Side| shoulder[side].y - body.place(body.person.shoulder_tips[side]).y;
    let deepest = gap(Side::Left).max(gap(Side::Right)) / body.unit();
    Warning {
        reason: "straps are not seen in the product photo",
        factor: 1.0 - 0.7 * ((deepest - 0.06) / 0.08).clamp(0.0, 1.0),
    }
}

/// Reads the armhole of a garment without sleeves off its outline.
fn bare_armhole(mask: &Mask, body: &Body, center: Point, side: Side) -> Armhole {
    let u = body.unit();
    let outermost = |from: f64, to: f64, slope: f64| {
        let first = (center.y + from * u).max(0.0) as usize;
        let last = ((center.y + to * u).max(0.0) as usize).min(mask.height());
        let mut best: Option<(f64, Point)> = None;
        for y in first..last {
            let Some(x) = edge_of(mask, y, center.x, side) else {
                continue;
            };
            let score = side.sign() * (x - center.x) + slope * y as f64;
            if best.is_none_or(|(highest, _)| score > highest) {
                best = Some((score, Point::new(x, y as f64)));
            }
        }
        best.map(|(_, point)| point)
    };
    let armpit = outermost(BARE_ARMHOLE.0, BARE_ARMHOLE.1, -0.2).unwrap_or(Point::new(
        center.x + side.sign() * 0.36 * u,
        center.y + 0.4 * u,
    ));
    let strap_rows = (armpit.y - center.y) / u;
    let shoulder = outermost(-0.4, strap_rows * 0.6, -1.8).unwrap_or(Point::new(
        armpit.x - side.sign() * 0.04 * u,
        armpit.y - 0.1 * u,
    ));
    Armhole {
        shoulder,
        armpit,
        border: Vec::new(),
    }
}

/// Bags and hands that were taken for cloth stick out on one side in some rows.
///
/// Compares both sides row by row; what all rows have in common is the wearer's pose.
fn protrusion_warning(
    trunk: &Mask,
    armpit: PerSide<Point>,
    hem: PerSide<Point>,
    axis_x: f64,
    u: f64,
) -> Warning {
    let first = armpit.left.y.max(armpit.right.y).max(0.0) as usize;
    let end = (hem.left.y.min(hem.right.y).max(0.0) as usize).min(trunk.height());
    let mut unevenness: Vec<f64> = (first..end)
        .filter_map(|y| {
            let left = edge_of(trunk, y, axis_x, Side::Left)?;
            let right = edge_of(trunk, y, axis_x, Side::Right)?;
            Some((left + right - 2.0 * axis_x) / u)
        })
        .collect();
    let spread = if unevenness.len() < 8 {
        0.0
    } else {
        let middle = median_f64(&mut unevenness);
        let mut off: Vec<f64> = unevenness
            .iter()
            .map(|value| (value - middle).abs())
            .collect();
        percentile_f64(&mut off, PROTRUSION_QUANTILE)
    };
    Warning {
        reason: "something sticks out of the garment in the product photo",
        factor: 1.0 - 0.6 * ((spread - 0.12) / 0.10).clamp(0.0, 1.0),
    }
}

/// Gives the outer end of the cloth on one side of the middle in a row.
fn edge_of(mask: &Mask, y: usize, middle: f64, side: Side) -> Option<f64> {
    let x = match side {
        Side::Left => mask.first_in_row(y),
        Side::Right => mask.last_in_row(y),
    }? as f64;
    (side.sign() * (x - middle) > 0.0).then_some(x)
}

/// Finds the highest point of the upper outline between axis and shoulder, the outer one of equals.
fn neck_point(outline: &Outline, shoulder: Point, side: Side, axis_x: f64) -> Point {
    let inner = axis_x + 0.12 * (shoulder.x - axis_x);
    let outer = shoulder.x - 0.02 * (shoulder.x - axis_x);
    let first = inner.min(outer).max(0.0) as usize;
    let last = (inner.max(outer).max(0.0) as usize).min(outline.top.len() - 1);
    let mut best = (f64::NEG_INFINITY, shoulder);
    for x in first..=last {
        let score = -outline.top[x] + 0.10 * side.sign() * (x as f64 - axis_x);
        if score > best.0 {
            best = (score, Point::new(x as f64, outline.top[x]));
        }
    }
    best.1
}

/// Gives the largest piece left without the sleeves.
fn without_sleeves(mask: &Mask, sleeves: &PerSide<Option<Sleeve>>) -> Mask {
    let mut body = mask.clone();
    for side in Side::ALL {
        if let Some(sleeve) = &sleeves[side] {
            body.subtract_assign(&sleeve.mask);
        }
    }
    largest_component(&open(&body, 2.0))
}

/// Finds the lower corners: outermost and lowest in the lowest part of the body.
fn find_hem(trunk: &Mask, axis_x: f64, u: f64) -> Option<PerSide<Point>> {
    // Threads and slivers of the trousers are no corners.
    let trunk = &largest_component(&open(trunk, HEM_RADIUS * u));
    let first = (axis_x - 0.2 * u).max(0.0) as usize;
    let end = ((axis_x + 0.2 * u).max(0.0) as usize).min(trunk.width());
    let lowest = (first..end).filter_map(|x| trunk.last_in_col(x)).max()?;
    let top = (lowest as f64 - 0.2 * u).max(0.0) as usize;
    let corner = |side: Side| {
        let mut best: Option<(f64, Point)> = None;
        for y in top..=lowest {
            let Some(x) = edge_of(trunk, y, axis_x, side) else {
                continue;
            };
            let score = side.sign() * x * 0.6 + y as f64;
            if best.is_none_or(|(highest, _)| score > highest) {
                best = Some((score, Point::new(x, y as f64)));
            }
        }
        best.map(|(_, point)| point)
    };
    Some(PerSide {
        left: corner(Side::Left)?,
        right: corner(Side::Right)?,
    })
}

/// Measures the width of the trunk between armpits and hem.
fn trunk_width(
    trunk: &Mask,
    armpit: PerSide<Point>,
    hem: PerSide<Point>,
    axis_x: f64,
) -> Option<f64> {
    let from = armpit.left.y.max(armpit.right.y);
    let to = hem.left.y.min(hem.right.y);
    let rows =
        (from + 0.3 * (to - from)).max(0.0) as usize..(to.max(0.0) as usize).min(trunk.height());
    let mut widths: Vec<f64> = rows
        .filter_map(|y| {
            runs(trunk.row(y))
                .into_iter()
                .find(|run| run.start as f64 - 4.0 <= axis_x && axis_x <= run.end as f64 + 4.0)
        })
        .map(|run| run.length() as f64)
        .collect();
    (!widths.is_empty()).then(|| median_f64(&mut widths))
}
