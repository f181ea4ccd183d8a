//! From a photo to the pose of the person in it, by two networks: one finds people, the other one their joints.

use thiserror::Error;

use super::detector::{CELL_VALUES, cells};
use super::network::{Network, RunError, Shape, Tensor};
use super::simcc::SPLIT;
use super::{
    Crop, DETECTOR_SIDE, DecodeError, Joint, Keypoints, KeypointsError, NETWORK_JOINTS, Order,
    POSE_INPUT, PixelBox, Pose, choose, decode_boxes, decode_simcc, letterbox, persons, pose_of,
    to_openpose,
};
use crate::config::COLOURS;
use crate::preprocess::{Picture, PictureError};

/// Most people whose joints are looked for, the surest first: a crowd must not take minutes.
pub const MAX_PERSONS: usize = 16;

/// Which of the two networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// YOLOX: `[1, 3, 640, 640]` to boxes `[1, 8400, 85]`.
    Detector,
    /// `RTMPose`: `[1, 3, 384, 288]` to scores of columns `[1, 133, 576]` and of rows `[1, 133, 768]`.
    WholeBody,
}

impl Part {
    fn input(self) -> Shape {
        match self {
            Self::Detector => Shape::fixed(&[1, COLOURS, DETECTOR_SIDE, DETECTOR_SIDE]),
            Self::WholeBody => Shape::fixed(&[1, COLOURS, POSE_INPUT.height, POSE_INPUT.width]),
        }
    }

    fn outputs(self) -> Vec<Shape> {
        match self {
            Self::Detector => vec![Shape::fixed(&[1, cells(DETECTOR_SIDE), CELL_VALUES])],
            Self::WholeBody => [POSE_INPUT.width, POSE_INPUT.height]
                .map(|side| Shape::fixed(&[1, NETWORK_JOINTS, SPLIT * side]))
                .to_vec(),
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Detector => "the person detector",
            Self::WholeBody => "the keypoint network",
        })
    }
}

/// Why two networks make no estimator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// Not one input.
    #[error("{part} has {found} inputs instead of one")]
    Inputs {
        /// Which network.
        part: Part,
        /// Inputs that it has.
        found: usize,
    },
    /// Another number of outputs.
    #[error("{part} has {found} outputs instead of {expected}")]
    Outputs {
        /// Which network.
        part: Part,
        /// Outputs that are needed.
        expected: usize,
        /// Outputs that it has.
        found: usize,
    },
    /// An input or output of another shape.
    #[error("{part}: {what} has the shape {found} instead of {expected}")]
    Shape {
        /// Which network.
        part: Part,
        /// Which input or output.
        what: String,
        /// The shape that is needed.
        expected: Shape,
        /// The shape that it has.
        found: Shape,
    },
}

/// Why no pose was found.
#[derive(Debug, Error)]
pub enum EstimateError {
    /// The photo cannot be used.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A network gave no output.
    #[error("{part} failed")]
    Run {
        /// Which network.
        part: Part,
        /// Why.
        source: RunError,
    },
    /// A network gave something else than its signature says.
    #[error("{part} gave {found} outputs instead of {expected}")]
    Outputs {
        /// Which network.
        part: Part,
        /// Outputs that are needed.
        expected: usize,
        /// Outputs that it gave.
        found: usize,
    },
    /// An output cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The joints lie at impossible places.
    #[error(transparent)]
    Keypoints(#[from] KeypointsError),
}

/// The pose that was found in a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// How many people the detector found. With nobody the joints were looked for in the whole photo, as the reference does; who wants
    /// photos of people only refuses this one.
    pub persons: usize,
    /// The 133 joints of the person that was chosen, in pixels of the photo.
    pub keypoints: Keypoints,
    /// What is drawn: the joints that are sure enough.
    pub pose: Pose,
}

/// Two networks that find a person's pose.
pub struct PoseEstimator {
    detector: Box<dyn Network>,
    whole_body: Box<dyn Network>,
}

impl PoseEstimator {
    /// Takes the two networks and checks that they are of the kind that is needed.
    pub fn new(
        detector: Box<dyn Network>,
        whole_body: Box<dyn Network>,
    ) -> Result<Self, SignatureError> {
        check_signature(Part::Detector, detector.as_ref())?;
        check_signature(Part::WholeBody, whole_body.as_ref())?;
        Ok(Self {
            detector,
            whole_body,
        })
    }

