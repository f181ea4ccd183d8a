//! `POST /try-on/sync`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use drape_core::{
    Code, Error,
    generation::{Generation, Status},
    idempotency::reused,
    try_on::TryOnCreated,
};
use http::StatusCode;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{
    create_try_on::{
        self, TryOnAccepted, accept,
        body::{self, CreateTryOnForm, CreateTryOnRequest},
        outfit_ids, queued,
    },
    get_generation::has_result,
};
use crate::{
    api::{
        auth::Caller,
        body::RequestBody,
        error::ApiError,
        idempotency::{self, Begun, SentKey},
        pictures::Links,
        waiting::{take_place, wait_for_end},
    },
    router,
    state::AppState,
};

/// Codes of this operation: those of `POST /try-on`, and those that a try-on may end with.
pub(crate) const ERRORS: &[Code] = &{
    const ACCEPTING: &[Code] = create_try_on::ERRORS;
    const ENDING: [Code; 9] = [
        Code::ProductImageFetchFailed,
        Code::NoPersonFound,
        Code::GarmentNotUsable,
        Code::CategoryNotSupported,
        Code::ContentRejected,
        Code::Cancelled,
        Code::EngineUnavailable,
        Code::EngineFailed,
        Code::EngineTimeout,
    ];
    let mut all = [Code::InternalError; ACCEPTING.len() + ENDING.len()];
    let mut place = 0;
    while place < all.len() {
        all[place] = if place < ACCEPTING.len() {
            ACCEPTING[place]
        } else {
            ENDING[place - ACCEPTING.len()]
        };
        place += 1;
    }
    all
};

/// A try-on that has been completed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TryOnCompleted {
    /// Id of the generation.
    #[schema(example = "gen_0198c0de00007000800000000000002a")]
    pub generation_id: String,
    /// Always `COMPLETED`.
    #[schema(example = "COMPLETED")]
    pub status: &'static str,
    /// The product's `externalId`, made by the server for a one-shot product; of an outfit, the first product's.
    #[schema(example = "shirt-42")]
    pub product_external_id: String,
    /// The `externalId` of every product, in the order of the request; only of an outfit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["shirt-42", "jeans-7"]))]
    pub product_external_ids: Option<Vec<String>>,
    /// Signed URL of the result; null when a repeated request finds that the picture has expired.
    pub result_image_url: Option<String>,
    /// True once the result's retention has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_expired: Option<bool>,
}

/// Asks for a try-on and waits for its end. When it takes too long the answer is 202, as of `POST /try-on`; the
/// try-on goes on, also when the caller goes away.
#[utoipa::path(
    post,
    path = "/tryon/v1/try-on/sync",
    operation_id = "create_try_on_sync",
    tag = "try-on",
    request_body(
        description = "JSON; or a form with that JSON in the part `data`, and files in parts named by the `fileKey`s.",
        content(
            (CreateTryOnRequest = "application/json"),
            (CreateTryOnForm = "multipart/form-data"),
        )
    ),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: the same key and body within 24 hours wait for the same try-on, and one charge", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    responses(
        (status = 200, body = TryOnCompleted, description = "The try-on is completed"),
        (status = 202, body = TryOnAccepted, description = "The try-on is queued or at work: read it later"),
    )
)]
pub(crate) async fn create_try_on_sync(
    State(state): State<AppState>,
    caller: Caller,
    links: Links,
    key: SentKey,
    body: RequestBody,
) -> Result<Response, ApiError> {
    let deadline = Instant::now() + state.settings.sync_wait;
    let command = body::fold(&body.json, &body.files, &state.engines)?;
    let _place = take_place(&state)?;
    match idempotency::begin(&state, &caller, key, router::TRY_ON_SYNC, &body).await? {
        Begun::Work(hold) => {
            let created = accept(&state, &caller, command, hold).await?;
            // Nobody waits with a body in memory.
            drop(body);
            answer_at_end(&state, &links, created, deadline).await
        }
        Begun::Queued(generation) => {
            // Neither here: the command holds the same bytes.
            drop((command, body));
            let created = idempotency::find_created(&state, generation).await?;
            let answer = answer_at_end(&state, &links, created, deadline).await;
            Ok(idempotency::replayed(answer))
        }
        Begun::Answered(_) => Err(reused().into()),
    }
}

/// Waits for the end of a try-on that was accepted, and says how it ended, or that it has not yet.
async fn answer_at_end(
    state: &AppState,
    links: &Links,
    created: TryOnCreated,
    deadline: Instant,
) -> Result<Response, ApiError> {
    let waited = wait_for_end(state, created.generation, deadline).await;
    let ended = waited.unwrap_or_else(|error| {
        // It was accepted, and the caller must learn its id: a fault of looking is no reason to answer with an error.
        tracing::warn!(
            generation.id = %created.generation, error = &error as &dyn std::error::Error,
            "a waiting request could not see how its try-on stands"
        );
        None
    });
    let Some(generation) = ended else {
        return Ok(queued(created));
    };
    if generation.status == Status::Failed {
        return Err(failure(&generation));
    }
    let is_stored = has_result(&generation, state.ports.clock.now());
    let completed = TryOnCompleted {
        generation_id: generation.id.to_string(),
        status: Status::Completed.as_str(),
        product_external_id: generation.product_external_id.to_string(),
        product_external_ids: outfit_ids(&generation.product_external_ids()),
        result_image_url: is_stored.then(|| links.result(generation.id)),
        result_expired: (!is_stored).then_some(true),
    };
    Ok((StatusCode::OK, Json(completed)).into_response())
}

/// The failure of a generation as the answer of the request that waited for it.
fn failure(generation: &Generation) -> ApiError {
    let code = generation.error_code.unwrap_or(Code::InternalError);
    let message = generation.error_message.clone();
    let message = message.unwrap_or_else(|| code.description().trim().to_owned());
    ApiError::from(Error::new(code, message)).about_generation(generation.id)
}
