//! Try-ons of several products: from the request to the result, and what is refused.

use std::sync::Arc;

use axum::body::Body;
use drape_core::engine::EngineErrorKind;
use drape_testkit::{
    Act, ScriptedEngine, TestServer,
    server::{FormData, TestOptions, jpeg},
};
use http::{Method, header};
use serde_json::{Value, json};

use crate::world::{
    GENERATIONS, PRODUCTS, SHIRT_URL, TRY_ON, TRY_ON_SYNC, accepted, balance, details, generation,
    keys, path_of, register, shop, shop_with, shop_with_engine, text, upload,
};

/// A product that comes with the request.
fn inline(external_id: &str, category: &str) -> Value {
    json!({
        "externalId": external_id,
        "images": [{ "source": { "url": SHIRT_URL }, "classifications": { "category": category } }],
    })
}

fn body(products: &[Value], image: &str) -> Value {
    json!({ "products": products, "person": { "image": { "source": { "id": image } } } })
}

fn shirt_and_jeans(image: &str) -> Value {
    body(&[inline("shirt", "top"), inline("jeans", "bottom")], image)
}

async fn scripted_shop(engine: ScriptedEngine, credits: u32) -> TestServer {
    shop_with(TestOptions {
        engine: Some(Arc::new(engine)),
        credits,
        ..TestOptions::default()
    })
    .await
}

#[tokio::test]
async fn an_outfit_is_one_try_on_and_costs_a_credit_per_product() {
    let engine = Arc::new(ScriptedEngine::new("scripted", Vec::new()));
    let server = shop_with_engine(engine.clone()).await;
    let image = upload(&server).await;
    register(&server, "jeans").await;
    let products = [inline("shirt", "top"), json!({ "externalId": "jeans" })];
    let answer = server
        .post(TRY_ON, &body(&products, &image))
        .await
        .expect_status(202);
    assert_eq!(
        keys(&answer),
        [
            "generationId",
            "status",
            "productExternalId",
            "productExternalIds"
        ]
    );
    assert_eq!(answer["productExternalId"], "shirt");
    assert_eq!(answer["productExternalIds"], json!(["shirt", "jeans"]));
    assert_eq!(balance(&server).await, 8);
    assert_eq!(server.run_jobs().await, 1);

    let done = generation(&server, &text(&answer["generationId"])).await;
    assert_eq!(done["status"], "COMPLETED", "{done}");
    assert_eq!(done["productExternalId"], "shirt");
    assert_eq!(done["productExternalIds"], json!(["shirt", "jeans"]));
    let picture = server.get(&path_of(&done["resultImageUrl"])).await;
    assert_eq!(picture.status, 200);
    assert_eq!(balance(&server).await, 8);
    let inputs = engine.inputs();
    assert_eq!(inputs.len(), 1, "the engine is asked once, with both");
    assert_eq!(inputs[0].items.len(), 2);
    assert!(inputs[0].items.iter().all(|item| item.pictures.len() == 1));
    let list = server.get(GENERATIONS).await.expect_status(200);
    assert_eq!(list["items"][0]["productId"], "shirt");
}

#[tokio::test]
async fn a_single_product_in_the_list_is_answered_as_ever() {
    let server = shop().await;
    let image = upload(&server).await;
    let single = body(&[inline("shirt", "top")], &image);
    let answer = server.post(TRY_ON, &single).await.expect_status(202);
    assert_eq!(
        keys(&answer),
        ["generationId", "status", "productExternalId"]
    );
    server.run_jobs().await;
    let done = generation(&server, &text(&answer["generationId"])).await;
    assert!(done.get("productExternalIds").is_none(), "{done}");
    assert_eq!(balance(&server).await, 9);
}

