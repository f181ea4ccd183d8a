use super::*;
use crate::raster::{Point, XorShift, resize_area, resize_mask_area};
use crate::synthetic::{Framing, Outfit, PersonPicture, SleeveLength, SyntheticPerson};

fn analyzed(settings: &SyntheticPerson) -> (PersonPicture, PersonRegions) {
    let picture = settings.draw();
    let person = analyze(&picture.image, Some(picture.face)).unwrap();
    (picture, person)
}

/// Overlap of a mask at work size with a mask at full size.
fn overlap(work: &Mask, full: &Mask) -> f64 {
    let (width, height) = work.size();
    let expected = resize_mask_area(full, width, height).map(|share| share > 0.5);
    work.and(&expected).count() as f64 / work.or(&expected).count() as f64
}

fn assert_near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: found {found:.1}, expected {expected:.1} within {tolerance:.1}"
    );
}

fn assert_tips_match(picture: &PersonPicture, person: &PersonRegions) {
    for (side, tip) in person.shoulder_tips.iter() {
        let expected = picture.shoulder_tips[side] * person.scale;
        assert!(
            tip.distance(expected) < 0.07 * person.shoulder_width,
            "{side:?} tip {tip:?}, expected {expected:?}"
        );
    }
}

#[test]
fn finds_shoulders_waist_and_clothes_of_a_whole_person() {
    let (picture, person) = analyzed(&SyntheticPerson::default());
    assert_eq!(person.size, picture.image.size());
    assert_tips_match(&picture, &person);
    let middle = 0.5 * picture.image.width() as f64 * person.scale;
    assert_near(person.center_x, middle, 2.0, "center");
    assert_near(person.neck_x, middle, 2.0, "neck");
    assert_near(person.waist, picture.waist * person.scale, 3.0, "waist");
    assert_near(person.hem, person.waist, 0.0, "hem");
    assert!(!person.one_piece && person.tuck_possible && !person.legs_bare);
    assert!(overlap(&person.silhouette, &picture.silhouette) > 0.95);
    assert!(overlap(&person.old_top, &picture.top) > 0.85);
    assert!(overlap(&person.old_bottom, &picture.bottom) > 0.90);
    assert!(overlap(&person.skin, &picture.skin) > 0.85);
    assert_near(person.low_hem, person.bottom, 0.0, "low hem");
}

#[test]
fn finds_the_same_without_a_face() {
    let picture = SyntheticPerson::default().draw();
    let person = analyze(&picture.image, None).unwrap();
    assert!(person.face.is_none() && person.face_ratio.is_none());
    assert!(!person.hair.any());
    assert_tips_match(&picture, &person);
    assert_near(person.waist, picture.waist * person.scale, 3.0, "waist");
    assert!(overlap(&person.silhouette, &picture.silhouette) > 0.95);
}

#[test]
fn tells_sleeve_lengths_apart() {
    let with = |sleeves| {
        analyzed(&SyntheticPerson {
            sleeves,
            framing: Framing::HalfBody,
            ..SyntheticPerson::default()
        })
        .1
    };
    let (none, short, long) = (
        with(SleeveLength::None),
        with(SleeveLength::Short),
        with(SleeveLength::Long),
    );
    for side in Side::ALL {
        assert!(
            none.bare_arm[side] > 0.8 && short.bare_arm[side] < 0.5 && long.bare_arm[side] < 0.1
        );
        assert!(
            none.long_sleeve[side] < 0.3
                && short.long_sleeve[side] < 0.3
                && long.long_sleeve[side] > 0.8
        );
    }
    assert!(!none.old_sleeves.any() && !short.old_sleeves.any());
    assert!(long.old_sleeves.and_not(&long.old_top).count() == 0 && long.old_sleeves.any());
    assert!(none.arm.count() > short.arm.count() && short.arm.count() > long.arm.count());
}

#[test]
fn works_for_dark_and_light_skin() {
    for skin in [[84, 54, 40], [140, 96, 72], [240, 206, 186]] {
        let (picture, person) = analyzed(&SyntheticPerson {
            skin,
            sleeves: SleeveLength::None,
            ..SyntheticPerson::default()
        });
        assert!(person.skin_found);
        let found = overlap(&person.skin, &picture.skin);
        assert!(found > 0.8, "skin {skin:?}: overlap {found:.2}");
        assert!(person.arm.any());
    }
}

