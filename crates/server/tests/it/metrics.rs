//! What is measured: a closed list of names and labels, and nothing about customers.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use drape_core::pipeline::PipelineOptions;
use drape_server::{
    metrics::{METRICS, Metric, MetricKind, metrics_router},
    worker::{Worker, WorkerOptions, sweep_once},
};
use drape_testkit::{
    Act, ScriptedEngine, TestClient, TestServer,
    server::{FormData, TestOptions, jpeg},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::world::{CREDITS, PERSON_URL, TRY_ON, UPLOAD, accepted, generation, shop_with};

/// One line of Prometheus' text.
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

fn samples(text: &str) -> Vec<Sample> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.trim_end_matches('}').split_terminator("\",");
            let labels = labels.map(|label| {
                let (name, value) = label.split_once("=\"").unwrap();
                (name.to_owned(), value.trim_end_matches('"').to_owned())
            });
            Sample {
                name: name.to_owned(),
                labels: labels.collect(),
                value: value.parse().unwrap(),
            }
        })
        .collect()
}

/// Value of one series; zero when it is not there.
async fn value(server: &TestServer, name: &str, labels: &[&str]) -> f64 {
    let text = server.metrics.scrape(&server.ports).await;
    let found = samples(&text).into_iter().find(|sample| {
        sample.name == name
            && sample
                .labels
                .iter()
                .map(|(_, value)| value.as_str())
                .eq(labels.iter().copied())
    });
    found.map_or(0.0, |sample| sample.value)
}

/// The metric that a sample belongs to.
fn metric_of(sample: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| {
        let suffixes: &[&str] = match metric.kind {
            MetricKind::Histogram => &["_bucket", "_sum", "_count"],
            MetricKind::Counter | MetricKind::Gauge => &[""],
        };
        let mut names = suffixes
            .iter()
            .map(|suffix| format!("{}{suffix}", metric.name));
        names.any(|name| name == sample)
    })
}

/// Works on all waiting jobs with the real worker.
pub(crate) async fn work(server: &TestServer, waiting_for: &[&str]) {
    work_at_once(server, 1, waiting_for).await;
}

/// Works on so many jobs at once until these have ended, and gives the others back.
pub(crate) async fn work_at_once(server: &TestServer, concurrency: usize, waiting_for: &[&str]) {
    let stop = CancellationToken::new();
    let options = WorkerOptions {
        name: "test".to_owned(),
        concurrency,
        lease: Duration::from_mins(10),
        max_attempts: 3,
        pipeline: PipelineOptions {
            engine_time_limit: Duration::from_mins(1),
            retry_delay: Duration::ZERO,
        },
        shutdown_grace: Duration::ZERO,
    };
    let worker = Worker::new(
        server.ports.clone(),
        server.engines.clone(),
        options,
        stop.clone(),
    )
    .with_metrics(server.metrics.clone());
    let ended = async {
        for id in waiting_for {
            let id = id.parse().unwrap();
            let mut watch = server.ports.generations.watch(id);
            while !server
                .ports
                .generations
                .find(id)
                .await
                .unwrap()
                .unwrap()
                .status
                .is_final()
            {
                watch.changed().await;
            }
        }
        stop.cancel();
    };
    tokio::join!(worker.run(), ended);
}

#[tokio::test]
async fn a_request_is_counted_under_its_template() {
    let server = TestServer::start().await;
    let labels = ["GET", "/tryon/v1/generations/{id}", "404"];
    for _ in 0..3 {
        server
            .get("/tryon/v1/generations/gen_00000000000070008000000000000001")
            .await;
    }
    assert!((value(&server, "drape_http_requests_total", &labels).await - 3.0).abs() < 0.5);
    let count = value(
        &server,
        "drape_http_request_duration_seconds_count",
        &labels[..2],
    )
    .await;
    assert!((count - 3.0).abs() < 0.5);
    server.get("/made/up/path").await;
    server
        .bare(http::Method::from_bytes(b"BREW").unwrap(), CREDITS)
        .await;
    assert!(
        (value(
            &server,
            "drape_http_requests_total",
            &["GET", "unknown", "404"]
        )
        .await
            - 1.0)
            .abs()
            < 0.5
    );
    assert!(
        (value(
            &server,
            "drape_http_requests_total",
            &["OTHER", CREDITS, "405"]
        )
        .await
            - 1.0)
            .abs()
            < 0.5
    );
    assert!(
        value(&server, "drape_http_requests_in_flight", &[])
            .await
            .abs()
            < 0.5
    );
}

