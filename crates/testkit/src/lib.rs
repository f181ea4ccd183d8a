//! The world as tests need it: engines that do what they are told, and one suite per port.

pub mod conformance;
pub mod scripted_engine;
pub mod world;

pub use scripted_engine::{Act, ScriptedEngine};
pub use world::{FakeClock, SeqIds};
