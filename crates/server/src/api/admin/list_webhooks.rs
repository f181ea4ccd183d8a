//! `GET /accounts/{accountId}/webhooks`.

use axum::{Json, extract::State};
use drape_core::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::{account::account_in_path, webhook::WebhookItem};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound];

/// The webhooks of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhooksResponse {
    /// All webhooks, newest first.
    pub items: Vec<WebhookItem>,
}

/// Lists the webhooks of an account, newest first, never their secrets.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{accountId}/webhooks",
    operation_id = "list_webhooks",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    responses((status = 200, body = WebhooksResponse, description = "All webhooks"))
)]
pub(crate) async fn list_webhooks(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<Json<WebhooksResponse>, ApiError> {
    let account = account_in_path(&state, &ids).await?;
    let endpoints = state.ports.webhooks.endpoints(account.id).await?;
    let items = endpoints.into_iter().map(WebhookItem::from).collect();
    Ok(Json(WebhooksResponse { items }))
}
