//! Every engine passes the suite of the port.

use std::sync::Arc;

use drape_engines::{MockEngine, PreviewEngine, PreviewOptions};
use drape_preview::synthetic::GarmentKind;
use drape_testkit::{ScriptedEngine, conformance::engines::run_all};

use crate::drawn::{drawn_garment, input};

#[tokio::test]
async fn mock() {
    run_all(
        Arc::new(MockEngine),
        input(vec![drawn_garment(GarmentKind::Tee)]),
    )
    .await;
}

#[tokio::test]
async fn preview() {
    let good = input(vec![drawn_garment(GarmentKind::Tee)]);
    run_all(Arc::new(PreviewEngine::default()), good).await;
}

#[tokio::test]
async fn preview_that_remembers_nothing() {
    let options = PreviewOptions {
        cache_entries: 0,
        ..PreviewOptions::default()
    };
    let good = input(vec![drawn_garment(GarmentKind::Trousers)]);
    run_all(Arc::new(PreviewEngine::new(options)), good).await;
}

#[tokio::test]
async fn scripted() {
    let engine = ScriptedEngine::new("scripted", Vec::new());
    run_all(
        Arc::new(engine),
        input(vec![drawn_garment(GarmentKind::Tee)]),
    )
    .await;
}
