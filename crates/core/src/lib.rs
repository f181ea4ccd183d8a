//! What a try-on is: types, ids, error codes, ports and use cases.
//!
//! Nothing here opens a file, a socket or a database, and nothing reads the system clock: the world comes in
//! through the traits in [`ports`].

pub mod account;
pub mod admin;
pub mod admin_key;
pub mod audit;
pub mod catalog;
pub mod engine;
pub mod erase;
pub mod error;
pub mod generation;
pub mod idempotency;
pub mod ids;
pub mod image;
pub mod outfit;
pub mod oversight;
pub mod page;
pub mod pipeline;
pub mod ports;
pub mod product;
mod staging;
pub mod sweep;
pub mod time;
pub mod try_on;
pub mod upload;
pub mod watermark;
pub mod webhook;

pub use error::{Code, Detail, Error, Kind, Result};
