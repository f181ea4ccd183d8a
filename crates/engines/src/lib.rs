//! Adapters of the [`Engine`](drape_core::engine::Engine) port.
//!
//! - [`mock`]: gives the person's picture back; for integrations that are being written.
//! - [`models`]: the model files of neural engines, and how they get here.
//! - [`preview`]: the embedded engine, on the CPU and without model weights.

pub mod demo;
pub mod mock;
pub mod models;
pub mod preview;

pub use mock::MockEngine;
pub use preview::{PreviewEngine, PreviewOptions};
