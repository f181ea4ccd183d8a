//! Landmarks of drawn garments lie where they were drawn.

use super::drawing::{Drawing, HEIGHT, SCALE, WIDTH, in_work_pixels, overlap};
use super::*;
use crate::garment::WORK_HEIGHT;
use crate::raster::{fill_polygon, resize_nearest};
use crate::synthetic::{GarmentKind, SyntheticGarment};

const TANK: &[(f64, f64)] = &[
    (288.0, 250.0),
    (330.0, 215.0),
    (345.0, 120.0),
    (385.0, 124.0),
    (388.0, 220.0),
    (425.0, 300.0),
    (420.0, 500.0),
];

const TROUSERS: &[(f64, f64)] = &[
    (288.0, 60.0),
    TROUSERS_WAIST,
    (405.0, 250.0),
    (380.0, 720.0),
    (310.0, 720.0),
    TROUSERS_CROTCH,
];
const TROUSERS_WAIST: (f64, f64) = (370.0, 60.0);
const TROUSERS_CROTCH: (f64, f64) = (288.0, 270.0);

const DRESS: &[(f64, f64)] = &[
    (288.0, 90.0),
    (330.0, 40.0),
    (352.0, 48.0),
    (345.0, 110.0),
    (372.0, 160.0),
    (350.0, 280.0),
    (430.0, 730.0),
];

const SKIRT: &[(f64, f64)] = &[
    (288.0, 150.0),
    (375.0, 150.0),
    (410.0, 260.0),
    (440.0, 620.0),
];

#[test]
fn finds_the_corners_of_a_tee() {
    for (wall, cloth) in [
        (PALE_WALL, BLUE),
        ([20, 20, 22], [210, 60, 60]),
        (WHITE, [20, 20, 20]),
        ([120, 150, 120], WHITE),
    ] {
        let shape = analyzed(&tee(wall, cloth), None);
        assert_eq!(shape.guess, Category::Top);
        assert_eq!(shape.category, Category::Top);
        let upper = shape.upper().unwrap();
        assert!(upper.is_sleeved() && !upper.read_as_sleeveless && upper.warnings.is_empty());
        assert_pair(upper.landmarks.armpit, TEE_ARMPIT, 10.0, "armpit");
        assert_pair(upper.landmarks.hem, TEE_HEM, 4.0, "hem");
        assert_pair(upper.landmarks.shoulder, (392.0, 158.0), 5.0, "shoulder");
        let corner = |pick: fn(&crate::garment::Sleeve) -> Point| {
            PerSide::from_fn(|side| pick(upper.sleeves[side].as_ref().unwrap()))
        };
        assert_pair(
            corner(|sleeve| sleeve.cuff[0]),
            TEE_CUFF_OUTER,
            18.0,
            "outer corner of the cuff",
        );
        // Where between the drawn corners the inner one lands is a matter of taste: the search favours long inner edges.
        let inner = corner(|sleeve| *sleeve.cuff.last().unwrap());
        for side in Side::ALL {
            let outwards = side.sign() * (inner[side].x - upper.axis_x) / SCALE;
            assert!(
                (184.0..250.0).contains(&outwards),
                "inner corner of the cuff {side:?}: {outwards}"
            );
        }
        assert!((upper.axis_x - in_work_pixels((288.0, 0.0)).x).abs() < 2.0);
        assert!((upper.armpit_width - 232.0 * SCALE).abs() < 6.0);
    }
}

#[test]
fn sleeves_run_from_shoulder_to_armpit_and_lie_outside_the_body() {
    let shape = analyzed(&tee(PALE_WALL, BLUE), Some(Category::Top));
    let upper = shape.upper().unwrap();
    for side in Side::ALL {
        let sleeve = upper.sleeves[side].as_ref().unwrap();
        assert!((sleeve.outer[0] - upper.landmarks.shoulder[side]).length() < 4.0);
        assert!((*sleeve.inner.last().unwrap() - upper.landmarks.armpit[side]).length() < 4.0);
        assert_eq!(sleeve.outer.last(), sleeve.cuff.first());
        assert_eq!(sleeve.cuff.last(), sleeve.inner.first());
        assert_eq!(sleeve.mask.and(&upper.body).count(), 0);
        assert_eq!(sleeve.mask.and_not(&shape.mask).count(), 0);
        assert!(sleeve.mask.count() > 1500);
    }
}

