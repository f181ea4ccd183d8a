//! `POST /accounts/{accountId}/keys`.

use axum::{Json, extract::State};
use drape_core::{
    Code,
    admin::{Admin, label_problems},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{account::account_in_path, key::KeyItem};
use crate::{
    api::{
        body::{
            JsonBody,
            fields::{Object, Problems},
        },
        error::ApiError,
        path::PathIds,
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[
    Code::ValidationFailed,
    Code::AccountNotFound,
    Code::UnsupportedMediaType,
    Code::PayloadTooLarge,
];

/// Body of `POST /accounts/{accountId}/keys`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct CreateKeyRequest {
    /// Free text that tells keys apart, printable.
    #[schema(max_length = 100, example = "web shop")]
    label: Option<String>,
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyCreatedResponse {
    /// What is stored of it.
    pub key: KeyItem,
    /// The key; shown this once, only its hash is stored.
    #[schema(example = "gk_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE")]
    pub api_key: String,
}

/// Makes another key for an account.
#[utoipa::path(
    post,
    path = "/admin/v1/accounts/{accountId}/keys",
    operation_id = "create_key",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    request_body(content = CreateKeyRequest),
    responses((status = 201, body = KeyCreatedResponse, description = "The key"))
)]
pub(crate) async fn create_key(
    State(state): State<AppState>,
    ids: PathIds,
    JsonBody(json): JsonBody,
) -> Result<(StatusCode, Json<KeyCreatedResponse>), ApiError> {
    let label = read_label(&json)?;
    let account = account_in_path(&state, &ids).await?;
    let (info, key) = Admin::from(&state.ports)
        .create_key(account.id, &label)
        .await?;
    let response = KeyCreatedResponse {
        key: info.into(),
        api_key: key.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

fn read_label(json: &Value) -> Result<String, ApiError> {
    let mut problems = Problems::default();
    let body = Object::root(json, &mut problems);
    let field = body.and_then(|body| body.field("label"));
    let label = field.and_then(|field| field.any_text(&mut problems));
    let label = label.unwrap_or_default();
    problems.add_missing(label_problems(label));
    problems.into_result()?;
    Ok(label.to_owned())
}
