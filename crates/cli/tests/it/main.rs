//! The real binary, as a user runs it.

mod commands;
mod kill_nine;
mod serve;
mod world;
