//! `GET /generations/{id}`.

use axum::{Json, extract::State};
use drape_core::{
    Code,
    engine::Steps,
    generation::{Generation, Status},
    ids::GenerationId,
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::create_try_on::outfit_ids;
use crate::{
    api::{auth::Caller, error::ApiError, path::PathId, pictures::Links},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::GenerationNotFound, Code::Forbidden];

/// A generation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenerationResponse {
    /// Id of the generation.
    #[schema(example = "gen_0198c0de00007000800000000000002a")]
    pub generation_id: String,
    /// `PENDING`, `PROCESSING`, `COMPLETED` or `FAILED`.
    #[schema(example = "COMPLETED")]
    pub status: &'static str,
    /// Signed URL of the result, signed anew at each read; only when completed, null once the picture has expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    #[expect(
        clippy::option_option,
        reason = "absent until completed, null once expired"
    )]
    pub result_image_url: Option<Option<String>>,
    /// True once the result's retention has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_expired: Option<bool>,
    /// Why it failed, as a code; only when failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "NO_PERSON_FOUND")]
    pub error_code: Option<&'static str>,
    /// Why it failed, in words; only when failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Place in the queue while it waits: 1 is next, 10000 is that or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10_000, example = 3)]
    pub queue_position: Option<u32>,
    /// The product's `externalId`; of an outfit, the first product's.
    #[schema(example = "shirt-42")]
    pub product_external_id: String,
    /// The `externalId` of every product, in the order of the request; only of an outfit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["shirt-42", "jeans-7"]))]
    pub product_external_ids: Option<Vec<String>>,
    /// Engine that did, does or shall do the work; `auto` until the choice is made.
    #[schema(example = "preview")]
    pub engine: String,
    /// How far the work is; only while an engine that works in steps is at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressResponse>,
    /// Milliseconds that the work took; only when it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation_time_ms: Option<u64>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:02.500Z")]
    pub updated_at: Timestamp,
}

/// Steps of an engine that works in steps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgressResponse {
    /// Steps that are done.
    #[schema(example = 7)]
    pub step: u32,
    /// Steps in all.
    #[schema(example = 20)]
    pub steps: u32,
}

impl ProgressResponse {
    /// Renders the steps of an engine.
    pub(crate) fn of(steps: Steps) -> Self {
        Self {
            step: steps.done,
            steps: steps.total,
        }
    }
}

impl GenerationResponse {
    /// Renders a generation as it stands at `now`; the place in the queue is for one that waits.
    pub(crate) fn new(
        generation: Generation,
        queue_position: Option<u32>,
        links: &Links,
        now: Timestamp,
    ) -> Self {
        let link = |id| Some(links.result(id));
        Self::with_link(generation, queue_position, link, now)
    }

    /// As [`GenerationResponse::new`]; where `link` makes none, the answer has none.
    pub(crate) fn with_link(
        generation: Generation,
        queue_position: Option<u32>,
        link: impl FnOnce(GenerationId) -> Option<String>,
        now: Timestamp,
    ) -> Self {
        let is_completed = generation.status == Status::Completed;
        let is_failed = generation.status == Status::Failed;
        let is_stored = has_result(&generation, now);
        let product_external_ids = outfit_ids(&generation.product_external_ids());
        let result_image_url = match (is_completed, is_stored) {
            (false, _) => None,
            (true, false) => Some(None),
            (true, true) => link(generation.id).map(Some),
        };
        Self {
            generation_id: generation.id.to_string(),
            status: generation.status.as_str(),
            result_image_url,
            result_expired: (is_completed && !is_stored).then_some(true),
            error_code: generation
                .error_code
                .filter(|_| is_failed)
                .map(Code::as_str),
            error_message: generation.error_message.filter(|_| is_failed),
            queue_position,
            product_external_id: generation.product_external_id.to_string(),
            product_external_ids,
            engine: generation.engine,
            progress: generation.steps.map(ProgressResponse::of),
            generation_time_ms: generation.generation_time_ms,
            created_at: generation.created_at,
            updated_at: generation.updated_at,
        }
    }
}

/// Says whether the result may still be shown; its retention may have ended before the sweeper came by.
pub(crate) fn has_result(generation: &Generation, now: Timestamp) -> bool {
    generation.result.is_some() && generation.result_expires_at.is_none_or(|end| now < end)
}

/// Reads a generation.
#[utoipa::path(
    get,
    path = "/tryon/v1/generations/{id}",
    operation_id = "get_generation",
    tag = "try-on",
    params(("id" = String, Path, description = "The `generationId`")),
    responses((status = 200, body = GenerationResponse, description = "The generation"))
)]
pub(crate) async fn get_generation(
    State(state): State<AppState>,
    caller: Caller,
    links: Links,
    id: PathId,
) -> Result<Json<GenerationResponse>, ApiError> {
    let generation = find_own(&state, &caller, &id).await?;
    let position = position(&state, &generation).await?;
    let now = state.ports.clock.now();
    Ok(Json(GenerationResponse::new(
        generation, position, &links, now,
    )))
}

/// Finds a generation of the caller. Errors: `GENERATION_NOT_FOUND`, `FORBIDDEN`.
pub(crate) async fn find_own(
    state: &AppState,
    caller: &Caller,
    id: &PathId,
) -> Result<Generation, ApiError> {
    let not_found = || {
        let message = format!("There is no generation \"{}\".", id.shown());
        ApiError::new(Code::GenerationNotFound, message)
    };
    let generation_id = id.parse().ok_or_else(not_found)?;
    let generation = state.ports.generations.find(generation_id).await?;
    let generation = generation.ok_or_else(not_found)?;
    if generation.account != caller.id {
        return Err(ApiError::new(
            Code::Forbidden,
            "The generation belongs to another account.",
        ));
    }
    Ok(generation)
}

/// Place in the queue of a generation that waits; none when a worker has just taken it.
pub(crate) async fn position(
    state: &AppState,
    generation: &Generation,
) -> drape_core::Result<Option<u32>> {
    if generation.status != Status::Pending {
        return Ok(None);
    }
    state.ports.jobs.position(generation.id).await
}
