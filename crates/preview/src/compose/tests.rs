use super::leftover::{Leftover, upper_leftover};
use super::light::{light_match, shade, shadow_reach, soft_shadow};
use super::limb::hidden_arms;
use super::patch::Window;
use super::plan::Step;
use super::repair::cover_old_clothes;
use super::skin::skin_fill;
use super::*;
use crate::fit::fit_upper;
use crate::garment::{self, Category};
use crate::person;
use crate::raster::{Plane, dilate};
use crate::synthetic::{
    GarmentKind, PersonPicture, SleeveLength, SyntheticGarment, SyntheticPerson,
};

fn analyzed(person: &SyntheticPerson) -> (PersonPicture, PersonRegions, Frame) {
    let picture = person.draw();
    let regions = person::analyze(&picture.image, Some(picture.face)).unwrap();
    let frame = frame(&picture.image, &regions).unwrap();
    (picture, regions, frame)
}

fn garment_of(kind: GarmentKind, color: [u8; 3]) -> GarmentShape {
    let drawn = SyntheticGarment {
        kind,
        color,
        ..SyntheticGarment::default()
    }
    .draw();
    garment::analyze(&drawn.image, Some(Category::Top), None).unwrap()
}

#[test]
fn leftover_zones_never_overlap_and_spare_what_is_covered() {
    let (_, person, frame) = analyzed(&SyntheticPerson {
        sleeves: SleeveLength::Long,
        ..SyntheticPerson::default()
    });
    let tank = garment_of(GarmentKind::Tank, [30, 90, 160]);
    let fit = fit_upper(&person, &tank, tank.upper().unwrap());
    let center = person.center_x;
    let coverage = Plane::from_fn(frame.work.0, frame.work.1, |x, _| {
        f32::from(u8::from(
            (x as f64 - center).abs() < 0.2 * person.shoulder_width,
        ))
    });
    let nothing = Plane::new(frame.work.0, frame.work.1, 0.0);
    let hidden = hidden_arms(&person);
    assert!(
        hidden.arms.any(),
        "long sleeves hide arms that can be followed"
    );
    let leftover = upper_leftover(&person, Category::Top, &fit, &hidden, &coverage, &nothing);
    assert!(
        leftover.skin.any(),
        "long sleeves beside a tank become skin"
    );
    assert!(!leftover.skin.and(&leftover.wall).any() && !leftover.skin.and(&leftover.lower).any());
    assert!(!leftover.wall.and(&leftover.lower).any() && !leftover.wall.and(&person.head).any());
    let covered = coverage.map(|strength| strength > 0.5);
    assert!(!leftover.lower.and(&covered).any() && !leftover.wall.and(&covered).any());
}

#[test]
fn repaired_wall_meets_the_wall_that_is_seen() {
    let (picture, person, frame) = analyzed(&SyntheticPerson::default());
    let open = dilate(&person.silhouette, 8.0).not();
    let (x0, y0) = (person.center_x as usize, person.shoulder_y as usize + 30);
    let left = (0..x0).rfind(|&x| open[(x, y0)]).unwrap();
    let wall = Plane::from_fn(frame.work.0, frame.work.1, |x, y| {
        x.abs_diff(left) < 5 && y.abs_diff(y0) < 9
    });
    let nothing = wall.map(|_| false);
    let leftover = Leftover {
        wall,
        skin: nothing.clone(),
        lower: nothing.clone(),
        covered: nothing.clone(),
        below_hem: nothing.clone(),
    };
    let coverage = nothing.map(|_| 0.0);
    let steps = cover_old_clothes(&picture.image, &person, &leftover, &coverage, &frame);
    let [Step::Paint { color, alpha }] = &steps[..] else {
        panic!("wall alone is one step, not {}", steps.len());
    };
    let full = frame.to_full(crate::raster::Point::new(left as f64, y0 as f64));
    let at = (full.x as usize, full.y as usize);
    assert!(alpha.row(at.1).at(at.0) > 0.99);
    let real = picture.image[at].map(f32::from);
    for (made, real) in color.row(at.1).at(at.0).into_iter().zip(real) {
        assert!((made - real).abs() < 6.0, "{made} instead of {real}");
    }
}

