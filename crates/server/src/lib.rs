//! The HTTP server and the worker.

pub mod config;
pub mod listener;
pub mod system;
pub mod telemetry;
pub mod worker;
