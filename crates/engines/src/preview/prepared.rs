//! Files to analysed pictures, with a memory of the latest ones.

use std::{sync::Arc, time::Duration};

use drape_core::engine::{EngineError, GarmentPicture, PictureFile};
use drape_imaging::FaceSearch;
use drape_preview::{
    engine,
    garment::{Category as Kind, GarmentShape},
    person::PersonRegions,
    raster::Rgb8,
};

use super::{
    cache::{Cache, CacheBounds},
    progress::Progress,
    refusal,
};
use crate::pictures::{decode_garment, decode_person, largest_face, raster_of};

/// Most pixels of a person's picture; the result has its size, so it is not scaled down.
const MAX_PERSON_PIXELS: u64 = 20_000_000;

/// Estimated bytes of a person's analysis per pixel of the copy that is analysed.
const PERSON_BYTES_PER_WORK_PIXEL: usize = 52;

/// Estimated bytes of a garment's analysis per pixel of the copy that is analysed.
const GARMENT_BYTES_PER_WORK_PIXEL: usize = 24;

/// Time for which nothing of a forgotten person is kept: longer than any job goes on that had the file in hand.
const QUIET_AFTER_FORGETTING: Duration = Duration::from_mins(10);

/// A person's photo with its analysis.
pub(super) struct PreparedPerson {
    /// The photo in full size.
    pub(super) image: Rgb8,
    /// Its analysis.
    pub(super) regions: PersonRegions,
}

/// Decodes and analyses pictures, each file once.
pub(super) struct Preparer {
    cache: Cache<Key, Prepared>,
}

/// SHA-256 of the file; for garments also what the caller said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Person([u8; 32]),
    Garment {
        sha256: [u8; 32],
        kind: Option<Kind>,
        is_worn: Option<bool>,
    },
}

#[derive(Clone)]
enum Prepared {
    Person(Arc<PreparedPerson>),
    Garment(Arc<GarmentShape>),
}

impl Preparer {
    /// Makes a preparer that remembers so many pictures, and so many bytes of them.
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self {
            cache: Cache::new(CacheBounds {
                max_entries,
                max_bytes,
            }),
        }
    }

    /// Analyses a person's photo.
    pub(super) fn person(
        &self,
        file: &PictureFile,
        progress: &Progress,
    ) -> Result<Arc<PreparedPerson>, EngineError> {
        let key = Key::Person(file.sha256);
        if let Some(Prepared::Person(person)) = self.cache.get(&key) {
            return Ok(person);
        }
        progress.check()?;
        let picture = decode_person(&file.bytes, MAX_PERSON_PIXELS)
            .map_err(|error| refusal::unreadable_person(&error))?;
        progress.check()?;
        let face = largest_face(&picture, FaceSearch::Tilted);
        let image = raster_of(&picture);
        drop(picture);
        progress.check()?;
        let regions = engine::prepare_person(&image, face).map_err(refusal::no_person)?;
        let bytes =
            image.data().len() * 3 + regions.image.data().len() * PERSON_BYTES_PER_WORK_PIXEL;
        let person = Arc::new(PreparedPerson { image, regions });
        self.cache
            .insert(key, Prepared::Person(Arc::clone(&person)), bytes);
        Ok(person)
    }

    /// Analyses a product photo; `kind` is what the product is, none lets the outline decide.
    pub(super) fn garment(
        &self,
        picture: &GarmentPicture,
        kind: Option<Kind>,
        progress: &Progress,
    ) -> Result<Arc<GarmentShape>, EngineError> {
        let is_worn = picture.is_worn;
        let key = Key::Garment {
            sha256: picture.file.sha256,
            kind,
            is_worn,
        };
        if let Some(Prepared::Garment(garment)) = self.cache.get(&key) {
            return Ok(garment);
        }
        progress.check()?;
        let picture = decode_garment(&picture.file.bytes)
            .map_err(|error| refusal::unreadable_garment(&error))?;
        progress.check()?;
        // A face gives a wearer away, unless the caller knows better: then it is printed on the cloth.
        let face = if is_worn == Some(false) {
            None
        } else {
            // Tilted heads cost three searches in each of the many pictures without a face; bare skin gives them away too.
            largest_face(&picture, FaceSearch::Upright)
        };
        let image = raster_of(&picture);
        drop(picture);
        progress.check()?;
        let garment = if is_worn == Some(true) {
            engine::prepare_worn_garment(&image, kind, face)
        } else {
            engine::prepare_garment(&image, kind, face)
        };
        let garment = garment.map_err(|error| refusal::no_garment(error, is_worn == Some(true)))?;
        let bytes =
            image.data().len() * 3 + garment.work.data().len() * GARMENT_BYTES_PER_WORK_PIXEL;
        let garment = Arc::new(garment);
        self.cache
            .insert(key, Prepared::Garment(Arc::clone(&garment)), bytes);
        Ok(garment)
    }

    /// Drops what is known of a person; what is still being worked on is not kept either.
    pub(super) fn forget_person(&self, sha256: [u8; 32]) {
        self.cache
            .forget(&Key::Person(sha256), QUIET_AFTER_FORGETTING);
    }
}