#[test]
fn long_sleeves_keep_their_length() {
    let long_sleeved: &[(f64, f64)] = &[
        (288.0, 120.0),
        (330.0, 108.0),
        (400.0, 130.0),
        (560.0, 510.0),
        (515.0, 540.0),
        (398.0, 290.0),
        (395.0, 620.0),
    ];
    let shape = analyzed(
        &Drawing::on_wall(PALE_WALL)
            .symmetric(long_sleeved, BLUE, 1.5)
            .finish(),
        None,
    );
    assert_eq!(shape.guess, Category::Top);
    let upper = shape.upper().unwrap();
    assert_pair(upper.landmarks.armpit, (398.0, 290.0), 15.0, "armpit");
    for sleeve in [&upper.sleeves.left, &upper.sleeves.right] {
        let length = crate::raster::polyline_length(&sleeve.as_ref().unwrap().outer);
        assert!((length - 412.0 * SCALE).abs() < 15.0, "{length}");
    }
}

#[test]
fn a_tank_has_straps_and_no_sleeves() {
    let shape = analyzed(
        &Drawing::on_wall(PALE_WALL)
            .symmetric(TANK, BLUE, 1.5)
            .finish(),
        None,
    );
    assert_eq!(shape.guess, Category::Top);
    let upper = shape.upper().unwrap();
    assert!(upper.sleeves.left.is_none() && upper.sleeves.right.is_none());
    assert_pair(upper.landmarks.shoulder, (385.0, 124.0), 5.0, "shoulder");
    assert_pair(upper.landmarks.armpit, (425.0, 300.0), 10.0, "armpit");
    assert_pair(upper.landmarks.hem, (420.0, 500.0), 4.0, "hem");
}

#[test]
fn trousers_have_waist_and_crotch() {
    let shape = analyzed(
        &Drawing::on_wall(WHITE)
            .symmetric(TROUSERS, BLUE, 1.5)
            .finish(),
        None,
    );
    assert_eq!(shape.guess, Category::Bottom);
    assert!(shape.upper().is_none());
    let lower = shape.lower().unwrap();
    assert!(lower.legs_apart && !lower.is_skirt);
    assert_pair(lower.landmarks.waist, TROUSERS_WAIST, 6.0, "waist");
    let crotch = lower.landmarks.crotch;
    let expected = in_work_pixels(TROUSERS_CROTCH);
    assert!((crotch.x - expected.x).abs() < 3.0, "{crotch:?}");
    // The tip of the gap is thinner than a pixel.
    assert!(
        (crotch.y - expected.y).abs() < 25.0,
        "{crotch:?} {expected:?}"
    );
    assert!((lower.waist_width - 164.0 * SCALE).abs() < 6.0);
}

#[test]
fn a_shaded_gap_between_the_legs_is_opened() {
    // The upper part of the gap is wall in shade: as dark as the cloth's rim, but without the cloth's chroma.
    let image = Drawing::on_wall(WHITE)
        .symmetric(
            &[
                (288.0, 60.0),
                (370.0, 60.0),
                (405.0, 250.0),
                (380.0, 720.0),
                (288.0, 720.0),
            ],
            [150, 90, 60],
            1.5,
        )
        .polygon(
            &[
                (283.0, 330.0),
                (293.0, 330.0),
                (310.0, 730.0),
                (266.0, 730.0),
            ],
            WHITE,
            0.0,
        )
        .polygon(
            &[
                (283.0, 300.0),
                (293.0, 300.0),
                (293.0, 330.0),
                (283.0, 330.0),
            ],
            [190, 190, 190],
            0.0,
        )
        .finish();
    let shape = analyzed(&image, Some(Category::Bottom));
    let crotch = shape.lower().unwrap().landmarks.crotch;
    let expected = in_work_pixels((288.0, 300.0));
    assert!(
        (crotch.y - expected.y).abs() < 5.0,
        "{crotch:?} {expected:?}"
    );
    assert!(!shape.mask[(expected.x as usize, expected.y as usize + 8)]);
}

