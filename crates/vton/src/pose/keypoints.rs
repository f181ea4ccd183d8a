//! Keypoints of a person as a small JSON document: for callers who know where the joints are, and to keep what the networks found.
//!
//! ```json
//! {
//!   "version": 1,
//!   "width": 768,
//!   "height": 1024,
//!   "order": "openpose-18",
//!   "points": [[381.5, 120.0, 0.98], [380.0, 214.25, 1.0], null]
//! }
//! ```
//!
//! - `version` is 1.
//! - `width` and `height` are those of the picture in which the points were measured, in pixels.
//! - `order` says which points there are. `openpose-18` is the body in the order of `OpenPose` (nose, neck, right shoulder, elbow, wrist,
//!   left shoulder, elbow, wrist, right hip, knee, ankle, left hip, knee, ankle, right eye, left eye, right ear, left ear).
//!   `coco-wholebody-133` is body, feet, face and hands in the order of COCO-WholeBody (Jin and others 2020), as `RTMPose` gives them.
//! - `points` has one entry for each, `[x, y, score]` in pixels from the top left corner, or `null` for one that is not seen. A point
//!   counts as seen above a score of 0.3. (The example is cut off after three points.)
//!
//! Other members, other numbers of points and values that are no numbers are errors.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::person::{SEEN, pose_of, to_openpose};
use super::raster::FARTHEST;
use super::{BODY_JOINTS, DecodeError, Joint, NETWORK_JOINTS, OPENPOSE_JOINTS, Pose};
use crate::preprocess::Size;

/// The version of the format that is read and written.
pub const KEYPOINTS_VERSION: u32 = 1;
/// By how much the proportions of the measured picture and of the photo may differ; sizes are rounded when pictures are made smaller.
const PROPORTION_TOLERANCE: f64 = 0.02;
/// A joint that nobody saw.
const UNSEEN: Joint = Joint {
    x: 0.0,
    y: 0.0,
    score: 0.0,
};

/// Which points there are, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// The 18 joints of a body in the order of `OpenPose`.
    #[serde(rename = "openpose-18")]
    OpenPose18,
    /// The 133 points of COCO-WholeBody: body, feet, face, hands.
    #[serde(rename = "coco-wholebody-133")]
    WholeBody133,
}

impl Order {
    /// Number of points.
    pub const fn points(self) -> usize {
        match self {
            Self::OpenPose18 => BODY_JOINTS,
            Self::WholeBody133 => NETWORK_JOINTS,
        }
    }
}

/// Why keypoints cannot be read or used.
#[derive(Debug, Error)]
pub enum KeypointsError {
    /// Not JSON, or not of this shape; it says where.
    #[error("the keypoints are not a document of version {KEYPOINTS_VERSION}: {0}")]
    Json(serde_json::Error),
    /// Another version.
    #[error("keypoints of version {0} are not known, only version {KEYPOINTS_VERSION}")]
    Version(u32),
    /// A side of the measured picture is zero.
    #[error("keypoints were measured in a picture of {0}, which has no content")]
    EmptyPicture(Size),
    /// Too few or too many points.
    #[error("`points` must have {expected} entries in this order, not {found}")]
    Count {
        /// Points of the order.
        expected: usize,
        /// Points that are there.
        found: usize,
    },
    /// A value is no finite number, or the point lies far outside.
    #[error(
        "point {index} is ({x}, {y}) with score {score}: every value must be a finite number, and a point at most {FARTHEST} picture sides from the corner"
    )]
    Point {
        /// Place in `points`, from 0.
        index: usize,
        /// Column.
        x: f64,
        /// Row.
        y: f64,
        /// Score.
        score: f64,
    },
    /// No joint of the body is seen.
    #[error("no joint of the body has a score above {SEEN}")]
    NobodySeen,
    /// The photo has other proportions than the measured picture, so the points belong to another one.
    #[error(
        "the keypoints were measured in a picture of {measured}; the photo of {photo} has other proportions"
    )]
    Proportions {
        /// Size of the measured picture.
        measured: Size,
        /// Size of the photo.
        photo: Size,
    },
    /// The points do not make a pose.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// The keypoints of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Keypoints {
    measured: Size,
    order: Order,
    joints: Vec<Joint>,
}

