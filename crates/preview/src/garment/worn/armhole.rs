//! Where the body ends and the sleeve begins.
//!
//! Below the armpit both may touch: then only a crease shows the border. Rows in which the wall or the bare arm separates them
//! are certain; between these the border is the best path along creases (a shortest path as in seam carving, Avidan and Shamir
//! 2007) near the line that the certain rows continue.

use std::ops::Range;

use crate::garment::outline::Outline;
use crate::person::Side;
use crate::raster::{Gray, Mask, Plane, Point, box_blur, gaussian_1d, interp, lab, seam};

use super::Body;
use super::close_up::CloseUp;
use super::sleeves::Arm;

/// A set-in sleeve is sewn at this share of the half shoulder width.
const SEAM: f64 = 0.86;
/// Depth of an armhole below the shoulder point where nothing shows it, and the least depth (U).
const USUAL_DEPTH: f64 = 0.42;
const LEAST_DEPTH: f64 = 0.27;
/// The border is followed down to here below the shoulder point (U).
const LONGEST: f64 = 1.7;
/// Certain rows lie within this of the body's own edge (U).
const BELIEVED: f64 = 0.22;
/// A gap narrower than this is a fold (work pixels).
const LEAST_GAP: usize = 3;
/// Height of a group of certain rows (U).
const LEAST_GROUP: f64 = 0.04;
/// The path's search on both sides of the expected border (U), and the distance at which its price is 1.
const SEARCH: f64 = 0.10;
const SPREAD: f64 = 0.055;
/// Darkness of a crease that counts fully, the greatest that a crease has (Lab L), and the weight against the distance.
const CREASE: f32 = 5.0;
const DEEPEST_CREASE: f32 = 20.0;
const CREASE_WEIGHT: f32 = 0.8;
/// Half the width of a crease (U).
const CREASE_WIDTH: f64 = 0.02;
/// Price per column that the path moves, and the most columns from one row to the next.
const BEND: f32 = 0.3;
const STEEPEST: usize = 2;
/// Smoothing of the border (U).
const BLUR: f64 = 0.03;

/// Shoulder point, armpit and the border below it, work pixels of the close-up.
pub(super) struct Armhole {
    pub(super) shoulder: Point,
    pub(super) armpit: Point,
    /// Points from the armpit down to where body and sleeve are apart; empty without a sleeve.
    pub(super) border: Vec<Point>,
}

/// Finds the armhole of a sleeved side.
pub(super) fn of_sleeve(
    mask: &Mask,
    skin: &Mask,
    outline: &Outline,
    body: &Body,
    arm: &Arm,
    side: Side,
) -> Armhole {
    let u = body.unit();
    let shoulder = shoulder_point(outline, body, side);
    let first = (shoulder.y + LEAST_DEPTH * u).max(0.0) as usize;
    let end = ((shoulder.y + LONGEST * u).max(0.0) as usize).min(mask.height());
    let rows = first.min(end)..end;
    let certain = certain_rows(mask, skin, body, arm, rows.clone(), side);
    let expected: Vec<f64> = rows
        .clone()
        .map(|y| expected_border(&certain, body, arm, y as f64, side))
        .collect();
    let usual = shoulder.y + USUAL_DEPTH * u;
    let armpit_row = certain
        .first()
        .map_or(usual, |point| point.y.min(usual))
        .max(first as f64);
    let last_touch = touch_end(&certain, armpit_row, rows.end as f64);
    let touch = (armpit_row as usize).clamp(rows.start, rows.end)
        ..(last_touch as usize + 1).clamp(rows.start, rows.end);
    let mut border = follow_crease(body.close_up, mask, &expected, rows.start, touch, u);
    // Down to where both are apart.
    let apart = certain.iter().find(|point| point.y >= last_touch);
    border.extend(apart.map(|point| *point + Point::new(2.0 * side.sign(), 1.0)));
    let armpit = border.first().copied().unwrap_or_else(|| {
        let x = expected_border(&certain, body, arm, armpit_row, side);
        Point::new(x, armpit_row)
    });
    Armhole {
        shoulder,
        armpit,
        border,
    }
}

/// Finds where a set-in sleeve would be sewn on.
fn shoulder_point(outline: &Outline, body: &Body, side: Side) -> Point {
    let u = body.unit();
    let tip = body.place(body.person.shoulder_tips[side]);
    let center_x = body.place(Point::new(body.person.center_x, 0.0)).x;
    let x = center_x + SEAM * (tip.x - center_x);
    let top = outline.top_at(x);
    // Hair may hide the cloth here.
    let is_plausible = (top - tip.y).abs() < 0.2 * u;
    Point::new(x, if is_plausible { top } else { tip.y - 0.08 * u })
}

