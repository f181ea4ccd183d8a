//! `POST /accounts/{accountId}/webhooks/{webhookId}/rotate-secret`.

use axum::{Json, extract::State};
use drape_core::{
    Code,
    webhook::{self, WebhookSecret},
};

use super::webhook::{WebhookSecretResponse, webhook_in_path};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound, Code::WebhookNotFound];

/// Gives a webhook a new secret. The old one signs beside it for 24 hours.
#[utoipa::path(
    post,
    path = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/rotate-secret",
    operation_id = "rotate_webhook_secret",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("webhookId" = String, Path, description = "Id of the webhook"),
    ),
    responses((status = 200, body = WebhookSecretResponse, description = "The webhook and its new secret, shown this once"))
)]
pub(crate) async fn rotate_webhook_secret(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<Json<WebhookSecretResponse>, ApiError> {
    let (account, endpoint) = webhook_in_path(&state, &ids).await?;
    let ports = &state.ports;
    let secret = WebhookSecret::from_random(ports.ids.secret());
    let (webhooks, now) = (ports.webhooks.as_ref(), ports.clock.now());
    webhook::rotate(webhooks, account.id, endpoint.id, secret.clone(), now).await?;
    Ok(Json(WebhookSecretResponse {
        webhook: endpoint.into(),
        secret: secret.expose(),
    }))
}
