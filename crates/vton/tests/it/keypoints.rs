//! Keypoints as JSON: what is read, what is drawn from it, and what is refused.

use drape_vton::pose::{
    Joint, Keypoints, KeypointsError, Order, Point, choose, draw, pose_of, to_openpose,
};
use drape_vton::preprocess::Size;
use serde_json::{Value, json};

use super::golden::{Tensors, json as golden_json};

/// A document with a body that stands in the middle of a picture of 200 x 400.
fn body() -> Value {
    let point = |at: usize| json!([100.0 + at as f64, 20.5 * at as f64, 0.9]);
    json!({
        "version": 1,
        "width": 200,
        "height": 400,
        "order": "openpose-18",
        "points": (0..18).map(point).collect::<Vec<_>>(),
    })
}

fn read(document: &Value) -> Result<Keypoints, KeypointsError> {
    Keypoints::from_json(&document.to_string())
}

#[test]
fn a_body_becomes_a_pose() {
    let mut document = body();
    document["points"][4] = Value::Null;
    document["points"][5] = json!([10, 20, 0.3]);
    document["points"][6] = json!([-5, 500, 0.31]);
    let keypoints = read(&document).unwrap();
    assert_eq!(keypoints.order(), Order::OpenPose18);
    assert_eq!(keypoints.measured(), Size::new(200, 400));
    let pose = keypoints.pose(Size::new(200, 400)).unwrap();
    assert_eq!(pose.body[0], Some(Point { x: 0.5, y: 0.0 }));
    assert_eq!(pose.body[2], Some(Point { x: 0.51, y: 0.1025 }));
    assert_eq!(pose.body[4..6], [None, None]);
    assert_eq!(pose.body[6], Some(Point { x: -0.025, y: 1.25 }));
    assert!(
        pose.hands
            .iter()
            .flatten()
            .chain(&pose.face)
            .all(Option::is_none)
    );
    // Units of the picture's size, so a smaller copy of the picture has the same pose.
    assert_eq!(keypoints.pose(Size::new(100, 200)).unwrap(), pose);
}

#[test]
fn a_whole_body_draws_the_reference_s_picture() {
    let (Some(tensors), Some(details)) =
        (Tensors::read("pose.safetensors"), golden_json("pose.json"))
    else {
        return;
    };
    for case in ["one", "none", "two"] {
        let places = tensors.f64(&format!("decode.{case}.keypoints"));
        let scores = tensors.f64(&format!("decode.{case}.scores"));
        let joints: Vec<Joint> = places
            .chunks_exact(2)
            .zip(&scores)
            .map(|(place, &score)| Joint {
                x: place[0],
                y: place[1],
                score,
            })
            .collect();
        let people: Vec<&[Joint]> = joints.chunks_exact(133).collect();
        let all: Vec<Vec<Joint>> = people
            .iter()
            .map(|joints| to_openpose(joints).unwrap())
            .collect();
        let chosen = choose(&all).unwrap().unwrap();

        let side = |name: &str| details["decode"][case][name].as_u64().unwrap() as usize;
        let size = Size::new(side("w"), side("h"));
        let made = Keypoints::new(size, Order::WholeBody133, people[chosen].to_vec()).unwrap();
        let copy = Keypoints::from_json(&made.to_json().unwrap()).unwrap();
        // A number that was written and read again may differ in its last bit.
        for (found, joint) in copy.joints().iter().zip(made.joints()) {
            let differences = [
                found.x - joint.x,
                found.y - joint.y,
                found.score - joint.score,
            ];
            assert!(
                differences.iter().all(|d| d.abs() < 1e-9),
                "{case}: {found:?}, {joint:?}"
            );
        }
        assert_eq!(
            made.pose(size).unwrap(),
            pose_of(&all[chosen], size).unwrap(),
            "{case}"
        );
        let pose = copy.pose(size).unwrap();
        let drawn = draw(&pose, size).unwrap();
        assert_eq!(
            drawn.samples(),
            tensors.u8(&format!("decode.{case}.raster")),
            "{case}"
        );
    }
}

