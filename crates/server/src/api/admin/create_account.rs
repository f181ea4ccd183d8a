//! `POST /accounts`.

use axum::{Json, extract::State};
use drape_core::{
    Code,
    admin::{AccountDefaults, AccountDraft, Admin},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::account::AccountResponse;
use crate::{
    api::{
        body::{
            JsonBody,
            fields::{ANY_COUNT, Object, Problems},
        },
        error::ApiError,
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[
    Code::ValidationFailed,
    Code::UnsupportedMediaType,
    Code::PayloadTooLarge,
];

/// Body of `POST /accounts`. What is left out comes from the server's settings.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct CreateAccountRequest {
    /// Unique name, printable.
    #[schema(min_length = 1, max_length = 100, example = "shop")]
    name: String,
    /// Credits to begin with.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    credits: Option<u32>,
    /// Requests per minute.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    rate_limit: Option<u32>,
    /// Status and picture requests per minute.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    poll_limit: Option<u32>,
}

/// A new account with its first key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountCreatedResponse {
    /// The account.
    pub account: AccountResponse,
    /// Its first API key; shown this once, only its hash is stored.
    #[schema(example = "gk_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE")]
    pub api_key: String,
}

/// Makes an account with a first key. A name is given once: sending this again does not make a second account.
#[utoipa::path(
    post,
    path = "/admin/v1/accounts",
    operation_id = "create_account",
    tag = "admin",
    request_body(content = CreateAccountRequest),
    responses((status = 201, body = AccountCreatedResponse, description = "The account and its key"))
)]
pub(crate) async fn create_account(
    State(state): State<AppState>,
    JsonBody(json): JsonBody,
) -> Result<(StatusCode, Json<AccountCreatedResponse>), ApiError> {
    let defaults = state.settings.account_defaults;
    let draft = read_draft(&json, defaults)?;
    let (account, key) = Admin::from(&state.ports)
        .create_account(draft, defaults)
        .await?;
    let balance = state.ports.ledger.balance(account.id).await?;
    let response = AccountCreatedResponse {
        account: AccountResponse::new(account, balance),
        api_key: key.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

fn read_draft(json: &Value, defaults: AccountDefaults) -> Result<AccountDraft, ApiError> {
    let mut problems = Problems::default();
    let mut draft = AccountDraft::default();
    if let Some(body) = Object::root(json, &mut problems) {
        let number =
            |key: &str, problems: &mut Problems| body.field(key)?.integer(ANY_COUNT, problems);
        draft.credits = number("credits", &mut problems);
        draft.rate_limit = number("rateLimit", &mut problems);
        draft.poll_limit = number("pollLimit", &mut problems);
        let name = body.required_text("name", &mut problems);
        name.clone_into(&mut draft.name);
    }
    let draft = draft.with_defaults(defaults);
    problems.add_missing(draft.problems());
    problems.into_result()?;
    Ok(draft)
}
