//! Where the legs stand, seen or not: axis and width of both legs and the outline of the hips for every row.
//!
//! Bare legs are measured. Under trousers only the axis is seen, the width is that of a mean leg. Under a skirt nothing is
//! seen: the legs run from the hip joints to where they come out of it. A new skirt must enclose these legs, new trousers
//! follow them, and where a new garment ends above the old one they are what has to be painted.

mod hidden_arm;
mod shoes;

use crate::person::{PerSide, PersonRegions, Side};
use crate::raster::{Mask, Run, gaussian_1d, interp, median_f64, median_filter, open, runs};

use super::index_of;

use self::hidden_arm::hidden_arm;
use self::shoes::shoe_row;

/// Length from the shoulders to the soles where it is not seen (U), and between which bounds it is believed.
const USUAL_LENGTH: f64 = 4.1;
const BELIEVED_LENGTH: (f64, f64) = (3.5, 4.7);
/// Marks of a mean body as shares of that length.
const CROTCH: f64 = 0.415;
const ANKLE: f64 = 0.86;
/// Half width of a mean bare leg (U) at shares of the length from the shoulders to the soles.
const LEG_AT: [f64; 9] = [0.40, 0.48, 0.56, 0.61, 0.66, 0.70, 0.76, 0.83, 0.88];
const LEG_HALF: [f64; 9] = [
    0.205, 0.188, 0.155, 0.138, 0.136, 0.134, 0.115, 0.078, 0.076,
];
/// Half the distance of the ankles where nothing of the legs is seen (U).
const ANKLES_APART: f64 = 0.17;
/// Half width of a mean waist and of mean hips (U).
const WAIST_HALF: f64 = 0.37;
const HIP_HALF: f64 = 0.43;
/// The waist tells of wide hips and legs up to this multiple of mean ones; narrower than mean tells nothing.
const MOST_BUILD: f64 = 1.35;
/// Seen hips wider than this multiple of mean ones are loose cloth or hands.
const LOOSE_HIP: f64 = 1.07;
/// A leg is at least this wide (U), an old garment's leg at most.
const LEAST_LEG: f64 = 0.06;
const WIDEST_LEG: f64 = 0.62;
/// A bare leg is at most this many times as wide as a mean one; else both are seen as one.
const WIDEST_BARE: f64 = 1.6;
/// The gap between the legs lies at most this far from the middle of the hips (U).
const GAP_OFF_CENTER: f64 = 0.45;
/// Rows with a gap that make two legs (U).
const LEAST_GAP: f64 = 0.12;
/// Rows above the hem that tell trousers from a skirt (U).
const HEM_ROWS: f64 = 0.25;
/// Share of skin from which on a leg's row is bare.
const BARE: f64 = 0.6;
/// Window of the robust smoothing of a leg's axis (U).
const SMOOTHED: f64 = 0.30;
/// Rows above the soles in which trousers end at the shoes (U), and the usual row.
const SHOE_ROWS: (f64, f64) = (0.52, 0.09);
const USUAL_SHOE: f64 = 0.19;

/// What hides the legs in the person's photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worn {
    /// Two legs of cloth, long or short.
    Trousers,
    /// One piece of cloth around both legs.
    Skirt,
    /// The photo ends before that can be told.
    Unknown,
}

/// Says where hips and legs are; all lists have one entry per work row.
#[derive(Debug, Clone)]
pub struct Stance {
    /// What hides the legs.
    pub worn: Worn,
    /// The photo shows the feet.
    pub whole_person: bool,
    /// Row where the legs part.
    pub crotch: f64,
    /// Middle of the hips.
    pub hip_x: f64,
    /// Row where the shoes begin.
    pub shoes: PerSide<f64>,
    /// Middle of each leg.
    pub axis: PerSide<Vec<f64>>,
    /// Half width of each bare leg.
    pub half: PerSide<Vec<f64>>,
    /// Outer edge of the body without its clothes from the waist down.
    pub body: PerSide<Vec<f64>>,
    /// How far a skirt must reach from the middle to hide what the old skirt hid of the arms; 0 where it hid nothing.
    pub hidden_arm: PerSide<Vec<f64>>,
    /// Edges of what is worn from the waist down, arms left out; none where it is not seen.
    pub seen: PerSide<Vec<Option<f64>>>,
    /// Edges of the gap between the old garment's legs, left and right; none where there is none.
    pub gap: Vec<Option<(f64, f64)>>,
}

