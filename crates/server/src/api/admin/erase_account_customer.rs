//! `DELETE /accounts/{accountId}/customers/{customerId}`.

use axum::extract::State;
use drape_core::{Code, erase};
use http::StatusCode;

use super::account::account_in_path;
use crate::{
    api::{error::ApiError, path::PathIds, tryon_v1::erase_customer::read_customer},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::ValidationFailed, Code::AccountNotFound];

/// Erases a customer of an account, as the account itself can: pictures, results and the name on generations; waiting
/// try-ons are cancelled.
///
/// When the answer is 204 nothing of the customer is left, whether there was something or not. After a
/// `SERVICE_UNAVAILABLE` nobody can reach the pictures any more, but some files are still there: repeat the request.
#[utoipa::path(
    delete,
    path = "/admin/v1/accounts/{accountId}/customers/{customerId}",
    operation_id = "erase_account_customer",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("customerId" = String, Path, description = "The customer's `externalUserId`, percent-encoded"),
    ),
    responses((status = 204, description = "Nothing of the customer is left"))
)]
pub(crate) async fn erase_account_customer(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<StatusCode, ApiError> {
    let customer = read_customer(ids.text("customerId"))?;
    let account = account_in_path(&state, &ids).await?;
    erase::erase_customer(&state.ports, &state.engines, account.id, &customer).await?;
    Ok(StatusCode::NO_CONTENT)
}
