//! From two photos to what the network sees, and from its last state back to a picture.
//!
//! 1. [`Photo`] checks a photo and makes it as small as everything before the network wants it. People are looked for in this
//!    picture, and masks and drawings of poses belong to it.
//! 2. [`Inputs`] puts the two photos, the person's pose and what is known about the garment onto the canvas, as owned tensors that
//!    [`crate::sampler::sample`] reads.
//! 3. [`Inputs::picture`] takes the finished state off the canvas.
//!
//! Every byte follows the reference without its human parser: the person's photo is not masked.

mod photo;

pub use photo::{Photo, PhotoError};

use thiserror::Error;

use crate::config::COLOURS;
use crate::model::Pictures;
use crate::preprocess::{
    Fill, Padding, Picture, PictureError, Size, fit, normalise, resize_nearest_exact, to_levels,
    unpad,
};

/// Level of all three colours where a worn garment's photo shows something else.
const HIDDEN_LEVEL: u8 = 127;
/// From this level on a mask shows the garment.
const GARMENT_LEVEL: u8 = 128;

/// How the garment was photographed.
#[derive(Debug, Clone, Copy)]
pub enum Garment<'a> {
    /// Without a person: lying, hanging, or cut out.
    FlatLay,
    /// On somebody, whose other clothes, skin and surroundings must not be seen.
    Worn {
        /// Where the garment is: a gray picture, 128 and more on the garment. It has the size of the photo, before or after it was
        /// made smaller.
        mask: &'a Picture,
        /// Drawing of the pose of who wears it, as large as [`Photo::picture`].
        pose: &'a Picture,
    },
}

/// What a drawing or a mask belongs to, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The drawing of the person's pose.
    PersonPose,
    /// The drawing of the pose of who wears the garment.
    GarmentPose,
    /// The mask of a worn garment.
    GarmentMask,
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PersonPose => "the person's pose",
            Self::GarmentPose => "the pose of who wears the garment",
            Self::GarmentMask => "the garment's mask",
        })
    }
}

/// Why there are no inputs, or no picture.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InputsError {
    /// The two photos were prepared for networks of different size.
    #[error(
        "the person's photo is made for a canvas of {person}, the garment's for one of {garment}"
    )]
    TwoCanvases {
        /// Canvas of the person's photo.
        person: Size,
        /// Canvas of the garment's photo.
        garment: Size,
    },
    /// A drawing or a mask does not have the size of its photo.
    #[error("{layer} has {found} pixels, its photo {expected}")]
    LayerSize {
        /// Which one.
        layer: Layer,
        /// Size of the photo.
        expected: Size,
        /// Size it has.
        found: Size,
    },
    /// A drawing or a mask is not gray.
    #[error("{layer} has {found} samples per pixel instead of one")]
    LayerChannels {
        /// Which one.
        layer: Layer,
        /// Samples per pixel.
        found: usize,
    },
    /// The mask shows no garment.
    #[error("the garment's mask is empty: no pixel has a level of {GARMENT_LEVEL} or more")]
    EmptyMask,
    /// A state holds a value that is no finite number; the weights are damaged, or the guidance is far too strong.
    #[error("the network gave a value that is no finite number")]
    NotFinite,
    /// A picture cannot be made.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// The tensors of one try-on: planes [channel, y, x] of the canvas, values in -1..=1.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    canvas: Size,
    padding: Padding,
    person_on_canvas: Picture,
    person: Vec<f32>,
    person_pose: Vec<f32>,
    garment: Vec<f32>,
    garment_pose: Vec<f32>,
}

