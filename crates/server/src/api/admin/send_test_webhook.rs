//! `POST /accounts/{accountId}/webhooks/{webhookId}/test`.

use axum::{Json, extract::State};
use drape_core::{Code, ids::DeliveryId, webhook};
use http::StatusCode;

use super::webhook::{WebhookDeliveryItem, webhook_in_path};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[
    Code::ValidationFailed,
    Code::AccountNotFound,
    Code::WebhookNotFound,
];

/// Sends a message of the event `webhook.test`, whatever events the webhook wants; refused while it is switched off.
#[utoipa::path(
    post,
    path = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/test",
    operation_id = "send_test_webhook",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("webhookId" = String, Path, description = "Id of the webhook"),
    ),
    responses((status = 202, body = WebhookDeliveryItem, description = "The message, on its way"))
)]
pub(crate) async fn send_test_webhook(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<(StatusCode, Json<WebhookDeliveryItem>), ApiError> {
    let (account, endpoint) = webhook_in_path(&state, &ids).await?;
    let ports = &state.ports;
    let delivery = DeliveryId::from_uuid(ports.ids.uuid());
    let (webhooks, now) = (ports.webhooks.as_ref(), ports.clock.now());
    let queued = webhook::send_test(webhooks, account.id, endpoint.id, delivery, now).await?;
    Ok((StatusCode::ACCEPTED, Json(queued.into())))
}
