//! Shorthands of these tests.

use std::{sync::Arc, time::Duration};

use drape_core::engine::Engine;
use drape_testkit::{
    TestClient, TestServer,
    server::{FormData, TestOptions, jpeg},
};
use serde_json::{Value, json};

pub(crate) const UPLOAD: &str = "/tryon/v1/images/upload";
pub(crate) const TRY_ON: &str = "/tryon/v1/try-on";
pub(crate) const TRY_ON_SYNC: &str = "/tryon/v1/try-on/sync";
pub(crate) const PRODUCTS: &str = "/tryon/v1/products";
pub(crate) const GENERATIONS: &str = "/tryon/v1/generations";
pub(crate) const CREDITS: &str = "/tryon/v1/account/credits";
/// A product picture on the test's web.
pub(crate) const SHIRT_URL: &str = "https://shop.example/shirt.jpg";
/// A person picture on the test's web.
pub(crate) const PERSON_URL: &str = "https://shop.example/person.jpg";

/// A server whose web has a shirt and a person.
pub(crate) async fn shop() -> TestServer {
    shop_with(TestOptions::default()).await
}

/// The same with other options.
pub(crate) async fn shop_with(options: TestOptions) -> TestServer {
    let server = TestServer::start_with(options).await;
    stock(&server);
    server
}

/// The same with another engine than the mock.
pub(crate) async fn shop_with_engine(engine: Arc<dyn Engine>) -> TestServer {
    let options = TestOptions {
        engine: Some(engine),
        ..TestOptions::default()
    };
    shop_with(options).await
}

/// Puts a shirt and a person on the web.
pub(crate) fn stock(server: &TestServer) {
    server.web.put(SHIRT_URL, jpeg(60, 80));
    server.web.put(PERSON_URL, jpeg(80, 100));
}

/// Uploads a small person and returns the id.
pub(crate) async fn upload(client: &TestClient) -> String {
    let form = FormData::new().file("file", &jpeg(80, 100));
    let answer = client.post_form(UPLOAD, form).await.expect_status(201);
    text(&answer["imageId"])
}

/// Body of a one-shot try-on of the shirt.
pub(crate) fn one_shot(image_id: &str) -> Value {
    json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "id": image_id } })
}

/// Body of a try-on of a known product.
pub(crate) fn by_reference(external_id: &str, image_id: &str) -> Value {
    json!({ "product": { "externalId": external_id }, "customer": { "id": image_id } })
}

/// Registers a product with the shirt's picture.
pub(crate) async fn register(client: &TestClient, external_id: &str) {
    let body = json!({ "externalId": external_id, "images": [{ "url": SHIRT_URL }] });
    let answer = client.post(PRODUCTS, &body).await;
    assert!(answer.status.is_success(), "{}", answer.text());
}

/// Asks for a try-on and returns the generation's id.
pub(crate) async fn accepted(client: &TestClient, body: &Value) -> String {
    let answer = client.post(TRY_ON, body).await.expect_status(202);
    text(&answer["generationId"])
}

/// Reads a generation.
pub(crate) async fn generation(client: &TestClient, id: &str) -> Value {
    client
        .get(&format!("{GENERATIONS}/{id}"))
        .await
        .expect_status(200)
}

/// Reads the balance.
pub(crate) async fn balance(client: &TestClient) -> i64 {
    let answer = client.get(CREDITS).await.expect_status(200);
    answer["creditBalance"].as_i64().unwrap()
}

/// The text of a JSON value.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// Path and query of a URL of the test server.
#[track_caller]
pub(crate) fn path_of(url: &Value) -> String {
    let url = text(url);
    let path = url.strip_prefix("http://drape.test");
    path.unwrap_or_else(|| panic!("{url} is not of this server"))
        .to_owned()
}

/// `path: message` of every detail.
pub(crate) fn details(error: &Value) -> Vec<String> {
    let list = error["details"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|detail| format!("{}: {}", text(&detail["path"]), text(&detail["message"])))
        .collect()
}

/// The keys of an object, in order.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let map = value.as_object().unwrap();
    map.keys().map(String::as_str).collect()
}

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
