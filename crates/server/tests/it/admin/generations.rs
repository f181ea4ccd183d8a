//! Searching, reading and cancelling generations of any account.

use std::sync::Arc;

use drape_core::engine::EngineErrorKind;
use drape_testkit::{ScriptedEngine, TestClient, TestServer, scripted_engine::Act};
use serde_json::{Value, json};

use crate::world::{
    TRY_ON, accepted, balance, by_reference, details, generation, keys, one_shot, path_of,
    register, seconds, shop, shop_with_engine, text, upload,
};

const SEARCH: &str = "/admin/v1/generations";
const DAY_S: u64 = 24 * 60 * 60;

/// Ids on all pages of a search.
async fn search(admin: &TestClient, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = format!("{SEARCH}?{query}");
    loop {
        let page = admin.get(&path).await.expect_status(200);
        let items = page["items"].as_array().unwrap();
        assert_eq!(page["count"], items.len());
        found.extend(items.iter().map(|item| text(&item["generationId"])));
        let Some(cursor) = page["nextCursor"].as_str() else {
            assert_eq!(page["hasMore"], false);
            return found;
        };
        path = format!("{SEARCH}?{query}&cursor={cursor}");
    }
}

/// A try-on of a customer.
async fn try_on(client: &TestClient, product: &str, customer: &str) -> String {
    let image = upload(client).await;
    let mut body = by_reference(product, &image);
    body["externalUserId"] = customer.into();
    accepted(client, &body).await
}

#[tokio::test]
async fn generations_of_all_accounts_are_found_by_every_filter() {
    let server = shop_with_engine(Arc::new(ScriptedEngine::new(
        "scripted",
        vec![Act::Fail(EngineErrorKind::NoPerson), Act::Succeed],
    )))
    .await;
    let admin = server.admin().await;
    let (other, client) = server.another_account("other", 10).await;
    for client in [&*server, &client] {
        register(client, "shirt").await;
        register(client, "dress").await;
    }
    let failed = try_on(&server, "shirt", "anna@example.com").await;
    let completed = try_on(&server, "dress", "ben & co").await;
    server.run_jobs().await;
    server.clock.advance(seconds(DAY_S));
    let foreign = try_on(&client, "shirt", "anna@example.com").await;

    let own = server.account.id;
    let all = [foreign.as_str(), &completed, &failed];
    assert_eq!(search(&admin, "").await, all);
    assert_eq!(search(&admin, "limit=1").await, all);
    for (query, expected) in [
        (format!("accountId={own}"), &all[1..]),
        (format!("accountId={}", other.id), &all[..1]),
        ("status=PENDING".to_owned(), &all[..1]),
        ("status=COMPLETED".to_owned(), &all[1..2]),
        ("errorCode=NO_PERSON_FOUND".to_owned(), &all[2..]),
        ("errorCode=ENGINE_FAILED".to_owned(), &[]),
        ("engine=scripted&status=FAILED".to_owned(), &all[2..]),
        ("engine=mock".to_owned(), &[]),
        ("productExternalId=dress".to_owned(), &all[1..2]),
        (
            format!("accountId={own}&externalUserId=anna%40example.com"),
            &all[2..],
        ),
        (
            format!("accountId={own}&externalUserId=ben%20%26%20co"),
            &all[1..2],
        ),
        (format!("accountId={own}&externalUserId=anna"), &[]),
        ("from=2026-03-02".to_owned(), &all[..1]),
        ("to=2026-03-02".to_owned(), &all[1..]),
        ("from=2026-03-01T09:00:00Z".to_owned(), &all[..]),
        ("from=2026-03-01T09:00:00.001Z".to_owned(), &all[..1]),
        ("to=2026-03-01T10:00:00%2B01:00".to_owned(), &[]),
        ("from=2026-03-02&to=2026-03-01".to_owned(), &[]),
    ] {
        assert_eq!(search(&admin, &query).await, expected, "{query}");
    }
    let page = admin
        .get(&format!("{SEARCH}?status=FAILED"))
        .await
        .expect_status(200);
    let expected = json!({
        "generationId": failed, "accountId": own.to_string(), "status": "FAILED",
        "productExternalId": "shirt", "externalUserId": "anna@example.com", "engine": "scripted",
        "errorCode": "NO_PERSON_FOUND", "errorMessage": page["items"][0]["errorMessage"],
        "generationTimeMs": 0, "createdAt": "2026-03-01T09:00:00.000Z",
        "updatedAt": "2026-03-01T09:00:00.000Z",
    });
    assert_eq!(page["items"][0], expected);
    assert!(page["items"][0]["errorMessage"].is_string());
}