#[tokio::test]
async fn a_failed_outfit_costs_nothing() {
    let acts = vec![Act::Fail(EngineErrorKind::GarmentUnusable)];
    let server = scripted_shop(ScriptedEngine::new("scripted", acts), 3).await;
    let image = upload(&server).await;
    let id = accepted(&server, &shirt_and_jeans(&image)).await;
    assert_eq!(balance(&server).await, 1, "both credits are held");
    server.run_jobs().await;
    let failed = generation(&server, &id).await;
    assert_eq!(failed["errorCode"], "GARMENT_NOT_USABLE");
    assert_eq!(failed["productExternalIds"], json!(["shirt", "jeans"]));
    assert_eq!(balance(&server).await, 3);
    // A picture of the second product that cannot be fetched fails the whole outfit, too.
    server.web.remove(SHIRT_URL);
    let products = [
        json!({ "externalId": "shirt" }),
        json!({ "externalId": "other", "imageUrls": ["https://shop.example/none.jpg"] }),
    ];
    let id = accepted(&server, &body(&products, &image)).await;
    server.run_jobs().await;
    assert_eq!(
        generation(&server, &id).await["errorCode"],
        "PRODUCT_IMAGE_FETCH_FAILED"
    );
    assert_eq!(balance(&server).await, 3);
}

#[tokio::test]
async fn one_credit_is_too_few_for_two_products() {
    let server = scripted_shop(ScriptedEngine::new("scripted", Vec::new()), 1).await;
    let image = upload(&server).await;
    let refused = server.post(TRY_ON, &shirt_and_jeans(&image)).await;
    let error = refused.expect_error(402, "INSUFFICIENT_CREDITS");
    assert!(
        text(&error["message"]).contains("2 are needed, the account has 1"),
        "{error}"
    );
    for name in ["shirt", "jeans"] {
        let product = server.get(&format!("{PRODUCTS}/{name}")).await;
        product.expect_error(404, "PRODUCT_NOT_FOUND");
    }
    assert_eq!(balance(&server).await, 1);
    assert_eq!(server.run_jobs().await, 0);
    // It is still enough for one.
    accepted(&server, &body(&[inline("shirt", "top")], &image)).await;
    assert_eq!(balance(&server).await, 0);
}

#[tokio::test]
async fn what_cannot_be_worn_at_once_is_refused_and_costs_nothing() {
    let server = shop().await;
    let image = upload(&server).await;
    let registered = json!({
        "externalId": "dress", "images": [{ "url": SHIRT_URL, "classifications": { "category": "dress" } }],
    });
    server.post(PRODUCTS, &registered).await.expect_status(201);
    let (top, bottom) = (inline("top", "top"), inline("bottom", "bottom"));
    let dress = json!({ "externalId": "dress" });
    let cases = [
        (
            vec![top.clone(), inline("other", "top")],
            "products.1: A product of category \"top\" cannot be worn with one of category \"top\"",
        ),
        (
            vec![dress.clone(), bottom.clone()],
            "products.1: A product of category \"bottom\" cannot be worn with one of category \"dress\"",
        ),
        (
            vec![
                bottom.clone(),
                json!({ "images": [{ "url": SHIRT_URL }] }),
                dress.clone(),
            ],
            "products.2: A product of category \"dress\" cannot be worn with one of category \"bottom\"",
        ),
        (
            vec![top.clone(), json!({ "externalId": "top" })],
            "products.1: The same product is given more than once",
        ),
        (
            vec![
                top.clone(),
                bottom.clone(),
                inline("shoes", "shoes"),
                inline("bag", "bag"),
            ],
            "products: Array must contain at most 3 element(s)",
        ),
        (vec![], "products: Array must contain at least 1 element(s)"),
    ];
    for (products, expected) in cases {
        let refused = server.post(TRY_ON, &body(&products, &image)).await;
        let error = refused.expect_error(400, "VALIDATION_FAILED");
        assert_eq!(details(&error), [expected]);
    }
    let unknown = [top.clone(), json!({ "externalId": "nothing" })];
    let refused = server.post(TRY_ON, &body(&unknown, &image)).await;
    refused.expect_error(404, "PRODUCT_NOT_FOUND");
    let without_pictures = [top, json!({ "externalId": "new", "title": "New" })];
    let refused = server.post(TRY_ON, &body(&without_pictures, &image)).await;
    refused.expect_error(400, "PRODUCT_IMAGES_REQUIRED");
    assert_eq!(balance(&server).await, 10);
    assert_eq!(server.run_jobs().await, 0);
    server
        .get(&format!("{PRODUCTS}/top"))
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
}

