//! The lines that docs/LOGGING.md promises.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use axum::body::Body;
use drape_server::{config::LogSettings, telemetry};
use drape_testkit::{TestServer, server::FormData};
use http::Method;
use serde_json::{Value, json};

use crate::world::{CREDITS, accepted, keys, one_shot, path_of, shop, upload};

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Captured {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// Keeps every log statement awake in all threads: one that another test passes while nobody listens could be put to sleep just
/// when this thread begins to listen.
static AWAKE: std::sync::Once = std::sync::Once::new();

/// Logs of this thread go to the returned place while the guard lives.
fn capture(format: &str) -> (Captured, tracing::subscriber::DefaultGuard) {
    AWAKE.call_once(|| {
        let settings = LogSettings::default();
        let nowhere = telemetry::subscriber(&settings, std::io::sink, false).unwrap();
        // Somebody else may listen already: that will do as well.
        let _ = tracing::subscriber::set_global_default(nowhere);
    });
    let captured = Captured::default();
    let writer = captured.clone();
    let settings = LogSettings {
        format: format.to_owned(),
        ..LogSettings::default()
    };
    let log = telemetry::subscriber(&settings, move || writer.clone(), false).unwrap();
    (captured, tracing::subscriber::set_default(log))
}

/// Cuts the time at the beginning and the number of milliseconds off.
fn steady(line: &str) -> String {
    let (_, rest) = line.split_once(' ').unwrap();
    let rest = rest.trim_start();
    match rest.rsplit_once("duration_ms=") {
        Some((head, number)) => {
            assert!(number.parse::<u64>().is_ok(), "{line}");
            format!("{head}duration_ms=N")
        }
        None => rest.to_owned(),
    }
}

async fn get(server: &TestServer, path: &str) {
    let request = server
        .request(Method::GET, path)
        .header("x-request-id", "r-1")
        .body(Body::empty());
    server.send(request.unwrap()).await;
}

#[tokio::test]
async fn a_request_leaves_one_line_of_text() {
    let server = TestServer::start().await;
    let (captured, _guard) = capture("text");
    get(&server, CREDITS).await;
    get(&server, "/tryon/v1/products/secret-name?cursor=secret").await;
    let request = server.stranger().request(Method::GET, "/nowhere/secret");
    let request = request.header("x-request-id", "r-2").body(Body::empty());
    server.send(request.unwrap()).await;
    let account = server.account.id;
    let lines: Vec<String> = captured.lines().iter().map(|line| steady(line)).collect();
    assert_eq!(
        lines,
        [
            format!("INFO request{{request.id=r-1 account.id={account}}}: request http.method=GET http.route=\"/tryon/v1/account/credits\" http.status=200 duration_ms=N"),
            format!("INFO request{{request.id=r-1 account.id={account}}}: request http.method=GET http.route=\"/tryon/v1/products/{{externalId}}\" http.status=404 error.code=\"PRODUCT_NOT_FOUND\" duration_ms=N"),
            "INFO request{request.id=r-2}: request http.method=GET http.route=\"unknown\" http.status=404 error.code=\"NOT_FOUND\" duration_ms=N".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_request_leaves_one_line_of_json() {
    let server = TestServer::start().await;
    let (captured, _guard) = capture("json");
    get(&server, CREDITS).await;
    get(&server, "/tryon/v1/products/nope").await;
    let lines: Vec<Value> = captured
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [good, bad] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert_eq!(
        keys(good),
        [
            "timestamp",
            "level",
            "message",
            "http.method",
            "http.route",
            "http.status",
            "duration_ms",
            "target",
            "span"
        ]
    );
    assert_eq!(good["message"], "request");
    assert_eq!(good["level"], "INFO");
    assert_eq!(good["http.status"], 200);
    assert!(good["duration_ms"].is_u64());
    let span = json!({ "request.id": "r-1", "account.id": server.account.id.to_string(), "name": "request" });
    assert_eq!(good["span"], span);
    assert_eq!(bad["error.code"], "PRODUCT_NOT_FOUND");
    assert_eq!(bad["http.route"], "/tryon/v1/products/{externalId}");
}

#[tokio::test]
async fn nothing_private_is_logged() {
    let server = shop().await;
    let (captured, _guard) = capture("json");
    let form = FormData::new()
        .file("file", &drape_testkit::server::jpeg(80, 100))
        .text("externalUserId", "alice@shop.example");
    server
        .post_form(crate::world::UPLOAD, form)
        .await
        .expect_status(201);
    let image = upload(&server).await;
    let mut body = one_shot(&image);
    body["externalUserId"] = json!("alice@shop.example");
    let id = accepted(&server, &body).await;
    server.run_jobs().await;
    let read = crate::world::generation(&server, &id).await;
    let link = path_of(&read["resultImageUrl"]);
    server.get(&link).await.expect_status(200);
    server
        .get(&format!("{link}0"))
        .await
        .expect_error(403, "FORBIDDEN");
    server
        .delete("/tryon/v1/customers/alice@shop.example")
        .await
        .expect_status(204);
    server
        .delete("/tryon/v1/customers/alice%0A")
        .await
        .expect_error(400, "VALIDATION_FAILED");
    let log = captured.lines().join("\n");
    let signature = link.split("signature=").nth(1).unwrap().to_owned();
    let key = server.key().unwrap().to_owned();
    for private in [
        "alice",
        "shop.example",
        "signature=",
        "expires=",
        &signature,
        &key[3..],
    ] {
        assert!(!log.contains(private), "{private} in {log}");
    }
    assert!(log.contains("/tryon/v1/customers/{customerId}"));
}

/// Runs the jobs with the real worker, on this thread.
#[tokio::test]
async fn a_job_leaves_one_line_for_each_attempt() {
    let server = shop().await;
    let image = upload(&server).await;
    let id = accepted(&server, &one_shot(&image)).await;
    server
        .clock
        .advance(std::time::Duration::from_millis(1_500));
    let (captured, _guard) = capture("text");
    crate::metrics::work(&server, &[&id]).await;
    let lines: Vec<String> = captured.lines().iter().map(|line| steady(line)).collect();
    let account = server.account.id;
    assert_eq!(
        lines,
        [format!(
            "INFO job generation.id={id} account.id={account} engine.name=\"scripted\" job.outcome=\"completed\" job.attempt=1 wait_ms=1500 duration_ms=N"
        )]
    );
}