#[test]
fn a_skirt_is_told_from_touching_legs() {
    let skirt = Drawing::on_wall(WHITE).symmetric(SKIRT, BLUE, 1.5).finish();
    let shape = analyzed(&skirt, Some(Category::Bottom));
    let lower = shape.lower().unwrap();
    assert!(lower.is_skirt && !lower.legs_apart);
    let touching: &[(f64, f64)] = &[(288.0, 60.0), (370.0, 60.0), (400.0, 250.0), (380.0, 720.0)];
    let shape = analyzed(
        &Drawing::on_wall(WHITE)
            .symmetric(touching, BLUE, 1.5)
            .finish(),
        None,
    );
    assert_eq!(shape.guess, Category::Bottom);
    let lower = shape.lower().unwrap();
    assert!(!lower.is_skirt && !lower.legs_apart);
}

#[test]
fn skirts_and_shorts_have_a_waistband_and_a_tee_has_none() {
    let waistband = |kind: GarmentKind| {
        let drawn = SyntheticGarment {
            kind,
            ..SyntheticGarment::default()
        }
        .draw();
        let shape = analyze(&drawn.image, Some(Category::Bottom), None).unwrap();
        shape.lower().unwrap().waistband
    };
    for kind in [
        GarmentKind::Shorts,
        GarmentKind::Skirt,
        GarmentKind::Trousers,
    ] {
        assert!(waistband(kind) > 0.9, "{kind:?} {}", waistband(kind));
    }
    let tee = waistband(GarmentKind::Tee);
    assert!(tee < 0.2, "{tee}");
}

#[test]
fn a_dress_is_tall_and_waisted() {
    let shape = analyzed(
        &Drawing::on_wall(PALE_WALL)
            .symmetric(DRESS, [150, 30, 60], 1.5)
            .finish(),
        None,
    );
    assert_eq!(shape.guess, Category::Dress);
    let upper = shape.upper().unwrap();
    assert!(upper.sleeves.left.is_none() && upper.sleeves.right.is_none());
    assert_pair(upper.landmarks.hem, (430.0, 730.0), 4.0, "hem");
    let armpit = upper.landmarks.armpit;
    assert!(
        armpit.left.y > in_work_pixels((0.0, 110.0)).y
            && armpit.left.y < in_work_pixels((0.0, 230.0)).y
    );
    assert!((armpit.left.y - armpit.right.y).abs() < 4.0);
}

#[test]
fn a_dress_with_sleeves_and_a_level_neck_is_no_pair_of_trousers() {
    let outline: &[(f64, f64)] = &[
        (288.0, 60.0),
        (360.0, 60.0),
        (400.0, 70.0),
        (430.0, 180.0),
        (385.0, 195.0),
        (365.0, 160.0),
        (350.0, 260.0),
        (400.0, 730.0),
    ];
    let shape = analyzed(
        &Drawing::on_wall(WHITE)
            .symmetric(outline, BLUE, 1.5)
            .finish(),
        None,
    );
    assert_eq!(shape.guess, Category::Dress);
}

#[test]
fn the_callers_category_wins_over_the_outline() {
    let image = Drawing::on_wall(PALE_WALL)
        .symmetric(DRESS, BLUE, 1.5)
        .finish();
    let shape = analyzed(&image, Some(Category::Top));
    assert_eq!(
        (shape.category, shape.guess),
        (Category::Top, Category::Dress)
    );
}