/// The run of one leg in one row.
#[derive(Debug, Clone, Copy)]
struct Seen {
    row: usize,
    axis: f64,
    half: f64,
    bare: bool,
}

impl Stance {
    /// Reads the stance off the silhouette and fills in a mean body.
    pub fn find(person: &PersonRegions) -> Self {
        let (u, height) = (person.shoulder_width, person.silhouette.height());
        let whole_person = person.bottom < height as f64 - 3.0;
        let length = if whole_person {
            (person.bottom - person.shoulder_y).clamp(BELIEVED_LENGTH.0 * u, BELIEVED_LENGTH.1 * u)
        } else {
            USUAL_LENGTH * u
        };
        let body_mask = open(&person.silhouette.and_not(&person.arm), 2.0);
        let hip_x = hip_middle(person);
        let gap = leg_gaps(person, &body_mask, hip_x);
        let worn = what_is_worn(person, &gap, whole_person);
        let mean_crotch = person.shoulder_y + CROTCH * length;
        let first_gap = gap.iter().flatten().next().map(|gap| gap.row as f64);
        let crotch = first_gap
            .filter(|row| worn == Worn::Trousers && *row < person.waist + 1.15 * u)
            .map_or(mean_crotch, |row| row - 0.02 * u)
            .clamp(person.waist + 0.48 * u, person.waist + 0.85 * u);

        let usual_shoe = person.bottom - USUAL_SHOE * u;
        let build = build(person);
        let mean_leg = MeanLeg {
            first: person.shoulder_y,
            length,
            u: build * u,
        };
        let seen_legs =
            PerSide::from_fn(|side| seen_leg(person, &body_mask, &gap, &mean_leg, crotch, side));
        let axis = PerSide::from_fn(|side| {
            let anchor = hip_x + side.sign() * mean_leg.half(crotch);
            let ankle = hip_x + side.sign() * ANKLES_APART * u;
            let last_row = person.shoulder_y + ANKLE * length;
            leg_axis(
                &seen_legs[side],
                (crotch, anchor),
                (last_row, ankle),
                height,
                u,
            )
        });
        let half = PerSide::from_fn(|side| leg_half(&seen_legs[side], &mean_leg, height));
        let seen = seen_edges(person, &body_mask, hip_x);
        let body = PerSide::from_fn(|side| {
            body_edge(
                person,
                worn,
                crotch,
                hip_x,
                build,
                &axis[side],
                &half[side],
                &seen[side],
                side,
            )
        });
        let shoes = PerSide::from_fn(|side| {
            if whole_person && worn == Worn::Trousers && !person.legs_bare {
                shoe_row(person, &axis[side], u).unwrap_or(usual_shoe)
            } else {
                usual_shoe
            }
        });
        Self {
            worn,
            whole_person,
            crotch,
            hip_x,
            shoes,
            axis,
            half,
            body,
            hidden_arm: PerSide::from_fn(|side| hidden_arm(person, worn, hip_x, side)),
            seen,
            gap: gap
                .into_iter()
                .map(|gap| gap.map(|gap| (gap.left, gap.right)))
                .collect(),
        }
    }

    /// Gives the body's outer edge in a row; beyond the picture that of the last row.
    pub fn body_edge(&self, side: Side, row: f64) -> f64 {
        at(&self.body[side], row).unwrap_or(self.hip_x)
    }

    /// Gives axis and half width of a leg in a row; beyond the picture those of the last row.
    pub fn leg(&self, side: Side, row: f64) -> (f64, f64) {
        (
            at(&self.axis[side], row).unwrap_or(self.hip_x),
            at(&self.half[side], row).unwrap_or(0.0),
        )
    }

    /// Tells whether an arm hangs partly behind the skirt that is worn.
    pub fn hides_an_arm(&self) -> bool {
        let hidden = |(_, rows): (Side, &Vec<f64>)| rows.iter().any(|&reach| reach > 0.0);
        self.hidden_arm.iter().any(hidden)
    }

