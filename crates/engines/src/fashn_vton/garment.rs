//! What the network gets to see of a product.

use drape_core::engine::EngineError;
use drape_imaging::{FaceSearch, Picture};
use drape_preview::{
    engine::prepare_worn_garment,
    garment::{Category as Kind, GarmentShape},
};
use drape_vton::{
    inputs::Garment,
    inputs::{Inputs, InputsError, Photo},
    pose::{Estimate, PoseEstimator},
    preprocess::{self, Size},
};

use super::refusal;
use crate::pictures::{largest_face, picture_of, raster_of};

/// Least trust (0 to 1) in the outline of a garment that somebody wears.
const LEAST_TRUST: f64 = 0.8;
/// A reason that lowers the trust to less than this is told.
const GRAVE: f64 = 0.9;
/// Level of a mask on the garment.
const GARMENT: u8 = 255;

/// A product picture, ready for the network.
pub(super) enum Product {
    /// The garment alone.
    Alone(Photo),
    /// The garment on somebody.
    Worn {
        /// The part of the picture that shows the garment.
        photo: Photo,
        /// Where the garment is in it.
        mask: preprocess::Picture,
        /// The drawing of its wearer's pose.
        pose: preprocess::Picture,
    },
}

impl Product {
    /// Reads a product picture. `is_worn` is the caller's word; without it, whoever is found in the picture wears the garment.
    ///
    /// Errors are about the garment, or faults of a network.
    pub(super) fn read(
        picture: &Picture,
        kind: Kind,
        is_worn: Option<bool>,
        poses: &PoseEstimator,
        canvas: Size,
    ) -> Result<Self, EngineError> {
        let photo = photo_of(picture, canvas).map_err(refusal::unusable_garment)?;
        let is_worn = match is_worn {
            Some(told) => told,
            None => found_pose(poses, &photo)?.persons > 0,
        };
        if !is_worn {
            return Ok(Self::Alone(photo));
        }
        let shape = outline_of_worn(picture, kind)?;
        let close_up = picture_of(shape.image.clone())
            .ok_or_else(|| refusal::own_fault("a close-up without pixels"))?;
        let photo = photo_of(&close_up, canvas).map_err(refusal::unusable_garment)?;
        let estimate = found_pose(poses, &photo)?;
        let pose = photo.draw(&estimate.pose).map_err(refusal::own_fault)?;
        let mask = mask_of(&shape)?;
        Ok(Self::Worn { photo, mask, pose })
    }

    /// Puts the product and a person onto the canvas.
    pub(super) fn inputs(
        &self,
        person: &Photo,
        pose: &preprocess::Picture,
    ) -> Result<Inputs, InputsError> {
        match self {
            Self::Alone(photo) => Inputs::new(person, pose, photo, Garment::FlatLay),
            Self::Worn {
                photo,
                mask,
                pose: worn_pose,
            } => {
                let worn = Garment::Worn {
                    mask,
                    pose: worn_pose,
                };
                Inputs::new(person, pose, photo, worn)
            }
        }
    }
}

/// Makes a picture small enough for the network.
pub(super) fn photo_of(picture: &Picture, canvas: Size) -> Result<Photo, String> {
    let size = Size::new(picture.width() as usize, picture.height() as usize);
    let picture = preprocess::Picture::new(size, 3, picture.data().to_vec());
    let picture = picture.map_err(|error| error.to_string())?;
    Photo::new(&picture, canvas).map_err(|error| error.to_string())
}

/// Looks for people; a failure is a fault of a network.
pub(super) fn found_pose(poses: &PoseEstimator, photo: &Photo) -> Result<Estimate, EngineError> {
    poses.estimate(photo.picture()).map_err(refusal::own_fault)
}

/// Where a garment is on its wearer, by the rules of the preview engine, which need no network with a licence of its own.
fn outline_of_worn(picture: &Picture, kind: Kind) -> Result<GarmentShape, EngineError> {
    let image = raster_of(picture);
    let face = largest_face(picture, FaceSearch::Upright);
    let shape =
        prepare_worn_garment(&image, Some(kind), face).map_err(refusal::worn_without_outline)?;
    let warnings = shape.wearer.iter().flat_map(|wearer| &wearer.warnings);
    let trust: f64 = warnings.clone().map(|warning| warning.factor).product();
    if trust < LEAST_TRUST {
        let grave = warnings.filter(|warning| warning.factor < GRAVE);
        let reasons: Vec<_> = grave.map(|warning| warning.reason).collect();
        return Err(refusal::worn_without_outline(reasons.join(", ")));
    }
    Ok(shape)
}

/// The outline as a gray picture as large as the close-up.
fn mask_of(shape: &GarmentShape) -> Result<preprocess::Picture, EngineError> {
    let size = Size::new(shape.image.width(), shape.image.height());
    let mut mask = preprocess::Picture::filled(size, 1, 0).map_err(refusal::own_fault)?;
    let (work_width, work_height) = (shape.mask.width(), shape.mask.height());
    for (y, row) in mask.samples_mut().chunks_exact_mut(size.width).enumerate() {
        let from_y = (y * work_height / size.height).min(work_height - 1);
        let from_row = shape.mask.row(from_y);
        for (x, level) in row.iter_mut().enumerate() {
            if from_row[(x * work_width / size.width).min(work_width - 1)] {
                *level = GARMENT;
            }
        }
    }
    Ok(mask)
}
