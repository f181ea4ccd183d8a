//! Multipart bodies.

use axum::body::Body;
use bytes::Bytes;
use drape_server::state::ApiSettings;
use drape_testkit::{
    TestServer,
    server::{FormData, TestOptions, jpeg},
};
use http::Method;
use serde_json::json;

use crate::world::{
    PRODUCTS, SHIRT_URL, TRY_ON, UPLOAD, balance, details, generation, shop, shop_with, text,
    upload,
};

#[tokio::test]
async fn pictures_can_come_with_the_try_on() {
    let server = shop().await;
    let data = json!({
        "product": { "externalId": "tee", "images": [{ "fileKey": "front" }, { "source": { "fileKey": "back" } }] },
        "person": { "image": { "source": { "fileKey": "me" } } },
    });
    let front = jpeg(60, 80);
    let forms = [
        FormData::new()
            .json("data", &data)
            .file("front", &front)
            .file("back", &front)
            .file("me", &jpeg(90, 90)),
        // Text instead of JSON, files before the data, and one that nobody asked for.
        FormData::new()
            .file("me", &jpeg(90, 90))
            .file("unused", b"not even a picture")
            .file("back", &front)
            .text("data", &data.to_string())
            .file("front", &front),
    ];
    for form in forms {
        let answer = server.post_form(TRY_ON, form).await.expect_status(202);
        assert_eq!(answer["productExternalId"], "tee");
        server.run_jobs().await;
        let done = generation(&server, &text(&answer["generationId"])).await;
        assert_eq!(done["status"], "COMPLETED", "{done}");
    }
    let product = server
        .get(&format!("{PRODUCTS}/tee"))
        .await
        .expect_status(200);
    assert_eq!(product["images"][0]["sourceUrl"], "upload://front");
    assert_eq!(product["images"][1]["sourceUrl"], "upload://back");
    assert_eq!(product["images"][1]["order"], 1);
    assert!(server.web.asked().is_empty(), "nothing had to be fetched");
}

#[tokio::test]
async fn products_can_be_registered_with_files() {
    let server = TestServer::start().await;
    let data = json!({ "externalId": "tee", "title": "Tee", "images": [{ "fileKey": "a" }, { "url": SHIRT_URL }] });
    let form = FormData::new().json("data", &data).file("a", &jpeg(60, 80));
    let product = server
        .post_form(PRODUCTS, form.clone())
        .await
        .expect_status(201);
    assert_eq!(product["images"][0]["sourceUrl"], "upload://a");
    assert_eq!(product["images"][1]["sourceUrl"], SHIRT_URL);
    server.post_form(PRODUCTS, form).await.expect_status(200);
}

#[tokio::test]
async fn forms_that_do_not_fit_say_why() {
    let server = shop().await;
    let image = upload(&server).await;
    let data =
        json!({ "product": { "images": [{ "fileKey": "f" }] }, "customer": { "id": image } });
    let with_data = || FormData::new().json("data", &data);
    let picture = jpeg(60, 80);
    let cases = [
        (
            FormData::new().file("f", &picture),
            400,
            "VALIDATION_FAILED",
            "data: Required",
        ),
        (
            with_data().json("data", &data).file("f", &picture),
            400,
            "VALIDATION_FAILED",
            "data: Part is given more than once",
        ),
        (
            with_data().file("f", &picture).file("f", &picture),
            400,
            "VALIDATION_FAILED",
            "product.images.0.fileKey: Names a part that is given more than once",
        ),
        (
            FormData::new().text("data", "{oops"),
            400,
            "VALIDATION_FAILED",
            "data: Invalid JSON: key must be a string at line 1 column 2",
        ),
        (
            FormData::new().text("data", ""),
            400,
            "VALIDATION_FAILED",
            "data: Invalid JSON: nothing was sent",
        ),
        (
            (0..41).fold(with_data(), |form, index| {
                form.text(&format!("p{index}"), "x")
            }),
            400,
            "VALIDATION_FAILED",
            "body: Form must contain at most 40 part(s)",
        ),
        (with_data(), 400, "MULTIPART_FILE_NOT_FOUND", ""),
        (
            with_data().file("F", &picture),
            400,
            "MULTIPART_FILE_NOT_FOUND",
            "",
        ),
        (with_data().file("f", b""), 400, "INVALID_IMAGE", ""),
        (
            with_data().file("f", b"GIF89a"),
            415,
            "UNSUPPORTED_IMAGE_FORMAT",
            "",
        ),
        (
            with_data().file("f", &picture[..200]),
            400,
            "INVALID_IMAGE",
            "",
        ),
        (
            with_data().file("f", &vec![0; 10_000_001]),
            413,
            "PAYLOAD_TOO_LARGE",
            "",
        ),
        (
            FormData::new().text("data", &" ".repeat(1_000_001)),
            413,
            "PAYLOAD_TOO_LARGE",
            "",
        ),
    ];
    for (form, status, code, detail) in cases {
        let error = server
            .post_form(TRY_ON, form)
            .await
            .expect_error(status, code);
        let found = details(&error);
        assert_eq!(found.first().map_or("", String::as_str), detail, "{error}");
    }
    assert_eq!(balance(&server).await, 10);
}

