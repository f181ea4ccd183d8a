//! What the engines that look at pictures do alike.

use std::any::Any;

use drape_core::engine::{EngineError, EngineErrorKind, GarmentPicture, Item};
use drape_imaging::{
    Face, FaceDetector, FaceSearch, ImageError, Limits, Picture, decode, resize_within,
};
use drape_preview::{person::FaceBox, raster::Rgb8};

use crate::category::Words;

/// JPEG quality of results.
pub(crate) const RESULT_QUALITY: u8 = 92;

/// Most pixels of a product picture's file.
const MAX_GARMENT_PIXELS: u64 = 50_000_000;

/// Longest side of a product picture that is worked with, in pixels; larger ones are scaled down.
const MAX_GARMENT_SIDE: u32 = 2_048;

/// Product pictures that are tried, in the caller's order.
const MAX_TRIED_PICTURES: usize = 3;

/// A face counts from this share of the best score on; among those that count, the largest is the person's.
const LEAST_SHARE_OF_BEST_SCORE: f32 = 0.3;

/// Decodes a person's picture of at most so many pixels; it is not scaled down, since the result has its size.
pub(crate) fn decode_person(bytes: &[u8], max_pixels: u64) -> Result<Picture, ImageError> {
    decode(bytes, &limits(max_pixels))
}

/// Decodes a product picture, small enough to work with.
pub(crate) fn decode_garment(bytes: &[u8]) -> Result<Picture, ImageError> {
    let picture = decode(bytes, &limits(MAX_GARMENT_PIXELS))?;
    Ok(resize_within(picture, MAX_GARMENT_SIDE))
}

/// Bounds of what is decoded here; whoever let the file in has checked its size in bytes.
fn limits(max_pixels: u64) -> Limits {
    Limits {
        max_bytes: usize::MAX,
        max_pixels,
        min_side: 1,
        ..Limits::default()
    }
}

/// The picture as the preview engine's rules take it.
pub(crate) fn raster_of(picture: &Picture) -> Rgb8 {
    let pixels = picture.data().as_chunks::<3>().0.to_vec();
    Rgb8::from_vec(picture.width() as usize, picture.height() as usize, pixels)
}

/// The way back; none for a raster that no picture can hold.
pub(crate) fn picture_of(raster: Rgb8) -> Option<Picture> {
    let (width, height) = (raster.width() as u32, raster.height() as u32);
    Picture::new(width, height, raster.into_vec().into_flattened())
}

/// The face of the person whom a picture is about.
pub(crate) fn largest_face(picture: &Picture, search: FaceSearch) -> Option<FaceBox> {
    let faces = FaceDetector::new().detect(picture, search);
    let best_score = faces.first()?.score;
    let face = faces
        .iter()
        .filter(|face| face.score >= LEAST_SHARE_OF_BEST_SCORE * best_score)
        .max_by(|a, b| area(a).total_cmp(&area(b)))?;
    Some(FaceBox::from_detector(
        f64::from(face.x),
        f64::from(face.y),
        f64::from(face.width),
        f64::from(face.height),
    ))
}

fn area(face: &Face) -> f32 {
    face.width * face.height
}

/// Tries the product's pictures one after the other; the first refusal is the one that is told.
pub(crate) fn first_usable<T>(
    item: &Item,
    attempt: impl Fn(&GarmentPicture, &Words) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let words = Words::new(item.title.as_deref(), item.description.as_deref());
    let mut first_refusal = None;
    for garment in item.pictures.iter().take(MAX_TRIED_PICTURES) {
        match attempt(garment, &words) {
            Err(error) if is_about_the_garment(&error) => {
                first_refusal.get_or_insert(error);
            }
            result => return result,
        }
    }
    Err(first_refusal.unwrap_or_else(|| {
        EngineError::new(EngineErrorKind::BadInput, "The product has no pictures.")
    }))
}

/// Says whether another picture of the product may do better.
fn is_about_the_garment(error: &EngineError) -> bool {
    matches!(
        error.kind,
        EngineErrorKind::GarmentUnusable | EngineErrorKind::CategoryUnsupported
    )
}

/// What a panic said, for the log.
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", words.unwrap_or("without words"))
}
