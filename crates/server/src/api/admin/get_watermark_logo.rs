//! `GET /accounts/{accountId}/watermark/logo`.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use drape_core::Code;
use http::{HeaderValue, header};

use super::{account::account_in_path, watermark::watermark_of};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound, Code::WatermarkNotFound];

/// Reads the stored logo.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts/{accountId}/watermark/logo",
    operation_id = "get_watermark_logo",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>, description = "The logo, with alpha"))
)]
pub(crate) async fn get_watermark_logo(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<Response, ApiError> {
    let account = account_in_path(&state, &ids).await?;
    let watermark = watermark_of(&state, &account).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, watermark.logo.png).into_response())
}
