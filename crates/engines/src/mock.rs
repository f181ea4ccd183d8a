//! An engine that changes nothing.

use async_trait::async_trait;
use drape_core::engine::{
    Capabilities, Category, DigitalSource, Engine, EngineError, EngineErrorKind, EngineInput,
    EngineOutput,
};
use drape_core::outfit::MAX_ITEMS;
use drape_imaging::{Format, Limits, probe};

/// Gives the person's picture back, byte for byte, whatever the garments.
#[derive(Debug, Clone, Copy, Default)]
pub struct MockEngine;

/// Limits that leave the size of a picture to those who let it in.
const ANY_SIZE: Limits = Limits {
    max_bytes: usize::MAX,
    max_pixels: u64::MAX,
    max_side: u32::MAX,
    min_side: 1,
    max_output_side: u32::MAX,
};

#[async_trait]
impl Engine for MockEngine {
    fn name(&self) -> &'static str {
        "mock"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            categories: Category::ALL.to_vec(),
            max_items: MAX_ITEMS,
            max_at_once: None,
            time_limit: None,
            is_local_cpu: false,
            uses_garment: false,
            source: DigitalSource::Unchanged,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    async fn check(&self) -> Result<(), EngineError> {
        Ok(())
    }

    async fn generate(&self, input: EngineInput) -> Result<EngineOutput, EngineError> {
        // The header is enough: the picture was decoded when it was uploaded.
        let header = probe(&input.person.bytes, &ANY_SIZE).map_err(|error| {
            EngineError::new(
                EngineErrorKind::BadInput,
                "The picture of the person cannot be read.",
            )
            .with_detail(error.to_string())
        })?;
        if header.format != Format::Jpeg {
            return Err(EngineError::new(
                EngineErrorKind::BadInput,
                "The picture of the person is not a JPEG file.",
            ));
        }
        Ok(EngineOutput {
            jpeg: input.person.bytes,
            width: header.width,
            height: header.height,
            confidence: None,
            notes: Vec::new(),
            mask: None,
        })
    }
}
