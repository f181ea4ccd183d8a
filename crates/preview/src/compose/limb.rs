//! Bare arms under old long sleeves: an arm of plausible width along the middle of the sleeve.
//!
//! The middle is the cheapest path through the sleeve from the shoulder to the hand, cheap where it is far from the sleeve's
//! outline (a geodesic centre line; Deschamps and Cohen 2001). It follows bent arms as well as hanging ones.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::person::{PersonRegions, Side};
use crate::raster::{
    Edge, Gray, Mask, Plane, Point, close, dilate, distance_inside, gaussian_1d_with, interp,
    resample,
};

/// Half the width of an arm (U) at shares of the way from the shoulder to the wrist.
const SHARES: [f64; 7] = [0.0, 0.1, 0.22, 0.45, 0.58, 0.7, 1.0];
const HALF_WIDTHS: [f64; 7] = [0.165, 0.138, 0.114, 0.093, 0.089, 0.088, 0.062];
/// A sleeve that is this much wider than the arm of the table makes the arm wider by this share of the excess.
const LOOSENESS: f64 = 0.15;
/// A sleeve that is this much narrower shows a slimmer arm; below, the sleeve's outline was misread.
const SLIMMEST: f64 = 0.70;
/// Least area of a sleeve (U squared) that hides an arm.
const LEAST_SLEEVE: f64 = 0.02;
/// The joint of the shoulder, from the tip inwards and down (U).
const JOINT: f64 = 0.10;
/// Around the joint cloth lies close to the body: the shoulder is as round as the cloth (U).
const SHOULDER: f64 = 0.19;
/// Number of points along the middle line, and their smoothing (points).
const POINTS: usize = 64;
const SMOOTH: f64 = 4.0;
/// The middle line ends in the middle of this much of the hand (U).
const INTO_HAND: f64 = 0.12;

/// Arms that old long sleeves hide.
#[derive(Debug, Clone)]
pub(super) struct HiddenArms {
    /// Sleeves whose arm is known, and everything beside the torso on that side (work mask).
    pub(super) sleeves: Mask,
    /// The arms in them (work mask).
    pub(super) arms: Mask,
}

/// Finds the arms under old long sleeves; sleeves that cannot be followed are left out.
pub(super) fn hidden_arms(person: &PersonRegions) -> HiddenArms {
    let (width, height) = person.old_sleeves.size();
    let mut found = HiddenArms {
        sleeves: Plane::new(width, height, false),
        arms: Plane::new(width, height, false),
    };
    for side in Side::ALL {
        let sleeve = Plane::from_fn(width, height, |x, y| {
            person.old_sleeves[(x, y)] && side.sign() * (x as f64 - person.center_x) > 0.0
        });
        if (sleeve.count() as f64) < LEAST_SLEEVE * person.shoulder_width.powi(2) {
            continue;
        }
        // Cuffs and what is wider than the expected sleeve.
        let tip = person.shoulder_tips[side];
        let beside = Plane::from_fn(width, height, |x, y| {
            !person.torso[(x, y)]
                && y as f64 > tip.y + JOINT * person.shoulder_width
                && side.sign() * (x as f64 - person.center_x) > 0.0
        });
        let whole = sleeve.or(&beside.and(&person.old_top));
        if let Some(arm) = Limb::new(person, &whole, side) {
            found.arms.or_assign(&arm.within(&dilate(&whole, 3.0)));
            found.sleeves.or_assign(&whole.or(&beside));
        }
    }
    found
}

/// A middle line with half widths, work pixels.
struct Limb {
    middle: Vec<Point>,
    half_width: Vec<f64>,
    /// Radius of the shoulder around the first point.
    shoulder: f64,
}

impl Limb {
    fn new(person: &PersonRegions, sleeve: &Mask, side: Side) -> Option<Self> {
        let u = person.shoulder_width;
        let tip = person.shoulder_tips[side];
        let hand = Plane::from_fn(sleeve.width(), sleeve.height(), |x, y| {
            person.arm[(x, y)] && !sleeve[(x, y)] && side.sign() * (x as f64 - tip.x) > -1.2 * u
        });
        let wrist = hand.and(&dilate(sleeve, INTO_HAND * u));
        let way = sleeve.or(&close(&sleeve.or(&hand), 0.03 * u));
        let depth = distance_inside(&way);
        let joint = tip + Point::new(-side.sign() * JOINT * u, JOINT * u);
        let start = nearest(sleeve, joint)?;
        let path = middle_path(&way, &depth, start, &wrist, 0.1 * u)?;
        let middle = smoothed(&resample(&path, POINTS));
        let half_width = half_widths(&middle, &depth, u);
        Some(Self {
            middle,
            half_width,
            shoulder: SHOULDER * u,
        })
    }

