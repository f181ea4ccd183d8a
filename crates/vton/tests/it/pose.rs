//! The drawing of a pose and the decoding of what the pose networks say.

use drape_vton::pose::{
    Crop, DETECTOR_SIDE, DecodeError, Detection, Joint, NETWORK_JOINTS, OPENPOSE_JOINTS,
    POSE_INPUT, PixelBox, Point, Pose, RasterError, choose, decode_boxes, decode_simcc, draw,
    letterbox, persons, pose_of, to_openpose,
};
use drape_vton::preprocess::{Picture, PictureError, Size};

use drape_vton::weights::stream::Stream;

use crate::golden::{Tensors, json};
use crate::preprocess::{assert_equal, names, picture};

fn points(tensors: &Tensors, name: &str) -> Vec<Point> {
    tensors
        .f64(name)
        .chunks_exact(2)
        .map(|pair| Point {
            x: pair[0],
            y: pair[1],
        })
        .collect()
}

/// A point that is written as (-1, -1) is not seen.
fn seen(point: Point) -> Option<Point> {
    (point != Point { x: -1.0, y: -1.0 }).then_some(point)
}

/// A set of points as the golden file has it; hands and face are not in every set.
fn stored_pose(tensors: &Tensors, prefix: &str) -> Pose {
    let mut pose = Pose::unseen();
    let candidates = points(tensors, &format!("{prefix}.candidate"));
    for (joint, index) in pose
        .body
        .iter_mut()
        .zip(tensors.f64(&format!("{prefix}.subset")))
    {
        *joint = (index >= 0.0).then(|| candidates[index as usize]);
    }
    if tensors.file().tensor(&format!("{prefix}.hands")).is_ok() {
        let hands = points(tensors, &format!("{prefix}.hands"));
        for (point, stored) in pose.hands.iter_mut().flatten().zip(hands) {
            *point = seen(stored);
        }
        for (point, stored) in pose
            .face
            .iter_mut()
            .zip(points(tensors, &format!("{prefix}.faces")))
        {
            *point = seen(stored);
        }
    }
    pose
}

#[test]
fn rasters_equal_the_reference() {
    let Some(tensors) = Tensors::read("pose.safetensors") else {
        return;
    };
    let cases = [
        ("raster.full", "u8"),
        ("raster.missing", "u8"),
        ("raster.off_canvas", "u8"),
        ("raster.hands_face", "u8"),
        ("raster.tiny_canvas", "u8"),
        ("raster.dummy_flat_lay", "u8"),
        ("raster.full_size", "u8"),
        ("raster.wide", "u8"),
        ("decode.one", "raster"),
        ("decode.none", "raster"),
        ("decode.two", "raster"),
    ];
    for (prefix, raster) in cases {
        let name = format!("{prefix}.{raster}");
        let shape = tensors.shape(&name);
        let found = draw(
            &stored_pose(&tensors, prefix),
            Size::new(shape[1], shape[0]),
        )
        .expect(&name);
        let expected = tensors.u8(&name);
        let wrong: Vec<usize> = (0..expected.len())
            .filter(|&at| found.samples()[at] != expected[at])
            .collect();
        let first = wrong.first().map(|at| (at % shape[1], at / shape[1]));
        assert!(
            wrong.is_empty(),
            "{name}: {} pixels differ, the first at {first:?}",
            wrong.len()
        );
    }
}

#[test]
fn nobody_is_black() {
    let raster = draw(&Pose::unseen(), Size::new(7, 5)).expect("a raster");
    assert!(raster.samples().iter().all(|&level| level == 0));
}

