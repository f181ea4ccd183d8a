//! Request bodies: JSON, or a form with JSON and files.

pub(crate) mod fields;
pub(crate) mod linger;

use std::{future::Future, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::{Bytes, BytesMut};
use drape_core::{Code, Error};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::{
    auth::{is_multipart, too_large},
    error::ApiError,
    multipart::{Form, read_form},
};
use crate::state::AppState;
use fields::Problems;

/// Part of a form that holds the JSON.
const DATA_PART: &str = "data";
/// Path of a JSON body as a whole, where a problem has no field.
const WHOLE_BODY: &str = "body";

/// A body as the caller sent it: JSON, and the files that go with it.
pub(crate) struct RequestBody {
    /// The JSON, of whatever shape.
    pub json: Value,
    /// The files; none with a plain JSON body.
    pub files: Form,
}

impl FromRequest<AppState> for RequestBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        if is_multipart(request.headers()) {
            let max_bytes = state.settings.max_multipart_bytes;
            let mut files = read_form(state, request, max_bytes).await?;
            let mut problems = Problems::default();
            let data = files.take(DATA_PART, &mut problems);
            problems.into_result()?;
            let data = data.ok_or_else(|| Error::invalid_field(DATA_PART, "Required"))?;
            return Ok(Self {
                json: parse_json(&data.bytes, DATA_PART)?,
                files,
            });
        }
        let accepted =
            "application/json, or multipart/form-data with the JSON in a part named data";
        check_json_type(request.headers(), accepted)?;
        Ok(Self {
            json: read_json(request, state).await?,
            files: Form::default(),
        })
    }
}

/// A body that can only be JSON.
pub(crate) struct JsonBody(pub Value);

impl FromRequest<AppState> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        check_json_type(request.headers(), "application/json")?;
        Ok(Self(read_json(request, state).await?))
    }
}

async fn read_json(request: Request, state: &AppState) -> Result<Value, ApiError> {
    let reading = read_limited(request.into_body(), state.settings.max_json_bytes);
    let bytes = in_time(state, reading).await?;
    parse_json(&bytes, WHOLE_BODY)
}

/// Refuses bodies that say they are something else; one that says nothing is taken for JSON.
fn check_json_type(headers: &HeaderMap, accepted: &str) -> Result<(), ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let name = text.split(';').next().unwrap_or_default().trim();
    let is_json =
        name == "application/json" || (name.starts_with("application/") && name.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    Err(ApiError::new(
        Code::UnsupportedMediaType,
        format!("Send {accepted}."),
    ))
}

async fn read_limited(mut body: Body, max_bytes: usize) -> Result<Bytes, ApiError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|source| broken_body(WHOLE_BODY).with_source(source))?;
        let Ok(chunk) = frame.into_data() else {
            continue;
        };
        if read.len() + chunk.len() > max_bytes {
            return Err(too_large(max_bytes));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read.freeze())
}

/// Waits for a body no longer than the settings allow.
pub(crate) async fn in_time<T>(
    state: &AppState,
    reading: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let limit_s = state.settings.body_timeout_s;
    let limit = Duration::from_secs(u64::from(limit_s));
    tokio::time::timeout(limit, reading)
        .await
        .unwrap_or_else(|_| {
            let message = format!("The body did not arrive within {limit_s} s");
            Err(Error::invalid_field(WHOLE_BODY, message).into())
        })
}

/// Error for a body that ended before it was complete.
pub(crate) fn broken_body(path: &str) -> Error {
    Error::invalid_field(path, "The body ended before it was complete")
}

fn parse_json(bytes: &[u8], path: &str) -> Result<Value, ApiError> {
    // Some tools write the mark of UTF-8 before the text; RFC 8259 lets a reader skip it.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.trim_ascii().is_empty() {
        return Err(Error::invalid_field(path, "Invalid JSON: nothing was sent").into());
    }
    serde_json::from_slice(text)
        .map_err(|error| Error::invalid_field(path, format!("Invalid JSON: {error}")).into())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn message(bytes: &[u8]) -> String {
        let error = parse_json(bytes, WHOLE_BODY).unwrap_err();
        assert_eq!(error.error().code(), Code::ValidationFailed);
        error.error().details()[0].message.clone()
    }

    #[test]
    fn broken_json_is_placed_by_line_and_column() {
        assert_eq!(
            message(b"{\n  \"a\": 1,\n}"),
            "Invalid JSON: trailing comma at line 3 column 1"
        );
        assert!(message(b"{\"a\": \"\xff\"}").contains("line 1 column"));
        assert!(message("[".repeat(100_000).as_bytes()).contains("recursion limit"));
        assert_eq!(message(b" \n"), "Invalid JSON: nothing was sent");
        assert!(message(b"{} {}").contains("trailing characters"));
    }

    #[test]
    fn the_mark_of_utf_8_is_skipped() {
        let json = parse_json(b"\xef\xbb\xbf{\"a\":1}", WHOLE_BODY).unwrap();
        assert_eq!(json, serde_json::json!({ "a": 1 }));
    }

    #[test]
    fn only_json_passes_for_json() {
        let check = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(text));
            check_json_type(&headers, "JSON").is_ok()
        };
        assert!(check("application/json"));
        assert!(check("Application/JSON; charset=utf-8"));
        assert!(check("application/vnd.shop+json"));
        assert!(!check("text/plain"));
        assert!(!check("application/x-www-form-urlencoded"));
        assert!(!check(""));
        assert!(check_json_type(&HeaderMap::new(), "JSON").is_ok());
    }
}
