//! Try-ons from the request to the result.

use std::sync::Arc;

use drape_core::engine::EngineErrorKind;
use drape_imaging::{Limits, Picture, decode};
use drape_testkit::{
    Act, ScriptedEngine,
    server::{FormData, TestOptions, jpeg},
};
use serde_json::{Value, json};

use crate::world::{
    GENERATIONS, PERSON_URL, PRODUCTS, SHIRT_URL, TRY_ON, UPLOAD, accepted, balance, by_reference,
    generation, keys, one_shot, path_of, register, shop, shop_with, shop_with_engine, text, upload,
};

#[tokio::test]
async fn a_try_on_goes_from_pending_to_completed() {
    let server = shop().await;
    let image = upload(&server).await;
    let answer = server
        .post(TRY_ON, &one_shot(&image))
        .await
        .expect_status(202);
    assert_eq!(
        keys(&answer),
        ["generationId", "status", "productExternalId"]
    );
    assert_eq!(answer["status"], "PENDING");
    assert!(text(&answer["productExternalId"]).starts_with("_anon_"));
    let id = text(&answer["generationId"]);

    let pending = generation(&server, &id).await;
    assert_eq!(
        pending,
        json!({
            "generationId": id, "status": "PENDING", "queuePosition": 1, "productExternalId": answer["productExternalId"],
            "engine": "scripted", "createdAt": "2026-03-01T09:00:00.000Z", "updatedAt": "2026-03-01T09:00:00.000Z",
        })
    );
    let job = server.claim().await.unwrap();
    assert_eq!(generation(&server, &id).await["status"], "PROCESSING");
    server
        .clock
        .advance(std::time::Duration::from_millis(1_500));
    server.run(&job).await;

    let done = generation(&server, &id).await;
    assert_eq!(
        keys(&done),
        [
            "generationId",
            "status",
            "resultImageUrl",
            "productExternalId",
            "engine",
            "generationTimeMs",
            "createdAt",
            "updatedAt"
        ]
    );
    assert_eq!(done["status"], "COMPLETED");
    assert_eq!(done["generationTimeMs"], 1_500);
    assert_eq!(done["createdAt"], "2026-03-01T09:00:00.000Z");
    assert_eq!(done["updatedAt"], "2026-03-01T09:00:01.500Z");
    let picture = server
        .stranger()
        .get(&path_of(&done["resultImageUrl"]))
        .await;
    assert_eq!(picture.status, 200);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    assert_eq!(balance(&server).await, 9);
}

#[tokio::test]
async fn a_failure_says_why_and_costs_nothing() {
    let engine = ScriptedEngine::new("scripted", vec![Act::Fail(EngineErrorKind::NoPerson)]);
    let server = shop_with_engine(Arc::new(engine)).await;
    let image = upload(&server).await;
    let id = accepted(&server, &one_shot(&image)).await;
    assert_eq!(balance(&server).await, 9, "the credit is held");
    server.run_jobs().await;
    let failed = generation(&server, &id).await;
    assert_eq!(failed["status"], "FAILED");
    assert_eq!(failed["errorCode"], "NO_PERSON_FOUND");
    assert_eq!(failed["errorMessage"], "Scripted: NoPerson.");
    assert!(failed.get("resultImageUrl").is_none());
    assert_eq!(balance(&server).await, 10);
}

#[tokio::test]
async fn a_product_picture_that_cannot_be_fetched_fails_the_job_not_the_request() {
    let server = shop().await;
    let image = upload(&server).await;
    server.web.remove(SHIRT_URL);
    let id = accepted(&server, &one_shot(&image)).await;
    server.run_jobs().await;
    let failed = generation(&server, &id).await;
    assert_eq!(failed["errorCode"], "PRODUCT_IMAGE_FETCH_FAILED");
    assert_eq!(balance(&server).await, 10);
}

