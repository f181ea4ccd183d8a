//! `PATCH /accounts/{accountId}/webhooks/{webhookId}`.

use axum::{Json, extract::State};
use drape_core::{
    Code,
    ports::Post,
    webhook::{self, EndpointChange},
};
use serde_json::Value;
use utoipa::ToSchema;

use super::webhook::{WebhookItem, read_events, read_url, webhook_in_path};
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
    Code::WebhookNotFound,
    Code::UnsupportedMediaType,
    Code::PayloadTooLarge,
];

/// Body of `PATCH /accounts/{accountId}/webhooks/{webhookId}`. What is left out, or null, stays as it is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct UpdateWebhookRequest {
    /// Where messages go, also those that wait already.
    #[schema(max_length = 2048, example = "https://shop.example/hooks/drape")]
    url: Option<String>,
    /// Events that it wants from now on.
    #[schema(min_items = 1, example = json!(["generation.completed"]))]
    events: Option<Vec<String>>,
    /// False switches it off: nothing new is written for it, and what waits goes on waiting until it is on again.
    is_active: Option<bool>,
}

/// Changes a webhook; its secret stays.
#[utoipa::path(
    patch,
    path = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}",
    operation_id = "update_webhook",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("webhookId" = String, Path, description = "Id of the webhook"),
    ),
    request_body(content = UpdateWebhookRequest),
    responses((status = 200, body = WebhookItem, description = "The webhook as it is now"))
)]
pub(crate) async fn update_webhook(
    State(state): State<AppState>,
    ids: PathIds,
    JsonBody(json): JsonBody,
) -> Result<Json<WebhookItem>, ApiError> {
    let (webhooks, post) = (state.ports.webhooks.as_ref(), state.ports.post.as_ref());
    let change = read_change(&json, post)?;
    let (account, endpoint) = webhook_in_path(&state, &ids).await?;
    let changed = webhook::change(webhooks, post, account.id, endpoint.id, change).await?;
    Ok(Json(changed.into()))
}

fn read_change(json: &Value, post: &dyn Post) -> Result<EndpointChange, ApiError> {
    let mut problems = Problems::default();
    let mut change = EndpointChange::default();
    if let Some(body) = Object::root(json, &mut problems) {
        change = EndpointChange {
            url: read_url(&body, post, &mut problems),
            events: body
                .field("events")
                .and_then(|field| read_events(field, &mut problems)),
            is_active: body
                .field("isActive")
                .and_then(|field| field.flag(&mut problems)),
        };
    }
    problems.into_result()?;
    Ok(change)
}
