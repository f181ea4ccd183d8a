//! The routes of the admin API.

mod webhooks;

use super::Routes;
use crate::api::admin::{
    cancel_generation, clear_watermark, create_account, create_key, erase_account_customer,
    get_account, get_account_credits, get_system, get_usage, get_watermark, get_watermark_logo,
    grant_credits, inspect_generation, list_accounts, list_engines, list_keys, revoke_key,
    search_generations, set_watermark, update_account,
};

/// Where the admin API begins. Every route below it needs an admin key, and no other key will do.
const PREFIX: &str = "/admin/v1/";

const ACCOUNTS: &str = "/admin/v1/accounts";
const ACCOUNT: &str = "/admin/v1/accounts/{accountId}";
const KEYS: &str = "/admin/v1/accounts/{accountId}/keys";
const KEY: &str = "/admin/v1/accounts/{accountId}/keys/{keyId}";
/// Template of the route for an account's credits.
pub(crate) const ACCOUNT_CREDITS: &str = "/admin/v1/accounts/{accountId}/credits";
const CUSTOMER: &str = "/admin/v1/accounts/{accountId}/customers/{customerId}";
const GENERATIONS: &str = "/admin/v1/generations";
const GENERATION: &str = "/admin/v1/generations/{generationId}";
const CANCEL: &str = "/admin/v1/generations/{generationId}/cancel";
const USAGE: &str = "/admin/v1/usage";
const SYSTEM: &str = "/admin/v1/system";
/// Template of the route that takes a logo.
pub(crate) const WATERMARK: &str = "/admin/v1/accounts/{accountId}/watermark";
const WATERMARK_LOGO: &str = "/admin/v1/accounts/{accountId}/watermark/logo";
const ENGINES: &str = "/admin/v1/engines";

/// Says whether a route (its template) belongs to the admin API.
pub fn is_admin(route: &str) -> bool {
    route.starts_with(PREFIX)
}

pub(super) fn add_to(routes: Routes) -> Routes {
    webhooks::add_to(routes)
        .post(
            ACCOUNTS,
            create_account::create_account,
            create_account::ERRORS,
        )
        .get(
            ACCOUNTS,
            list_accounts::list_accounts,
            list_accounts::ERRORS,
        )
        .get(ACCOUNT, get_account::get_account, get_account::ERRORS)
        .patch(
            ACCOUNT,
            update_account::update_account,
            update_account::ERRORS,
        )
        .post(KEYS, create_key::create_key, create_key::ERRORS)
        .get(KEYS, list_keys::list_keys, list_keys::ERRORS)
        .delete(KEY, revoke_key::revoke_key, revoke_key::ERRORS)
        .post(
            ACCOUNT_CREDITS,
            grant_credits::grant_credits,
            grant_credits::ERRORS,
        )
        .get(
            ACCOUNT_CREDITS,
            get_account_credits::get_account_credits,
            get_account_credits::ERRORS,
        )
        .delete(
            CUSTOMER,
            erase_account_customer::erase_account_customer,
            erase_account_customer::ERRORS,
        )
        .get(
            GENERATIONS,
            search_generations::search_generations,
            search_generations::ERRORS,
        )
        .get(
            GENERATION,
            inspect_generation::inspect_generation,
            inspect_generation::ERRORS,
        )
        .post(
            CANCEL,
            cancel_generation::cancel_generation,
            cancel_generation::ERRORS,
        )
        .get(USAGE, get_usage::get_usage, get_usage::ERRORS)
        .get(SYSTEM, get_system::get_system, &[])
        .get(
            WATERMARK,
            get_watermark::get_watermark,
            get_watermark::ERRORS,
        )
        .put(
            WATERMARK,
            set_watermark::set_watermark,
            set_watermark::ERRORS,
        )
        .delete(
            WATERMARK,
            clear_watermark::clear_watermark,
            clear_watermark::ERRORS,
        )
        .get(
            WATERMARK_LOGO,
            get_watermark_logo::get_watermark_logo,
            get_watermark_logo::ERRORS,
        )
        .get(ENGINES, list_engines::list_engines, &[])
}