#[tokio::test]
async fn bad_filters_are_refused_all_at_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let query =
        "accountId=shop&status=done&errorCode=NOPE&from=yesterday&to=2026-02-30&limit=0&engine=";
    let answer = admin.get(&format!("{SEARCH}?{query}")).await;
    let moment = "Expected a moment such as 2026-03-01T09:00:00Z, or a day such as 2026-03-01";
    assert_eq!(
        details(&answer.expect_error(400, "VALIDATION_FAILED")),
        [
            "accountId: Expected the id of an account".to_owned(),
            "status: Invalid enum value. Expected 'PENDING' | 'PROCESSING' | 'COMPLETED' | 'FAILED', received 'done'".to_owned(),
            "engine: String must contain at least 1 character(s)".to_owned(),
            "errorCode: Expected a known error code".to_owned(),
            format!("from: {moment}"),
            format!("to: {moment}"),
            "limit: Number must be greater than or equal to 1".to_owned(),
        ]
    );
    // Whom an account calls so: without the account nobody is meant.
    let answer = admin.get(&format!("{SEARCH}?externalUserId=anna")).await;
    assert_eq!(
        details(&answer.expect_error(400, "VALIDATION_FAILED")),
        ["accountId: Required with externalUserId"]
    );
    let long = "x".repeat(256);
    let query = format!("accountId={}&externalUserId={long}", server.account.id);
    let answer = admin.get(&format!("{SEARCH}?{query}")).await;
    assert!(!answer.text().contains(&long), "{}", answer.text());
    answer.expect_error(400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn a_generation_is_read_with_its_attempts_and_its_result() {
    let server = shop_with_engine(Arc::new(ScriptedEngine::new(
        "scripted",
        vec![
            Act::FailForNow(EngineErrorKind::ProviderError),
            Act::Succeed,
        ],
    )))
    .await;
    let admin = server.admin().await;
    let image = upload(&server).await;
    let mut body = one_shot(&image);
    body["product"]["title"] = "Linen shirt".into();
    body["externalUserId"] = "anna".into();
    body["output"] = json!({ "keepForDays": 3, "watermark": false, "aiLabel": true });
    let id = accepted(&server, &body).await;
    let path = format!("{SEARCH}/{id}");
    let waiting = admin.get(&path).await.expect_status(200);
    assert_eq!(waiting["queuePosition"], 1);
    assert_eq!(waiting["attempts"], json!([]));
    assert_eq!(waiting["result"], Value::Null);
    assert_eq!(waiting["resultExpiresAt"], Value::Null);

    server.run_jobs().await;
    let done = admin.get(&path).await.expect_status(200);
    assert_eq!(
        keys(&done),
        [
            "generation",
            "productTitle",
            "productDescription",
            "keepForDays",
            "watermark",
            "aiLabel",
            "queuePosition",
            "result",
            "resultExpiresAt",
            "attempts"
        ]
    );
    assert_eq!(done["generation"]["status"], "COMPLETED");
    assert_eq!(done["generation"]["externalUserId"], "anna");
    assert_eq!(done["productTitle"], "Linen shirt");
    assert_eq!(
        (&done["keepForDays"], &done["watermark"]),
        (&json!(3), &json!(false))
    );
    assert_eq!(
        (&done["aiLabel"], &done["queuePosition"]),
        (&json!(true), &Value::Null)
    );
    let attempts = done["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["outcome"], "retried");
    assert_eq!(attempts[0]["errorCode"], "ENGINE_FAILED");
    assert_eq!(attempts[1]["outcome"], "completed");
    assert_eq!(
        (&attempts[1]["number"], &attempts[1]["worker"]),
        (&json!(2), &json!("test"))
    );
    assert_eq!(attempts[1]["errorCode"], Value::Null);
    assert_eq!(done["result"]["width"], 80);
    assert_eq!(done["result"]["height"], 100);
    let picture = server
        .stranger()
        .get(&path_of(&done["result"]["imageUrl"]))
        .await;
    assert_eq!(picture.status, 200);
    assert_eq!(done["result"]["sizeBytes"], picture.body.len());

    server.clock.advance(seconds(4 * DAY_S));
    let later = admin.get(&path).await.expect_status(200);
    assert_eq!(later["result"], Value::Null);
    assert_eq!(later["resultExpiresAt"], done["resultExpiresAt"]);
    for unknown in ["gen_00000000000070008000000000000099", "nope", "%ff"] {
        let answer = admin.get(&format!("{SEARCH}/{unknown}")).await;
        answer.expect_error(404, "GENERATION_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_cancelled_generation_gives_its_credit_back_once() {
    let server = shop().await;
    let admin = server.admin().await;
    let image = upload(&server).await;
    let waiting = accepted(&server, &one_shot(&image)).await;
    let running = accepted(&server, &one_shot(&image)).await;
    let cancel = async |id: &str| {
        let path = format!("{SEARCH}/{id}/cancel");
        let request = admin.request(http::Method::POST, &path);
        let request = request.body(axum::body::Body::empty()).unwrap();
        admin.send(request).await
    };
    assert_eq!(balance(&server).await, 8);
    let answer = cancel(&waiting).await.expect_status(200);
    assert_eq!(answer["wasCancelled"], true);
    assert_eq!(answer["generation"]["generation"]["status"], "FAILED");
    assert_eq!(answer["generation"]["generation"]["errorCode"], "CANCELLED");
    assert_eq!(balance(&server).await, 9);
    let again = cancel(&waiting).await.expect_status(200);
    assert_eq!(again["wasCancelled"], false);
    assert_eq!(again["generation"], answer["generation"]);
    assert_eq!(balance(&server).await, 9);
    assert_eq!(
        generation(&server, &waiting).await["errorCode"],
        "CANCELLED"
    );

    // The one that a worker has loses its lease; what the worker reports later changes nothing.
    let job = server.claim().await.unwrap();
    assert_eq!(job.generation.to_string(), running);
    let answer = cancel(&running).await.expect_status(200);
    assert_eq!(answer["wasCancelled"], true);
    assert_eq!(answer["generation"]["attempts"][0]["outcome"], "cancelled");
    assert_eq!(balance(&server).await, 10);
    assert_eq!(server.run_jobs().await, 0);

    // One that has completed stays.
    let done = accepted(&server, &one_shot(&image)).await;
    server.run_jobs().await;
    let answer = cancel(&done).await.expect_status(200);
    assert_eq!(answer["wasCancelled"], false);
    assert_eq!(answer["generation"]["generation"]["status"], "COMPLETED");
    assert_eq!(balance(&server).await, 9);
    let answer = cancel("gen_00000000000070008000000000000099").await;
    answer.expect_error(404, "GENERATION_NOT_FOUND");
}

#[tokio::test]
async fn a_customer_of_one_account_is_erased() {
    let server = shop().await;
    let admin = server.admin().await;
    let (_, other) = server.another_account("other", 5).await;
    for client in [&*server, &other] {
        register(client, "shirt").await;
    }
    let done = try_on(&server, "shirt", "anna/1").await;
    let foreign = try_on(&other, "shirt", "anna/1").await;
    server.run_jobs().await;
    let waiting = try_on(&server, "shirt", "anna/1").await;
    let accounts = format!("/admin/v1/accounts/{}/customers", server.account.id);
    for _ in 0..2 {
        let answer = admin.delete(&format!("{accounts}/anna%2F1")).await;
        answer.expect_status(204);
    }
    let read = async |id: &str| {
        admin
            .get(&format!("{SEARCH}/{id}"))
            .await
            .expect_status(200)
    };
    let erased = read(&done).await;
    assert_eq!(erased["generation"]["externalUserId"], Value::Null);
    assert_eq!(erased["result"], Value::Null);
    assert_eq!(read(&waiting).await["generation"]["errorCode"], "CANCELLED");
    let spared = read(&foreign).await;
    assert_eq!(spared["generation"]["externalUserId"], "anna/1");
    assert!(spared["result"].is_object());

    let long = "x".repeat(256);
    for bad in [long.as_str(), "a%0Ab", "%ff"] {
        let answer = admin.delete(&format!("{accounts}/{bad}")).await;
        answer.expect_error(400, "VALIDATION_FAILED");
    }
    let unknown = "/admin/v1/accounts/acc_00000000000070008000000000000099/customers/anna";
    let answer = admin.delete(unknown).await;
    answer.expect_error(404, "ACCOUNT_NOT_FOUND");
}

#[tokio::test]
async fn the_same_grant_sent_twice_counts_once() {
    let server = shop().await;
    let admin = server.admin().await;
    let path = format!("/admin/v1/accounts/{}/credits", server.account.id);
    let grant = async |key: &str, amount: i64| {
        let body = json!({ "amount": amount }).to_string();
        let request = admin
            .request(http::Method::POST, &path)
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        admin
            .send(request.body(axum::body::Body::from(body)).unwrap())
            .await
    };
    let first = grant("invoice-7", 5).await;
    let again = grant("invoice-7", 5).await;
    assert_eq!(again.expect_status(201), first.expect_status(201));
    assert_eq!(first.header("idempotent-replayed"), "");
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(balance(&server).await, 15);
    let other = grant("invoice-7", 6).await;
    other.expect_error(409, "IDEMPOTENCY_KEY_REUSED");
    grant("invoice 7", 5)
        .await
        .expect_error(400, "VALIDATION_FAILED");
    // A refused grant leaves its key free.
    grant("too-much", -100)
        .await
        .expect_error(400, "VALIDATION_FAILED");
    grant("too-much", -1).await.expect_status(201);
    assert_eq!(balance(&server).await, 14);

    // The account's own requests and the operator's cannot be taken for each other.
    let image = upload(&server).await;
    let request = server
        .request(http::Method::POST, TRY_ON)
        .header("content-type", "application/json")
        .header("idempotency-key", "shared");
    let body = one_shot(&image).to_string();
    let answer = server
        .send(request.body(axum::body::Body::from(body)).unwrap())
        .await;
    answer.expect_status(202);
    grant("shared", 5)
        .await
        .expect_error(409, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(balance(&server).await, 13);
}
