//! Erasing customers.

use std::sync::{Arc, OnceLock};

use drape_core::{
    audit::Auditor,
    engine::{Capabilities, Engine, EngineError, EngineInput, EngineOutput, Listener},
    generation::{JobOutcome, Reported},
    image::{BlobKey, BlobKind},
    pipeline::{JobStep, PipelineOptions, discard_result, run_job},
    sweep::Sweep,
};
use drape_testkit::{
    Act, Deletions, FlakyBlobs, ScriptedEngine, TestClient, TestServer,
    server::{FormData, TestOptions, jpeg},
};
use http::Method;
use serde_json::{Value, json};

use crate::world::{
    GENERATIONS, PERSON_URL, SHIRT_URL, TRY_ON, UPLOAD, accepted, balance, details, generation,
    path_of, register, shop, shop_with, shop_with_engine, text, upload,
};

const OPTIONS: PipelineOptions = PipelineOptions {
    engine_time_limit: std::time::Duration::from_mins(1),
    retry_delay: std::time::Duration::ZERO,
};
const CUSTOMERS: &str = "/tryon/v1/customers";

async fn upload_of(client: &TestClient, customer: &str) -> Value {
    let form = FormData::new()
        .file("file", &jpeg(80, 100))
        .text("externalUserId", customer);
    client.post_form(UPLOAD, form).await.expect_status(201)
}

/// A try-on of the registered shirt for a customer.
fn body(person: &Value, customer: &str) -> Value {
    json!({
        "products": [{ "externalId": "shirt" }], "person": { "image": { "source": person } },
        "externalUserId": customer,
    })
}

async fn files(server: &TestServer, kind: BlobKind) -> Vec<BlobKey> {
    let mut keys = server.ports.blobs.list(None, 1_000).await.unwrap();
    keys.retain(|key| key.kind() == Some(kind));
    keys
}

async fn assert_no_orphans(server: &TestServer) {
    let auditor = Auditor {
        retention: server.ports.retention.as_ref(),
        blobs: server.ports.blobs.as_ref(),
        clock: server.clock.as_ref(),
        grace: std::time::Duration::ZERO,
    };
    let audit = auditor.run(|orphan| panic!("{orphan:?}")).await.unwrap();
    assert_eq!(audit.files, audit.rows);
}

/// A server whose deletions can be made to fail.
async fn flaky_shop() -> (TestServer, Arc<FlakyBlobs>) {
    let cell = Arc::new(OnceLock::new());
    let made = Arc::clone(&cell);
    let server = shop_with(TestOptions {
        change_ports: Box::new(move |ports| {
            let flaky = Arc::new(FlakyBlobs::new(ports.blobs.clone()));
            ports.blobs = flaky.clone();
            made.set(flaky).ok();
        }),
        ..TestOptions::default()
    })
    .await;
    let flaky = Arc::clone(cell.get().unwrap());
    (server, flaky)
}