    /// Tells whether a work pixel below the crotch lies on a bare leg.
    pub fn on_leg(&self, x: usize, y: usize) -> bool {
        Side::ALL.iter().any(|&side| {
            let (axis, half) = self.leg(side, y as f64);
            (x as f64 - axis).abs() <= half
        })
    }
}

fn at<T: Copy>(list: &[T], row: f64) -> Option<T> {
    list.get(index_of(row, list.len())).copied()
}

/// Widths of a mean leg.
struct MeanLeg {
    first: f64,
    length: f64,
    u: f64,
}

impl MeanLeg {
    fn half(&self, row: f64) -> f64 {
        interp((row - self.first) / self.length, &LEG_AT, &LEG_HALF) * self.u
    }
}

/// Gives how much wider than a mean body this one is at the waist, at least 1.
fn build(person: &PersonRegions) -> f64 {
    let edge = |edges: &[f64]| at(edges, person.waist).unwrap_or(person.center_x);
    let width = edge(&person.torso_right) - edge(&person.torso_left);
    (0.5 * width / (WAIST_HALF * person.shoulder_width)).clamp(1.0, MOST_BUILD)
}

/// Finds the middle of the hips from the torso just below the waist; it strays little from below the shoulders.
fn hip_middle(person: &PersonRegions) -> f64 {
    let u = person.shoulder_width;
    let rows = person.torso_left.iter().zip(&person.torso_right);
    let (first, last) = (person.waist.max(0.0), person.waist + 0.3 * u);
    let mut middles: Vec<f64> = rows
        .enumerate()
        .filter(|(y, _)| *y as f64 >= first && (*y as f64) < last)
        .map(|(_, (left, right))| f64::midpoint(*left, *right))
        .collect();
    if middles.is_empty() {
        return person.center_x;
    }
    median_f64(&mut middles).clamp(person.center_x - 0.12 * u, person.center_x + 0.12 * u)
}

/// The gap between the legs in one row: last column of the left leg plus one, first column of the right one minus one.
#[derive(Debug, Clone, Copy)]
struct LegGap {
    row: usize,
    left: f64,
    right: f64,
}

/// Lists the runs of a row that may be legs.
fn leg_runs(row: &[bool], hip_x: f64, u: f64) -> Vec<Run> {
    runs(row)
        .into_iter()
        .filter(|run| {
            run.length() as f64 > LEAST_LEG * u
                && run.end as f64 > hip_x - 0.95 * u
                && (run.start as f64) < hip_x + 0.95 * u
        })
        .collect()
}

/// Finds the gap between the legs per row: the one nearest to the middle, and then to the one below.
fn leg_gaps(person: &PersonRegions, body: &Mask, hip_x: f64) -> Vec<Option<LegGap>> {
    let u = person.shoulder_width;
    let first_row = (person.waist + 0.35 * u).max(0.0) as usize;
    let mut found: Vec<Option<LegGap>> = vec![None; body.height()];
    let mut near = hip_x;
    for y in (first_row..body.height()).rev() {
        let legs = leg_runs(body.row(y), hip_x, u);
        let gaps = legs.windows(2).map(|pair| LegGap {
            row: y,
            left: pair[0].end as f64 + 1.0,
            right: pair[1].start as f64 - 1.0,
        });
        let off = |gap: &LegGap| (f64::midpoint(gap.left, gap.right) - near).abs();
        let best = gaps
            .min_by(|a, b| off(a).total_cmp(&off(b)))
            .filter(|gap| off(gap) < GAP_OFF_CENTER * u);
        if let Some(gap) = best {
            near = f64::midpoint(gap.left, gap.right).clamp(hip_x - 0.3 * u, hip_x + 0.3 * u);
        }
        found[y] = best;
    }
    found
}

/// Tells trousers from a skirt: trousers show a gap between two legs of cloth.
fn what_is_worn(person: &PersonRegions, gaps: &[Option<LegGap>], whole_person: bool) -> Worn {
    let u = person.shoulder_width;
    let last = if person.legs_bare {
        person.low_hem - 0.03 * u
    } else {
        person.bottom - SHOE_ROWS.0 * u * f64::from(u8::from(whole_person))
    };
    // Right above the hem: higher up a gap may lie between a hand and a skirt.
    let rows = HEM_ROWS * u;
    let with_gap = gaps.iter().flatten().filter(|gap| {
        let above = last - gap.row as f64;
        (0.0..rows).contains(&above)
    });
    if with_gap.count() as f64 > 0.5 * rows {
        Worn::Trousers
    } else if person.legs_bare || whole_person {
        Worn::Skirt
    } else {
        Worn::Unknown
    }
}

