//! `PATCH /accounts/{accountId}`.

use axum::{Json, extract::State};
use drape_core::{
    Code,
    account::AccountChange,
    admin::{Admin, change_problems},
    engine::Engines,
};
use serde_json::Value;
use utoipa::ToSchema;

use super::account::{AccountResponse, account_in_path};
use crate::{
    api::{
        body::{
            JsonBody,
            fields::{ANY_COUNT, Object, Problems},
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

/// Body of `PATCH /accounts/{accountId}`. What is left out, or null, stays as it is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct UpdateAccountRequest {
    /// False switches the account off: its keys stop working at once.
    is_active: Option<bool>,
    /// Requests per minute.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    rate_limit: Option<u32>,
    /// Status and picture requests per minute.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    poll_limit: Option<u32>,
    /// Days that pictures are kept when a request does not say: 1, 3 or 7.
    #[schema(example = 7)]
    keep_for_days: Option<u32>,
    /// Engine of the account; null goes back to the server's default.
    #[schema(example = "preview")]
    engine: Option<String>,
    /// Whether results carry a visible label unless a request says otherwise.
    ai_label: Option<bool>,
    /// Balance at which the event `credits.low` is sent; 0 never sends it.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    credits_low_at: Option<u32>,
}

/// Changes settings of an account; they hold from the next request on.
#[utoipa::path(
    patch,
    path = "/admin/v1/accounts/{accountId}",
    operation_id = "update_account",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    request_body(content = UpdateAccountRequest),
    responses((status = 200, body = AccountResponse, description = "The account as it is now"))
)]
pub(crate) async fn update_account(
    State(state): State<AppState>,
    ids: PathIds,
    JsonBody(json): JsonBody,
) -> Result<Json<AccountResponse>, ApiError> {
    let change = read_change(&json, &state.engines)?;
    let account = account_in_path(&state, &ids).await?;
    let changed = Admin::from(&state.ports)
        .update_account(&state.engines, account.id, change)
        .await?;
    let balance = state.ports.ledger.balance(account.id).await?;
    Ok(Json(AccountResponse::new(changed, balance)))
}

fn read_change(json: &Value, engines: &Engines) -> Result<AccountChange, ApiError> {
    let mut problems = Problems::default();
    let mut change = AccountChange::default();
    if let Some(body) = Object::root(json, &mut problems) {
        let flag = |key: &str, problems: &mut Problems| body.field(key)?.flag(problems);
        let number =
            |key: &str, problems: &mut Problems| body.field(key)?.integer(ANY_COUNT, problems);
        change = AccountChange {
            is_active: flag("isActive", &mut problems),
            rate_limit: number("rateLimit", &mut problems),
            poll_limit: number("pollLimit", &mut problems),
            keep_for_days: number("keepForDays", &mut problems),
            engine: body.field_or_null("engine").and_then(|field| {
                if field.value.is_null() {
                    return Some(None);
                }
                let name = field.any_text(&mut problems)?;
                Some(Some(name.to_owned()))
            }),
            ai_label: flag("aiLabel", &mut problems),
            credits_low_at: number("creditsLowAt", &mut problems),
        };
    }
    problems.add_missing(change_problems(engines, &change));
    problems.into_result()?;
    Ok(change)
}
