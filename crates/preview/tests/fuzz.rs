//! The engine on pictures that show neither people nor garments: always an answer or a reason, never a panic.
//!
//! Every case follows from its number alone. A longer run, and one case again:
//!
//! ```sh
//! DRAPE_FUZZ_CASES=20000 cargo test --release -p drape-preview --test fuzz -- --nocapture
//! DRAPE_FUZZ_FIRST=4711 DRAPE_FUZZ_CASES=1 cargo test -p drape-preview --test fuzz -- --nocapture
//! ```
#![expect(clippy::print_stderr, clippy::expect_used, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use drape_preview::engine::{prepare_garment, prepare_person, try_on};
use drape_preview::garment::{self, Category, GarmentShape};
use drape_preview::person::{self, FaceBox, PersonRegions};
use drape_preview::raster::{Plane, Point, Rgb8, XorShift, fill_polygon};
use drape_preview::synthetic::{
    Framing, GarmentKind, Outfit, SleeveLength, SyntheticGarment, SyntheticPerson,
};

/// Cases of an ordinary run.
const CASES: u64 = 100;
/// Longest side of an ordinary made picture.
const LONG_SIDE: usize = 700;
/// No analysis works on more pixels than this, whatever the shape of the picture.
const MOST_WORK_PIXELS: usize = 512 * 512 * 6;

/// Draws numbers for a case.
struct Dice(XorShift);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0.next_u32() as usize % count.max(1)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.0.uniform())
    }

    fn chance(&mut self, share: f64) -> bool {
        f64::from(self.0.uniform()) < share
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// A colour; pure and nearly equal ones come often.
    fn color(&mut self) -> [u8; 3] {
        match self.below(6) {
            0 => [255; 3],
            1 => [0; 3],
            2 => [250 + self.below(6) as u8; 3],
            3 => [222, 174, 148],
            _ => std::array::from_fn(|_| self.below(256) as u8),
        }
    }

    fn size(&mut self) -> (usize, usize) {
        let side = |dice: &mut Self| 1 + dice.below(LONG_SIDE);
        match self.below(10) {
            0 => self.pick(&[
                (1, 1),
                (2, 2),
                (1, 900),
                (900, 1),
                (47, 48),
                (48, 48),
                (49, 49),
            ]),
            1 => self.pick(&[
                (48, 320),
                (48, 288),
                (49, 6000),
                (6000, 60),
                (3, 4000),
                (288, 48),
                (320, 128),
            ]),
            _ => (side(self), side(self)),
        }
    }

    fn point(&mut self, (width, height): (usize, usize)) -> Point {
        let at = |dice: &mut Self, length: usize| dice.between(-0.2, 1.2) * length as f64;
        Point::new(at(self, width), at(self, height))
    }
}

/// Anything but a photo.
fn nonsense(dice: &mut Dice) -> Rgb8 {
    let (width, height) = dice.size();
    let mut picture = Rgb8::new(width, height, dice.color());
    match dice.below(6) {
        0 => {}
        1 => {
            let amount = dice.between(0.0, 60.0) as f32;
            add_noise(&mut picture, dice, amount);
        }
        2 => {
            let (first, last) = (dice.color(), dice.color());
            let downwards = dice.chance(0.5);
            picture = Plane::from_fn(width, height, |x, y| {
                let share = if downwards {
                    y as f32 / height as f32
                } else {
                    x as f32 / width as f32
                };
                std::array::from_fn(|i| {
                    let (first, last) = (f32::from(first[i]), f32::from(last[i]));
                    (first + share * (last - first)) as u8
                })
            });
        }
        3 => {
            let (period, color) = (1 + dice.below(60), dice.color());
            let (dx, dy) = (dice.below(3), dice.below(3));
            for y in 0..height {
                for (x, pixel) in picture.row_mut(y).iter_mut().enumerate() {
                    if (dx * x + dy * y) / period % 2 == 1 {
                        *pixel = color;
                    }
                }
            }
        }
        _ => {
            for _ in 0..=dice.below(6) {
                polygon(&mut picture, dice);
            }
            if dice.chance(0.5) {
                add_noise(&mut picture, dice, 3.0);
            }
        }
    }
    picture
}

