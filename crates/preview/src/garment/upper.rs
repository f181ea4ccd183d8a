//! Landmarks of tops and dresses.

use super::armholes::{Armholes, as_sleeveless, find_armholes, raise_hanging_armpits};
use super::neckline::find_neckline;
use super::outline::Outline;
use super::sleeves::{Arms, cut_sleeves};
use super::types::{Category, GarmentError, Sleeve, UpperLandmarks, UpperShape, Warning};
use crate::person::{PerSide, Side};
use crate::raster::{
    Color, Connectivity, Mask, Point, components, dilate, largest_component, median_f64, open,
};

/// The shoulder point of a sleeved garment lies at this share of half the armpit distance from the axis.
pub(super) const SHOULDER_AT: f64 = 0.90;
/// A sleeve reaches at least this far sideways beyond its armhole (armpit distances), else it is only a bulge.
const LEAST_SLEEVE_REACH: f64 = 0.09;
/// The same for garments that hang on thin straps: wide cups and frills reach further than a cap sleeve.
const LEAST_REACH_WITH_STRAPS: f64 = 0.22;
/// Least distance between the shoulder points in work pixels, so that it can be divided by.
const LEAST_SHOULDER_WIDTH: f64 = 4.0;
/// Armpits nearer to each other than this (work pixels) belong to no garment.
const LEAST_ARMPIT_WIDTH: f64 = 12.0;

/// Finds landmarks, sleeves, body and neckline of a top or a dress.
pub(super) fn analyze_upper(
    mask: &Mask,
    lab: &Color,
    outline: &Outline,
    category: Category,
) -> Result<UpperShape, GarmentError> {
    let found = find_armholes(mask, outline, category);
    let raised = raise_hanging_armpits(&found, outline);
    let arms = find_arms(mask, outline, &raised)?;
    let least_reach = if has_thin_straps(mask, outline, found.torso_width) {
        LEAST_REACH_WITH_STRAPS
    } else {
        LEAST_SLEEVE_REACH
    };
    let (armholes, arms, read_as_sleeveless) = if is_only_bulging(&arms, least_reach) {
        let sleeveless = as_sleeveless(&found);
        let arms = find_arms(mask, outline, &sleeveless)?;
        (sleeveless, arms, true)
    } else {
        (raised, arms, false)
    };

    let body = body_without_sleeves(mask, &arms.sleeves);
    let hem = find_hem(&body, outline, armholes.trunk_width).ok_or(GarmentError::NotAGarment)?;
    let Arms {
        axis_x,
        half_width,
        shoulder,
        neck,
        armpit,
        sleeves,
    } = arms;
    let landmarks = UpperLandmarks {
        shoulder,
        neck,
        armpit,
        hem,
    };
    let shoulder_width = (shoulder.right.x - shoulder.left.x).max(LEAST_SHOULDER_WIDTH);
    let neckline = find_neckline(mask, lab, outline, &landmarks, shoulder_width);
    let mut shape = UpperShape {
        landmarks,
        sleeves,
        body,
        opening: neckline.opening,
        neck_arc: neckline.arc,
        axis_x,
        half_width,
        armpit_width: armpit.right.x - armpit.left.x,
        shoulder_width,
        torso_width: armholes.torso_width,
        read_as_sleeveless,
        warnings: Vec::new(),
    };
    shape.warnings = warnings(mask, outline, &shape, category);
    Ok(shape)
}

