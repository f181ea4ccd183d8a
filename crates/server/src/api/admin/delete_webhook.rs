//! `DELETE /accounts/{accountId}/webhooks/{webhookId}`.

use axum::extract::State;
use drape_core::{Code, webhook};
use http::StatusCode;

use super::webhook::webhook_in_path;
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound, Code::WebhookNotFound];

/// Deletes a webhook with its log; what waits for it is not sent.
#[utoipa::path(
    delete,
    path = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}",
    operation_id = "delete_webhook",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("webhookId" = String, Path, description = "Id of the webhook"),
    ),
    responses((status = 204, description = "The webhook and its log are gone"))
)]
pub(crate) async fn delete_webhook(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<StatusCode, ApiError> {
    let (account, endpoint) = webhook_in_path(&state, &ids).await?;
    let webhooks = state.ports.webhooks.as_ref();
    webhook::remove(webhooks, account.id, endpoint.id, state.ports.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
