//! Requests to the router, without a network.

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header, request::Builder};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// Sends requests to a server in process, with the key of one account or with none.
#[derive(Clone)]
pub struct TestClient {
    router: Router,
    key: Option<String>,
    admin_key: Option<String>,
}

impl TestClient {
    /// Makes a client of a router.
    pub fn new(router: Router, key: Option<String>) -> Self {
        Self {
            router,
            key,
            admin_key: None,
        }
    }

    /// The same server with another key.
    #[must_use]
    pub fn with_key(&self, key: Option<String>) -> Self {
        Self {
            router: self.router.clone(),
            key,
            admin_key: None,
        }
    }

    /// The same server with an admin key, and no other one.
    #[must_use]
    pub fn with_admin_key(&self, admin_key: &str) -> Self {
        Self {
            router: self.router.clone(),
            key: None,
            admin_key: Some(admin_key.to_owned()),
        }
    }

    /// The router, for serving it on a real connection.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// The key that is sent.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Begins a request that carries the key.
    pub fn request(&self, method: Method, path: &str) -> Builder {
        let builder = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "drape.test");
        let builder = match &self.key {
            Some(key) => builder.header("x-api-key", key),
            None => builder,
        };
        match &self.admin_key {
            Some(key) => builder.header("x-admin-key", key),
            None => builder,
        }
    }

    /// Sends a finished request and returns the answer before its body has ended.
    pub async fn open(&self, request: Request<Body>) -> Response<Body> {
        let answer = self.router.clone().oneshot(request).await;
        answer.expect("routers answer")
    }

    /// Sends a finished request.
    #[expect(clippy::expect_used, reason = "a broken body fails the test")]
    pub async fn send(&self, request: Request<Body>) -> TestResponse {
        let response = self.open(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Sends a request without a body.
    #[expect(clippy::expect_used, reason = "a malformed request fails the test")]
    pub async fn bare(&self, method: Method, path: &str) -> TestResponse {
        let request = self.request(method, path).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    /// Sends `GET`.
    pub async fn get(&self, path: &str) -> TestResponse {
        self.bare(Method::GET, path).await
    }

    /// Sends `DELETE`.
    pub async fn delete(&self, path: &str) -> TestResponse {
        self.bare(Method::DELETE, path).await
    }

    /// Sends `POST` with JSON.
    pub async fn post(&self, path: &str, json: &Value) -> TestResponse {
        self.post_bytes(path, "application/json", json.to_string())
            .await
    }

    /// Sends `PATCH` with JSON.
    pub async fn patch(&self, path: &str, json: &Value) -> TestResponse {
        self.send_bytes(Method::PATCH, path, "application/json", json.to_string())
            .await
    }

    /// Sends `POST` with any body.
    pub async fn post_bytes(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> TestResponse {
        self.send_bytes(Method::POST, path, content_type, body)
            .await
    }

    /// Sends any method with any body.
    #[expect(clippy::expect_used, reason = "a malformed request fails the test")]
    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> TestResponse {
        let body: Bytes = body.into();
        let request = self
            .request(method, path)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::CONTENT_LENGTH, body.len())
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }

    /// Sends `POST` with a form.
    pub async fn post_form(&self, path: &str, form: FormData) -> TestResponse {
        self.post_bytes(path, &form.content_type(), form.finish())
            .await
    }
}

/// A `multipart/form-data` body in the making.
#[derive(Debug, Clone, Default)]
pub struct FormData {
    body: Vec<u8>,
}

impl FormData {
    const BOUNDARY: &str = "-----drape-test-boundary";

    /// Begins an empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text field.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(
            &format!("form-data; name=\"{name}\""),
            None,
            value.as_bytes(),
        )
    }

    /// Adds JSON as an `application/json` part.
    #[must_use]
    pub fn json(self, name: &str, value: &Value) -> Self {
        let disposition = format!("form-data; name=\"{name}\"");
        self.part(
            &disposition,
            Some("application/json"),
            value.to_string().as_bytes(),
        )
    }

    /// Adds a file.
    #[must_use]
    pub fn file(self, name: &str, bytes: &[u8]) -> Self {
        let disposition = format!("form-data; name=\"{name}\"; filename=\"picture.jpg\"");
        self.part(&disposition, Some("image/jpeg"), bytes)
    }

    /// Adds a part with headers as given.
    #[must_use]
    pub fn part(mut self, disposition: &str, content_type: Option<&str>, bytes: &[u8]) -> Self {
        let head = format!(
            "--{}\r\nContent-Disposition: {disposition}\r\n",
            Self::BOUNDARY
        );
        self.body.extend_from_slice(head.as_bytes());
        if let Some(content_type) = content_type {
            let line = format!("Content-Type: {content_type}\r\n");
            self.body.extend_from_slice(line.as_bytes());
        }
        self.body.extend_from_slice(b"\r\n");
        self.body.extend_from_slice(bytes);
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// Value of the `Content-Type` header.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", Self::BOUNDARY)
    }

    /// The whole body.
    pub fn finish(mut self) -> Vec<u8> {
        let end = format!("--{}--\r\n", Self::BOUNDARY);
        self.body.extend_from_slice(end.as_bytes());
        self.body
    }

    /// The body without its last boundary.
    pub fn unfinished(self) -> Vec<u8> {
        self.body
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct TestResponse {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl TestResponse {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// Checks the status and returns the JSON.
    #[track_caller]
    pub fn expect_status(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self.json()
    }

    /// Checks that this is the one shape of errors, with this status and code, and returns the JSON.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) -> Value {
        let json = self.expect_status(status);
        assert_eq!(json["code"], code, "{json}");
        assert_eq!(json["status"], status, "{json}");
        assert!(
            json["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{json}"
        );
        assert_eq!(json["requestId"], self.header("x-request-id"), "{json}");
        assert_eq!(self.header("content-type"), "application/json");
        let known = [
            "code",
            "message",
            "status",
            "details",
            "generationId",
            "requestId",
        ];
        for key in json.as_object().into_iter().flat_map(serde_json::Map::keys) {
            assert!(known.contains(&key.as_str()), "{json}");
        }
        if code == "VALIDATION_FAILED" {
            assert!(
                json["details"]
                    .as_array()
                    .is_some_and(|list| !list.is_empty()),
                "{json}"
            );
        }
        json
    }
}
