//! The worker: takes jobs, keeps their leases alive, reports how they ended.

mod chores;
mod deliveries;
mod runner;

pub use chores::{ChoreOptions, Chores, Swept, sweep_once};
pub use deliveries::{Deliveries, DeliveryOptions, deliver_due, sweep_log};
pub use runner::{Worker, WorkerOptions};