#[tokio::test]
async fn names_and_labels_are_a_closed_list_without_customers() {
    let engine = ScriptedEngine::new(
        "scripted",
        vec![
            Act::Succeed,
            Act::FailForNow(drape_core::engine::EngineErrorKind::RateLimited),
            Act::Fail(drape_core::engine::EngineErrorKind::NoPerson),
        ],
    );
    let server = shop_with(TestOptions {
        engine: Some(Arc::new(engine)),
        rate_limit: 8,
        credits: 5,
        ..TestOptions::default()
    })
    .await;
    let hook = "https://hooks.example/secret-path";
    crate::webhooks::hook(&server, hook).await;
    server.hooks.answer(hook, 500);
    let secret = "customer-4711";
    let form = FormData::new()
        .file("file", &jpeg(80, 100))
        .text("externalUserId", secret);
    let uploaded = server.post_form(UPLOAD, form).await.expect_status(201);
    let body = json!({
        "product": { "externalId": "product-4712", "images": [{ "url": crate::world::SHIRT_URL }] },
        "customer": { "id": uploaded["imageId"] }, "externalUserId": secret,
    });
    crate::world::upload(&server).await;
    let first = accepted(&server, &body).await;
    let second = accepted(&server, &body).await;
    work(&server, &[&first, &second]).await;
    assert_eq!(generation(&server, &first).await["status"], "COMPLETED");
    assert_eq!(
        generation(&server, &second).await["errorCode"],
        "NO_PERSON_FOUND"
    );
    assert!(server.send_webhooks().await >= 2);
    let waiting =
        json!({ "product": { "externalId": "product-4712" }, "customer": { "url": PERSON_URL } });
    accepted(&server, &waiting).await;
    server
        .delete(&format!("/tryon/v1/customers/{secret}"))
        .await
        .expect_status(204);
    let refused = server.post(TRY_ON, &json!({ "product": { "externalId": "product-4712" }, "customer": { "url": "https://nowhere.example/x.jpg" } })).await;
    refused.expect_error(400, "CUSTOMER_IMAGE_FETCH_FAILED");
    for _ in 0..10 {
        server.get(CREDITS).await;
    }
    server.clock.advance_days(8);
    sweep_once(&server.ports, Duration::ZERO, &server.metrics)
        .await
        .unwrap();

    let text = server.metrics.scrape(&server.ports).await;
    for name in [
        secret,
        "product-4712",
        "acc_",
        "gen_",
        "img_",
        "gk_",
        "shop.example",
        "hooks.example",
        "signature",
    ] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    let mut seen = BTreeSet::new();
    for sample in samples(&text) {
        let metric =
            metric_of(&sample.name).unwrap_or_else(|| panic!("{} is not listed", sample.name));
        seen.insert(metric.name);
        let labels: Vec<_> = sample
            .labels
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| *name != "le")
            .collect();
        assert_eq!(labels, metric.labels, "{}", metric.name);
        for (name, value) in &sample.labels {
            assert!(is_known(name, value), "{}: {name}={value}", metric.name);
        }
        assert!(
            text.contains(&format!("# HELP {} ", metric.name)),
            "{}",
            metric.name
        );
    }
    let all: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(seen, all);

    for (name, labels, expected) in [
        ("drape_jobs_total", &["scripted", "completed"][..], 1.0),
        ("drape_jobs_total", &["scripted", "retried"], 1.0),
        ("drape_jobs_total", &["scripted", "failed"], 1.0),
        (
            "drape_job_failures_total",
            &["scripted", "NO_PERSON_FOUND"],
            1.0,
        ),
        ("drape_job_duration_seconds_count", &["scripted"], 3.0),
        ("drape_job_wait_seconds_count", &[], 2.0),
        ("drape_jobs_running", &[], 0.0),
        ("drape_queue_waiting_jobs", &[], 1.0),
        ("drape_credits_total", &["granted"], 5.0),
        ("drape_credits_total", &["held"], 3.0),
        ("drape_credits_total", &["captured"], 1.0),
        ("drape_credits_total", &["released"], 1.0),
        ("drape_credits_total", &["taken_back"], 0.0),
        ("drape_fetches_total", &["fetched"], 2.0),
        ("drape_webhook_attempts_total", &["rejected"], 1.0),
        ("drape_pictures_present", &[], 0.0),
        (
            "drape_sweep_last_success_timestamp_seconds",
            &[],
            1_773_046_800.0,
        ),
    ] {
        let found = value(&server, name, labels).await;
        assert!(
            (found - expected).abs() < 0.5,
            "{name} {labels:?} is {found}"
        );
    }
    assert!(value(&server, "drape_rate_limited_requests_total", &["default"]).await > 0.5);
    assert!(value(&server, "drape_swept_files_total", &["person", "expired"]).await > 0.5);
    assert!(value(&server, "drape_database_commits_total", &[]).await > 0.5);
}