#[test]
fn invented_skin_continues_the_skin_beside_it() {
    let (picture, person, frame) = analyzed(&SyntheticPerson {
        sleeves: SleeveLength::None,
        ..SyntheticPerson::default()
    });
    // A patch in the middle of a bare forearm is forgotten and invented again.
    let row = (person.shoulder_y + 0.8 * person.shoulder_width) as usize;
    let arm: Vec<usize> = (0..frame.work.0)
        .filter(|&x| person.arm[(x, row)])
        .collect();
    let x0 = arm[arm.len() / 4];
    let region = Plane::from_fn(frame.work.0, frame.work.1, |x, y| {
        x.abs_diff(x0) < 4 && y.abs_diff(row) < 6
    });
    let everything = Window::between((0, 0), frame.full, frame.full);
    let covered = region.map(|_| false);
    let colors = skin_fill(
        &picture.image,
        &person,
        &region,
        &covered,
        &frame,
        everything,
    );
    let full = frame.to_full(crate::raster::Point::new(x0 as f64, row as f64));
    let at = (full.x as usize, full.y as usize);
    let (made, real) = (colors.row(at.1).at(at.0), picture.image[at].map(f32::from));
    for (made, real) in made.into_iter().zip(real) {
        assert!((made - real).abs() < 25.0, "{made} instead of {real}");
    }
}

#[test]
fn cloth_is_never_brighter_than_a_dark_photo_allows() {
    let dark = SyntheticPerson {
        wall: [90, 90, 92],
        skin: [120, 84, 66],
        top: [60, 20, 20],
        bottom: [20, 24, 40],
        ..SyntheticPerson::default()
    };
    let (_, person, _) = analyzed(&dark);
    let bright = light_match(&person, &garment_of(GarmentKind::Tee, [225, 222, 215]));
    assert!(bright.iter().all(|&gain| gain < 1.0), "{bright:?}");
    let dull = light_match(&person, &garment_of(GarmentKind::Tee, [40, 60, 120]));
    assert!(
        dull.iter().all(|&gain| (gain - 1.0).abs() < 0.1),
        "{dull:?}"
    );
}

#[test]
fn cloth_darkens_towards_its_outline_only() {
    let (_, person, frame) = analyzed(&SyntheticPerson::default());
    let u = person.shoulder_width;
    let coverage = Plane::from_fn(frame.work.0, frame.work.1, |x, y| {
        let inside =
            (x as f64 - person.center_x).abs() < 0.5 * u && (y as f64 - 250.0).abs() < 0.6 * u;
        f32::from(u8::from(inside))
    });
    let light = shade(
        &person,
        &coverage,
        &Plane::new(frame.work.0, frame.work.1, false),
    );
    let middle = (person.center_x as usize, 250);
    let rim = ((person.center_x + 0.5 * u) as usize - 1, 250);
    assert!((light[middle] - 1.0).abs() < 1e-6);
    assert!(light[rim] < 0.93 && light[rim] > 0.85, "{}", light[rim]);
}

#[test]
fn a_shadow_stays_within_its_reach() {
    let caster = Plane::from_fn(120, 120, |x, y| {
        f32::from(u8::from((50..70).contains(&x) && (40..60).contains(&y)))
    });
    let shadow = soft_shadow(&caster, 3.0, 4.0);
    let reached = dilate(
        &caster.map(|strength| strength > 0.0),
        shadow_reach(3.0, 4.0) as f64,
    );
    let visible = shadow.map(|strength| strength > 0.004);
    assert!(visible.any() && !visible.and_not(&reached).any());
    let rows = |y: usize| shadow[(60, y)];
    assert!(rows(63) > rows(37), "it falls downwards");
}

#[test]
fn a_change_outside_the_allowed_region_is_an_error() {
    let photo = Plane::new(4, 3, [10_u8; 3]);
    let mut picture = photo.clone();
    picture[(1, 1)] = [200, 0, 0];
    let allowed = Plane::from_fn(4, 3, |x, y| (x, y) == (1, 1));
    let fine = Composition::new(&photo, picture.clone(), allowed, Measures::default()).unwrap();
    assert!((fine.changed_area - 1.0 / 12.0).abs() < 1e-12);
    let nothing = Plane::new(4, 3, false);
    let outcome = Composition::new(&photo, picture, nothing, Measures::default());
    assert_eq!(outcome.err(), Some(ComposeError::ChangedOutside));
}
