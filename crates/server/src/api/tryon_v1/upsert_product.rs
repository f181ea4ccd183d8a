//! `POST /products`.

use axum::{extract::State, response::Response};
use drape_core::{
    Code, Error,
    catalog::{self, ProductDraft},
    idempotency::{StoredAnswer, reused},
    product::ProductOrigin,
};
use http::StatusCode;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    product_body::{ProductImageInput, read_draft, read_external_id, read_patch},
    product_response::ProductResponse,
};
use crate::{
    api::{
        auth::Caller,
        body::{
            RequestBody,
            fields::{Object, Problems},
        },
        error::ApiError,
        idempotency::{self, Begun, SentKey},
        multipart::Form,
    },
    router,
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[
    Code::IdempotencyKeyReused,
    Code::IdempotencyKeyInUse,
    Code::ValidationFailed,
    Code::ExternalIdRequired,
    Code::ProductImagesRequired,
    Code::InvalidImageInput,
    Code::MultipartFileNotFound,
    Code::InvalidImage,
    Code::UnsupportedImageFormat,
    Code::UnsupportedMediaType,
    Code::PayloadTooLarge,
    Code::ServerBusy,
];

/// Longest lifetime in days.
const MAX_VALID_FOR_DAYS: u32 = 365;

/// Body of `POST /products`. Fields left out keep their stored values; `images` is replaced whole.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct UpsertProductRequest {
    /// The shop's own name of the product, printable; the prefix `_anon_` is reserved.
    #[schema(min_length = 1, max_length = 255, example = "shirt-42")]
    external_id: String,
    /// Title; `null` clears it.
    #[schema(max_length = 500, example = "Linen shirt")]
    title: Option<String>,
    /// Description; `null` clears it.
    #[schema(max_length = 5000)]
    description: Option<String>,
    /// Open object of the shop, at most 16 KB; `null` clears it.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Days that the product lives since its last use; `null` for ever.
    #[schema(minimum = 1, maximum = 365)]
    valid_for_days: Option<u32>,
    /// All pictures; needed for a new product.
    #[schema(min_items = 1, max_items = 8)]
    images: Option<Vec<ProductImageInput>>,
    /// Another spelling of `images`, for addresses alone.
    #[schema(min_items = 1, max_items = 8)]
    image_urls: Option<Vec<String>>,
}

/// Form of `POST /products`: the JSON, and files in parts named by the `fileKey`s.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct UpsertProductForm {
    /// The JSON body, in a text part or an `application/json` part.
    data: UpsertProductRequest,
}

/// Creates or updates a product. Its pictures are fetched in the background.
#[utoipa::path(
    post,
    path = "/tryon/v1/products",
    operation_id = "upsert_product",
    tag = "products",
    request_body(
        description = "JSON; or a form with that JSON in the part `data`, and files in parts named by the `fileKey`s.",
        content(
            (UpsertProductRequest = "application/json"),
            (UpsertProductForm = "multipart/form-data"),
        )
    ),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again: the same key and body within 24 hours get the same answer", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    responses(
        (status = 200, body = ProductResponse, description = "The product existed and was updated"),
        (status = 201, body = ProductResponse, description = "The product was created"),
    )
)]
pub(crate) async fn upsert_product(
    State(state): State<AppState>,
    caller: Caller,
    key: SentKey,
    body: RequestBody,
) -> Result<Response, ApiError> {
    let draft = read_body(&body.json, &body.files)?;
    let hold = match idempotency::begin(&state, &caller, key, router::PRODUCTS, &body).await? {
        Begun::Work(hold) => hold,
        Begun::Answered(answer) => return Ok(idempotency::replayed(idempotency::render(answer))),
        Begun::Queued(_) => return Err(reused().into()),
    };
    let answer = upsert(&state, &caller, draft).await;
    Ok(idempotency::render(hold.remember(answer).await?))
}

async fn upsert(
    state: &AppState,
    caller: &Caller,
    draft: ProductDraft,
) -> Result<StoredAnswer, ApiError> {
    let upserted = catalog::upsert_product(&state.ports, caller, draft).await?;
    let status = if upserted.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let response = ProductResponse::from(upserted.product);
    Ok(StoredAnswer {
        status: status.as_u16(),
        body: serde_json::to_string(&response).map_err(Error::internal)?,
    })
}

fn read_body(json: &Value, files: &Form) -> Result<ProductDraft, ApiError> {
    let mut problems = Problems::default();
    let draft = read_product(json, files, &mut problems);
    problems.into_result()?;
    // Without an object a problem was noted, so this is not reached.
    draft.ok_or_else(|| ApiError::new(Code::ValidationFailed, "The body is not an object."))
}

