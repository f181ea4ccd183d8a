//! The trunk of a top or a dress: where landmarks, hem and sides lie.

use crate::garment::{Category, GarmentShape, UpperShape};
use crate::person::{PerSide, PersonRegions, Side};
use crate::raster::{Mask, Point};

use super::mesh::{Part, Wish};
use super::shoulders::ShoulderLine;
use super::{Landing, Pair, SCALE_SLEEVED, Stance, index_of, row_edges, runs_at, top_row};

/// Straps narrower than this share of the armpit distance ...
const THIN_STRAP: f64 = 0.14;
/// ... sit at this share of the shoulder.
const THIN_STRAP_AT: f64 = 0.70;
/// The widest neckline still rests on the shoulder (share of the shoulder point).
const NECK_WIDEST: f64 = 0.86;
/// The narrowest neckline (share of the shoulder).
const NECK_NARROWEST: f64 = 0.30;
/// Bounds of the armhole's depth (U).
const ARMHOLE_DEPTH: (f64, f64) = (0.37, 0.48);
/// Tops longer than this are compressed, because flat-lays look longer than worn tops (U) ...
const TOP_FREE: f64 = 1.2;
/// ... by this factor on what is beyond ...
const TOP_SQUEEZE: f64 = 0.42;
/// ... and never exceed this (U).
const TOP_MAX: f64 = 1.58;
/// A dress may be lengthened by this to end below the picture.
const LENGTHENED: f64 = 1.18;
/// Ease at the side (U).
const LOOSE: f64 = 0.17;
/// Share of the ease that is left where a waistband gathers the top.
const GATHERED: f64 = 0.16;

/// An old top wider than the body is covered this far beside it (U).
const OLD_TOP_COVERED: f64 = 0.14;
/// How strongly the landmarks of the trunk are pulled.
const NECK_PULL: f64 = 12.0;
const SHOULDER_PULL: f64 = 12.0;
const NECKLINE_PULL: f64 = 0.4;
const SIDE_PULL: f64 = 0.5;
const HEM_PULL: f64 = 0.5;
const CENTRE_PULL: f64 = 0.6;
/// Points along the neckline, the hem and each side that are told where to lie: about one per cell of the mesh, so that the
/// edges do not scallop between them.
const NECKLINE_POINTS: u32 = 8;
const HEM_POINTS: u32 = 14;
const TOP_SIDE_POINTS: usize = 14;
const DRESS_SIDE_POINTS: usize = 24;
/// A sewn-in sleeve moves its armpit, an armhole keeps it.
const SEWN_ARMPIT_PULL: f64 = 1.5;
const OPEN_ARMPIT_PULL: f64 = 4.0;

/// Places the lower end of a garment.
pub(super) struct Hem {
    /// Row of the hem, person work pixels.
    pub(super) row: f64,
    /// Worn length divided by natural length.
    pub(super) stretch: f64,
    /// The top is cut at the old waistband.
    pub(super) tuck: bool,
}

/// Places shoulder, neck and armpit points of the garment on the person.
pub(super) fn place_landmarks(
    person: &PersonRegions,
    garment: &GarmentShape,
    upper: &UpperShape,
    line: &ShoulderLine,
    scale: f64,
) -> Landing {
    let u = person.shoulder_width;
    let marks = &upper.landmarks;
    let share = PerSide::from_fn(|side| {
        if upper.is_sleeved() {
            return 1.0;
        }
        let shoulder = marks.shoulder[side];
        let natural =
            ((shoulder.x - upper.axis_x).abs() * scale / (SCALE_SLEEVED * u)).clamp(0.5, 1.0);
        let strap_row = shoulder.y + 0.03 * (garment.bounds.y1 as f64 - garment.bounds.y0 as f64);
        let strap = runs_at(&garment.mask, strap_row)
            .into_iter()
            .find(|run| run.start as f64 - 6.0 <= shoulder.x && shoulder.x <= run.end as f64 + 6.0);
        let is_thin =
            strap.is_some_and(|run| (run.length() as f64) < THIN_STRAP * upper.armpit_width);
        if is_thin {
            natural.min(THIN_STRAP_AT)
        } else {
            natural
        }
    });
    let neck_share = PerSide::from_fn(|side| {
        let reach = (marks.shoulder[side].x - upper.axis_x).abs().max(1.0);
        let natural = (marks.neck[side].x - upper.axis_x).abs() / reach * share[side];
        natural.min(NECK_WIDEST * share[side]).max(NECK_NARROWEST)
    });
    let shoulder = line.settle(PerSide::from_fn(|side| line.point(side, share[side])));
    let neck = line.settle(PerSide::from_fn(|side| line.point(side, neck_share[side])));
    let neck = level_neck(&shoulder, neck);
    let neck = raise_collar(person, upper, scale, &shoulder, neck);

    let armpit = PerSide::from_fn(|side| {
        let depth = (marks.armpit[side].y - marks.shoulder[side].y) * scale;
        let y = shoulder[side].y + depth.clamp(ARMHOLE_DEPTH.0 * u, ARMHOLE_DEPTH.1 * u);
        Point::new(body_edge(person, side, y) + side.sign() * 0.02 * u, y)
    });
    Landing {
        shoulder,
        neck,
        armpit,
    }
}

