//! `GET /accounts/{accountId}`.

use axum::{Json, extract::State};
use drape_core::Code;

use super::account::{AccountResponse, account_in_path};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound];

/// Reads an account.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{accountId}",
    operation_id = "get_account",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    responses((status = 200, body = AccountResponse, description = "The account"))
)]
pub(crate) async fn get_account(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<Json<AccountResponse>, ApiError> {
    let account = account_in_path(&state, &ids).await?;
    let balance = state.ports.ledger.balance(account.id).await?;
    Ok(Json(AccountResponse::new(account, balance)))
}
