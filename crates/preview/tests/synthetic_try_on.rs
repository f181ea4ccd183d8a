//! Whole try-ons of drawn garments on drawn people.
#![expect(clippy::unwrap_used, reason = "tests")]

use drape_preview::confidence::{Blame, SUGGESTED_GATE};
use drape_preview::engine::{TryOn, TryOnError, prepare_garment, prepare_person, try_on};
use drape_preview::garment::Category;
use drape_preview::raster::{Point, Rgb8};
use drape_preview::synthetic::{
    Framing, GarmentKind, Outfit, PersonPicture, SleeveLength, SyntheticGarment, SyntheticPerson,
};

/// Colour of the drawn garments: unlike anything that the drawn people wear.
const CLOTH: [u8; 3] = [36, 112, 150];

fn garment(kind: GarmentKind) -> Rgb8 {
    SyntheticGarment {
        kind,
        color: CLOTH,
        ..SyntheticGarment::default()
    }
    .draw()
    .image
}

fn wear(person: &PersonPicture, garment: &Rgb8, category: Category) -> TryOn {
    let regions = prepare_person(&person.image, Some(person.face)).unwrap();
    let shape = prepare_garment(garment, Some(category), None).unwrap();
    try_on(&person.image, &regions, &shape).unwrap()
}

/// Counts the pixels that differ from the photo although they may not.
fn changed_outside(photo: &Rgb8, result: &TryOn) -> usize {
    assert_eq!(result.image.size(), photo.size());
    let pixels = photo
        .data()
        .iter()
        .zip(result.image.data())
        .zip(result.allowed.data());
    pixels
        .filter(|((before, after), allowed)| !**allowed && before != after)
        .count()
}

/// Tells whether a colour is that of the drawn garments, lighter or darker.
fn is_cloth(color: [u8; 3]) -> bool {
    let [red, green, blue] = color.map(i32::from);
    blue > green + 15 && green > red + 30
}

fn color_at(image: &Rgb8, point: Point) -> [u8; 3] {
    image[(point.x as usize, point.y as usize)]
}

fn middle_of_chest(person: &PersonPicture) -> Point {
    let middle = person
        .shoulder_tips
        .left
        .lerp(person.shoulder_tips.right, 0.5);
    Point::new(middle.x, middle.y + 0.55 * (person.waist - middle.y))
}

#[test]
fn a_tee_covers_the_chest_and_leaves_head_and_legs() {
    let person = SyntheticPerson::default().draw();
    let result = wear(&person, &garment(GarmentKind::Tee), Category::Top);
    assert_eq!(changed_outside(&person.image, &result), 0);
    assert!(
        result.confidence.value >= SUGGESTED_GATE,
        "{:?}",
        result.confidence
    );
    assert!(is_cloth(color_at(&result.image, middle_of_chest(&person))));
    assert!(
        (0.02..0.4).contains(&result.changed_area),
        "{}",
        result.changed_area
    );
    let last_row = person.image.height() - 1;
    for row in [person.face.center.y as usize, last_row - 20] {
        assert_eq!(result.image.row(row), person.image.row(row), "row {row}");
    }
}

#[test]
fn trousers_cover_the_legs_and_leave_the_top() {
    let person = SyntheticPerson::default().draw();
    let result = wear(&person, &garment(GarmentKind::Trousers), Category::Bottom);
    assert_eq!(changed_outside(&person.image, &result), 0);
    assert!(
        result.confidence.value >= SUGGESTED_GATE,
        "{:?}",
        result.confidence
    );
    let chest = middle_of_chest(&person);
    assert_eq!(
        color_at(&result.image, chest),
        color_at(&person.image, chest)
    );
    let legs = person.bottom.bounds().unwrap();
    let knee_row = legs.y0 + (legs.y1 - legs.y0) * 6 / 10;
    let leg = (legs.x0..=legs.x1).filter(|&x| person.bottom[(x, knee_row)]);
    let (covered, all) = leg.fold((0, 0), |(covered, all), x| {
        (
            covered + u32::from(is_cloth(result.image[(x, knee_row)])),
            all + 1,
        )
    });
    assert!(
        covered * 10 >= all * 9,
        "{covered} of {all} pixels across the knees"
    );
}

#[test]
fn a_dress_covers_chest_and_hips() {
    let person = SyntheticPerson {
        outfit: Outfit::Dress,
        sleeves: SleeveLength::None,
        ..SyntheticPerson::default()
    }
    .draw();
    let result = wear(&person, &garment(GarmentKind::Dress), Category::Dress);
    assert_eq!(changed_outside(&person.image, &result), 0);
    let chest = middle_of_chest(&person);
    let hips = Point::new(chest.x, person.waist + 0.5 * (person.waist - chest.y));
    assert!(is_cloth(color_at(&result.image, chest)) && is_cloth(color_at(&result.image, hips)));
}

