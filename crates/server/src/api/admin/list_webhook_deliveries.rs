//! `GET /accounts/{accountId}/webhooks/{webhookId}/deliveries`.

use axum::{Json, extract::State};
use drape_core::{Code, page::PageRequest};
use utoipa::IntoParams;

use super::webhook::{WebhookDeliveryItem, webhook_in_path};
use crate::{
    api::{
        body::fields::{Problems, not_a_word_of},
        error::ApiError,
        page::{PageParams, PageResponse, read_page},
        path::PathIds,
        query::Query,
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[
    Code::ValidationFailed,
    Code::AccountNotFound,
    Code::WebhookNotFound,
];

/// Which messages to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query in the API document")]
pub(crate) struct DeliveryParams {
    /// `true` lists only messages that were given up.
    failed: Option<bool>,
}

/// Lists the messages to a webhook, newest first.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{accountId}/webhooks/{webhookId}/deliveries",
    operation_id = "list_webhook_deliveries",
    tag = "admin",
    params(
        ("accountId" = String, Path, description = "Id of the account"),
        ("webhookId" = String, Path, description = "Id of the webhook"),
        DeliveryParams, PageParams
    ),
    responses((status = 200, body = PageResponse<WebhookDeliveryItem>, description = "One page"))
)]
pub(crate) async fn list_webhook_deliveries(
    State(state): State<AppState>,
    ids: PathIds,
    query: Query,
) -> Result<Json<PageResponse<WebhookDeliveryItem>>, ApiError> {
    let (failed_only, page) = read_query(&query)?;
    let (_, endpoint) = webhook_in_path(&state, &ids).await?;
    let webhooks = &state.ports.webhooks;
    let page = webhooks.deliveries(endpoint.id, failed_only, page).await?;
    Ok(Json(PageResponse::of(page, WebhookDeliveryItem::from)))
}

fn read_query(query: &Query) -> Result<(bool, PageRequest), ApiError> {
    let mut problems = Problems::default();
    let failed_only = match query.get("failed") {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            problems.add("failed", not_a_word_of(&["true", "false"], other));
            false
        }
    };
    let page = read_page(query, &mut problems);
    problems.into_result()?;
    Ok((failed_only, page))
}
