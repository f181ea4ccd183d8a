//! Products.

use drape_testkit::{TestServer, server::TestOptions};
use serde_json::{Value, json};

use crate::world::{
    PRODUCTS, SHIRT_URL, TRY_ON, by_reference, details, keys, one_shot, shop, shop_with, text,
    upload,
};

/// Percent-encodes every byte, as no client does and every server must bear.
fn encoded(id: &str) -> String {
    let bytes: Vec<_> = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

fn shirt(external_id: &str) -> Value {
    json!({ "externalId": external_id, "images": [{ "url": SHIRT_URL }] })
}

#[tokio::test]
async fn a_product_is_created_read_updated_and_deleted() {
    let server = TestServer::start().await;
    let body = json!({
        "externalId": "tee", "title": "Tee", "description": "Cotton", "metadata": { "color": "red", "sizes": [1, 2] },
        "validForDays": 30,
        "images": [{ "url": SHIRT_URL, "classifications": { "category": "top" } }, { "source": { "url": "https://shop.example/b.jpg" } }],
    });
    let made = server.post(PRODUCTS, &body).await.expect_status(201);
    assert_eq!(
        keys(&made),
        [
            "externalId",
            "title",
            "description",
            "metadata",
            "validForDays",
            "expiresAt",
            "lastUsedAt",
            "createdAt",
            "updatedAt",
            "images"
        ]
    );
    assert_eq!(
        made,
        json!({
            "externalId": "tee", "title": "Tee", "description": "Cotton",
            "metadata": { "color": "red", "sizes": [1, 2] }, "validForDays": 30,
            "expiresAt": "2026-03-31T09:00:00.000Z", "lastUsedAt": null,
            "createdAt": "2026-03-01T09:00:00.000Z", "updatedAt": "2026-03-01T09:00:00.000Z",
            "images": [
                { "sourceUrl": SHIRT_URL, "order": 0, "classifications": { "category": "top" } },
                { "sourceUrl": "https://shop.example/b.jpg", "order": 1, "classifications": {} },
            ],
        })
    );
    let path = format!("{PRODUCTS}/tee");
    assert_eq!(server.get(&path).await.expect_status(200), made);

    server
        .clock
        .advance(std::time::Duration::from_millis(2_345));
    let change = json!({ "externalId": "tee", "title": null, "description": "Linen" });
    let changed = server.post(PRODUCTS, &change).await.expect_status(200);
    assert_eq!(changed["title"], Value::Null);
    assert_eq!(changed["description"], "Linen");
    assert_eq!(changed["metadata"], made["metadata"]);
    assert_eq!(changed["images"], made["images"]);
    assert_eq!(changed["updatedAt"], "2026-03-01T09:00:02.345Z");
    let replaced = json!({ "externalId": "tee", "imageUrls": ["https://shop.example/c.jpg"], "metadata": null });
    let replaced = server.post(PRODUCTS, &replaced).await.expect_status(200);
    assert_eq!(replaced["images"].as_array().map(Vec::len), Some(1));
    assert_eq!(replaced["metadata"], Value::Null);

    let gone = server.delete(&path).await;
    gone.expect_status(204);
    assert!(gone.body.is_empty());
    server
        .get(&path)
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    server
        .delete(&path)
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    server
        .post(PRODUCTS, &change)
        .await
        .expect_error(400, "PRODUCT_IMAGES_REQUIRED");
    server
        .post(PRODUCTS, &shirt("tee"))
        .await
        .expect_status(201);
}

#[tokio::test]
async fn what_is_missing_is_null() {
    let server = TestServer::start().await;
    let made = server
        .post(PRODUCTS, &shirt("bare"))
        .await
        .expect_status(201);
    for key in [
        "title",
        "description",
        "metadata",
        "validForDays",
        "expiresAt",
        "lastUsedAt",
    ] {
        assert_eq!(made.get(key), Some(&Value::Null), "{key}");
    }
}

#[tokio::test]
async fn odd_ids_work_in_bodies_and_paths() {
    let server = shop_with(TestOptions {
        credits: 50,
        rate_limit: 1_000,
        ..TestOptions::default()
    })
    .await;
    let image = upload(&server).await;
    let long = "ß".repeat(255);
    for id in [
        "a/b",
        "a b",
        "../..",
        ".",
        "%2F",
        "100%",
        "Größe 42/ß",
        "🧥",
        "a?b#c",
        "a+b&c=d",
        "null",
        "0",
        "\"quoted\"",
        "back\\slash",
        "'; DROP TABLE products; --",
        " lead and trail ",
        "{externalId}",
        long.as_str(),
    ] {
        server.post(PRODUCTS, &shirt(id)).await.expect_status(201);
        let path = format!("{PRODUCTS}/{}", encoded(id));
        let read = server.get(&path).await.expect_status(200);
        assert_eq!(read["externalId"], id);
        let answer = server.post(TRY_ON, &by_reference(id, &image)).await;
        assert_eq!(answer.expect_status(202)["productExternalId"], id);
        server.delete(&path).await.expect_status(204);
        server
            .get(&path)
            .await
            .expect_error(404, "PRODUCT_NOT_FOUND");
    }
    for odd in ["%ff", "%00", "%0A", &"x".repeat(256), "nope", "%E2%82"] {
        let path = format!("{PRODUCTS}/{odd}");
        server
            .get(&path)
            .await
            .expect_error(404, "PRODUCT_NOT_FOUND");
        server
            .delete(&path)
            .await
            .expect_error(404, "PRODUCT_NOT_FOUND");
    }
}

#[tokio::test]
async fn ids_are_compared_exactly() {
    let server = TestServer::start().await;
    for id in ["tee", "TEE", "tee ", "té", "te\u{301}"] {
        server.post(PRODUCTS, &shirt(id)).await.expect_status(201);
    }
    let page = server.get(PRODUCTS).await.expect_status(200);
    assert_eq!(page["count"], 5);
}

#[tokio::test]
async fn bodies_that_do_not_fit_name_every_problem() {
    let server = TestServer::start().await;
    let body = json!({
        "externalId": "x".repeat(256), "title": 7, "validForDays": 0, "metadata": [],
        "images": [{ "url": "nope" }, { "fileKey": "f" }, {}],
    });
    let error = server
        .post(PRODUCTS, &body)
        .await
        .expect_error(400, "VALIDATION_FAILED");
    assert_eq!(
        details(&error),
        [
            "externalId: String must contain at most 255 character(s)",
            "title: Expected string, received number",
            "metadata: Expected object, received array",
            "images.0.url: Invalid url",
            "images.1.fileKey: Names no part of the request",
            "images.2: Expected url or fileKey",
            "validForDays: Number must be greater than or equal to 1",
        ]
    );
    for (body, code) in [
        (
            json!({ "images": [{ "url": SHIRT_URL }] }),
            "EXTERNAL_ID_REQUIRED",
        ),
        (json!({ "externalId": "a" }), "PRODUCT_IMAGES_REQUIRED"),
        (
            json!({ "externalId": "a", "images": [] }),
            "PRODUCT_IMAGES_REQUIRED",
        ),
        (
            json!({ "externalId": "a", "images": [{}] }),
            "INVALID_IMAGE_INPUT",
        ),
        (
            json!({ "externalId": "a", "images": [{ "fileKey": "f" }] }),
            "MULTIPART_FILE_NOT_FOUND",
        ),
        (
            json!({ "externalId": "_anon_x", "images": [{ "url": SHIRT_URL }] }),
            "VALIDATION_FAILED",
        ),
    ] {
        server.post(PRODUCTS, &body).await.expect_error(400, code);
    }
    assert_eq!(server.get(PRODUCTS).await.expect_status(200)["count"], 0);
}

#[tokio::test]
async fn one_shot_products_can_be_read_and_used_but_are_not_listed() {
    let server = shop().await;
    let image = upload(&server).await;
    let answer = server
        .post(TRY_ON, &one_shot(&image))
        .await
        .expect_status(202);
    let id = text(&answer["productExternalId"]);
    let path = format!("{PRODUCTS}/{id}");
    let product = server.get(&path).await.expect_status(200);
    assert_eq!(product["validForDays"], 7);
    assert_eq!(product["lastUsedAt"], "2026-03-01T09:00:00.000Z");
    let again = server
        .post(TRY_ON, &by_reference(&id, &image))
        .await
        .expect_status(202);
    assert_eq!(again["productExternalId"], id);
    assert_eq!(server.get(PRODUCTS).await.expect_status(200)["count"], 0);
    server.delete(&path).await.expect_status(204);
}

#[tokio::test]
async fn products_of_others_do_not_exist() {
    let server = shop().await;
    let (_, other) = server.another_account("other", 5).await;
    server
        .post(PRODUCTS, &shirt("tee"))
        .await
        .expect_status(201);
    let path = format!("{PRODUCTS}/tee");
    other
        .get(&path)
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    other
        .delete(&path)
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    other.post(PRODUCTS, &shirt("tee")).await.expect_status(201);
    other.delete(&path).await.expect_status(204);
    server.get(&path).await.expect_status(200);
}
