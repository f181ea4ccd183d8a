//! The account that a path names, and accounts as the admin API shows them.

use drape_core::{Code, account::Account, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Name of the parameter in the templates of routes.
const ACCOUNT_ID: &str = "accountId";

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountResponse {
    /// Id of the account.
    #[schema(example = "acc_0198c0de000070008000000000000001")]
    pub account_id: String,
    /// Unique name.
    #[schema(example = "shop")]
    pub name: String,
    /// False once switched off: its keys do not work.
    pub is_active: bool,
    /// Credits that can still be spent; those held for running try-ons are already subtracted.
    #[schema(example = 10)]
    pub credit_balance: i64,
    /// Requests per minute.
    #[schema(example = 100)]
    pub rate_limit: u32,
    /// Status and picture requests per minute.
    #[schema(example = 600)]
    pub poll_limit: u32,
    /// Days that pictures are kept when a request does not say: 1, 3 or 7.
    #[schema(example = 7)]
    pub keep_for_days: u32,
    /// Engine of the account; null for the server's default.
    pub engine: Option<String>,
    /// Whether results carry a visible label unless a request says otherwise.
    pub ai_label: bool,
    /// Balance at which the event `credits.low` is sent; 0 never sends it.
    #[schema(example = 5)]
    pub credits_low_at: u32,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub created_at: Timestamp,
}

impl AccountResponse {
    /// Puts an account and its balance together.
    pub(crate) fn new(account: Account, credit_balance: i64) -> Self {
        Self {
            account_id: account.id.to_string(),
            name: account.name,
            is_active: account.is_active,
            credit_balance,
            rate_limit: account.rate_limit,
            poll_limit: account.poll_limit,
            keep_for_days: account.keep_for_days,
            engine: account.engine,
            ai_label: account.ai_label,
            credits_low_at: account.credits_low_at,
            created_at: account.created_at,
        }
    }
}

/// Finds the account that the path names as `accountId`, active or not. Error: `ACCOUNT_NOT_FOUND`.
pub(crate) async fn account_in_path(state: &AppState, ids: &PathIds) -> Result<Account, ApiError> {
    let not_found = || ApiError::new(Code::AccountNotFound, "There is no such account.");
    let id = ids.parse(ACCOUNT_ID).ok_or_else(not_found)?;
    state.ports.accounts.find(id).await?.ok_or_else(not_found)
}