#[tokio::test]
async fn an_engine_that_knows_no_outfits_refuses_them() {
    let engine = ScriptedEngine::new("scripted", Vec::new()).with_max_items(1);
    let server = scripted_shop(engine, 10).await;
    let image = upload(&server).await;
    let refused = server.post(TRY_ON, &shirt_and_jeans(&image)).await;
    let error = refused.expect_error(400, "VALIDATION_FAILED");
    assert_eq!(
        details(&error),
        ["products: The engine \"scripted\" puts on at most 1 product(s) at once, received 2"]
    );
    // Another engine can be asked for, and so can the mock by its title.
    let mut other = shirt_and_jeans(&image);
    other["engine"] = json!("mock");
    accepted(&server, &other).await;
    let mut titled = shirt_and_jeans(&image);
    titled["products"][1]["title"] = json!("mock");
    let id = accepted(&server, &titled).await;
    server.run_jobs().await;
    let done = generation(&server, &id).await;
    assert_eq!(
        (&done["status"], &done["engine"]),
        (&json!("COMPLETED"), &json!("mock"))
    );
    assert_eq!(balance(&server).await, 6);
}

#[tokio::test]
async fn a_repeated_outfit_is_charged_once() {
    let server = shop().await;
    let image = upload(&server).await;
    let request = shirt_and_jeans(&image).to_string();
    let send = async || {
        let asked = server
            .request(Method::POST, TRY_ON)
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "outfit-1")
            .body(Body::from(request.clone()));
        server.send(asked.unwrap()).await.expect_status(202)
    };
    let (first, second) = (send().await, send().await);
    assert_eq!(first, second);
    assert_eq!(second["productExternalIds"], json!(["shirt", "jeans"]));
    assert_eq!(balance(&server).await, 8);
}

#[tokio::test]
async fn one_shot_products_of_an_outfit_are_named_in_the_answer() {
    let server = shop().await;
    let image = upload(&server).await;
    let part = |category: &str, key: &str| json!({ "images": [{ "fileKey": key, "classifications": { "category": category } }] });
    let data = body(&[part("top", "a"), part("bottom", "b")], &image).to_string();
    let form = FormData::new()
        .text("data", &data)
        .file("a", &jpeg(60, 80))
        .file("b", &jpeg(60, 90));
    let answer = server.post_form(TRY_ON, form).await.expect_status(202);
    let ids = answer["productExternalIds"].as_array().unwrap().clone();
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| text(id).starts_with("_anon_")) && ids[0] != ids[1]);
    assert_eq!(answer["productExternalId"], ids[0]);
    server.run_jobs().await;
    // Both can be named again.
    let again: Vec<Value> = ids.iter().map(|id| json!({ "externalId": id })).collect();
    accepted(&server, &body(&again, &image)).await;
    assert_eq!(server.run_jobs().await, 1);
}

#[tokio::test]
async fn waiting_for_an_outfit_answers_with_every_product() {
    let server = shop().await;
    let image = upload(&server).await;
    let request = shirt_and_jeans(&image);
    let (answer, ()) = tokio::join!(server.post(TRY_ON_SYNC, &request), async {
        let job = server.next_job().await;
        server.run(&job).await;
    });
    let done = answer.expect_status(200);
    assert_eq!(done["status"], "COMPLETED");
    assert_eq!(done["productExternalIds"], json!(["shirt", "jeans"]));
}
