//! Generations as streams of events.

use axum::body::Body;
use drape_core::{
    engine::{EngineErrorKind, Steps},
    generation::JobProgress,
};
use drape_server::state::ApiSettings;
use drape_testkit::{Act, ScriptedEngine, TestServer, server::TestOptions};
use http::{Method, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::world::{
    CREDITS, GENERATIONS, TRY_ON_SYNC, accepted, generation, one_shot, path_of, shop, shop_with,
    shop_with_engine, text, upload,
};

/// One event as it came.
#[derive(Debug, PartialEq)]
struct Event {
    name: String,
    data: Value,
}

/// Reads the events of a whole or broken-off stream.
fn events(stream: &str) -> Vec<Event> {
    let blocks = stream.split("\n\n");
    blocks
        .filter_map(|block| {
            let field = |name: &str| {
                let mut lines = block.lines();
                lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            };
            Some(Event {
                name: field("event")?.to_owned(),
                data: serde_json::from_str(field("data")?).unwrap(),
            })
        })
        .collect()
}

fn path(id: &str) -> String {
    format!("{GENERATIONS}/{id}/events")
}

/// Opens a stream that does not end by itself.
async fn open(server: &TestServer, id: &str) -> Response<Body> {
    let request = server
        .request(Method::GET, &path(id))
        .header("last-event-id", "17")
        .body(Body::empty());
    server.open(request.unwrap()).await
}

/// Waits for the next event of an open stream.
async fn next(stream: &mut Response<Body>) -> Event {
    let frame = stream.body_mut().frame().await.unwrap().unwrap();
    let bytes = frame.into_data().unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    events(&text).pop().unwrap()
}

#[tokio::test]
async fn a_try_on_is_followed_to_its_end() {
    let server = shop().await;
    let image = upload(&server).await;
    let first = accepted(&server, &one_shot(&image)).await;
    let id = accepted(&server, &one_shot(&image)).await;
    let mut stream = open(&server, &id).await;
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert!(
        stream.headers()["ratelimit-policy"]
            .to_str()
            .unwrap()
            .contains("poll")
    );
    let queued = |position: u32| Event {
        name: "queued".to_owned(),
        data: json!({ "generationId": id, "position": position }),
    };
    assert_eq!(next(&mut stream).await, queued(2));
    let job = server.claim().await.unwrap();
    assert_eq!(job.generation.to_string(), first);
    server.run(&job).await;
    // Nobody tells of a place in the queue: it is looked up again after a moment.
    assert_eq!(next(&mut stream).await, queued(1));
    let job = server.claim().await.unwrap();
    let processing = next(&mut stream).await;
    assert_eq!(processing.name, "processing");
    assert_eq!(processing.data, json!({ "generationId": id }));
    for done in [1, 20] {
        let progress = JobProgress {
            engine: "neural".to_owned(),
            steps: Some(Steps { done, total: 20 }),
        };
        let jobs = &server.ports.jobs;
        jobs.note_progress(job.generation, job.lease, progress)
            .await
            .unwrap();
        let told = next(&mut stream).await;
        assert_eq!(told.name, "progress");
        let data = json!({ "generationId": id, "engine": "neural", "step": done, "steps": 20 });
        assert_eq!(told.data, data);
    }
    server.run(&job).await;
    let end = next(&mut stream).await;
    assert_eq!(end.name, "completed");
    let mut read = generation(&server, &id).await;
    let picture = server
        .stranger()
        .get(&path_of(&end.data["resultImageUrl"]))
        .await;
    assert_eq!(picture.status, 200);
    read["resultImageUrl"] = end.data["resultImageUrl"].clone();
    assert_eq!(end.data, read);
    assert!(
        stream.body_mut().frame().await.is_none(),
        "the stream has ended"
    );
}

#[tokio::test]
async fn what_has_ended_is_told_at_once() {
    let engine = ScriptedEngine::new("scripted", vec![Act::Fail(EngineErrorKind::NoPerson)]);
    let server = shop_with_engine(std::sync::Arc::new(engine)).await;
    let id = accepted(&server, &one_shot(&upload(&server).await)).await;
    server.run_jobs().await;
    let stream = server.get(&path(&id)).await;
    let text = stream.text();
    assert!(text.contains("retry: 2000"), "{text}");
    let events = events(&text);
    assert_eq!(events.len(), 1, "{text}");
    assert_eq!(events[0].name, "failed");
    assert_eq!(events[0].data, generation(&server, &id).await);
    assert_eq!(events[0].data["errorCode"], "NO_PERSON_FOUND");
}

#[tokio::test]
async fn a_stream_needs_a_generation_of_its_own_account() {
    let server = shop().await;
    let (_, other) = server.another_account("other", 1).await;
    let id = accepted(&server, &one_shot(&upload(&server).await)).await;
    other.get(&path(&id)).await.expect_error(403, "FORBIDDEN");
    for unknown in ["nope", "gen_01920000000070008000000000000001"] {
        let answer = server.get(&path(unknown)).await;
        answer.expect_error(404, "GENERATION_NOT_FOUND");
    }
    server
        .stranger()
        .get(&path(&id))
        .await
        .expect_error(401, "MISSING_API_KEY");
}

#[tokio::test]
async fn streams_share_the_places_of_those_who_wait() {
    let server = shop_with(TestOptions {
        settings: ApiSettings {
            max_sync_waiting: 2,
            ..ApiSettings::default()
        },
        ..TestOptions::default()
    })
    .await;
    let image = upload(&server).await;
    let id = accepted(&server, &one_shot(&image)).await;
    let streams = [open(&server, &id).await, open(&server, &id).await];
    let refused = server.get(&path(&id)).await;
    refused.expect_error(503, "SERVER_BUSY");
    assert_ne!(refused.header("retry-after"), "");
    let waiting = server.post(TRY_ON_SYNC, &one_shot(&image)).await;
    waiting.expect_error(503, "SERVER_BUSY");
    let credits = server.get(CREDITS).await.expect_status(200);
    assert_eq!(credits["creditBalance"], 9);
    // Whoever goes away frees the place.
    drop(streams);
    server.run_jobs().await;
    let text = text(&Value::from(server.get(&path(&id)).await.text()));
    assert_eq!(events(&text)[0].name, "completed");
}

#[tokio::test]
async fn streams_end_at_shutdown() {
    let server = shop().await;
    let id = accepted(&server, &one_shot(&upload(&server).await)).await;
    let mut stream = open(&server, &id).await;
    assert_eq!(next(&mut stream).await.name, "queued");
    server.begin_shutdown();
    assert!(stream.body_mut().frame().await.is_none());
}
