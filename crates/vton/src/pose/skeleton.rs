//! The points that describe a person, as plain data.

use crate::preprocess::Size;

/// Joints of a body, in the order of `OpenPose`: nose, neck, right shoulder, elbow, wrist, left shoulder, elbow, wrist, right hip, knee,
/// ankle, left hip, knee, ankle, right eye, left eye, right ear, left ear.
pub const BODY_JOINTS: usize = 18;
/// Points of a hand: the wrist, then four for each finger from the thumb on.
pub const HAND_POINTS: usize = 21;
/// Points of a face.
pub const FACE_POINTS: usize = 68;

/// A place in a picture, in units of its width and height: (0, 0) is the top left corner, (1, 1) the bottom right one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// One person. What is not seen is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pose {
    /// Joints of the body.
    pub body: [Option<Point>; BODY_JOINTS],
    /// Points of the two hands.
    pub hands: [[Option<Point>; HAND_POINTS]; 2],
    /// Points of the face.
    pub face: [Option<Point>; FACE_POINTS],
}

impl Pose {
    /// Nobody to be seen, as for a garment that lies flat.
    pub fn unseen() -> Self {
        Self {
            body: [None; BODY_JOINTS],
            hands: [[None; HAND_POINTS]; 2],
            face: [None; FACE_POINTS],
        }
    }
}

/// A joint as a network finds it, in pixels of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Joint {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
    /// How sure the network is; up to about 1, and zero or less where it found nothing.
    pub score: f64,
}

/// A rectangle in pixels of the picture; it may reach beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelBox {
    /// Column of the left edge.
    pub left: f64,
    /// Row of the upper edge.
    pub top: f64,
    /// Column of the right edge.
    pub right: f64,
    /// Row of the lower edge.
    pub bottom: f64,
}

impl PixelBox {
    /// The whole picture: where a person is looked for when the detector finds nobody.
    pub fn whole(picture: Size) -> Self {
        Self {
            left: 0.0,
            top: 0.0,
            right: picture.width as f64,
            bottom: picture.height as f64,
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        [self.left, self.top, self.right, self.bottom]
            .iter()
            .all(|edge| edge.is_finite())
    }
}
