//! Tests of the engine against reference numbers, and of its refusals.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod bench;
#[cfg(feature = "pose-rten")]
mod estimator;
mod fullsize;
mod golden;
mod inputs;
mod kernels;
mod keypoints;
mod loader;
mod network;
mod noise;
#[cfg(feature = "pose-rten")]
mod onnx;
mod pose;
mod preprocess;
mod primitives;
mod sampler;
