//! The admin API, version 1: one file per operation. Every route under it needs an admin key.

pub(crate) mod account;
pub(crate) mod cancel_generation;
pub(crate) mod clear_watermark;
pub(crate) mod create_account;
pub(crate) mod create_key;
pub(crate) mod erase_account_customer;
pub(crate) mod generation;
pub(crate) mod get_account;
pub(crate) mod get_account_credits;
pub(crate) mod get_system;
pub(crate) mod get_usage;
pub(crate) mod get_watermark;
pub(crate) mod get_watermark_logo;
pub(crate) mod grant_credits;
pub(crate) mod guard;
pub(crate) mod inspect_generation;
pub(crate) mod key;
pub(crate) mod list_accounts;
pub(crate) mod list_engines;
pub(crate) mod list_keys;
pub(crate) mod revoke_key;
pub(crate) mod search_generations;
pub(crate) mod set_watermark;
pub(crate) mod update_account;
pub(crate) mod watermark;
