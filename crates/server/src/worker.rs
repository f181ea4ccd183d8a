//! The worker: takes jobs, keeps their leases alive, reports how they ended.

mod chores;
mod runner;

pub use chores::{ChoreOptions, Chores};
pub use runner::{Worker, WorkerOptions};