#[test]
fn points_far_outside_and_bad_sizes_are_refused() {
    let size = Size::new(30, 40);
    for (x, y) in [
        (f64::NAN, 0.5),
        (0.5, f64::NAN),
        (f64::INFINITY, 0.0),
        (0.1, -17.0),
        (1e300, 1e300),
    ] {
        let mut poses = [Pose::unseen(), Pose::unseen(), Pose::unseen()];
        poses[0].body[3] = Some(Point { x, y });
        poses[1].hands[1][20] = Some(Point { x, y });
        poses[2].face[67] = Some(Point { x, y });
        for pose in &poses {
            assert!(
                matches!(draw(pose, size), Err(RasterError::Point { .. })),
                "({x}, {y})"
            );
        }
    }
    let empty = PictureError::Empty {
        width: 0,
        height: 9,
    };
    assert_eq!(
        draw(&Pose::unseen(), Size::new(0, 9)),
        Err(RasterError::Size(empty))
    );
    assert!(matches!(
        draw(&Pose::unseen(), Size::new(usize::MAX, 9)),
        Err(RasterError::Size(_))
    ));
    let long = Size::new(40_000, 1);
    assert_eq!(draw(&Pose::unseen(), long), Err(RasterError::TooLong(long)));
}

#[test]
fn points_at_the_farthest_allowed_place_are_drawn_without_a_panic() {
    let corners = [-16.0, -0.5, 0.5, 16.0];
    for (width, height) in [(1, 1), (3, 200), (1 << 15, 2)] {
        for shift in 0..16 {
            let mut pose = Pose::unseen();
            let place = |at: usize| {
                Some(Point {
                    x: corners[(at + shift) % 4],
                    y: corners[(at / 4 + shift / 4) % 4],
                })
            };
            pose.body = std::array::from_fn(place);
            pose.hands = [
                std::array::from_fn(place),
                std::array::from_fn(|at| place(20 - at)),
            ];
            pose.face = std::array::from_fn(place);
            assert!(draw(&pose, Size::new(width, height)).is_ok());
        }
    }
}

#[test]
fn letterboxes_equal_opencv() {
    let Some(tensors) = Tensors::read("pixels.safetensors") else {
        return;
    };
    let Some(details) = json("pixels.json") else {
        return;
    };
    for name in names(&tensors, "letter.") {
        let found = letterbox(&picture(&tensors, &format!("{name}.in")), 64).expect(&name);
        let expected: Vec<f32> = tensors
            .u8(&format!("{name}.out"))
            .into_iter()
            .map(f32::from)
            .collect();
        assert!(found.values == expected, "{name}");
        let ratio = details["cases"][&name]["ratio"].as_f64().expect("a ratio");
        assert_close([found.ratio], &[ratio], 1e-15, &name);
    }
}

#[test]
fn crops_equal_opencv() {
    let Some(tensors) = Tensors::read("pixels.safetensors") else {
        return;
    };
    for name in names(&tensors, "warp.") {
        let source = picture(&tensors, &format!("{name}.in"));
        let edges = tensors.f64(&format!("{name}.box"));
        let person = match edges[..] {
            [left, top, right, bottom] => PixelBox {
                left,
                top,
                right,
                bottom,
            },
            _ => PixelBox::whole(source.size()),
        };
        let crop = Crop::around(&person, Size::new(36, 48));
        assert_eq!(
            vec![crop.center.0, crop.center.1],
            tensors.f64(&format!("{name}.center")),
            "{name}"
        );
        assert_eq!(
            vec![crop.extent.0, crop.extent.1],
            tensors.f64(&format!("{name}.scale")),
            "{name}"
        );
        let cut_out = crop.cut(&source).expect(&name);
        assert_equal(&cut_out, &picture(&tensors, &format!("{name}.out")), &name);
        let normalised = format!("{name}.normalised");
        if tensors.file().tensor(&normalised).is_ok() {
            assert_eq!(
                Crop::normalise(&cut_out).expect(&name),
                tensors.f32(&normalised),
                "{name}"
            );
        }
    }
}

/// The detector's output of a made-up scene: zeros but for a few rows.
pub(crate) fn head(tensors: &Tensors, case: &str) -> Vec<f32> {
    let mut head = vec![0.0; 8400 * 85];
    let rows = tensors.i32(&format!("decode.{case}.head_rows"));
    let values = tensors.f32(&format!("decode.{case}.head_values"));
    for (row, values) in rows.iter().zip(values.chunks_exact(85)) {
        head[*row as usize * 85..][..85].copy_from_slice(values);
    }
    head
}

