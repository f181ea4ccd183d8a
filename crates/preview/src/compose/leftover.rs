//! What of the old clothes the new garment does not cover, and what takes its place.

use crate::fit::{LowerFit, Stance, UpperFit};
use crate::garment::Category;
use crate::person::{PersonRegions, Side};
use crate::raster::{Gray, Mask, Plane, dilate, open};

/// Coverage from which on old cloth counts as hidden.
const HIDDEN: f32 = 0.98;
/// Share of the chest that looks like skin from which on clothes cannot be told from skin.
const SKIN_COLORED: f64 = 0.3;

/// Old cloth that the new garment leaves visible, by what replaces it; work masks that do not overlap.
#[derive(Debug, Clone)]
pub(super) struct Leftover {
    /// Becomes wall.
    pub(super) wall: Mask,
    /// Becomes skin.
    pub(super) skin: Mask,
    /// Becomes lower garment, continued from below.
    pub(super) lower: Mask,
    /// Shows the bare legs, if they are there: part of `wall`, which is painted first.
    pub(super) below_hem: Mask,
}

/// What replaces a pixel of old cloth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Wall,
    Skin,
    Lower,
    Legs,
}

/// Finds what a new top or dress leaves visible; `coverage` is that of all layers, `sleeve_coverage` that of the sleeves.
pub(super) fn upper_leftover(
    person: &PersonRegions,
    category: Category,
    fit: &UpperFit,
    coverage: &Gray,
    sleeve_coverage: &Gray,
) -> Leftover {
    let dress = category == Category::Dress;
    let u = person.shoulder_width;
    let mut old = dilate(&person.old_top, 2.0);
    old.subtract_assign(&person.head.and_not(&person.old_top));
    old.subtract_assign(&person.hair);
    old.subtract_assign(&dilate(&person.arm.and_not(&person.old_top), 1.0));
    let below = fit
        .stance
        .as_ref()
        .map(|stance| old_lower(person, stance, fit.hem).and_not(&old));
    if let Some(below) = &below {
        old.or_assign(below);
    }
    let left = Plane::from_fn(old.width(), old.height(), |x, y| {
        let at = (x, y);
        (old[at] && coverage[at] < HIDDEN)
            || (!fit.long_sleeves && person.old_sleeves[at] && sleeve_coverage[at] < HIDDEN)
    });
    let zone = |x: usize, y: usize| {
        let lower = below.as_ref().is_some_and(|below| below[(x, y)]);
        left[(x, y)].then(|| match &fit.stance {
            Some(stance) if lower => below_the_waist(person, stance, fit.hem, x, y),
            _ => zone_of(person, fit, dress, x, y),
        })
    };
    let zones = Plane::from_fn(left.width(), left.height(), zone);
    let pick = |wanted: Zone| zones.map(|zone| zone == Some(wanted));
    let (skin, lower, mut wall) = (pick(Zone::Skin), pick(Zone::Lower), pick(Zone::Wall));
    let below_hem = pick(Zone::Legs);
    wall.or_assign(&below_hem);

    // The fringe of the old garment outside the silhouette.
    let mut kept = person.skin.or(&person.hair);
    if !dress {
        kept.or_assign(&person.old_bottom);
    }
    let kept = dilate(&kept, 1.0);
    let ring = dilate(&wall, 0.02 * u + 2.0);
    let fringe = Plane::from_fn(wall.width(), wall.height(), |x, y| {
        let at = (x, y);
        ring[at]
            && coverage[at] < 0.5
            && !kept[at]
            && !person.head[at]
            && !skin[at]
            && !lower[at]
            && !person.silhouette[at]
    });
    wall.or_assign(&fringe);
    Leftover {
        wall,
        skin,
        lower,
        below_hem,
    }
}

/// Finds what a dress or a lower garment replaces below the waist: all of the old garment, shoes left out. Hands stay whole.
fn old_lower(person: &PersonRegions, stance: &Stance, end: f64) -> Mask {
    let u = person.shoulder_width;
    let worn = &person.old_bottom;
    let whole = stance.whole_person;
    let ends_high = end < person.bottom - 0.30 * u;
    let last_row = |x: usize| -> f64 {
        if person.legs_bare {
            return person.low_hem + 2.0;
        }
        if !whole {
            return f64::INFINITY;
        }
        let side = if x as f64 <= stance.hip_x {
            Side::Left
        } else {
            Side::Right
        };
        if ends_high { stance.shoes[side] } else { end }
    };
    let old = Plane::from_fn(worn.width(), worn.height(), |x, y| {
        worn[(x, y)] && (y as f64) < last_row(x)
    });
    let spared = dilate(&person.arm, 1.0).or(&person.head);
    let grown = dilate(&old, 2.0).and_not(&spared);
    if person.skin_cloth_share > SKIN_COLORED {
        grown
    } else {
        grown.and_not(&person.skin)
    }
}

