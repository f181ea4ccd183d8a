//! `DELETE /accounts/{accountId}/watermark`.

use axum::extract::State;
use drape_core::Code;
use http::StatusCode;

use super::{account::account_in_path, watermark::no_watermark};
use crate::{
    api::{error::ApiError, path::PathIds},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::AccountNotFound, Code::WatermarkNotFound];

/// Removes the account's logo; results that are finished from now on carry none.
#[utoipa::path(
    delete,
    path = "/admin/v1/accounts/{accountId}/watermark",
    operation_id = "clear_watermark",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    responses((status = 204, description = "The account has no logo any more"))
)]
pub(crate) async fn clear_watermark(
    State(state): State<AppState>,
    ids: PathIds,
) -> Result<StatusCode, ApiError> {
    let account = account_in_path(&state, &ids).await?;
    let cleared = state.ports.watermarks.clear(account.id).await?;
    cleared
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(no_watermark)
}
