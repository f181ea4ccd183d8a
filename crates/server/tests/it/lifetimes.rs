//! How long products and pictures live, on a clock that moves when told.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use drape_core::{
    account::AccountChange,
    sweep::{OrphanSweep, Sweep},
};
use drape_testkit::{
    Deletions, FlakyBlobs, TestServer,
    server::{FormData, TestOptions, jpeg},
};
use serde_json::{Value, json};

use crate::world::{
    PERSON_URL, PRODUCTS, SHIRT_URL, TRY_ON, UPLOAD, accepted, by_reference, generation, one_shot,
    path_of, seconds, shop, shop_with, text, upload,
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
    let mut sweep = drape_core::sweep::Sweep::default();
    while sweep.step(&server.ports, 100).await.unwrap().is_some() {}
    assert_eq!(generation(&server, &id).await, before);
    assert!(server.ports.blobs.list(None, 100).await.unwrap().is_empty());
}

/// A server whose picture links work for a month.
async fn shop_with_long_links() -> TestServer {
    let mut options = TestOptions::default();
    options.settings.url_lifetime_s = 30 * 86_400;
    shop_with(options).await
}

async fn keep_for_days(server: &TestServer, days: u32) {
    let change = AccountChange {
        keep_for_days: Some(days),
        ..AccountChange::default()
    };
    let changed = server
        .ports
        .accounts
        .update(server.account.id, change)
        .await;
    assert_eq!(changed.unwrap().unwrap().keep_for_days, days);
}

