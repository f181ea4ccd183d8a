//! Adapters of the [`Engine`](drape_core::engine::Engine) port.
//!
//! - [`fashn_vton`]: a neural network on the CPU, once its model files are there.
//! - [`mock`]: gives the person's picture back; for integrations that are being written.
//! - [`models`]: the model files of neural engines, and how they get here.
//! - [`preview`]: the embedded engine, on the CPU and without model weights.

mod category;
pub mod demo;
pub mod fashn_vton;
pub mod mock;
pub mod models;
mod pictures;
pub mod preview;

pub use fashn_vton::{FashnVton, FashnVtonOptions};
pub use mock::MockEngine;
pub use preview::{PreviewEngine, PreviewOptions};
