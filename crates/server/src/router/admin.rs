//! The routes of the admin API.

use super::Routes;
use crate::api::admin::{get_account, list_engines};

/// Where the admin API begins. Every route below it needs an admin key, and no other key will do.
const PREFIX: &str = "/admin/v1/";

const ACCOUNT: &str = "/admin/v1/accounts/{accountId}";
const ENGINES: &str = "/admin/v1/engines";

/// Says whether a route (its template) belongs to the admin API.
pub fn is_admin(route: &str) -> bool {
    route.starts_with(PREFIX)
}

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .get(ACCOUNT, get_account::get_account, get_account::ERRORS)
        .get(ENGINES, list_engines::list_engines, &[])
}
