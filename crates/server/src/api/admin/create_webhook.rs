//! `POST /accounts/{accountId}/webhooks`.

use axum::{Json, extract::State};
use drape_core::{
    Code,
    ids::EndpointId,
    ports::Post,
    webhook::{self, Endpoint, Event, WebhookSecret},
};
use http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    account::account_in_path,
    webhook::{WebhookSecretResponse, read_events, read_url},
};
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
    Code::UnsupportedMediaType,
    Code::PayloadTooLarge,
];

/// Body of `POST /accounts/{accountId}/webhooks`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct CreateWebhookRequest {
    /// Where messages go: `http` or `https`, to an address that the settings `outbound` allow.
    #[schema(max_length = 2048, example = "https://shop.example/hooks/drape")]
    url: String,
    /// Events that it wants: `generation.completed`, `generation.failed`, `credits.low`; all of them when left out.
    #[schema(min_items = 1, example = json!(["generation.completed", "generation.failed"]))]
    events: Option<Vec<String>>,
}

/// Registers a webhook; an account has at most ten. Its secret is shown this once.
#[utoipa::path(
    post,
    path = "/admin/v1/accounts/{accountId}/webhooks",
    operation_id = "create_webhook",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    request_body(content = CreateWebhookRequest),
    responses((status = 201, body = WebhookSecretResponse, description = "The webhook and its secret"))
)]
pub(crate) async fn create_webhook(
    State(state): State<AppState>,
    ids: PathIds,
    JsonBody(json): JsonBody,
) -> Result<(StatusCode, Json<WebhookSecretResponse>), ApiError> {
    let ports = &state.ports;
    let (url, events) = read_webhook(&json, ports.post.as_ref())?;
    let account = account_in_path(&state, &ids).await?;
    let secret = WebhookSecret::from_random(ports.ids.secret());
    let endpoint = Endpoint {
        id: EndpointId::from_uuid(ports.ids.uuid()),
        account: account.id,
        url,
        events,
        is_active: true,
        created_at: ports.clock.now(),
    };
    let (webhooks, post) = (ports.webhooks.as_ref(), ports.post.as_ref());
    let endpoint = webhook::register(webhooks, post, endpoint, secret.clone()).await?;
    let response = WebhookSecretResponse {
        webhook: endpoint.into(),
        secret: secret.expose(),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

fn read_webhook(json: &Value, post: &dyn Post) -> Result<(String, Vec<Event>), ApiError> {
    let mut problems = Problems::default();
    let mut url = None;
    let mut events = None;
    if let Some(body) = Object::root(json, &mut problems) {
        if body.field("url").is_none() {
            problems.add("url", "Required");
        }
        url = read_url(&body, post, &mut problems);
        events = body
            .field("events")
            .and_then(|field| read_events(field, &mut problems));
    }
    problems.into_result()?;
    let events = events.unwrap_or_else(|| Event::ALL.to_vec());
    Ok((url.unwrap_or_default(), events))
}