/// Finds shoulder and neck points and cuts the sleeves off.
fn find_arms(mask: &Mask, outline: &Outline, armholes: &Armholes) -> Result<Arms, GarmentError> {
    let armpit = armholes.armpit;
    let width = armpit.right.x - armpit.left.x;
    if width < LEAST_ARMPIT_WIDTH {
        return Err(GarmentError::NotAGarment);
    }
    let axis_x = f64::midpoint(armpit.left.x, armpit.right.x);
    let half_width = width / 2.0;
    let shoulder = PerSide::from_fn(|side| {
        if armholes.has_sleeve[side] {
            let x = axis_x + side.sign() * half_width * SHOULDER_AT;
            Point::new(x, outline.top_at(x))
        } else {
            strap_end(mask, outline, armpit[side], side, axis_x).unwrap_or_else(|| {
                Point::new(
                    axis_x + side.sign() * half_width * 0.7,
                    outline.bounds.y0 as f64,
                )
            })
        }
    });
    let neck =
        PerSide::from_fn(|side| neck_point(outline, shoulder[side], side, axis_x, half_width));
    let arms = Arms {
        axis_x,
        half_width,
        shoulder,
        neck,
        armpit,
        sleeves: PerSide::default(),
    };
    Ok(cut_sleeves(mask, outline, armholes, arms))
}

/// Finds the outermost and highest point of a strap: the upper part of the armhole's height counts.
fn strap_end(
    mask: &Mask,
    outline: &Outline,
    armpit: Point,
    side: Side,
    axis_x: f64,
) -> Option<Point> {
    let top = outline.bounds.y0;
    let depth = (0.6 * (armpit.y - top as f64)).max(3.0) as usize;
    let mut best: Option<(f64, Point)> = None;
    for y in top..(top + depth).min(mask.height()) {
        for (x, &inside) in mask.row(y).iter().enumerate() {
            let outwards = side.sign() * (x as f64 - axis_x);
            if !inside || outwards <= 0.0 {
                continue;
            }
            let score = outwards * 0.55 - (y - top) as f64;
            if best.is_none_or(|(best_score, _)| score > best_score) {
                best = Some((score, Point::new(x as f64, y as f64)));
            }
        }
    }
    best.map(|(_, point)| point)
}

/// How much a step outwards counts against a step upwards at the neck point: beside a collar, on a strap.
const OUTER_LEAN: f64 = 0.10;
const INNER_LEAN: f64 = -0.22;
/// The outline hangs this far between the neck points of a collar, and of straps (armpit distances).
const LEVEL_SAG: f64 = 0.14;
const STRAP_SAG: f64 = 0.24;

/// Goes from 0 at `low` to 1 at `high`.
pub(super) fn ramp(value: f64, low: f64, high: f64) -> f64 {
    ((value - low) / (high - low)).clamp(0.0, 1.0)
}

/// Finds the highest point of the upper outline between axis and shoulder, on the side that the shape of the neck asks for.
fn neck_point(
    outline: &Outline,
    shoulder: Point,
    side: Side,
    axis_x: f64,
    half_width: f64,
) -> Point {
    let sign = side.sign();
    let inner = axis_x + sign * 0.08 * half_width;
    let outer = shoulder.x - sign * 0.02 * half_width;
    let (first, last) = (
        inner.min(outer).max(0.0) as usize,
        inner.max(outer).max(0.0) as usize,
    );
    let last = last.min(outline.top.len() - 1);
    if last < first + 2 {
        return shoulder;
    }
    let middle =
        (axis_x - 0.1 * half_width).max(0.0) as usize..=(axis_x + 0.1 * half_width) as usize;
    let mut tops: Vec<f64> = middle.map(|x| outline.top_at(x as f64)).collect();
    let highest_row = (first..=last)
        .map(|x| outline.top[x])
        .fold(f64::INFINITY, f64::min);
    let sag = (median_f64(&mut tops) - highest_row) / (2.0 * half_width);
    // Beside a level back collar the outer end counts, on the flat end of a strap the inner one.
    let lean = OUTER_LEAN + (INNER_LEAN - OUTER_LEAN) * ramp(sag, LEVEL_SAG, STRAP_SAG);
    let mut best = (f64::NEG_INFINITY, shoulder);
    for x in first..=last {
        let score = -outline.top[x] + lean * sign * (x as f64 - axis_x);
        if score > best.0 {
            best = (score, Point::new(x as f64, outline.top[x]));
        }
    }
    let highest = best.1;
    collar_corner(outline, highest, outer, side, half_width).unwrap_or(highest)
}

