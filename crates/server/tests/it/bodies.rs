//! JSON bodies: what they may be, and what is said about broken ones.

use axum::body::Body;
use drape_testkit::TestServer;
use http::Method;
use serde_json::{Value, json};

use crate::world::{
    PRODUCTS, SHIRT_URL, TRY_ON, balance, by_reference, details, one_shot, shop, upload,
};

#[tokio::test]
async fn broken_json_is_placed_by_line_and_column() {
    let server = TestServer::start().await;
    for (body, message) in [
        (
            "{\n  \"product\": ,\n}",
            "Invalid JSON: expected value at line 2 column 14",
        ),
        (
            "{\"a\":1",
            "Invalid JSON: EOF while parsing an object at line 1 column 6",
        ),
        ("", "Invalid JSON: nothing was sent"),
        (
            "{} x",
            "Invalid JSON: trailing characters at line 1 column 4",
        ),
        (
            "{\"a\": \"\\ud800\"}",
            "Invalid JSON: unexpected end of hex escape at line 1 column 14",
        ),
        (
            "{\"a\": 1e999}",
            "Invalid JSON: number out of range at line 1 column 11",
        ),
    ] {
        for path in [TRY_ON, PRODUCTS] {
            let answer = server.post_bytes(path, "application/json", body).await;
            let error = answer.expect_error(400, "VALIDATION_FAILED");
            assert_eq!(details(&error), [format!("body: {message}")], "{body}");
            assert_eq!(error["message"], format!("body: {message}"));
        }
    }
    let answer = server
        .post_bytes(TRY_ON, "application/json", &b"{\"a\":\"\xff\xfe\"}"[..])
        .await;
    let error = answer.expect_error(400, "VALIDATION_FAILED");
    assert!(details(&error)[0].contains("line 1 column"), "{error}");
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let answer = server.post_bytes(TRY_ON, "application/json", deep).await;
    answer.expect_error(400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn other_types_are_refused_and_json_is_known_by_many_names() {
    let server = TestServer::start().await;
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "image/jpeg",
        "multipart/mixed; boundary=x",
        "json",
        "",
    ] {
        let answer = server.post_bytes(TRY_ON, content_type, "{}").await;
        answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    for content_type in [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/vnd.api+json",
    ] {
        let answer = server.post_bytes(TRY_ON, content_type, "{}").await;
        answer.expect_error(400, "VALIDATION_FAILED");
    }
    // Some clients name no type at all.
    let request = server.request(Method::POST, TRY_ON).body(Body::from("{}"));
    let answer = server.send(request.unwrap()).await;
    answer.expect_error(400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn an_empty_object_names_what_is_missing() {
    let server = TestServer::start().await;
    let error = server
        .post(TRY_ON, &json!({}))
        .await
        .expect_error(400, "VALIDATION_FAILED");
    assert_eq!(details(&error), ["product: Required", "customer: Required"]);
    assert_eq!(error["message"], "The request is not valid. See details.");
    server
        .post(PRODUCTS, &json!({}))
        .await
        .expect_error(400, "EXTERNAL_ID_REQUIRED");
}

#[tokio::test]
async fn every_code_of_a_malformed_body() {
    let server = shop().await;
    let image = upload(&server).await;
    let person = json!({ "id": image });
    let shirt = json!({ "images": [{ "url": SHIRT_URL }] });
    let cases: Vec<(Value, u16, &str)> = vec![
        (json!({ "product": shirt }), 400, "CUSTOMER_IMAGE_REQUIRED"),
        (
            json!({ "product": shirt, "customer": {} }),
            400,
            "CUSTOMER_IMAGE_REQUIRED",
        ),
        (
            json!({ "product": { "title": "x" }, "customer": person }),
            400,
            "PRODUCT_IMAGES_REQUIRED",
        ),
        (
            json!({ "product": { "externalId": "new", "title": "x" }, "customer": person }),
            400,
            "PRODUCT_IMAGES_REQUIRED",
        ),
        (
            json!({ "product": { "images": [{}] }, "customer": person }),
            400,
            "INVALID_IMAGE_INPUT",
        ),
        (
            json!({ "product": shirt, "customer": { "fileKey": "f" } }),
            400,
            "MULTIPART_FILE_NOT_FOUND",
        ),
        (
            json!({ "product": shirt, "customer": { "id": "nope" } }),
            404,
            "IMAGE_NOT_FOUND",
        ),
        (
            json!({ "product": { "externalId": "nope" }, "customer": person }),
            404,
            "PRODUCT_NOT_FOUND",
        ),
        (
            json!({ "product": shirt, "customer": { "url": "https://shop.example/none.jpg" } }),
            400,
            "CUSTOMER_IMAGE_FETCH_FAILED",
        ),
        (
            json!({ "product": shirt, "customer": [person] }),
            400,
            "VALIDATION_FAILED",
        ),
        (
            json!({ "products": [shirt, shirt, shirt, shirt], "customer": person }),
            400,
            "VALIDATION_FAILED",
        ),
        (
            json!({ "productId": "p", "customerImageId": "c" }),
            400,
            "VALIDATION_FAILED",
        ),
    ];
    for (body, status, code) in cases {
        let error = server.post(TRY_ON, &body).await.expect_error(status, code);
        let has_details = error.get("details").is_some();
        assert_eq!(has_details, code == "VALIDATION_FAILED", "{error}");
    }
    assert_eq!(balance(&server).await, 10, "refusals cost nothing");
    assert_eq!(server.run_jobs().await, 0, "and queue nothing");
}

#[tokio::test]
async fn the_alpha_is_shown_the_way() {
    let server = TestServer::start().await;
    let body = json!({ "productId": "p1", "customerImageId": "c1" });
    let error = server
        .post(TRY_ON, &body)
        .await
        .expect_error(400, "VALIDATION_FAILED");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("/docs/migrating-from-alpha"), "{message}");
}

#[tokio::test]
async fn unknown_engines_are_named_among_the_other_problems() {
    let server = shop().await;
    let image = upload(&server).await;
    let mut body = one_shot(&image);
    body["engine"] = json!("nano");
    body["retentionDays"] = json!(5);
    let error = server
        .post(TRY_ON, &body)
        .await
        .expect_error(400, "VALIDATION_FAILED");
    assert_eq!(
        details(&error),
        [
            "retentionDays: Invalid enum value. Expected 1 | 3 | 7, received 5",
            "engine: Invalid enum value. Expected 'scripted' | 'mock', received 'nano'",
        ]
    );
}

#[tokio::test]
async fn images_of_others_and_gone_ones_are_told_apart() {
    let server = shop().await;
    let (_, other) = server.another_account("other", 5).await;
    let foreign = upload(&other).await;
    let answer = server.post(TRY_ON, &one_shot(&foreign)).await;
    answer.expect_error(403, "FORBIDDEN");
    let unknown = "img_01920000000070008000000000000001";
    let answer = server.post(TRY_ON, &one_shot(unknown)).await;
    answer.expect_error(404, "IMAGE_NOT_FOUND");
    // The person is looked at before the product.
    let answer = server.post(TRY_ON, &by_reference("nope", unknown)).await;
    answer.expect_error(404, "IMAGE_NOT_FOUND");
}