/// Decides what replaces a pixel below the waist: legs under the new hem, wall beside them.
fn below_the_waist(person: &PersonRegions, stance: &Stance, end: f64, x: usize, y: usize) -> Zone {
    let below_the_end = y as f64 > end - 0.06 * person.shoulder_width;
    if person.silhouette[(x, y)] && below_the_end && stance.on_leg(x, y) {
        Zone::Legs
    } else {
        Zone::Wall
    }
}

/// Decides what replaces a pixel of the old top.
fn zone_of(person: &PersonRegions, fit: &UpperFit, dress: bool, x: usize, y: usize) -> Zone {
    let (column, row) = (x as f64, y as f64);
    let u = person.shoulder_width;
    // A sleeve that flares away from the arm hides wall, not arm.
    let beside_the_arm = Side::ALL.iter().any(|&side| {
        let edge = person.arm_edge[side].get(y).copied().unwrap_or(-1.0);
        side.sign() * (column - edge) > 0.0 && row > person.shoulder_tips[side].y
    });
    if beside_the_arm || !person.silhouette[(x, y)] {
        return Zone::Wall;
    }
    let above_armpit = row < fit.landing.armpit.left.y;
    let neck = above_armpit && (column - person.center_x).abs() < 0.50 * u;
    let arm = (!person.torso[(x, y)] || above_armpit) && row < person.shoulder_y + 1.6 * u;
    if neck || arm || person.old_sleeves[(x, y)] || row < person.waist {
        return Zone::Skin;
    }
    // A wider old skirt leaves wall behind, not cloth.
    if dress && person.legs_bare {
        Zone::Wall
    } else {
        Zone::Lower
    }
}

/// Finds what a new lower garment leaves visible.
///
/// `bottom` has the colours of the old lower garment, `edge` is the row per column from which on the new one is seen.
pub(super) fn lower_leftover(
    person: &PersonRegions,
    fit: &LowerFit,
    bottom: &Mask,
    edge: &[f64],
    coverage: &Gray,
) -> Leftover {
    let u = person.shoulder_width;
    let worn = &person.old_bottom;
    let mut old = old_lower(person, &fit.stance, fit.bottom);
    // Cloth of its colour that was taken for a sleeve beside it; not where the top itself has that colour.
    let from = (person.waist - 0.12 * u).max(0.0) as usize;
    let strays = Plane::from_fn(worn.width(), worn.height(), |x, y| {
        let at = (x, y);
        y >= from
            && bottom[at]
            && !person.arm[at]
            && (y as f64) < person.low_hem
            && (!fit.whole_person || (y as f64) < person.bottom - 0.5 * u)
    });
    let strays = open(&strays, 1.0);
    old.or_assign(&strays);
    let keep_shoes = fit.whole_person && !person.legs_bare;
    let zone = |x: usize, y: usize| -> Option<Zone> {
        let at = (x, y);
        let row = y as f64;
        if !old[at] || (person.old_top[at] && !strays[at]) || coverage[at] >= HIDDEN {
            return None;
        }
        let ends_at_shoes = fit.bottom > person.bottom - 0.30 * u;
        if keep_shoes && ends_at_shoes && row > fit.bottom - 0.02 * u {
            return None;
        }
        if row > fit.bottom - 0.06 * u {
            return Some(below_the_waist(person, &fit.stance, fit.bottom, x, y));
        }
        // Right at the waist the top stays in front.
        let begins = edge.get(x).copied().unwrap_or(person.waist);
        (row >= begins || !person.torso[at]).then_some(Zone::Wall)
    };
    let zones = Plane::from_fn(worn.width(), worn.height(), zone);
    let pick = |wanted: Zone| zones.map(|zone| zone == Some(wanted));
    let below_hem = pick(Zone::Legs);
    Leftover {
        wall: pick(Zone::Wall).or(&below_hem),
        skin: pick(Zone::Skin),
        lower: pick(Zone::Lower),
        below_hem,
    }
}
