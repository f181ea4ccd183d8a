//! The documentation as readers get it.

use axum::body::Body;
use drape_testkit::{TestClient, TestServer, server::TestResponse};
use http::{Method, StatusCode};

async fn get_with(client: &TestClient, path: &str, header: (&str, &str)) -> TestResponse {
    let request = client.request(Method::GET, path).header(header.0, header.1);
    client.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn pages_are_open_and_load_nothing_from_elsewhere() {
    let server = TestServer::start().await;
    let anybody = server.stranger();
    for path in ["/", "/docs/"] {
        let answer = anybody.get(path).await;
        assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(answer.header("location"), "/docs");
    }
    for (path, kind) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/introduction", "text/html; charset=utf-8"),
        ("/docs/quickstart", "text/html; charset=utf-8"),
        ("/docs/quickstart.md", "text/markdown; charset=utf-8"),
        ("/docs/llms.txt", "text/plain; charset=utf-8"),
        ("/docs/llms-full.txt", "text/plain; charset=utf-8"),
        ("/docs/search.json", "application/json"),
        ("/docs/assets/docs.css", "text/css; charset=utf-8"),
        ("/docs/assets/docs.js", "text/javascript; charset=utf-8"),
        ("/docs/assets/icon.svg", "image/svg+xml"),
    ] {
        let answer = anybody.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("ratelimit"), "", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(!answer.body.is_empty());
    }
    let (home, introduction) = (
        anybody.get("/docs").await,
        anybody.get("/docs/introduction").await,
    );
    assert_eq!(home.body, introduction.body);
}

#[tokio::test]
async fn what_a_reader_has_is_not_sent_again() {
    let server = TestServer::start().await;
    for path in [
        "/docs",
        "/docs/errors",
        "/docs/errors.md",
        "/docs/assets/docs.css",
    ] {
        let first = server.get(path).await;
        assert_eq!(first.header("cache-control"), "no-cache", "{path}");
        let tag = first.header("etag");
        let again = get_with(&server, path, ("if-none-match", tag)).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}");
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), tag);
        let other = get_with(&server, path, ("if-none-match", "\"other\"")).await;
        assert_eq!(other.body, first.body);
    }
}

#[tokio::test]
async fn files_with_their_version_are_kept_for_long() {
    let server = TestServer::start().await;
    let page = server.get("/docs").await.text();
    let start = page.find("/docs/assets/docs.css?v=").unwrap();
    let address = page[start..].split('"').next().unwrap();
    let answer = server.get(address).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("cache-control").contains("immutable"));
    let old = server.get("/docs/assets/docs.css?v=0123456789abcdef").await;
    assert_eq!(old.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn an_unknown_page_is_html_for_browsers_and_the_error_shape_for_others() {
    let server = TestServer::start().await;
    for path in [
        "/docs/nope",
        "/docs/nope.md",
        "/docs/%ff",
        "/docs/..%2fCargo",
        "/docs/assets/nope.css",
    ] {
        server.get(path).await.expect_error(404, "NOT_FOUND");
    }
    let browser = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let page = get_with(&server, "/docs/nope", browser).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("Page not found"));
    assert!(!page.header("x-request-id").is_empty());
    let elsewhere = get_with(&server, "/tryon/v1/nope", browser).await;
    elsewhere.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn the_page_that_the_alpha_is_sent_to_exists() {
    let server = TestServer::start().await;
    let body = serde_json::json!({ "productId": "a", "customerImageId": "b" });
    let refused = server.post(crate::world::TRY_ON, &body).await;
    let refused = refused.expect_error(400, "VALIDATION_FAILED");
    let message = refused["message"].as_str().unwrap();
    let path = message
        .split_whitespace()
        .find(|word| word.starts_with("/docs/"))
        .unwrap();
    assert_eq!(server.get(path).await.status, StatusCode::OK);
}