    /// Finds the pose of the person in a photo in red, green, blue, as [`crate::inputs::Photo::picture`] gives it.
    ///
    /// Of several people it is the one with the largest product of scores and area. Fails where the photo is not in colour or too
    /// narrow, or a network fails.
    pub fn estimate(&self, photo: &Picture) -> Result<Estimate, EstimateError> {
        if photo.channels() != COLOURS {
            return Err(EstimateError::Picture(PictureError::WrongChannels {
                what: "finding a pose",
                expected: COLOURS,
                found: photo.channels(),
            }));
        }
        let photo_bgr = photo.clone().swap_red_and_blue()?;
        let mut boxes = self.find_people(&photo_bgr)?;
        let found = boxes.len();
        boxes.truncate(MAX_PERSONS);
        if boxes.is_empty() {
            boxes.push(PixelBox::whole(photo.size()));
        }
        let people: Vec<Vec<Joint>> = boxes
            .iter()
            .map(|place| self.find_joints(&photo_bgr, place))
            .collect::<Result<_, _>>()?;
        let openpose: Vec<Vec<Joint>> = people
            .iter()
            .map(|joints| to_openpose(joints))
            .collect::<Result<_, _>>()?;
        // There is at least one person, so one is chosen.
        let chosen = choose(&openpose)?.unwrap_or_default();
        Ok(Estimate {
            persons: found,
            keypoints: Keypoints::new(photo.size(), Order::WholeBody133, people[chosen].clone())?,
            pose: pose_of(&openpose[chosen], photo.size())?,
        })
    }

    /// Where people are, the surest first.
    fn find_people(&self, photo_bgr: &Picture) -> Result<Vec<PixelBox>, EstimateError> {
        let input = letterbox(photo_bgr, DETECTOR_SIDE)?;
        let [head] = run(Part::Detector, self.detector.as_ref(), input.values)?;
        let detections = decode_boxes(&head.values, DETECTOR_SIDE, input.ratio)?;
        Ok(persons(&detections))
    }

    /// The 133 joints of the person in a box.
    fn find_joints(
        &self,
        photo_bgr: &Picture,
        place: &PixelBox,
    ) -> Result<Vec<Joint>, EstimateError> {
        let crop = Crop::around(place, POSE_INPUT);
        let input = Crop::normalise(&crop.cut(photo_bgr)?)?;
        let [columns, rows] = run(Part::WholeBody, self.whole_body.as_ref(), input)?;
        Ok(decode_simcc(&columns.values, &rows.values, &crop)?)
    }
}

fn run<const N: usize>(
    part: Part,
    network: &dyn Network,
    values: Vec<f32>,
) -> Result<[Tensor; N], EstimateError> {
    let shape = part.input().0.into_iter().flatten().collect();
    let outputs = network
        .run(Tensor { shape, values })
        .map_err(|source| EstimateError::Run { part, source })?;
    outputs
        .try_into()
        .map_err(|outputs: Vec<Tensor>| EstimateError::Outputs {
            part,
            expected: N,
            found: outputs.len(),
        })
}

fn check_signature(part: Part, network: &dyn Network) -> Result<(), SignatureError> {
    let signature = network.signature();
    let [input] = signature.inputs.as_slice() else {
        return Err(SignatureError::Inputs {
            part,
            found: signature.inputs.len(),
        });
    };
    let outputs = part.outputs();
    if signature.outputs.len() != outputs.len() {
        return Err(SignatureError::Outputs {
            part,
            expected: outputs.len(),
            found: signature.outputs.len(),
        });
    }
    let check = |what: String, expected: Shape, found: &Option<Shape>| match found {
        Some(found) if !found.agrees(&expected) => Err(SignatureError::Shape {
            part,
            what,
            expected,
            found: found.clone(),
        }),
        _ => Ok(()),
    };
    check("the input".to_owned(), part.input(), input)?;
    for (at, (expected, found)) in outputs.into_iter().zip(&signature.outputs).enumerate() {
        check(format!("output {}", at + 1), expected, found)?;
    }
    Ok(())
}
