//! Where the sleeves of a top or a dress begin: trunk, bulges at its sides, armpits.
//!
//! Two finders work together. What a wide disc cannot enter (the residue of a morphological opening) shows that there are
//! sleeves at all; notches of the outline against its convex hull give the better armpits.

use super::Category;
use super::outline::{Outline, nearest, outer_way, row_edges};
use super::upper::{SHOULDER_AT, ramp};
use crate::person::{PerSide, Side};
use crate::raster::{
    Connectivity, Mask, Point, Region, components, convexity_defects, dilate, largest_component,
    median_f64, open, percentile_f64, runs,
};

/// Deepest armhole of a sleeveless garment below its top (torso widths).
const DEEPEST_ARMHOLE: f64 = 0.66;

/// What the search for sleeves knows, work pixels.
#[derive(Clone, Debug)]
pub(super) struct Armholes {
    /// Width of the trunk in its lower middle.
    pub(super) torso_width: f64,
    /// Width of the trunk just under the arms.
    pub(super) trunk_width: f64,
    /// Which sides have a sleeve.
    pub(super) has_sleeve: PerSide<bool>,
    /// Lower ends of the armholes.
    pub(super) armpit: PerSide<Point>,
    /// Where the visible gap between a hanging sleeve and the body begins, when the armpit was placed higher.
    pub(super) gap_top: PerSide<Option<Point>>,
    /// Lower ends of the armholes if there are no sleeves.
    pub(super) bare_armpit: PerSide<Point>,
}

/// Rows (shares of the height) that depend on how far down the arms reach.
struct Rows {
    torso: (f64, f64),
    trunk_edge: (f64, f64),
    deepest_contact: f64,
    sleeveless: (f64, f64),
}

const TOP_ROWS: Rows = Rows {
    torso: (0.45, 0.90),
    trunk_edge: (0.38, 0.60),
    deepest_contact: 0.55,
    sleeveless: (0.10, 0.55),
};
const DRESS_ROWS: Rows = Rows {
    torso: (0.22, 0.45),
    trunk_edge: (0.20, 0.36),
    deepest_contact: 0.38,
    sleeveless: (0.06, 0.34),
};

/// The body without sleeves and straps.
struct Trunk {
    mask: Mask,
    /// First and last column per row, -1 where there is none.
    edges: PerSide<Vec<f64>>,
    top_row: usize,
    /// Column of either side just under the arms.
    side_x: PerSide<f64>,
}

/// Finds sleeves and armpits; the armpits are where the outline shows them.
pub(super) fn find_armholes(mask: &Mask, outline: &Outline, category: Category) -> Armholes {
    let rows = if category == Category::Top {
        TOP_ROWS
    } else {
        DRESS_ROWS
    };
    let torso_width = torso_width(mask, outline, &rows);
    let trunk = find_trunk(mask, outline, torso_width, &rows);
    let trunk_width = trunk.side_x.right - trunk.side_x.left;
    let bulges = sleeve_bulges(mask, outline, &trunk, torso_width);
    let notches = armpit_notches(outline, torso_width, trunk_width);

    let bare_armpit = level_bare(
        PerSide::from_fn(|side| {
            armhole_on_outline(mask, side, outline, &trunk, torso_width, &rows)
        }),
        outline,
    );
    let mut has_sleeve = PerSide::from_fn(|side| bulges[side].is_some());
    let mut armpit = PerSide::from_fn(|side| match &bulges[side] {
        Some(bulge) => armpit_at_bulge(bulge, side, outline, &trunk, &rows),
        None => bare_armpit[side],
    });
    for side in Side::ALL {
        let Some(notch) = notches[side] else { continue };
        let bulge_is_as_good = side.sign() * (armpit[side].x - notch.x) < 0.12 * torso_width;
        if has_sleeve[side] && bulge_is_as_good {
            continue;
        }
        armpit[side] = notch;
        has_sleeve[side] = true;
    }
    complete_pair(&mut has_sleeve, &mut armpit, outline, trunk_width);
    level_armpits(has_sleeve, &mut armpit, outline, torso_width);
    Armholes {
        torso_width,
        trunk_width,
        has_sleeve,
        armpit,
        gap_top: PerSide::default(),
        bare_armpit,
    }
}

