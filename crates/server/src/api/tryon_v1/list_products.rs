//! `GET /products`.

use axum::{Json, extract::State};
use drape_core::Code;

use super::product_response::ProductResponse;
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

/// Lists the products of the account, newest first; one-shot products are left out.
#[utoipa::path(
    get,
    path = "/tryon/v1/products",
    operation_id = "list_products",
    tag = "products",
    params(PageParams),
    responses((status = 200, body = PageResponse<ProductResponse>, description = "One page"))
)]
pub(crate) async fn list_products(
    State(state): State<AppState>,
    caller: Caller,
    AskedPage(asked): AskedPage,
) -> Result<Json<PageResponse<ProductResponse>>, ApiError> {
    let now = state.ports.clock.now();
    let page = state.ports.products.list(caller.id, asked, now).await?;
    Ok(Json(PageResponse::of(page, ProductResponse::from)))
}
