//! `GET /account/credits`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{auth::Caller, error::ApiError},
    state::AppState,
};

/// Credits of the account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreditsResponse {
    /// Credits that can still be spent; those held for running try-ons are already subtracted.
    #[schema(example = 10)]
    pub credit_balance: i64,
}

/// Reads the credits that can still be spent.
#[utoipa::path(
    get,
    path = "/tryon/v1/account/credits",
    operation_id = "get_credits",
    tag = "account",
    responses((status = 200, body = CreditsResponse, description = "The balance"))
)]
pub(crate) async fn get_credits(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<CreditsResponse>, ApiError> {
    let credit_balance = state.ports.ledger.balance(caller.id).await?;
    Ok(Json(CreditsResponse { credit_balance }))
}
