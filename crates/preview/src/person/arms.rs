//! Arms: bare ones by their skin, covered ones by the outline.

use super::landmarks::{Landmarks, Outline};
use super::measure::{range_within, share_in, share_of};
use super::torso::Torso;
use super::waist::Waistline;
use super::{ArmPath, Side};
use crate::raster::{
    Connectivity, Edge, Mask, Point, close, components, erode, gaussian_1d_with, gaussian_mask,
    gradient, interp, median_f64, median_filter_with, runs,
};

/// Lowest row of a hand, U under the shoulders.
const LOWEST_HAND: f64 = 1.95;
/// Smallest patch of arm, U squared, and the largest hand.
const LEAST_PATCH: f64 = 0.006;
const LARGEST_HAND: f64 = 0.2;
/// Share of an arm that lies outside the torso; of a hand before the body.
const ARM_OUTSIDE: f64 = 0.25;
const HAND_OUTSIDE: f64 = 0.05;
/// A covered forearm is told from this band inside the outline, U.
const FOREARM_ROWS: (f64, f64) = (0.7, 1.15);
const FOREARM_BAND: f64 = 0.12;

/// Width of an arm (U) at distances along its outer edge from the shoulder tip (U).
const WIDTH_AT: [f64; 5] = [0.0, 0.15, 0.4, 0.7, 1.2];
const USUAL_WIDTHS: [f64; 5] = [0.20, 0.225, 0.21, 0.175, 0.13];
/// A seen width is believed within these multiples of the usual one.
const WIDTH_BELIEVED: (f64, f64) = (0.62, 1.5);
/// Lowest row of an arm's path, U under the shoulders.
const PATH_END: f64 = 1.9;
/// The outline may be this far from a run of pixels that belongs to the arm.
const RUN_SLACK: f64 = 4.0;

/// Bare arms and hands: skin that is neither neck, chest, midriff nor leg.
pub(super) fn bare_arms(
    silhouette: &Mask,
    skin: &Mask,
    body: &Landmarks,
    waistline: &Waistline,
    torso: &Torso,
) -> Mask {
    let (width, height) = silhouette.size();
    let unit = body.shoulder_width;
    let candidates = Mask::from_fn(width, height, |x, y| {
        if !skin[(x, y)] {
            return false;
        }
        let (row, across, down) = (y as f64, body.across(x).abs(), body.down(y));
        let neck = down < 0.28 && (x as f64 - body.neck_x).abs() < 0.36 * unit;
        let chest = down < 0.62 && across < 0.27;
        let head = row < body.chin + 0.05 * unit;
        let midriff = row >= waistline.hem - 2.0
            && row <= waistline.waist + 1.0
            && torso.mask[(x, y)]
            && across < 0.28;
        let leg = row > waistline.waist + 0.42 * unit && across < 0.40;
        !(neck || chest || head || midriff || leg) && down < LOWEST_HAND
    });
    let outside = erode(&torso.mask, 2.0).not();
    let patches = components(&candidates, Connectivity::Eight);
    let mut area_outside = vec![0_usize; patches.regions.len() + 1];
    for (label, is_outside) in patches.labels.data().iter().zip(outside.data()) {
        area_outside[*label as usize] += usize::from(*is_outside);
    }
    let kept = patches.select(|patch| {
        let area = patch.area as f64;
        let share_outside = area_outside[patch.label as usize] as f64 / area.max(1.0);
        let hand_before_body = body.down(patch.y0) > 0.45 && area < LARGEST_HAND * unit * unit;
        area > LEAST_PATCH * unit * unit
            && (share_outside > ARM_OUTSIDE || (hand_before_body && share_outside > HAND_OUTSIDE))
    });
    gaussian_mask(&close(&kept, 2.0), 1.8)
        .map(|value| value > 0.5)
        .and(silhouette)
}

/// Share of the upper arm that is bare.
pub(super) fn bare_share(silhouette: &Mask, skin: &Mask, body: &Landmarks, side: Side) -> f64 {
    let (width, height) = silhouette.size();
    let upper_arm = Mask::from_fn(width, height, |x, y| {
        let down = body.down(y);
        silhouette[(x, y)] && down > 0.15 && down < 0.6 && side.sign() * body.across(x) > 0.40
    });
    share_in(skin, &upper_arm)
}

/// Share of the forearm's outer side that is covered.
pub(super) fn covered_share(
    silhouette: &Mask,
    skin: &Mask,
    body: &Landmarks,
    outline: &Outline,
    side: Side,
) -> f64 {
    let (width, height) = silhouette.size();
    let edge = &outline.edges[side];
    let forearm = Mask::from_fn(width, height, |x, y| {
        let down = body.down(y);
        let inward = side.sign() * (edge[y] - x as f64);
        let in_band = inward >= 1.0 && inward < FOREARM_BAND * body.shoulder_width;
        silhouette[(x, y)] && down > FOREARM_ROWS.0 && down < FOREARM_ROWS.1 && in_band
    });
    1.0 - share_in(skin, &forearm)
}

