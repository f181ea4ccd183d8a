//! The real binary, as a user runs it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod commands;
mod docs;
mod erase;
mod kill_nine;
mod models;
mod provenance;
mod serve;
mod watermarks;
mod world;