#[tokio::test]
async fn nothing_of_an_erased_customer_is_left() {
    let engine = Arc::new(ScriptedEngine::new("scripted", Vec::new()));
    let server = shop_with_engine(engine.clone()).await;
    register(&server, "shirt").await;
    let uploaded = upload_of(&server, "alice").await;
    let unnamed = upload(&server).await;
    let persons = [
        json!({ "id": uploaded["imageId"] }),
        json!({ "id": unnamed }),
        json!({ "url": PERSON_URL }),
    ];
    let mut made = Vec::new();
    for person in &persons {
        made.push(accepted(&server, &body(person, "alice")).await);
    }
    let of_bob = upload_of(&server, "bob").await;
    let bobs = accepted(&server, &body(&json!({ "id": of_bob["imageId"] }), "bob")).await;
    server.run_jobs().await;
    let mut links = vec![path_of(&uploaded["imageUrl"])];
    for id in &made {
        let link = generation(&server, id).await["resultImageUrl"].clone();
        links.push(path_of(&link));
    }
    for link in &links {
        server.get(link).await.expect_status(200);
    }
    assert_eq!(files(&server, BlobKind::Person).await.len(), 4);
    let mut seen: Vec<_> = engine.inputs()[..3]
        .iter()
        .map(|i| i.person.sha256)
        .collect();

    let answer = server.delete(&format!("{CUSTOMERS}/alice")).await;
    answer.expect_status(204);
    assert!(answer.body.is_empty());
    for link in &links {
        server.get(link).await.expect_error(404, "NOT_FOUND");
    }
    for id in &made {
        let read = generation(&server, id).await;
        assert_eq!(read["status"], "COMPLETED");
        assert_eq!(read["resultImageUrl"], Value::Null);
        assert_eq!(read["resultExpired"], true);
        assert_eq!(read["productExternalId"], "shirt");
    }
    for person in &persons[..2] {
        let refused = server.post(TRY_ON, &body(person, "alice")).await;
        refused.expect_error(404, "IMAGE_NOT_FOUND");
    }
    let mut forgotten = engine.forgotten();
    forgotten.sort_unstable();
    seen.sort_unstable();
    assert_eq!(forgotten, seen);
    // Bob has lost nothing.
    let link = generation(&server, &bobs).await["resultImageUrl"].clone();
    server.get(&path_of(&link)).await.expect_status(200);
    assert_eq!(files(&server, BlobKind::Person).await.len(), 1);
    assert_eq!(files(&server, BlobKind::Result).await.len(), 1);
    assert_eq!(files(&server, BlobKind::Product).await.len(), 1);
    assert_no_orphans(&server).await;
    // What was made stays made: no credit comes back, the list stays whole.
    assert_eq!(balance(&server).await, 6);
    assert_eq!(server.get(GENERATIONS).await.expect_status(200)["count"], 4);

    // The customer may come back, with the same picture.
    let again = upload_of(&server, "alice").await;
    accepted(&server, &body(&json!({ "id": again["imageId"] }), "alice")).await;
    server.run_jobs().await;
}

