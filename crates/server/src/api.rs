//! The HTTP API: frame, bodies and operations.

pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod docs;
pub mod error;
pub(crate) mod frame;
pub mod health;
pub(crate) mod idempotency;
pub(crate) mod multipart;
pub mod openapi;
pub(crate) mod page;
pub(crate) mod path;
pub(crate) mod pictures;
pub(crate) mod query;
pub mod tryon_v1;
pub(crate) mod waiting;
