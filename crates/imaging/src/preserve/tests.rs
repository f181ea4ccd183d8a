use super::*;

/// A textured room of `width` x `height` with a person-like pattern; `shirt` is the colour of its middle.
fn scene(width: u32, height: u32, shirt: [u8; 3], (dx, dy): (i32, i32)) -> Picture {
    let mut picture = Picture::filled(width, height, [0; 3]);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (
                (x as f32 - dx as f32) / width as f32,
                (y as f32 - dy as f32) / height as f32,
            );
            let wave = (u * 61.0).sin() * (v * 83.0).cos() + (u * 17.0 + v * 29.0).sin();
            let wall = 130.0 + 40.0 * wave;
            let is_shirt = (0.3..0.7).contains(&u) && (0.4..0.8).contains(&v);
            let pixel = if is_shirt {
                shirt
            } else {
                [level(wall), level(wall * 0.9), level(wall * 0.8 + 20.0)]
            };
            picture.set_pixel(x, y, pixel);
        }
    }
    picture
}

const BLUE: [u8; 3] = [30, 60, 180];
const RED: [u8; 3] = [200, 40, 30];

fn toned(mut picture: Picture, by: u8) -> Picture {
    for value in picture.data_mut() {
        *value = value.saturating_add(by);
    }
    picture
}

fn face() -> KeptPart {
    KeptPart {
        name: "face",
        outline: vec![[0.4, 0.1], [0.6, 0.1], [0.6, 0.3], [0.4, 0.3]],
    }
}

#[test]
fn only_the_change_is_taken_over() {
    let original = scene(400, 600, BLUE, (0, 0));
    let made = toned(scene(200, 300, RED, (0, 0)), 6);
    let kept = preserve(&original, &made, &[face()]).unwrap();
    assert_eq!((kept.picture.width(), kept.picture.height()), (400, 600));
    assert_eq!((kept.mask.width, kept.mask.height), (200, 300));
    assert!(kept.given_up.is_empty());
    assert!(
        (0.16..0.22).contains(&kept.edited_share),
        "{}",
        kept.edited_share
    );
    for (x, y) in [(5, 5), (200, 100), (390, 590), (60, 300), (200, 520)] {
        assert_eq!(kept.picture.pixel(x, y), original.pixel(x, y), "{x} {y}");
    }
    // The made picture is brighter by 6 everywhere; that is not part of the change.
    let middle = kept.picture.pixel(200, 360);
    for (found, wanted) in middle.into_iter().zip(RED) {
        assert!(found.abs_diff(wanted) <= 2, "{middle:?}");
    }
}

#[test]
fn a_picture_without_a_change_is_the_original() {
    let original = scene(300, 400, BLUE, (0, 0));
    let kept = preserve(&original, &toned(original.clone(), 3), &[]).unwrap();
    assert!(kept.picture == original);
    assert!(kept.mask.levels.iter().all(|level| *level == 0));
}

#[test]
fn nothing_is_put_back_into_a_shifted_picture() {
    let original = scene(400, 600, BLUE, (0, 0));
    let made = scene(400, 600, RED, (3, 0));
    match preserve(&original, &made, &[]).map(|_| ()) {
        Err(PreserveError::Shifted { x, y }) => {
            assert!((x - 3.0).abs() < 0.3 && y.abs() < 0.3, "{x} {y}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_put_back_into_another_picture() {
    let original = scene(400, 600, BLUE, (0, 0));
    let mut state = 7_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    let made = Picture::new(200, 300, noise.take(200 * 300 * 3).collect()).unwrap();
    let error = preserve(&original, &made, &[]).map(|_| ()).unwrap_err();
    assert!(matches!(error, PreserveError::Unrelated { .. }), "{error}");
    let plain = Picture::filled(200, 300, [128; 3]);
    assert!(preserve(&plain, &plain, &[]).is_err(), "nothing to compare");
}

#[test]
fn a_part_that_looks_different_is_given_up() {
    let original = scene(400, 600, BLUE, (0, 0));
    let mut made = scene(400, 600, RED, (0, 0));
    for y in 60..180 {
        for x in 160..240 {
            let stripes = if (x / 5) % 2 == 0 { 20 } else { 230 };
            made.set_pixel(x, y, [stripes; 3]);
        }
    }
    let kept = preserve(&original, &made, &[face()]).unwrap();
    assert_eq!(kept.given_up, ["face"]);
    assert_ne!(kept.picture.pixel(200, 120), original.pixel(200, 120));
}

#[test]
fn a_part_is_kept_although_the_change_reaches_over_it() {
    let original = scene(400, 600, BLUE, (0, 0));
    // The same pattern, but much darker: only its light has changed.
    let mut made = scene(400, 600, RED, (0, 0));
    for y in 60..180 {
        for x in 160..240 {
            let pixel = made.pixel(x, y).map(|level| level / 2);
            made.set_pixel(x, y, pixel);
        }
    }
    let without = preserve(&original, &made, &[]).unwrap();
    assert_ne!(without.picture.pixel(200, 120), original.pixel(200, 120));
    let with = preserve(&original, &made, &[face()]).unwrap();
    assert!(with.given_up.is_empty());
    assert_eq!(with.picture.pixel(200, 120), original.pixel(200, 120));
}

#[test]
fn outlines_without_an_inside_are_ignored() {
    let original = scene(300, 400, BLUE, (0, 0));
    let made = scene(300, 400, RED, (0, 0));
    for outline in [
        vec![],
        vec![[0.5, 0.5]; 3],
        vec![[f32::NAN, 0.0], [1.0, 0.0], [1.0, 1.0]],
        vec![[4.0, 4.0], [5.0, 4.0], [5.0, 5.0]],
    ] {
        let part = KeptPart {
            name: "hand",
            outline,
        };
        let kept = preserve(&original, &made, &[part]).unwrap();
        assert!(kept.given_up.is_empty());
    }
    // Smaller than a block.
    let tiny = scene(9, 9, BLUE, (0, 0));
    assert!(preserve(&tiny, &tiny, &[]).is_err());
}