#[test]
fn long_sleeves_cover_the_arms_and_a_tank_bares_them() {
    let person = SyntheticPerson {
        sleeves: SleeveLength::None,
        ..SyntheticPerson::default()
    }
    .draw();
    let tips_row = person.shoulder_tips.left.y;
    let cloth_on_arms = |kind: GarmentKind| {
        let result = wear(&person, &garment(kind), Category::Top);
        assert_eq!(changed_outside(&person.image, &result), 0);
        let elbow_row = (tips_row + 0.7 * (person.waist - tips_row)) as usize;
        let tips = (
            person.shoulder_tips.left.x as usize,
            person.shoulder_tips.right.x as usize,
        );
        let skin =
            |x: &usize| person.skin[(*x, elbow_row)] && (*x < tips.0 + 20 || *x > tips.1 - 20);
        let arm: Vec<usize> = (0..person.image.width()).filter(skin).collect();
        assert!(
            arm.len() > 10,
            "the drawn person has bare arms at the elbow"
        );
        let covered = arm
            .iter()
            .filter(|&&x| is_cloth(result.image[(x, elbow_row)]))
            .count();
        covered as f64 / arm.len() as f64
    };
    let (long, none) = (
        cloth_on_arms(GarmentKind::LongSleeved),
        cloth_on_arms(GarmentKind::Tank),
    );
    assert!(long > 0.6, "long sleeves cover {long} of the elbows");
    assert!(none < 0.1, "a tank covers {none} of the elbows");
}

#[test]
fn what_the_new_top_leaves_visible_of_the_old_one_becomes_skin() {
    let person = SyntheticPerson {
        sleeves: SleeveLength::Short,
        ..SyntheticPerson::default()
    }
    .draw();
    let result = wear(&person, &garment(GarmentKind::Tank), Category::Top);
    // The old sleeve just below the shoulder, in the middle of the arm.
    let row = (person.shoulder_tips.left.y + 0.12 * (person.waist - person.shoulder_tips.left.y))
        as usize;
    let sleeve: Vec<usize> = (0..person.shoulder_tips.left.x as usize + 6)
        .filter(|&x| person.top[(x, row)])
        .collect();
    let x = sleeve[sleeve.len() / 2];
    let [red, green, blue] = result.image[(x, row)].map(i32::from);
    assert!(
        red > green && green > blue && green > 100,
        "skin at ({x}, {row}), not {red} {green} {blue}"
    );
}

#[test]
fn the_same_input_gives_the_same_bytes_with_any_number_of_threads() {
    let person = SyntheticPerson {
        framing: Framing::HalfBody,
        ..SyntheticPerson::default()
    }
    .draw();
    for (kind, category) in [
        (GarmentKind::LongSleeved, Category::Top),
        (GarmentKind::Trousers, Category::Bottom),
        (GarmentKind::Dress, Category::Dress),
    ] {
        let garment = garment(kind);
        let with_threads = |count: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(count)
                .build()
                .unwrap();
            pool.install(|| wear(&person, &garment, category))
        };
        let (one, four, again) = (with_threads(1), with_threads(4), with_threads(4));
        assert!(
            one.image == four.image && four.image == again.image,
            "{kind:?}"
        );
        assert_eq!(one.confidence, four.confidence);
    }
}

#[test]
fn pictures_of_all_sizes_work() {
    let people = [
        (150, 200),
        (160, 640),
        (300, 300),
        (900, 420),
        (601, 1023),
        (1640, 2048),
    ];
    let garments = [(120, 150), (700, 300), (333, 1001), (3000, 4000)];
    for (index, (width, height)) in people.into_iter().enumerate() {
        let person = SyntheticPerson {
            width,
            height,
            ..SyntheticPerson::default()
        }
        .draw();
        let Ok(regions) = prepare_person(&person.image, Some(person.face)) else {
            panic!("no person in {width} x {height}");
        };
        for (kind, category) in [
            (GarmentKind::Tee, Category::Top),
            (GarmentKind::Trousers, Category::Bottom),
            (GarmentKind::Skirt, Category::Bottom),
            (GarmentKind::Dress, Category::Dress),
        ] {
            let (width, height) = garments[(index + kind as usize) % garments.len()];
            let drawn = SyntheticGarment {
                width,
                height,
                kind,
                color: CLOTH,
                ..SyntheticGarment::default()
            }
            .draw();
            // Tiny garments may be refused, but what is accepted must work.
            let Ok(shape) = prepare_garment(&drawn.image, Some(category), None) else {
                continue;
            };
            let result = try_on(&person.image, &regions, &shape).unwrap();
            assert_eq!(changed_outside(&person.image, &result), 0);
            assert!(result.changed_area > 0.0, "{kind:?} of {width} x {height}");
            assert!((0.0..=1.0).contains(&result.confidence.value));
        }
    }
}

