//! Crops around real people, when the photos for evaluation are there.

use std::path::PathBuf;

use drape_imaging::{
    CropBox, Face, FaceDetector, FaceSearch, Picture, decode, find_portrait, resize_exact,
};

use crate::make::{decoded, small_limits};

/// The photos for evaluation, which are not part of the repository.
fn photos() -> Vec<(String, Picture)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/photos/people");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no photos at {}", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (
                name,
                decode(&std::fs::read(&path).unwrap(), &small_limits()).unwrap(),
            )
        })
        .collect()
}

/// Lays a picture onto a larger canvas whose free parts repeat the picture's border pixels.
fn padded(picture: &Picture, width: u32, height: u32, left: u32, top: u32) -> Picture {
    let mut canvas = Picture::filled(width, height, [0; 3]);
    for y in 0..height {
        for x in 0..width {
            let from_x = x.saturating_sub(left).min(picture.width() - 1);
            let from_y = y.saturating_sub(top).min(picture.height() - 1);
            canvas.set_pixel(x, y, picture.pixel(from_x, from_y));
        }
    }
    canvas
}

fn holds(area: CropBox, face: &Face, left: u32, top: u32) -> bool {
    let (x, y) = (face.x + left as f32, face.y + top as f32);
    let inside = |from: f32, to: f32, start: u32, length: u32| {
        from >= start as f32 && to <= (start + length) as f32
    };
    inside(x, x + face.width, area.x, area.width)
        && inside(y.max(0.0), y + face.height, area.y, area.height)
}

#[test]
fn faces_are_held_wherever_the_person_stands() {
    let mut seen = 0;
    for (name, photo) in photos() {
        // Clear faces only: in some photos the head is cut off above the mouth.
        let faces = FaceDetector::new().detect(&photo, FaceSearch::Upright);
        let Some(face) = faces.first().filter(|face| face.score > 10.0) else {
            continue;
        };
        seen += 1;
        let (width, height) = (photo.width(), photo.height());
        let wide = height * 3 / 2;
        for left in [0, (wide - width) / 2, wide - width] {
            let portrait = find_portrait(&padded(&photo, wide, height, left, 0));
            assert!(
                holds(portrait.area, face, left, 0),
                "{name} at {left}: {portrait:?}"
            );
            assert_eq!(portrait.area.width * 5, portrait.area.height * 4);
            let middle = portrait.area.x + portrait.area.width / 2;
            let room = left > 0 && left < wide - width;
            assert!(
                !room || middle.abs_diff(left + width / 2) < width / 5,
                "{name} at {left}: {portrait:?}"
            );
        }
        let tall = width * 16 / 9;
        for top in [0, tall - height] {
            let portrait = find_portrait(&padded(&photo, width, tall, 0, top));
            assert!(
                holds(portrait.area, face, 0, top),
                "{name} at {top}: {portrait:?}"
            );
        }
    }
    assert!(
        seen >= 6 || seen == 0 && photos().is_empty(),
        "only {seen} clear faces"
    );
}

#[test]
fn of_two_people_the_larger_is_held() {
    let photos = photos();
    let get = |wanted: &str| {
        photos
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, photo)| photo)
    };
    let (Some(large), Some(other)) = (get("model_1"), get("model_7")) else {
        return;
    };
    let small = resize_exact(other, other.width() * 2 / 3, other.height() * 2 / 3);
    let face = FaceDetector::new().detect(large, FaceSearch::Upright)[0];
    let (width, height) = (large.width() + small.width(), large.height());
    for large_left in [0, small.width()] {
        let small_left = if large_left == 0 { large.width() } else { 0 };
        let mut both = padded(large, width, height, large_left, 0);
        for y in 0..small.height() {
            for x in 0..small.width() {
                both.set_pixel(
                    small_left + x,
                    height - small.height() + y,
                    small.pixel(x, y),
                );
            }
        }
        let portrait = find_portrait(&both);
        assert!(holds(portrait.area, &face, large_left, 0), "{portrait:?}");
        let found = portrait.face.unwrap().center().0 - large_left as f32;
        assert!((found - face.center().0).abs() < 20.0, "{portrait:?}");
    }
}

#[test]
fn bodies_without_a_face_are_centred() {
    for (name, photo) in photos() {
        let (width, height) = (photo.width(), photo.height());
        let wide = height * 3 / 2;
        // Everything below the shoulders of a standing person.
        let below = photo.cropped(CropBox {
            x: 0,
            y: height / 3,
            width,
            height: height - height / 3,
        });
        if name == "seated_hat" {
            // A scene: there is no plain background to tell the body from.
            continue;
        }
        for left in [0, (wide - width) / 2, wide - width] {
            let portrait = find_portrait(&padded(&below, wide, below.height(), left, 0));
            let middle = portrait.area.x + portrait.area.width / 2;
            let off = middle.abs_diff(left + width / 2);
            assert!(
                off < width / 4,
                "{name} at {left}: off by {off} of {width}, {portrait:?}"
            );
        }
    }
}

#[test]
fn small_and_tilted_faces_are_found_on_request() {
    let Some((_, photo)) = photos().into_iter().find(|(name, _)| name == "model_1") else {
        return;
    };
    let detector = FaceDetector::new();
    let half = resize_exact(&photo, photo.width() / 2, photo.height() / 2);
    let small = padded(&half, 1_600, 1_100, 600, 300);
    assert!(detector.detect(&small, FaceSearch::Upright).is_empty());
    let found = detector.detect(&small, FaceSearch::Tilted);
    assert_eq!(found.len(), 1, "{found:?}");
    let expected = detector.detect(&photo, FaceSearch::Upright)[0].center();
    let (x, y) = found[0].center();
    assert!(
        (x - 600.0 - expected.0 / 2.0).abs() < 20.0 && (y - 300.0 - expected.1 / 2.0).abs() < 20.0,
        "{found:?}"
    );
}

#[test]
fn pictures_without_people_show_no_faces() {
    let detector = FaceDetector::new();
    for picture in [
        Picture::filled(300, 200, [90, 120, 60]),
        crate::make::gradient(640, 480),
        Picture::filled(39, 500, [1; 3]),
        Picture::filled(1, 1, [1; 3]),
    ] {
        assert!(detector.detect(&picture, FaceSearch::Tilted).is_empty());
    }
    assert_eq!(
        find_portrait(&decoded(include_bytes!("../fixtures/odd.heic"))).face,
        None
    );
}