/// Values of labels come from the code, never from a caller.
fn is_known(label: &str, value: &str) -> bool {
    match label {
        "route" => {
            value == "unknown"
                || drape_server::router::listed_routes()
                    .iter()
                    .any(|route| route.path == value)
        }
        "method" => value.chars().all(|c| c.is_ascii_uppercase()),
        "status" => value
            .parse::<u16>()
            .is_ok_and(|status| (100..600).contains(&status)),
        "engine" => ["scripted", "mock", "unknown"].contains(&value),
        "code" => drape_core::Code::from_wire(value).is_some(),
        "outcome" => [
            "completed",
            "failed",
            "retried",
            "put_back",
            "lost",
            "unreported",
            "fetched",
            "delivered",
            "rejected",
            "refused",
        ]
        .contains(&value),
        "bucket" => ["default", "poll", "admin"].contains(&value),
        "kind" => [
            "person",
            "product",
            "result",
            "granted",
            "taken_back",
            "held",
            "captured",
            "released",
        ]
        .contains(&value),
        "cause" => ["expired", "orphaned"].contains(&value),
        "version" => value == env!("CARGO_PKG_VERSION"),
        "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
        _ => false,
    }
}

#[tokio::test]
async fn the_metrics_have_a_listener_of_their_own() {
    let server = TestServer::start().await;
    server.get("/metrics").await.expect_error(404, "NOT_FOUND");
    let client = TestClient::new(
        metrics_router(server.metrics.clone(), server.ports.clone()),
        None,
    );
    let answer = client.get("/metrics").await;
    answer.expect_status(200);
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert!(answer.text().contains("drape_build_info{version="));
    client.get("/").await.expect_status(404);
    client.get(CREDITS).await.expect_status(404);
    client
        .bare(http::Method::POST, "/metrics")
        .await
        .expect_status(405);
}

#[tokio::test]
async fn two_readers_do_not_count_twice() {
    let server = TestServer::start().await;
    for _ in 0..3 {
        tokio::join!(
            server.metrics.scrape(&server.ports),
            server.metrics.scrape(&server.ports)
        );
    }
    let granted = value(&server, "drape_credits_total", &["granted"]).await;
    assert!((granted - 10.0).abs() < 0.5, "{granted}");
}

/// Words of an expression that look like metrics.
fn names_in(expression: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    expression
        .split(|c: char| !is_word(c))
        .filter(|word| word.starts_with("drape_"))
        .collect()
}

fn strings<'v>(value: &'v serde_json::Value, key: &str, found: &mut Vec<&'v str>) {
    match value {
        serde_json::Value::Object(map) => {
            for (name, value) in map {
                match value.as_str() {
                    Some(text) if name == key => found.push(text),
                    _ => strings(value, key, found),
                }
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| strings(value, key, found)),
        _ => {}
    }
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/grafana/drape.json"
    );
    let dashboard: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut expressions = Vec::new();
    strings(&dashboard, "expr", &mut expressions);
    let mut shown = BTreeSet::new();
    for expression in expressions {
        let names = names_in(expression);
        assert!(!names.is_empty(), "{expression}");
        for name in names {
            let metric =
                metric_of(name).unwrap_or_else(|| panic!("{name} in {expression} is not measured"));
            shown.insert(metric.name);
        }
        // Labels in `by (..)` exist on some metric of the expression.
        for by in expression.split("by (").skip(1) {
            let labels = by.split(')').next().unwrap();
            for label in labels.split(',').map(str::trim) {
                let has = |metric: &Metric| metric.labels.contains(&label) || label == "le";
                assert!(
                    names_in(expression)
                        .iter()
                        .filter_map(|name| metric_of(name))
                        .any(has),
                    "{label} in {expression}"
                );
            }
        }
    }
    let all: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(shown, all);
    let mut sources = Vec::new();
    strings(&dashboard, "uid", &mut sources);
    assert!(
        sources
            .iter()
            .all(|uid| ["${datasource}", "drape"].contains(uid)),
        "{sources:?}"
    );
    let mut ids: Vec<_> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
