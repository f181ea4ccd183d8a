//! The Engine port: whatever can put a garment on a person.

mod progress;
mod routing;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::Code;

pub use progress::{Listener, Steps};
pub use routing::{AUTO, Engines, Made, Routing};

/// Kinds of products that the contract knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Upper body.
    Top,
    /// Trousers, shorts, skirts.
    Bottom,
    /// One piece for both.
    Dress,
    /// Jackets and coats.
    Outerwear,
    /// Shoes.
    Shoes,
    /// Glasses.
    Eyewear,
    /// Hats and caps.
    Headwear,
    /// Bags.
    Bag,
    /// Jewelry.
    Jewelry,
    /// None of these.
    Other,
}

impl Category {
    /// Every category, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Top,
        Self::Bottom,
        Self::Dress,
        Self::Outerwear,
        Self::Shoes,
        Self::Eyewear,
        Self::Headwear,
        Self::Bag,
        Self::Jewelry,
        Self::Other,
    ];

    /// Wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Top => "top",
            Self::Bottom => "bottom",
            Self::Dress => "dress",
            Self::Outerwear => "outerwear",
            Self::Shoes => "shoes",
            Self::Eyewear => "eyewear",
            Self::Headwear => "headwear",
            Self::Bag => "bag",
            Self::Jewelry => "jewelry",
            Self::Other => "other",
        }
    }

    /// Finds the category with this wire name.
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.as_str() == name)
    }

    /// Reads what a picture's classifications say; none where they say nothing or no known word.
    pub fn told(classifications: &Map<String, Value>) -> Option<Self> {
        Self::from_wire(classifications.get("category")?.as_str()?)
    }
}

/// A picture file as an engine gets it: upright sRGB JPEG.
#[derive(Debug, Clone)]
pub struct PictureFile {
    /// The file.
    pub bytes: Bytes,
    /// SHA-256 of the file; engines key their caches with it.
    pub sha256: [u8; 32],
}

/// One garment picture.
#[derive(Debug, Clone)]
pub struct GarmentPicture {
    /// The file.
    pub file: PictureFile,
    /// What the caller says it is.
    pub category: Option<Category>,
    /// True when the caller says that a person wears it in the picture.
    pub is_worn: Option<bool>,
}

/// A product as an engine gets it.
#[derive(Debug, Clone, Default)]
pub struct Item {
    /// Its pictures, best first; at least one, unless the engine does not use them.
    pub pictures: Vec<GarmentPicture>,
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
}

/// What an engine is asked to do.
#[derive(Debug, Clone)]
pub struct EngineInput {
    /// Picture of the person.
    pub person: PictureFile,
    /// What to put on, in the caller's order: at least one product, at most [`Capabilities::max_items`].
    pub items: Vec<Item>,
    /// Time left for the work.
    pub time_limit: Duration,
    /// What chance depends on: the same seed and pictures give the same result. The engine chooses when none.
    pub seed: Option<u64>,
    /// Hears how far the work is, from engines that work in steps.
    pub progress: Listener<Steps>,
}

impl EngineInput {
    /// Asks for a picture within a time, with no seed given and nobody listening.
    pub fn new(person: PictureFile, items: Vec<Item>, time_limit: Duration) -> Self {
        Self {
            person,
            items,
            time_limit,
            seed: None,
            progress: Listener::nobody(),
        }
    }
}

/// What an engine made.
#[derive(Debug, Clone)]
pub struct EngineOutput {
    /// The picture as a JPEG file of the person picture's size.
    pub jpeg: Bytes,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How sure the engine is, 0 to 1, when it can tell.
    pub confidence: Option<f64>,
    /// Readable reasons that lowered the confidence, and what the engine did otherwise than asked.
    pub notes: Vec<String>,
    /// Where the pixels come from, when the engine put parts of the person's picture back.
    pub mask: Option<MaskPicture>,
}

