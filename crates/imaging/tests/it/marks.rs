//! Logos and labels on pictures.

use drape_imaging::{
    Anchor, CropBox, FaceDetector, FaceSearch, Logo, LogoStyle, Picture, Place, draw_label,
    draw_logo, logo_size, mark_picture, place_logo,
};
use proptest::prelude::*;

use crate::make::gradient;

const PLACES: [Place; 3] = [Place::Start, Place::Middle, Place::End];

fn style(column: Place, row: Place) -> LogoStyle {
    LogoStyle {
        anchor: Anchor { column, row },
        width_share: 0.18,
        opacity: 0.85,
        margin_share: 0.03,
    }
}

/// A logo of vertical bars, as letters have.
fn bars(width: u32, height: u32, colour: [u8; 3]) -> Logo {
    let alpha = (0..width * height).map(|index| if index % width % 8 < 3 { 255 } else { 0 });
    Logo::of_shape(width, height, colour, alpha.collect()).unwrap()
}

fn block(width: u32, height: u32, colour: [u8; 3]) -> Logo {
    Logo::of_shape(width, height, colour, vec![255; (width * height) as usize]).unwrap()
}

fn holds(area: CropBox, x: u32, y: u32) -> bool {
    (area.x..area.x + area.width).contains(&x) && (area.y..area.y + area.height).contains(&y)
}

fn overlap(a: CropBox, b: CropBox) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/// Checks that pixels changed nowhere but in these boxes, and somewhere in each.
fn assert_changed_only_in(before: &Picture, after: &Picture, boxes: &[CropBox]) {
    let mut changed = vec![false; boxes.len()];
    for y in 0..before.height() {
        for x in 0..before.width() {
            if before.pixel(x, y) == after.pixel(x, y) {
                continue;
            }
            let mut is_known = false;
            for (area, changed) in boxes.iter().zip(&mut changed) {
                if holds(*area, x, y) {
                    *changed = true;
                    is_known = true;
                }
            }
            assert!(is_known, "({x}, {y}) is outside of {boxes:?}");
        }
    }
    assert!(
        changed.iter().all(|changed| *changed),
        "{boxes:?} {changed:?}"
    );
}

/// Mean lightness of the logo's bars and of the gaps between them, roughly, as sRGB values.
fn ink_and_gaps(picture: &Picture, area: CropBox) -> (f64, f64) {
    let mut sums = [(0.0, 0.0); 2];
    for y in area.y..area.y + area.height {
        for x in 0..area.width {
            let part = match x % 8 {
                1 => 0,
                4 | 6 => 1,
                _ => continue,
            };
            let value: u32 = picture
                .pixel(area.x + x, y)
                .iter()
                .map(|value| u32::from(*value))
                .sum();
            sums[part].0 += f64::from(value) / 3.0;
            sums[part].1 += 1.0;
        }
    }
    (sums[0].0 / sums[0].1, sums[1].0 / sums[1].1)
}

#[test]
fn the_nine_anchors_are_where_their_names_say() {
    let at = |column, row| {
        let area = place_logo((1_000, 800), (400, 200), &style(column, row), &[]);
        (area.x, area.y, area.width, area.height)
    };
    // 18 % of the width; 3 % of the short side away from the edges.
    assert_eq!(at(Place::Start, Place::Start), (24, 24, 180, 90));
    assert_eq!(at(Place::Middle, Place::Start), (410, 24, 180, 90));
    assert_eq!(at(Place::End, Place::Start), (796, 24, 180, 90));
    assert_eq!(at(Place::Start, Place::Middle), (24, 355, 180, 90));
    assert_eq!(at(Place::Middle, Place::Middle), (410, 355, 180, 90));
    assert_eq!(at(Place::End, Place::Middle), (796, 355, 180, 90));
    assert_eq!(at(Place::Start, Place::End), (24, 686, 180, 90));
    assert_eq!(at(Place::Middle, Place::End), (410, 686, 180, 90));
    assert_eq!(at(Place::End, Place::End), (796, 686, 180, 90));
}

