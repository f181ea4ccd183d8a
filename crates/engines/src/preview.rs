//! The embedded engine, on the CPU and without model weights.

mod cache;
mod outfit;
mod prepared;
mod progress;
mod refusal;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use drape_core::engine::{
    Capabilities, Category, DigitalSource, Engine, EngineError, EngineInput, EngineOutput,
    GarmentPicture,
};
use drape_imaging::{FaceDetector, FaceSearch, Picture, Subsampling, encode_jpeg};
use drape_preview::{
    engine::{TryOn, try_on},
    garment::GarmentShape,
};

use crate::{
    category::{self, Words},
    pictures::{RESULT_QUALITY, first_usable, picture_of},
};

use self::{
    prepared::{PreparedPerson, Preparer},
    progress::{Progress, run_off_thread},
};

/// Name of the engine.
const NAME: &str = "preview";

/// Settings of the preview engine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PreviewOptions {
    /// Least confidence (0 to 1) of a result that is delivered.
    pub gate: f64,
    /// Prepared persons and garments that are kept in memory; 0 keeps none.
    pub cache_entries: usize,
    /// Bytes that all of them together may take, estimated.
    pub cache_max_bytes: usize,
}

impl Default for PreviewOptions {
    fn default() -> Self {
        Self {
            gate: drape_preview::confidence::SUGGESTED_GATE,
            cache_entries: 64,
            cache_max_bytes: 200_000_000,
        }
    }
}

/// Puts tops, bottoms and dresses on people in studio-like photos, a top and a bottom in one go, and refuses what it is
/// not sure of.
///
/// The work runs off the async threads; how many jobs run at once is up to the caller. Analyses of persons and garments
/// are kept by the hash of their files, so that a repeat costs the composition only. Deterministic.
#[derive(Clone)]
pub struct PreviewEngine {
    shared: Arc<Shared>,
}

struct Shared {
    gate: f64,
    preparer: Preparer,
}

impl PreviewEngine {
    /// Makes an engine with nothing prepared yet.
    pub fn new(options: PreviewOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                gate: options.gate,
                preparer: Preparer::new(options.cache_entries, options.cache_max_bytes),
            }),
        }
    }
}

impl Default for PreviewEngine {
    fn default() -> Self {
        Self::new(PreviewOptions::default())
    }
}

#[async_trait]
impl Engine for PreviewEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            categories: category::SUPPORTED.to_vec(),
            max_items: outfit::MAX_ITEMS,
            max_at_once: None,
            time_limit: None,
            is_local_cpu: true,
            uses_garment: true,
            source: DigitalSource::Composite,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Loads the face model, so that the first job need not.
    async fn check(&self) -> Result<(), EngineError> {
        let detect = |_: &Progress| {
            FaceDetector::new().detect(&Picture::filled(64, 64, [128; 3]), FaceSearch::Upright);
            Ok(())
        };
        run_off_thread(Duration::MAX, detect).await
    }

    fn category_of_words(
        &self,
        title: Option<&str>,
        description: Option<&str>,
    ) -> Option<Category> {
        Words::new(title, description).category()
    }

    async fn generate(&self, input: EngineInput) -> Result<EngineOutput, EngineError> {
        let shared = Arc::clone(&self.shared);
        run_off_thread(input.time_limit, move |progress| {
            shared.generate(&input, progress)
        })
        .await
    }

    async fn prepare_garment(
        &self,
        garment: GarmentPicture,
        title: Option<String>,
        description: Option<String>,
    ) {
        let shared = Arc::clone(&self.shared);
        // What is wrong with the picture is found again, and told, when somebody tries the garment on.
        let _ = run_off_thread(Duration::MAX, move |progress| {
            let words = Words::new(title.as_deref(), description.as_deref());
            let kind = category::choose(NAME, &garment, &words)?;
            shared.preparer.garment(&garment, kind, progress)
        })
        .await;
    }

    async fn forget_person(&self, sha256: [u8; 32]) {
        self.shared.preparer.forget_person(sha256);
    }
}

impl Shared {
    fn generate(
        &self,
        input: &EngineInput,
        progress: &Progress,
    ) -> Result<EngineOutput, EngineError> {
        let [item] = input.items.as_slice() else {
            return outfit::put_on(self, input, progress);
        };
        let worn = first_usable(item, |garment, words| {
            let kind = category::choose(NAME, garment, words)?;
            let (person, garment) = rayon::join(
                || self.preparer.person(&input.person, progress),
                || self.preparer.garment(garment, kind, progress),
            );
            self.wear(&*person?, &*garment?, progress)
        })?;
        progress.check()?;
        finished(worn)
    }

    /// Puts a garment on a person; a result below the gate is refused.
    fn wear(
        &self,
        person: &PreparedPerson,
        garment: &GarmentShape,
        progress: &Progress,
    ) -> Result<TryOn, EngineError> {
        progress.check()?;
        let worn = try_on(&person.image, &person.regions, garment)
            .map_err(|error| refusal::own_fault(error.to_string()))?;
        if worn.confidence.value < self.gate {
            return Err(refusal::not_sure_enough(&worn.confidence, self.gate));
        }
        Ok(worn)
    }
}

fn finished(worn: TryOn) -> Result<EngineOutput, EngineError> {
    let notes = worn
        .confidence
        .reasons()
        .map(|factor| factor.reason.to_owned())
        .collect();
    let (width, height) = (worn.image.width() as u32, worn.image.height() as u32);
    let picture = picture_of(worn.image)
        .ok_or_else(|| refusal::own_fault(format!("a result of {width} x {height} pixels")))?;
    Ok(EngineOutput {
        jpeg: encode_jpeg(&picture, RESULT_QUALITY, Subsampling::S444).into(),
        width,
        height,
        confidence: Some(worn.confidence.value),
        notes,
        mask: None,
    })
}
