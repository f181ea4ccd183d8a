//! Signed picture URLs.

use axum::body::Body;
use drape_server::state::ApiSettings;
use drape_testkit::{
    TestClient, TestResponse, TestServer,
    server::{FormData, TestOptions, jpeg},
};
use http::Method;
use serde_json::Value;

use crate::world::{
    GENERATIONS, UPLOAD, accepted, generation, one_shot, path_of, seconds, shop, text,
};

async fn uploaded(client: &TestClient) -> Value {
    let form = FormData::new()
        .file("file", &jpeg(80, 100))
        .text("keepForDays", "1");
    client.post_form(UPLOAD, form).await.expect_status(201)
}

async fn get_with(client: &TestClient, path: &str, header: (&str, &str)) -> TestResponse {
    let request = client.request(Method::GET, path).header(header.0, header.1);
    client.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_picture_opens_with_a_plain_get_for_an_hour() {
    let server = TestServer::start().await;
    let path = path_of(&uploaded(&server).await["imageUrl"]);
    let stranger = server.stranger();
    let picture = stranger.get(&path).await;
    assert_eq!(picture.status, 200);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    assert_eq!(picture.header("x-content-type-options"), "nosniff");
    assert_eq!(picture.header("cache-control"), "private, max-age=3600");
    assert_eq!(picture.header("ratelimit"), "\"poll\";r=599;t=60");
    assert!(picture.body.starts_with(&[0xff, 0xd8]));

    server.clock.advance(seconds(3_599));
    let picture = stranger.get(&path).await;
    assert_eq!(picture.header("cache-control"), "private, max-age=1");
    server.clock.advance(seconds(1));
    let error = stranger.get(&path).await.expect_error(403, "FORBIDDEN");
    assert!(text(&error["message"]).contains("expired"));
}

#[tokio::test]
async fn head_and_conditional_requests_spare_the_bytes() {
    let server = TestServer::start().await;
    let path = path_of(&uploaded(&server).await["imageUrl"]);
    let get = server.get(&path).await;
    let head = server.bare(Method::HEAD, &path).await;
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    let tag = get.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    let same = get_with(&server, &path, ("if-none-match", &tag)).await;
    assert_eq!(same.status, 304);
    assert!(same.body.is_empty());
    assert_eq!(same.header("etag"), tag);
    assert_eq!(same.header("cache-control"), "private, max-age=3600");
    let other = get_with(&server, &path, ("if-none-match", "\"other\"")).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn urls_are_signed_anew_at_each_read() {
    let server = shop().await;
    let image = text(&uploaded(&server).await["imageId"]);
    let id = accepted(&server, &one_shot(&image)).await;
    server.run_jobs().await;
    let first = generation(&server, &id).await["resultImageUrl"].clone();
    server.clock.advance(seconds(3_600));
    let second = generation(&server, &id).await["resultImageUrl"].clone();
    assert_ne!(first, second);
    server
        .stranger()
        .get(&path_of(&first))
        .await
        .expect_error(403, "FORBIDDEN");
    server
        .stranger()
        .get(&path_of(&second))
        .await
        .expect_status(200);
    assert!(text(&first).contains("/tryon/v1/pictures/results/gen_"));
}

#[tokio::test]
async fn urls_that_were_tampered_with_open_nothing() {
    let server = shop().await;
    let first = path_of(&uploaded(&server).await["imageUrl"]);
    let second = path_of(&uploaded(&server).await["imageUrl"]);
    let (path, query) = first.split_once('?').unwrap();
    let (_, other_query) = second.split_once('?').unwrap();
    for tampered in [
        path.to_owned(),
        format!("{path}?"),
        format!("{path}?{other_query}"),
        first.replace("expires=1", "expires=2"),
        first.replace("signature=", "signature=A"),
        format!("{first}&expires=9999999999"),
        format!("{path}?{}", query.split('&').next().unwrap()),
    ] {
        let answer = server.stranger().get(&tampered).await;
        answer.expect_error(403, "FORBIDDEN");
        // A key does not help.
        server.get(&tampered).await.expect_error(403, "FORBIDDEN");
    }
    for odd in [
        first.replace("uploads", "results"),
        first.replace("uploads", "products"),
        first.replace(".jpg", ".png"),
        first.replace(".jpg", ""),
        first.replace("img_", "img_0"),
        format!("/tryon/v1/pictures/uploads/%ff?{query}"),
        format!("/tryon/v1/pictures/uploads/..%2fx.jpg?{query}"),
    ] {
        server
            .stranger()
            .get(&odd)
            .await
            .expect_error(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn retention_ends_a_url_before_its_time() {
    let settings = ApiSettings {
        url_lifetime_s: 10 * 86_400,
        ..ApiSettings::default()
    };
    let server = TestServer::start_with(TestOptions {
        settings,
        ..TestOptions::default()
    })
    .await;
    let path = path_of(&uploaded(&server).await["imageUrl"]);
    let picture = server.stranger().get(&path).await;
    assert_eq!(picture.header("cache-control"), "private, max-age=86400");
    server.clock.advance(seconds(86_399));
    let picture = server.stranger().get(&path).await;
    assert_eq!(picture.header("cache-control"), "private, max-age=1");
    server.clock.advance(seconds(1));
    server
        .stranger()
        .get(&path)
        .await
        .expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn pictures_of_a_disabled_account_are_closed() {
    let server = TestServer::start().await;
    let path = path_of(&uploaded(&server).await["imageUrl"]);
    let account = server.account.id;
    server
        .ports
        .accounts
        .set_active(account, false)
        .await
        .unwrap();
    server
        .stranger()
        .get(&path)
        .await
        .expect_error(404, "NOT_FOUND");
    server
        .ports
        .accounts
        .set_active(account, true)
        .await
        .unwrap();
    server.stranger().get(&path).await.expect_status(200);
}

#[tokio::test]
async fn pictures_count_with_the_polling_of_their_account() {
    let server = TestServer::start_with(TestOptions {
        poll_limit: 3,
        ..TestOptions::default()
    })
    .await;
    let path = path_of(&uploaded(&server).await["imageUrl"]);
    server.stranger().get(&path).await.expect_status(200);
    server
        .get(&format!("{GENERATIONS}/x"))
        .await
        .expect_error(404, "GENERATION_NOT_FOUND");
    server.stranger().get(&path).await.expect_status(200);
    let refused = server.stranger().get(&path).await;
    refused.expect_error(429, "RATE_LIMITED");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(refused.header("ratelimit"), "\"poll\";r=0;t=60");
    server.clock.advance(seconds(60));
    server.stranger().get(&path).await.expect_status(200);
}

#[tokio::test]
async fn urls_carry_the_public_address_or_the_host_that_was_asked() {
    let settings = ApiSettings {
        public_url: Some("https://tryon.shop.example/base".to_owned()),
        ..ApiSettings::default()
    };
    let server = TestServer::start_with(TestOptions {
        settings,
        ..TestOptions::default()
    })
    .await;
    let url = text(&uploaded(&server).await["imageUrl"]);
    assert!(
        url.starts_with("https://tryon.shop.example/base/tryon/v1/pictures/uploads/img_"),
        "{url}"
    );

    let server = TestServer::start().await;
    for (host, base) in [
        ("other.example:8080", "http://other.example:8080/"),
        ("bad host", "http://localhost/"),
        ("evil\"><x", "http://localhost/"),
    ] {
        let form = FormData::new().file("file", &jpeg(80, 100));
        let request = http::Request::post(UPLOAD)
            .header("x-api-key", server.key().unwrap())
            .header("host", host)
            .header("content-type", form.content_type())
            .body(Body::from(form.finish()));
        let answer = server.send(request.unwrap()).await.expect_status(201);
        assert!(text(&answer["imageUrl"]).starts_with(base), "{answer}");
    }
}
