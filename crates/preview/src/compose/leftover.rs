//! What of the old clothes the new garment does not cover, and what takes its place.

use crate::fit::{LowerFit, UpperFit};
use crate::garment::Category;
use crate::person::{PersonRegions, Side};
use crate::raster::{
    Bounds, Connectivity, Gray, Mask, Plane, close, components, dilate, gaussian, gaussian_mask,
    lab_distance, median_color, nearest_true, open,
};

use super::limb::HiddenArms;
use super::skin::bare_skin;

/// Coverage from which on old cloth counts as hidden.
const HIDDEN: f32 = 0.98;
/// Short sleeves hide arms down to this far below the armpits (U); lower, loose cloth beside the torso hides what is behind it.
const SLEEVE_ROWS: f64 = 0.45;
/// Widest strap (U), and how close (Lab) its colour is to that of the old top.
const STRAP: f64 = 0.06;
const STRAP_COLOR: f32 = 26.0;

/// Old cloth that the new garment leaves visible, by what replaces it; work masks that do not overlap.
#[derive(Debug, Clone)]
pub(super) struct Leftover {
    /// Becomes wall.
    pub(super) wall: Mask,
    /// Becomes skin.
    pub(super) skin: Mask,
    /// Becomes lower garment, continued from below.
    pub(super) lower: Mask,
    /// Where the body goes on under the new garment: skin does not end there.
    pub(super) covered: Mask,
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
    hidden: &HiddenArms,
    coverage: &Gray,
    sleeve_coverage: &Gray,
) -> Leftover {
    let dress = category == Category::Dress;
    let u = person.shoulder_width;
    let straps = straps(person, fit);
    let mut old = dilate(&person.old_top, 2.0);
    old.subtract_assign(&person.head.and_not(&person.old_top));
    old.subtract_assign(&person.hair);
    old.subtract_assign(&dilate(&person.arm.and_not(&person.old_top), 1.0));
    old.or_assign(&straps);
    if dress {
        old.or_assign(&old_skirt(person, fit.hem));
    }
    let left = Plane::from_fn(old.width(), old.height(), |x, y| {
        let at = (x, y);
        (old[at] && coverage[at] < HIDDEN)
            || (!fit.long_sleeves
                && (person.old_sleeves[at] || (hidden.arms[at] && old[at]))
                && sleeve_coverage[at] < HIDDEN)
    });
    let behind = Behind::new(person);
    let zone = |x: usize, y: usize| {
        left[(x, y)].then(|| zone_of(person, fit, hidden, &behind, dress, x, y))
    };
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
    let covered = Plane::from_fn(wall.width(), wall.height(), |x, y| {
        let at = (x, y);
        hidden.arms[at] || (person.old_top[at] && !hidden.sleeves[at] && coverage[at] > 0.5)
    });
    Leftover {
        wall,
        skin,
        lower,
        covered,
    }
}

/// Finds narrow straps and collars of the old top that its mask misses, from the chin to the armpits: gaps between bare skin and
/// the top, and thin lines in the skin that resemble the top more than the skin around them.
fn straps(person: &PersonRegions, fit: &UpperFit) -> Mask {
    let u = person.shoulder_width;
    let last_row = fit.landing.armpit.left.y.max(fit.landing.armpit.right.y);
    let place = |x: usize, y: usize| {
        let row = y as f64;
        person.silhouette[(x, y)]
            && row > person.chin + 0.05 * u
            && row < last_row
            && (x as f64 - person.center_x).abs() < 0.6 * u
    };
    if !person.old_top.any() {
        return person.old_top.clone();
    }
    let skin = bare_skin(person);
    let color = median_color(&person.lab.select(&person.old_top));
    let (width, height) = skin.size();
    let within = |position: f64, length: usize| (position.max(0.0) as usize).min(length - 1);
    let area = Bounds {
        x0: within(person.center_x - 0.6 * u, width),
        y0: within(person.chin, height),
        x1: within(person.center_x + 0.6 * u, width),
        y1: within(last_row.max(person.chin), height),
    };
    let lines = lines_like(person, &skin, color, 0.5 * STRAP * u, area);
    let seen = skin.and_not(&lines).or(&person.old_top);
    let kept = seen.or(&dilate(&person.hair, 1.0));
    let closed = close(&seen, 0.5 * STRAP * u);
    let near_top = dilate(&person.old_top, STRAP * u);
    let gaps = Plane::from_fn(closed.width(), closed.height(), |x, y| {
        let at = (x, y);
        let at_neck = (x as f64 - person.neck_x).abs() < 0.3 * u;
        (closed[at] || lines[at] || (near_top[at] && at_neck)) && !kept[at] && place(x, y)
    });
    let patches = components(&gaps, Connectivity::Eight);
    let touching = patches.shared_with(&dilate(&person.old_top, 2.0));
    let colored = patches.shared_with(&gaps.zip_map(&person.lab, |gap, lab| {
        gap && lab_distance(lab, color, [1.0; 3]) < STRAP_COLOR
    }));
    let chosen = patches.select(|patch| {
        let index = (patch.label as usize).saturating_sub(1);
        let shared = |list: &[usize]| list.get(index).copied().unwrap_or(0);
        shared(&touching) > 0 || 2 * shared(&colored) > patch.area
    });
    dilate(&chosen, 2.0).and_not(&person.hair)
}

