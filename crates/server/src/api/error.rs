//! The one shape of every error answer.

use std::{error::Error as _, sync::Arc};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use drape_core::{Code, Detail, Error, Kind, ids::GenerationId};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// Text of every `INTERNAL_ERROR`; the cause is in the log only.
const INTERNAL_TEXT: &str = "Something went wrong on the server.";
/// Seconds after which a retry makes sense when the error does not say.
const DEFAULT_RETRY_AFTER_S: u32 = 2;

/// Body of every error answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody<'a> {
    /// Code from the table of errors, such as `PRODUCT_NOT_FOUND`.
    #[schema(example = "VALIDATION_FAILED")]
    pub code: &'a str,
    /// What to change, in words.
    #[schema(example = "product.images.0.url: Invalid url")]
    pub message: &'a str,
    /// The HTTP status again.
    #[schema(example = 400)]
    pub status: u16,
    /// Every offending field; only with `VALIDATION_FAILED` and when the server is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Vec<FieldProblem<'a>>>,
    /// The generation that failed; only from `POST /try-on/sync`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "gen_0198c0de00007000800000000000002a")]
    pub generation_id: Option<String>,
    /// The `x-request-id` of this answer.
    pub request_id: &'a str,
}

/// One offending field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem<'a> {
    /// Dotted path as the caller spelled it.
    #[schema(example = "product.images.0.url")]
    pub path: &'a str,
    /// What is wrong with it.
    #[schema(example = "Invalid url")]
    pub message: &'a str,
}

/// HTTP status of a family of errors.
pub fn kind_to_status(kind: Kind) -> StatusCode {
    match kind {
        Kind::InvalidInput => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Upstream => StatusCode::BAD_GATEWAY,
        Kind::Overloaded | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// A refusal on its way to the frame, which writes the body: only the frame knows the request id.
#[derive(Debug, Clone)]
pub struct ApiError {
    error: Arc<Error>,
    /// Details for codes other than `VALIDATION_FAILED`.
    extra_details: Vec<Detail>,
    /// The generation whose failure this is.
    generation: Option<GenerationId>,
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self {
            error: Arc::new(error),
            extra_details: Vec::new(),
            generation: None,
        }
    }
}

impl ApiError {
    /// Makes an error with a message for the caller.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Error::new(code, message).into()
    }

    /// Adds details to a code that has none by itself.
    pub(crate) fn with_details(mut self, details: Vec<Detail>) -> Self {
        self.extra_details = details;
        self
    }

    /// Says that this is how a generation ended.
    pub(crate) fn about_generation(mut self, generation: GenerationId) -> Self {
        self.generation = Some(generation);
        self
    }

    /// The error inside.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        kind_to_status(self.error.kind())
    }

    /// Body with the request id.
    pub(crate) fn to_json(&self, request_id: &str) -> Vec<u8> {
        let details = self.error.details().iter().chain(&self.extra_details);
        let problems: Vec<_> = details
            .map(|detail| FieldProblem {
                path: &detail.path,
                message: &detail.message,
            })
            .collect();
        let has_details = self.error.code() == Code::ValidationFailed || !problems.is_empty();
        let body = ErrorBody {
            code: self.error.code().as_str(),
            message: self.public_message(),
            status: self.status().as_u16(),
            details: has_details.then_some(problems),
            generation_id: self.generation.map(|id| id.to_string()),
            request_id,
        };
        // Strings and numbers always serialise.
        serde_json::to_vec(&body).unwrap_or_default()
    }

    fn public_message(&self) -> &str {
        match self.error.kind() {
            Kind::Internal => INTERNAL_TEXT,
            _ => self.error.message(),
        }
    }

    /// Writes what is a fault of the server, or of what it stands on, to the log. The frame calls this, once.
    pub(crate) fn log(&self) {
        if self.generation.is_some() {
            // The worker has logged how the generation ended.
            return;
        }
        let cause = self.error.source();
        let code = self.error.code().as_str();
        match self.error.kind() {
            Kind::Internal => {
                tracing::error!(
                    error.code = code,
                    error = cause,
                    message = "request failed by a fault of the server"
                );
            }
            Kind::Unavailable | Kind::Overloaded | Kind::Upstream | Kind::Timeout => {
                tracing::warn!(error.code = code, error = cause, "request not served");
            }
            Kind::InvalidInput
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::MethodNotAllowed
            | Kind::Conflict
            | Kind::PaymentRequired
            | Kind::TooLarge
            | Kind::Unsupported
            | Kind::RateLimited
            | Kind::Unprocessable => {}
        }
    }

    /// Seconds for `Retry-After`, on errors that a wait may mend.
    fn retry_after_s(&self) -> Option<u32> {
        let said = self.error.retry_after_seconds();
        match self.error.kind() {
            Kind::RateLimited | Kind::Overloaded | Kind::Unavailable => {
                Some(said.unwrap_or(DEFAULT_RETRY_AFTER_S))
            }
            _ => said,
        }
    }
}