#[test]
fn logos_are_never_enlarged_and_tall_ones_are_held() {
    let size = |logo| logo_size((1_000, 800), logo, &style(Place::End, Place::End));
    assert_eq!(size((100, 50)), (100, 50));
    assert_eq!(size((1_000, 10)), (180, 2));
    // Twice 18 % of the height.
    assert_eq!(size((100, 1_000)), (29, 288));
    assert_eq!(size((10, 1_000)), (3, 288));
}

#[test]
fn a_face_moves_the_logo_to_the_nearest_free_anchor() {
    let whole = (768, 1_024);
    let at = |keep_free: &[CropBox]| {
        let area = place_logo(
            whole,
            (300, 100),
            &style(Place::Middle, Place::Start),
            keep_free,
        );
        (area.x, area.y)
    };
    let face = CropBox {
        x: 280,
        y: 20,
        width: 200,
        height: 250,
    };
    assert_eq!(at(&[]), (315, 23));
    assert_eq!(at(&[face]), (23, 23));
    let left = CropBox {
        x: 0,
        y: 0,
        width: 250,
        height: 300,
    };
    assert_eq!(at(&[face, left]), (607, 23));
    // Without the upper row: the sides of the middle row, before the middle itself.
    let top = CropBox {
        x: 0,
        y: 0,
        width: 768,
        height: 300,
    };
    assert_eq!(at(&[top]).1, (1_024 - 46) / 2);
    assert_ne!(at(&[top]).0, 315);
    let all = CropBox {
        x: 0,
        y: 0,
        width: 768,
        height: 1_024,
    };
    assert_eq!(
        at(&[all]),
        (315, 23),
        "nowhere is better than what was asked for"
    );
}

#[test]
fn opacity_is_a_plain_mixture() {
    for (opacity, expected) in [
        (1.0, [255, 0, 0]),
        (0.85, [217, 0, 38]),
        (0.25, [64, 0, 191]),
        (0.0, [0, 0, 255]),
    ] {
        let mut picture = Picture::filled(100, 100, [0, 0, 255]);
        let area = CropBox {
            x: 10,
            y: 20,
            width: 30,
            height: 15,
        };
        let drawn = draw_logo(&mut picture, &block(30, 15, [255, 0, 0]), area, opacity);
        assert_eq!(drawn.area, area);
        assert_eq!(picture.pixel(25, 27), expected, "{opacity}");
    }
}

#[test]
fn half_transparent_pixels_let_the_picture_through() {
    let logo = Logo::of_shape(8, 8, [255, 255, 255], vec![128; 64]).unwrap();
    let mut picture = Picture::filled(40, 40, [0, 0, 0]);
    draw_logo(
        &mut picture,
        &logo,
        CropBox {
            x: 8,
            y: 8,
            width: 8,
            height: 8,
        },
        0.5,
    );
    assert_eq!(picture.pixel(11, 11), [64; 3]);
}

/// A shape of black and white halves stays as heavy as it is: its mean light is kept.
#[test]
fn shrinking_keeps_weight_and_colour() {
    let checks = (0..400 * 400).map(|index| {
        if (index % 400 + index / 400) % 2 == 0 {
            255
        } else {
            0
        }
    });
    let logo = Logo::of_shape(400, 400, [0, 120, 60], checks.collect()).unwrap();
    let mut picture = Picture::filled(100, 100, [255, 255, 255]);
    draw_logo(
        &mut picture,
        &logo,
        CropBox {
            x: 25,
            y: 25,
            width: 50,
            height: 50,
        },
        1.0,
    );
    let [red, green, blue] = picture.pixel(50, 50);
    assert!(red.abs_diff(127) <= 2 && green.abs_diff(187) <= 2 && blue.abs_diff(157) <= 2);
}