/// Checks that an upload can be used and seen until the end of its last day, and not a microsecond longer.
async fn assert_upload_lives(server: &TestServer, form: FormData, days: u64) {
    let uploaded = server.post_form(UPLOAD, form).await.expect_status(201);
    let body = one_shot(uploaded["imageId"].as_str().unwrap());
    let link = path_of(&uploaded["imageUrl"]);
    server
        .clock
        .advance(Duration::from_micros(days * DAY_S * 1_000_000 - 1));
    server.post(TRY_ON, &body).await.expect_status(202);
    server.get(&link).await.expect_status(200);
    server.clock.advance(Duration::from_micros(1));
    server
        .post(TRY_ON, &body)
        .await
        .expect_error(404, "IMAGE_NOT_FOUND");
    server.get(&link).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn uploads_live_as_long_as_they_say_or_as_the_account_says() {
    let server = shop_with_long_links().await;
    let form = || FormData::new().file("file", &jpeg(80, 100));
    assert_upload_lives(&server, form(), 7).await;
    for days in ["1", "3", "7"] {
        let length = days.parse().unwrap();
        assert_upload_lives(&server, form().text("keepForDays", days), length).await;
    }
    assert_upload_lives(&server, form().text("retentionDays", "1"), 1).await;
    keep_for_days(&server, 3).await;
    assert_upload_lives(&server, form(), 3).await;
    assert_upload_lives(&server, form().text("keepForDays", "1"), 1).await;
}

/// Checks that the result of a try-on can be seen until the end of its last day.
async fn assert_result_lives(server: &TestServer, body: &Value, days: u64) {
    let id = accepted(server, body).await;
    server.run_jobs().await;
    let link = path_of(&generation(server, &id).await["resultImageUrl"]);
    server
        .clock
        .advance(Duration::from_micros(days * DAY_S * 1_000_000 - 1));
    server.get(&link).await.expect_status(200);
    server.clock.advance(Duration::from_micros(1));
    server.get(&link).await.expect_error(404, "NOT_FOUND");
    let read = generation(server, &id).await;
    assert_eq!(read["resultImageUrl"], Value::Null);
    assert_eq!(read["resultExpired"], true);
    assert_eq!(read["status"], "COMPLETED");
}

#[tokio::test]
async fn results_live_as_long_as_the_try_on_or_the_account_says() {
    let server = shop_with_long_links().await;
    let with = |output: Value| {
        json!({
            "products": [{ "images": [{ "source": { "url": SHIRT_URL } }] }],
            "person": { "image": { "source": { "url": PERSON_URL } } }, "output": output,
        })
    };
    assert_result_lives(&server, &with(json!({})), 7).await;
    for days in [1, 3, 7] {
        assert_result_lives(&server, &with(json!({ "keepForDays": days })), days).await;
    }
    keep_for_days(&server, 1).await;
    assert_result_lives(&server, &with(json!({})), 1).await;
    assert_result_lives(&server, &with(json!({ "keepForDays": 3 })), 3).await;
}

/// An upload keeps its own end, whatever the try-ons say that use it.
#[tokio::test]
async fn a_try_on_does_not_change_the_life_of_an_upload() {
    let server = shop_with_long_links().await;
    let form = FormData::new()
        .file("file", &jpeg(80, 100))
        .text("keepForDays", "3");
    let uploaded = server.post_form(UPLOAD, form).await.expect_status(201);
    for days in [7, 1] {
        let mut body = one_shot(uploaded["imageId"].as_str().unwrap());
        body["output"] = json!({ "keepForDays": days });
        accepted(&server, &body).await;
    }
    server.run_jobs().await;
    let link = path_of(&uploaded["imageUrl"]);
    server.clock.advance(seconds(3 * DAY_S - 1));
    server.get(&link).await.expect_status(200);
    server.clock.advance(seconds(1));
    server.get(&link).await.expect_error(404, "NOT_FOUND");
}

/// The picture of a waiting job outlives its retention for the job alone.
#[tokio::test]
async fn a_waiting_job_still_has_its_picture_when_the_retention_ends() {
    let server = shop().await;
    let image = upload(&server).await;
    let id = accepted(&server, &one_shot(&image)).await;
    server.clock.advance_days(7);
    sweep_all(&server).await;
    server
        .post(TRY_ON, &one_shot(&image))
        .await
        .expect_error(404, "IMAGE_NOT_FOUND");
    server.run_jobs().await;
    assert_eq!(generation(&server, &id).await["status"], "COMPLETED");
}

#[tokio::test]
async fn an_inline_update_keeps_the_days_of_a_registered_product() {
    let server = shop().await;
    let body =
        json!({ "externalId": "days", "validForDays": 30, "images": [{ "url": SHIRT_URL }] });
    server.post(PRODUCTS, &body).await.expect_status(201);
    server.clock.advance_days(29);
    let image = upload(&server).await;
    let inline =
        json!({ "product": { "externalId": "days", "title": "New" }, "customer": { "id": image } });
    accepted(&server, &inline).await;
    let read = product(&server, "days").await;
    assert_eq!(read["validForDays"], 30);
    assert_eq!(read["expiresAt"], "2026-04-29T09:00:00.000Z");
    // Registering an inline product sets it free of its 15 days.
    let inline = json!({ "product": { "externalId": "inline", "images": [{ "url": SHIRT_URL }] }, "customer": { "id": image } });
    accepted(&server, &inline).await;
    let registered = json!({ "externalId": "inline", "validForDays": null });
    let registered = server.post(PRODUCTS, &registered).await.expect_status(200);
    assert_eq!(registered["expiresAt"], Value::Null);
}

async fn sweep_all(server: &TestServer) {
    let mut sweep = Sweep::default();
    while sweep.step(&server.ports, 3).await.unwrap().is_some() {}
}

/// A server whose deletions can be made to fail.
async fn flaky_shop() -> (TestServer, Arc<FlakyBlobs>) {
    let cell = Arc::new(OnceLock::new());
    let made = Arc::clone(&cell);
    let server = shop_with(TestOptions {
        change_ports: Box::new(move |ports| {
            let flaky = Arc::new(FlakyBlobs::new(ports.blobs.clone()));
            ports.blobs = flaky.clone();
            made.set(flaky).ok();
        }),
        ..TestOptions::default()
    })
    .await;
    let flaky = Arc::clone(cell.get().unwrap());
    (server, flaky)
}

async fn file_count(server: &TestServer) -> usize {
    server.ports.blobs.list(None, 1_000).await.unwrap().len()
}

#[tokio::test]
async fn a_sweep_that_was_cut_off_is_ended_by_the_next() {
    let (server, blobs) = flaky_shop().await;
    for _ in 0..7 {
        upload(&server).await;
    }
    server.clock.advance_days(8);
    // The process ends after the third file of the second batch: its rows are still there.
    blobs.set(Deletions::HangAfter(5));
    let mut sweep = Sweep::default();
    tokio::select! {
        () = async { while sweep.step(&server.ports, 3).await.unwrap().is_some() {} } => panic!("it hangs"),
        () = blobs.wait_for_deletions(6) => {}
    }
    assert_eq!(file_count(&server).await, 2);
    let now = server.ports.clock.now();
    assert_eq!(
        server
            .ports
            .retention
            .expired(now, 100)
            .await
            .unwrap()
            .len(),
        4
    );
    blobs.set(Deletions::Work);
    sweep_all(&server).await;
    assert_eq!(file_count(&server).await, 0);
    assert!(
        server
            .ports
            .retention
            .expired(now, 100)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_deleted_does_not_stop_the_others() {
    let (server, blobs) = flaky_shop().await;
    for _ in 0..8 {
        upload(&server).await;
    }
    server.clock.advance_days(8);
    let now = server.ports.clock.now();
    let expired = server.ports.retention.expired(now, 100).await.unwrap();
    // The first ones, so that every batch meets them first.
    let stuck: Vec<_> = expired[..4].iter().map(|blob| blob.key.clone()).collect();
    blobs.set(Deletions::FailFor(stuck.clone()));
    let mut sweep = Sweep::default();
    let (mut deleted, mut failed, mut steps) = (0, 0, 0);
    while let Some(batch) = sweep.step(&server.ports, 3).await.unwrap() {
        deleted += batch.deleted.len();
        failed += batch.failed;
        steps += 1;
        assert!(steps < 10, "the sweep does not end");
    }
    assert_eq!((deleted, failed), (4, 4));
    let left = server.ports.retention.expired(now, 100).await.unwrap();
    let left: Vec<_> = left.into_iter().map(|blob| blob.key).collect();
    assert_eq!(left, stuck);
    blobs.set(Deletions::Work);
    sweep_all(&server).await;
    assert_eq!(file_count(&server).await, 0);
}

#[tokio::test]
async fn files_that_no_row_knows_go_after_their_grace() {
    let (server, blobs) = flaky_shop().await;
    upload(&server).await;
    let stray = |id| {
        drape_core::image::BlobKey::new(
            server.account.id,
            drape_core::image::BlobKind::Result,
            Some(7),
            id,
        )
    };
    let strays = [
        stray(server.ports.ids.uuid()),
        stray(server.ports.ids.uuid()),
    ];
    for key in &strays {
        server
            .ports
            .blobs
            .put(key, jpeg(8, 8).into())
            .await
            .unwrap();
    }
    let search = async || {
        let mut search = OrphanSweep::default();
        let (mut deleted, mut failed) = (Vec::new(), 0);
        while let Some(batch) = search.step(&server.ports, seconds(3_600)).await.unwrap() {
            deleted.extend(batch.deleted);
            failed += batch.failed;
        }
        (deleted, failed)
    };
    server.clock.advance(seconds(3_600));
    assert_eq!(search().await, (vec![], 0));
    server.clock.advance(seconds(1));
    blobs.set(Deletions::FailFor(vec![strays[0].clone()]));
    assert_eq!(search().await, (vec![strays[1].clone()], 1));
    blobs.set(Deletions::Work);
    assert_eq!(search().await, (vec![strays[0].clone()], 0));
    assert_eq!(file_count(&server).await, 1);
}
