//! `DELETE /products/{externalId}`.

use axum::extract::State;
use drape_core::Code;
use http::StatusCode;

use super::product_response::product_not_found;
use crate::{
    api::{auth::Caller, error::ApiError, path::PathId},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::ProductNotFound];

/// Deletes a product; generations that used it keep what they need of it.
#[utoipa::path(
    delete,
    path = "/tryon/v1/products/{externalId}",
    operation_id = "delete_product",
    tag = "products",
    params(("externalId" = String, Path, description = "The product's `externalId`, percent-encoded")),
    responses((status = 204, description = "The product is gone"))
)]
pub(crate) async fn delete_product(
    State(state): State<AppState>,
    caller: Caller,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    let not_found = || product_not_found(&id.shown());
    let external_id = id.parse().ok_or_else(not_found)?;
    let now = state.ports.clock.now();
    let deleted = state
        .ports
        .products
        .delete(caller.id, &external_id, now)
        .await?;
    deleted
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(not_found)
}