impl Inputs {
    /// Puts everything onto the canvas.
    ///
    /// `person_pose` is the drawing of the person's pose ([`crate::pose::draw`]), as large as `person.picture()`. Fails where a drawing
    /// or a mask does not belong to its photo.
    pub fn new(
        person: &Photo,
        person_pose: &Picture,
        garment: &Photo,
        kind: Garment<'_>,
    ) -> Result<Self, InputsError> {
        let canvas = person.canvas();
        if garment.canvas() != canvas {
            return Err(InputsError::TwoCanvases {
                person: canvas,
                garment: garment.canvas(),
            });
        }
        check_drawing(Layer::PersonPose, person_pose, person)?;
        let garment_pose = match kind {
            // Nobody wears it: a drawing without anybody is black, and black is -1.
            Garment::FlatLay => vec![-1.0; canvas.width * canvas.height],
            Garment::Worn { pose, .. } => {
                check_drawing(Layer::GarmentPose, pose, garment)?;
                on_canvas(pose, canvas, Fill::Drawing)?
            }
        };
        let garment = match kind {
            Garment::FlatLay => on_canvas(garment.picture(), canvas, Fill::Photo)?,
            Garment::Worn { mask, .. } => {
                on_canvas(&hide_all_but(garment, mask)?, canvas, Fill::Photo)?
            }
        };
        let (person, padding) = fit(person.picture(), canvas, Fill::Photo)?;
        Ok(Self {
            canvas,
            padding,
            person_on_canvas: unpad(&person, padding)?,
            person: normalise(&person),
            person_pose: on_canvas(person_pose, canvas, Fill::Drawing)?,
            garment,
            garment_pose,
        })
    }

    /// What [`crate::sampler::sample`] takes.
    pub fn pictures(&self) -> Pictures<'_> {
        Pictures {
            person: &self.person,
            person_pose: &self.person_pose,
            garment: &self.garment,
            garment_pose: &self.garment_pose,
        }
    }

    /// How many numbers of noise a sampling starts from.
    pub fn noise_length(&self) -> usize {
        COLOURS * self.canvas.width * self.canvas.height
    }

    /// The person's photo as the network saw it, red, green, blue, without what is black around it. The finished picture has its size
    /// and shows the same place by place.
    pub fn person(&self) -> &Picture {
        &self.person_on_canvas
    }

    /// Makes the picture from a state of the sampler, finished or not: levels are cut off, the canvas around the person is taken away.
    ///
    /// Fails where the state does not have [`Self::noise_length`] numbers, or one of them is not finite.
    pub fn picture(&self, state: &[f32]) -> Result<Picture, InputsError> {
        if state.iter().any(|value| !value.is_finite()) {
            return Err(InputsError::NotFinite);
        }
        let picture = to_levels(state, self.canvas, COLOURS)?;
        Ok(unpad(&picture, self.padding)?)
    }
}

fn on_canvas(picture: &Picture, canvas: Size, fill: Fill) -> Result<Vec<f32>, PictureError> {
    Ok(normalise(&fit(picture, canvas, fill)?.0))
}

fn check_drawing(layer: Layer, drawing: &Picture, photo: &Photo) -> Result<(), InputsError> {
    check_gray(layer, drawing)?;
    if drawing.size() == photo.picture().size() {
        return Ok(());
    }
    Err(InputsError::LayerSize {
        layer,
        expected: photo.picture().size(),
        found: drawing.size(),
    })
}

fn check_gray(layer: Layer, drawing: &Picture) -> Result<(), InputsError> {
    match drawing.channels() {
        1 => Ok(()),
        found => Err(InputsError::LayerChannels { layer, found }),
    }
}

/// The photo with everything but the garment in mid-gray.
fn hide_all_but(photo: &Photo, mask: &Picture) -> Result<Picture, InputsError> {
    let layer = Layer::GarmentMask;
    check_gray(layer, mask)?;
    let size = photo.picture().size();
    let mask = if mask.size() == size {
        mask.clone()
    } else if mask.size() == photo.original_size() {
        resize_nearest_exact(mask, size)?
    } else {
        return Err(InputsError::LayerSize {
            layer,
            expected: photo.original_size(),
            found: mask.size(),
        });
    };
    if mask.samples().iter().all(|&level| level < GARMENT_LEVEL) {
        return Err(InputsError::EmptyMask);
    }
    let mut picture = photo.picture().clone();
    let pixels = picture.samples_mut().chunks_exact_mut(COLOURS);
    for (pixel, &level) in pixels.zip(mask.samples()) {
        if level < GARMENT_LEVEL {
            pixel.fill(HIDDEN_LEVEL);
        }
    }
    Ok(picture)
}
