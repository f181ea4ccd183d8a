//! Tests of the engine against reference numbers, and of its refusals.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod bench;
mod fullsize;
mod golden;
mod kernels;
mod loader;
mod network;
mod pose;
mod preprocess;
mod primitives;
mod sampler;