impl IntoResponse for ApiError {
    /// Status and headers; the body follows in the frame.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        if let Some(seconds) = self.retry_after_s() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Error for an answer that some library made without the frame's shape.
pub(crate) fn from_bare_status(status: StatusCode) -> ApiError {
    let (code, message) = match status.as_u16() {
        404 => (Code::NotFound, "There is no such route."),
        405 => (
            Code::MethodNotAllowed,
            "The route does not know this method. See the Allow header.",
        ),
        413 => (Code::PayloadTooLarge, "The body is too large."),
        415 => (
            Code::UnsupportedMediaType,
            "The Content-Type is not accepted here.",
        ),
        400..500 => (Code::ValidationFailed, "The request is not valid."),
        _ => (Code::InternalError, INTERNAL_TEXT),
    };
    ApiError::new(code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_status_of_the_contract() {
        for (code, status) in [
            (Code::MissingApiKey, 401),
            (Code::InvalidApiKey, 401),
            (Code::Forbidden, 403),
            (Code::ValidationFailed, 400),
            (Code::ExternalIdRequired, 400),
            (Code::ProductImagesRequired, 400),
            (Code::CustomerImageRequired, 400),
            (Code::FileRequired, 400),
            (Code::MultipartFileNotFound, 400),
            (Code::InvalidImageInput, 400),
            (Code::InvalidImage, 400),
            (Code::UnsupportedImageFormat, 415),
            (Code::PayloadTooLarge, 413),
            (Code::ImageNotFound, 404),
            (Code::CustomerImageFetchFailed, 400),
            (Code::InsufficientCredits, 402),
            (Code::ProductNotFound, 404),
            (Code::GenerationNotFound, 404),
            (Code::NotFound, 404),
            (Code::MethodNotAllowed, 405),
            (Code::UnsupportedMediaType, 415),
            (Code::RateLimited, 429),
            (Code::NoPersonFound, 422),
            (Code::EngineFailed, 502),
            (Code::EngineTimeout, 504),
            (Code::ServerBusy, 503),
            (Code::ServiceUnavailable, 503),
            (Code::InternalError, 500),
        ] {
            assert_eq!(kind_to_status(code.kind()).as_u16(), status, "{code}");
        }
    }

    #[test]
    fn the_body_has_the_keys_of_the_contract_in_order() {
        let error = ApiError::from(Error::invalid_field("product", "Required"));
        assert_eq!(
            String::from_utf8(error.to_json("r-1")).unwrap(),
            r#"{"code":"VALIDATION_FAILED","message":"product: Required","status":400,"details":[{"path":"product","message":"Required"}],"requestId":"r-1"}"#
        );
        let error = ApiError::new(Code::NotFound, "There is no such route.");
        assert_eq!(
            String::from_utf8(error.to_json("r-2")).unwrap(),
            r#"{"code":"NOT_FOUND","message":"There is no such route.","status":404,"requestId":"r-2"}"#
        );
    }

    #[test]
    fn an_internal_error_says_nothing_of_its_cause() {
        let leaky = Error::new(Code::InternalError, "table jobs is gone").with_source("disk");
        let body = String::from_utf8(ApiError::from(leaky).to_json("r")).unwrap();
        assert!(body.contains(INTERNAL_TEXT));
        assert!(!body.contains("jobs") && !body.contains("disk"));
    }

    #[test]
    fn waiting_is_advised_only_where_it_helps() {
        let header_of = |error: ApiError| {
            error
                .into_response()
                .headers()
                .get(header::RETRY_AFTER)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let busy = Error::new(Code::ServerBusy, "busy").with_retry_after(7);
        assert_eq!(header_of(busy.into()).as_deref(), Some("7"));
        let busy = Error::new(Code::ServerBusy, "busy");
        assert_eq!(header_of(busy.into()).as_deref(), Some("2"));
        assert_eq!(header_of(ApiError::new(Code::NotFound, "no")), None);
    }
}
