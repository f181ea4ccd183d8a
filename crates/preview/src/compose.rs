//! Puts a fitted garment into the person's photo.
//!
//! First every layer, shadow and repair is prepared as strengths; from these alone the region that may change is fixed. Then
//! the steps are carried out inside it: every pixel outside keeps its bytes.

mod cloth;
mod continuation;
mod floating;
mod grain;
mod layers;
mod leftover;
mod legs;
mod light;
mod limb;
mod lower;
mod patch;
mod plan;
mod repair;
mod skin;
mod texture;
mod upper;

use crate::fit::{LowerFit, UpperFit};
use crate::garment::{GarmentShape, LowerShape, UpperShape};
use crate::person::PersonRegions;
use crate::raster::{Mask, Rgb8};

use self::patch::Frame;

/// A finished try-on picture.
#[derive(Debug, Clone)]
pub struct Composition {
    /// The picture, of the size of the person's photo.
    pub image: Rgb8,
    /// What was allowed to change, fixed before anything was painted; every byte outside equals the photo.
    pub allowed: Mask,
    /// Share of the picture's pixels that differ from the photo, 0 to 1.
    pub changed_area: f64,
    /// How much had to be invented.
    pub measures: Measures,
}

/// How much had to be invented, for the confidence.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measures {
    /// Area of invented skin in squared shoulder widths, legs left out.
    pub skin_invented: f64,
    /// Area of invented bare legs in squared shoulder widths.
    pub legs_invented: f64,
    /// Area of invented lower garment in squared shoulder widths.
    pub lower_invented: f64,
    /// Share of the old top that is still to be seen where it should not.
    pub old_cloth_visible: f64,
    /// Area of pieces of the person that nothing joins to the rest, in squared shoulder widths.
    pub floating: f64,
}

/// Says why no picture came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// The analysis belongs to a photo of another size.
    #[error("the analysis belongs to a photo of another size")]
    OtherPhoto,
    /// A pixel outside the allowed region changed; a fault of the engine.
    #[error("a pixel outside the allowed region changed")]
    ChangedOutside,
}

impl Composition {
    /// Checks that nothing outside the allowed region changed.
    fn new(
        original: &Rgb8,
        image: Rgb8,
        allowed: Mask,
        measures: Measures,
    ) -> Result<Self, ComposeError> {
        let mut changed = 0_usize;
        let mut changed_outside = false;
        for ((before, after), allowed) in
            original.data().iter().zip(image.data()).zip(allowed.data())
        {
            let differs = before != after;
            changed += usize::from(differs);
            changed_outside |= differs && !allowed;
        }
        if changed_outside || original.size() != image.size() {
            return Err(ComposeError::ChangedOutside);
        }
        let changed_area = changed as f64 / original.data().len().max(1) as f64;
        Ok(Self {
            image,
            allowed,
            changed_area,
            measures,
        })
    }
}

/// Puts a top or a dress on the person.
///
/// `image` is the full-size photo that `person` was made from.
pub fn compose_upper(
    image: &Rgb8,
    person: &PersonRegions,
    garment: &GarmentShape,
    upper: &UpperShape,
    fit: &UpperFit,
) -> Result<Composition, ComposeError> {
    let frame = frame(image, person)?;
    kept_outside(upper::compose_upper(
        image, person, garment, upper, fit, &frame,
    ))
}

/// Puts trousers, shorts or a skirt on the person.
///
/// `image` is the full-size photo that `person` was made from.
pub fn compose_lower(
    image: &Rgb8,
    person: &PersonRegions,
    garment: &GarmentShape,
    lower: &LowerShape,
    fit: &LowerFit,
) -> Result<Composition, ComposeError> {
    let frame = frame(image, person)?;
    kept_outside(lower::compose_lower(
        image, person, garment, lower, fit, &frame,
    ))
}

/// Makes a change outside the allowed region loud where that can only be a fault of this crate.
fn kept_outside(outcome: Result<Composition, ComposeError>) -> Result<Composition, ComposeError> {
    debug_assert_ne!(
        outcome.as_ref().err(),
        Some(&ComposeError::ChangedOutside),
        "the steps stay inside the region that was fixed before"
    );
    outcome
}

/// Relates a photo to its analysis.
fn frame(image: &Rgb8, person: &PersonRegions) -> Result<Frame, ComposeError> {
    let frame = Frame {
        full: image.size(),
        work: person.image.size(),
    };
    let usable = image.size() == person.size
        && frame.full.0 * frame.full.1 > 0
        && frame.work.0 * frame.work.1 > 0;
    if usable {
        Ok(frame)
    } else {
        Err(ComposeError::OtherPhoto)
    }
}

#[cfg(test)]
mod tests;
