//! Credits.

use drape_testkit::server::TestOptions;
use serde_json::json;

use crate::world::{
    CREDITS, TRY_ON, balance, by_reference, one_shot, register, shop, shop_with, upload,
};

#[tokio::test]
async fn of_fifty_that_want_the_last_credit_one_gets_it() {
    let server = shop_with(TestOptions {
        credits: 1,
        ..TestOptions::default()
    })
    .await;
    let image = upload(&server).await;
    register(&server, "known").await;
    let body = by_reference("known", &image);
    let answers = futures::future::join_all((0..50).map(|_| server.post(TRY_ON, &body))).await;
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(accepted, 1);
    for refused in answers.iter().filter(|answer| answer.status != 202) {
        refused.expect_error(402, "INSUFFICIENT_CREDITS");
    }
    assert_eq!(balance(&server).await, 0);
    assert_eq!(server.run_jobs().await, 1);
    assert_eq!(balance(&server).await, 0);
    assert!(
        server
            .ports
            .ledger
            .inconsistent_accounts()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_balance_is_what_can_be_spent() {
    let server = shop().await;
    let answer = server.get(CREDITS).await.expect_status(200);
    assert_eq!(answer, json!({ "creditBalance": 10 }));
    let image = upload(&server).await;
    server
        .post(TRY_ON, &one_shot(&image))
        .await
        .expect_status(202);
    assert_eq!(balance(&server).await, 9);
    server.run_jobs().await;
    assert_eq!(balance(&server).await, 9);
}

#[tokio::test]
async fn without_credits_nothing_is_fetched_stored_or_queued() {
    let server = shop_with(TestOptions {
        credits: 0,
        ..TestOptions::default()
    })
    .await;
    let before = server.ports.blobs.list(None, 100).await.unwrap().len();
    let person = json!({ "url": crate::world::PERSON_URL });
    for product in [
        json!({ "externalId": "new", "images": [{ "url": crate::world::SHIRT_URL }] }),
        json!({ "images": [{ "url": crate::world::SHIRT_URL }] }),
    ] {
        let body = json!({ "product": product, "customer": person });
        let error = server
            .post(TRY_ON, &body)
            .await
            .expect_error(402, "INSUFFICIENT_CREDITS");
        assert!(error.get("details").is_none());
    }
    assert!(server.web.asked().is_empty());
    assert_eq!(
        server.ports.blobs.list(None, 100).await.unwrap().len(),
        before
    );
    assert_eq!(server.run_jobs().await, 0);
    server
        .get("/tryon/v1/products/new")
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    // References are checked before credits.
    let missing = json!({ "product": { "externalId": "nope" }, "customer": person });
    server
        .post(TRY_ON, &missing)
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
}
