//! Drawn wearers with known clothes and landmarks.

use super::*;
use crate::person::Side;
use crate::raster::Mask;
use crate::synthetic::{Framing, Outfit, PersonPicture, SleeveLength, SyntheticPerson};

/// A garment taken off, and the close-up that it was seen in.
struct TakenOff {
    shape: GarmentShape,
    close_up: CloseUp,
    person: PersonRegions,
}

fn take_off(picture: &PersonPicture, category: Category) -> TakenOff {
    let shape = analyze(&picture.image, Some(category), Some(picture.face))
        .unwrap_or_else(|error| panic!("{error}"));
    let person = person::analyze(&picture.image, Some(picture.face)).unwrap();
    let region = region::find(&person, category).unwrap();
    let close_up = CloseUp::new(&picture.image, &person, &region.garment).unwrap();
    TakenOff {
        shape,
        close_up,
        person,
    }
}

impl TakenOff {
    /// Turns a full-size position into work pixels of the garment.
    fn place(&self, full: Point) -> Point {
        let half = Point::new(0.5, 0.5);
        self.close_up
            .locate((full + half) * self.person.scale - half)
    }

    /// Common over joint area of the cut-out and the drawn garment.
    fn overlap(&self, drawn: &Mask) -> f64 {
        let (width, height) = self.shape.mask.size();
        let half = Point::new(0.5, 0.5);
        let truth = Mask::from_fn(width, height, |x, y| {
            let at = self.close_up.to_person(Point::new(x as f64, y as f64));
            let full = (at + half) * (1.0 / self.person.scale) - half;
            drawn.is_true(full.x.round() as isize, full.y.round() as isize)
        });
        truth.and(&self.shape.mask).count() as f64 / truth.or(&self.shape.mask).count() as f64
    }
}

fn wearer(sleeves: SleeveLength, framing: Framing) -> PersonPicture {
    SyntheticPerson {
        sleeves,
        framing,
        ..SyntheticPerson::default()
    }
    .draw()
}

#[test]
fn cuts_out_nothing_but_the_top() {
    for sleeves in [SleeveLength::None, SleeveLength::Short, SleeveLength::Long] {
        for framing in [Framing::HalfBody, Framing::FullBody] {
            let picture = wearer(sleeves, framing);
            let overlap = take_off(&picture, Category::Top).overlap(&picture.top);
            assert!(overlap > 0.93, "{sleeves:?} {framing:?} {overlap:.3}");
        }
    }
}

#[test]
fn cuts_out_a_dress_without_legs_and_shoes() {
    let picture = SyntheticPerson {
        outfit: Outfit::Dress,
        ..SyntheticPerson::default()
    }
    .draw();
    let overlap = take_off(&picture, Category::Dress).overlap(&picture.top);
    assert!(overlap > 0.93, "{overlap:.3}");
}

#[test]
fn a_top_has_its_landmarks_where_the_body_has_them() {
    for framing in [Framing::HalfBody, Framing::FullBody] {
        let picture = wearer(SleeveLength::Short, framing);
        let taken = take_off(&picture, Category::Top);
        let upper = taken.shape.upper().unwrap();
        let u = taken.shape.wearer.as_ref().unwrap().shoulder_width;
        let tips = picture.shoulder_tips;
        let drawn = (taken.place(tips.right) - taken.place(tips.left)).x;
        assert!((u - drawn).abs() < 0.06 * drawn, "{u} {drawn}");
        for side in Side::ALL {
            let tip = taken.place(tips[side]);
            let shoulder = upper.landmarks.shoulder[side];
            assert!(side.sign() * (tip.x - shoulder.x) > 0.0, "inside the tip");
            assert!(shoulder.distance(tip) < 0.16 * u, "{shoulder:?} {tip:?}");
            let armpit = upper.landmarks.armpit[side];
            let depth = (armpit.y - shoulder.y) / u;
            assert!((0.25..0.50).contains(&depth), "{depth}");
            let hem = taken.place(Point::new(0.0, picture.hem)).y;
            assert!((upper.landmarks.hem[side].y - hem).abs() < 0.06 * u);
        }
    }
}

#[test]
fn sleeves_end_where_the_skin_begins() {
    for (sleeves, reach) in [
        (SleeveLength::Short, 0.3..0.75),
        (SleeveLength::Long, 1.0..1.8),
    ] {
        let picture = wearer(sleeves, Framing::FullBody);
        let taken = take_off(&picture, Category::Top);
        let upper = taken.shape.upper().unwrap();
        let u = taken.shape.wearer.as_ref().unwrap().shoulder_width;
        for side in Side::ALL {
            let sleeve = upper.sleeves[side].as_ref().unwrap();
            let length = crate::raster::polyline_length(&sleeve.outer) / u;
            assert!(reach.contains(&length), "{sleeves:?} {side:?} {length}");
            assert!(sleeve.mask.and(&upper.body).count() < sleeve.mask.count() / 10);
        }
    }
    let bare = take_off(
        &wearer(SleeveLength::None, Framing::FullBody),
        Category::Top,
    );
    assert!(!bare.shape.upper().unwrap().is_sleeved());
}

#[test]
fn a_small_garment_is_refused_with_a_reason() {
    let picture = SyntheticPerson {
        width: 120,
        height: 160,
        ..SyntheticPerson::default()
    }
    .draw();
    let refused = analyze(&picture.image, Some(Category::Top), Some(picture.face)).err();
    assert!(
        matches!(refused, Some(GarmentError::Worn(reason)) if reason.contains("photo")),
        "{refused:?}"
    );
}

#[test]
fn a_dress_is_no_top_and_a_top_no_dress() {
    let dress = SyntheticPerson {
        outfit: Outfit::Dress,
        ..SyntheticPerson::default()
    }
    .draw();
    let top = wearer(SleeveLength::Short, Framing::FullBody);
    for (picture, category, reason) in [
        (&dress, Category::Top, limits::DRESS_AS_TOP),
        (&top, Category::Dress, limits::TOP_AS_DRESS),
    ] {
        let refused = analyze(&picture.image, Some(category), Some(picture.face)).err();
        assert_eq!(refused, Some(GarmentError::Worn(reason)));
    }
}