#[test]
fn finds_a_bare_midriff() {
    let (picture, person) = analyzed(&SyntheticPerson {
        outfit: Outfit::CroppedTopAndTrousers,
        ..SyntheticPerson::default()
    });
    assert_near(person.hem, picture.hem * person.scale, 3.0, "hem");
    assert_near(person.waist, picture.waist * person.scale, 3.0, "waist");
    let middle = person.center_x as usize;
    assert_near(person.hem_curve[middle], person.hem, 3.0, "hem curve");
    assert_near(person.waist_curve[middle], person.waist, 3.0, "waist curve");
}

#[test]
fn follows_the_edge_between_pale_jeans_and_a_white_top() {
    let (picture, person) = analyzed(&SyntheticPerson {
        top: [236, 238, 240],
        bottom: [218, 228, 240],
        wall: [176, 172, 166],
        ..SyntheticPerson::default()
    });
    let hem = picture.hem * person.scale;
    let row = hem as usize - 2;
    let first = person.torso_left[row] as usize + 2;
    let last = person.torso_right[row] as usize - 2;
    for x in first..last {
        assert_near(person.hem_curve[x], hem, 4.0, "hem curve");
    }
}

#[test]
fn sees_that_a_dress_has_no_waist_and_where_it_ends() {
    let (_, person) = analyzed(&SyntheticPerson {
        outfit: Outfit::Dress,
        sleeves: SleeveLength::None,
        top: [30, 90, 70],
        ..SyntheticPerson::default()
    });
    assert!(person.one_piece && !person.tuck_possible);
    assert!(person.legs_bare);
    let end = (person.low_hem - person.shoulder_y) / person.shoulder_width;
    assert!(
        (1.9..2.3).contains(&end),
        "hem {end:.2} U under the shoulders"
    );
    for row in &person.hem_curve {
        assert_near(*row, person.hem, 0.0, "straight hem");
    }
}

#[test]
fn keeps_the_legs_of_somebody_in_a_dress_of_the_colour_of_skin() {
    let skin = SyntheticPerson::default().skin;
    let (picture, person) = analyzed(&SyntheticPerson {
        outfit: Outfit::Dress,
        sleeves: SleeveLength::None,
        top: skin,
        ..SyntheticPerson::default()
    });
    assert!(person.skin_cloth_share > 0.6);
    let belly = (
        person.center_x as usize,
        (person.shoulder_y + 0.7 * person.shoulder_width) as usize,
    );
    let legs =
        picture.skin.bounds().unwrap().y1 as f64 * person.scale - 0.5 * person.shoulder_width;
    assert!(!person.skin[belly] && person.silhouette[belly]);
    assert!(person.skin.any_row(legs as usize), "no skin in row {legs}");
}

#[test]
fn ignores_the_face_of_a_head_that_is_cut_off() {
    let picture = SyntheticPerson::default().draw();
    let (width, height) = picture.image.size();
    let cut = picture.face.center.y as usize;
    let image = picture.image.crop(0, cut, width, height - cut);
    let face = FaceBox {
        center: Point::new(picture.face.center.x, 0.0),
        size: picture.face.size,
    };
    assert!(analyze(&image, Some(face)).unwrap().face.is_none());
}

#[test]
fn cuts_a_person_out_of_a_scene_only_with_a_face() {
    let picture = SyntheticPerson::default().draw();
    let (width, height) = picture.image.size();
    let scene = Rgb8::from_fn(width, height, |x, y| {
        if picture.silhouette[(x, y)] {
            return picture.image[(x, y)];
        }
        let (across, down) = (x / 24, y / 31);
        [
            (across * 71 + down * 37) % 256,
            (across * 29 + down * 97) % 256,
            (down * 53) % 256,
        ]
        .map(|value| value as u8)
    });
    let faceless = analyze(&scene, None).unwrap_err().to_string();
    assert!(faceless.contains("stand before a plain wall"), "{faceless}");
    let person = analyze(&scene, Some(picture.face)).unwrap();
    assert!(person.scene);
    let overlap = overlap(&person.silhouette, &picture.silhouette);
    // Such a wild pattern may not be cut out exactly, but then the cuts do not agree either.
    assert!(
        overlap > 0.95 || person.outline_agreement < 0.85,
        "overlap {overlap}, agreement {}",
        person.outline_agreement
    );
}

