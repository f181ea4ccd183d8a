//! `GET /accounts/{accountId}/webhooks/{webhookId}/deliveries/{deliveryId}`.

use axum::{Json, extract::State};
use drape_core::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::webhook::{WebhookAttemptItem, WebhookDeliveryItem, delivery_in_path};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound, Code::WebhookNotFound];

/// A message and its log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookDeliveryResponse {
    /// The message.
    pub delivery: WebhookDeliveryItem,
    /// Its attempts, oldest first.
    pub log: Vec<WebhookAttemptItem>,
}

/// Reads a message to a webhook with all its attempts.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/deliveries/{deliveryId}",
    operation_id = "get_webhook_delivery",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("webhookId" = String, Path, description = "Id of the webhook"),
        ("deliveryId" = String, Path, description = "Id of the message"),
    ),
    responses((status = 200, body = WebhookDeliveryResponse, description = "The message and its log"))
)]
pub(crate) async fn get_webhook_delivery(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<Json<WebhookDeliveryResponse>, ApiError> {
    let (delivery, attempts) = delivery_in_path(&state, &ids).await?;
    Ok(Json(WebhookDeliveryResponse {
        delivery: delivery.into(),
        log: attempts.into_iter().map(WebhookAttemptItem::from).collect(),
    }))
}
