//! The same request sent again.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::body::Body;
use drape_core::{
    Result,
    engine::EngineErrorKind,
    idempotency::{KeyState, KeyUse, StoredAnswer, Ticket},
    ids::EntryId,
    ports::Idempotency,
    time::Timestamp,
};
use drape_testkit::{
    Act, ScriptedEngine, TestClient, TestResponse, TestServer,
    server::{FormData, HANGING_URL, PANICKING_URL, TestOptions, jpeg},
};
use futures::future::join_all;
use http::{Method, header};
use serde_json::{Value, json};

use crate::world::{
    GENERATIONS, PRODUCTS, SHIRT_URL, TRY_ON, TRY_ON_SYNC, balance, details, one_shot, path_of,
    seconds, shop, shop_with, shop_with_engine, text, upload,
};

const KEY: &str = "idempotency-key";

async fn post(client: &TestClient, path: &str, key: &str, body: &Value) -> TestResponse {
    let bytes = body.to_string();
    post_bytes(client, path, key, "application/json", bytes.into_bytes()).await
}

async fn post_bytes(
    client: &TestClient,
    path: &str,
    key: &str,
    content_type: &str,
    bytes: Vec<u8>,
) -> TestResponse {
    let request = client
        .request(Method::POST, path)
        .header(header::CONTENT_TYPE, content_type)
        .header(KEY, key)
        .body(Body::from(bytes));
    client.send(request.unwrap()).await
}

async fn generation_count(server: &TestServer) -> u64 {
    let page = server.get(GENERATIONS).await.expect_status(200);
    page["count"].as_u64().unwrap()
}

