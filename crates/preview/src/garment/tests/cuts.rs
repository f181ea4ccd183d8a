//! Cuts that are hard to read: straps, open fronts, loose bands, tilted photos, inner backs.

use super::drawing::{Drawing, HEIGHT, SCALE, WIDTH, in_work_pixels};
use super::*;

/// Half of a camisole whose cups reach further out than its sides.
const CAMISOLE: &[(f64, f64)] = &[
    (288.0, 300.0),
    (340.0, 250.0),
    (352.0, 120.0),
    (362.0, 120.0),
    (366.0, 246.0),
    (418.0, 300.0),
    (400.0, 360.0),
    (410.0, 640.0),
];

/// Half of a front between neck and hem, open down to below the waist.
const JACKET: &[(f64, f64)] = &[
    (288.0, 470.0),
    (330.0, 120.0),
    (400.0, 150.0),
    (520.0, 330.0),
    (470.0, 365.0),
    (404.0, 270.0),
    (404.0, 620.0),
];

fn has_warning(shape: &GarmentShape, part: &str) -> bool {
    let warnings = &shape.upper().unwrap().warnings;
    warnings
        .iter()
        .any(|warning| warning.reason.contains(part) && warning.factor < 0.7)
}

fn drawn(outline: &[(f64, f64)]) -> GarmentShape {
    let image = Drawing::on_wall(PALE_WALL)
        .symmetric(outline, BLUE, 1.5)
        .finish();
    analyzed(&image, Some(Category::Top))
}

#[test]
fn the_cups_of_a_camisole_are_no_sleeves() {
    let shape = drawn(CAMISOLE);
    let upper = shape.upper().unwrap();
    assert!(!upper.is_sleeved());
    for side in Side::ALL {
        let row = upper.landmarks.armpit[side].y / SCALE;
        assert!((255.0..345.0).contains(&row), "{side:?}: {row}");
        let outwards = side.sign() * (upper.landmarks.neck[side].x - upper.axis_x) / SCALE;
        assert!((58.0..82.0).contains(&outwards), "{side:?}: {outwards}");
    }
    assert!(upper.warnings.is_empty(), "{:?}", upper.warnings);
}

#[test]
fn an_open_front_is_named() {
    assert!(has_warning(&drawn(JACKET), "open"));
    assert!(!has_warning(&drawn(TEE), "open"));
}

#[test]
fn loose_bands_are_named() {
    let image = Drawing::on_wall(PALE_WALL)
        .symmetric(TEE, BLUE, 1.5)
        .polygon(
            &[
                (330.0, 600.0),
                (341.0, 600.0),
                (345.0, 755.0),
                (334.0, 755.0),
            ],
            BLUE,
            1.5,
        )
        .polygon(
            &[
                (240.0, 600.0),
                (251.0, 600.0),
                (247.0, 755.0),
                (236.0, 755.0),
            ],
            BLUE,
            1.5,
        )
        .finish();
    assert!(has_warning(
        &analyzed(&image, Some(Category::Top)),
        "bands or ribbons"
    ));
}

#[test]
fn one_bare_shoulder_is_named() {
    let image = Drawing::on_wall(PALE_WALL)
        .polygon(
            &[
                (180.0, 110.0),
                (240.0, 110.0),
                (300.0, 250.0),
                (405.0, 290.0),
                (400.0, 640.0),
                (176.0, 640.0),
                (170.0, 290.0),
            ],
            BLUE,
            1.5,
        )
        .finish();
    assert!(has_warning(
        &analyzed(&image, Some(Category::Top)),
        "not symmetric"
    ));
}

#[test]
fn a_tilted_garment_is_turned_upright() {
    for degrees in [-5.0_f64, 3.0, 6.0] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let middle = (WIDTH as f64 / 2.0, HEIGHT as f64 / 2.0);
        let left = TEE.iter().rev().map(|&point| mirrored(point));
        let outline: Vec<(f64, f64)> = TEE
            .iter()
            .copied()
            .chain(left)
            .map(|(x, y)| {
                let (dx, dy) = (x - middle.0, y - middle.1);
                (
                    middle.0 + dx * cos - dy * sin,
                    middle.1 + dx * sin + dy * cos,
                )
            })
            .collect();
        let image = Drawing::on_wall(PALE_WALL)
            .polygon(&outline, BLUE, 1.5)
            .finish();
        let shape = analyzed(&image, Some(Category::Top));
        let marks = shape.upper().unwrap().landmarks;
        assert_pair(marks.armpit, TEE_ARMPIT, 11.0, "armpit");
        assert_pair(marks.hem, TEE_HEM, 5.0, "hem");
        assert!((marks.hem.left.y - marks.hem.right.y).abs() < 4.0);
    }
}

#[test]
fn the_inner_back_of_a_black_tee_is_cut_away_with_its_label() {
    // A tee whose outline shows the back collar; the front neckline lies lower and is only a little lighter.
    let tee: Vec<(f64, f64)> = [(288.0, 142.0), (346.0, 120.0)]
        .into_iter()
        .chain(TEE[2..].iter().copied())
        .collect();
    let inside: Vec<(f64, f64)> = (0..=10)
        .map(|step| {
            let angle = f64::from(step) / 10.0 * std::f64::consts::FRAC_PI_2;
            (288.0 + 58.0 * angle.sin(), 124.0 + 56.0 * angle.cos())
        })
        .collect();
    let label = [
        (280.0, 148.0),
        (296.0, 148.0),
        (296.0, 158.0),
        (280.0, 158.0),
    ];
    let image = Drawing::on_wall(WHITE)
        .symmetric(&tee, [26, 26, 28], 0.8)
        .symmetric(&inside, [12, 12, 13], 0.8)
        .polygon(&label, [150, 150, 150], 0.5)
        .symmetric(
            &[
                (288.0, 100.0),
                (340.0, 100.0),
                (340.0, 119.0),
                (288.0, 141.0),
            ],
            WHITE,
            0.0,
        )
        .finish();
    let shape = analyzed(&image, Some(Category::Top));
    let upper = shape.upper().unwrap();
    let middle = in_work_pixels((288.0, 153.0));
    assert!(upper.opening[(middle.x as usize, middle.y as usize)]);
    let arc = upper.neck_arc.as_ref().unwrap();
    let lowest = arc.iter().map(|point| point.y).fold(0.0, f64::max);
    let expected = in_work_pixels((288.0, 180.0)).y;
    assert!((lowest - expected).abs() < 7.0, "{lowest} {expected}");
}