fn read_product(json: &Value, files: &Form, problems: &mut Problems) -> Option<ProductDraft> {
    let product = Object::root(json, problems)?;
    let external_id = if let Some(field) = product.field("externalId") {
        read_external_id(&field, false, problems)
    } else {
        problems.add_special(
            Code::ExternalIdRequired,
            "externalId",
            "Required",
            "A product needs an externalId.",
        );
        None
    };
    let origin = ProductOrigin::Registered;
    let mut draft = read_draft(&product, external_id, origin, true, files, problems);
    draft.valid_for_days = read_patch(product.field_or_null("validForDays"), |field| {
        field.integer(1..=MAX_VALID_FOR_DAYS, problems)
    });
    Some(draft)
}

#[cfg(test)]
mod tests {
    use drape_core::product::Patch;
    use serde_json::json;

    use super::*;

    fn read(json: &Value) -> Result<ProductDraft, ApiError> {
        read_body(json, &Form::default())
    }

    fn problems(json: &Value) -> Vec<String> {
        let error = read(json).unwrap_err();
        assert_eq!(error.error().code(), Code::ValidationFailed);
        error
            .error()
            .details()
            .iter()
            .map(|detail| format!("{}: {}", detail.path, detail.message))
            .collect()
    }

    #[test]
    fn null_clears_and_omission_keeps() {
        let draft = read(&json!({
            "externalId": "a", "title": null, "description": "words", "metadata": null, "validForDays": null,
            "images": null,
        }))
        .unwrap();
        assert_eq!(draft.title, Patch::Clear);
        assert_eq!(draft.description, Patch::Set("words".to_owned()));
        assert_eq!(draft.metadata, Patch::Clear);
        assert_eq!(draft.valid_for_days, Patch::Clear);
        assert!(draft.images.is_none());

        let draft = read(&json!({ "externalId": "a" })).unwrap();
        assert!(draft.title.is_keep() && draft.valid_for_days.is_keep());
        assert!(draft.description.is_keep() && draft.metadata.is_keep());
    }

    #[test]
    fn the_id_is_asked_for_by_its_own_code() {
        for body in [json!({}), json!({ "externalId": null, "title": "x" })] {
            let error = read(&body).unwrap_err();
            assert_eq!(error.error().code(), Code::ExternalIdRequired);
        }
        assert_eq!(
            problems(&json!({ "title": 1 })),
            [
                "externalId: Required",
                "title: Expected string, received number"
            ]
        );
        assert_eq!(
            problems(&json!({ "externalId": "" })),
            ["externalId: String must contain at least 1 character(s)"]
        );
        assert_eq!(
            problems(&json!({ "externalId": "_anon_x" })),
            ["externalId: The prefix \"_anon_\" is reserved"]
        );
    }

    #[test]
    fn every_problem_is_named() {
        let body = json!({
            "externalId": 7,
            "title": "t".repeat(501),
            "description": ["x"],
            "metadata": "open",
            "validForDays": 366,
            "images": [
                { "url": "nope" },
                "https://shop.example/a.jpg",
                { "source": { "url": "https://shop.example/a.jpg", "fileKey": "f" } },
                { "source": 1, "classifications": "top" },
            ],
        });
        assert_eq!(
            problems(&body),
            [
                "externalId: Expected string, received number",
                "title: String must contain at most 500 character(s)",
                "description: Expected string, received array",
                "metadata: Expected object, received string",
                "images.0.url: Invalid url",
                "images.1: Expected object, received string",
                "images.2.source: Expected exactly one of url | fileKey",
                "images.3.classifications: Expected object, received string",
                "images.3.source: Expected object, received number",
                "validForDays: Number must be less than or equal to 365",
            ]
        );
    }

    #[test]
    fn sizes_are_bounded() {
        let urls = vec!["https://shop.example/a.jpg"; 9];
        assert_eq!(
            problems(&json!({ "externalId": "a", "imageUrls": urls })),
            ["imageUrls: Array must contain at most 8 element(s)"]
        );
        let metadata = json!({ "x": "y".repeat(16_384) });
        assert_eq!(
            problems(&json!({ "externalId": "a", "metadata": metadata })),
            ["metadata: Object must contain at most 16384 byte(s) of JSON"]
        );
    }

    #[test]
    fn an_empty_list_of_pictures_has_its_own_code() {
        let error = read(&json!({ "externalId": "a", "images": [] })).unwrap_err();
        assert_eq!(error.error().code(), Code::ProductImagesRequired);
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for body in [json!([]), json!("x"), json!(1), json!(null)] {
            assert!(problems(&body)[0].starts_with("body: Expected object, received "));
        }
    }
}
