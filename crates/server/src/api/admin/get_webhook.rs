//! `GET /accounts/{accountId}/webhooks/{webhookId}`.

use axum::{Json, extract::State};
use drape_core::Code;

use super::webhook::{WebhookItem, webhook_in_path};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound, Code::WebhookNotFound];

/// Reads a webhook, never its secret.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}",
    operation_id = "get_webhook",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("webhookId" = String, Path, description = "Id of the webhook"),
    ),
    responses((status = 200, body = WebhookItem, description = "The webhook"))
)]
pub(crate) async fn get_webhook(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<Json<WebhookItem>, ApiError> {
    let (_, endpoint) = webhook_in_path(&state, &ids).await?;
    Ok(Json(endpoint.into()))
}