#[test]
fn a_garment_read_as_the_wrong_kind_loses_confidence_and_is_blamed() {
    let person = SyntheticPerson::default().draw();
    let result = wear(&person, &garment(GarmentKind::Trousers), Category::Top);
    assert_eq!(changed_outside(&person.image, &result), 0);
    assert!(
        result.confidence.value < SUGGESTED_GATE,
        "{:?}",
        result.confidence
    );
    assert_eq!(result.confidence.blame(), Some(Blame::Garment));
    assert!(
        result
            .confidence
            .explanation()
            .contains("garment does not look like its category")
    );
}

#[test]
fn an_analysis_of_another_photo_is_refused() {
    let person = SyntheticPerson::default().draw();
    let other = SyntheticPerson {
        width: 400,
        ..SyntheticPerson::default()
    }
    .draw();
    let regions = prepare_person(&person.image, Some(person.face)).unwrap();
    let shape = prepare_garment(&garment(GarmentKind::Tee), Some(Category::Top), None).unwrap();
    let outcome = try_on(&other.image, &regions, &shape);
    assert_eq!(outcome.err(), Some(TryOnError::OtherPhoto));
}

/// Counts the pixels that have nearly a colour.
fn count_of(image: &Rgb8, color: [u8; 3], rows: std::ops::Range<usize>) -> usize {
    let near = |pixel: &[u8; 3]| pixel.iter().zip(color).all(|(a, b)| a.abs_diff(b) < 30);
    rows.map(|y| image.row(y).iter().filter(|pixel| near(pixel)).count())
        .sum()
}

#[test]
fn shorts_bare_the_shins_and_leave_the_shoes() {
    let settings = SyntheticPerson {
        bottom: [30, 40, 160],
        ..SyntheticPerson::default()
    };
    let person = settings.draw();
    let result = wear(&person, &garment(GarmentKind::Shorts), Category::Bottom);
    assert_eq!(changed_outside(&person.image, &result), 0);
    let legs = person.bottom.bounds().unwrap();
    let shin = legs.y0 + (legs.y1 - legs.y0) * 3 / 4;
    let leg: Vec<usize> = (legs.x0..=legs.x1)
        .filter(|&x| person.bottom[(x, shin)])
        .collect();
    let is_skin = |x: &&usize| {
        let [red, green, blue] = result.image[(**x, shin)].map(i32::from);
        red > green + 10 && green > blue
    };
    let bare = leg.iter().filter(is_skin).count();
    assert!(bare * 2 > leg.len(), "{bare} of {} pixels", leg.len());
    let old = count_of(&result.image, settings.bottom, shin - 20..shin + 20);
    assert!(old < 60, "{old} pixels of the old trousers are left");
    let last = person.silhouette.bounds().unwrap().y1;
    assert_eq!(result.image.row(last - 3), person.image.row(last - 3));
}

#[test]
fn a_dress_leaves_nothing_of_trousers_beside_it() {
    for framing in [Framing::HalfBody, Framing::FullBody] {
        let settings = SyntheticPerson {
            bottom: [30, 40, 160],
            sleeves: SleeveLength::None,
            framing,
            ..SyntheticPerson::default()
        };
        let person = settings.draw();
        let result = wear(&person, &garment(GarmentKind::Dress), Category::Dress);
        assert_eq!(changed_outside(&person.image, &result), 0);
        let legs = person.bottom.bounds().unwrap();
        let rows = legs.y0..legs.y0 + (legs.y1 - legs.y0) * 8 / 10;
        let (before, after) = (
            count_of(&person.image, settings.bottom, rows.clone()),
            count_of(&result.image, settings.bottom, rows),
        );
        assert!(after * 50 < before, "{framing:?}: {after} of {before}");
    }
}

#[test]
fn a_skirt_on_somebody_in_trousers_is_good_enough() {
    let person = SyntheticPerson::default().draw();
    let result = wear(&person, &garment(GarmentKind::Skirt), Category::Bottom);
    assert_eq!(changed_outside(&person.image, &result), 0);
    assert!(
        result.confidence.value >= SUGGESTED_GATE,
        "{:?}",
        result.confidence
    );
}
