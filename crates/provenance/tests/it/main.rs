//! Signing and verifying real JPEG files.
#![expect(clippy::unwrap_used, reason = "tests")]

mod broken;
mod identity;
mod signing;
mod world;