    /// Lists the pixels of the arm inside a mask.
    fn within(&self, mask: &Mask) -> Mask {
        Plane::from_fn(mask.width(), mask.height(), |x, y| {
            mask[(x, y)] && self.holds(Point::new(x as f64, y as f64))
        })
    }

    fn holds(&self, point: Point) -> bool {
        let in_shoulder = self
            .middle
            .first()
            .is_some_and(|joint| joint.distance(point) < self.shoulder);
        in_shoulder || self.along(point)
    }

    fn along(&self, point: Point) -> bool {
        self.middle
            .windows(2)
            .zip(self.half_width.windows(2))
            .any(|(ends, widths)| {
                let along = ends[1] - ends[0];
                let share =
                    ((point - ends[0]).dot(along) / along.dot(along).max(1e-9)).clamp(0.0, 1.0);
                let width = widths[0] + (widths[1] - widths[0]) * share;
                let near = ends[0].lerp(ends[1], share);
                let offset = point - near;
                offset.dot(offset) <= width * width
            })
    }
}

/// Half widths along the middle of a sleeve: those of a usual arm, wider or slimmer as far as the sleeve allows.
fn half_widths(middle: &[Point], depth: &Gray, u: f64) -> Vec<f64> {
    let last = middle.len().saturating_sub(1).max(1) as f64;
    let widths: Vec<f64> = middle
        .iter()
        .enumerate()
        .map(|(index, point)| {
            let usual = interp(index as f64 / last, &SHARES, &HALF_WIDTHS) * u;
            let (x, y) = (point.x.round() as isize, point.y.round() as isize);
            let sleeve = f64::from(depth.get_clamped(x, y)) / usual;
            let arm = if sleeve > 1.0 {
                1.0 + LOOSENESS * (sleeve - 1.0)
            } else {
                sleeve.max(SLIMMEST)
            };
            arm * usual
        })
        .collect();
    gaussian_1d_with(&widths, SMOOTH, Edge::Reflect)
}

/// Smooths a line and keeps its ends near their places.
fn smoothed(line: &[Point]) -> Vec<Point> {
    let part = |pick: fn(&Point) -> f64| {
        // Mirrored through its ends, so that they stay.
        let values: Vec<f64> = line.iter().map(pick).collect();
        let (first, last) = (values[0], values[values.len() - 1]);
        let reach = (3.0 * SMOOTH) as usize;
        let reach = reach.min(values.len() - 1);
        let mut long: Vec<f64> = (1..=reach)
            .rev()
            .map(|step| 2.0 * first - values[step])
            .collect();
        long.extend(&values);
        long.extend((1..=reach).map(|step| 2.0 * last - values[values.len() - 1 - step]));
        let soft = gaussian_1d_with(&long, SMOOTH, Edge::Reflect);
        soft[reach..reach + values.len()].to_vec()
    };
    let (xs, ys) = (part(|point| point.x), part(|point| point.y));
    xs.into_iter()
        .zip(ys)
        .map(|(x, y)| Point::new(x, y))
        .collect()
}

/// Finds the pixel of a mask that is nearest to a position.
fn nearest(mask: &Mask, position: Point) -> Option<(usize, usize)> {
    let bounds = mask.bounds()?;
    let mut best = None;
    for y in bounds.y0..=bounds.y1 {
        for x in bounds.x0..=bounds.x1 {
            if mask[(x, y)] {
                let distance = (x as f64 - position.x).hypot(y as f64 - position.y);
                if best.is_none_or(|(least, _)| distance < least) {
                    best = Some((distance, (x, y)));
                }
            }
        }
    }
    best.map(|(_, at)| at)
}

/// Costs are whole numbers so that equal paths are told apart the same way everywhere.
const COST_UNIT: f64 = 64.0;

