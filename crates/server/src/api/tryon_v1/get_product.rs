//! `GET /products/{externalId}`.

use axum::{Json, extract::State};
use drape_core::Code;

use super::product_response::{ProductResponse, product_not_found};
use crate::{
    api::{auth::Caller, error::ApiError, path::PathId},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::ProductNotFound];

/// Reads a product, also a one-shot one.
#[utoipa::path(
    get,
    path = "/tryon/v1/products/{externalId}",
    operation_id = "get_product",
    tag = "products",
    params(("externalId" = String, Path, description = "The product's `externalId`, percent-encoded")),
    responses((status = 200, body = ProductResponse, description = "The product"))
)]
pub(crate) async fn get_product(
    State(state): State<AppState>,
    caller: Caller,
    id: PathId,
) -> Result<Json<ProductResponse>, ApiError> {
    let not_found = || product_not_found(&id.shown());
    let external_id = id.parse().ok_or_else(not_found)?;
    let now = state.ports.clock.now();
    let product = state
        .ports
        .products
        .find(caller.id, &external_id, now)
        .await?;
    Ok(Json(product.ok_or_else(not_found)?.into()))
}
