//! Photos of wearers are told from flat-lays, printed faces are no wearers.

use super::*;
use crate::garment::GarmentError;
use crate::person::FaceBox;
use crate::synthetic::{Framing, GarmentKind, SleeveLength, SyntheticGarment, SyntheticPerson};

#[test]
fn takes_the_garment_off_a_wearer_with_a_face() {
    for framing in [Framing::HalfBody, Framing::FullBody] {
        let person = SyntheticPerson {
            framing,
            ..SyntheticPerson::default()
        }
        .draw();
        let shape = analyze(&person.image, Some(Category::Top), Some(person.face));
        assert!(
            shape.is_ok_and(|shape| shape.wearer.is_some()),
            "{framing:?}"
        );
    }
}

#[test]
fn sees_a_wearer_whose_head_is_cropped_off() {
    let person = SyntheticPerson {
        sleeves: SleeveLength::Short,
        ..SyntheticPerson::default()
    }
    .draw();
    let chin = (person.face.center.y + 0.62 * person.face.size) as usize;
    let (width, height) = person.image.size();
    let headless = person.image.crop(0, chin, width, height - chin);
    let shape = analyze(&headless, Some(Category::Top), None);
    assert!(shape.is_ok_and(|shape| shape.wearer.is_some()));
}

#[test]
fn refuses_trousers_on_a_wearer_with_a_reason() {
    let person = SyntheticPerson::default().draw();
    let refused = analyze(&person.image, Some(Category::Bottom), Some(person.face));
    assert!(matches!(refused, Err(GarmentError::Worn(reason)) if reason.contains("trousers")));
}

#[test]
fn takes_a_face_printed_on_the_chest_for_a_print() {
    let skin = [224, 172, 145];
    let garment = SyntheticGarment {
        kind: GarmentKind::Tee,
        print: Some(skin),
        ..SyntheticGarment::default()
    }
    .draw();
    let bounds = garment.mask.bounds().unwrap();
    let height = (bounds.y1 - bounds.y0) as f64;
    for depth in [0.22, 0.45] {
        let center = Point::new(
            (bounds.x0 + bounds.x1) as f64 / 2.0,
            bounds.y0 as f64 + depth * height,
        );
        let face = FaceBox {
            center,
            size: 0.2 * height,
        };
        assert!(
            analyze(&garment.image, Some(Category::Top), Some(face)).is_ok(),
            "{depth}"
        );
    }
}

#[test]
fn takes_a_waistband_of_skin_colour_for_a_waistband() {
    let skin = [222, 174, 148];
    let mut garment = SyntheticGarment {
        kind: GarmentKind::Trousers,
        ..SyntheticGarment::default()
    }
    .draw();
    let bounds = garment.mask.bounds().unwrap();
    let (width, height) = (
        (bounds.x1 - bounds.x0) as f64,
        (bounds.y1 - bounds.y0) as f64,
    );
    // A faded spot below the button and another one on a leg.
    for (across, down, half) in [(0.5, 0.07, 0.13), (0.12, 0.8, 0.1)] {
        let center = Point::new(
            bounds.x0 as f64 + across * width,
            bounds.y0 as f64 + down * height,
        );
        let half = half * width;
        for y in (center.y - half) as usize..(center.y + half) as usize {
            for x in (center.x - half) as usize..(center.x + half) as usize {
                if garment.mask[(x, y)] {
                    garment.image[(x, y)] = skin;
                }
            }
        }
    }
    let shape = analyze(&garment.image, Some(Category::Bottom), None).unwrap();
    assert!(shape.wearer.is_none());
}

#[test]
fn takes_cloth_of_skin_colour_for_cloth() {
    for color in [
        [222, 184, 150],
        [205, 150, 120],
        [140, 95, 70],
        [240, 225, 205],
    ] {
        for kind in [
            GarmentKind::Tee,
            GarmentKind::LongSleeved,
            GarmentKind::Tank,
            GarmentKind::Dress,
            GarmentKind::Trousers,
        ] {
            let garment = SyntheticGarment {
                kind,
                color,
                ..SyntheticGarment::default()
            }
            .draw();
            assert!(
                analyze(&garment.image, None, None).is_ok(),
                "{kind:?} {color:?}"
            );
        }
    }
}

#[test]
fn takes_a_raglan_with_skin_coloured_sleeves_for_cloth() {
    let sleeve: &[(f64, f64)] = &[
        (345.0, 140.0),
        TEE_SHOULDER,
        TEE_CUFF_OUTER,
        TEE_CUFF_INNER,
        TEE_ARMPIT,
    ];
    let left: Vec<(f64, f64)> = sleeve.iter().map(|&point| mirrored(point)).collect();
    let camel = [205, 150, 120];
    let image = Drawing::on_wall(PALE_WALL)
        .symmetric(TEE, [250, 250, 250], 1.5)
        .polygon(sleeve, camel, 1.5)
        .polygon(&left, camel, 1.5)
        .finish();
    assert!(analyze(&image, Some(Category::Top), None).is_ok());
}