#[test]
fn sizes_that_were_rounded_belong_together_and_others_do_not() {
    let keypoints = read(&body()).unwrap();
    for (width, height) in [
        (200, 400),
        (100, 200),
        (3, 7),
        (432, 864),
        (433, 865),
        (1000, 1999),
    ] {
        assert!(
            keypoints.pose(Size::new(width, height)).is_ok(),
            "{width}x{height}"
        );
    }
    for (width, height) in [
        (400, 200),
        (200, 200),
        (200, 420),
        (220, 400),
        (0, 0),
        (0, 400),
        (200, 0),
    ] {
        assert!(
            matches!(
                keypoints.pose(Size::new(width, height)),
                Err(KeypointsError::Proportions { photo, .. }) if photo == Size::new(width, height)
            ),
            "{width}x{height}"
        );
    }
    // 2090 x 86400 becomes 20 x 864: a pixel of the shorter side is more than two in a hundred.
    let mut long = body();
    (long["width"], long["height"]) = (json!(2090), json!(86400));
    assert!(read(&long).unwrap().pose(Size::new(20, 864)).is_ok());
}

#[test]
fn a_document_of_another_shape_is_refused() {
    let refused = |change: fn(&mut Value)| {
        let mut document = body();
        change(&mut document);
        read(&document).unwrap_err()
    };
    let message = |change: fn(&mut Value)| {
        let error = refused(change);
        assert!(matches!(error, KeypointsError::Json(_)), "{error}");
        error.to_string()
    };
    assert!(message(|d| d["more"] = json!(1)).contains("unknown field `more`"));
    assert!(message(|d| d["order"] = json!("coco-17")).contains("unknown variant `coco-17`"));
    assert!(message(|d| drop(d.as_object_mut().unwrap().remove("points"))).contains("`points`"));
    assert!(message(|d| drop(d.as_object_mut().unwrap().remove("version"))).contains("`version`"));
    assert!(message(|d| d["points"][3] = json!([1, 2])).contains("length 2"));
    assert!(message(|d| d["points"][3] = json!([1, 2, 3, 4])).contains("line 1 column 128"));
    assert!(message(|d| d["points"][3] = json!(["1", 2, 3])).contains("string"));
    assert!(message(|d| d["width"] = json!(-5)).contains("-5"));
    assert!(message(|d| d["width"] = json!(1.5)).contains("1.5"));
    assert!(message(|d| d["version"] = json!("1")).contains("string"));
    for text in ["", "{", "[]", "null", "\u{feff}{}", "{\"version\":1}x"] {
        assert!(
            matches!(Keypoints::from_json(text), Err(KeypointsError::Json(_))),
            "{text}"
        );
    }
    let huge = body().to_string().replace("0.9", "1e999");
    assert!(matches!(
        Keypoints::from_json(&huge),
        Err(KeypointsError::Json(_))
    ));
}

#[test]
fn documents_with_senseless_content_are_refused() {
    let refused = |change: fn(&mut Value)| {
        let mut document = body();
        change(&mut document);
        read(&document).unwrap_err()
    };
    // The version is told even where the rest has changed with it.
    assert!(matches!(
        refused(|d| *d = json!({"version": 2, "people": []})),
        KeypointsError::Version(2)
    ));
    assert!(matches!(
        refused(|d| drop(d["points"].as_array_mut().unwrap().pop())),
        KeypointsError::Count {
            expected: 18,
            found: 17
        }
    ));
    assert!(matches!(
        refused(|d| d["order"] = json!("coco-wholebody-133")),
        KeypointsError::Count {
            expected: 133,
            found: 18
        }
    ));
    assert!(matches!(
        refused(|d| d["height"] = json!(0)),
        KeypointsError::EmptyPicture(_)
    ));
    assert!(matches!(
        refused(|d| d["points"][7] = json!([3201, 5, 0.5])),
        KeypointsError::Point { index: 7, .. }
    ));
    assert!(matches!(
        refused(|d| d["points"][9] = json!([5, -6401, 0.5])),
        KeypointsError::Point { index: 9, .. }
    ));
    let nan = Joint {
        x: f64::NAN,
        y: 0.0,
        score: 1.0,
    };
    let endless = Joint {
        x: 0.0,
        y: 0.0,
        score: f64::INFINITY,
    };
    for joint in [nan, endless] {
        let made = Keypoints::new(Size::new(9, 9), Order::OpenPose18, vec![joint; 18]);
        assert!(matches!(made, Err(KeypointsError::Point { index: 0, .. })));
    }
}

#[test]
fn nobody_is_no_pose() {
    let mut document = body();
    document["points"] = json!(vec![Value::Null; 18]);
    let keypoints = read(&document).unwrap();
    assert!(matches!(
        keypoints.pose(keypoints.measured()),
        Err(KeypointsError::NobodySeen)
    ));
}
