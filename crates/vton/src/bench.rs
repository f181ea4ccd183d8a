//! How fast the engine is on this machine.

pub mod usage;