/// Unevenness of a frilled collar's upper edge (half armpit distances).
const COLLAR_FRILL: f64 = 0.06;
/// The side of a stand collar drops by at least this many pixels within that many columns; shoulders slope less.
const COLLAR_DROP: f64 = 10.0;
const COLLAR_STEP: usize = 8;

/// Finds the outer corner of a stand collar whose highest frill lies further inside; none where there is no such collar.
fn collar_corner(
    outline: &Outline,
    highest: Point,
    outer: f64,
    side: Side,
    half_width: f64,
) -> Option<Point> {
    let deepest_frill = highest.y + COLLAR_FRILL * half_width;
    let outwards = |steps: usize| highest.x + side.sign() * steps as f64;
    let mut corner = None;
    for steps in 1.. {
        let x = outwards(steps);
        let top = outline.top_at(x);
        if side.sign() * (outer - x) < 0.0 || top > highest.y + 2.0 * COLLAR_FRILL * half_width {
            break;
        }
        let drop = outline.top_at(outwards(steps + COLLAR_STEP)) - top;
        if steps >= COLLAR_STEP && top <= deepest_frill && drop >= COLLAR_DROP {
            corner = Some(Point::new(x, top));
        }
    }
    corner
}

/// Rows below the top in which straps are looked for, and the widest strap (torso widths).
const STRAP_ROWS: f64 = 0.14;
const WIDEST_STRAP: f64 = 0.13;

/// Tells whether the garment hangs on two thin straps.
fn has_thin_straps(mask: &Mask, outline: &Outline, torso_width: f64) -> bool {
    let top = outline.bounds.y0;
    let rows = top + 2..(top + (STRAP_ROWS * torso_width) as usize + 3).min(mask.height());
    let count = rows.len().max(1);
    let thin = rows
        .filter(|&y| {
            let runs = crate::raster::runs(mask.row(y));
            !runs.is_empty()
                && runs.len() <= 4
                && runs
                    .iter()
                    .all(|run| (run.length() as f64) < WIDEST_STRAP * torso_width)
        })
        .count();
    3 * thin >= 2 * count
}

/// Tells whether there are sleeves and none of them reaches sideways.
fn is_only_bulging(arms: &Arms, least_reach: f64) -> bool {
    let reach = |side: Side| {
        arms.sleeves[side].as_ref().and_then(|sleeve| {
            let cuff = f64::midpoint(sleeve.outer.last()?.x, sleeve.inner.first()?.x);
            let armhole = f64::midpoint(arms.shoulder[side].x, arms.armpit[side].x);
            Some((cuff - armhole).abs() / arms.half_width / 2.0)
        })
    };
    let reaches: Vec<f64> = Side::ALL.into_iter().filter_map(reach).collect();
    !reaches.is_empty() && reaches.iter().all(|&reach| reach < least_reach)
}

/// Gives the largest piece left without the sleeves.
fn body_without_sleeves(mask: &Mask, sleeves: &PerSide<Option<Sleeve>>) -> Mask {
    let mut body = mask.clone();
    for side in Side::ALL {
        if let Some(sleeve) = &sleeves[side] {
            body.subtract_assign(&sleeve.mask);
        }
    }
    largest_component(&open(&body, 2.0))
}

/// Finds the lower corners: outermost and lowest in the lowest part of the body.
fn find_hem(body: &Mask, outline: &Outline, trunk_width: f64) -> Option<PerSide<Point>> {
    let reach = 0.3 * trunk_width;
    let first = (outline.center_x - reach).max(0.0) as usize;
    let end = ((outline.center_x + reach).max(0.0) as usize).min(body.width());
    let lowest = (first..end).filter_map(|x| body.last_in_col(x)).max()?;
    let top = (lowest as f64 - 0.22 * outline.height as f64).max(0.0) as usize;
    let corner = |side: Side| {
        let mut best: Option<(f64, Point)> = None;
        for y in top..=lowest {
            let column = if side == Side::Left {
                body.first_in_row(y)
            } else {
                body.last_in_row(y)
            };
            let Some(x) = column else { continue };
            let score = side.sign() * x as f64 * 0.6 + y as f64;
            if best.is_none_or(|(best_score, _)| score > best_score) {
                best = Some((score, Point::new(x as f64, y as f64)));
            }
        }
        best.map(|(_, point)| point)
    };
    Some(PerSide {
        left: corner(Side::Left)?,
        right: corner(Side::Right)?,
    })
}