/// Lists the rows below `from` in which one leg is seen apart from the other one.
fn seen_leg(
    person: &PersonRegions,
    body: &Mask,
    gaps: &[Option<LegGap>],
    mean: &MeanLeg,
    from: f64,
    side: Side,
) -> Vec<Seen> {
    let u = person.shoulder_width;
    let last = mean.first + ANKLE * mean.length;
    gaps.iter()
        .flatten()
        .filter(|gap| gap.row as f64 > from && (gap.row as f64) < last)
        .filter_map(|gap| {
            let inner = match side {
                Side::Left => gap.left - 1.0,
                Side::Right => gap.right + 1.0,
            };
            let run = runs(body.row(gap.row))
                .into_iter()
                .find(|run| run.start as f64 <= inner && inner <= run.end as f64)?;
            let (start, end) = (run.start as f64, run.end as f64);
            let half = 0.5 * (end - start);
            if 2.0 * half > WIDEST_LEG * u {
                return None;
            }
            let skin = person.skin.row(gap.row);
            let bare = (run.start..=run.end).filter(|&x| skin[x]).count() as f64;
            let bare = bare > BARE * 2.0 * half;
            let too_wide = bare && half > WIDEST_BARE * mean.half(gap.row as f64);
            (!too_wide).then_some(Seen {
                row: gap.row,
                axis: f64::midpoint(start, end),
                half,
                bare,
            })
        })
        .collect()
}

/// Runs a leg's axis from the hip joint through what is seen of it; it never bends sharply.
fn leg_axis(
    seen: &[Seen],
    anchor: (f64, f64),
    ankle: (f64, f64),
    height: usize,
    u: f64,
) -> Vec<f64> {
    let (mut rows, mut columns) = (vec![anchor.0], vec![anchor.1]);
    let enough = seen.len() as f64 > LEAST_GAP * u;
    if enough {
        let raw: Vec<f64> = seen.iter().map(|leg| leg.axis).collect();
        let reach = (0.5 * SMOOTHED * u) as usize;
        for (index, leg) in seen.iter().enumerate() {
            // Cut at the ends: a repeated first row, where the hem's shade joins the legs, would outvote the others.
            let near = index.saturating_sub(reach)..(index + reach + 1).min(raw.len());
            let column = median_f64(&mut raw[near].to_vec());
            // Right under the crotch the run of a leg is still part of the hips.
            if leg.row as f64 > anchor.0 + 0.15 * u {
                rows.push(leg.row as f64);
                columns.push(column);
            }
        }
    }
    if rows.len() == 1 {
        rows.push(ankle.0.max(anchor.0 + 1.0));
        columns.push(ankle.1);
    }
    let full: Vec<f64> = (0..height)
        .map(|y| interp(y as f64, &rows, &columns))
        .collect();
    gaussian_1d(&full, 0.08 * u)
}

/// Gives the half width of a bare leg: measured, or a mean leg of the measured size.
fn leg_half(seen: &[Seen], mean: &MeanLeg, height: usize) -> Vec<f64> {
    let bare: Vec<&Seen> = seen.iter().filter(|leg| leg.bare).collect();
    let mut ratios: Vec<f64> = bare
        .iter()
        .map(|leg| leg.half / mean.half(leg.row as f64).max(1.0))
        .collect();
    let size = if ratios.len() as f64 > LEAST_GAP * mean.u {
        median_f64(&mut ratios).clamp(0.75, 1.3)
    } else {
        1.0
    };
    let mut half: Vec<f64> = (0..height).map(|y| size * mean.half(y as f64)).collect();
    for leg in seen {
        let widest = &mut half[leg.row];
        // Cloth is never narrower than the leg in it.
        *widest = if leg.bare {
            leg.half
        } else {
            widest.min(leg.half)
        };
    }
    gaussian_1d(
        &median_filter(&half, (0.06 * mean.u) as usize | 1),
        0.04 * mean.u,
    )
}

