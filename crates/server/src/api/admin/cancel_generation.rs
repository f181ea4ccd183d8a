//! `POST /generations/{generationId}/cancel`.

use axum::{Json, extract::State};
use drape_core::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    generation::generation_in_path,
    inspect_generation::{InspectedGeneration, render},
};
use crate::{
    api::{error::ApiError, path::PathIds, pictures::Links},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::GenerationNotFound];

/// What became of a cancellation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CancelledResponse {
    /// True when this request ended it; false when it had ended before.
    pub was_cancelled: bool,
    /// The generation as it is now.
    pub generation: InspectedGeneration,
}

/// Cancels a generation that waits or runs: it fails with `CANCELLED`, and its credit is given back.
///
/// One that has ended stays as it is, so it is safe to send this again.
#[utoipa::path(
    post,
    path = "/admin/v1/generations/{generationId}/cancel",
    operation_id = "cancel_generation",
    tag = "admin",
    params(("generationId" = String, Path, description = "Id of the generation")),
    responses((status = 200, body = CancelledResponse, description = "The generation as it is now"))
)]
pub(crate) async fn cancel_generation(
    State(state): State<AppState>,
    links: Links,
    ids: PathIds,
) -> Result<Json<CancelledResponse>, ApiError> {
    let (found, _) = generation_in_path(&state, &ids).await?;
    let now = state.ports.clock.now();
    let was_cancelled = state.ports.jobs.cancel(found.generation.id, now).await?;
    let (found, attempts) = generation_in_path(&state, &ids).await?;
    Ok(Json(CancelledResponse {
        was_cancelled,
        generation: render(&state, &links, found, attempts).await?,
    }))
}
