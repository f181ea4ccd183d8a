//! Engines through their port.

#![expect(clippy::unwrap_used, reason = "tests")]

mod conformance;
mod drawn;
mod fashn_vton;
mod mock;
mod models;
mod outfits;
mod preview;
