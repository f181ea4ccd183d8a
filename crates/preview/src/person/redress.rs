//! The person in a new lower garment, for the upper garment of an outfit.

use super::PersonRegions;
use crate::raster::{Mask, Rgb8, lab, resize_area_rgb8};

/// A work pixel that moved further than this shows the new garment, Lab.
const MOVED: f32 = 4.0;
/// Legs count as bare while at least this share of their skin is still to be seen.
const LEAST_BARE: f64 = 0.5;

impl PersonRegions {
    /// Describes the same person in new trousers or a new skirt; `image` is the full-size result.
    ///
    /// Only what the garment changed is looked at again. Body, hair, top and waist stay as they were found on the photo, which is
    /// surer than a second analysis of a made picture: trousers of skin colour would be taken for bare legs and hands.
    #[must_use]
    pub fn in_new_bottom(&self, image: &Rgb8) -> Self {
        let (width, height) = self.image.size();
        let small = resize_area_rgb8(image, width, height);
        let colors = lab(&small);
        let moved = self.lab.zip_map(&colors, |before, after| {
            let squares = before.iter().zip(after).map(|(a, b)| (a - b) * (a - b));
            squares.sum::<f32>() > MOVED * MOVED
        });
        let below = |mask: &Mask| {
            Mask::from_fn(width, height, |x, y| mask[(x, y)] && y as f64 > self.waist)
        };
        let bare_before = below(&self.skin.and_not(&self.arm)).count();
        let skin = self.skin.and_not(&moved);
        let arm = self.arm.and_not(&moved);
        let bare = below(&skin.and_not(&arm)).count();
        let legs_bare = self.legs_bare && bare as f64 >= LEAST_BARE * bare_before as f64;
        let cloth = moved.and(&self.silhouette).and_not(&self.old_top);
        Self {
            low_hem: if legs_bare { self.low_hem } else { self.bottom },
            legs_bare,
            old_bottom: self.old_bottom.or(&cloth),
            skin,
            arm,
            image: small,
            lab: colors,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::person::analyze;
    use crate::synthetic::SyntheticPerson;

    #[test]
    fn trousers_of_skin_colour_are_no_skin_and_nothing_else_moves()
    -> Result<(), crate::person::PersonError> {
        let person = SyntheticPerson::default();
        let before = person.draw();
        let regions = analyze(&before.image, Some(before.face))?;
        let after = SyntheticPerson {
            bottom: person.skin,
            ..person
        }
        .draw();
        let redressed = regions.in_new_bottom(&after.image);
        assert_eq!(redressed.skin, regions.skin);
        assert_eq!(redressed.arm, regions.arm);
        assert_eq!(redressed.waist_curve, regions.waist_curve);
        assert_eq!(redressed.old_top, regions.old_top);
        assert!(
            redressed.lab != regions.lab
                && redressed.old_bottom.count() >= regions.old_bottom.count()
        );
        Ok(())
    }

    #[test]
    fn the_same_picture_changes_nothing() -> Result<(), crate::person::PersonError> {
        let person = SyntheticPerson::default().draw();
        let regions = analyze(&person.image, Some(person.face))?;
        let same = regions.in_new_bottom(&person.image);
        assert_eq!(
            (same.skin, same.old_bottom, same.lab),
            (regions.skin, regions.old_bottom, regions.lab)
        );
        Ok(())
    }

    #[test]
    fn legs_under_trousers_are_no_longer_bare() -> Result<(), crate::person::PersonError> {
        let bare = SyntheticPerson {
            outfit: crate::synthetic::Outfit::Dress,
            ..SyntheticPerson::default()
        };
        let before = bare.draw();
        let regions = analyze(&before.image, Some(before.face))?;
        assert!(regions.legs_bare);
        let after = SyntheticPerson::default().draw();
        let redressed = regions.in_new_bottom(&after.image);
        assert!(!redressed.legs_bare);
        assert!(redressed.skin.count() < regions.skin.count());
        Ok(())
    }
}