/// Brings the armholes of a sleeveless garment to one height.
fn level_bare(armpit: PerSide<Point>, outline: &Outline) -> PerSide<Point> {
    let row = f64::midpoint(armpit.left.y, armpit.right.y).round();
    PerSide::from_fn(|side| {
        let x = outline.edges[side][row as usize];
        if x < 0.0 {
            armpit[side]
        } else {
            Point::new(x, row)
        }
    })
}

/// Measures the width of the trunk in its lower middle: the narrower of the rows through the centre.
fn torso_width(mask: &Mask, outline: &Outline, rows: &Rows) -> f64 {
    let center = outline.center_x;
    let mut widths: Vec<f64> = (outline.row_at(rows.torso.0)..outline.row_at(rows.torso.1))
        .filter_map(|y| {
            runs(mask.row(y))
                .into_iter()
                .find(|run| run.start as f64 - 4.0 <= center && center <= run.end as f64 + 4.0)
        })
        .map(|run| run.length() as f64)
        .collect();
    if widths.is_empty() {
        return (outline.width - 1) as f64 * 0.5;
    }
    percentile_f64(&mut widths, 40.0)
}

/// Radii of the disc that strips sleeves and straps (torso widths), widest first.
const TRUNK_DISCS: [f64; 4] = [0.30, 0.24, 0.18, 0.10];
/// The trunk must keep this share of the garment.
const TRUNK_SHARE: f64 = 0.35;

/// Opens the garment with the widest disc that leaves a trunk.
fn find_trunk(mask: &Mask, outline: &Outline, torso_width: f64, rows: &Rows) -> Trunk {
    let enough = TRUNK_SHARE * mask.count() as f64;
    let mut opened = mask.clone();
    for share in TRUNK_DISCS {
        opened = open(mask, share * torso_width);
        if opened.count() as f64 > enough {
            break;
        }
    }
    let trunk = largest_component(&opened);
    let edges = row_edges(&trunk);
    let under_arms = outline.row_at(rows.trunk_edge.0)..outline.row_at(rows.trunk_edge.1);
    let side_x = PerSide::from_fn(|side| {
        let mut columns: Vec<f64> = under_arms
            .clone()
            .map(|y| edges[side][y])
            .filter(|&x| x >= 0.0)
            .collect();
        if columns.is_empty() {
            return outline.center_x + side.sign() * torso_width / 2.0;
        }
        median_f64(&mut columns)
    });
    let top_row = trunk.bounds().map_or(outline.bounds.y0, |bounds| bounds.y0);
    Trunk {
        mask: trunk,
        edges,
        top_row,
        side_x,
    }
}

/// Smallest sleeve beside the trunk, and smallest only one (square trunk widths).
const LEAST_BULGE: f64 = 0.012;
const LEAST_LONE_BULGE: f64 = 0.06;
/// A bulge reaches this far beyond the trunk's side (trunk widths).
const BULGE_REACH: f64 = 0.07;
/// Area over length: thinner bulges are straps and bands (torso widths).
const BULGE_THICKNESS: f64 = 0.13;

/// Finds the largest piece on either side that the trunk's disc could not enter and that is placed like a sleeve.
fn sleeve_bulges(
    mask: &Mask,
    outline: &Outline,
    trunk: &Trunk,
    torso_width: f64,
) -> PerSide<Option<Mask>> {
    let residue = mask.and_not(&dilate(&trunk.mask, 2.0));
    let parts = components(&residue, Connectivity::Eight);
    let trunk_width = trunk.side_x.right - trunk.side_x.left;
    let unit_area = trunk_width * trunk_width;
    let lowest_top = outline.bounds.y0 as f64 + 0.6 * outline.height as f64;
    let is_sleeve = |part: &Region, side: Side| {
        let sign = side.sign();
        let from = trunk.side_x[side];
        let outer_end = if side == Side::Left {
            part.x0 as f64
        } else {
            (part.x1 + 1) as f64
        };
        let length = (part.x1 - part.x0 + 1).max(part.y1 - part.y0 + 1) as f64;
        let area = part.area as f64;
        area > LEAST_BULGE * unit_area
            && sign * (part.centroid.x - from) > -0.03 * trunk_width
            && (part.y0 as f64) < lowest_top
            && sign * (outer_end - from) > BULGE_REACH * trunk_width
            && area / length > BULGE_THICKNESS * torso_width
    };
    let mut chosen: PerSide<Option<&Region>> = PerSide::default();
    for side in Side::ALL {
        for part in parts.regions.iter().filter(|part| is_sleeve(part, side)) {
            if chosen[side].is_none_or(|best| part.area > best.area) {
                chosen[side] = Some(part);
            }
        }
    }
    match (chosen.left, chosen.right) {
        (Some(lone), None) | (None, Some(lone))
            if (lone.area as f64) < LEAST_LONE_BULGE * unit_area =>
        {
            PerSide::default()
        }
        _ => chosen.map(|part| part.map(|part| parts.mask(part.label))),
    }
}

