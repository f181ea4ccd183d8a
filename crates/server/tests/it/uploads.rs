//! Uploads of persons.

use drape_imaging::{Limits, decode};
use drape_testkit::{
    TestServer,
    server::{FormData, jpeg},
};
use serde_json::json;

use crate::world::{SHIRT_URL, TRY_ON, UPLOAD, balance, details, keys, path_of, text};

/// Size of the picture behind an upload's URL.
async fn stored_size(server: &TestServer, form: FormData) -> (u32, u32) {
    let answer = server.post_form(UPLOAD, form).await.expect_status(201);
    let picture = server.stranger().get(&path_of(&answer["imageUrl"])).await;
    picture.expect_status(200);
    let picture = decode(&picture.body, &Limits::default()).unwrap();
    (picture.width(), picture.height())
}

#[tokio::test]
async fn an_upload_answers_with_id_and_url() {
    let server = TestServer::start().await;
    let form = FormData::new()
        .file("file", &jpeg(80, 100))
        .text("externalUserId", "user-1")
        .text("keepForDays", "1");
    let answer = server.post_form(UPLOAD, form).await.expect_status(201);
    assert_eq!(keys(&answer), ["imageId", "imageUrl"]);
    let id = text(&answer["imageId"]);
    assert!(id.starts_with("img_") && id.len() <= 200);
    assert!(path_of(&answer["imageUrl"]).starts_with("/tryon/v1/pictures/uploads/"));
    let stored = server
        .ports
        .images
        .find(id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.external_user_id.as_deref(), Some("user-1"));
    assert_eq!(stored.expires_at, server.ports.clock.now().plus_days(1));
    assert_eq!(balance(&server).await, 10, "uploads are free");
}

#[tokio::test]
async fn cropping_is_the_default_and_can_be_switched_off() {
    let server = TestServer::start().await;
    let wide = jpeg(200, 100);
    assert_eq!(
        stored_size(&server, FormData::new().file("file", &wide)).await,
        (80, 100)
    );
    let form = || FormData::new().file("file", &wide);
    for (value, size) in [
        ("true", (80, 100)),
        ("True", (80, 100)),
        ("", (80, 100)),
        ("false", (200, 100)),
        ("False", (200, 100)),
    ] {
        assert_eq!(
            stored_size(&server, form().text("crop", value)).await,
            size,
            "{value}"
        );
    }
    // A long side of more than 2,048 pixels is scaled down.
    let long = FormData::new()
        .file("file", &jpeg(4_096, 64))
        .text("crop", "false");
    assert_eq!(stored_size(&server, long).await, (2_048, 32));
}

#[tokio::test]
async fn the_content_counts_and_not_what_the_part_says() {
    let server = TestServer::start().await;
    let picture = jpeg(80, 100);
    for (disposition, content_type) in [
        (
            "form-data; name=\"file\"; filename=\"x.gif\"",
            Some("image/gif"),
        ),
        (
            "form-data; name=\"file\"; filename=\"x.exe\"",
            Some("application/x-msdownload"),
        ),
        ("form-data; name=\"file\"", None),
        (
            "form-data; name=\"file\"; filename=\"../../etc/passwd\"",
            Some("text/plain"),
        ),
    ] {
        let form = FormData::new().part(disposition, content_type, &picture);
        server.post_form(UPLOAD, form).await.expect_status(201);
    }
    for (bytes, status, code) in [
        (
            &b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"[..],
            415,
            "UNSUPPORTED_IMAGE_FORMAT",
        ),
        (b"hello", 400, "INVALID_IMAGE"),
        (&picture[..picture.len() / 3], 400, "INVALID_IMAGE"),
        (&jpeg(16, 16), 400, "INVALID_IMAGE"),
    ] {
        let form = FormData::new().part(
            "form-data; name=\"file\"; filename=\"x.jpg\"",
            Some("image/jpeg"),
            bytes,
        );
        server
            .post_form(UPLOAD, form)
            .await
            .expect_error(status, code);
    }
}

#[tokio::test]
async fn ten_megabytes_are_the_limit() {
    let server = TestServer::start().await;
    // A JPEG file may be followed by anything.
    let mut picture = jpeg(80, 100);
    picture.resize(10_000_000, 0);
    let answer = server
        .post_form(UPLOAD, FormData::new().file("file", &picture))
        .await;
    answer.expect_status(201);
    picture.push(0);
    let answer = server
        .post_form(UPLOAD, FormData::new().file("file", &picture))
        .await;
    let error = answer.expect_error(413, "PAYLOAD_TOO_LARGE");
    assert!(text(&error["message"]).contains("10000000"), "{error}");
}

#[tokio::test]
async fn a_missing_file_has_its_own_code_and_other_problems_come_with_it() {
    let server = TestServer::start().await;
    for form in [
        FormData::new().text("crop", "true"),
        FormData::new().file("picture", &jpeg(80, 100)),
        FormData::new().part("form-data; name=\"file\"; filename=\"\"", None, b""),
    ] {
        server
            .post_form(UPLOAD, form)
            .await
            .expect_error(400, "FILE_REQUIRED");
    }
    let form = FormData::new()
        .text("crop", "maybe")
        .text("retentionDays", "30")
        .text("customerId", "a\nb");
    let error = server
        .post_form(UPLOAD, form)
        .await
        .expect_error(400, "VALIDATION_FAILED");
    assert_eq!(
        details(&error),
        [
            "file: Required",
            "crop: Invalid enum value. Expected 'true' | 'false', received 'maybe'",
            "customerId: Only printable characters are allowed",
            "retentionDays: Invalid enum value. Expected 1 | 3 | 7, received 30",
        ]
    );
    let empty = FormData::new().file("file", b"");
    server
        .post_form(UPLOAD, empty)
        .await
        .expect_error(400, "INVALID_IMAGE");
    let answer = server.post(UPLOAD, &json!({ "file": SHIRT_URL })).await;
    answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn an_upload_ends_with_its_retention() {
    let server = crate::world::shop().await;
    for (days, form) in [
        (7, FormData::new()),
        (1, FormData::new().text("keepForDays", "1")),
        (3, FormData::new().text("retentionDays", "3")),
    ] {
        let form = form.file("file", &jpeg(80, 100));
        let answer = server.post_form(UPLOAD, form).await.expect_status(201);
        let body = crate::world::one_shot(&text(&answer["imageId"]));
        server
            .clock
            .advance(crate::world::seconds(days * 86_400 - 1));
        server.post(TRY_ON, &body).await.expect_status(202);
        server.clock.advance(crate::world::seconds(1));
        server
            .post(TRY_ON, &body)
            .await
            .expect_error(404, "IMAGE_NOT_FOUND");
    }
}