fn polygon(picture: &mut Rgb8, dice: &mut Dice) {
    let (width, height) = picture.size();
    let corners: Vec<Point> = (0..=dice.below(12))
        .map(|_| dice.point((width, height)))
        .collect();
    let color = dice.color();
    let inside = fill_polygon(width, height, &corners);
    for (pixel, inside) in picture.data_mut().iter_mut().zip(inside.data()) {
        if *inside {
            *pixel = color;
        }
    }
}

fn add_noise(picture: &mut Rgb8, dice: &mut Dice, deviation: f32) {
    for pixel in picture.data_mut() {
        let step = deviation * dice.0.normal();
        *pixel = pixel.map(|value| (f32::from(value) + step).clamp(0.0, 255.0) as u8);
    }
}

/// Spoils a drawn picture: cuts it, paints over it, adds noise, turns it upside down.
fn spoil(picture: Rgb8, dice: &mut Dice) -> Rgb8 {
    let (width, height) = picture.size();
    match dice.below(6) {
        0 => picture.crop(
            dice.below(width / 2),
            dice.below(height / 2),
            width / 2 + dice.below(width / 2),
            height / 2 + dice.below(height / 2),
        ),
        1 => {
            let mut picture = picture;
            for _ in 0..=dice.below(4) {
                polygon(&mut picture, dice);
            }
            picture
        }
        2 => {
            let mut picture = picture;
            add_noise(&mut picture, dice, 25.0);
            picture
        }
        3 => Plane::from_fn(width, height, |x, y| picture[(x, height - 1 - y)]),
        4 => Plane::from_fn(height, width, |x, y| picture[(y, x)]),
        _ => picture,
    }
}

/// A face: the right one of a drawn person, anywhere, or no number at all.
fn face(dice: &mut Dice, size: (usize, usize), right: Option<FaceBox>) -> Option<FaceBox> {
    match dice.below(8) {
        0..=2 => right,
        3 => None,
        4 => Some(FaceBox {
            center: dice.point(size),
            size: dice.pick(&[0.0, -5.0, 1e-9, 1e9, f64::NAN, f64::INFINITY]),
        }),
        5 => Some(FaceBox {
            center: dice.pick(&[
                Point::new(f64::NAN, 3.0),
                Point::new(-1e12, 1e12),
                Point::new(0.0, f64::NEG_INFINITY),
            ]),
            size: 50.0,
        }),
        _ => Some(FaceBox {
            center: dice.point(size),
            size: dice.between(0.0, 0.6) * size.0 as f64,
        }),
    }
}

fn person(dice: &mut Dice) -> (Rgb8, Option<FaceBox>) {
    if dice.chance(0.35) {
        let picture = nonsense(dice);
        let face = face(dice, picture.size(), None);
        return (picture, face);
    }
    let drawn = SyntheticPerson {
        width: 60 + dice.below(420),
        height: 90 + dice.below(560),
        wall: dice.color(),
        skin: dice.color(),
        hair: dice.color(),
        top: dice.color(),
        bottom: dice.color(),
        sleeves: dice.pick(&[SleeveLength::None, SleeveLength::Short, SleeveLength::Long]),
        outfit: dice.pick(&[
            Outfit::TopAndTrousers,
            Outfit::CroppedTopAndTrousers,
            Outfit::Dress,
        ]),
        framing: dice.pick(&[Framing::FullBody, Framing::HalfBody]),
        grain: dice.pick(&[0.0, 1.2, 6.0]),
    }
    .draw();
    let face = face(dice, drawn.image.size(), Some(drawn.face));
    (spoil(drawn.image, dice), face)
}

fn product(dice: &mut Dice) -> (Rgb8, Option<FaceBox>) {
    if dice.chance(0.4) {
        let picture = nonsense(dice);
        let face = face(dice, picture.size(), None);
        return (picture, face);
    }
    let drawn = SyntheticGarment {
        width: 60 + dice.below(420),
        height: 60 + dice.below(560),
        kind: dice.pick(&[
            GarmentKind::Tee,
            GarmentKind::LongSleeved,
            GarmentKind::Tank,
            GarmentKind::Dress,
            GarmentKind::Trousers,
            GarmentKind::Skirt,
        ]),
        wall: dice.color(),
        color: dice.color(),
        print: dice.chance(0.3).then(|| dice.color()),
        grain: dice.pick(&[0.0, 0.8, 5.0]),
    }
    .draw()
    .image;
    let face = if dice.chance(0.9) {
        None
    } else {
        face(dice, drawn.size(), None)
    };
    (spoil(drawn, dice), face)
}

