//! Pieces of the person that nothing joins to the rest any more: fingers whose wrist was behind the old skirt, half a leg.
//!
//! The silhouette is one piece. What takes away old clothes may part it; then small pieces go too, and larger ones tell that the
//! picture cannot be right.

use crate::fit::Stance;
use crate::person::PersonRegions;
use crate::raster::{Connectivity, Gray, Mask, Plane, Region, components, dilate};

use super::leftover::Leftover;

/// Coverage from which on cloth is seen.
const SEEN: f32 = 0.5;
/// Largest piece that is taken away (U squared): some fingers.
const CRUMB: f64 = 0.02;
/// Fringe of a piece that goes with it (work pixels).
const FRINGE: f64 = 2.0;

/// Takes small floating pieces away and gives the area of the larger ones (U squared).
pub(super) fn settle_floating(
    person: &PersonRegions,
    stance: Option<&Stance>,
    coverage: &Gray,
    leftover: &mut Leftover,
) -> f64 {
    let seen = still_seen(person, stance, coverage, leftover);
    let pieces = components(&seen, Connectivity::Eight);
    let unit_area = person.shoulder_width * person.shoulder_width;
    let Some(main) = pieces.largest().map(|piece| piece.label) else {
        return 0.0;
    };
    let area = |piece: &Region| piece.area as f64 / unit_area;
    let is_crumb = |piece: &Region| piece.label != main && area(piece) < CRUMB;
    let crumbs = pieces.select(is_crumb);
    if crumbs.any() {
        let kept = seen.and_not(&crumbs).or(&leftover.skin).or(&leftover.lower);
        leftover
            .wall
            .or_assign(&dilate(&crumbs, FRINGE).and_not(&kept));
    }
    let floating = pieces.regions.iter();
    floating
        .filter(|piece| piece.label != main && !is_crumb(piece))
        .map(area)
        .sum()
}

/// Lists where the new picture shows cloth or person.
fn still_seen(
    person: &PersonRegions,
    stance: Option<&Stance>,
    coverage: &Gray,
    leftover: &Leftover,
) -> Mask {
    let (width, height) = person.silhouette.size();
    let painted_leg = |x: usize, y: usize| {
        leftover.below_hem[(x, y)] && stance.is_some_and(|stance| stance.on_leg(x, y))
    };
    Plane::from_fn(width, height, |x, y| {
        let at = (x, y);
        let kept = person.silhouette[at] && !leftover.wall[at];
        let painted = leftover.skin[at] || leftover.lower[at] || painted_leg(x, y);
        coverage[at] > SEEN || kept || painted
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::SyntheticPerson;

    /// A person of whom the rows from `from` to `to` (U under the shoulders) beside the right of the trunk become wall.
    fn parted(from: f64, to: f64) -> (PersonRegions, Gray, Leftover) {
        let picture = SyntheticPerson::default().draw();
        let person = crate::person::analyze(&picture.image, Some(picture.face)).unwrap();
        let (width, height) = person.silhouette.size();
        let nothing = Mask::new(width, height, false);
        let wall = Mask::from_fn(width, height, |x, y| {
            let down = (y as f64 - person.shoulder_y) / person.shoulder_width;
            let across = (x as f64 - person.center_x) / person.shoulder_width;
            across > 0.2 && down > from && down < to
        });
        let leftover = Leftover {
            wall,
            skin: nothing.clone(),
            lower: nothing.clone(),
            covered: nothing.clone(),
            below_hem: nothing,
        };
        (person, Gray::new(width, height, 0.0), leftover)
    }

    /// Lowest row of the drawn hands, U under the shoulders.
    fn lowest_hand(person: &PersonRegions) -> f64 {
        let row = (0..person.arm.height())
            .rev()
            .find(|&y| person.arm.any_row(y));
        (row.unwrap() as f64 - person.shoulder_y) / person.shoulder_width
    }

    #[test]
    fn a_whole_person_has_nothing_that_floats() {
        let (person, coverage, mut leftover) = parted(9.0, 9.0);
        let before = leftover.wall.clone();
        assert!(settle_floating(&person, None, &coverage, &mut leftover).abs() < 1e-12);
        assert_eq!(leftover.wall, before);
    }

    #[test]
    fn finger_tips_without_a_hand_go_away() {
        let (person, ..) = parted(9.0, 9.0);
        let end = lowest_hand(&person);
        let (person, coverage, mut leftover) = parted(0.3, end - 0.06);
        let before = leftover.wall.count();
        let floating = settle_floating(&person, None, &coverage, &mut leftover);
        assert!(
            floating < 1e-12 && leftover.wall.count() > before,
            "{floating}"
        );
    }

    #[test]
    fn a_forearm_without_an_elbow_is_told() {
        let (person, ..) = parted(9.0, 9.0);
        let end = lowest_hand(&person);
        let (person, mut coverage, mut leftover) = parted(0.3, end - 0.7);
        assert!(settle_floating(&person, None, &coverage, &mut leftover) > CRUMB);
        // Cloth between them holds both together.
        coverage.data_mut().fill(1.0);
        assert!(settle_floating(&person, None, &coverage, &mut leftover).abs() < 1e-12);
    }

    #[test]
    fn nothing_at_all_does_not_float() {
        let (mut person, coverage, mut leftover) = parted(9.0, 9.0);
        person.silhouette.data_mut().fill(false);
        assert!(settle_floating(&person, None, &coverage, &mut leftover).abs() < 1e-12);
    }
}