/// Lowers the neck point that rises further above its shoulder: hair or a hood only ever lifts the contour.
fn level_neck(shoulder: &PerSide<Point>, neck: PerSide<Point>) -> PerSide<Point> {
    let rise = PerSide::from_fn(|side| shoulder[side].y - neck[side].y);
    let least = rise.left.min(rise.right);
    PerSide::from_fn(|side| Point::new(neck[side].x, shoulder[side].y - least))
}

/// Lets a high collar stand above the shoulder line, level on the neck whatever the shoulders do.
fn raise_collar(
    person: &PersonRegions,
    upper: &UpperShape,
    scale: f64,
    shoulder: &PerSide<Point>,
    neck: PerSide<Point>,
) -> PerSide<Point> {
    let u = person.shoulder_width;
    let marks = &upper.landmarks;
    let mean = |value: &dyn Fn(Side) -> f64| 0.5 * (value(Side::Left) + value(Side::Right));
    let rise = mean(&|side| marks.shoulder[side].y - marks.neck[side].y) * scale;
    let own_rise = mean(&|side| shoulder[side].y - neck[side].y);
    let collar_width = marks.neck.right.x - marks.neck.left.x;
    let shoulder_distance = marks.shoulder.right.x - marks.shoulder.left.x;
    if rise <= own_rise + 0.05 * u || collar_width >= 0.45 * shoulder_distance {
        return neck;
    }
    let level = mean(&|side| neck[side].y) - (rise - own_rise).min(0.16 * u) * 0.7;
    let shift = (person.neck_x - mean(&|side| neck[side].x)).clamp(-0.06 * u, 0.06 * u);
    neck.map(|point| Point::new(point.x + shift, point.y + 0.8 * (level - point.y)))
}

/// Places the hem.
pub(super) fn place_hem(
    person: &PersonRegions,
    category: Category,
    upper: &UpperShape,
    landing: &Landing,
    scale: f64,
) -> Hem {
    let u = person.shoulder_width;
    let marks = &upper.landmarks;
    let top = f64::midpoint(landing.shoulder.left.y, landing.shoulder.right.y);
    let garment_length = f64::midpoint(marks.hem.left.y, marks.hem.right.y)
        - f64::midpoint(marks.shoulder.left.y, marks.shoulder.right.y);
    let natural = (garment_length * scale).max(1.0);
    if category == Category::Dress {
        let length = natural / u;
        let natural = if length > 2.3 {
            (2.3 + 0.7 * (length - 2.3)) * u
        } else {
            natural
        };
        let row = place_dress_hem(person, top, natural);
        return Hem {
            row,
            stretch: (row - top) / natural.max(1.0),
            tuck: false,
        };
    }
    let length = natural / u;
    let length = if length > TOP_FREE {
        (TOP_FREE + TOP_SQUEEZE * (length - TOP_FREE)).min(TOP_MAX)
    } else {
        length
    };
    let mut row = top + length * u;
    let tuck = person.tuck_possible && row > person.waist - 0.03 * u;
    if row < person.waist + 0.05 * u {
        row = (person.waist + 0.07 * u).min(top + natural * 1.6);
    }
    if tuck {
        let waist_end = person
            .waist_curve
            .iter()
            .copied()
            .reduce(f64::max)
            .unwrap_or(person.waist);
        row = row.max((waist_end + 0.08 * u).min(top + natural * 1.3));
    }
    let row = row.min(person.shoulder_y + 1.75 * u);
    Hem {
        row,
        stretch: (row - top) / natural,
        tuck,
    }
}