/// How far a case came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Neither photo could be used.
    Nothing,
    /// Only one of the two could be used.
    Analysis,
    /// A picture came out.
    Picture,
}

fn run_case(number: u64) -> Stage {
    let dice = &mut Dice(XorShift::new(number));
    let (photo, face) = person(dice);
    let (product, product_face) = product(dice);
    let category = dice.pick(&[
        None,
        Some(Category::Top),
        Some(Category::Bottom),
        Some(Category::Dress),
    ]);
    let regions = prepare_person(&photo, face);
    let shape = prepare_garment(&product, category, product_face);
    if let Ok(regions) = &regions {
        check_person(&photo, regions);
    }
    if let Ok(shape) = &shape {
        check_garment(shape);
    }
    for reason in [
        regions.as_ref().err().map(ToString::to_string),
        shape.as_ref().err().map(ToString::to_string),
    ] {
        assert!(
            reason.is_none_or(|reason| reason.len() > 10),
            "a refusal says why"
        );
    }
    let (Ok(regions), Ok(shape)) = (&regions, &shape) else {
        let nothing = regions.is_err() && shape.is_err();
        return if nothing {
            Stage::Nothing
        } else {
            Stage::Analysis
        };
    };
    let result = try_on(&photo, regions, shape).expect("what was analysed can be composed");
    assert_eq!(result.image.size(), photo.size());
    assert_eq!(result.allowed.size(), photo.size());
    let all = photo
        .data()
        .iter()
        .zip(result.image.data())
        .zip(result.allowed.data());
    let outside = all.filter(|((before, after), allowed)| !**allowed && before != after);
    assert_eq!(
        outside.count(),
        0,
        "nothing changes outside the allowed region"
    );
    let confidence = &result.confidence;
    let values = confidence.factors.iter().map(|factor| factor.factor);
    for value in values.chain([confidence.value, result.changed_area]) {
        assert!((0.0..=1.0).contains(&value), "{value} in {confidence:?}");
    }
    let again = try_on(&photo, regions, shape).expect("it could before");
    assert!(again.image == result.image && again.confidence == result.confidence);
    Stage::Picture
}

/// The work depends on the work size, never on the size of the photo.
fn check_person(photo: &Rgb8, regions: &PersonRegions) {
    let (width, height) = regions.image.size();
    assert!(height <= person::WORK_HEIGHT && width * height <= MOST_WORK_PIXELS);
    assert_eq!(regions.size, photo.size());
    assert!(regions.shoulder_width >= 1.0 && regions.shoulder_width.is_finite());
    for list in [
        &regions.torso_left,
        &regions.torso_right,
        &regions.left_edge,
        &regions.right_edge,
    ] {
        assert_eq!(list.len(), height);
        assert!(list.iter().all(|value| value.is_finite()));
    }
    for list in [&regions.hem_curve, &regions.waist_curve] {
        assert_eq!(list.len(), width);
        assert!(list.iter().all(|value| value.is_finite()));
    }
}

fn check_garment(shape: &GarmentShape) {
    let (width, height) = shape.work.size();
    assert!(height <= garment::WORK_HEIGHT && width * height <= MOST_WORK_PIXELS);
    assert!(shape.mask.any(), "a garment has pixels");
}

fn number_from(name: &str) -> Option<u64> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

#[test]
fn every_picture_gets_an_answer_or_a_reason() {
    let first = number_from("DRAPE_FUZZ_FIRST").unwrap_or(0);
    let count = number_from("DRAPE_FUZZ_CASES").unwrap_or(CASES);
    let (mut panics, mut stages) = (Vec::new(), [0_u64; 3]);
    for case in first..first + count {
        match catch_unwind(AssertUnwindSafe(|| run_case(case))) {
            Ok(stage) => stages[stage as usize] += 1,
            Err(_) => panics.push(case),
        }
    }
    let [nothing, analysis, picture] = stages;
    eprintln!(
        "{count} cases: {picture} pictures, {analysis} with one photo used, {nothing} with none"
    );
    assert!(panics.is_empty(), "cases {panics:?} failed, see above");
    // Otherwise the cases would be too wild to test more than the first lines.
    assert!(
        count < CASES || picture * 10 >= count,
        "only {picture} of {count} gave a picture"
    );
}