/// Lists the rows in which something else is seen between the arm's middle and the body, with the body's edge there.
///
/// Single rows are noise: they must come in groups.
fn certain_rows(
    mask: &Mask,
    skin: &Mask,
    body: &Body,
    arm: &Arm,
    rows: Range<usize>,
    side: Side,
) -> Vec<Point> {
    let inwards = -side.sign() as isize;
    let center_x = body.place(Point::new(body.person.center_x, 0.0)).x;
    let seen = rows.filter_map(|y| {
        let start = arm.middle_at(y as f64)?.round() as isize;
        let steps = ((start as f64 - center_x).abs() as isize).max(1);
        if !(mask.is_true(start, y as isize) || skin.is_true(start, y as isize)) {
            return None;
        }
        let is_cloth = |step: isize| mask.is_true(start + inwards * step, y as isize);
        let gap = (0..steps).find(|&step| !is_cloth(step))?;
        let edge = (gap..steps).find(|&step| is_cloth(step))?;
        let x = (start + inwards * edge) as f64;
        let believed = (x - body.torso_edge(side, y as f64)).abs() < BELIEVED * body.unit();
        (believed && edge - gap >= LEAST_GAP as isize).then(|| Point::new(x, y as f64))
    });
    let seen: Vec<Point> = seen.collect();
    let groups = seen.chunk_by(|above, below| below.y - above.y <= 2.0);
    let large = groups.filter(|group| group.len() as f64 >= LEAST_GROUP * body.unit());
    large.flatten().copied().collect()
}

/// Continues the certain rows; without any the arm's inner edge and the body's own edge are averaged.
fn expected_border(certain: &[Point], body: &Body, arm: &Arm, row: f64, side: Side) -> f64 {
    if certain.is_empty() {
        let torso = body.torso_edge(side, row);
        let inner = arm.inner_at(row).unwrap_or(torso);
        return f64::midpoint(torso, inner);
    }
    let (ys, xs): (Vec<f64>, Vec<f64>) = certain.iter().map(|point| (point.y, point.x)).unzip();
    interp(row, &ys, &xs)
}

/// Gives the first certain row below the armpit, or the last row when there is none.
fn touch_end(certain: &[Point], armpit_row: f64, last: f64) -> f64 {
    certain
        .iter()
        .map(|point| point.y)
        .find(|&y| y >= armpit_row)
        .unwrap_or(last)
}

/// Follows creases near the expected border through rows in which body and sleeve touch.
fn follow_crease(
    close_up: &CloseUp,
    mask: &Mask,
    expected: &[f64],
    first: usize,
    touch: Range<usize>,
    u: f64,
) -> Vec<Point> {
    let reach = (SEARCH * u).round().max(2.0) as isize;
    if touch.is_empty() {
        return Vec::new();
    }
    let darkness = crease_darkness(close_up, u);
    let mut cost = Plane::new(touch.len(), 2 * reach as usize + 1, 0.0_f32);
    for (step, y) in touch.clone().enumerate() {
        let middle = expected[y - first].round() as isize;
        for offset in -reach..=reach {
            let far = offset as f32 / (SPREAD * u) as f32;
            let column = middle + offset;
            let evidence = if mask.is_true(column, y as isize) {
                darkness.get_clamped(column, y as isize)
            } else {
                1.0
            };
            cost[(step, (offset + reach) as usize)] = far * far - CREASE_WEIGHT * evidence;
        }
    }
    let path = seam(&cost, BEND, STEEPEST);
    let columns: Vec<f64> = path
        .iter()
        .zip(touch.clone())
        .map(|(&index, y)| expected[y - first].round() + index as f64 - reach as f64)
        .collect();
    gaussian_1d(&columns, BLUR * u)
        .into_iter()
        .zip(touch)
        .map(|(x, y)| Point::new(x, y as f64))
        .collect()
}

/// Measures how much darker every pixel is than what lies left and right of it: 0 to 1 for a full crease.
fn crease_darkness(close_up: &CloseUp, u: f64) -> Gray {
    let lightness = lab(&close_up.work).map(|color| color[0]);
    let narrow = box_blur(&lightness, 3, 9);
    let beside = (2.0 * CREASE_WIDTH * u).round().max(3.0) as isize;
    Plane::from_fn(narrow.width(), narrow.height(), |x, y| {
        let (column, row) = (x as isize, y as isize);
        let left = narrow.get_clamped(column - beside, row);
        let right = narrow.get_clamped(column + beside, row);
        let depth = left.min(right) - narrow[(x, y)];
        let shade = (depth / CREASE).clamp(0.0, 1.0);
        // Darker lines are prints and seams.
        shade * ((DEEPEST_CREASE - depth) / CREASE).clamp(0.0, 1.0)
    })
}