/// Depth of an armpit notch against the convex hull (torso widths).
const NOTCH_DEPTH: f64 = 0.045;

/// Finds the deepest notch of the outline on either side that is placed like an armpit.
fn armpit_notches(outline: &Outline, torso_width: f64, trunk_width: f64) -> PerSide<Option<Point>> {
    let contour = &outline.contour;
    let top = outline.bounds.y0 as f64;
    let height = outline.height as f64;
    let mut deepest: PerSide<Option<(f64, Point)>> = PerSide::default();
    for defect in convexity_defects(contour) {
        let (start, end, notch) = (
            contour[defect.start],
            contour[defect.end],
            contour[defect.farthest],
        );
        let upper_end = if start.y < end.y { start } else { end };
        for side in Side::ALL {
            let sign = side.sign();
            let extent = if side == Side::Left {
                outline.bounds.x0
            } else {
                outline.bounds.x1
            } as f64;
            let under_a_sleeve = sign * (upper_end.x - notch.x) > 0.13 * torso_width;
            let beside_wide_hem =
                sign * (extent - notch.x) > 0.16 * torso_width && defect.depth > 0.12 * torso_width;
            let fits = sign * (notch.x - outline.center_x) > 0.15 * trunk_width
                && notch.y > top + 0.12 * height
                && notch.y < top + 0.78 * height
                && defect.depth > NOTCH_DEPTH * torso_width
                && (under_a_sleeve || beside_wide_hem)
                && upper_end.y > top + 0.10 * height;
            if fits && deepest[side].is_none_or(|(depth, _)| defect.depth > depth) {
                deepest[side] = Some((defect.depth, notch));
            }
        }
    }
    deepest.map(|found| found.map(|(_, notch)| notch))
}

/// Rows without contact that separate the armhole from a lower touch of sleeve and body.
const CONTACT_BREAK: usize = 6;

/// Finds the armpit at the lower end of the first stretch where bulge and trunk touch.
fn armpit_at_bulge(
    bulge: &Mask,
    side: Side,
    outline: &Outline,
    trunk: &Trunk,
    rows: &Rows,
) -> Point {
    let contact = dilate(bulge, 4.0).and(&trunk.mask);
    let mut lowest: Option<usize> = None;
    for y in 0..contact.height() {
        if !contact.any_row(y) {
            continue;
        }
        if lowest.is_some_and(|last| y - last > CONTACT_BREAK) {
            break;
        }
        lowest = Some(y);
    }
    let contact_end = lowest.unwrap_or_else(|| outline.row_at(0.3)) as f64;
    let y =
        contact_end.min(outline.bounds.y0 as f64 + rows.deepest_contact * outline.height as f64);
    let edge = trunk.edges[side][y as usize];
    Point::new(
        if edge >= 0.0 {
            edge
        } else {
            trunk.side_x[side]
        },
        y,
    )
}

/// Usual depth of a sleeveless armhole below the top and its spread (torso widths), and what a spread costs (torso widths of
/// width).
const USUAL_ARMHOLE: f64 = 0.50;
const ARMHOLE_SPREAD: f64 = 0.15;
const ARMHOLE_PRICE: f64 = 0.01;
/// Points that lose less than about this score count together (torso widths).
const ARMHOLE_TEMPERATURE: f64 = 0.004;