#[tokio::test]
async fn a_person_by_url_is_fetched_at_once_cropped_and_kept_apart() {
    let server = shop().await;
    server.web.put(PERSON_URL, jpeg(300, 100));
    let body = json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "url": PERSON_URL } });
    let id = accepted(&server, &body).await;
    assert_eq!(server.web.asked(), [PERSON_URL]);
    server.web.remove(PERSON_URL);
    server.run_jobs().await;
    let done = generation(&server, &id).await;
    let picture = server.get(&path_of(&done["resultImageUrl"])).await;
    let picture = drape_imaging::decode(&picture.body, &drape_imaging::Limits::default()).unwrap();
    assert_eq!((picture.width(), picture.height()), (80, 100));

    for (url, bytes) in [
        ("https://shop.example/text", b"no picture".to_vec()),
        (
            "https://shop.example/gif",
            b"GIF89a\x01\x00\x01\x00\x00\x00\x00;".to_vec(),
        ),
        ("https://shop.example/large", vec![0; 10_000_001]),
    ] {
        server.web.put(url, bytes);
        let body =
            json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "url": url } });
        let error = server
            .post(TRY_ON, &body)
            .await
            .expect_error(400, "CUSTOMER_IMAGE_FETCH_FAILED");
        assert!(text(&error["message"]).starts_with("The customer picture could not be fetched: "));
    }
    assert_eq!(balance(&server).await, 9);
}

#[tokio::test]
async fn own_picture_urls_need_no_fetch_as_person_or_product() {
    let server = shop().await;
    let form = FormData::new().file("file", &jpeg(80, 100));
    let uploaded = server.post_form(UPLOAD, form).await.expect_status(201);
    let url = text(&uploaded["imageUrl"]);
    let elsewhere = url.replace("http://drape.test", "https://public.example/tryon-proxy");
    for url in [&url, &elsewhere] {
        let body = json!({
            "products": [{ "images": [{ "source": { "url": url } }] }],
            "person": { "image": { "source": { "url": url } } },
        });
        let id = accepted(&server, &body).await;
        server.run_jobs().await;
        assert_eq!(generation(&server, &id).await["status"], "COMPLETED");
    }
    assert!(server.web.asked().is_empty());

    // A result can be worn again.
    let first = accepted(&server, &one_shot(&text(&uploaded["imageId"]))).await;
    server.run_jobs().await;
    let result = text(&generation(&server, &first).await["resultImageUrl"]);
    let body =
        json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "url": result } });
    accepted(&server, &body).await;
    assert_eq!(server.web.asked(), [SHIRT_URL]);
    // A forged one is an address like any other.
    let forged = result.replace("signature=", "signature=x");
    let body =
        json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "url": forged } });
    server
        .post(TRY_ON, &body)
        .await
        .expect_error(400, "CUSTOMER_IMAGE_FETCH_FAILED");
}

#[tokio::test]
async fn every_spelling_of_a_body_is_accepted() {
    let server = shop_with(TestOptions {
        credits: 50,
        ..TestOptions::default()
    })
    .await;
    let image = upload(&server).await;
    register(&server, "known").await;
    let products = [
        json!({ "externalId": "known" }),
        json!({ "externalId": "inline", "title": "Tee", "description": null, "images": [{ "url": SHIRT_URL }] }),
        json!({ "images": [{ "source": { "url": SHIRT_URL }, "classifications": { "category": "top" } }] }),
        json!({ "imageUrls": [SHIRT_URL, SHIRT_URL] }),
    ];
    let persons = [json!({ "id": image }), json!({ "url": PERSON_URL })];
    let mut bodies: Vec<Value> = Vec::new();
    for product in &products {
        for person in &persons {
            bodies.push(json!({ "product": product, "customer": person, "customerId": "u", "useWatermark": true }));
            bodies.push(
                json!({ "product": product, "customer": { "source": person }, "retentionDays": 3 }),
            );
            bodies.push(json!({
                "products": [product], "person": { "image": { "source": person } }, "externalUserId": "u",
                "output": { "watermark": false, "keepForDays": 1, "aiLabel": true }, "engine": "mock", "future": {},
            }));
        }
    }
    for body in &bodies {
        server.post(TRY_ON, body).await.expect_status(202);
    }
    assert_eq!(balance(&server).await, 50 - bodies.len() as i64);
    assert_eq!(server.run_jobs().await, bodies.len());
    let page = server.get(GENERATIONS).await.expect_status(200);
    for item in page["items"].as_array().unwrap() {
        assert_eq!(item["status"], "COMPLETED", "{item}");
    }
}