#[test]
fn a_logo_is_legible_on_light_dark_and_half_of_each() {
    let area = CropBox {
        x: 20,
        y: 30,
        width: 160,
        height: 24,
    };
    let mut halves = Picture::filled(200, 90, [255; 3]);
    for y in 0..90 {
        for x in 0..100 {
            halves.set_pixel(x, y, [8; 3]);
        }
    }
    let grounds = [
        Picture::filled(200, 90, [255; 3]),
        Picture::filled(200, 90, [8; 3]),
        Picture::filled(200, 90, [235, 225, 220]),
        halves,
    ];
    for colour in [[255; 3], [10; 3], [240, 240, 230]] {
        for ground in &grounds {
            let mut picture = ground.clone();
            let drawn = draw_logo(&mut picture, &bars(160, 24, colour), area, 0.85);
            for half in [
                CropBox { width: 80, ..area },
                CropBox {
                    x: 100,
                    width: 80,
                    ..area
                },
            ] {
                let (ink, gaps) = ink_and_gaps(&picture, half);
                assert!(
                    (ink - gaps).abs() > 70.0,
                    "{colour:?} on {:?}: {ink} {gaps}",
                    ground.pixel(half.x, 0)
                );
            }
            if drawn.touched != area {
                assert_changed_only_in(ground, &picture, &[drawn.touched]);
            }
        }
    }
}

#[test]
fn a_logo_that_can_be_read_gets_no_halo() {
    let area = CropBox {
        x: 20,
        y: 30,
        width: 160,
        height: 24,
    };
    for (logo, ground) in [
        ([255; 3], [20; 3]),
        ([10; 3], [250; 3]),
        ([214, 40, 57], [250; 3]),
    ] {
        let before = Picture::filled(200, 90, ground);
        let mut picture = before.clone();
        let drawn = draw_logo(&mut picture, &bars(160, 24, logo), area, 0.85);
        assert_eq!(drawn.touched, area, "{logo:?} on {ground:?}");
        assert_changed_only_in(&before, &picture, &[area]);
    }
}

#[test]
fn the_label_keeps_to_a_free_corner() {
    let label = |keep_free: &[CropBox]| {
        let before = gradient(480, 640);
        let mut picture = before.clone();
        let area = draw_label(&mut picture, keep_free);
        assert_changed_only_in(&before, &picture, &[area]);
        area
    };
    let free = label(&[]);
    assert_eq!(
        (free.x, free.y + free.height),
        (12, 628),
        "bottom left, 2.5 % away"
    );
    let logo = CropBox {
        x: 0,
        y: 560,
        width: 100,
        height: 80,
    };
    let right = label(&[logo]);
    assert_eq!((right.x + right.width, right.y), (468, free.y));
    let bottom = CropBox {
        x: 0,
        y: 560,
        width: 480,
        height: 80,
    };
    assert_eq!((label(&[bottom]).x, label(&[bottom]).y), (12, 12));
    // Legible text: white on something dark, whatever lies below.
    let mut picture = Picture::filled(480, 640, [255; 3]);
    let area = draw_label(&mut picture, &[]);
    let values: Vec<u8> = (area.x..area.x + area.width)
        .flat_map(|x| (area.y..area.y + area.height).map(move |y| (x, y)))
        .map(|(x, y)| picture.pixel(x, y)[0])
        .collect();
    assert!(values.iter().filter(|value| **value < 115).count() > values.len() / 2);
    let inner = CropBox {
        x: area.x + area.height / 2,
        width: area.width - area.height,
        ..area
    };
    let bright = (inner.x..inner.x + inner.width)
        .flat_map(|x| (area.y + 3..area.y + area.height - 3).map(move |y| (x, y)))
        .filter(|(x, y)| picture.pixel(*x, *y)[0] > 220)
        .count();
    assert!(bright > 100, "{bright} pixels of text");
}

