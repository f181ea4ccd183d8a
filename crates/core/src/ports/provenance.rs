//! Statements about how a picture was made, inside the picture.

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Result, engine::DigitalSource, time::Timestamp};

/// Something visible that was drawn onto a result after the engine had made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Drawn {
    /// The account's logo.
    Watermark,
    /// The label that says that the picture is generated.
    AiLabel,
}

impl Drawn {
    /// Lists what was drawn, in the order of drawing.
    pub fn list(has_watermark: bool, has_label: bool) -> Vec<Self> {
        let watermark = has_watermark.then_some(Self::Watermark);
        let label = has_label.then_some(Self::AiLabel);
        watermark.into_iter().chain(label).collect()
    }
}

/// What is known about how a result was made: names, versions and hashes, nothing of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenanceFacts {
    /// Identity of the result: the generation's bare UUID.
    pub instance: uuid::Uuid,
    /// Name of the result, such as `gen_<hex>.jpg`.
    pub title: String,
    /// Engine that made it.
    pub engine: String,
    /// Version of that engine.
    pub engine_version: String,
    /// Where the pixels come from.
    pub source: DigitalSource,
    /// When it was made, by the server's clock.
    pub made_at: Timestamp,
    /// SHA-256 of the person picture's file as the engine got it.
    pub person_sha256: [u8; 32],
    /// SHA-256 of the product pictures' files as the engine got them, in its order.
    pub product_sha256: Vec<[u8; 32]>,
    /// What was drawn onto the picture afterwards, in this order.
    pub drawn: Vec<Drawn>,
}

/// Writes signed statements into pictures.
#[async_trait]
pub trait Provenance: Send + Sync {
    /// Adds the statements to a JPEG file; every pixel stays what it was, other metadata is dropped.
    ///
    /// Errors: `ENGINE_FAILED` when the file is no JPEG, `INTERNAL_ERROR` when it cannot be signed.
    async fn sign(&self, jpeg: Bytes, facts: ProvenanceFacts) -> Result<Bytes>;
}

/// Leaves pictures as they are: provenance is switched off.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProvenance;

#[async_trait]
impl Provenance for NoProvenance {
    async fn sign(&self, jpeg: Bytes, _: ProvenanceFacts) -> Result<Bytes> {
        Ok(jpeg)
    }
}