/// Keeps a dress from ending above the old hem when legs are bare, and from running over the feet.
fn place_dress_hem(person: &PersonRegions, top: f64, natural: f64) -> f64 {
    let u = person.shoulder_width;
    let row = top + natural;
    let height = person.silhouette.height() as f64;
    if person.bottom >= height - 2.0 && !person.legs_bare {
        // A hem just above the picture's end would bare a strip of thighs only.
        let beyond = height + 0.05 * u;
        return if row < beyond && beyond < top + natural * LENGTHENED {
            beyond
        } else {
            row
        };
    }
    if !person.legs_bare {
        return row.min(person.bottom - 0.18 * u);
    }
    let covering = if row < person.low_hem + 0.02 * u {
        (person.low_hem + 0.03 * u).min(top + natural * 1.45)
    } else {
        row
    };
    covering.min(person.bottom - 0.10 * u)
}

/// Pairs points down both sides, armpit excluded: the natural width, kept between the body and the body plus ease.
pub(super) fn place_sides(
    person: &PersonRegions,
    garment: &GarmentShape,
    upper: &UpperShape,
    landing: &Landing,
    scale: f64,
    hem: &Hem,
    stance: Option<&Stance>,
) -> PerSide<Vec<Pair>> {
    let u = person.shoulder_width;
    let dress = garment.category == Category::Dress;
    let steps = if dress {
        DRESS_SIDE_POINTS
    } else {
        TOP_SIDE_POINTS
    };
    PerSide::from_fn(|side| {
        let (armpit, corner) = (upper.landmarks.armpit[side], upper.landmarks.hem[side]);
        let pair_at = |step: usize| {
            let t = step as f64 / steps as f64;
            let garment_y = armpit.y + (corner.y - armpit.y) * t;
            let y = landing.armpit[side].y + (hem.row - landing.armpit[side].y) * t;
            let garment_x = match row_edges(&upper.body, garment_y.min(corner.y), garment.center_x)
            {
                Some(edges) if step < steps => pick(side, edges),
                _ => corner.x,
            };
            let body = side.sign() * (body_edge(person, side, y) - person.center_x);
            let body = match stance {
                Some(stance) => under_the_skirt(person, stance, side, y, body),
                None => body,
            };
            let mut ease = LOOSE * u;
            // What the old top covered is covered again, as far as a top may be loose.
            let old = if stance.is_some() && y > person.waist {
                0.0
            } else {
                old_top_edge(person, side, y) - body
            };
            let low = body + old.clamp(0.015 * u, OLD_TOP_COVERED * u);
            if dress {
                ease += (y - person.shoulder_y - 1.25 * u).max(0.0) * 1.2;
            } else if hem.tuck {
                ease *= ((person.waist - y) / (0.45 * u) + GATHERED).clamp(GATHERED, 1.0);
            }
            let natural = (garment_x - upper.axis_x).abs() * scale * 0.96;
            let half_width = natural.max(low).min((body + ease).max(low));
            Pair {
                garment: Point::new(garment_x, garment_y),
                person: Point::new(person.center_x + side.sign() * half_width, y),
            }
        };
        (1..=steps).map(pair_at).collect()
    })
}

/// Gives how far hips and legs reach to one side in a row of a dress: a skirt encloses them, whatever was worn before.
fn under_the_skirt(
    person: &PersonRegions,
    stance: &Stance,
    side: Side,
    row: f64,
    torso: f64,
) -> f64 {
    let below_waist = ((row - person.waist) / (0.15 * person.shoulder_width)).clamp(0.0, 1.0);
    let legs = side.sign() * (stance.body_edge(side, row) - person.center_x);
    let hidden = &stance.hidden_arm[side];
    let arm = hidden
        .get(index_of(row, hidden.len()))
        .copied()
        .unwrap_or(0.0);
    (torso * (1.0 - below_waist) + legs * below_waist).max(arm)
}