#[test]
fn finds_the_front_neckline_below_the_inner_back() {
    let depth = 60.0;
    let arc: Vec<(f64, f64)> = (0..=20)
        .map(|step| std::f64::consts::PI * f64::from(step) / 20.0)
        .map(|angle| (288.0 + 70.0 * angle.cos(), 150.0 + depth * angle.sin()))
        .collect();
    let neck: &[(f64, f64)] = &[
        (288.0, 150.0),
        (358.0, 148.0),
        TEE_SHOULDER,
        TEE_CUFF_OUTER,
        TEE_CUFF_INNER,
        TEE_ARMPIT,
        TEE_HEM,
    ];
    let image = Drawing::on_wall(PALE_WALL)
        .symmetric(neck, [200, 200, 60], 1.5)
        .polygon(&arc, [120, 120, 30], 1.5)
        .finish();
    let shape = analyzed(&image, Some(Category::Top));
    let upper = shape.upper().unwrap();
    let found = upper.neck_arc.as_ref().unwrap();
    let middle = found[found.len() / 2];
    let expected = in_work_pixels((288.0, 150.0 + depth));
    assert!(
        (middle.y - expected.y).abs() < 4.0,
        "{middle:?} {expected:?}"
    );
    let (x, y) = (expected.x as usize, expected.y as usize);
    assert!(upper.opening[(x, y - 12)] && !upper.opening[(x, y + 6)]);
    assert_eq!(upper.opening.and_not(&shape.mask).count(), 0);
}

#[test]
fn a_frilled_stand_collar_is_as_wide_as_its_corners_and_stays_whole() {
    let outline: &[(f64, f64)] = &[
        (288.0, 128.0),
        (300.0, 121.0),
        (314.0, 127.0),
        (328.0, 123.0),
        (340.0, 125.0),
        (346.0, 175.0),
        (400.0, 200.0),
        TEE_CUFF_OUTER,
        TEE_CUFF_INNER,
        (404.0, 290.0),
        TEE_HEM,
    ];
    let shape = analyzed(
        &Drawing::on_wall(PALE_WALL)
            .symmetric(outline, BLUE, 1.5)
            .finish(),
        Some(Category::Top),
    );
    let upper = shape.upper().unwrap();
    assert_pair(upper.landmarks.neck, (338.0, 126.0), 6.0, "neck");
    assert!(upper.neck_arc.is_none());
}

#[test]
fn an_open_v_needs_no_arc() {
    let outline: &[(f64, f64)] = &[
        (288.0, 260.0),
        (345.0, 140.0),
        TEE_SHOULDER,
        TEE_CUFF_OUTER,
        TEE_CUFF_INNER,
        TEE_ARMPIT,
        TEE_HEM,
    ];
    let shape = analyzed(
        &Drawing::on_wall(PALE_WALL)
            .symmetric(outline, BLUE, 1.5)
            .finish(),
        Some(Category::Top),
    );
    let upper = shape.upper().unwrap();
    assert!(upper.neck_arc.is_none());
    assert_eq!(upper.opening.count(), 0);
}

#[test]
fn a_folded_sleeve_becomes_the_mirror_image_of_the_other() {
    let mut outline: Vec<(f64, f64)> = TEE.to_vec();
    // The left sleeve is a stub.
    let left = [
        (400.0, 160.0),
        (440.0, 215.0),
        (425.0, 310.0),
        TEE_ARMPIT,
        TEE_HEM,
    ];
    outline.extend(left.iter().rev().map(|&point| mirrored(point)));
    outline.push(mirrored((330.0, 138.0)));
    let shape = analyzed(
        &Drawing::on_wall(PALE_WALL)
            .polygon(&outline, BLUE, 1.5)
            .finish(),
        Some(Category::Top),
    );
    let upper = shape.upper().unwrap();
    let [left, right] =
        [&upper.sleeves.left, &upper.sleeves.right].map(|sleeve| sleeve.as_ref().unwrap());
    for (one, other) in left.outer.iter().zip(&right.outer) {
        assert!(
            (2.0 * upper.axis_x - one.x - other.x).abs() < 1e-6 && (one.y - other.y).abs() < 1e-6
        );
    }
}

