//! From the joints of the pose network to the pose that is drawn: the neck, the order of `OpenPose`, and which person it is.

use super::skeleton::{BODY_JOINTS, FACE_POINTS, HAND_POINTS, Point, Pose};
use super::{DecodeError, Joint, NETWORK_JOINTS};
use crate::preprocess::{PictureError, Size};

/// Joints after the neck is added.
pub const OPENPOSE_JOINTS: usize = NETWORK_JOINTS + 1;
/// A joint is seen from this score on.
pub(super) const SEEN: f64 = 0.3;
/// Left and right shoulder in the network's order.
const SHOULDERS: (usize, usize) = (5, 6);
/// Where each joint of the body comes from in the network's order; the neck comes from nowhere.
const SOURCES: [Option<usize>; BODY_JOINTS] = [
    Some(0),
    None,
    Some(6),
    Some(8),
    Some(10),
    Some(5),
    Some(7),
    Some(9),
    Some(12),
    Some(14),
    Some(16),
    Some(11),
    Some(13),
    Some(15),
    Some(2),
    Some(1),
    Some(4),
    Some(3),
];
/// First point of the face and of the two hands in the order of `OpenPose`; between body and face are six points of the feet.
const FACE_START: usize = 24;
const HAND_STARTS: [usize; 2] = [92, 113];
/// Joints that say how large a person is: all of the body but the head.
const MEASURED: std::ops::Range<usize> = 1..14;

/// Adds the neck, midway between the shoulders, and puts the body into the order of `OpenPose`.
///
/// The neck's score is 1 where both shoulders are seen, else 0. Fails where there are not 133 joints.
pub fn to_openpose(joints: &[Joint]) -> Result<Vec<Joint>, DecodeError> {
    check(joints, NETWORK_JOINTS)?;
    let (left, right) = (joints[SHOULDERS.0], joints[SHOULDERS.1]);
    let both = left.score > SEEN && right.score > SEEN;
    let score = if both { 1.0 } else { 0.0 };
    let neck = Joint {
        x: f64::midpoint(left.x, right.x),
        y: f64::midpoint(left.y, right.y),
        score,
    };
    let body = SOURCES
        .iter()
        .map(|source| source.map_or(neck, |source| joints[source]));
    // The network's order has 17 joints of the body, one less for want of a neck.
    Ok(body
        .chain(joints[BODY_JOINTS - 1..].iter().copied())
        .collect())
}

/// Which person is dressed: the one with the largest product of scores and area; `None` where there is nobody.
///
/// Like the reference it measures everybody with those joints that are seen of the *first* person, so that both find the same one.
/// Fails where a person does not have 134 joints.
pub fn choose(persons: &[Vec<Joint>]) -> Result<Option<usize>, DecodeError> {
    for person in persons {
        check(person, OPENPOSE_JOINTS)?;
    }
    let Some(first) = persons.first() else {
        return Ok(None);
    };
    let measured: Vec<usize> = MEASURED
        .filter(|&joint| first[joint].score > SEEN)
        .collect();
    let scores: Vec<f64> = persons.iter().map(|person| score(person)).collect();
    let products: Vec<f64> = persons
        .iter()
        .zip(&scores)
        .map(|(person, score)| score * area(person, &measured))
        .map(|product| if product.is_finite() { product } else { 0.0 })
        .collect();
    let nothing = products.iter().all(|product| *product == 0.0);
    Ok(Some(largest(if nothing { &scores } else { &products })))
}

/// The pose of a person, in units of the picture's size.
///
/// Fails where the picture is empty or there are not 134 joints.
pub fn pose_of(person: &[Joint], picture: Size) -> Result<Pose, DecodeError> {
    check(person, OPENPOSE_JOINTS)?;
    let Size { width, height } = picture;
    if width == 0 || height == 0 {
        return Err(PictureError::Empty { width, height }.into());
    }
    let point = |joint: &Joint| Point {
        x: joint.x / width as f64,
        y: joint.y / height as f64,
    };
    // The reference hides a joint of the body at the limit, but shows a point of a hand or of the face.
    let joint = |at: usize| {
        Some(&person[at])
            .filter(|joint| joint.score > SEEN)
            .map(point)
    };
    let detail = |at: usize| {
        Some(&person[at])
            .filter(|joint| joint.score >= SEEN)
            .map(point)
    };
    Ok(Pose {
        body: std::array::from_fn(joint),
        hands: HAND_STARTS
            .map(|start| std::array::from_fn::<_, HAND_POINTS, _>(|at| detail(start + at))),
        face: std::array::from_fn::<_, FACE_POINTS, _>(|at| detail(FACE_START + at)),
    })
}

fn score(person: &[Joint]) -> f64 {
    person[MEASURED]
        .iter()
        .map(|joint| joint.score)
        .filter(|score| *score > SEEN)
        .sum()
}

/// Area that the joints span; coordinates that are not above zero do not count.
fn area(person: &[Joint], measured: &[usize]) -> f64 {
    let span = |coordinate: fn(&Joint) -> f64| {
        let places = measured
            .iter()
            .map(|&joint| coordinate(&person[joint]))
            .filter(|place| *place > 0.0);
        places.fold(None, |span: Option<(f64, f64)>, place| {
            Some(span.map_or((place, place), |(low, high)| {
                (low.min(place), high.max(place))
            }))
        })
    };
    match (span(|joint| joint.x), span(|joint| joint.y)) {
        (Some(x), Some(y)) => (x.1 - x.0) * (y.1 - y.0),
        _ => 0.0,
    }
}

/// Index of the first of the largest values.
fn largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = at;
        }
    }
    best
}

fn check(joints: &[Joint], expected: usize) -> Result<(), DecodeError> {
    if joints.len() == expected {
        return Ok(());
    }
    Err(DecodeError::Length {
        what: "the joints of a person",
        expected,
        found: joints.len(),
    })
}
