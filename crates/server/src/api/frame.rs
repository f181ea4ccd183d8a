//! The outermost layer: request ids, the error shape, panics, security headers, the access log.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use drape_core::{Code, Error};
use futures::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tracing::Instrument as _;

use super::{
    body::linger::{DrainLimits, watch_body},
    error::{ApiError, from_bare_status},
};
use crate::state::{ApiSettings, AppState};

/// Header that names a request, in both directions.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is taken over.
const MAX_REQUEST_ID_CHARS: usize = 64;
/// Longest time spent on the rest of a body that was refused.
const MAX_DRAIN_TIME: Duration = Duration::from_secs(10);

/// Marks the rare error answer that is a page for a browser: its body stays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeepsBody(pub Code);

/// Wraps every request: nothing else leaves the server in another shape than the contract's.
pub(crate) async fn frame(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = given_request_id(request.headers())
        .unwrap_or_else(|| format!("req_{}", state.ports.ids.uuid().simple()));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unknown".to_owned(), |route| route.as_str().to_owned());
    // Who asked: the guard fills it in.
    let span = tracing::info_span!(
        "request",
        request.id = %request_id,
        account.id = tracing::field::Empty,
        admin_key.id = tracing::field::Empty
    );
    let running = state.metrics.request_begins();
    async move {
        let (request, unread) = watch_body(request, drain_limits(&state.settings));
        let outcome = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = outcome.unwrap_or_else(|panic| {
            ApiError::from(Error::internal(panic_text(panic.as_ref()))).into_response()
        });
        // Many clients do not look for an answer before they have sent everything.
        unread.drain().await;
        let (response, code) = finish(response, &method, &request_id);
        let took = started.elapsed();
        drop(running);
        let status = response.status();
        state.metrics.request_ended(&method, &route, status, took);
        // What stands in this line is promised in docs/LOGGING.md.
        tracing::info!(
            http.method = %method,
            http.route = route,
            http.status = status.as_u16(),
            error.code = code,
            duration_ms = took.as_millis() as u64,
            "request"
        );
        response
    }
    .instrument(span)
    .await
}

/// Bounds the reading of what a refused caller is still sending.
fn drain_limits(settings: &ApiSettings) -> DrainLimits {
    let body_timeout = Duration::from_secs(u64::from(settings.body_timeout_s));
    DrainLimits {
        max_bytes: settings.max_multipart_bytes,
        max_time: body_timeout.min(MAX_DRAIN_TIME),
    }
}

/// Gives the answer its error body and its headers; returns the error code for the log.
fn finish(
    mut response: Response,
    method: &Method,
    request_id: &str,
) -> (Response, Option<&'static str>) {
    let mut code = None;
    let own_body = response.extensions_mut().remove::<KeepsBody>();
    if let Some(KeepsBody(own_code)) = own_body {
        code = Some(own_code.as_str());
    } else if response.status().is_client_error() || response.status().is_server_error() {
        let error = response
            .extensions_mut()
            .remove::<ApiError>()
            .unwrap_or_else(|| from_bare_status(response.status()));
        error.log();
        code = Some(error.error().code().as_str());
        write_error(&mut response, &error, method, request_id);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    (response, code)
}

fn write_error(response: &mut Response, error: &ApiError, method: &Method, request_id: &str) {
    *response.status_mut() = error.status();
    let json = error.to_json(request_id);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(json.len()));
    *response.body_mut() = if *method == Method::HEAD {
        Body::empty()
    } else {
        Body::from(json)
    };
}

/// The caller's own id for the request, when it is a plain token.
fn given_request_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = !text.is_empty()
        && text.len() <= MAX_REQUEST_ID_CHARS
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    is_plain.then(|| text.to_owned())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("no message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_tokens_are_taken_as_request_ids() {
        let given = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                REQUEST_ID,
                HeaderValue::from_bytes(text.as_bytes()).unwrap(),
            );
            given_request_id(&headers)
        };
        for good in ["a", "A-1_b.c", &"x".repeat(64)] {
            assert_eq!(given(good).as_deref(), Some(good));
        }
        for bad in ["", "a b", "a\u{e9}", "<script>", "a;b", &"x".repeat(65)] {
            assert_eq!(given(bad), None, "{bad:?}");
        }
        assert_eq!(given_request_id(&HeaderMap::new()), None);
    }
}
