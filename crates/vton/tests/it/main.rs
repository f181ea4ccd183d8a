//! Tests of the engine against reference numbers, and of its refusals.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod fullsize;
mod golden;
mod loader;
mod network;
mod primitives;
mod sampler;