/// The pose network's output for a person of a made-up scene: low noise with a few peaks.
pub(crate) fn simcc(tensors: &Tensors, case: &str, person: usize) -> (Vec<f32>, Vec<f32>) {
    let noise = |axis: &str, length: usize| -> Vec<f32> {
        Stream::named(&format!("pose.simcc.{case}.{person}.{axis}"))
            .values(NETWORK_JOINTS * length, 0.05)
    };
    let (mut columns, mut rows) = (noise("x", 576), noise("y", 768));
    for peak in tensors
        .f64(&format!("decode.{case}.simcc{person}.peaks"))
        .chunks_exact(7)
    {
        let &[joint, column, row, negative, tie, column_value, row_value] = peak else {
            unreachable!("chunks of seven")
        };
        let (joint, column, row) = (joint as usize, column as usize, row as usize);
        let scores = &mut columns[joint * 576..][..576];
        if negative == 0.0 {
            scores[column] = column_value as f32;
        } else {
            for score in scores.iter_mut() {
                *score -= 1.0;
            }
        }
        rows[joint * 768 + row] = row_value as f32;
        if tie != 0.0 && column + 9 < 576 {
            scores[column + 9] = column_value as f32;
        }
    }
    (columns, rows)
}

#[track_caller]
fn assert_close(
    found: impl IntoIterator<Item = f64>,
    expected: &[f64],
    tolerance: f64,
    name: &str,
) {
    let found: Vec<f64> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{name}");
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "{name}[{at}]: {a} is not {b}");
    }
}

fn edges(place: &PixelBox) -> [f64; 4] {
    [place.left, place.top, place.right, place.bottom]
}

#[test]
fn scenes_are_read_like_the_reference() {
    let Some(tensors) = Tensors::read("pose.safetensors") else {
        return;
    };
    let Some(details) = json("pose.json") else {
        return;
    };
    for case in ["one", "none", "two"] {
        let stored = |part: &str| tensors.f64(&format!("decode.{case}.{part}"));
        let detail = |part: &str| details["decode"][case][part].as_u64().expect(part) as usize;
        let size = Size::new(detail("w"), detail("h"));
        let black = Picture::filled(size, 3, 0).expect("a picture");
        let ratio = letterbox(&black, DETECTOR_SIDE).expect("an input").ratio;

        let detections = decode_boxes(&head(&tensors, case), DETECTOR_SIDE, ratio).expect(case);
        let row = |found: &Detection| {
            let place = edges(&found.place);
            [
                place[0],
                place[1],
                place[2],
                place[3],
                f64::from(found.score),
                found.class as f64,
            ]
        };
        assert_close(
            detections.iter().flat_map(row),
            &stored("detections"),
            1e-3,
            "detections",
        );
        let expected: Vec<f64> = stored("detections")
            .chunks_exact(6)
            .map(|row| row[4])
            .collect();
        assert_close(
            detections.iter().map(|found| f64::from(found.score)),
            &expected,
            1e-6,
            "scores",
        );
        let mut boxes = persons(&detections);
        assert_close(
            boxes.iter().flat_map(edges),
            &stored("boxes"),
            1e-3,
            "boxes",
        );
        assert_eq!(boxes.len(), detail("boxes"));
        if boxes.is_empty() {
            boxes.push(PixelBox::whole(size));
        }

        let mut people = Vec::new();
        let mut found: Vec<Joint> = Vec::new();
        for (person, place) in boxes.iter().enumerate() {
            let (columns, rows) = simcc(&tensors, case, person);
            let joints =
                decode_simcc(&columns, &rows, &Crop::around(place, POSE_INPUT)).expect(case);
            people.push(to_openpose(&joints).expect(case));
            found.extend(joints);
        }
        assert_close(
            found.iter().flat_map(|joint| [joint.x, joint.y]),
            &stored("keypoints"),
            1e-3,
            "keypoints",
        );
        assert_close(
            found.iter().map(|joint| joint.score),
            &stored("scores"),
            1e-6,
            "scores",
        );
        let all: Vec<Joint> = people.concat();
        assert_close(
            all.iter().flat_map(|joint| [joint.x, joint.y]),
            &stored("openpose_keypoints"),
            1e-3,
            "openpose",
        );
        assert_close(
            all.iter().map(|joint| joint.score),
            &stored("openpose_scores"),
            1e-6,
            "openpose scores",
        );

        let chosen = choose(&people).expect(case).expect("somebody");
        assert_eq!(chosen, detail("chosen"), "{case}");
        let pose = pose_of(&people[chosen], size).expect(case);
        let subset: Vec<bool> = stored("subset").iter().map(|index| *index >= 0.0).collect();
        assert_eq!(pose.body.map(|joint| joint.is_some())[..], subset, "{case}");
        assert_eq!(
            pose.body.iter().flatten().count(),
            detail("visible_body"),
            "{case}"
        );
        let expected = stored_pose(&tensors, &format!("decode.{case}"));
        let flat = |pose: &Pose| -> Vec<f64> {
            let details = pose.hands.iter().flatten().chain(&pose.face);
            let point =
                |point: &Option<Point>| point.map_or([-1.0, -1.0], |point| [point.x, point.y]);
            pose.body.iter().chain(details).flat_map(point).collect()
        };
        assert_close(flat(&pose), &flat(&expected), 1e-5, "pose");
        let raster = draw(&pose, size).expect(case);
        assert_eq!(
            raster.samples(),
            tensors.u8(&format!("decode.{case}.raster")),
            "{case}"
        );
    }
}