/// Finds lines in the skin, at most two `half_width` wide, whose colour is nearer to `color` than to that of the skin around;
/// only inside `area`.
fn lines_like(
    person: &PersonRegions,
    skin: &Mask,
    color: [f32; 3],
    half_width: f64,
    area: Bounds,
) -> Mask {
    let sigma = (2.0 * half_width) as f32;
    let inside = skin.crop(area.x0, area.y0, area.width(), area.height());
    let weight = gaussian_mask(&inside, sigma);
    let lab = person
        .lab
        .crop(area.x0, area.y0, area.width(), area.height());
    let known = lab.zip_map(&inside, |lab, inside| if inside { lab } else { [0.0; 3] });
    let sum = gaussian(&known, sigma);
    let alike = Plane::from_fn(area.width(), area.height(), |x, y| {
        let at = (x, y);
        if !person.skin[(area.x0 + x, area.y0 + y)] || weight[at] < 0.05 {
            return false;
        }
        let around = sum[at].map(|part| part / weight[at]);
        lab_distance(lab[at], color, [1.0; 3]) < lab_distance(lab[at], around, [1.0; 3])
    });
    let lines = alike.and_not(&open(&alike, half_width));
    Plane::from_fn(skin.width(), skin.height(), |x, y| {
        let inside = x >= area.x0 && x <= area.x1 && y >= area.y0 && y <= area.y1;
        inside && lines[(x - area.x0, y - area.y0)]
    })
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
fn zone_of(
    person: &PersonRegions,
    fit: &UpperFit,
    hidden: &HiddenArms,
    behind: &Behind,
    dress: bool,
    x: usize,
    y: usize,
) -> Zone {
    let (column, row) = (x as f64, y as f64);
    let u = person.shoulder_width;
    if hidden.sleeves[(x, y)] {
        // A wide sleeve hides the arm and what is beside and behind it.
        return if hidden.arms[(x, y)] {
            Zone::Skin
        } else if row > person.waist {
            if dress { Zone::Wall } else { behind.zone(x, y) }
        } else if person.torso[(x, y)] {
            Zone::Skin
        } else {
            Zone::Wall
        };
    }
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
    let beside = !person.torso[(x, y)];
    let arm = above_armpit || (beside && row < fit.landing.armpit.left.y + SLEEVE_ROWS * u);
    if neck || arm || person.old_sleeves[(x, y)] || (!beside && row < person.waist) {
        return Zone::Skin;
    }
    // Wider old skirts and trousers leave wall beside a dress, not cloth.
    if dress {
        Zone::Wall
    } else if person.torso[(x, y)] {
        Zone::Lower
    } else {
        behind.zone(x, y)
    }
}

/// What is behind a loose piece of cloth below the waist: what is seen nearest to it, wall or lower garment.
struct Behind {
    lower: Mask,
    nearest: Plane<u32>,
}

impl Behind {
    fn new(person: &PersonRegions) -> Self {
        Self {
            nearest: nearest_true(&person.old_bottom.or(&person.silhouette.not())),
            lower: person.old_bottom.clone(),
        }
    }

    fn zone(&self, x: usize, y: usize) -> Zone {
        let index = self.nearest[(x, y)] as usize;
        if self.lower.data().get(index) == Some(&true) {
            Zone::Lower
        } else {
            Zone::Wall
        }
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
    let covered = worn.zip_map(coverage, |worn, strength| worn && strength > 0.5);
    Leftover {
        wall: pick(Zone::Wall),
        skin: pick(Zone::Skin),
        lower: pick(Zone::Lower),
        covered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{SleeveLength, SyntheticPerson};

    #[test]
    fn a_thin_line_of_the_tops_colour_is_told_from_a_shadow_of_the_skin() {
        let picture = SyntheticPerson {
            sleeves: SleeveLength::None,
            ..SyntheticPerson::default()
        }
        .draw();
        let mut person = crate::person::analyze(&picture.image, Some(picture.face)).unwrap();
        let top = median_color(&person.lab.select(&person.old_top));
        let middle = (person.shoulder_y + 0.7 * person.shoulder_width) as usize;
        let columns: Vec<usize> = (0..person.arm.width())
            .filter(|&x| person.arm[(x, middle)])
            .collect();
        let x = columns[columns.len() / 4];
        for y in middle - 10..=middle {
            person.lab[(x, y)] = top;
        }
        for y in middle + 5..middle + 15 {
            person.lab[(x, y)][0] -= 6.0;
        }
        let area = person.skin.bounds().unwrap();
        let lines = lines_like(&person, &person.skin, top, 3.0, area);
        assert!(lines[(x, middle - 5)] && !lines[(x, middle + 10)]);
        assert!(!lines[(x + 3, middle - 5)]);
    }
}
