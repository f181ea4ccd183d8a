//! `POST /try-on`.

pub(crate) mod body;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use drape_core::{
    Code,
    generation::Status,
    idempotency::reused,
    product::ExternalId,
    try_on::{self, CreateTryOn, TryOnCreated},
};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        auth::Caller,
        body::RequestBody,
        error::ApiError,
        idempotency::{self, Begun, Hold, SentKey},
    },
    router,
    state::AppState,
};

use body::{CreateTryOnForm, CreateTryOnRequest};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[
    Code::IdempotencyKeyReused,
    Code::IdempotencyKeyInUse,
    Code::ValidationFailed,
    Code::CustomerImageRequired,
    Code::ProductImagesRequired,
    Code::InvalidImageInput,
    Code::MultipartFileNotFound,
    Code::InvalidImage,
    Code::UnsupportedImageFormat,
    Code::UnsupportedMediaType,
    Code::PayloadTooLarge,
    Code::CustomerImageFetchFailed,
    Code::ImageNotFound,
    Code::ProductNotFound,
    Code::Forbidden,
    Code::InsufficientCredits,
    Code::ServerBusy,
];

/// An accepted try-on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TryOnAccepted {
    /// Id of the generation, for `GET /generations/{id}`.
    #[schema(example = "gen_0198c0de00007000800000000000002a")]
    pub generation_id: String,
    /// Always `PENDING`.
    #[schema(example = "PENDING")]
    pub status: &'static str,
    /// The product's `externalId`, made by the server for a one-shot product; of an outfit, the first product's.
    #[schema(example = "shirt-42")]
    pub product_external_id: String,
    /// The `externalId` of every product, in the order of the request; only of an outfit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["shirt-42", "jeans-7"]))]
    pub product_external_ids: Option<Vec<String>>,
}

impl From<TryOnCreated> for TryOnAccepted {
    fn from(created: TryOnCreated) -> Self {
        let ids = &created.product_external_ids;
        Self {
            generation_id: created.generation.to_string(),
            status: Status::Pending.as_str(),
            product_external_id: ids.first().map(ToString::to_string).unwrap_or_default(),
            product_external_ids: outfit_ids(ids),
        }
    }
}

/// The external ids of an outfit as answers have them; none for a single product, whose id has a key of its own.
pub(crate) fn outfit_ids(ids: &[ExternalId]) -> Option<Vec<String>> {
    (ids.len() > 1).then(|| ids.iter().map(ToString::to_string).collect())
}

/// Asks for a try-on. It is queued, and one credit per product is held until it ends.
#[utoipa::path(
    post,
    path = "/tryon/v1/try-on",
    operation_id = "create_try_on",
    tag = "try-on",
    request_body(
        description = "JSON; or a form with that JSON in the part `data`, and files in parts named by the `fileKey`s.",
        content(
            (CreateTryOnRequest = "application/json"),
            (CreateTryOnForm = "multipart/form-data"),
        )
    ),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: the same key and body within 24 hours get the same answer, and one charge", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    responses((status = 202, body = TryOnAccepted, description = "The try-on is queued"))
)]
pub(crate) async fn create_try_on(
    State(state): State<AppState>,
    caller: Caller,
    key: SentKey,
    body: RequestBody,
) -> Result<Response, ApiError> {
    let command = body::fold(&body.json, &body.files, &state.engines)?;
    match idempotency::begin(&state, &caller, key, router::TRY_ON, &body).await? {
        Begun::Work(hold) => {
            let created = accept(&state, &caller, command, hold).await?;
            Ok(queued(created))
        }
        Begun::Queued(generation) => {
            let created = idempotency::find_created(&state, generation).await?;
            Ok(idempotency::replayed(queued(created)))
        }
        Begun::Answered(_) => Err(reused().into()),
    }
}

/// The answer for a try-on that is queued.
pub(crate) fn queued(created: TryOnCreated) -> Response {
    (StatusCode::ACCEPTED, Json(TryOnAccepted::from(created))).into_response()
}

/// Accepts a try-on, for `POST /try-on` and for `POST /try-on/sync`.
pub(crate) async fn accept(
    state: &AppState,
    caller: &Caller,
    mut command: CreateTryOn,
    hold: Hold,
) -> Result<TryOnCreated, ApiError> {
    command.ticket = hold.ticket();
    let created = try_on::create_try_on(&state.ports, &state.engines, caller, command).await;
    Ok(hold.settle(created).await?)
}
