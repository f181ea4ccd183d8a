//! Engines through their port.

#![expect(clippy::unwrap_used, reason = "tests")]

mod conformance;
mod drawn;
mod mock;
mod models;
mod outfits;
mod preview;
