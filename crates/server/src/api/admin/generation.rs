//! Generations as the admin API shows them.

use drape_core::{Code, oversight::FoundGeneration, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{error::ApiError, path::PathIds, tryon_v1::create_try_on::outfit_ids},
    state::AppState,
};

/// A generation in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundItem {
    /// Id of the generation.
    #[schema(example = "gen_0198c0de00007000800000000000002a")]
    pub generation_id: String,
    /// The account that asked for it.
    #[schema(example = "acc_0198c0de000070008000000000000001")]
    pub account_id: String,
    /// `PENDING`, `PROCESSING`, `COMPLETED` or `FAILED`.
    #[schema(example = "COMPLETED")]
    pub status: &'static str,
    /// The product's `externalId`; of an outfit, the first product's.
    #[schema(example = "shirt-42")]
    pub product_external_id: String,
    /// The `externalId` of every product, in the order of the request; only of an outfit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["shirt-42", "jeans-7"]))]
    pub product_external_ids: Option<Vec<String>>,
    /// The shop's name for the customer; null when there is none, or none any more.
    pub external_user_id: Option<String>,
    /// Engine that did or shall do the work.
    #[schema(example = "preview")]
    pub engine: String,
    /// Why it failed, as a code; null unless it did.
    pub error_code: Option<&'static str>,
    /// Why it failed, in words; null unless it did.
    pub error_message: Option<String>,
    /// Milliseconds that the work took; null until it ended.
    pub generation_time_ms: Option<u64>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:02.500Z")]
    pub updated_at: Timestamp,
}

impl From<FoundGeneration> for FoundItem {
    fn from(found: FoundGeneration) -> Self {
        let generation = found.generation;
        Self {
            generation_id: generation.id.to_string(),
            account_id: generation.account.to_string(),
            status: generation.status.as_str(),
            product_external_id: generation.product_external_id.to_string(),
            product_external_ids: outfit_ids(&generation.product_external_ids()),
            external_user_id: found.external_user_id,
            engine: generation.engine,
            error_code: generation.error_code.map(Code::as_str),
            error_message: generation.error_message,
            generation_time_ms: generation.generation_time_ms,
            created_at: generation.created_at,
            updated_at: generation.updated_at,
        }
    }
}

/// Reads the id that the path names as `generationId`, and finds the generation with its attempts.
///
/// Error: `GENERATION_NOT_FOUND`.
pub(crate) async fn generation_in_path(
    state: &AppState,
    ids: &PathIds,
) -> Result<(FoundGeneration, Vec<drape_core::oversight::Attempt>), ApiError> {
    let not_found = || ApiError::new(Code::GenerationNotFound, "There is no such generation.");
    let id = ids.parse("generationId").ok_or_else(not_found)?;
    let found = state.ports.oversight.generation(id).await?;
    found.ok_or_else(not_found)
}
