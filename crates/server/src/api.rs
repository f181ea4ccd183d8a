//! The HTTP API: frame, bodies and operations.

pub(crate) mod auth;
pub(crate) mod body;
pub mod error;
pub(crate) mod frame;
pub mod health;
pub(crate) mod multipart;
pub mod openapi;
pub(crate) mod path;
pub(crate) mod pictures;
pub mod tryon_v1;