async fn grant(server: &TestServer, amount: i64) {
    let entry = EntryId::from_uuid(server.ports.ids.uuid());
    let now = server.ports.clock.now();
    let ledger = &server.ports.ledger;
    let granted = ledger.grant(server.account.id, entry, amount, "top-up", now);
    granted.await.unwrap();
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_is_charged_once() {
    let server = shop().await;
    let body = one_shot(&upload(&server).await);
    let first = post(&server, TRY_ON, "k", &body).await;
    let accepted = first.expect_status(202);
    assert_eq!(first.header("idempotent-replayed"), "");
    // Also once it has ended: the answer is about asking.
    for _ in 0..2 {
        let again = post(&server, TRY_ON, "k", &body).await;
        assert_eq!(again.expect_status(202), accepted);
        assert_eq!(again.header("idempotent-replayed"), "true");
        server.run_jobs().await;
    }
    assert_eq!(balance(&server).await, 9);
    assert_eq!(generation_count(&server).await, 1);
    let other = post(&server, TRY_ON, "other", &body).await;
    assert_ne!(other.expect_status(202), accepted);
    assert_eq!(balance(&server).await, 8);
}

#[tokio::test]
async fn fifty_at_once_are_charged_once() {
    let server = shop().await;
    let body = one_shot(&upload(&server).await);
    let answers = join_all((0..50).map(|_| post(&server, TRY_ON, "k", &body))).await;
    let mut ids = Vec::new();
    for answer in &answers {
        if answer.status == 202 {
            ids.push(text(&answer.json()["generationId"]));
        } else {
            answer.expect_error(409, "IDEMPOTENCY_KEY_IN_USE");
            assert_ne!(answer.header("retry-after"), "");
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(balance(&server).await, 9);
    assert_eq!(generation_count(&server).await, 1);
    assert_eq!(server.run_jobs().await, 1);
    let again = post(&server, TRY_ON, "k", &body).await.expect_status(202);
    assert_eq!(again["generationId"], ids[0]);
}

#[tokio::test]
async fn a_key_belongs_to_one_body_and_one_route() {
    let server = shop().await;
    let body = one_shot(&upload(&server).await);
    post(&server, TRY_ON, "k", &body).await.expect_status(202);
    let mut other = body.clone();
    other["customerId"] = json!("somebody");
    for (path, body) in [(TRY_ON, &other), (TRY_ON_SYNC, &body)] {
        let refused = post(&server, path, "k", body).await;
        refused.expect_error(409, "IDEMPOTENCY_KEY_REUSED");
        assert_eq!(refused.header("retry-after"), "");
    }
    let product = json!({ "externalId": "sku", "images": [{ "url": SHIRT_URL }] });
    let refused = post(&server, PRODUCTS, "k", &product).await;
    refused.expect_error(409, "IDEMPOTENCY_KEY_REUSED");
    server
        .get(&format!("{PRODUCTS}/sku"))
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    assert_eq!(balance(&server).await, 9);
    // The order of keys is no difference.
    let image = text(&body["customer"]["id"]);
    let turned =
        json!({ "customer": { "id": image }, "product": { "images": [{ "url": SHIRT_URL }] } });
    let again = post(&server, TRY_ON, "k", &turned).await;
    again.expect_status(202);
    assert_eq!(again.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn a_form_is_known_by_its_contents() {
    let server = shop().await;
    let data =
        json!({ "product": { "images": [{ "fileKey": "tee" }] }, "customer": { "fileKey": "me" } });
    let form = |tee: &[u8]| {
        FormData::new()
            .json("data", &data)
            .file("tee", tee)
            .file("me", &jpeg(80, 100))
    };
    let tee = jpeg(60, 80);
    let send = async |form: FormData, boundary: &str| {
        let kind = form.content_type();
        let old = kind.rsplit_once("boundary=").unwrap().1.to_owned();
        let bytes = replace(&form.finish(), old.as_bytes(), boundary.as_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        post_bytes(&server, TRY_ON, "k", &kind, bytes).await
    };
    let first = send(form(&tee), "one").await.expect_status(202);
    let turned = FormData::new()
        .file("me", &jpeg(80, 100))
        .file("tee", &tee)
        .text("data", &data.to_string());
    let again = send(turned, "another-boundary").await;
    assert_eq!(again.expect_status(202), first);
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = send(form(&jpeg(61, 80)), "one").await;
    other.expect_error(409, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(balance(&server).await, 9);
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(place) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..place]);
        out.extend_from_slice(to);
        rest = &rest[place + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[tokio::test]
async fn a_refused_request_forgets_its_key() {
    let server = shop_with(TestOptions {
        credits: 0,
        ..TestOptions::default()
    })
    .await;
    let body = one_shot(&upload(&server).await);
    for path in [TRY_ON, TRY_ON_SYNC] {
        post(&server, path, "k", &body)
            .await
            .expect_error(402, "INSUFFICIENT_CREDITS");
        post(&server, path, "k", &one_shot("nope"))
            .await
            .expect_error(404, "IMAGE_NOT_FOUND");
        post(&server, path, "k", &json!({}))
            .await
            .expect_error(400, "VALIDATION_FAILED");
    }
    post(&server, PRODUCTS, "k", &json!({ "externalId": "bare" }))
        .await
        .expect_error(400, "PRODUCT_IMAGES_REQUIRED");
    grant(&server, 1).await;
    let accepted = post(&server, TRY_ON, "k", &body).await;
    accepted.expect_status(202);
    assert_eq!(accepted.header("idempotent-replayed"), "");
    let again = post(&server, TRY_ON, "k", &body).await;
    assert_eq!(again.expect_status(202), accepted.json());
    assert_eq!(balance(&server).await, 0);
}

#[tokio::test]
async fn a_caller_that_goes_away_early_or_a_panic_leaves_the_key_free() {
    let server = shop().await;
    let body = |url: &str| json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "url": url } });
    let hanging = body(HANGING_URL);
    let asked = async {
        while server.web.asked().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = post(&server, TRY_ON, "k", &hanging) => panic!("{}", answer.text()),
        () = asked => {}
    }
    server.quiet_down().await;
    post(&server, TRY_ON, "k", &body(PANICKING_URL))
        .await
        .expect_error(500, "INTERNAL_ERROR");
    server.quiet_down().await;
    let image = upload(&server).await;
    post(&server, TRY_ON, "k", &one_shot(&image))
        .await
        .expect_status(202);
    assert_eq!(balance(&server).await, 9);
}

#[tokio::test]
async fn while_the_first_runs_the_second_is_told_to_come_back() {
    let server = shop().await;
    let body = json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "url": HANGING_URL } });
    let second = async {
        while server.web.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        post(&server, TRY_ON, "k", &body).await
    };
    let answer = tokio::select! {
        answer = post(&server, TRY_ON, "k", &body) => panic!("{}", answer.text()),
        answer = second => answer,
    };
    answer.expect_error(409, "IDEMPOTENCY_KEY_IN_USE");
    assert_ne!(answer.header("retry-after"), "");
}

/// Keys of a process that dies again and again: nothing is given back or completed, and the lock runs out at once.
struct Dying(Arc<dyn Idempotency>);

#[async_trait]
impl Idempotency for Dying {
    async fn begin(&self, usage: KeyUse) -> Result<KeyState> {
        let held_for = Duration::ZERO;
        self.0.begin(KeyUse { held_for, ..usage }).await
    }

    async fn complete(&self, _: &Ticket, _: StoredAnswer, _: Timestamp) -> Result<()> {
        Ok(())
    }

    async fn abandon(&self, _: &Ticket) -> Result<()> {
        Ok(())
    }

    async fn forget_old(&self, until: Timestamp, limit: u32) -> Result<u64> {
        self.0.forget_old(until, limit).await
    }
}

#[tokio::test]
async fn a_crash_never_leads_to_a_second_charge_nor_blocks_the_key() {
    let server = shop_with(TestOptions {
        credits: 0,
        change_ports: Box::new(|ports| {
            ports.idempotency = Arc::new(Dying(ports.idempotency.clone()));
        }),
        ..TestOptions::default()
    })
    .await;
    let body = one_shot(&upload(&server).await);
    // Died before anything was queued: the next one takes over.
    post(&server, TRY_ON, "k", &body)
        .await
        .expect_error(402, "INSUFFICIENT_CREDITS");
    grant(&server, 5).await;
    let first = post(&server, TRY_ON, "k", &body).await.expect_status(202);
    // Died right after: nothing but the transaction that queued it knows, and that is enough.
    for _ in 0..3 {
        let again = post(&server, TRY_ON, "k", &body).await;
        assert_eq!(again.expect_status(202), first);
    }
    assert_eq!(balance(&server).await, 4);
    assert_eq!(generation_count(&server).await, 1);
    // A product is written again, with the same outcome.
    let product = json!({ "externalId": "sku", "images": [{ "url": SHIRT_URL }] });
    post(&server, PRODUCTS, "p", &product)
        .await
        .expect_status(201);
    post(&server, PRODUCTS, "p", &product)
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_repeated_wait_joins_the_first_try_on() {
    let server = shop().await;
    let body = one_shot(&upload(&server).await);
    // The first caller goes away while it waits.
    let job = tokio::select! {
        answer = post(&server, TRY_ON_SYNC, "k", &body) => panic!("{}", answer.text()),
        job = server.next_job() => job,
    };
    let (second, ()) = tokio::join!(post(&server, TRY_ON_SYNC, "k", &body), async {
        let third = post(&server, TRY_ON, "k", &body).await;
        third.expect_error(409, "IDEMPOTENCY_KEY_REUSED");
        server.run(&job).await;
    });
    let done = second.expect_status(200);
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(done["generationId"], job.generation.to_string());
    let again = post(&server, TRY_ON_SYNC, "k", &body).await;
    let again = again.expect_status(200);
    assert_eq!(again["generationId"], done["generationId"]);
    let picture = server.get(&path_of(&again["resultImageUrl"])).await;
    assert_eq!(picture.status, 200);
    assert_eq!(balance(&server).await, 9);
    assert_eq!(server.run_jobs().await, 0);
}

#[tokio::test]
async fn a_repeated_wait_tells_the_same_failure_and_what_became_of_the_picture() {
    let acts = vec![Act::Fail(EngineErrorKind::NoPerson), Act::Succeed];
    let server = shop_with_engine(Arc::new(ScriptedEngine::new("scripted", acts))).await;
    let mut body = one_shot(&upload(&server).await);
    body["output"] = json!({ "keepForDays": 1 });
    let wait = async |key: &'static str| {
        let (answer, ()) = tokio::join!(post(&server, TRY_ON_SYNC, key, &body), async {
            let job = server.next_job().await;
            server.run(&job).await;
        });
        answer
    };
    let first = wait("fails").await;
    let failed = first.expect_error(422, "NO_PERSON_FOUND");
    let again = post(&server, TRY_ON_SYNC, "fails", &body).await;
    let repeated = again.expect_error(422, "NO_PERSON_FOUND");
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(repeated["generationId"], failed["generationId"]);
    assert_eq!(balance(&server).await, 10);

    server.clock.advance(seconds(3_600));
    wait("works").await.expect_status(200);
    // The key was taken a moment before the result began to live for a day: both are there to the last second.
    server.clock.advance(seconds(24 * 3_600 - 1));
    let late = post(&server, TRY_ON_SYNC, "works", &body).await;
    assert!(late.expect_status(200)["resultImageUrl"].is_string());
}

#[tokio::test]
async fn accounts_do_not_share_keys() {
    let server = shop().await;
    let (_, other) = server.another_account("other", 5).await;
    let body = one_shot(&upload(&server).await);
    let others_body = one_shot(&upload(&other).await);
    let first = post(&server, TRY_ON, "k", &body).await.expect_status(202);
    let second = post(&other, TRY_ON, "k", &others_body).await;
    assert_ne!(
        second.expect_status(202)["generationId"],
        first["generationId"]
    );
    assert_eq!(second.header("idempotent-replayed"), "");
    assert_eq!((balance(&server).await, balance(&other).await), (9, 4));
}

#[tokio::test]
async fn after_a_day_the_key_is_free() {
    let server = shop().await;
    let body = one_shot(&upload(&server).await);
    let first = post(&server, TRY_ON, "k", &body).await.expect_status(202);
    server.clock.advance(seconds(24 * 3_600 - 1));
    let again = post(&server, TRY_ON, "k", &body).await;
    assert_eq!(again.expect_status(202), first);
    server.clock.advance(seconds(3_601));
    let anew = post(&server, TRY_ON, "k", &body).await;
    assert_ne!(anew.expect_status(202), first);
    assert_eq!(anew.header("idempotent-replayed"), "");
    assert_eq!(balance(&server).await, 8);
}

#[tokio::test]
async fn a_key_is_visible_ascii_and_given_once() {
    let server = shop().await;
    let body = one_shot(&upload(&server).await);
    let long = "x".repeat(256);
    for bad in ["", " ", "a b", long.as_str(), "\u{e9}"] {
        for path in [TRY_ON, TRY_ON_SYNC] {
            let error = post(&server, path, bad, &body)
                .await
                .expect_error(400, "VALIDATION_FAILED");
            assert_eq!(
                details(&error),
                ["Idempotency-Key: Expected 1 to 255 visible ASCII characters"],
                "{bad:?}"
            );
        }
    }
    let twice = server
        .request(Method::POST, TRY_ON)
        .header(KEY, "a")
        .header(KEY, "a")
        .body(Body::from(body.to_string()));
    let twice = server.send(twice.unwrap()).await;
    twice.expect_error(400, "VALIDATION_FAILED");
    // What is wrong with the body is told first.
    let error = post(&server, TRY_ON, "a b", &json!({}))
        .await
        .expect_error(400, "VALIDATION_FAILED");
    assert!(details(&error).iter().all(|line| !line.contains("Key")));
    assert_eq!(balance(&server).await, 10);
    post(&server, TRY_ON, &"x".repeat(255), &body)
        .await
        .expect_status(202);
}

#[tokio::test]
async fn a_product_is_answered_as_the_first_time() {
    let server = shop().await;
    let body = json!({ "externalId": "sku", "title": "Tee", "images": [{ "url": SHIRT_URL }] });
    let first = post(&server, PRODUCTS, "k", &body).await;
    first.expect_status(201);
    assert_eq!(first.header("content-type"), "application/json");
    server
        .post(PRODUCTS, &json!({ "externalId": "sku", "title": "Other" }))
        .await
        .expect_status(200);
    let again = post(&server, PRODUCTS, "k", &body).await;
    again.expect_status(201);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.body, first.body);
    let product = server.get(&format!("{PRODUCTS}/sku")).await;
    assert_eq!(
        product.json()["title"],
        "Other",
        "nothing was written again"
    );
    let other = json!({ "externalId": "sku", "title": "Third" });
    post(&server, PRODUCTS, "k", &other)
        .await
        .expect_error(409, "IDEMPOTENCY_KEY_REUSED");
}