#[test]
fn follows_both_arms() {
    let (_, person) = analyzed(&SyntheticPerson {
        framing: Framing::HalfBody,
        sleeves: SleeveLength::None,
        ..SyntheticPerson::default()
    });
    for side in Side::ALL {
        let path = arm_path(&person, side).unwrap();
        let unit = person.shoulder_width;
        assert_eq!(path.outer.len(), path.inner.len());
        assert_eq!(path.outer.len(), path.distance.len());
        assert_eq!(path.outer.len(), path.width.len());
        assert!(path.confidence > 0.5, "{side:?} {:.2}", path.confidence);
        assert!(path.distance.windows(2).all(|pair| pair[1] > pair[0]));
        // Under the hand the edge is a leg's.
        let hand = path
            .distance
            .partition_point(|distance| *distance < 1.4 * unit);
        for (outer, inner) in path.outer.iter().zip(&path.inner).take(hand).skip(10) {
            assert!(
                side.sign() * (outer.x - inner.x) > 0.0,
                "{side:?} {outer:?} {inner:?}"
            );
            assert!(outer.distance(*inner) < 0.4 * unit);
        }
        let elbow = path
            .distance
            .partition_point(|distance| *distance < 0.8 * unit);
        assert!((0.10..0.22).contains(&(path.width[elbow] / unit)));
    }
}

#[test]
fn masks_agree_with_each_other() {
    for sleeves in [SleeveLength::None, SleeveLength::Short, SleeveLength::Long] {
        let (_, person) = analyzed(&SyntheticPerson {
            sleeves,
            ..SyntheticPerson::default()
        });
        let inside = [
            &person.skin,
            &person.hair,
            &person.head,
            &person.arm,
            &person.old_top,
            &person.old_bottom,
        ];
        for mask in inside {
            assert_eq!(mask.and_not(&person.silhouette).count(), 0);
        }
        assert_eq!(person.old_top.and(&person.old_bottom).count(), 0);
        assert_eq!(person.old_top.and(&person.skin).count(), 0);
        for (y, (left, right)) in person
            .torso_left
            .iter()
            .zip(&person.torso_right)
            .enumerate()
        {
            assert!(left < right, "torso edges cross in row {y}");
        }
    }
}

#[test]
fn gives_the_same_result_twice() {
    let picture = SyntheticPerson::default().draw();
    let first = analyze(&picture.image, Some(picture.face)).unwrap();
    let second = analyze(&picture.image, Some(picture.face)).unwrap();
    assert_eq!(first.silhouette, second.silhouette);
    assert_eq!(first.old_top, second.old_top);
    assert_eq!(first.skin_distance, second.skin_distance);
    assert_eq!(first.hem_curve, second.hem_curve);
    assert_eq!(first.shoulder_tips, second.shoulder_tips);
}

#[test]
fn scale_turns_work_positions_into_full_size_ones() {
    let small = SyntheticPerson::default();
    let large = SyntheticPerson {
        width: 1152,
        height: 1536,
        ..small.clone()
    };
    let (_, from_small) = analyzed(&small);
    let (_, from_large) = analyzed(&large);
    assert_near(from_small.scale, 2.0 * from_large.scale, 1e-9, "scale");
    assert_near(
        from_small.shoulder_width,
        from_large.shoulder_width,
        3.0,
        "shoulder width",
    );
    assert_near(from_small.waist, from_large.waist, 3.0, "waist");
}

#[test]
fn refuses_an_empty_wall() {
    for wall in [
        [0, 0, 0],
        [128, 128, 128],
        [230, 228, 224],
        [255, 255, 255],
        [200, 60, 40],
    ] {
        let plain = Rgb8::new(300, 400, wall);
        assert!(
            matches!(analyze(&plain, None), Err(PersonError::NotFound(_))),
            "{wall:?}"
        );
        let gradient = Rgb8::from_fn(300, 400, |x, y| {
            wall.map(|value| value.saturating_sub((x / 40 + y / 60) as u8))
        });
        assert!(analyze(&gradient, None).is_err(), "gradient {wall:?}");
    }
}