#[test]
fn straps_above_separate_sleeves_lower_the_confidence() {
    let outline: &[(f64, f64)] = &[
        (288.0, 230.0),
        (345.0, 215.0),
        (348.0, 100.0),
        (360.0, 100.0),
        (362.0, 212.0),
        (410.0, 220.0),
        (510.0, 330.0),
        (450.0, 375.0),
        (406.0, 335.0),
        (410.0, 660.0),
    ];
    let shape = analyzed(
        &Drawing::on_wall(PALE_WALL)
            .symmetric(outline, BLUE, 1.5)
            .finish(),
        Some(Category::Top),
    );
    let warnings = &shape.upper().unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.reason.contains("off the shoulder") && warning.factor < 0.5),
        "{warnings:?}"
    );
}

#[test]
fn cuts_white_cloth_out_of_a_white_flat_wall_by_its_texture() {
    let outline: Vec<Point> = {
        let right: Vec<Point> = TEE.iter().map(|&point| in_work_pixels(point)).collect();
        let left = TEE
            .iter()
            .rev()
            .map(|&point| in_work_pixels(mirrored(point)));
        right.iter().copied().chain(left).collect()
    };
    let image = Drawing::on_wall(WHITE)
        .symmetric(TEE, [251, 251, 251], 3.0)
        .finish();
    let shape = analyzed(&image, Some(Category::Top));
    let width = shape.mask.width();
    let expected = fill_polygon(width, WORK_HEIGHT, &outline);
    let shared = overlap(&shape.mask, &expected);
    assert!(shared > 0.93, "{shared}");
    assert_pair(
        shape.upper().unwrap().landmarks.armpit,
        TEE_ARMPIT,
        8.0,
        "armpit",
    );
}

#[test]
fn a_soft_shadow_is_not_cloth() {
    let shifted: Vec<(f64, f64)> = TEE.iter().map(|&(x, y)| (x, y + 8.0)).collect();
    let image = Drawing::on_wall(PALE_WALL)
        .symmetric(&shifted, [205, 205, 203], 0.5)
        .symmetric(TEE, [170, 40, 40], 1.5)
        .finish();
    let shape = analyzed(&image, Some(Category::Top));
    assert_pair(shape.upper().unwrap().landmarks.hem, TEE_HEM, 3.0, "hem");
}

#[test]
fn cuts_out_every_kind_of_drawn_flat_lay() {
    let kinds = [
        (GarmentKind::Tee, Category::Top),
        (GarmentKind::LongSleeved, Category::Top),
        (GarmentKind::Tank, Category::Top),
        (GarmentKind::Dress, Category::Dress),
        (GarmentKind::Trousers, Category::Bottom),
        (GarmentKind::Skirt, Category::Bottom),
    ];
    for (kind, category) in kinds {
        let drawn = SyntheticGarment {
            kind,
            ..SyntheticGarment::default()
        }
        .draw();
        let shape = analyzed(&drawn.image, Some(category));
        let expected = resize_nearest(&drawn.mask, shape.mask.width(), WORK_HEIGHT);
        let shared = overlap(&shape.mask, &expected);
        assert!(shared > 0.97, "{kind:?}: {shared}");
        assert_eq!(
            shape
                .upper()
                .is_some_and(crate::garment::UpperShape::is_sleeved),
            matches!(kind, GarmentKind::Tee | GarmentKind::LongSleeved),
            "{kind:?}"
        );
    }
}

#[test]
fn the_result_does_not_depend_on_the_run() {
    let image = tee(PALE_WALL, BLUE);
    let (one, two) = (analyzed(&image, None), analyzed(&image, None));
    assert_eq!(one.mask.data(), two.mask.data());
    assert_eq!(
        one.upper().unwrap().landmarks,
        two.upper().unwrap().landmarks
    );
    assert_eq!(
        (one.image.size(), one.work.size()),
        ((WIDTH, HEIGHT), (384, WORK_HEIGHT))
    );
    assert!((one.scale - SCALE).abs() < 1e-12);
}
