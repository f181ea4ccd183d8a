//! What of the old clothes the new garment does not cover, and what takes its place.

use crate::fit::{LowerFit, UpperFit};
use crate::garment::Category;
use crate::person::{PersonRegions, Side};
use crate::raster::{Gray, Mask, Plane, dilate};

/// Coverage from which on old cloth counts as hidden.
const HIDDEN: f32 = 0.98;

/// Old cloth that the new garment leaves visible, by what replaces it; work masks that do not overlap.
#[derive(Debug, Clone)]
pub(super) struct Leftover {
    /// Becomes wall.
    pub(super) wall: Mask,
    /// Becomes skin.
    pub(super) skin: Mask,
    /// Becomes lower garment, continued from below.
    pub(super) lower: Mask,
}

/// What replaces a pixel of old cloth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Wall,
    Skin,
    Lower,
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
    if dress {
        old.or_assign(&old_skirt(person, fit.hem));
    }
    let left = Plane::from_fn(old.width(), old.height(), |x, y| {
        let at = (x, y);
        (old[at] && coverage[at] < HIDDEN)
            || (!fit.long_sleeves && person.old_sleeves[at] && sleeve_coverage[at] < HIDDEN)
    });
    let zone = |x: usize, y: usize| left[(x, y)].then(|| zone_of(person, fit, dress, x, y));
    let zones = Plane::from_fn(left.width(), left.height(), zone);
    let pick = |wanted: Zone| zones.map(|zone| zone == Some(wanted));
    let (skin, lower, mut wall) = (pick(Zone::Skin), pick(Zone::Lower), pick(Zone::Wall));

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
    Leftover { wall, skin, lower }
}

/// Finds the part of the old lower garment that a dress replaces.
fn old_skirt(person: &PersonRegions, hem: f64) -> Mask {
    let above = |end: f64| {
        let bottom = &person.old_bottom;
        Plane::from_fn(bottom.width(), bottom.height(), |x, y| {
            bottom[(x, y)] && (y as f64) < end
        })
    };
    if person.one_piece || person.legs_bare {
        dilate(&above(person.low_hem + 2.0), 2.0)
    } else {
        above(hem)
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
pub(super) fn lower_leftover(person: &PersonRegions, fit: &LowerFit, coverage: &Gray) -> Leftover {
    let u = person.shoulder_width;
    let worn = &person.old_bottom;
    let above_the_end = Plane::from_fn(worn.width(), worn.height(), |x, y| {
        worn[(x, y)] && (y as f64) < person.low_hem + 2.0
    });
    let grown = dilate(&above_the_end, 2.0);
    let keep_shoes = fit.whole_person && !person.legs_bare;
    let zone = |x: usize, y: usize| -> Option<Zone> {
        let at = (x, y);
        let row = y as f64;
        let old = grown[at] && !person.old_top[at] && !person.arm[at];
        if !old || coverage[at] >= HIDDEN || (keep_shoes && row > fit.bottom - 0.02 * u) {
            return None;
        }
        if !person.silhouette[at] {
            return Some(Zone::Wall);
        }
        if person.legs_bare && row > fit.bottom - 0.03 * u {
            return Some(Zone::Skin);
        }
        let waist = person.waist_curve.get(x).copied().unwrap_or(person.waist);
        // Right at the waist the top stays in front.
        (row >= waist - 0.01 * u).then_some(Zone::Wall)
    };
    let zones = Plane::from_fn(worn.width(), worn.height(), zone);
    let pick = |wanted: Zone| zones.map(|zone| zone == Some(wanted));
    Leftover {
        wall: pick(Zone::Wall),
        skin: pick(Zone::Skin),
        lower: pick(Zone::Lower),
    }
}
