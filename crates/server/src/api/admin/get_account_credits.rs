//! `GET /accounts/{accountId}/credits`.

use axum::{Json, extract::State};
use drape_core::{Code, account::LedgerEntry, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::account::account_in_path;
use crate::{
    api::{
        error::ApiError,
        page::{AskedPage, PageParams, PageResponse},
        path::PathIds,
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::ValidationFailed, Code::AccountNotFound];

/// Credits of an account, and a page of its ledger, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountCreditsResponse {
    /// Credits that can still be spent; the sum of all entries.
    #[schema(example = 9)]
    pub credit_balance: i64,
    /// Entries of this page.
    pub items: Vec<LedgerItem>,
    /// Cursor of the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// True when there is a next page.
    pub has_more: bool,
    /// Number of entries on this page.
    pub count: usize,
}

/// An entry of the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LedgerItem {
    /// Id of the entry.
    #[schema(example = "led_0198c0de000070008000000000000003")]
    pub entry_id: String,
    /// `grant`, `hold` (a try-on was asked for), `capture` (it completed) or `release` (it failed).
    #[schema(example = "hold")]
    pub kind: &'static str,
    /// What it added to the credits that can be spent.
    #[schema(example = -1)]
    pub amount: i64,
    /// The generation that it is about; null for grants.
    pub generation_id: Option<String>,
    /// Words of the operator.
    pub note: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub created_at: Timestamp,
}

impl From<LedgerEntry> for LedgerItem {
    fn from(entry: LedgerEntry) -> Self {
        Self {
            entry_id: entry.id.to_string(),
            kind: entry.kind.as_str(),
            amount: entry.amount,
            generation_id: entry.generation.map(|id| id.to_string()),
            note: entry.note,
            created_at: entry.created_at,
        }
    }
}

/// Reads the credits of an account and its ledger, newest entries first.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{accountId}/credits",
    operation_id = "get_account_credits",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account"), PageParams),
    responses((status = 200, body = AccountCreditsResponse, description = "Balance and one page"))
)]
pub(crate) async fn get_account_credits(
    State(state): State<AppState>,
    ids: PathIds,
    AskedPage(asked): AskedPage,
) -> Result<Json<AccountCreditsResponse>, ApiError> {
    let account = account_in_path(&state, &ids).await?;
    let entries = state.ports.oversight.entries(account.id, asked).await?;
    let credit_balance = state.ports.ledger.balance(account.id).await?;
    let page = PageResponse::of(entries, LedgerItem::from);
    Ok(Json(AccountCreditsResponse {
        credit_balance,
        items: page.items,
        next_cursor: page.next_cursor,
        has_more: page.has_more,
        count: page.count,
    }))
}