/// The document as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    width: usize,
    height: usize,
    order: Order,
    points: Vec<Option<(f64, f64, f64)>>,
}

/// Looked at first, so that another version is told by its number and not by its members.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Keypoints {
    /// Takes joints in pixels of a picture of the size `measured`.
    ///
    /// Fails where their number does not belong to the order, the picture is empty, or a value is not finite or far outside.
    pub fn new(measured: Size, order: Order, joints: Vec<Joint>) -> Result<Self, KeypointsError> {
        if measured.width == 0 || measured.height == 0 {
            return Err(KeypointsError::EmptyPicture(measured));
        }
        if joints.len() != order.points() {
            return Err(KeypointsError::Count {
                expected: order.points(),
                found: joints.len(),
            });
        }
        let inside = |place: f64, side: usize| place.abs() <= FARTHEST * side as f64;
        for (index, &Joint { x, y, score }) in joints.iter().enumerate() {
            if !inside(x, measured.width) || !inside(y, measured.height) || !score.is_finite() {
                return Err(KeypointsError::Point { index, x, y, score });
            }
        }
        Ok(Self {
            measured,
            order,
            joints,
        })
    }

    /// Reads a document.
    ///
    /// Fails with what is wrong and where. The text's length is the caller's to limit; 16 KiB are enough for 133 points.
    pub fn from_json(text: &str) -> Result<Self, KeypointsError> {
        let Versioned { version } = serde_json::from_str(text).map_err(KeypointsError::Json)?;
        if version != KEYPOINTS_VERSION {
            return Err(KeypointsError::Version(version));
        }
        let document: Document = serde_json::from_str(text).map_err(KeypointsError::Json)?;
        let joint = |point: Option<(f64, f64, f64)>| {
            point.map_or(UNSEEN, |(x, y, score)| Joint { x, y, score })
        };
        Self::new(
            Size::new(document.width, document.height),
            document.order,
            document.points.into_iter().map(joint).collect(),
        )
    }

    /// Writes the document on one line.
    pub fn to_json(&self) -> Result<String, KeypointsError> {
        let point = |joint: &Joint| (*joint != UNSEEN).then_some((joint.x, joint.y, joint.score));
        serde_json::to_string(&Document {
            version: KEYPOINTS_VERSION,
            width: self.measured.width,
            height: self.measured.height,
            order: self.order,
            points: self.joints.iter().map(point).collect(),
        })
        .map_err(KeypointsError::Json)
    }

    /// Size of the picture in which the points were measured.
    pub fn measured(&self) -> Size {
        self.measured
    }

    /// Which points there are.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The points, in pixels of the measured picture.
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// The pose for a photo of the size `photo`, before or after it was made smaller.
    ///
    /// Fails where the proportions are not those of the measured picture, or nothing of the body is seen.
    pub fn pose(&self, photo: Size) -> Result<Pose, KeypointsError> {
        if !alike(self.measured, photo) {
            return Err(KeypointsError::Proportions {
                measured: self.measured,
                photo,
            });
        }
        let person = match self.order {
            Order::WholeBody133 => to_openpose(&self.joints)?,
            Order::OpenPose18 => {
                let mut person = self.joints.clone();
                person.resize(OPENPOSE_JOINTS, UNSEEN);
                person
            }
        };
        let pose = pose_of(&person, self.measured)?;
        if pose.body.iter().all(Option::is_none) {
            return Err(KeypointsError::NobodySeen);
        }
        Ok(pose)
    }
}

/// Whether one picture is the other one made larger or smaller, give or take a pixel.
fn alike(measured: Size, photo: Size) -> bool {
    let longer = |size: Size| size.width.max(size.height) as f64;
    let scale = longer(photo) / longer(measured);
    let fits = |measured: usize, photo: usize| {
        let tolerance = (photo as f64 * PROPORTION_TOLERANCE).max(1.0);
        (measured as f64 * scale - photo as f64).abs() <= tolerance
    };
    photo.width > 0
        && photo.height > 0
        && fits(measured.width, photo.width)
        && fits(measured.height, photo.height)
}
