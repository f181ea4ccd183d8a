//! Try-ons that are waited for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use drape_core::{
    Result,
    engine::EngineErrorKind,
    generation::Generation,
    ids::{AccountId, GenerationId},
    image::StoredPicture,
    page::{Page, PageRequest},
    ports::{ChangeWatch, Generations},
};
use drape_server::state::ApiSettings;
use drape_testkit::{
    Act, ScriptedEngine,
    server::{FormData, TestOptions, jpeg},
};
use serde_json::json;

use crate::world::{
    GENERATIONS, SHIRT_URL, TRY_ON_SYNC, UPLOAD, balance, by_reference, generation, keys, one_shot,
    path_of, shop, shop_with, text, upload,
};

fn settings(change: impl FnOnce(&mut ApiSettings)) -> TestOptions {
    let mut options = TestOptions::default();
    change(&mut options.settings);
    options
}

#[tokio::test]
async fn the_answer_has_the_picture() {
    let server = shop().await;
    let image = upload(&server).await;
    let body = one_shot(&image);
    let (answer, ()) = tokio::join!(server.post(TRY_ON_SYNC, &body), async {
        let job = server.next_job().await;
        server.run(&job).await;
    });
    let done = answer.expect_status(200);
    assert_eq!(
        keys(&done),
        [
            "generationId",
            "status",
            "productExternalId",
            "resultImageUrl"
        ]
    );
    assert_eq!(done["status"], "COMPLETED");
    let stored = generation(&server, &text(&done["generationId"])).await;
    assert_eq!(stored["productExternalId"], done["productExternalId"]);
    let picture = server
        .stranger()
        .get(&path_of(&done["resultImageUrl"]))
        .await;
    assert_eq!(picture.status, 200);
    assert_eq!(balance(&server).await, 9);
}

#[tokio::test]
async fn a_try_on_that_takes_too_long_is_answered_as_queued() {
    let server = shop_with(settings(|settings| settings.sync_wait = Duration::ZERO)).await;
    let image = upload(&server).await;
    let answer = server.post(TRY_ON_SYNC, &one_shot(&image)).await;
    let queued = answer.expect_status(202);
    assert_eq!(
        keys(&queued),
        ["generationId", "status", "productExternalId"]
    );
    assert_eq!(queued["status"], "PENDING");
    server.run_jobs().await;
    let done = generation(&server, &text(&queued["generationId"])).await;
    assert_eq!(done["status"], "COMPLETED");
    assert_eq!(balance(&server).await, 9);
}

#[tokio::test]
async fn a_failure_has_the_shape_of_errors_and_names_the_generation() {
    let expected = [
        (EngineErrorKind::NoPerson, 422, "NO_PERSON_FOUND"),
        (EngineErrorKind::Moderated, 422, "CONTENT_REJECTED"),
        (EngineErrorKind::ProviderError, 502, "ENGINE_FAILED"),
        (EngineErrorKind::Timeout, 504, "ENGINE_TIMEOUT"),
    ];
    let acts = expected.iter().map(|(kind, ..)| Act::Fail(*kind)).collect();
    let engine = Arc::new(ScriptedEngine::new("scripted", acts));
    let server = shop_with(TestOptions {
        engine: Some(engine),
        ..TestOptions::default()
    })
    .await;
    let image = upload(&server).await;
    let body = one_shot(&image);
    for (kind, status, code) in expected {
        let (answer, ()) = tokio::join!(server.post(TRY_ON_SYNC, &body), async {
            let job = server.next_job().await;
            server.run(&job).await;
        });
        let error = answer.expect_error(status, code);
        assert_eq!(error["message"], format!("Scripted: {kind:?}."));
        let stored = generation(&server, &text(&error["generationId"])).await;
        assert_eq!(stored["errorCode"], code);
        assert_eq!(balance(&server).await, 10);
    }
}

#[tokio::test]
async fn what_try_on_refuses_is_refused_here_too() {
    let server = shop_with(TestOptions {
        credits: 0,
        ..TestOptions::default()
    })
    .await;
    let image = upload(&server).await;
    let post = async |body| server.post(TRY_ON_SYNC, &body).await;
    post(json!({})).await.expect_error(400, "VALIDATION_FAILED");
    post(json!({ "product": { "images": [{ "url": SHIRT_URL }] } }))
        .await
        .expect_error(400, "CUSTOMER_IMAGE_REQUIRED");
    post(one_shot("nope"))
        .await
        .expect_error(404, "IMAGE_NOT_FOUND");
    post(by_reference("unknown", &image))
        .await
        .expect_error(404, "PRODUCT_NOT_FOUND");
    post(one_shot(&image))
        .await
        .expect_error(402, "INSUFFICIENT_CREDITS");
    let page = server.get(GENERATIONS).await.expect_status(200);
    assert_eq!(page["count"], 0);
}

