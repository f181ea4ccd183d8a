//! `POST /accounts/{accountId}/webhooks/{webhookId}/deliveries/{deliveryId}/replay`.

use axum::{Json, extract::State};
use drape_core::{Code, webhook};
use http::StatusCode;

use super::webhook::{WebhookDeliveryItem, delivery_in_path};
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

/// Sends a message again, whatever became of it, with the same id and a new round of attempts; refused while its webhook
/// is switched off.
#[utoipa::path(
    post,
    path = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/deliveries/{deliveryId}/replay",
    operation_id = "replay_webhook_delivery",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("webhookId" = String, Path, description = "Id of the webhook"),
        ("deliveryId" = String, Path, description = "Id of the message"),
    ),
    responses((status = 202, body = WebhookDeliveryItem, description = "The message, on its way"))
)]
pub(crate) async fn replay_webhook_delivery(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<(StatusCode, Json<WebhookDeliveryItem>), ApiError> {
    let (delivery, _) = delivery_in_path(&state, &ids).await?;
    let (webhooks, now) = (state.ports.webhooks.as_ref(), state.ports.clock.now());
    let replayed = webhook::replay(webhooks, delivery.account, delivery.id, now).await?;
    Ok((StatusCode::ACCEPTED, Json(replayed.into())))
}