#[test]
fn refuses_pictures_of_impossible_shape() {
    for (width, height) in [
        (1, 1),
        (10, 10),
        (3000, 20),
        (20, 3000),
        (47, 400),
        (2000, 400),
        (60, 2000),
    ] {
        let picture = Rgb8::new(width, height, [200, 200, 200]);
        assert!(analyze(&picture, None).is_err(), "{width} x {height}");
    }
    assert!(analyze(&Rgb8::new(0, 0, [0; 3]), None).is_err());
}

/// Noise has no person in it; whatever is said about it, it must not end in a panic.
#[test]
fn survives_noise_and_faces_anywhere() {
    let mut random = XorShift::new(3);
    let sizes = [
        (48, 48),
        (49, 97),
        (64, 300),
        (301, 77),
        (333, 512),
        (97, 640),
        (400, 100),
    ];
    for (width, height) in sizes {
        let data = (0..width * height)
            .map(|_| random.next_u32().to_le_bytes())
            .map(|[r, g, b, _]| [r, g, b]);
        let noise = Rgb8::from_vec(width, height, data.collect());
        for at in [
            None,
            Some((0.0, 0.0)),
            Some((0.5, 0.2)),
            Some((1.0, 1.0)),
            Some((0.5, 0.97)),
            Some((-3.0, 9.0)),
        ] {
            for size in [1.0, 0.1 * height as f64, 0.9 * height as f64] {
                let face = at.map(|(x, y)| FaceBox {
                    center: Point::new(x * width as f64, y * height as f64),
                    size,
                });
                if let Ok(person) = analyze(&noise, face) {
                    assert!(person.shoulder_width > 0.0);
                }
                if at.is_none() {
                    break;
                }
            }
        }
    }
}

/// A person at odd sizes, cut off, upside down, or with a wrong face: a result or an error, never a panic.
#[test]
fn survives_odd_pictures_of_people() {
    let picture = SyntheticPerson::default().draw();
    let (width, height) = picture.image.size();
    let cuts = [
        (0, 0, width, height / 2),
        (0, height / 2, width, height / 2),
        (width / 2, 0, width / 2, height),
        (0, 200, width, 60),
    ];
    for (x, y, columns, rows) in cuts {
        let cut = picture.image.crop(x, y, columns, rows);
        let _ = analyze(&cut, None);
        let face = FaceBox {
            center: picture.face.center - Point::new(x as f64, y as f64),
            size: picture.face.size,
        };
        let _ = analyze(&cut, Some(face));
    }
    let turned = Rgb8::from_fn(width, height, |x, y| {
        picture.image[(width - 1 - x, height - 1 - y)]
    });
    let _ = analyze(&turned, Some(picture.face));
    let colors = crate::raster::to_float(&picture.image);
    for (w, h) in [(51, 49), (48, 128), (150, 60), (777, 333), (120, 799)] {
        let odd = crate::raster::to_rgb8(&resize_area(&colors, w, h));
        let factor = h as f64 / height as f64;
        let _ = analyze(&odd, None);
        let _ = analyze(&odd, Some(picture.face.scaled(factor)));
    }
    for (x, y, size) in [
        (f64::NAN, 10.0, 50.0),
        (100.0, f64::INFINITY, 50.0),
        (200.0, 100.0, f64::NAN),
        (288.0, 700.0, 60.0),
    ] {
        let face = FaceBox {
            center: Point::new(x, y),
            size,
        };
        let _ = analyze(&picture.image, Some(face));
    }
}

#[test]
fn converts_the_detectors_box() {
    let face = FaceBox::from_detector(100.0, 50.0, 40.0, 40.0);
    assert_eq!(face.center, Point::new(120.0, 70.0));
    assert_near(face.size, 42.4, 1e-9, "size");
    assert_eq!(face.scaled(0.5).center, Point::new(60.0, 35.0));
}

#[test]
fn sides_mirror_each_other() {
    assert_eq!(Side::Left.other(), Side::Right);
    let mut values = PerSide::from_fn(Side::sign);
    assert_eq!((values.left, values.right), (-1.0, 1.0));
    values[Side::Left] = 5.0;
    assert_near(
        values.map(|value| value * 2.0)[Side::Left],
        10.0,
        0.0,
        "doubled",
    );
    assert_eq!(
        values.iter().map(|(side, _)| side).collect::<Vec<_>>(),
        Side::ALL
    );
}
