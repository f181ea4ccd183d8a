//! `/docs`: the documentation of this server, as pages and as plain text.

use axum::{
    body::Body,
    extract::{Path, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use drape_core::Code;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

use super::{error::ApiError, frame::KeepsBody, pictures::has_tag};
use crate::docs::{Document, SITE, asset};

/// Codes of the routes that look something up.
pub(crate) const ERRORS: &[Code] = &[Code::NotFound];

/// Pages load nothing from anywhere else, and nobody may put them into a frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");
/// Kept, but asked for again each time; the entity tag makes that cheap.
const ASK_AGAIN: &str = "no-cache";
/// Kept for a year: the version in the address changes with the content.
const FOR_LONG: &str = "public, max-age=31536000, immutable";

/// Leads to the documentation.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "redirect_root",
    tag = "documentation",
    responses((status = 308, description = "The documentation is at `/docs`")),
    security(())
)]
pub(crate) async fn redirect_root() -> Response {
    to_docs()
}

/// Leads to the documentation without the slash.
#[utoipa::path(
    get,
    path = "/docs/",
    operation_id = "redirect_docs",
    tag = "documentation",
    responses((status = 308, description = "The documentation is at `/docs`")),
    security(())
)]
pub(crate) async fn redirect_docs() -> Response {
    to_docs()
}

fn to_docs() -> Response {
    let location = [(header::LOCATION, HeaderValue::from_static("/docs"))];
    (StatusCode::PERMANENT_REDIRECT, location).into_response()
}

/// Serves the first page of the documentation.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "get_docs",
    tag = "documentation",
    responses(
        (status = 200, content_type = "text/html", body = String, description = "The introduction"),
        (status = 304, description = "The page is the one that `If-None-Match` names"),
    ),
    security(())
)]
pub(crate) async fn get_docs(headers: HeaderMap) -> Response {
    serve(SITE.home(), &headers, ASK_AGAIN)
}

/// Serves a page of the documentation; with `.md` at the end its Markdown.
#[utoipa::path(
    get,
    path = "/docs/{page}",
    operation_id = "get_docs_page",
    tag = "documentation",
    params(("page" = String, Path, description = "Name of the page, such as `quickstart` or `quickstart.md`")),
    responses(
        (status = 200, description = "The page", content(
            (String = "text/html"),
            (String = "text/markdown"),
        )),
        (status = 304, description = "The page is the one that `If-None-Match` names"),
    ),
    security(())
)]
pub(crate) async fn get_docs_page(
    page: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = page.ok().and_then(|Path(name)| SITE.find(&name));
    if let Some(document) = found {
        return Ok(serve(document, &headers, ASK_AGAIN));
    }
    if !prefers_html(&headers) {
        return Err(not_found(
            "There is no such page. /docs/llms.txt lists all.",
        ));
    }
    let mut response = serve(&SITE.not_found, &HeaderMap::new(), "no-store");
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.extensions_mut().insert(KeepsBody(Code::NotFound));
    Ok(response)
}

/// Serves the index of the documentation for language models (llmstxt.org).
#[utoipa::path(
    get,
    path = "/docs/llms.txt",
    operation_id = "get_docs_index",
    tag = "documentation",
    responses(
        (status = 200, content_type = "text/plain", body = String, description = "The index"),
        (status = 304, description = "The index is the one that `If-None-Match` names"),
    ),
    security(())
)]
pub(crate) async fn get_docs_index(headers: HeaderMap) -> Response {
    serve(&SITE.llms, &headers, ASK_AGAIN)
}

/// Serves all pages of the documentation as one text.
#[utoipa::path(
    get,
    path = "/docs/llms-full.txt",
    operation_id = "get_docs_text",
    tag = "documentation",
    responses(
        (status = 200, content_type = "text/plain", body = String, description = "All pages"),
        (status = 304, description = "The text is the one that `If-None-Match` names"),
    ),
    security(())
)]
pub(crate) async fn get_docs_text(headers: HeaderMap) -> Response {
    serve(&SITE.llms_full, &headers, ASK_AGAIN)
}

/// Serves what the search box of the documentation looks through.
#[utoipa::path(
    get,
    path = "/docs/search.json",
    operation_id = "get_docs_search",
    tag = "documentation",
    responses(
        (status = 200, content_type = "application/json", body = Vec<Object>, description = "One entry per heading"),
        (status = 304, description = "The entries are those that `If-None-Match` names"),
    ),
    security(())
)]
pub(crate) async fn get_docs_search(headers: HeaderMap) -> Response {
    serve(&SITE.search_index, &headers, ASK_AGAIN)
}

/// Serves style and scripts of the documentation.
#[utoipa::path(
    get,
    path = "/docs/assets/{file}",
    operation_id = "get_docs_asset",
    tag = "documentation",
    params(("file" = String, Path, description = "Name of the file, such as `docs.css`")),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/css"),
            (String = "text/javascript"),
            (String = "image/svg+xml"),
        )),
        (status = 304, description = "The file is the one that `If-None-Match` names"),
    ),
    security(())
)]
pub(crate) async fn get_docs_asset(
    file: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = file.ok().and_then(|Path(name)| asset(&name));
    let document = found.ok_or_else(|| not_found("There is no such file."))?;
    let asked_version = uri.query().and_then(|query| query.strip_prefix("v="));
    let is_current = asked_version == Some(document.tag.trim_matches('"'));
    let cache_control = if is_current { FOR_LONG } else { ASK_AGAIN };
    Ok(serve(document, &headers, cache_control))
}

fn not_found(message: &str) -> ApiError {
    ApiError::new(Code::NotFound, message)
}

/// Answers with a document, or says that the reader has it already.
fn serve(document: &Document, asked: &HeaderMap, cache_control: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    if has_tag(asked, &document.tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(document.body.clone());
        let content_type = HeaderValue::from_static(document.content_type);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
    }
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&document.tag) {
        headers.insert(header::ETAG, tag);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, cache_control),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Says whether the reader is a browser: `text/html` stands in `Accept`, and before JSON.
fn prefers_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    let accept = accept.unwrap_or_default();
    let place = |kind: &str| {
        accept
            .split(',')
            .position(|entry| entry.split(';').next().unwrap_or_default().trim() == kind)
    };
    match (place("text/html"), place("application/json")) {
        (Some(html), Some(json)) => html < json,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_html_and_clients_get_json() {
        let prefers = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            prefers_html(&headers)
        };
        assert!(prefers("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(prefers("text/html;q=0.9, application/json;q=0.5"));
        assert!(!prefers("application/json, text/html"));
        assert!(!prefers("*/*"));
        assert!(!prefers_html(&HeaderMap::new()));
    }
}