/// Gives the distance from the body's axis to the outer edge of the old top's trunk in a row.
fn old_top_edge(person: &PersonRegions, side: Side, row: f64) -> f64 {
    let reach = side.sign() * (body_edge(person, side, row) - person.center_x);
    let most = reach + OLD_TOP_COVERED * person.shoulder_width;
    let y = index_of(row, person.old_top.height()) as isize;
    let mut edge = reach;
    while edge < most {
        let x = (person.center_x + side.sign() * (edge + 1.0)).round() as isize;
        if !person.old_top.is_true(x, y) || person.old_sleeves.is_true(x, y) {
            break;
        }
        edge += 1.0;
    }
    edge
}

/// Lists where points of the trunk belong, and how much that counts.
#[expect(
    clippy::too_many_arguments,
    reason = "the results of all the earlier steps meet here"
)]
pub(super) fn wishes(
    person: &PersonRegions,
    garment: &GarmentShape,
    upper: &UpperShape,
    line: &ShoulderLine,
    landing: &Landing,
    scale: f64,
    sides: &PerSide<Vec<Pair>>,
    hem: f64,
) -> Vec<Wish> {
    let marks = &upper.landmarks;
    let mut all = Vec::with_capacity(64);
    let mut add = |pairs: &[Pair], strength: f64| {
        all.extend(pairs.iter().map(|pair| Wish {
            part: Part::Trunk,
            garment: pair.garment,
            person: pair.person,
            strength,
        }));
    };
    let armpit_pull = if upper.is_sleeved() {
        SEWN_ARMPIT_PULL
    } else {
        OPEN_ARMPIT_PULL
    };
    for (from, to, pull) in [
        (&marks.shoulder, &landing.shoulder, SHOULDER_PULL),
        (&marks.neck, &landing.neck, NECK_PULL),
        (&marks.armpit, &landing.armpit, armpit_pull),
    ] {
        for side in Side::ALL {
            let pair = Pair {
                garment: from[side],
                person: to[side],
            };
            add(&[pair], pull);
        }
    }
    for side in Side::ALL {
        add(
            &shoulder_seam(garment, upper, line, landing, side),
            SHOULDER_PULL,
        );
        add(&sides[side], SIDE_PULL);
    }
    let front = garment.mask.and_not(&upper.opening);
    add(
        &centre_line(garment, upper, &front, landing, sides, hem),
        CENTRE_PULL,
    );
    add(&neckline(upper, &front, landing, scale), NECKLINE_PULL);
    add(
        &hem_line(upper, sides, scale, person.shoulder_width),
        HEM_PULL,
    );
    all.retain(|wish| {
        [wish.garment, wish.person]
            .iter()
            .all(|point| point.x.is_finite() && point.y.is_finite())
    });
    all
}

/// Hangs the neckline between the neck points as deep as on the garment.
fn neckline(upper: &UpperShape, front: &Mask, landing: &Landing, scale: f64) -> Vec<Pair> {
    let neck = &upper.landmarks.neck;
    let point_at = |step: u32| {
        let t = f64::from(step) / f64::from(NECKLINE_POINTS);
        let straight = neck.left.lerp(neck.right, t);
        let row = top_row(front, straight.x.round())?;
        let sag = (row - straight.y) * scale;
        let landed = landing.neck.left.lerp(landing.neck.right, t);
        Some(Pair {
            garment: Point::new(straight.x, row),
            person: Point::new(landed.x, landed.y + sag.max(0.0)),
        })
    };
    (1..NECKLINE_POINTS).filter_map(point_at).collect()
}