#[test]
fn small_pictures_keep_most_of_themselves() {
    for (width, height) in [
        (64, 80),
        (120, 150),
        (80, 64),
        (40, 40),
        (300, 20),
        (8, 300),
        (1, 1),
    ] {
        let before = Picture::filled(width, height, [240, 235, 230]);
        let mut picture = before.clone();
        let marked = mark_picture(
            &mut picture,
            Some((&bars(400, 100, [0; 3]), &style(Place::End, Place::End))),
            true,
        );
        let label = marked.label.unwrap();
        assert!(
            u64::from(label.width) * u64::from(label.height) * 4
                <= u64::from(width) * u64::from(height)
                || width.min(height) < 20,
            "{width} x {height}: {label:?}"
        );
        assert_changed_only_in(&before, &picture, &[marked.logo.unwrap().touched, label]);
    }
}

#[test]
fn logo_and_label_do_not_meet() {
    for row in PLACES {
        for column in PLACES {
            let before = gradient(768, 1_024);
            let mut picture = before.clone();
            let marked = mark_picture(
                &mut picture,
                Some((&bars(300, 90, [255; 3]), &style(column, row))),
                true,
            );
            let (logo, label) = (marked.logo.unwrap(), marked.label.unwrap());
            assert!(!overlap(logo.area, label), "{column:?} {row:?}");
            assert_changed_only_in(&before, &picture, &[logo.touched, label]);
        }
    }
}

#[test]
fn nothing_asked_for_changes_nothing() {
    let mut picture = gradient(100, 80);
    let marked = mark_picture(&mut picture, None, false);
    assert_eq!((marked.logo, marked.label), (None, None));
    assert!(picture == gradient(100, 80));
}

/// Real faces stay free at every anchor, when the photos for evaluation are there.
#[test]
fn faces_stay_free() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/photos/people");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no photos at {}", folder.display());
        return;
    };
    let mut seen = 0;
    for path in entries.map(|entry| entry.unwrap().path()) {
        let photo = crate::make::decoded(&std::fs::read(&path).unwrap());
        let Some(face) = FaceDetector::new()
            .detect(&photo, FaceSearch::Tilted)
            .first()
            .copied()
        else {
            continue;
        };
        let face = CropBox {
            x: face.x.max(0.0) as u32,
            y: face.y.max(0.0) as u32,
            width: face.width as u32,
            height: face.height as u32,
        };
        for row in PLACES {
            let mut picture = photo.clone();
            let style = style(Place::Middle, row);
            let marked = mark_picture(&mut picture, Some((&bars(300, 90, [255; 3]), &style)), true);
            assert!(
                !overlap(marked.logo.unwrap().area, face),
                "{path:?} {row:?}"
            );
            assert!(!overlap(marked.label.unwrap(), face), "{path:?} {row:?}");
        }
        seen += 1;
    }
    assert!(seen >= 5, "{seen} faces");
}

proptest! {
    #[test]
    fn a_logo_lies_inside_and_is_never_enlarged(
        picture in (1_u32..3_000, 1_u32..3_000),
        logo in (1_u32..5_000, 1_u32..5_000),
        anchor in (0_usize..3, 0_usize..3),
        width_share in 0.02_f32..=1.0,
        margin_share in 0.0_f32..=0.25,
        face in (0_u32..3_000, 0_u32..3_000, 1_u32..1_000, 1_u32..1_000),
    ) {
        let style = LogoStyle {
            width_share,
            margin_share,
            ..style(PLACES[anchor.0], PLACES[anchor.1])
        };
        let face = CropBox { x: face.0, y: face.1, width: face.2, height: face.3 };
        for keep_free in [&[] as &[CropBox], &[face]] {
            let area = place_logo(picture, logo, &style, keep_free);
            prop_assert!(area.width >= 1 && area.height >= 1);
            prop_assert!(area.x + area.width <= picture.0 && area.y + area.height <= picture.1);
            prop_assert!(area.width <= logo.0 && area.height <= logo.1);
            // One pixel is the least, whatever the proportions.
            let widest = (picture.0 as f32 * width_share).round().max(1.0);
            prop_assert!(area.width as f32 <= widest);
            let wanted = area.width as f32 * logo.1 as f32 / logo.0 as f32;
            let tolerance = 1.0 + logo.1 as f32 / logo.0 as f32;
            prop_assert!((area.height as f32 - wanted).abs() <= tolerance, "{:?}", area);
        }
    }
}
