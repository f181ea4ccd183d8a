//! Which engine makes a picture, and what becomes of a try-on when one cannot.

use std::{sync::Arc, time::Duration};

use drape_core::{
    engine::{AUTO, Engine, EngineErrorKind, Routing, Steps},
    generation::JobProgress,
};
use drape_testkit::{Act, ScriptedEngine, TestServer, server::TestOptions};
use serde_json::{Value, json};

use crate::{
    metrics::work_at_once,
    world::{TRY_ON, accepted, balance, details, generation, one_shot, stock, upload},
};

/// A server whose default engine is `neural`, with `preview` beside it.
async fn server(neural: ScriptedEngine, preview: ScriptedEngine, routing: Routing) -> TestServer {
    let server = TestServer::start_with(TestOptions {
        engine: Some(Arc::new(neural)),
        more_engines: vec![Arc::new(preview) as Arc<dyn Engine>],
        routing,
        ..TestOptions::default()
    })
    .await;
    stock(&server);
    server
}

fn neural(acts: Vec<Act>) -> ScriptedEngine {
    ScriptedEngine::new("neural", acts).with_max_items(1)
}

fn preview(acts: Vec<Act>) -> ScriptedEngine {
    ScriptedEngine::new("preview", acts)
}

fn auto(seconds: u64) -> Routing {
    Routing {
        auto: vec!["neural".to_owned(), "preview".to_owned()],
        auto_time_limit: Duration::from_secs(seconds),
        fallback: None,
    }
}

fn fallback() -> Routing {
    Routing {
        fallback: Some("preview".to_owned()),
        ..Routing::default()
    }
}

/// Asks for a try-on by this engine, runs it, and returns the generation.
async fn try_on(server: &TestServer, engine: &str) -> Value {
    let mut body = one_shot(&upload(server).await);
    body["engine"] = json!(engine);
    let id = accepted(server, &body).await;
    server.run_jobs().await;
    generation(server, &id).await
}

#[tokio::test]
async fn auto_takes_the_best_engine_that_is_quick_enough() {
    for (seconds, expected) in [(60, "neural"), (59, "preview")] {
        let neural = neural(Vec::new()).with_needed_time(Duration::from_mins(1));
        let server = server(neural, preview(Vec::new()), auto(seconds)).await;
        let made = try_on(&server, AUTO).await;
        assert_eq!(made["status"], "COMPLETED", "{made}");
        assert_eq!(made["engine"], expected, "{seconds} s");
    }
}

#[tokio::test]
async fn auto_goes_on_when_an_engine_fails() {
    let neural = neural(vec![Act::Fail(EngineErrorKind::ProviderError)]);
    let server = server(neural, preview(Vec::new()), auto(60)).await;
    let made = try_on(&server, AUTO).await;
    assert_eq!(
        (&made["status"], &made["engine"]),
        (&json!("COMPLETED"), &json!("preview"))
    );
    assert_eq!(balance(&server).await, 9, "one picture, one credit");
}

#[tokio::test]
async fn auto_puts_on_as_many_products_as_any_of_its_engines() {
    let server = server(neural(Vec::new()), preview(Vec::new()), auto(60)).await;
    let image = upload(&server).await;
    let shirt = &one_shot(&image)["product"];
    let body = |engine: &str| {
        json!({
            "products": [shirt, shirt], "person": { "image": { "source": { "id": image } } }, "engine": engine,
        })
    };
    let refused = server.post(TRY_ON, &body("neural")).await;
    let problems = details(&refused.expect_status(400));
    assert!(problems[0].starts_with("products:"), "{problems:?}");
    let id = accepted(&server, &body(AUTO)).await;
    server.run_jobs().await;
    let made = generation(&server, &id).await;
    assert_eq!(
        (&made["status"], &made["engine"]),
        (&json!("COMPLETED"), &json!("preview"))
    );
}

#[tokio::test]
async fn nobody_may_ask_for_auto_where_there_is_none() {
    let server = server(neural(Vec::new()), preview(Vec::new()), Routing::default()).await;
    let mut body = one_shot(&upload(&server).await);
    body["engine"] = json!(AUTO);
    let refused = server.post(TRY_ON, &body).await.expect_status(400);
    assert_eq!(refused["code"], "VALIDATION_FAILED");
    assert_eq!(balance(&server).await, 10);
}