/// Width of a strap, and rise of the neck points over the shoulders that shows bare shoulders (armpit distances).
const STRAP_WIDTH: f64 = 0.14;
const COLD_SHOULDER_RISE: f64 = 0.22;
/// Confidence left for cuts that the engine cannot place.
const UNREADABLE_CUT: f64 = 0.4;

/// Names cuts that the landmarks cannot express.
fn warnings(
    mask: &Mask,
    outline: &Outline,
    shape: &UpperShape,
    category: Category,
) -> Vec<Warning> {
    let mut found = Vec::new();
    if has_cold_shoulders(mask, shape) {
        found.push(Warning {
            reason: "straps and separate sleeves (off the shoulder)",
            factor: UNREADABLE_CUT,
        });
    }
    if shape.read_as_sleeveless
        && category == Category::Top
        && has_parts_beside_body(mask, outline, shape)
    {
        found.push(Warning {
            reason: "sleeves cannot be told from the body",
            factor: UNREADABLE_CUT,
        });
    }
    let narrowing = if shape.is_sleeved() || category != Category::Top {
        0.0
    } else {
        narrowing_to_hem(outline)
    };
    let mut doubt = |reason: &'static str, strength: f64| {
        if strength > 0.0 {
            found.push(Warning {
                reason,
                factor: 1.0 - (1.0 - UNREADABLE_CUT) * strength,
            });
        }
    };
    doubt(
        "the upper part is not symmetric (one shoulder, wrapped or folded)",
        ramp(-upper_overlap(mask, outline, shape), -0.80, -0.62),
    );
    doubt(
        "sleeves cannot be told from the body",
        ramp(narrowing, MERGED_SLEEVES.0, MERGED_SLEEVES.1),
    );
    doubt(
        "the front is open",
        ramp(front_sag(outline, shape), OPEN_FRONT.0, OPEN_FRONT.1),
    );
    doubt(
        "bands or ribbons hang from the garment",
        ramp(band_length(mask, shape), BANDS.0, BANDS.1),
    );
    found
}

/// Greatest width over the hem's from which a top without sleeves may be, and surely is, one whose sleeves touch the body.
const MERGED_SLEEVES: (f64, f64) = (1.30, 1.55);

/// Gives the greatest width of the outline over its width just above the hem.
fn narrowing_to_hem(outline: &Outline) -> f64 {
    let width = |y: usize| outline.edges.right[y] - outline.edges.left[y];
    let mut at_hem: Vec<f64> = (outline.row_at(0.90)..outline.row_at(0.97))
        .map(width)
        .collect();
    let widest = (outline.row_at(0.10)..outline.row_at(0.90))
        .map(width)
        .fold(0.0, f64::max);
    widest / median_f64(&mut at_hem).max(1.0)
}

/// Depth of the outline at the axis below the armpits from which a front may be, and surely is, open (armpit distances).
const OPEN_FRONT: (f64, f64) = (0.15, 0.40);
/// Length of loose bands that is noticed, and that surely spoils the result (armpit distances).
const BANDS: (f64, f64) = (0.5, 1.0);
/// Widest and shortest band (armpit distances).
const BAND_WIDTH: f64 = 0.07;
const SHORTEST_BAND: f64 = 0.25;