#[tokio::test]
async fn erasing_twice_or_for_nothing_is_fine() {
    let server = shop().await;
    for name in [
        "nobody",
        "nobody",
        "a@b.example",
        "%2e",
        "x%2Fy%20%C3%A9",
        "+",
    ] {
        let answer = server.delete(&format!("{CUSTOMERS}/{name}")).await;
        answer.expect_status(204);
        assert!(!answer.header("ratelimit").is_empty());
    }
    let odd = "a/b c?é%";
    let image = upload_of(&server, odd).await;
    server
        .delete(&format!("{CUSTOMERS}/a%2Fb%20c%3F%C3%A9%25"))
        .await
        .expect_status(204);
    server
        .get(&path_of(&image["imageUrl"]))
        .await
        .expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn names_that_cannot_be_are_refused_without_an_echo() {
    let server = shop().await;
    let long = "q".repeat(256);
    for (name, message) in [
        (
            "qq%0Aqq",
            "customerId: Only printable characters are allowed",
        ),
        ("qq%FFqq", "customerId: Expected percent-encoded UTF-8"),
        (
            long.as_str(),
            "customerId: String must contain at most 255 character(s)",
        ),
    ] {
        let answer = server.delete(&format!("{CUSTOMERS}/{name}")).await;
        let error = answer.expect_error(400, "VALIDATION_FAILED");
        assert_eq!(details(&error), [message]);
        assert!(!answer.text().contains("qq"));
    }
    let fits = "é".repeat(255).replace('é', "%C3%A9");
    let answer = server.delete(&format!("{CUSTOMERS}/{fits}")).await;
    answer.expect_status(204);
    for path in [CUSTOMERS.to_owned(), format!("{CUSTOMERS}/")] {
        server.delete(&path).await.expect_error(404, "NOT_FOUND");
    }
    server
        .get(&format!("{CUSTOMERS}/alice"))
        .await
        .expect_error(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn another_account_cannot_erase_our_customer() {
    let server = shop().await;
    let image = upload_of(&server, "alice").await;
    let (_, other) = server.another_account("other", 1).await;
    let path = format!("{CUSTOMERS}/alice");
    other.delete(&path).await.expect_status(204);
    server
        .stranger()
        .bare(Method::DELETE, &path)
        .await
        .expect_error(401, "MISSING_API_KEY");
    let link = path_of(&image["imageUrl"]);
    server.get(&link).await.expect_status(200);
    server.delete(&path).await.expect_status(204);
    server.get(&link).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn waiting_and_running_try_ons_are_cancelled_and_write_nothing() {
    let server = shop().await;
    register(&server, "shirt").await;
    let person = json!({ "url": PERSON_URL });
    let running = accepted(&server, &body(&person, "alice")).await;
    let waiting = accepted(&server, &body(&person, "alice")).await;
    let job = server.claim().await.unwrap();
    assert_eq!(balance(&server).await, 8);
    server
        .delete(&format!("{CUSTOMERS}/alice"))
        .await
        .expect_status(204);
    assert_eq!(balance(&server).await, 10);
    for id in [&running, &waiting] {
        let read = generation(&server, id).await;
        assert_eq!(read["status"], "FAILED");
        assert_eq!(read["errorCode"], "CANCELLED");
    }
    // The worker does not know yet.
    let JobStep::End(outcome) = run_job(
        &server.ports,
        &server.engines,
        &job,
        &OPTIONS,
        Listener::nobody(),
    )
    .await
    else {
        panic!("the picture is gone, there is nothing to retry");
    };
    let now = server.ports.clock.now();
    let jobs = &server.ports.jobs;
    let reported = jobs
        .finish(job.generation, job.lease, outcome.clone(), now)
        .await
        .unwrap();
    assert_eq!(reported, Reported::LeaseLost);
    discard_result(&server.ports, &outcome).await;
    assert_eq!(
        generation(&server, &running).await["errorCode"],
        "CANCELLED"
    );
    assert!(files(&server, BlobKind::Person).await.is_empty());
    assert!(files(&server, BlobKind::Result).await.is_empty());
    assert_eq!(server.run_jobs().await, 0);
    assert_eq!(balance(&server).await, 10);
    assert_no_orphans(&server).await;
}

/// An engine that answers when it may.
#[derive(Default)]
struct HeldEngine {
    has_begun: tokio::sync::Notify,
    may_end: tokio::sync::Notify,
}

#[async_trait::async_trait]
impl Engine for HeldEngine {
    fn name(&self) -> &'static str {
        "held"
    }

    fn capabilities(&self) -> Capabilities {
        drape_engines::MockEngine.capabilities()
    }

    async fn check(&self) -> Result<(), EngineError> {
        Ok(())
    }

    async fn generate(&self, input: EngineInput) -> Result<EngineOutput, EngineError> {
        self.has_begun.notify_one();
        self.may_end.notified().await;
        drape_engines::MockEngine.generate(input).await
    }
}

/// The worker holds the picture in its hands when the customer is erased.
#[tokio::test]
async fn a_result_that_comes_too_late_is_never_written() {
    let engine = Arc::new(HeldEngine::default());
    let server = shop_with_engine(engine.clone()).await;
    register(&server, "shirt").await;
    accepted(&server, &body(&json!({ "url": PERSON_URL }), "alice")).await;
    let job = server.claim().await.unwrap();
    let work = run_job(
        &server.ports,
        &server.engines,
        &job,
        &OPTIONS,
        Listener::nobody(),
    );
    let erase = async {
        engine.has_begun.notified().await;
        let answer = server.delete(&format!("{CUSTOMERS}/alice")).await;
        answer.expect_status(204);
        engine.may_end.notify_one();
    };
    let (step, ()) = tokio::join!(work, erase);
    let JobStep::End(JobOutcome::Failed { code, .. }) = step else {
        panic!("{step:?}");
    };
    assert_eq!(code, drape_core::Code::Cancelled);
    assert!(files(&server, BlobKind::Result).await.is_empty());
}

#[tokio::test]
async fn a_file_that_stays_makes_an_error_and_a_repeat_deletes_it() {
    let (server, blobs) = flaky_shop().await;
    register(&server, "shirt").await;
    let uploaded = upload_of(&server, "alice").await;
    let id = accepted(
        &server,
        &body(&json!({ "id": uploaded["imageId"] }), "alice"),
    )
    .await;
    server.run_jobs().await;
    let person = files(&server, BlobKind::Person).await;
    blobs.set(Deletions::FailFor(person.clone()));
    let path = format!("{CUSTOMERS}/alice");
    for _ in 0..2 {
        let refused = server.delete(&path).await;
        refused.expect_error(503, "SERVICE_UNAVAILABLE");
        assert_eq!(refused.header("retry-after"), "5");
        // Nobody reaches it any more, and what could be deleted is gone.
        server
            .get(&path_of(&uploaded["imageUrl"]))
            .await
            .expect_error(404, "NOT_FOUND");
        assert_eq!(
            generation(&server, &id).await["resultImageUrl"],
            Value::Null
        );
        assert!(files(&server, BlobKind::Result).await.is_empty());
        assert_eq!(files(&server, BlobKind::Person).await, person);
    }
    // Another customer is not held up by it.
    server
        .delete(&format!("{CUSTOMERS}/bob"))
        .await
        .expect_status(204);
    blobs.set(Deletions::Work);
    server.delete(&path).await.expect_status(204);
    assert!(files(&server, BlobKind::Person).await.is_empty());
    assert_no_orphans(&server).await;
}

#[tokio::test]
async fn the_sweep_ends_an_erasure_that_was_cut_off() {
    let (server, blobs) = flaky_shop().await;
    register(&server, "shirt").await;
    for _ in 0..3 {
        upload_of(&server, "alice").await;
    }
    accepted(&server, &body(&json!({ "url": PERSON_URL }), "alice")).await;
    server.run_jobs().await;
    blobs.set(Deletions::HangAfter(2));
    let path = format!("{CUSTOMERS}/alice");
    tokio::select! {
        _ = server.delete(&path) => panic!("it hangs"),
        () = blobs.wait_for_deletions(3) => {}
    }
    blobs.set(Deletions::Work);
    let left =
        files(&server, BlobKind::Person).await.len() + files(&server, BlobKind::Result).await.len();
    assert_eq!(left, 3);
    let mut sweep = Sweep::default();
    while sweep.step(&server.ports, 2).await.unwrap().is_some() {}
    assert!(files(&server, BlobKind::Person).await.is_empty());
    assert!(files(&server, BlobKind::Result).await.is_empty());
    assert_no_orphans(&server).await;
    server.delete(&path).await.expect_status(204);
}

#[tokio::test]
async fn a_picture_without_a_customer_is_not_touched() {
    let server = shop().await;
    let image = upload(&server).await;
    let shown =
        json!({ "product": { "images": [{ "url": SHIRT_URL }] }, "customer": { "id": image } });
    let id = accepted(&server, &shown).await;
    server.run_jobs().await;
    server
        .delete(&format!("{CUSTOMERS}/null"))
        .await
        .expect_status(204);
    let link = text(&generation(&server, &id).await["resultImageUrl"]);
    server.get(&path_of(&json!(link))).await.expect_status(200);
}

/// What was kept and what was made of a customer's picture shows where that customer stands.
#[tokio::test]
async fn a_mask_is_shown_to_operators_and_goes_with_its_customer() {
    let engine = ScriptedEngine::new("scripted", vec![Act::SucceedWithMask]);
    let server = shop_with_engine(Arc::new(engine)).await;
    let admin = server.admin().await;
    register(&server, "shirt").await;
    let person = upload_of(&server, "alice").await;
    let person = json!({ "id": person["imageId"] });
    let id = accepted(&server, &body(&person, "alice")).await;
    server.run_jobs().await;
    let seen = admin.get(&format!("/admin/v1/generations/{id}")).await;
    let mask = path_of(&seen.expect_status(200)["result"]["maskUrl"]);
    let answer = server.stranger().get(&mask).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body[..2], [0xff, 0xd8]);
    assert_eq!(files(&server, BlobKind::Mask).await.len(), 1);

    let erased = server.delete(&format!("{CUSTOMERS}/alice")).await;
    erased.expect_status(204);
    assert!(files(&server, BlobKind::Mask).await.is_empty());
    let gone = server.stranger().get(&mask).await;
    gone.expect_error(404, "NOT_FOUND");
    assert_no_orphans(&server).await;
}
