//! Logo and label on results.

use std::sync::Arc;

use bytes::Bytes;
use drape_core::{
    account::AccountChange,
    engine::EngineErrorKind,
    watermark::{NormalizedLogo, Watermark, WatermarkChange, WatermarkStyle, set_watermark},
};
use drape_imaging::{Limits, Picture, decode};
use drape_testkit::{
    Act, ScriptedEngine, TestServer,
    server::{FormData, jpeg, logo_png},
};
use serde_json::{Value, json};

use crate::world::{
    UPLOAD, accepted, balance, generation, one_shot, path_of, shop_with_engine, text,
};

const RED: [u8; 3] = [230, 20, 30];

async fn acting_shop(acts: Vec<Act>) -> TestServer {
    shop_with_engine(Arc::new(ScriptedEngine::new("scripted", acts))).await
}

/// A body whose person is large enough to read a label on.
async fn body(server: &TestServer, more: Value) -> Value {
    let form = FormData::new().file("file", &jpeg(480, 600));
    let answer = server.post_form(UPLOAD, form).await.expect_status(201);
    let mut body = one_shot(&text(&answer["imageId"]));
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

async fn set_logo(server: &TestServer) {
    let ports = &server.ports;
    let logo = Bytes::from(logo_png(300, 90, RED));
    let change = WatermarkChange::default();
    let (watermarks, pictures) = (ports.watermarks.as_ref(), ports.pictures.as_ref());
    let set = set_watermark(
        watermarks,
        pictures,
        server.account.id,
        Some(logo),
        change,
        ports.clock.now(),
    );
    set.await.unwrap();
}

async fn result_bytes(server: &TestServer, more: Value) -> Bytes {
    let body = body(server, more).await;
    let id = accepted(server, &body).await;
    server.run_jobs().await;
    let done = generation(server, &id).await;
    assert_eq!(done["status"], "COMPLETED", "{done}");
    server.get(&path_of(&done["resultImageUrl"])).await.body
}

async fn result(server: &TestServer, more: Value) -> Picture {
    decode(&result_bytes(server, more).await, &Limits::default()).unwrap()
}

/// Whether the logo, a red one, is at the lower right: 18 % wide, 3 % away.
fn has_logo(picture: &Picture) -> bool {
    let is_red = |x: u32, y: u32| {
        let [red, green, blue] = picture.pixel(x, y);
        red > 180 && green < 120 && blue < 60
    };
    let (right, bottom) = (480 - 14, 600 - 14);
    (right - 12..right - 2).all(|x| (bottom - 20..bottom - 4).all(|y| is_red(x, y)))
}

/// Whether the label is at the lower left, 2.5 % away: a dark pill of 20 pixels, above its letters.
fn has_label(picture: &Picture) -> bool {
    let y = 600 - 12 - 19;
    (24..80).all(|x| picture.pixel(x, y).iter().all(|value| *value < 115))
}

#[tokio::test]
async fn a_result_carries_the_logo_unless_the_request_says_no() {
    let server = acting_shop(Vec::new()).await;
    let plain = result(&server, json!({})).await;
    assert!(!has_logo(&plain) && !has_label(&plain));

    set_logo(&server).await;
    let marked = result(&server, json!({})).await;
    assert!(has_logo(&marked) && !has_label(&marked));
    assert_eq!((marked.width(), marked.height()), (480, 600));
    let asked = result(&server, json!({ "output": { "watermark": true } })).await;
    assert!(has_logo(&asked));
    for no in [
        json!({ "output": { "watermark": false } }),
        json!({ "useWatermark": false }),
    ] {
        assert!(!has_logo(&result(&server, no).await));
    }

    assert!(
        server
            .ports
            .watermarks
            .clear(server.account.id)
            .await
            .unwrap()
    );
    assert!(!has_logo(&result(&server, json!({})).await));
}

#[tokio::test]
async fn a_logo_belongs_to_its_account_only() {
    let server = acting_shop(Vec::new()).await;
    set_logo(&server).await;
    let (_, other) = server.another_account("other", 5).await;
    let form = FormData::new().file("file", &jpeg(480, 600));
    let image = other.post_form(UPLOAD, form).await.expect_status(201);
    let id = accepted(&other, &one_shot(&text(&image["imageId"]))).await;
    server.run_jobs().await;
    let done = generation(&other, &id).await;
    let picture = other.get(&path_of(&done["resultImageUrl"])).await;
    assert!(!has_logo(
        &decode(&picture.body, &Limits::default()).unwrap()
    ));
}

#[tokio::test]
async fn an_unmarked_result_is_what_the_engine_made() {
    let server = acting_shop(Vec::new()).await;
    set_logo(&server).await;
    let no = json!({ "output": { "watermark": false, "aiLabel": false } });
    let first = result(&server, no.clone()).await;
    server
        .ports
        .watermarks
        .clear(server.account.id)
        .await
        .unwrap();
    let second = result(&server, no).await;
    assert!(first == second, "not encoded a second time");
}

#[tokio::test]
async fn the_label_follows_the_request_then_the_account() {
    let server = acting_shop(Vec::new()).await;
    let ask = |wanted: bool| json!({ "output": { "aiLabel": wanted } });
    assert!(!has_label(&result(&server, json!({})).await));
    assert!(has_label(&result(&server, ask(true)).await));

    let change = AccountChange {
        ai_label: Some(true),
        ..AccountChange::default()
    };
    let accounts = &server.ports.accounts;
    accounts.update(server.account.id, change).await.unwrap();
    assert!(has_label(&result(&server, json!({})).await));
    assert!(!has_label(&result(&server, ask(false)).await));

    set_logo(&server).await;
    let both = result(&server, json!({})).await;
    assert!(has_label(&both) && has_logo(&both));
}

/// The setting counts when the job runs, not when it was asked for.
#[tokio::test]
async fn a_logo_set_meanwhile_counts() {
    let server = acting_shop(Vec::new()).await;
    let body = body(&server, json!({})).await;
    let id = accepted(&server, &body).await;
    set_logo(&server).await;
    server.run_jobs().await;
    let done = generation(&server, &id).await;
    let picture = server.get(&path_of(&done["resultImageUrl"])).await;
    assert!(has_logo(
        &decode(&picture.body, &Limits::default()).unwrap()
    ));
}

/// A logo is checked when it is set; should it break in the database all the same, no result leaves without it.
#[tokio::test]
async fn a_broken_logo_fails_the_job_and_costs_nothing() {
    let server = acting_shop(Vec::new()).await;
    let watermark = Watermark {
        logo: NormalizedLogo {
            png: Bytes::from_static(b"broken"),
            width: 10,
            height: 10,
        },
        style: WatermarkStyle::default(),
        updated_at: server.ports.clock.now(),
    };
    let watermarks = &server.ports.watermarks;
    watermarks.set(server.account.id, watermark).await.unwrap();
    let body = body(&server, json!({})).await;
    let id = accepted(&server, &body).await;
    assert_eq!(server.run_jobs().await, 3);
    let failed = generation(&server, &id).await;
    assert_eq!(failed["errorCode"], "INTERNAL_ERROR");
    assert_eq!(balance(&server).await, 10);
}

#[tokio::test]
async fn an_unreadable_result_is_the_fault_of_the_engine() {
    let server = acting_shop(vec![
        Act::AnswerWithGarbage,
        Act::FailForNow(EngineErrorKind::ProviderError),
        Act::Succeed,
    ])
    .await;
    set_logo(&server).await;
    let picture = result(&server, json!({})).await;
    assert!(has_logo(&picture), "the third attempt worked");

    let server = acting_shop(vec![Act::AnswerWithGarbage]).await;
    set_logo(&server).await;
    let body = body(&server, json!({})).await;
    let id = accepted(&server, &body).await;
    server.run_jobs().await;
    assert_eq!(generation(&server, &id).await["errorCode"], "ENGINE_FAILED");
    assert_eq!(balance(&server).await, 10);
}