/// Gives the overlap of what lies above the armpits with its mirror image, common over joint area.
fn upper_overlap(mask: &Mask, outline: &Outline, shape: &UpperShape) -> f64 {
    let armpit = &shape.landmarks.armpit;
    let last = armpit.left.y.max(armpit.right.y).max(0.0) as usize;
    let twice_axis = (2.0 * shape.axis_x).round() as isize;
    let (mut common, mut joint) = (0_usize, 0_usize);
    for y in outline.bounds.y0..last.min(mask.height()) {
        for (x, &here) in mask.row(y).iter().enumerate() {
            let mirrored = mask.is_true(twice_axis - x as isize, y as isize);
            common += usize::from(here && mirrored);
            joint += usize::from(here || mirrored);
        }
    }
    common as f64 / joint.max(1) as f64
}

/// Measures how far the outline at the axis hangs below the armpits (armpit distances).
fn front_sag(outline: &Outline, shape: &UpperShape) -> f64 {
    let armpit = &shape.landmarks.armpit;
    let reach = 0.04 * shape.armpit_width;
    let columns =
        (shape.axis_x - reach).max(0.0) as usize..=(shape.axis_x + reach).max(0.0) as usize;
    let mut tops: Vec<f64> = columns.map(|x| outline.top_at(x as f64)).collect();
    let row = median_f64(&mut tops).min(outline.bounds.y1 as f64);
    (row - f64::midpoint(armpit.left.y, armpit.right.y)) / shape.armpit_width.max(1.0)
}

/// Measures the length of all thin parts below the armpits (armpit distances).
fn band_length(mask: &Mask, shape: &UpperShape) -> f64 {
    let width = shape.armpit_width.max(1.0);
    let armpit = &shape.landmarks.armpit;
    let from = armpit.left.y.max(armpit.right.y);
    let thick = open(mask, 0.5 * BAND_WIDTH * width);
    let thin = mask.and_not(&dilate(&thick, 2.0));
    let parts = components(&thin, Connectivity::Eight);
    parts
        .regions
        .iter()
        .map(|part| {
            let length = (part.x1 - part.x0 + 1).max(part.y1 - part.y0 + 1) as f64;
            let is_band = part.centroid.y > from
                && length > SHORTEST_BAND * width
                && part.area as f64 > 2.0 * length;
            if is_band { length / width } else { 0.0 }
        })
        .sum()
}

/// Tells whether thin straps rise far above sleeves.
fn has_cold_shoulders(mask: &Mask, shape: &UpperShape) -> bool {
    let UpperLandmarks { shoulder, neck, .. } = &shape.landmarks;
    let width = shape.armpit_width;
    let rise = (shoulder.left.y + shoulder.right.y - neck.left.y - neck.right.y) / 2.0;
    let is_thin = |side: Side| {
        let row = (neck[side].y + 0.35 * rise.max(0.1 * width)).max(0.0) as usize;
        let strap = crate::raster::runs(mask.row(row.min(mask.height() - 1)))
            .into_iter()
            .filter(|run| {
                run.start as f64 - 0.1 * width <= neck[side].x
                    && neck[side].x <= run.end as f64 + 0.1 * width
            })
            .map(|run| run.length() as f64)
            .fold(width, f64::min);
        strap < STRAP_WIDTH * width
    };
    let has_sleeves = shape.sleeves.left.is_some() || shape.sleeves.right.is_some();
    has_sleeves && rise > COLD_SHOULDER_RISE * width && Side::ALL.into_iter().all(is_thin)
}

/// Tells whether a notable share of the lower rows shows several parts side by side.
fn has_parts_beside_body(mask: &Mask, outline: &Outline, shape: &UpperShape) -> bool {
    let rows = outline.bounds.y0 + (0.5 * (outline.height - 1) as f64) as usize..outline.bounds.y1;
    let count = rows.len().max(1) as f64;
    let split = rows
        .filter(|&y| super::outline::row_runs(mask, y, 0.08 * shape.armpit_width).len() >= 2)
        .count();
    split as f64 / count > 0.06
}