#[tokio::test]
async fn the_fallback_takes_over_what_an_engine_cannot_do() {
    for (kind, expected) in [
        (EngineErrorKind::Timeout, "COMPLETED"),
        (EngineErrorKind::RateLimited, "COMPLETED"),
        (EngineErrorKind::CategoryUnsupported, "COMPLETED"),
        (EngineErrorKind::NoPerson, "FAILED"),
        (EngineErrorKind::Moderated, "FAILED"),
    ] {
        let server = server(
            neural(vec![Act::Fail(kind)]),
            preview(Vec::new()),
            fallback(),
        )
        .await;
        let made = try_on(&server, "neural").await;
        assert_eq!(made["status"], expected, "{kind:?}");
        let is_made = expected == "COMPLETED";
        assert_eq!(made["engine"], if is_made { "preview" } else { "neural" });
        assert_eq!(balance(&server).await, if is_made { 9 } else { 10 });
    }
}

#[tokio::test]
async fn nothing_takes_over_from_a_paid_attempt_or_from_mock() {
    let server = server(
        neural(vec![Act::ChargedTimeout]),
        preview(Vec::new()),
        fallback(),
    )
    .await;
    let made = try_on(&server, "neural").await;
    assert_eq!(
        (&made["status"], &made["errorCode"]),
        (&json!("FAILED"), &json!("ENGINE_TIMEOUT"))
    );
    let made = try_on(&server, "mock").await;
    assert_eq!(
        (&made["status"], &made["engine"]),
        (&json!("COMPLETED"), &json!("mock"))
    );
}

#[tokio::test]
async fn when_all_fail_the_first_failure_is_told() {
    let neural = neural(vec![Act::Fail(EngineErrorKind::Timeout)]);
    let preview = preview(vec![Act::Fail(EngineErrorKind::GarmentUnusable)]);
    let server = server(neural, preview, fallback()).await;
    let made = try_on(&server, "neural").await;
    assert_eq!(
        (&made["status"], &made["errorCode"]),
        (&json!("FAILED"), &json!("ENGINE_TIMEOUT"))
    );
    assert_eq!(balance(&server).await, 10);
}

#[tokio::test]
async fn a_slow_engine_does_not_take_all_places_of_a_worker() {
    let neural = Arc::new(neural(vec![Act::SucceedInSteps(3), Act::Hang]).with_max_at_once(1));
    let server = TestServer::start_with(TestOptions {
        engine: Some(neural.clone()),
        ..TestOptions::default()
    })
    .await;
    stock(&server);
    let image = upload(&server).await;
    let mut ids = Vec::new();
    for engine in ["neural", "neural", "neural", "mock"] {
        let mut body = one_shot(&image);
        body["engine"] = json!(engine);
        ids.push(accepted(&server, &body).await);
    }
    work_at_once(&server, 3, &[&ids[0], &ids[3]]).await;
    assert!(neural.call_count() <= 2, "one after the other");
    let statuses = futures::future::join_all(ids.iter().map(|id| generation(&server, id))).await;
    let statuses: Vec<_> = statuses.iter().map(|made| made["status"].clone()).collect();
    assert_eq!(statuses, ["COMPLETED", "PENDING", "PENDING", "COMPLETED"]);
}

#[tokio::test]
async fn the_generation_tells_who_is_at_it_and_how_far() {
    let server = server(neural(Vec::new()), preview(Vec::new()), auto(60)).await;
    let mut body = one_shot(&upload(&server).await);
    body["engine"] = json!(AUTO);
    let id = accepted(&server, &body).await;
    let waiting = generation(&server, &id).await;
    assert_eq!(
        (&waiting["engine"], &waiting["progress"]),
        (&json!(AUTO), &Value::Null)
    );
    let job = server.claim().await.unwrap();
    let progress = JobProgress {
        engine: "neural".to_owned(),
        steps: Some(Steps { done: 7, total: 20 }),
    };
    let jobs = &server.ports.jobs;
    jobs.note_progress(job.generation, job.lease, progress)
        .await
        .unwrap();
    let working = generation(&server, &id).await;
    assert_eq!(working["engine"], "neural");
    assert_eq!(working["progress"], json!({ "step": 7, "steps": 20 }));
    server.run(&job).await;
    let made = generation(&server, &id).await;
    assert_eq!(
        (&made["status"], &made["progress"]),
        (&json!("COMPLETED"), &Value::Null)
    );
}
