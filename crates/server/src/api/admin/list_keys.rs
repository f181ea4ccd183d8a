//! `GET /accounts/{accountId}/keys`.

use axum::{Json, extract::State};
use drape_core::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::{account::account_in_path, key::KeyItem};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound];

/// The keys of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeysResponse {
    /// All keys, newest first, revoked ones too.
    pub items: Vec<KeyItem>,
}

/// Lists the keys of an account, newest first, never the keys themselves.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{accountId}/keys",
    operation_id = "list_keys",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    responses((status = 200, body = KeysResponse, description = "All keys"))
)]
pub(crate) async fn list_keys(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<Json<KeysResponse>, ApiError> {
    let account = account_in_path(&state, &ids).await?;
    let keys = state.ports.accounts.list_keys(account.id).await?;
    let items = keys.into_iter().map(KeyItem::from).collect();
    Ok(Json(KeysResponse { items }))
}
