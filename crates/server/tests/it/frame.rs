//! What every answer has in common.

use axum::body::Body;
use bytes::Bytes;
use drape_testkit::{TestServer, server::PANICKING_URL};
use http::Method;
use serde_json::json;

use crate::world::{CREDITS, GENERATIONS, PRODUCTS, TRY_ON, UPLOAD, balance, keys};

#[tokio::test]
async fn unknown_routes_have_the_error_shape() {
    let server = TestServer::start().await;
    for path in [
        "/tryon",
        "/tryon/v1",
        "/tryon/v1/",
        "/tryon/v2/products",
        "/tryon/v1/products/",
        "/tryon/v1/products/a/b",
        "/tryon/v1/try-on/",
        "/tryon/v1/account",
        "/healthz/",
        "//",
        "/%00",
        "/%ff",
        "/favicon.ico",
        "/tryon/v1/pictures/x",
    ] {
        for client in [(*server).clone(), server.stranger()] {
            let error = client.get(path).await.expect_error(404, "NOT_FOUND");
            assert_eq!(keys(&error), ["code", "message", "status", "requestId"]);
        }
    }
}

#[tokio::test]
async fn wrong_methods_say_which_are_right() {
    let server = TestServer::start().await;
    for (method, path, allow) in [
        (Method::GET, TRY_ON, "POST"),
        (Method::PUT, TRY_ON, "POST"),
        (Method::OPTIONS, TRY_ON, "POST"),
        (Method::PATCH, PRODUCTS, "GET,HEAD,POST"),
        (Method::POST, CREDITS, "GET,HEAD"),
        (Method::DELETE, GENERATIONS, "GET,HEAD"),
        (Method::PUT, "/tryon/v1/products/x", "DELETE,GET,HEAD"),
        (Method::POST, "/healthz", "GET,HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), UPLOAD, "POST"),
    ] {
        let answer = server.bare(method.clone(), path).await;
        answer.expect_error(405, "METHOD_NOT_ALLOWED");
        let mut allowed: Vec<_> = answer.header("allow").split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let server = TestServer::start().await;
    let get = server.get(CREDITS).await;
    let head = server.bare(Method::HEAD, CREDITS).await;
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(head.header("content-type"), "application/json");

    let head = server
        .bare(Method::HEAD, "/tryon/v1/generations/nope")
        .await;
    assert_eq!(head.status, 404);
    assert!(head.body.is_empty());
    assert_ne!(head.header("content-length"), "0");
    let head = server.bare(Method::HEAD, TRY_ON).await;
    assert_eq!(head.status, 405);
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn a_sane_request_id_is_taken_over_and_any_other_replaced() {
    let server = TestServer::start().await;
    let with_id = |id: &str, path: &str| {
        let request = server.request(Method::GET, path).header("x-request-id", id);
        request.body(Body::empty()).unwrap()
    };
    for path in [CREDITS, "/healthz", "/nowhere"] {
        let answer = server.send(with_id("order-1.a_B", path)).await;
        assert_eq!(answer.header("x-request-id"), "order-1.a_B");
    }
    let error = server
        .send(with_id("my-id", "/nowhere"))
        .await
        .expect_error(404, "NOT_FOUND");
    assert_eq!(error["requestId"], "my-id");
    let mut made = Vec::new();
    for id in ["", "a b", "x\"y", &"x".repeat(65)] {
        let answer = server.send(with_id(id, CREDITS)).await;
        let given = answer.header("x-request-id").to_owned();
        assert!(given.starts_with("req_") && given.len() > 20, "{given}");
        made.push(given);
    }
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 4);
}

#[tokio::test]
async fn answers_are_not_to_be_sniffed_stored_or_read_by_other_sites() {
    let server = TestServer::start().await;
    for path in [CREDITS, "/healthz", "/openapi.json", "/nowhere"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        for (name, _) in &answer.headers {
            assert!(
                !name.as_str().starts_with("access-control"),
                "{path}: {name}"
            );
        }
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_harms_nobody_else() {
    let server = TestServer::start().await;
    let body = json!({
        "product": { "images": [{ "url": "https://shop.example/shirt.jpg" }] }, "customer": { "url": PANICKING_URL },
    });
    let answer = server.post(TRY_ON, &body).await;
    let error = answer.expect_error(500, "INTERNAL_ERROR");
    assert_eq!(error["message"], "Something went wrong on the server.");
    assert!(!answer.text().contains("panic"));
    assert_eq!(balance(&server).await, 10);
}

#[tokio::test]
async fn too_large_bodies_are_refused_before_and_while_they_come() {
    let server = TestServer::start().await;
    let large = format!("{{\"x\":\"{}\"}}", "a".repeat(1_000_000));
    let answer = server
        .post_bytes(TRY_ON, "application/json", large.clone())
        .await;
    let error = answer.expect_error(413, "PAYLOAD_TOO_LARGE");
    assert!(error["message"].as_str().unwrap().contains("1000000"));

    // Without a length, and with one that lies.
    for declared in [None, Some("10")] {
        let chunks: Vec<_> = large
            .as_bytes()
            .chunks(8_192)
            .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
            .collect();
        let mut request = server
            .request(Method::POST, PRODUCTS)
            .header("content-type", "application/json");
        if let Some(length) = declared {
            request = request.header("content-length", length);
        }
        let body = Body::from_stream(futures::stream::iter(chunks));
        let answer = server.send(request.body(body).unwrap()).await;
        answer.expect_error(413, "PAYLOAD_TOO_LARGE");
    }
    let request = server
        .request(Method::POST, PRODUCTS)
        .header("content-length", "lots");
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    answer.expect_error(413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn long_paths_and_odd_queries_are_answered() {
    let server = TestServer::start().await;
    let long = "x".repeat(60_000);
    server
        .get(&format!("/{long}"))
        .await
        .expect_error(404, "NOT_FOUND");
    server
        .get(&format!("{PRODUCTS}/{long}"))
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    server
        .get(&format!("{GENERATIONS}/{long}"))
        .await
        .expect_error(404, "GENERATION_NOT_FOUND");
    server
        .get(&format!("{GENERATIONS}?cursor={long}"))
        .await
        .expect_error(400, "VALIDATION_FAILED");
    server
        .get(&format!("{CREDITS}?%ff&&==&{long}"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn the_api_document_is_served_as_stored() {
    let server = TestServer::start().await;
    let served = server.stranger().get("/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    let stored = include_str!("../../openapi.json");
    assert_eq!(served.text(), stored);
}
