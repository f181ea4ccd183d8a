//! The HTTP server and the worker.

pub mod api;
pub mod app;
pub mod config;
mod docs;
pub mod listener;
pub mod metrics;
pub mod pictures;
pub mod provenance;
pub mod rate_limit;
pub mod router;
pub mod signing;
pub mod state;
pub mod system;
pub mod telemetry;
pub mod worker;
