//! The whole try-on in one call.

use std::time::{Duration, Instant};

use crate::compose::{ComposeError, Composition, compose_lower, compose_upper};
use crate::confidence::{Confidence, rate_lower, rate_upper};
use crate::fit::{fit_lower, fit_upper};
use crate::garment::{self, Category, Cut, GarmentError, GarmentShape};
use crate::person::{self, FaceBox, PersonError, PersonRegions};
use crate::raster::{Mask, Rgb8};

/// A finished try-on with what is to be known about it.
#[derive(Debug, Clone)]
pub struct TryOn {
    /// The picture, of the size of the person's photo.
    pub image: Rgb8,
    /// How far it can be trusted. Deciding what is good enough is up to the caller.
    pub confidence: Confidence,
    /// What the garment was worn as.
    pub category: Category,
    /// What was allowed to change; every byte outside equals the person's photo.
    pub allowed: Mask,
    /// Share of the picture's pixels that differ from the person's photo, 0 to 1.
    pub changed_area: f64,
    /// Where the time went.
    pub timings: Timings,
}

/// Tells how long the stages of one try-on took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Laying the garment's landmarks on the person.
    pub fit: Duration,
    /// Warping, repairs, light and the composition itself.
    pub compose: Duration,
    /// Rating the result.
    pub rate: Duration,
}

/// Says why a try-on failed; no error here means that a picture is bad, that is said by the confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TryOnError {
    /// The person analysis was not made from this photo.
    #[error("the person analysis was not made from this photo")]
    OtherPhoto,
    /// The engine broke its own rules.
    #[error("internal fault of the preview engine: {0}")]
    Internal(ComposeError),
}

impl From<ComposeError> for TryOnError {
    fn from(error: ComposeError) -> Self {
        match error {
            ComposeError::OtherPhoto => Self::OtherPhoto,
            ComposeError::ChangedOutside => Self::Internal(error),
        }
    }
}

/// Analyses a person's photo; the result can be kept and used for any number of garments.
///
/// `face` is the largest face in full-size pixels. Fails when no standing person can be told from the background.
pub fn prepare_person(image: &Rgb8, face: Option<FaceBox>) -> Result<PersonRegions, PersonError> {
    person::analyze(image, face)
}

/// Analyses a product photo; the result can be kept and used for any number of people.
///
/// `category` is the caller's word, none lets the outline decide; `face` is the largest face in full-size pixels. Fails when
/// no garment can be told from the background or from somebody who wears it.
pub fn prepare_garment(
    image: &Rgb8,
    category: Option<Category>,
    face: Option<FaceBox>,
) -> Result<GarmentShape, GarmentError> {
    garment::analyze(image, category, face)
}

/// Analyses a product photo of which the caller knows that somebody wears the garment.
///
/// Arguments as in [`prepare_garment`]. Fails when no garment can be told from the wearer.
pub fn prepare_worn_garment(
    image: &Rgb8,
    category: Option<Category>,
    face: Option<FaceBox>,
) -> Result<GarmentShape, GarmentError> {
    garment::analyze_worn(image, category, face)
}

/// Puts a garment on a person.
///
/// `person` is the analysis of `person_image`. The same input gives the same bytes on every run and with any number of
/// threads. A result of low confidence is still returned: compare [`TryOn::confidence`] with a gate before showing it.
pub fn try_on(
    person_image: &Rgb8,
    person: &PersonRegions,
    garment: &GarmentShape,
) -> Result<TryOn, TryOnError> {
    let mut timings = Timings::default();
    let mut stage_start = Instant::now();
    let mut lap = || {
        let duration = stage_start.elapsed();
        stage_start = Instant::now();
        duration
    };
    let (composition, confidence) = match &garment.cut {
        Cut::Upper(upper) => {
            let fit = fit_upper(person, garment, upper);
            timings.fit = lap();
            let composition = compose_upper(person_image, person, garment, upper, &fit)?;
            timings.compose = lap();
            let confidence = rate_upper(person, garment, upper, &fit, &composition.measures);
            (composition, confidence)
        }
        Cut::Lower(lower) => {
            let fit = fit_lower(person, garment, lower);
            timings.fit = lap();
            let composition = compose_lower(person_image, person, garment, lower, &fit)?;
            timings.compose = lap();
            let confidence = rate_lower(person, garment, &fit, &composition.measures);
            (composition, confidence)
        }
    };
    timings.rate = lap();
    let Composition {
        image,
        allowed,
        changed_area,
        ..
    } = composition;
    Ok(TryOn {
        image,
        confidence,
        category: garment.category,
        allowed,
        changed_area,
        timings,
    })
}
