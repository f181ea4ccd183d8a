//! `DELETE /accounts/{accountId}/keys/{keyId}`.

use axum::extract::State;
use drape_core::Code;
use http::StatusCode;

use super::account::account_in_path;
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound, Code::KeyNotFound];

/// Revokes a key; it stops working at once and for good.
#[utoipa::path(
    delete,
    path = "/admin/v1/accounts/{accountId}/keys/{keyId}",
    operation_id = "revoke_key",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("keyId" = String, Path, description = "Id of the key"),
    ),
    responses((status = 204, description = "The key no longer works"))
)]
pub(crate) async fn revoke_key(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<StatusCode, ApiError> {
    let account = account_in_path(&state, &ids).await?;
    let not_found = || {
        ApiError::new(
            Code::KeyNotFound,
            "The account has no such key, or it was revoked already.",
        )
    };
    let key = ids.parse("keyId").ok_or_else(not_found)?;
    let now = state.ports.clock.now();
    let revoked = state
        .ports
        .accounts
        .revoke_key(account.id, key, now)
        .await?;
    revoked
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(not_found)
}