/// Follows the cheapest path (Dijkstra 1959) from `start` to the middle of `goal`, or to the farthest pixel without a goal.
fn middle_path(
    mask: &Mask,
    depth: &Gray,
    start: (usize, usize),
    goal: &Mask,
    radius: f64,
) -> Option<Vec<Point>> {
    let (width, height) = mask.size();
    let mut cost = Plane::new(width, height, u32::MAX);
    let mut from = Plane::new(width, height, u32::MAX);
    let mut queue = BinaryHeap::new();
    cost[start] = 0;
    queue.push(Reverse((0_u32, (start.1 * width + start.0) as u32)));
    let mut farthest = start;
    while let Some(Reverse((spent, index))) = queue.pop() {
        let at = (index as usize % width, index as usize / width);
        if spent > cost[at] {
            continue;
        }
        farthest = at;
        for dy in -1..=1_isize {
            for dx in -1..=1_isize {
                let (x, y) = (at.0 as isize + dx, at.1 as isize + dy);
                if (dx, dy) == (0, 0) || !mask.is_true(x, y) {
                    continue;
                }
                let next = (x as usize, y as usize);
                let shallow = (radius / f64::from(depth[next]).max(0.5)).powi(2);
                let step = COST_UNIT * ((dx * dx + dy * dy) as f64).sqrt() * (0.3 + shallow);
                let total = spent.saturating_add(step as u32);
                if total < cost[next] {
                    cost[next] = total;
                    from[next] = index;
                    queue.push(Reverse((total, (next.1 * width + next.0) as u32)));
                }
            }
        }
    }
    let end = middle_of(goal, &cost).unwrap_or(farthest);
    let mut path = Vec::new();
    let mut index = (end.1 * width + end.0) as u32;
    while index != u32::MAX {
        let at = (index as usize % width, index as usize / width);
        path.push(Point::new(at.0 as f64, at.1 as f64));
        index = from[at];
    }
    path.reverse();
    (path.len() >= 8).then_some(path)
}

/// Gives the reached pixel of a mask that is nearest to the mask's centre.
fn middle_of(mask: &Mask, cost: &Plane<u32>) -> Option<(usize, usize)> {
    let reached = mask.zip_map(cost, |inside, cost| inside && cost < u32::MAX);
    let (mut sum, mut count) = (Point::new(0.0, 0.0), 0.0);
    let bounds = reached.bounds()?;
    for y in bounds.y0..=bounds.y1 {
        for x in bounds.x0..=bounds.x1 {
            if reached[(x, y)] {
                sum = sum + Point::new(x as f64, y as f64);
                count += 1.0;
            }
        }
    }
    nearest(&reached, sum * (1.0 / count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::fill_polygon;

    #[test]
    fn a_wide_bent_sleeve_gives_a_slim_arm_along_its_middle() {
        let outline = [
            (40.0, 10.0),
            (80.0, 10.0),
            (110.0, 90.0),
            (80.0, 180.0),
            (40.0, 180.0),
            (70.0, 90.0),
        ];
        let outline: Vec<Point> = outline.iter().map(|&(x, y)| Point::new(x, y)).collect();
        let sleeve = fill_polygon(160, 200, &outline);
        let depth = distance_inside(&sleeve);
        let hand = Plane::from_fn(160, 200, |x, y| sleeve[(x, y)] && y > 176);
        let path = middle_path(&sleeve, &depth, (60, 14), &hand, 10.0).unwrap();
        let middle = smoothed(&resample(&path, POINTS));
        let elbow = middle
            .iter()
            .min_by(|a, b| (a.y - 90.0).abs().total_cmp(&(b.y - 90.0).abs()))
            .unwrap();
        assert!((elbow.x - 88.0).abs() < 6.0, "{elbow:?}");
        let widths = half_widths(&middle, &depth, 100.0);
        assert!(
            widths[10] > 9.0 && widths[10] < 14.0 && widths[60] < 9.5,
            "{widths:?}"
        );
    }

    #[test]
    fn a_dot_is_no_sleeve() {
        let dot = Plane::from_fn(20, 20, |x, y| (x, y) == (9, 9));
        let depth = distance_inside(&dot);
        assert!(middle_path(&dot, &depth, (9, 9), &dot, 4.0).is_none());
        assert_eq!(nearest(&dot, Point::new(0.0, 0.0)), Some((9, 9)));
        assert_eq!(
            nearest(&Plane::new(5, 5, false), Point::new(0.0, 0.0)),
            None
        );
    }
}
