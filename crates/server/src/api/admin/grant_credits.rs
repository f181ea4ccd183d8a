//! `POST /accounts/{accountId}/credits`.

use axum::{Json, extract::State};
use drape_core::{
    Code, Error,
    admin::{Admin, MAX_CREDITS, grant_problems},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{account::account_in_path, get_account_credits::LedgerItem};
use crate::{
    api::{
        body::{
            JsonBody,
            fields::{Object, Problems},
        },
        error::ApiError,
        path::PathIds,
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[
    Code::ValidationFailed,
    Code::AccountNotFound,
    Code::UnsupportedMediaType,
    Code::PayloadTooLarge,
];

/// Body of `POST /accounts/{accountId}/credits`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct GrantCreditsRequest {
    /// How many; a negative number takes some back, never below zero. Not 0.
    #[schema(minimum = -1_000_000_000_i64, maximum = 1_000_000_000, example = 100)]
    amount: i64,
    /// Why, for the ledger; printable.
    #[schema(max_length = 500, example = "invoice 2026-03-17")]
    note: Option<String>,
}

/// Credits that were given or taken.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GrantedResponse {
    /// The new line in the ledger.
    pub entry: LedgerItem,
    /// Credits that can be spent now.
    #[schema(example = 110)]
    pub credit_balance: i64,
}

/// Gives credits to an account, or takes some back, with a note in its ledger.
///
/// Each call counts: when an answer got lost, look into the ledger before sending it again.
#[utoipa::path(
    post,
    path = "/admin/v1/accounts/{accountId}/credits",
    operation_id = "grant_credits",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    request_body(content = GrantCreditsRequest),
    responses((status = 201, body = GrantedResponse, description = "The entry and the new balance"))
)]
pub(crate) async fn grant_credits(
    State(state): State<AppState>,
    ids: PathIds,
    JsonBody(json): JsonBody,
) -> Result<(StatusCode, Json<GrantedResponse>), ApiError> {
    let (amount, note) = read_grant(&json)?;
    let account = account_in_path(&state, &ids).await?;
    let granted = Admin::from(&state.ports)
        .grant(account.id, amount, &note)
        .await
        .map_err(|error| match error.code() {
            // Of the account's credits, not of the caller's: the amount is what does not fit.
            Code::InsufficientCredits => Error::invalid_field("amount", error.message()),
            _ => error,
        })?;
    let response = GrantedResponse {
        entry: granted.entry.into(),
        credit_balance: granted.balance,
    };
    Ok((StatusCode::CREATED, Json(response)))
}

fn read_grant(json: &Value) -> Result<(i64, String), ApiError> {
    let mut problems = Problems::default();
    let mut amount = None;
    let mut note = String::new();
    if let Some(body) = Object::root(json, &mut problems) {
        let bound = i64::from(MAX_CREDITS);
        match body.field("amount") {
            Some(field) => amount = field.signed(-bound..=bound, &mut problems),
            None => problems.add("amount", "Required"),
        }
        let given = body.field("note");
        let given = given.and_then(|field| field.any_text(&mut problems));
        given.unwrap_or_default().clone_into(&mut note);
    }
    let amount = amount.unwrap_or_default();
    problems.add_missing(grant_problems(amount, &note));
    problems.into_result()?;
    Ok((amount, note))
}