/// Lays the hem between its corners, as curved as on the garment.
fn hem_line(upper: &UpperShape, sides: &PerSide<Vec<Pair>>, scale: f64, u: f64) -> Vec<Pair> {
    let (Some(left), Some(right)) = (sides.left.last(), sides.right.last()) else {
        return Vec::new();
    };
    let point_at = |step: u32| {
        let t = f64::from(step) / f64::from(HEM_POINTS);
        let straight = left.garment.lerp(right.garment, t);
        let row = upper
            .body
            .last_in_col(index_of(straight.x.round(), upper.body.width()))?
            as f64;
        let curve = ((row - straight.y) * scale).clamp(-0.15 * u, 0.2 * u);
        let landed = left.person.lerp(right.person, t);
        Some(Pair {
            garment: Point::new(straight.x, row),
            person: Point::new(landed.x, landed.y + curve),
        })
    };
    (1..HEM_POINTS).filter_map(point_at).collect()
}

/// Lays the garment's outline between neck and shoulder onto the person's contour.
fn shoulder_seam(
    garment: &GarmentShape,
    upper: &UpperShape,
    line: &ShoulderLine,
    landing: &Landing,
    side: Side,
) -> Vec<Pair> {
    let (neck, shoulder) = (upper.landmarks.neck[side], upper.landmarks.shoulder[side]);
    if (shoulder.x - neck.x).abs() < 0.10 * upper.half_width {
        return Vec::new();
    }
    let pair_at = |t: f64| {
        let straight = neck.lerp(shoulder, t);
        let outline = top_row(&garment.mask, straight.x)?;
        if (outline - straight.y).abs() > 0.12 * upper.armpit_width {
            return None;
        }
        let landed = landing.neck[side].lerp(landing.shoulder[side], t);
        let step = line.step_to_contour(landed).unwrap_or(0.0);
        Some(Pair {
            garment: Point::new(straight.x, outline),
            person: Point::new(landed.x, landed.y + step),
        })
    };
    [0.33, 0.66].into_iter().filter_map(pair_at).collect()
}

/// Pairs the centre line, below the neckline only.
fn centre_line(
    garment: &GarmentShape,
    upper: &UpperShape,
    front: &Mask,
    landing: &Landing,
    sides: &PerSide<Vec<Pair>>,
    hem: f64,
) -> Vec<Pair> {
    let marks = &upper.landmarks;
    let neck_middle = (f64::midpoint(marks.neck.left.x, marks.neck.right.x)).round();
    let neckline = top_row(front, neck_middle).unwrap_or(0.0);
    let garment_top = f64::midpoint(marks.armpit.left.y, marks.armpit.right.y);
    let garment_hem = f64::midpoint(marks.hem.left.y, marks.hem.right.y);
    let top = f64::midpoint(landing.armpit.left.y, landing.armpit.right.y);
    let steps = sides.left.len();
    let pair_at = |t: f64| {
        let garment_y = garment_top + (garment_hem - garment_top) * t;
        let y = top + (hem - top) * t;
        if garment_y <= neckline + 4.0 {
            return None;
        }
        let garment_x = match row_edges(&upper.body, garment_y, garment.center_x) {
            Some((left, right)) if t >= 0.3 => f64::midpoint(left, right),
            _ => upper.axis_x,
        };
        let step = (t * steps as f64).round() as usize;
        let x = if step == 0 {
            f64::midpoint(landing.armpit.left.x, landing.armpit.right.x)
        } else {
            f64::midpoint(
                sides.left.get(step - 1)?.person.x,
                sides.right.get(step - 1)?.person.x,
            )
        };
        Some(Pair {
            garment: Point::new(garment_x, garment_y),
            person: Point::new(x, y),
        })
    };
    [0.0, 0.33, 0.66].into_iter().filter_map(pair_at).collect()
}

/// Gives the left or the right of two columns.
fn pick(side: Side, edges: (f64, f64)) -> f64 {
    match side {
        Side::Left => edges.0,
        Side::Right => edges.1,
    }
}

/// Gives the column of the torso's edge in a row.
pub(super) fn body_edge(person: &PersonRegions, side: Side, row: f64) -> f64 {
    let edge = match side {
        Side::Left => &person.torso_left,
        Side::Right => &person.torso_right,
    };
    edge.get(index_of(row, edge.len()))
        .copied()
        .unwrap_or(person.center_x)
}