/// Outer edge of the arm itself: inside a wide short sleeve it runs from the shoulder to where the bare arm emerges.
pub(super) fn arm_edge(skin: &Mask, body: &Landmarks, outline: &Outline, side: Side) -> Vec<f64> {
    let outer = &outline.edges[side];
    let Some(emerges_at) = find_emerging_arm(skin, body, outer, side) else {
        return outer.clone();
    };
    let height = outer.len();
    let unit = body.shoulder_width;
    let tip = body.tips[side];
    let inwards = -side.sign();
    let below = (emerges_at + (0.04 * unit) as usize).min(height - 1);
    let arm_x = median_f64(&mut outer[below..(below + 6).min(height)].to_vec());
    let start_x = tip.x + inwards * 0.035 * unit;
    let mut edge = outer.clone();
    for y in range_within(tip.y, below as f64, height) {
        let share = (y as f64 - tip.y) / (below as f64 - tip.y);
        // A slightly rounded upper arm.
        let bulge = 0.03 * unit * (std::f64::consts::PI * share.min(1.0)).sin();
        let chord = start_x + (arm_x - start_x) * share - inwards * bulge;
        if inwards * (chord - edge[y]) > 0.0 {
            edge[y] = chord;
        }
    }
    edge
}

/// First row where the outer edge is skin, if it is far enough under the tip for a sleeve to be above it.
fn find_emerging_arm(skin: &Mask, body: &Landmarks, outer: &[f64], side: Side) -> Option<usize> {
    let (width, height) = skin.size();
    let unit = body.shoulder_width;
    let tip = body.tips[side];
    let depth = ((0.09 * unit) as usize).max(4);
    let skin_inside = |y: usize, edge: f64| {
        let columns = (2..depth)
            .map(|step| (edge - side.sign() * step as f64).clamp(0.0, width as f64 - 1.0) as usize);
        share_of(&columns.map(|x| skin[(x, y)]).collect::<Vec<_>>())
    };
    let end = body.row_at(0.9).min(height as f64 - 6.0);
    for y in range_within(tip.y + 0.12 * unit, end.trunc(), height) {
        if outer[y] < 0.0 {
            return None;
        }
        if skin_inside(y, outer[y]) > 0.75 && skin_inside((y + 5).min(height - 1), outer[y]) > 0.6 {
            return (y as f64 > tip.y + 0.16 * unit).then_some(y);
        }
    }
    None
}

/// Follows the arm down from the tip: the outer edge, and the inner edge seen or assumed.
pub(super) fn trace(
    silhouette: &Mask,
    skin: &Mask,
    arm_edge: &[f64],
    tip: Point,
    shoulder_y: f64,
    unit: f64,
    side: Side,
) -> Option<ArmPath> {
    let height = silhouette.height();
    let rows: Vec<usize> = range_within(
        tip.y,
        (shoulder_y + PATH_END * unit).min(height as f64 - 1.0),
        height,
    )
    .collect();
    let (seen_rows, seen_edge): (Vec<f64>, Vec<f64>) = rows
        .iter()
        .filter(|y| arm_edge[**y] >= 0.0)
        .map(|y| (*y as f64, arm_edge[*y]))
        .unzip();
    if seen_rows.len() < 5 {
        return None;
    }
    let filled: Vec<f64> = rows
        .iter()
        .map(|y| interp(*y as f64, &seen_rows, &seen_edge))
        .collect();
    let edge = gaussian_1d_with(
        &median_filter_with(&filled, 7, Edge::Reflect),
        2.0,
        Edge::Mirror,
    );
    let slope = gradient(&edge);
    let cosine: Vec<f64> = slope
        .iter()
        .map(|slope| 1.0 / (1.0 + slope.clamp(-2.0, 2.0).powi(2)).sqrt())
        .collect();
    let distance = running_length(&edge);

    let bare = skin.and(silhouette);
    let mut widths = Vec::with_capacity(rows.len());
    let mut seen_count = 0_usize;
    for (index, y) in rows.iter().enumerate() {
        let usual = interp(distance[index] / unit, &WIDTH_AT, &USUAL_WIDTHS) * unit;
        let seen = [silhouette, &bare].into_iter().find_map(|mask| {
            let width = run_at(mask.row(*y), edge[index])? * cosine[index];
            (width > WIDTH_BELIEVED.0 * usual && width < WIDTH_BELIEVED.1 * usual).then_some(width)
        });
        seen_count += usize::from(seen.is_some());
        widths.push(seen.unwrap_or(usual));
    }
    let width = gaussian_1d_with(
        &median_filter_with(&widths, 9, Edge::Reflect),
        3.0,
        Edge::Mirror,
    );
    let outer: Vec<Point> = edge
        .iter()
        .zip(&rows)
        .map(|(x, y)| Point::new(*x, *y as f64))
        .collect();
    // The normal of the edge (slope, 1) that points into the body.
    let inward: Vec<Point> = slope
        .iter()
        .zip(&cosine)
        .map(|(slope, cosine)| Point::new(cosine * -side.sign(), slope * cosine * side.sign()))
        .collect();
    let inner = outer
        .iter()
        .zip(&inward)
        .zip(&width)
        .map(|((from, towards), width)| *from + *towards * *width);
    Some(ArmPath {
        inner: inner.collect(),
        confidence: seen_count as f64 / rows.len() as f64,
        outer,
        inward,
        distance,
        width,
    })
}

/// Length of the run of pixels at a column.
fn run_at(row: &[bool], x: f64) -> Option<f64> {
    let near =
        |start: usize, end: usize| start as f64 - RUN_SLACK <= x && x <= end as f64 + RUN_SLACK;
    let run = runs(row).into_iter().find(|run| near(run.start, run.end))?;
    Some(run.length() as f64 + 1.0)
}

/// Length along an edge that moves by one row from entry to entry.
fn running_length(edge: &[f64]) -> Vec<f64> {
    let mut length = 0.0;
    let mut lengths = vec![0.0];
    for pair in edge.windows(2) {
        length += (pair[1] - pair[0]).hypot(1.0);
        lengths.push(length);
    }
    lengths
}
