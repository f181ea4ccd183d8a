//! Where a person's joints are: found by two networks, or given by the caller; and the gray picture of them that the try-on network
//! reads.
//!
//! The networks are those of `DWPose` (Yang, Zeng, Yuan, Li 2023). [`PoseEstimator`] goes the whole way from a photo to a [`Pose`], with
//! any two implementations of [`Network`]; with the feature `pose-rten`, which is on by default, [`OnnxNetwork`] runs ONNX files. Its
//! steps are plain mathematics, and open to callers:
//!
//! 1. [`letterbox`] makes the detector's input; [`decode_boxes`] and [`persons`] read its output.
//! 2. [`Crop`] cuts a person out for the pose network; [`decode_simcc`] reads its output; [`to_openpose`] adds the neck.
//! 3. [`choose`] says which of several persons it is, [`pose_of`] makes the [`Pose`].
//! 4. [`draw`] makes the gray picture.
//!
//! Who knows the joints already gives them as [`Keypoints`].

mod crop;
mod detector;
mod estimator;
mod keypoints;
mod network;
#[cfg(feature = "pose-rten")]
mod onnx;
mod person;
mod raster;
mod shapes;
mod simcc;
mod skeleton;

pub use crop::{Crop, POSE_INPUT};
pub use detector::{DETECTOR_SIDE, Detection, Letterboxed, decode_boxes, letterbox, persons};
pub use estimator::{Estimate, EstimateError, MAX_PERSONS, Part, PoseEstimator, SignatureError};
pub use keypoints::{KEYPOINTS_VERSION, Keypoints, KeypointsError, Order};
pub use network::{Network, RunError, Shape, Signature, Tensor};
#[cfg(feature = "pose-rten")]
pub use onnx::{OnnxError, OnnxNetwork, OpenError};
pub use person::{OPENPOSE_JOINTS, choose, pose_of, to_openpose};
pub use raster::{RasterError, draw};
pub use simcc::{NETWORK_JOINTS, decode_simcc};
pub use skeleton::{BODY_JOINTS, FACE_POINTS, HAND_POINTS, Joint, PixelBox, Point, Pose};

use crate::preprocess::PictureError;

/// Why the output of a network cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Another number of values than there must be.
    #[error("{what}: {expected} values are needed, {found} are given")]
    Length {
        /// Which values.
        what: &'static str,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The picture is none.
    #[error(transparent)]
    Picture(#[from] PictureError),
}
