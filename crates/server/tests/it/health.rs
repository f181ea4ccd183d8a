//! Alive and ready.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use drape_core::{
    Error, Result,
    engine::{
        Capabilities, DigitalSource, Engine, EngineError, EngineErrorKind, EngineInput,
        EngineOutput,
    },
    ports::Database,
};
use drape_testkit::{TestServer, server::TestOptions};
use serde_json::json;

use crate::world::{details, seconds};

#[tokio::test]
async fn a_server_that_works_says_so_without_a_key() {
    let server = TestServer::start().await.stranger();
    let alive = server.get("/healthz").await.expect_status(200);
    assert_eq!(alive, json!({ "status": "ok" }));
}

#[tokio::test]
async fn a_ready_server_names_its_parts() {
    let server = TestServer::start().await;
    let ready = server.stranger().get("/readyz").await.expect_status(200);
    assert_eq!(
        ready,
        json!({ "status": "ready", "checks": { "database": "ok", "blobs": "ok", "engine": "ok" } })
    );
}

/// A database that can be broken, and that counts how often it is asked.
#[derive(Default)]
struct FlakyDatabase {
    is_broken: AtomicBool,
    pings: AtomicUsize,
}

#[async_trait]
impl Database for FlakyDatabase {
    async fn ping(&self) -> Result<()> {
        self.pings.fetch_add(1, Ordering::SeqCst);
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(Error::internal("disk /dev/sda1 is full"));
        }
        Ok(())
    }

    async fn signing_secret(&self, fresh: [u8; 32]) -> Result<[u8; 32]> {
        Ok(fresh)
    }
}

/// An engine that is not there.
pub(crate) struct AwayEngine;

#[async_trait]
impl Engine for AwayEngine {
    fn name(&self) -> &'static str {
        "away"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            categories: Vec::new(),
            max_at_once: None,
            time_limit: None,
            is_local_cpu: false,
            max_items: 1,
            uses_garment: true,
            source: DigitalSource::Composite,
            version: "1".to_owned(),
        }
    }

    async fn check(&self) -> Result<(), EngineError> {
        Err(EngineError::new(EngineErrorKind::Auth, "set a key for the engine").with_detail("401"))
    }

    async fn generate(&self, _: EngineInput) -> Result<EngineOutput, EngineError> {
        Err(EngineError::new(EngineErrorKind::Auth, "no"))
    }
}

#[tokio::test]
async fn a_part_that_fails_is_named_and_its_cause_is_not() {
    let database = Arc::new(FlakyDatabase::default());
    let port: Arc<dyn Database> = database.clone();
    let server = TestServer::start_with(TestOptions {
        change_ports: Box::new(move |ports| ports.database = port),
        ..TestOptions::default()
    })
    .await;
    server.get("/readyz").await.expect_status(200);
    database.is_broken.store(true, Ordering::SeqCst);
    server.clock.advance(seconds(1));
    let answer = server.get("/readyz").await;
    let error = answer.expect_error(503, "SERVICE_UNAVAILABLE");
    assert_eq!(details(&error), ["database: does not answer as it should"]);
    assert!(!answer.text().contains("sda1"));
    assert_ne!(answer.header("retry-after"), "");
    server.get("/healthz").await.expect_status(200);

    database.is_broken.store(false, Ordering::SeqCst);
    server.clock.advance(seconds(1));
    server.get("/readyz").await.expect_status(200);
}

#[tokio::test]
async fn the_parts_are_looked_at_once_a_second_however_many_ask() {
    let database = Arc::new(FlakyDatabase::default());
    let port: Arc<dyn Database> = database.clone();
    let server = TestServer::start_with(TestOptions {
        change_ports: Box::new(move |ports| ports.database = port),
        ..TestOptions::default()
    })
    .await;
    let answers = futures::future::join_all((0..50).map(|_| server.get("/readyz"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(database.pings.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_engine_that_is_away_is_named_with_what_to_do() {
    let server = TestServer::start_with(TestOptions {
        engine: Some(Arc::new(AwayEngine)),
        ..TestOptions::default()
    })
    .await;
    let error = server
        .get("/readyz")
        .await
        .expect_error(503, "SERVICE_UNAVAILABLE");
    assert_eq!(details(&error), ["engine: set a key for the engine"]);
}