#[tokio::test]
async fn only_so_many_wait_and_the_rest_is_refused_untouched() {
    let server = shop_with(settings(|settings| settings.max_sync_waiting = 1)).await;
    let image = upload(&server).await;
    let body = one_shot(&image);
    let (first, ()) = tokio::join!(server.post(TRY_ON_SYNC, &body), async {
        let job = server.next_job().await;
        let refused = server.post(TRY_ON_SYNC, &body).await;
        refused.expect_error(503, "SERVER_BUSY");
        assert_ne!(refused.header("retry-after"), "");
        assert_eq!(balance(&server).await, 9, "only the first one is charged");
        assert_eq!(server.ports.jobs.depth().await.unwrap(), 0);
        server.run(&job).await;
    });
    first.expect_status(200);
    // The place is free again.
    let (second, ()) = tokio::join!(server.post(TRY_ON_SYNC, &body), async {
        let job = server.next_job().await;
        server.run(&job).await;
    });
    second.expect_status(200);
}

#[tokio::test]
async fn a_caller_that_goes_away_neither_stops_nor_doubles_the_work() {
    let server = shop_with(settings(|settings| settings.max_sync_waiting = 1)).await;
    let image = upload(&server).await;
    let body = one_shot(&image);
    let job = tokio::select! {
        answer = server.post(TRY_ON_SYNC, &body) => panic!("nobody works yet: {}", answer.text()),
        job = server.next_job() => job,
    };
    server.run(&job).await;
    assert_eq!(server.run_jobs().await, 0);
    let page = server.get(GENERATIONS).await.expect_status(200);
    assert_eq!(page["count"], 1);
    assert_eq!(page["items"][0]["status"], "COMPLETED");
    assert_eq!(balance(&server).await, 9);
    // Its place is free.
    let (next, ()) = tokio::join!(server.post(TRY_ON_SYNC, &body), async {
        let job = server.next_job().await;
        server.run(&job).await;
    });
    next.expect_status(200);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_those_who_wait() {
    let server = shop().await;
    let image = upload(&server).await;
    let body = one_shot(&image);
    let (answer, job) = tokio::join!(server.post(TRY_ON_SYNC, &body), async {
        let job = server.next_job().await;
        server.begin_shutdown();
        job
    });
    let queued = answer.expect_status(202);
    assert_eq!(queued["generationId"], job.generation.to_string());
}

#[tokio::test]
async fn whoever_waits_holds_no_memory_for_bodies() {
    // Room for one form at a time.
    let server = shop_with(settings(|settings| settings.max_buffered_bytes = 1)).await;
    let data =
        json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "fileKey": "me" } });
    let form = FormData::new()
        .json("data", &data)
        .file("me", &jpeg(80, 100));
    let (answer, ()) = tokio::join!(server.post_form(TRY_ON_SYNC, form), async {
        let job = server.next_job().await;
        let form = FormData::new().file("file", &jpeg(80, 100));
        server.post_form(UPLOAD, form).await.expect_status(201);
        server.run(&job).await;
    });
    answer.expect_status(200);
}

/// Counts how often generations are looked up.
struct Counting {
    inner: Arc<dyn Generations>,
    finds: Arc<AtomicUsize>,
}

#[async_trait]
impl Generations for Counting {
    async fn find(&self, generation: GenerationId) -> Result<Option<Generation>> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        self.inner.find(generation).await
    }

    async fn find_mask(&self, generation: GenerationId) -> Result<Option<StoredPicture>> {
        self.inner.find_mask(generation).await
    }

    async fn list(&self, account: AccountId, page: PageRequest) -> Result<Page<Generation>> {
        self.inner.list(account, page).await
    }

    fn watch(&self, generation: GenerationId) -> Box<dyn ChangeWatch> {
        self.inner.watch(generation)
    }
}

#[tokio::test]
async fn the_database_is_looked_at_only_when_something_has_changed() {
    let finds = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&finds);
    let server = shop_with(TestOptions {
        change_ports: Box::new(move |ports| {
            let inner = ports.generations.clone();
            ports.generations = Arc::new(Counting {
                inner,
                finds: counted,
            });
        }),
        ..TestOptions::default()
    })
    .await;
    let image = upload(&server).await;
    let body = one_shot(&image);
    let (answer, ()) = tokio::join!(server.post(TRY_ON_SYNC, &body), async {
        let job = server.next_job().await;
        // Long enough for whoever would poll to come by.
        for _ in 0..200 {
            tokio::task::yield_now().await;
            server.ports.jobs.depth().await.unwrap();
        }
        server.run(&job).await;
    });
    answer.expect_status(200);
    let finds = finds.load(Ordering::SeqCst);
    assert!(
        (1..=3).contains(&finds),
        "one look at the beginning, one after the claim, one after the end; it was {finds}"
    );
}
