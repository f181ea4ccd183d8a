//! The HTTP server and the worker.

pub mod config;
