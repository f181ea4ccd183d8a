//! `GET /generations`.

use axum::{Json, extract::State};
use drape_core::{Code, generation::Generation, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        auth::Caller,
        error::ApiError,
        page::{AskedPage, PageParams, PageResponse},
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::ValidationFailed];

/// A generation in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenerationItem {
    /// Id of the generation.
    #[schema(example = "gen_0198c0de00007000800000000000002a")]
    pub id: String,
    /// `PENDING`, `PROCESSING`, `COMPLETED` or `FAILED`.
    #[schema(example = "COMPLETED")]
    pub status: &'static str,
    /// The product's description at the time.
    pub product_description: Option<String>,
    /// The product's `externalId`.
    #[schema(example = "shirt-42")]
    pub product_id: String,
    /// Milliseconds that the work took; null until it ended.
    pub generation_time_ms: Option<u64>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:02.500Z")]
    pub updated_at: Timestamp,
}

impl From<Generation> for GenerationItem {
    fn from(generation: Generation) -> Self {
        Self {
            id: generation.id.to_string(),
            status: generation.status.as_str(),
            product_description: generation.product_description,
            product_id: generation.product_external_id.to_string(),
            generation_time_ms: generation.generation_time_ms,
            created_at: generation.created_at,
            updated_at: generation.updated_at,
        }
    }
}

/// Lists the generations of the account, newest first.
#[utoipa::path(
    get,
    path = "/tryon/v1/generations",
    operation_id = "list_generations",
    tag = "try-on",
    params(PageParams),
    responses((status = 200, body = PageResponse<GenerationItem>, description = "One page"))
)]
pub(crate) async fn list_generations(
    State(state): State<AppState>,
    caller: Caller,
    AskedPage(asked): AskedPage,
) -> Result<Json<PageResponse<GenerationItem>>, ApiError> {
    let page = state.ports.generations.list(caller.id, asked).await?;
    Ok(Json(PageResponse::of(page, GenerationItem::from)))
}