#[test]
fn everybody_is_measured_by_the_joints_seen_of_the_first() {
    let person = |scores: fn(usize) -> f64, size: f64| -> Vec<Joint> {
        (0..OPENPOSE_JOINTS)
            .map(|at| Joint {
                x: 10.0 + size * at as f64,
                y: 20.0 + size * at as f64,
                score: scores(at),
            })
            .collect()
    };
    let sure = |_: usize| 0.9;
    let hidden = |_: usize| 0.0;
    assert_eq!(choose(&[]), Ok(None));
    assert_eq!(choose(&[person(sure, 1.0), person(sure, 2.0)]), Ok(Some(1)));
    assert_eq!(choose(&[person(sure, 2.0), person(sure, 2.0)]), Ok(Some(0)));
    // Nothing is seen of the first one, so nobody has an area and the scores alone decide.
    assert_eq!(
        choose(&[person(hidden, 9.0), person(|_| 0.5, 9.0), person(sure, 1.0)]),
        Ok(Some(2))
    );
    assert_eq!(
        choose(&[person(sure, f64::NAN), person(sure, 1.0)]),
        Ok(Some(1))
    );
}

#[test]
fn a_neck_needs_both_shoulders() {
    let mut joints = vec![
        Joint {
            x: 1.0,
            y: 1.0,
            score: 0.5
        };
        NETWORK_JOINTS
    ];
    joints[5] = Joint {
        x: 30.0,
        y: 10.0,
        score: 0.31,
    };
    joints[6] = Joint {
        x: 10.0,
        y: 12.0,
        score: 0.9,
    };
    let neck = |joints: &[Joint]| to_openpose(joints).expect("joints")[1];
    assert_eq!(
        neck(&joints),
        Joint {
            x: 20.0,
            y: 11.0,
            score: 1.0
        }
    );
    joints[5].score = 0.3;
    assert_eq!(neck(&joints).score.to_bits(), 0.0_f64.to_bits());
}