/// Finds the lower end of the armhole of a sleeveless side: the widest point of the outline, higher ones first.
///
/// Straight sides have no widest point; then the mean of all nearly widest ones, pulled to the usual depth, stays put.
fn armhole_on_outline(
    mask: &Mask,
    side: Side,
    outline: &Outline,
    trunk: &Trunk,
    torso_width: f64,
    rows: &Rows,
) -> Point {
    let edge = &outline.edges[side];
    let top = outline.bounds.y0 as f64;
    let first = outline.row_at(rows.sleeveless.0);
    // Long straps end where the body begins.
    let body = body_begin(mask, outline, torso_width) - top;
    let deepest = (DEEPEST_ARMHOLE * torso_width).max(body + BELOW_STRAPS * torso_width);
    let usual = USUAL_ARMHOLE.max(body / torso_width + 0.05);
    let last = outline.row_at(rows.sleeveless.1);
    let scores: Vec<(f64, f64)> = (first.max(trunk.top_row.saturating_sub(1))..last)
        .filter(|&y| edge[y] >= 0.0)
        .map(|y| {
            let off = ((y as f64 - top) / torso_width - usual) / ARMHOLE_SPREAD;
            let price = 0.5 * off * off * ARMHOLE_PRICE * torso_width;
            (y as f64, side.sign() * edge[y] - 0.2 * y as f64 - price)
        })
        .collect();
    let best = scores
        .iter()
        .map(|(_, score)| *score)
        .fold(f64::NEG_INFINITY, f64::max);
    let (mut weights, mut rows_sum) = (0.0, 0.0);
    for (y, score) in &scores {
        let weight = ((score - best) / (ARMHOLE_TEMPERATURE * torso_width)).exp();
        weights += weight;
        rows_sum += weight * y;
    }
    let y = if weights > 0.0 {
        rows_sum / weights
    } else {
        first as f64
    };
    let row = (y.min(top + deepest).round() as usize).min(edge.len() - 1);
    Point::new(edge[row], row as f64)
}

/// The body begins where this share of the torso's width is covered; armholes end at most this far below (torso widths).
const BODY_COVER: f64 = 0.6;
const BELOW_STRAPS: f64 = 0.2;

/// Finds the row in which straps or shoulders have widened to a body.
fn body_begin(mask: &Mask, outline: &Outline, torso_width: f64) -> f64 {
    (outline.bounds.y0..=outline.bounds.y1)
        .find(|&y| {
            let covered = mask.row(y).iter().filter(|&&inside| inside).count();
            covered as f64 >= BODY_COVER * torso_width
        })
        .unwrap_or(outline.bounds.y0) as f64
}

/// Mirrors the armpit when only one side shows a sleeve.
fn complete_pair(
    has_sleeve: &mut PerSide<bool>,
    armpit: &mut PerSide<Point>,
    outline: &Outline,
    trunk_width: f64,
) {
    if has_sleeve.left == has_sleeve.right {
        return;
    }
    let found = if has_sleeve.left {
        Side::Left
    } else {
        Side::Right
    };
    let mirrored = mirror(armpit[found], outline.center_x);
    armpit[found.other()] = snap(mirrored, &outline.contour, 0.12 * trunk_width);
    has_sleeve[found.other()] = true;
}

/// Brings the armpits to about one height: when they disagree, slanted prints show it.
fn level_armpits(
    has_sleeve: PerSide<bool>,
    armpit: &mut PerSide<Point>,
    outline: &Outline,
    torso_width: f64,
) {
    let height = outline.height as f64;
    let apart = |armpit: &PerSide<Point>| (armpit.left.y - armpit.right.y).abs();
    if apart(armpit) > 0.12 * height {
        let higher = armpit.left.y.min(armpit.right.y);
        for side in Side::ALL {
            armpit[side].y = 0.5 * armpit[side].y + 0.5 * higher;
        }
    }
    if !(has_sleeve.left && has_sleeve.right) {
        return;
    }
    let mirrored_right = 2.0 * outline.center_x - armpit.right.x;
    let disagreement = ramp(apart(armpit) / height, 0.02, 0.05).max(ramp(
        (mirrored_right - armpit.left.x).abs() / torso_width,
        0.06,
        0.12,
    ));
    // Trust the one that lies on the outline, the higher one when both do.
    let off_outline = armpit.map(|point| outline.nearest_on_contour(point).1);
    let trust_left = if (off_outline.left - off_outline.right).abs() > 3.0 {
        off_outline.left <= off_outline.right
    } else {
        armpit.left.y <= armpit.right.y
    };
    let trusted = if trust_left { Side::Left } else { Side::Right };
    let mirrored = mirror(armpit[trusted], outline.center_x);
    let other = trusted.other();
    let target = snap(mirrored, &outline.contour, 0.10 * torso_width);
    armpit[other] = armpit[other].lerp(target, disagreement);
}

