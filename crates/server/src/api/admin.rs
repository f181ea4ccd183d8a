//! The admin API, version 1: one file per operation. Every route under it needs an admin key.

pub(crate) mod account;
pub(crate) mod get_account;
pub(crate) mod guard;
pub(crate) mod list_engines;
