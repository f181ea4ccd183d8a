//! `GET /generations/{generationId}`.

use axum::{Json, extract::State};
use drape_core::{
    Code,
    oversight::{Attempt, FoundGeneration},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::generation::{FoundItem, generation_in_path};
use crate::{
    api::{
        error::ApiError,
        path::PathIds,
        pictures::Links,
        tryon_v1::get_generation::{has_result, position},
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::GenerationNotFound];

/// A generation with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedGeneration {
    /// The generation as in a search.
    pub generation: FoundItem,
    /// The product's title at the time.
    pub product_title: Option<String>,
    /// The product's description at the time.
    pub product_description: Option<String>,
    /// Days that its pictures are kept.
    #[schema(example = 7)]
    pub keep_for_days: u32,
    /// Whether the account's logo was asked for.
    pub watermark: bool,
    /// Whether a visible label was asked for; null when the account decides.
    pub ai_label: Option<bool>,
    /// Place in the queue while it waits: 1 is next, 10000 is that or more; else null.
    pub queue_position: Option<u32>,
    /// The result while it is kept; else null.
    pub result: Option<StoredResult>,
    /// When the retention of the result ends, or ended; null when there was none.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub result_expires_at: Option<Timestamp>,
    /// Every attempt at it, first to last.
    pub attempts: Vec<AttemptItem>,
}

/// A stored result.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredResult {
    /// Signed URL of the picture, signed anew at each read.
    pub image_url: String,
    /// Signed URL of a gray picture of where the pixels come from (black the customer's photo, white the engine); null
    /// where the engine put nothing of the photo back.
    pub mask_url: Option<String>,
    /// Width in pixels.
    #[schema(example = 768)]
    pub width: u32,
    /// Height in pixels.
    #[schema(example = 1024)]
    pub height: u32,
    /// Size of the file in bytes.
    #[schema(example = 123_456)]
    pub size_bytes: u64,
}

/// One attempt of a worker.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptItem {
    /// Id of the attempt.
    #[schema(example = "att_0198c0de000070008000000000000004")]
    pub attempt_id: String,
    /// Counts from 1; an attempt that was given back unharmed shares its number with the next one.
    #[schema(example = 1)]
    pub number: u32,
    /// Name of the worker.
    #[schema(example = "worker-4711")]
    pub worker: String,
    /// `completed`, `failed`, `retried`, `put_back`, `lost` or `cancelled`; null while it runs.
    #[schema(example = "completed")]
    pub outcome: Option<String>,
    /// Why it did not complete, as a code.
    pub error_code: Option<&'static str>,
    /// When it began.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub started_at: Timestamp,
    /// When it ended; null while it runs.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

impl From<Attempt> for AttemptItem {
    fn from(attempt: Attempt) -> Self {
        Self {
            attempt_id: attempt.id.to_string(),
            number: attempt.number,
            worker: attempt.worker,
            outcome: attempt.outcome,
            error_code: attempt.code.map(Code::as_str),
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
        }
    }
}

/// Reads a generation of any account, with its customer, its result and every attempt at it.
#[utoipa::path(
    get,
    path = "/admin/v1/generations/{generationId}",
    operation_id = "inspect_generation",
    tag = "admin",
    params(("generationId" = String, Path, description = "Id of the generation")),
    responses((status = 200, body = InspectedGeneration, description = "The generation"))
)]
pub(crate) async fn inspect_generation(
    State(state): State<AppState>,
    links: Links,
    ids: PathIds,
) -> Result<Json<InspectedGeneration>, ApiError> {
    let (found, attempts) = generation_in_path(&state, &ids).await?;
    Ok(Json(render(&state, &links, found, attempts).await?))
}

/// Renders a generation as it stands now.
pub(super) async fn render(
    state: &AppState,
    links: &Links,
    found: FoundGeneration,
    attempts: Vec<Attempt>,
) -> Result<InspectedGeneration, ApiError> {
    let queue_position = position(state, &found.generation).await?;
    let is_stored = has_result(&found.generation, state.ports.clock.now());
    let picture = found.generation.result.as_ref().filter(|_| is_stored);
    let id = found.generation.id;
    let mask = match picture {
        Some(_) => state.ports.generations.find_mask(id).await?,
        None => None,
    };
    let result = picture.map(|picture| StoredResult {
        image_url: links.result(id),
        mask_url: mask.map(|_| links.mask(id)),
        width: picture.width,
        height: picture.height,
        size_bytes: picture.size_bytes,
    });
    Ok(InspectedGeneration {
        product_title: found.generation.product_title.clone(),
        product_description: found.generation.product_description.clone(),
        keep_for_days: found.keep_for_days,
        watermark: found.watermark,
        ai_label: found.ai_label,
        queue_position,
        result,
        result_expires_at: found.generation.result_expires_at,
        attempts: attempts.into_iter().map(AttemptItem::from).collect(),
        generation: found.into(),
    })
}
