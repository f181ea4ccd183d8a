//! Sleeves: where both of their edges lie along the arm.

use crate::garment::UpperShape;
use crate::person::{ArmPath, PersonRegions, Side};
use crate::raster::{Point, interp, polyline_length, resample};

use super::Landing;
use super::mesh::{Part, Pose, Wish};

/// Points along each edge of a sleeve that are told where to lie.
const STEPS: usize = 8;
/// Steps across the cuff.
const CUFF_POINTS: usize = 5;
/// How strongly the outer edge, the inner edge and the corners of the cuff are pulled.
const OUTER_PULL: f64 = 3.0;
const INNER_PULL: f64 = 0.3;
const CUFF_PULL: f64 = 4.0;
/// Sleeves shorter than the first number (U) are lengthened by the second: boxy flat-lays shrink otherwise.
const SHORT_SLEEVES: [(f64, f64); 2] = [(0.62, 1.10), (0.75, 1.05)];
/// Sleeves from this natural length on are long (U).
const LONG_SLEEVE: f64 = 0.92;
/// Longest sleeve when nothing tells where the hand begins (U).
const LONG_MAX: f64 = 1.24;
/// An old sleeve wider than the arm is covered this far (U).
const OLD_SLEEVE_COVERED: f64 = 0.20;
/// Length of a hand (U).
const HAND: f64 = 0.34;

/// Says how a sleeve lies on its arm.
#[derive(Debug, Clone)]
pub struct SleeveFit {
    /// Outline of the sleeve on the person, about.
    pub outline: Vec<Point>,
    /// The sleeve reaches below the elbow.
    pub long: bool,
    /// Where points of the sleeve belong.
    pub(super) wishes: Vec<Wish>,
    /// How the sleeve lies along the arm, from the shoulder down.
    pub(super) poses: Vec<Pose>,
    /// Direction of the sleeve on the garment, from the shoulder to the cuff; unit length.
    pub(super) axis: Point,
    /// Person work pixels per garment work pixel across and along it.
    pub(super) size: (f64, f64),
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

    let outer_edge = resample(&joined(shoulder, &outer), STEPS + 1);
    let below_armpit: Vec<Point> = inner
        .iter()
        .copied()
        .filter(|point| point.y > armpit.y + 0.03 * u)
        .collect();
    // A sleeve that ends above the armpit has no inner edge but the corner of its cuff.
    let inner_path = if below_armpit.is_empty() {
        vec![*inner.last()?]
    } else {
        below_armpit
    };
    let inner_edge = resample(&joined(armpit, &inner_path), STEPS + 1);
    let garment_outer = resample(&sleeve.outer, STEPS + 1);
    let garment_inner: Vec<Point> = sleeve.inner.iter().rev().copied().collect();
    let garment_inner = resample(&garment_inner, STEPS + 1);

    let mut wishes = Vec::with_capacity(2 * STEPS);
    for step in 1..=STEPS {
        let end = step == STEPS;
        for (garment, person, pull) in [
            (&garment_outer, &outer_edge, OUTER_PULL),
            (&garment_inner, &inner_edge, INNER_PULL),
        ] {
            wishes.push(Wish {
                part: Part::Sleeve(side),
                garment: *garment.get(step)?,
                person: *person.get(step)?,
                strength: if end { CUFF_PULL } else { pull },
            });
        }
    }
    let garment_cuff = resample(&sleeve.cuff, CUFF_POINTS + 1);
    let (outer_corner, inner_corner) = (*outer_edge.last()?, *inner_edge.last()?);
    for step in 1..CUFF_POINTS {
        wishes.push(Wish {
            part: Part::Sleeve(side),
            garment: *garment_cuff.get(step)?,
            person: outer_corner.lerp(inner_corner, step as f64 / CUFF_POINTS as f64),
            strength: CUFF_PULL * 0.5,
        });
    }
    let middle = |outer: &[Point], inner: &[Point]| -> Vec<Point> {
        outer
            .iter()
            .zip(inner)
            .map(|(a, b)| a.lerp(*b, 0.5))
            .collect()
    };
    let on_garment = middle(&garment_outer, &garment_inner);
    let on_person = middle(&outer_edge, &inner_edge);
    let poses = (0..=STEPS)
        .map(|step| Pose {
            garment: on_garment[step],
            person: on_person[step],
            turn: heading(&on_person, step) - heading(&on_garment, step),
        })
        .collect();
    let cuff = polyline_length(&sleeve.cuff).max(1.0);
    let across = outer_edge.last()?.distance(*inner_edge.last()?) / cuff;
    let along = worn / polyline_length(&sleeve.outer).max(1.0);
    let mut outline = outer_edge;
    outline.extend(inner_edge.iter().rev());
    let finite = outline
        .iter()
        .chain(wishes.iter().map(|wish| &wish.garment))
        .all(|point| point.x.is_finite() && point.y.is_finite());
    finite.then_some(SleeveFit {
        outline,
        long,
        wishes,
        poses,
        axis: unit(*on_garment.last()? - *on_garment.first()?),
        size: (
            across.clamp(0.5 * scale, 1.4 * scale),
            along.clamp(0.5 * scale, 1.5 * scale),
        ),
    })
}

/// Gives the direction of a displacement; downwards when it has no length.
fn unit(step: Point) -> Point {
    let length = step.length();
    if length > 1e-6 {
        step * (1.0 / length)
    } else {
        Point::new(0.0, 1.0)
    }
}

/// Gives the direction of a polyline at one of its points, radians.
fn heading(path: &[Point], index: usize) -> f64 {
    let step = path[(index + 1).min(path.len() - 1)] - path[index.saturating_sub(1)];
    step.y.atan2(step.x)
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
        let mut ease = 0.45 * extra;
        if !long {
            // Covers the old sleeve's edge, but not its whole flare.
            ease = ease.max(old_cloth_beyond(person, edge, inward));
        }
        let outside = edge - inward * ease;
        outer.push(outside);
        inner.push(edge + inward * (width + 0.55 * extra));
    }
    Some((outer, inner))
}

/// Measures how far the old top goes beyond the arm's edge, at most [`OLD_SLEEVE_COVERED`] (work pixels).
fn old_cloth_beyond(person: &PersonRegions, edge: Point, inward: Point) -> f64 {
    let most = OLD_SLEEVE_COVERED * person.shoulder_width;
    let mut covered = 0.0;
    let mut step = 1.0;
    while step <= most {
        let spot = edge - inward * step;
        if person
            .old_top
            .is_true(spot.x.round() as isize, spot.y.round() as isize)
        {
            covered = step;
        }
        step += 1.0;
    }
    covered
}

/// Puts one point before a polyline.
fn joined(first: Point, rest: &[Point]) -> Vec<Point> {
    std::iter::once(first).chain(rest.iter().copied()).collect()
}
