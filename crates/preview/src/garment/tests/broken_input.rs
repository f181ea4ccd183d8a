//! Pictures that show no garment end in an error, never in a panic.

use super::drawing::Drawing;
use super::*;
use crate::garment::GarmentError;
use crate::raster::{Plane, XorShift};

const CATEGORIES: [Option<Category>; 4] = [
    None,
    Some(Category::Top),
    Some(Category::Bottom),
    Some(Category::Dress),
];

fn plain(width: usize, height: usize, color: [u8; 3]) -> Rgb8 {
    Plane::new(width, height, color)
}

#[test]
fn refuses_pictures_without_room_for_a_garment() {
    for (width, height) in [(1, 1), (10, 10), (47, 600), (600, 47)] {
        assert_eq!(
            analyze(&plain(width, height, BLUE), None, None).err(),
            Some(GarmentError::TooSmall)
        );
    }
    assert_eq!(
        analyze(&plain(3000, 20, BLUE), None, None).err(),
        Some(GarmentError::TooSmall)
    );
    for (width, height) in [(3000, 60), (60, 3000)] {
        assert_eq!(
            analyze(&plain(width, height, BLUE), None, None).err(),
            Some(GarmentError::OddShape)
        );
    }
}

#[test]
fn finds_nothing_in_one_colour() {
    for color in [WHITE, BLUE, [0, 0, 0]] {
        for category in CATEGORIES {
            assert_eq!(
                analyze(&plain(300, 400, color), category, None).err(),
                Some(GarmentError::NothingFound)
            );
        }
    }
}

#[test]
fn finds_nothing_in_a_gradient() {
    let image = Plane::from_fn(300, 400, |x, y| {
        [
            200 + (y / 10) as u8,
            205 + (y / 10) as u8,
            200 + (x / 15) as u8,
        ]
    });
    assert_eq!(
        analyze(&image, None, None).err(),
        Some(GarmentError::NothingFound)
    );
}

#[test]
fn refuses_noise() {
    for seed in 1..4 {
        let mut random = XorShift::new(seed);
        let mut image = plain(300, 400, WHITE);
        for pixel in image.data_mut() {
            *pixel = [0; 3].map(|_: u8| (random.next_u32() >> 24) as u8);
        }
        assert!(analyze(&image, None, None).is_err(), "seed {seed}");
    }
}

#[test]
fn refuses_shapes_that_are_no_garment() {
    let line = Drawing::on_wall(WHITE).polygon(
        &[(20.0, 300.0), (550.0, 300.0), (550.0, 330.0), (20.0, 330.0)],
        BLUE,
        0.0,
    );
    assert_eq!(
        analyze(&line.finish(), None, None).err(),
        Some(GarmentError::NotAGarment)
    );
    let spot = Drawing::on_wall(WHITE).polygon(
        &[
            (280.0, 300.0),
            (300.0, 300.0),
            (300.0, 320.0),
            (280.0, 320.0),
        ],
        BLUE,
        0.0,
    );
    assert_eq!(
        analyze(&spot.finish(), None, None).err(),
        Some(GarmentError::NothingFound)
    );
}

#[test]
fn every_reason_is_readable() {
    let reasons = [
        GarmentError::TooSmall,
        GarmentError::OddShape,
        GarmentError::NothingFound,
        GarmentError::FillsPicture,
        GarmentError::NotAGarment,
        GarmentError::Worn("the model is turned"),
    ];
    for (index, reason) in reasons.iter().enumerate() {
        let text = reason.to_string();
        assert!(
            text.contains("product photo") && !text.ends_with('.'),
            "{text}"
        );
        assert!(
            reasons[index + 1..]
                .iter()
                .all(|other| other.to_string() != text)
        );
    }
}

#[test]
fn survives_arbitrary_shapes() {
    let mut random = XorShift::new(11);
    let mut share = move || f64::from(random.next_u32() >> 8) / f64::from(1_u32 << 24);
    for _ in 0..24 {
        let mut drawing = Drawing::on_wall(PALE_WALL);
        for _ in 0..=(share() * 4.0) as usize {
            let corners: Vec<(f64, f64)> = (0..3 + (share() * 9.0) as usize)
                .map(|_| (share() * 700.0 - 60.0, share() * 900.0 - 60.0))
                .collect();
            drawing = drawing.polygon(
                &corners,
                [(share() * 255.0) as u8, (share() * 255.0) as u8, 90],
                2.0,
            );
        }
        let image = drawing.finish();
        for category in CATEGORIES {
            if let Ok(shape) = analyze(&image, category, None) {
                assert_eq!(shape.category, category.unwrap_or(shape.guess));
                assert!(shape.bounds.y1 < shape.mask.height());
            }
        }
    }
}
