//! The world as tests need it: engines that do what they are told, and one suite per port.

pub mod conformance;
pub mod flaky_blobs;
pub mod scripted_engine;
#[cfg(feature = "server")]
pub mod server;
pub mod world;

pub use flaky_blobs::{Deletions, FlakyBlobs};
pub use scripted_engine::{Act, ScriptedEngine};
#[cfg(feature = "server")]
pub use server::{TestClient, TestResponse, TestServer};
pub use world::{FakeClock, SeqIds};