#[test]
fn outputs_of_a_wrong_length_are_refused() {
    let length =
        |result: Result<(), DecodeError>| matches!(result, Err(DecodeError::Length { .. }));
    for values in [0, 84, 8400 * 85 - 1, 8400 * 85 + 1] {
        assert!(
            length(decode_boxes(&vec![0.0; values], DETECTOR_SIDE, 1.0).map(drop)),
            "{values}"
        );
    }
    assert!(length(decode_boxes(&[], usize::MAX, 1.0).map(drop)));
    let crop = Crop::around(&PixelBox::whole(Size::new(10, 10)), POSE_INPUT);
    let (columns, rows) = (
        vec![0.0; NETWORK_JOINTS * 576],
        vec![0.0; NETWORK_JOINTS * 768],
    );
    assert!(decode_simcc(&columns, &rows, &crop).is_ok());
    assert!(length(decode_simcc(&columns[1..], &rows, &crop).map(drop)));
    assert!(length(decode_simcc(&columns, &rows[1..], &crop).map(drop)));
    let nothing = Crop {
        input: Size::new(0, 0),
        ..crop
    };
    assert!(length(decode_simcc(&[], &[], &nothing).map(drop)));
    let joints = vec![
        Joint {
            x: 0.0,
            y: 0.0,
            score: 0.0
        };
        12
    ];
    assert!(length(to_openpose(&joints).map(drop)));
    assert!(length(choose(std::slice::from_ref(&joints)).map(drop)));
    assert!(length(pose_of(&joints, Size::new(4, 4)).map(drop)));
    let person = vec![
        Joint {
            x: 0.0,
            y: 0.0,
            score: 0.0
        };
        OPENPOSE_JOINTS
    ];
    assert_eq!(
        pose_of(&person, Size::new(4, 0)),
        Err(PictureError::Empty {
            width: 4,
            height: 0
        }
        .into())
    );
}

#[test]
fn values_that_are_no_numbers_give_nothing_and_do_not_panic() {
    let mut head = vec![f32::NAN; 8400 * 85];
    assert_eq!(decode_boxes(&head, DETECTOR_SIDE, 1.0), Ok(Vec::new()));
    head.fill(1e30);
    assert_eq!(decode_boxes(&head, DETECTOR_SIDE, 1.0), Ok(Vec::new()));

    let crop = Crop::around(
        &PixelBox {
            left: f64::NAN,
            top: 0.0,
            right: f64::INFINITY,
            bottom: -4.0,
        },
        POSE_INPUT,
    );
    let source = Picture::filled(Size::new(5, 5), 3, 255).expect("a picture");
    assert!(crop.cut(&source).is_ok());
    let point = PixelBox {
        left: 2.0,
        top: 2.0,
        right: 2.0,
        bottom: 2.0,
    };
    assert!(Crop::around(&point, POSE_INPUT).cut(&source).is_ok());
    let (columns, rows) = (
        vec![f32::NAN; NETWORK_JOINTS * 576],
        vec![f32::NAN; NETWORK_JOINTS * 768],
    );
    let joints = decode_simcc(&columns, &rows, &Crop::around(&point, POSE_INPUT)).expect("joints");
    assert!(joints.iter().all(|joint| joint.score <= 0.0));
}

#[test]
fn pictures_that_do_not_fit_the_networks_are_refused() {
    let gray = Picture::filled(Size::new(5, 5), 1, 255).expect("a picture");
    assert!(matches!(
        Crop::normalise(&gray),
        Err(PictureError::WrongChannels { .. })
    ));
    assert!(matches!(
        gray.clone().swap_red_and_blue(),
        Err(PictureError::WrongChannels { .. })
    ));
    assert!(letterbox(&gray, 0).is_err());
    assert!(letterbox(&gray, usize::MAX).is_err());
    let sliver = Picture::filled(Size::new(2000, 1), 3, 0).expect("a picture");
    assert!(matches!(
        letterbox(&sliver, DETECTOR_SIDE),
        Err(PictureError::Empty { .. })
    ));
    let crop = Crop::around(&PixelBox::whole(gray.size()), Size::new(0, 3));
    assert!(crop.cut(&gray).is_err());
    let swapped = Picture::new(Size::new(1, 1), 3, vec![1, 2, 3])
        .expect("a picture")
        .swap_red_and_blue();
    assert_eq!(swapped.expect("a picture").samples(), [3, 2, 1]);
}
