//! `GET /accounts/{accountId}/watermark`.

use axum::{Json, extract::State};
use drape_core::Code;

use super::{
    account::account_in_path,
    watermark::{WatermarkResponse, watermark_of},
};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound, Code::WatermarkNotFound];

/// Reads how the account's logo is put onto results.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{accountId}/watermark",
    operation_id = "get_watermark",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    responses((status = 200, body = WatermarkResponse, description = "The watermark"))
)]
pub(crate) async fn get_watermark(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<Json<WatermarkResponse>, ApiError> {
    let account = account_in_path(&state, &ids).await?;
    Ok(Json(watermark_of(&state, &account).await?.into()))
}
