//! `POST /accounts/{accountId}/credits`.

use axum::{extract::State, response::Response};
use drape_core::{
    Code, Error,
    account::Account,
    admin::{Admin, MAX_CREDITS, grant_problems},
    idempotency::{StoredAnswer, reused},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{account::account_in_path, get_account_credits::LedgerItem};
use crate::{
    api::{
        body::{
            JsonBody, RequestBody,
            fields::{Object, Problems},
        },
        error::ApiError,
        idempotency::{self, Begun, SentKey},
        multipart::Form,
        path::PathIds,
    },
    router,
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[
    Code::ValidationFailed,
    Code::AccountNotFound,
    Code::IdempotencyKeyReused,
    Code::IdempotencyKeyInUse,
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
/// Without an `Idempotency-Key` each call counts: when an answer got lost, look into the ledger before sending it again.
#[utoipa::path(
    post,
    path = "/admin/v1/accounts/{accountId}/credits",
    operation_id = "grant_credits",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: the same key and body within 24 hours get the same answer"),
    ),
    request_body(content = GrantCreditsRequest),
    responses((status = 201, body = GrantedResponse, description = "The entry and the new balance"))
)]
pub(crate) async fn grant_credits(
    State(state): State<AppState>,
    ids: PathIds,
    key: SentKey,
    JsonBody(json): JsonBody,
) -> Result<Response, ApiError> {
    let (amount, note) = read_grant(&json)?;
    let account = account_in_path(&state, &ids).await?;
    let body = RequestBody {
        json,
        files: Form::default(),
    };
    let begun = idempotency::begin(&state, &account, key, router::ACCOUNT_CREDITS, &body).await?;
    let hold = match begun {
        Begun::Work(hold) => hold,
        Begun::Answered(answer) => return Ok(idempotency::replayed(idempotency::render(answer))),
        // The account's own try-on has this key.
        Begun::Queued(_) => return Err(reused().into()),
    };
    let answer = grant(&state, &account, amount, &note).await;
    Ok(idempotency::render(hold.remember(answer).await?))
}

async fn grant(
    state: &AppState,
    account: &Account,
    amount: i64,
    note: &str,
) -> Result<StoredAnswer, ApiError> {
    let granted = Admin::from(&state.ports)
        .grant(account.id, amount, note)
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
    Ok(StoredAnswer {
        status: StatusCode::CREATED.as_u16(),
        body: serde_json::to_string(&response).map_err(Error::internal)?,
    })
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
