//! How long products and pictures live, on a clock that moves when told.

use drape_testkit::TestServer;
use serde_json::{Value, json};

use crate::world::{
    PRODUCTS, SHIRT_URL, TRY_ON, accepted, by_reference, generation, one_shot, path_of, seconds,
    shop, text, upload,
};

const DAY_S: u64 = 86_400;

/// Uploads afresh, since uploads end before products do.
async fn try_on(server: &TestServer, external_id: &str) -> http::StatusCode {
    let image = upload(server).await;
    server
        .post(TRY_ON, &by_reference(external_id, &image))
        .await
        .status
}

async fn grant(server: &TestServer) {
    let entry = drape_core::ids::EntryId::from_uuid(server.ports.ids.uuid());
    let now = server.ports.clock.now();
    server
        .ports
        .ledger
        .grant(server.account.id, entry, 100, "test", now)
        .await
        .unwrap();
}

async fn product(server: &TestServer, external_id: &str) -> Value {
    let answer = server.get(&format!("{PRODUCTS}/{external_id}")).await;
    answer.expect_status(200)
}

#[tokio::test]
async fn an_inline_product_lives_15_days_since_its_last_use() {
    let server = shop().await;
    grant(&server).await;
    let image = upload(&server).await;
    let body = json!({
        "product": { "externalId": "inline", "images": [{ "url": SHIRT_URL }] }, "customer": { "id": image },
    });
    accepted(&server, &body).await;
    let made = product(&server, "inline").await;
    assert_eq!(made["validForDays"], 15);
    assert_eq!(made["expiresAt"], "2026-03-16T09:00:00.000Z");
    assert_eq!(made["lastUsedAt"], "2026-03-01T09:00:00.000Z");

    server.clock.advance(seconds(15 * DAY_S - 1));
    assert_eq!(try_on(&server, "inline").await, 202);
    server.clock.advance(seconds(15 * DAY_S - 1));
    assert_eq!(
        product(&server, "inline").await["lastUsedAt"],
        "2026-03-16T08:59:59.000Z"
    );
    server.clock.advance(seconds(1));
    assert_eq!(try_on(&server, "inline").await, 404);
    let path = format!("{PRODUCTS}/inline");
    server
        .get(&path)
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    server
        .delete(&path)
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    assert_eq!(server.get(PRODUCTS).await.expect_status(200)["count"], 0);
    // Expired is missing: the same name makes a new product, which needs pictures.
    let image = upload(&server).await;
    let without =
        json!({ "product": { "externalId": "inline", "title": "x" }, "customer": { "id": image } });
    server
        .post(TRY_ON, &without)
        .await
        .expect_error(400, "PRODUCT_IMAGES_REQUIRED");
    let answer = json!({ "externalId": "inline", "images": [{ "url": SHIRT_URL }] });
    server.post(PRODUCTS, &answer).await.expect_status(201);
}

#[tokio::test]
async fn a_one_shot_product_lives_7_days_since_its_last_use() {
    let server = shop().await;
    grant(&server).await;
    let image = upload(&server).await;
    let answer = server
        .post(TRY_ON, &one_shot(&image))
        .await
        .expect_status(202);
    let id = text(&answer["productExternalId"]);
    server.clock.advance(seconds(7 * DAY_S - 1));
    assert_eq!(try_on(&server, &id).await, 202);
    server.clock.advance(seconds(7 * DAY_S - 1));
    assert_eq!(try_on(&server, &id).await, 202);
    server.clock.advance(seconds(7 * DAY_S));
    assert_eq!(try_on(&server, &id).await, 404);
}

#[tokio::test]
async fn a_registered_product_lives_for_ever_or_as_long_as_it_says() {
    let server = shop().await;
    grant(&server).await;
    let with = |id: &str, days: Value| json!({ "externalId": id, "validForDays": days, "images": [{ "url": SHIRT_URL }] });
    for (id, days) in [
        ("ever", Value::Null),
        ("days", json!(3)),
        ("freed", json!(3)),
    ] {
        server
            .post(PRODUCTS, &with(id, days))
            .await
            .expect_status(201);
    }
    let freed = json!({ "externalId": "freed", "validForDays": null });
    let freed = server.post(PRODUCTS, &freed).await.expect_status(200);
    assert_eq!(freed["expiresAt"], Value::Null);

    server.clock.advance(seconds(3 * DAY_S - 1));
    assert_eq!(try_on(&server, "days").await, 202);
    // An inline update keeps the lifetime of a registered product.
    let image = upload(&server).await;
    let inline =
        json!({ "product": { "externalId": "ever", "title": "New" }, "customer": { "id": image } });
    accepted(&server, &inline).await;
    let ever = product(&server, "ever").await;
    assert_eq!(
        (&ever["title"], &ever["expiresAt"]),
        (&json!("New"), &Value::Null)
    );
    server.clock.advance(seconds(3 * DAY_S - 1));
    product(&server, "days").await;
    server.clock.advance(seconds(1));
    assert_eq!(try_on(&server, "days").await, 404);
    server.clock.advance_days(400);
    assert_eq!(try_on(&server, "ever").await, 202);
    assert_eq!(try_on(&server, "freed").await, 202);
}

#[tokio::test]
async fn results_go_when_their_days_are_over_and_the_generation_stays() {
    let server = shop().await;
    let mut made = Vec::new();
    for (days, output) in [
        (7, json!({})),
        (3, json!({ "keepForDays": 3 })),
        (1, json!({ "keepForDays": 1 })),
    ] {
        let image = upload(&server).await;
        let mut body = one_shot(&image);
        body["output"] = output;
        made.push((days, accepted(&server, &body).await));
    }
    let old = json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "url": crate::world::PERSON_URL }, "retentionDays": 1 });
    made.push((1, accepted(&server, &old).await));
    server.run_jobs().await;
    for day in 0..8 {
        for (days, id) in &made {
            let read = generation(&server, id).await;
            assert_eq!(read["status"], "COMPLETED");
            if day < *days {
                let url = path_of(&read["resultImageUrl"]);
                server.get(&url).await.expect_status(200);
                assert!(read.get("resultExpired").is_none());
            } else {
                assert_eq!(read["resultImageUrl"], Value::Null, "day {day} of {days}");
                assert!(read.as_object().unwrap().contains_key("resultImageUrl"));
                assert_eq!(read["resultExpired"], true);
            }
        }
        server.clock.advance_days(1);
    }
}

#[tokio::test]
async fn what_has_run_out_is_swept_and_reads_the_same_after() {
    let server = shop().await;
    let image = upload(&server).await;
    let id = accepted(&server, &one_shot(&image)).await;
    server.run_jobs().await;
    server.clock.advance_days(8);
    let before = generation(&server, &id).await;
    while drape_core::catalog::sweep_expired(&server.ports, 100)
        .await
        .unwrap()
        > 0
    {}
    assert_eq!(generation(&server, &id).await, before);
    assert!(server.ports.blobs.list(None, 100).await.unwrap().is_empty());
}
