//! `DELETE /customers/{customerId}`.

use axum::extract::State;
use drape_core::{
    Code, Error,
    erase::{self, CustomerId},
};
use http::StatusCode;

use crate::{
    api::{auth::Caller, error::ApiError, path::PathId},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::ValidationFailed];

/// Erases a customer: pictures, results and the name on generations; waiting try-ons are cancelled.
///
/// When the answer is 204 nothing of the customer is left, whether there was something or not. After a
/// `SERVICE_UNAVAILABLE` nobody can reach the pictures any more, but some files are still there: repeat the request.
#[utoipa::path(
    delete,
    path = "/tryon/v1/customers/{customerId}",
    operation_id = "erase_customer",
    tag = "customers",
    params(("customerId" = String, Path, description = "The customer's `externalUserId`, percent-encoded")),
    responses((status = 204, description = "Nothing of the customer is left"))
)]
pub(crate) async fn erase_customer(
    State(state): State<AppState>,
    caller: Caller,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    let customer = read_customer(id.text())?;
    erase::erase_customer(&state.ports, &state.engines, caller.id, &customer).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads the name of a customer; what is wrong with it is told without repeating it.
pub(crate) fn read_customer(id: Option<&str>) -> Result<CustomerId, ApiError> {
    let read = match id {
        Some(text) => text.parse(),
        None => Err("Expected percent-encoded UTF-8"),
    };
    read.map_err(|message| Error::invalid_field("customerId", message).into())
}