#[tokio::test]
async fn the_title_mock_gives_the_person_back() {
    let engine = ScriptedEngine::new("scripted", vec![Act::Fail(EngineErrorKind::ProviderError)]);
    let server = shop_with_engine(Arc::new(engine)).await;
    let form = FormData::new().file("file", &jpeg(80, 100));
    let uploaded = server.post_form(UPLOAD, form).await.expect_status(201);
    let image = text(&uploaded["imageId"]);
    let mut body = one_shot(&image);
    body["product"]["title"] = json!("mock");
    let id = accepted(&server, &body).await;
    server.run_jobs().await;
    let done = generation(&server, &id).await;
    assert_eq!(
        (done["status"].as_str(), done["engine"].as_str()),
        (Some("COMPLETED"), Some("mock"))
    );
    let result = server.get(&path_of(&done["resultImageUrl"])).await;
    let person = server.get(&path_of(&uploaded["imageUrl"])).await;
    let pixels = |file: &[u8]| decode(file, &Limits::default()).map(Picture::into_data);
    assert_eq!(pixels(&result.body).unwrap(), pixels(&person.body).unwrap());
    assert_eq!(balance(&server).await, 9);
}

#[tokio::test]
async fn generations_of_others_are_forbidden_and_unknown_ones_not_found() {
    let server = shop().await;
    let (_, other) = server.another_account("other", 5).await;
    let image = upload(&server).await;
    let id = accepted(&server, &one_shot(&image)).await;
    other
        .get(&format!("{GENERATIONS}/{id}"))
        .await
        .expect_error(403, "FORBIDDEN");
    assert_eq!(other.get(GENERATIONS).await.expect_status(200)["count"], 0);
    for odd in [
        "gen_01920000000070008000000000000001",
        "nope",
        "%ff",
        "a%2Fb",
        "%00",
        "..%2f..",
        &id.to_uppercase(),
        &format!("{id}%20"),
        &id.replace("gen_", "img_"),
    ] {
        let answer = server.get(&format!("{GENERATIONS}/{odd}")).await;
        answer.expect_error(404, "GENERATION_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_product_may_go_while_its_try_on_waits() {
    let server = shop().await;
    let image = upload(&server).await;
    register(&server, "known").await;
    let id = accepted(&server, &by_reference("known", &image)).await;
    server
        .delete(&format!("{PRODUCTS}/known"))
        .await
        .expect_status(204);
    server.run_jobs().await;
    let done = generation(&server, &id).await;
    assert_eq!(done["status"], "COMPLETED", "{done}");
    assert_eq!(done["productExternalId"], "known");
    let again = server.post(TRY_ON, &by_reference("known", &image)).await;
    again.expect_error(404, "PRODUCT_NOT_FOUND");
}

#[tokio::test]
async fn a_full_queue_is_told_and_costs_nothing() {
    let server = shop_with(TestOptions {
        max_waiting_jobs: 2,
        ..TestOptions::default()
    })
    .await;
    let image = upload(&server).await;
    for _ in 0..2 {
        accepted(&server, &one_shot(&image)).await;
    }
    let answer = server.post(TRY_ON, &one_shot(&image)).await;
    answer.expect_error(503, "SERVER_BUSY");
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!(balance(&server).await, 8);
    server.run_jobs().await;
    accepted(&server, &one_shot(&image)).await;
}
