//! Analysis of a product photo: cut-out, landmarks, sleeves, neckline.
//!
//! Made for flat-lay and ghost-mannequin photos on a plain background; when somebody wears the garment the person analysis
//! cuts it out. Lengths are in *work pixels*: the photo scaled to
//! [`WORK_HEIGHT`] rows. [`analyze`] is the only entry; its result [`GarmentShape`] never changes afterwards.

mod armholes;
mod backdrop;
mod closed_wall;
mod contour;
mod cutout;
mod neckline;
mod outline;
mod sleeves;
mod straighten;
mod trousers;
mod types;
mod upper;
mod worn;

use crate::person::FaceBox;
use crate::raster::Rgb8;

use self::cutout::{Cutout, cut_out};
use self::outline::{Outline, guess_category};
use self::straighten::straighten;
use self::trousers::analyze_lower;
use self::upper::analyze_upper;
use self::worn::is_worn;

pub use self::types::{
    Category, Cut, GarmentError, GarmentShape, LowerLandmarks, LowerShape, Sleeve, UpperLandmarks,
    UpperShape, Warning, Wearer,
};

/// Height in pixels to which every product photo is scaled before it is analysed.
pub const WORK_HEIGHT: usize = 512;

/// Shortest side in pixels of a photo that shows enough of a garment.
const LEAST_SIDE: usize = 48;
/// Longest side over the shortest.
const LONGEST_ASPECT: usize = 6;

/// Finds the garment of a product photo and its landmarks.
///
/// `category` is the caller's word, none lets the outline decide. `face` is the largest face of the picture in full-size
/// pixels. Fails when no garment can be told from the background or from somebody who wears it.
pub fn analyze(
    image: &Rgb8,
    category: Option<Category>,
    face: Option<FaceBox>,
) -> Result<GarmentShape, GarmentError> {
    check_size(image)?;
    let cutout = cut_out(image);
    let outline = Outline::new(&cutout.mask)?;
    let scale = WORK_HEIGHT as f64 / image.height() as f64;
    if is_worn(
        &cutout.work,
        &cutout.lab,
        &cutout.mask,
        &outline,
        face,
        scale,
    ) {
        return worn::analyze(image, category, face);
    }
    let (image, cutout) = straighten(image, cutout);
    let Cutout {
        work,
        lab,
        mut mask,
        background_sigma,
    } = cutout;
    let outline = Outline::new(&mask)?;
    let guess = guess_category(&mask, &outline);
    let category = category.unwrap_or(guess);
    let cut = match category {
        Category::Bottom => Cut::Lower(analyze_lower(&mut mask, &lab, &outline)),
        Category::Top | Category::Dress => {
            Cut::Upper(Box::new(analyze_upper(&mask, &lab, &outline, category)?))
        }
    };
    Ok(GarmentShape {
        image,
        scale,
        work,
        lab,
        mask,
        background_sigma,
        bounds: outline.bounds,
        center_x: outline.center_x,
        left_edge: outline.edges.left,
        right_edge: outline.edges.right,
        guess,
        category,
        wearer: None,
        cut,
    })
}

/// Finds the garment of a photo of somebody who wears it; arguments and errors as in [`analyze`].
pub fn analyze_worn(
    image: &Rgb8,
    category: Option<Category>,
    face: Option<FaceBox>,
) -> Result<GarmentShape, GarmentError> {
    check_size(image)?;
    worn::analyze(image, category, face)
}

fn check_size(image: &Rgb8) -> Result<(), GarmentError> {
    let (width, height) = image.size();
    if width.min(height) < LEAST_SIDE {
        return Err(GarmentError::TooSmall);
    }
    if width.max(height) > LONGEST_ASPECT * width.min(height) {
        return Err(GarmentError::OddShape);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