/// Finds the outer edges of what is worn per row. A hand that was not recognised as arm must not make it bulge.
fn seen_edges(person: &PersonRegions, body: &Mask, hip_x: f64) -> PerSide<Vec<Option<f64>>> {
    let u = person.shoulder_width;
    let height = body.height();
    let first_row = person.waist.max(0.0) as usize;
    let mut edges = PerSide::from_fn(|_| vec![None; height]);
    for y in first_row..height {
        let parts = leg_runs(body.row(y), hip_x, u);
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            continue;
        };
        let (left, right) = (first.start as f64, last.end as f64);
        let down = (y as f64 - person.waist) / u;
        if down >= 0.9 {
            edges.left[y] = Some(left);
            edges.right[y] = Some(right);
            continue;
        }
        let half = interp(down, &[0.0, 0.35, 0.6, 0.9], &[0.36, 0.46, 0.47, 0.47]) * u;
        edges.left[y] = Some(left.clamp(hip_x - 1.45 * half, hip_x - 0.55 * half));
        edges.right[y] = Some(right.clamp(hip_x + 0.55 * half, hip_x + 1.45 * half));
    }
    for side in Side::ALL {
        let raw: Vec<f64> = edges[side].iter().copied().flatten().collect();
        if raw.len() <= 8 {
            continue;
        }
        let sign = side.sign();
        let median = median_filter(&raw, (0.45 * u) as usize | 1);
        let limited: Vec<f64> = raw
            .iter()
            .zip(&median)
            .map(|(raw, median)| sign * (sign * raw).min(sign * median + 0.02 * u))
            .collect();
        let smooth = gaussian_1d(&limited, 0.03 * u);
        for (edge, value) in edges[side].iter_mut().flatten().zip(smooth) {
            *edge = value;
        }
    }
    edges
}

/// Outlines hip and leg without the clothes on one side: never outside of what is seen.
#[expect(
    clippy::too_many_arguments,
    reason = "the results of all the earlier steps meet here"
)]
fn body_edge(
    person: &PersonRegions,
    worn: Worn,
    crotch: f64,
    hip_x: f64,
    build: f64,
    axis: &[f64],
    half: &[f64],
    seen: &[Option<f64>],
    side: Side,
) -> Vec<f64> {
    let u = person.shoulder_width;
    let sign = side.sign();
    let torso = match side {
        Side::Left => &person.torso_left,
        Side::Right => &person.torso_right,
    };
    let at_waist = sign * (at(torso, person.waist).unwrap_or(hip_x) - hip_x);
    let thigh_row = crotch + 0.10 * u;
    let thigh =
        sign * (at(axis, thigh_row).unwrap_or(hip_x) - hip_x) + at(half, thigh_row).unwrap_or(0.0);
    let widest = build * (HIP_HALF * u).max((thigh / build).min(0.5 * u));
    let reach = |y: usize| -> f64 {
        let row = y as f64;
        let leg = sign * (axis[y] - hip_x) + half[y];
        if row >= thigh_row {
            return leg;
        }
        let t = (row - person.waist) / (thigh_row - person.waist).max(1.0);
        let hip = interp(
            t,
            &[0.0, 0.35, 0.7, 1.0],
            &[at_waist, 0.45 * at_waist + 0.55 * widest, widest, thigh],
        );
        match (worn, seen[y]) {
            // Tight cloth shows the hips, loose cloth hides them.
            (Worn::Trousers | Worn::Unknown, Some(edge)) => {
                (sign * (edge - hip_x)).min(LOOSE_HIP * hip.max(at_waist))
            }
            _ => hip,
        }
    };
    let inside = |y: usize, reach: f64| match seen[y] {
        Some(edge) => reach.min((sign * (edge - hip_x)).max(0.1 * u)),
        None => reach,
    };
    let edge: Vec<f64> = (0..axis.len()).map(|y| inside(y, reach(y))).collect();
    gaussian_1d(&edge, 0.05 * u)
        .into_iter()
        .map(|reach| hip_x + sign * reach)
        .collect()
}
