//! The Try-On API, version 1: one file per operation.

pub(crate) mod create_try_on;
pub(crate) mod create_try_on_sync;
pub(crate) mod delete_product;
pub(crate) mod erase_customer;
pub(crate) mod get_credits;
pub(crate) mod get_generation;
pub(crate) mod get_product;
pub(crate) mod list_generations;
pub(crate) mod list_products;
pub(crate) mod product_body;
pub(crate) mod product_response;
pub(crate) mod upload_image;
pub(crate) mod upsert_product;
pub(crate) mod watch_generation;

/// Days that pictures can be kept.
const KEEP_FOR_DAYS: [u32; 3] = [1, 3, 7];
/// Longest name of a customer, in characters.
const MAX_USER_ID_CHARS: usize = drape_core::erase::MAX_CUSTOMER_ID_CHARS;