/// A gray picture of where the pixels of a result come from: black the person's picture, white the engine.
#[derive(Debug, Clone)]
pub struct MaskPicture {
    /// The picture as a JPEG file; its proportions are those of the result.
    pub jpeg: Bytes,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Closed kinds of engine failures; retry and fallback decide on these, never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EngineErrorKind {
    /// The engine cannot work: a part of it is missing, or the machine is too small for it.
    Unavailable,
    /// The engine refuses our key.
    Auth,
    /// Our credits with the engine are gone.
    Credits,
    /// The engine asks us to slow down.
    RateLimited,
    /// The pictures or parameters do not fit.
    BadInput,
    /// The garment picture cannot be used.
    GarmentUnusable,
    /// The engine does not do this category.
    CategoryUnsupported,
    /// The engine could not fetch a picture.
    ImageFetch,
    /// No usable person in the picture.
    NoPerson,
    /// Refused by content rules.
    Moderated,
    /// The engine failed.
    ProviderError,
    /// The engine took too long.
    Timeout,
}

impl EngineErrorKind {
    /// Public code of a job that failed this way.
    pub fn code(self) -> Code {
        match self {
            Self::Unavailable | Self::Auth | Self::Credits | Self::RateLimited => {
                Code::EngineUnavailable
            }
            Self::BadInput | Self::ImageFetch | Self::ProviderError => Code::EngineFailed,
            Self::GarmentUnusable => Code::GarmentNotUsable,
            Self::CategoryUnsupported => Code::CategoryNotSupported,
            Self::NoPerson => Code::NoPersonFound,
            Self::Moderated => Code::ContentRejected,
            Self::Timeout => Code::EngineTimeout,
        }
    }
}

/// A failure of an engine.
#[derive(Debug, thiserror::Error)]
#[error("{kind:?}: {message}")]
pub struct EngineError {
    /// What kind of failure it was.
    pub kind: EngineErrorKind,
    /// Words for the caller: what to change.
    pub message: String,
    /// Whether the attempt cost us something.
    pub charged: bool,
    /// Whether the same input may succeed later.
    pub retryable: bool,
    /// The engine's own words, for the log only.
    pub detail: Option<String>,
}

impl EngineError {
    /// Makes a failure that is neither charged nor worth a retry.
    pub fn new(kind: EngineErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            charged: false,
            retryable: false,
            detail: None,
        }
    }

    /// Marks the failure as worth a retry.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// Adds words for the log.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// Where the pixels of a picture come from, as the provenance of a result states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DigitalSource {
    /// The person's picture as it was; nothing was put in.
    Unchanged,
    /// Parts of several pictures, put together by rules; nothing was invented by a trained model.
    Composite,
    /// A picture that a trained model has filled in.
    TrainedAlgorithmic,
}

impl DigitalSource {
    /// Term of the IPTC vocabulary <https://cv.iptc.org/newscodes/digitalsourcetype/>; none for an unchanged picture,
    /// whose own source nobody here knows.
    pub fn iptc_term(self) -> Option<&'static str> {
        match self {
            Self::Unchanged => None,
            Self::Composite => Some("http://cv.iptc.org/newscodes/digitalsourcetype/composite"),
            Self::TrainedAlgorithmic => Some(
                "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
            ),
        }
    }
}

/// What an engine can do.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// Categories that it accepts.
    pub categories: Vec<Category>,
    /// Most products that it puts on at once; 1 for an engine that knows no outfits.
    pub max_items: usize,
    /// Most pictures that one process lets it make at once; none leaves it to the worker.
    pub max_at_once: Option<usize>,
    /// Time that it gets for one picture; none leaves it to the worker.
    pub time_limit: Option<Duration>,
    /// True when it runs in this process on the CPU and needs a permit for it.
    pub is_local_cpu: bool,
    /// False when it ignores the garment pictures (mock): then they are not fetched either.
    pub uses_garment: bool,
    /// Where the pixels of its pictures come from; every result states it.
    pub source: DigitalSource,
    /// Version of the engine (of the model, for a neural one), such as `0.1.0`; every result states it.
    pub version: String,
}

/// Puts a garment on a person.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Name in requests, settings and answers, such as `preview`.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Says whether it could work right now; the error names what is missing.
    async fn check(&self) -> Result<(), EngineError>;

    /// Says at little cost whether it expects to make this picture within the time; the error says why not.
    async fn can_take(&self, _input: &EngineInput) -> Result<(), EngineError> {
        Ok(())
    }

    /// Guesses from words about a product what it is, so that an outfit that cannot be worn is refused at once.
    fn category_of_words(
        &self,
        _title: Option<&str>,
        _description: Option<&str>,
    ) -> Option<Category> {
        None
    }

    /// Makes the picture. Dropping the future abandons the work.
    async fn generate(&self, input: EngineInput) -> Result<EngineOutput, EngineError>;

    /// Analyses a garment ahead of time, so that the first try-on need not; failures are found again by `generate`.
    async fn prepare_garment(
        &self,
        _garment: GarmentPicture,
        _title: Option<String>,
        _description: Option<String>,
    ) {
    }

    /// Drops everything that the engine remembers of the person in this file, and remembers nothing of work that is
    /// still under way with it.
    async fn forget_person(&self, _sha256: [u8; 32]) {}
}