#[tokio::test]
async fn malformed_forms_are_the_callers_fault() {
    let server = TestServer::start().await;
    let form = FormData::new().text("data", "{}");
    let content_type = form.content_type();
    let whole = form.clone().finish();
    for (content_type, body) in [
        (content_type.as_str(), form.unfinished()),
        (content_type.as_str(), whole[..whole.len() / 2].to_vec()),
        (content_type.as_str(), Vec::new()),
        (content_type.as_str(), b"no boundary at all".to_vec()),
        ("multipart/form-data", whole.clone()),
        ("multipart/form-data; boundary=", whole.clone()),
        ("multipart/form-data; boundary=other", whole.clone()),
        (
            content_type.as_str(),
            b"-------drape-test-boundary\r\n\xff\xff: x\r\n\r\n".to_vec(),
        ),
    ] {
        let answer = server.post_bytes(TRY_ON, content_type, body.clone()).await;
        answer.expect_error(400, "VALIDATION_FAILED");
        let answer = server.post_bytes(UPLOAD, content_type, body).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_part_may_have_any_name_or_none() {
    let server = shop().await;
    let image = upload(&server).await;
    let key = "Größe \u{1f9e5}.jpg";
    let data =
        json!({ "product": { "images": [{ "fileKey": key }] }, "customer": { "id": image } });
    let form = FormData::new()
        .json("data", &data)
        .part("form-data", None, b"nameless")
        .part("attachment; filename=\"x\"", None, b"nameless, too")
        .file(key, &jpeg(60, 80));
    server.post_form(TRY_ON, form).await.expect_status(202);
}

#[tokio::test]
async fn the_whole_form_is_bounded_also_when_it_does_not_say_its_size() {
    let settings = ApiSettings {
        max_multipart_bytes: 300_000,
        ..ApiSettings::default()
    };
    let options = TestOptions {
        settings,
        ..TestOptions::default()
    };
    let server = TestServer::start_with(options).await;
    let form = (0..10).fold(FormData::new(), |form, index| {
        form.file(&format!("f{index}"), &vec![7; 50_000])
    });
    let content_type = form.content_type();
    let body = form.finish();
    let answer = server.post_bytes(TRY_ON, &content_type, body.clone()).await;
    answer.expect_error(413, "PAYLOAD_TOO_LARGE");
    let chunks: Vec<_> = body
        .chunks(10_000)
        .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
        .collect();
    let request = server
        .request(Method::POST, TRY_ON)
        .header("content-type", &content_type)
        .body(Body::from_stream(futures::stream::iter(chunks)));
    server
        .send(request.unwrap())
        .await
        .expect_error(413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_the_callers_fault() {
    let server = TestServer::start().await;
    for content_type in ["application/json", &FormData::new().content_type()] {
        let chunks = [
            Ok(Bytes::from_static(b"-------drape-test-boundary\r\n")),
            Err(std::io::Error::other("gone")),
        ];
        let request = server
            .request(Method::POST, TRY_ON)
            .header("content-type", content_type)
            .body(Body::from_stream(futures::stream::iter(chunks)));
        let error = server
            .send(request.unwrap())
            .await
            .expect_error(400, "VALIDATION_FAILED");
        assert_eq!(
            details(&error),
            ["body: The body ended before it was complete"]
        );
    }
}

#[tokio::test]
async fn memory_for_forms_is_bounded_and_given_back() {
    let settings = ApiSettings {
        max_buffered_bytes: 200_000,
        ..ApiSettings::default()
    };
    let options = TestOptions {
        settings,
        ..TestOptions::default()
    };
    let server = shop_with(options).await;
    let large = FormData::new().file("file", &vec![1; 300_000]);
    let answer = server.post_form(UPLOAD, large).await;
    answer.expect_error(503, "SERVER_BUSY");
    assert_ne!(answer.header("retry-after"), "");
    for _ in 0..3 {
        upload(&server).await;
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let settings = ApiSettings {
        body_timeout_s: 0,
        ..ApiSettings::default()
    };
    let options = TestOptions {
        settings,
        ..TestOptions::default()
    };
    let server = TestServer::start_with(options).await;
    for content_type in ["application/json", &FormData::new().content_type()] {
        let silence = futures::stream::pending::<Result<Bytes, std::io::Error>>();
        let request = server
            .request(Method::POST, TRY_ON)
            .header("content-type", content_type)
            .body(Body::from_stream(silence));
        let answer = server.send(request.unwrap()).await;
        let error = answer.expect_error(400, "VALIDATION_FAILED");
        assert_eq!(
            details(&error),
            ["body: The body did not arrive within 0 s"]
        );
    }
}