/// Mirrors a point at a column.
pub(super) fn mirror(point: Point, axis_x: f64) -> Point {
    Point::new(2.0 * axis_x - point.x, point.y)
}

fn snap(point: Point, contour: &[Point], within: f64) -> Point {
    let (index, distance) = nearest(contour, point);
    if distance < within {
        contour[index]
    } else {
        point
    }
}

/// Depth of the armpits below the top at which sleeves begin to count as hanging beside the body, and surely do (armpit
/// distances).
const HANGING_DEPTH: (f64, f64) = (0.92, 1.08);
/// Depth at which no armhole ends, whatever the length of the sleeve (armpit distances).
const TOO_DEEP: (f64, f64) = (1.02, 1.14);
/// Length of sleeve below the visible top of the gap that shows a hanging sleeve: perhaps, surely (armpit distances).
const HANGING_LENGTH: (f64, f64) = (0.30, 0.45);
/// Where the armpits of hanging sleeves are placed below the top (armpit distances).
const VIRTUAL_ARMPIT: f64 = 0.62;

/// Places the armpits of hanging sleeves higher, where a body's armpits are.
///
/// A sleeve that lies on the body hides the armhole; the visible gap begins far too low. Both sides or none, else prints slant.
pub(super) fn raise_hanging_armpits(armholes: &Armholes, outline: &Outline) -> Armholes {
    let mut raised = armholes.clone();
    let armpit = armholes.armpit;
    let width = armpit.right.x - armpit.left.x;
    let top = outline.bounds.y0 as f64;
    let sleeved: Vec<Side> = Side::ALL
        .into_iter()
        .filter(|&side| armholes.has_sleeve[side])
        .collect();
    let shortest = sleeved
        .iter()
        .map(|&side| hanging_length(&armpit, side, outline))
        .fold(f64::INFINITY, f64::min);
    if sleeved.is_empty() {
        return raised;
    }
    let depth = f64::midpoint(armpit.left.y, armpit.right.y) - top;
    let long = ramp(shortest / width, HANGING_LENGTH.0, HANGING_LENGTH.1);
    let hanging = (long * ramp(depth / width, HANGING_DEPTH.0, HANGING_DEPTH.1)).max(ramp(
        depth / width,
        TOO_DEEP.0,
        TOO_DEEP.1,
    ));
    if hanging <= 0.0 {
        return raised;
    }
    let virtual_row = top + VIRTUAL_ARMPIT * width;
    for side in sleeved {
        raised.gap_top[side] = Some(armpit[side]);
        raised.armpit[side].y += hanging * (virtual_row - armpit[side].y);
    }
    raised
}

/// Measures how far the outline of the sleeve, from the shoulder around the cuff to the armpit, reaches below the armpit.
fn hanging_length(armpit: &PerSide<Point>, side: Side, outline: &Outline) -> f64 {
    let axis_x = f64::midpoint(armpit.left.x, armpit.right.x);
    let x = axis_x + SHOULDER_AT * (armpit[side].x - axis_x);
    let (from, _) = outline.nearest_on_contour(Point::new(x, outline.top_at(x)));
    let (to, _) = outline.nearest_on_contour(armpit[side]);
    outer_way(&outline.contour, from, to, side)
        .into_iter()
        .filter(|point| point.y > armpit[side].y)
        .map(|point| (point - armpit[side]).length())
        .fold(0.0, f64::max)
}

/// Reads bulges that are no sleeves as armholes: armpits on the outline, no sleeve on either side.
pub(super) fn as_sleeveless(armholes: &Armholes) -> Armholes {
    Armholes {
        has_sleeve: PerSide {
            left: false,
            right: false,
        },
        armpit: armholes.bare_armpit,
        gap_top: PerSide::default(),
        ..armholes.clone()
    }
}
