//! What [`Jobs`](drape_core::ports::Jobs) must do with a queued job until it ends.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "every task is joined where it was spawned"
)]

use std::{collections::HashSet, time::Duration};

use drape_core::{
    Code,
    account::EntryKind,
    generation::{JobOutcome, LeaseState, Reported, Status},
    ids::GenerationId,
    image::BlobKind,
    page::PageRequest,
    ports::{ChangeWatch, Ids},
    product::ProductOrigin,
};

use super::data::{DataPorts, LONG, external_id, stored_image, upsert, url_image};

/// Attempts that the database must have been opened with.
const MAX_ATTEMPTS: u32 = 3;
/// Ends a test that hangs.
const PATIENCE: Duration = Duration::from_mins(1);

fn failed(code: Code) -> JobOutcome {
    JobOutcome::Failed {
        code,
        message: "It did not work.".to_owned(),
    }
}

/// Jobs are claimed oldest first, each once, with everything that a worker needs.
pub async fn jobs_are_claimed_oldest_first(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let upload = data.upload(account).await;
    let mut product = upsert("sku", ProductOrigin::Registered);
    product.images = Some(vec![
        stored_image(data.picture(account, BlobKind::Product)),
        url_image("https://shop.example/b.jpg"),
    ]);
    let product = data.upsert(account, product).await;
    assert!(data.claim().await.is_none());
    let mut queued = Vec::new();
    for ai_label in [None, Some(true), Some(false)] {
        let mut new = data.by_reference(account, "sku", upload.id);
        new.ai_label = ai_label;
        new.watermark = ai_label.is_none();
        queued.push((new.id, ai_label));
        data.enqueue(new).await.unwrap();
    }
    data.clock.advance(Duration::from_secs(5));
    for (id, ai_label) in queued {
        assert_eq!(data.read(id).await.status, Status::Pending);
        let job = data.claim().await.unwrap();
        assert_eq!(job.generation, id);
        assert_eq!(job.attempt, 1);
        assert_eq!(job.account, account);
        assert_eq!(job.engine, "preview");
        assert_eq!(job.person, upload.picture);
        assert_eq!(
            (job.items[0].product, job.items[0].image_revision),
            (product, 1)
        );
        assert_eq!(job.items[0].product_title.as_deref(), Some("Title of sku"));
        assert_eq!(
            job.items[0].product_description.as_deref(),
            Some("Soft and warm.")
        );
        assert_eq!(job.keep_for_days, 3);
        assert_eq!(job.watermark, ai_label.is_none());
        assert_eq!(job.ai_label, ai_label);
        let stored: Vec<_> = job.items[0]
            .product_images
            .iter()
            .map(|image| (image.order, image.picture.is_some()))
            .collect();
        assert_eq!(stored, [(0, true), (1, false)]);
        assert_eq!(
            job.items[0].product_images[1].classifications["category"],
            "top"
        );
        let generation = data.read(id).await;
        assert_eq!(generation.status, Status::Processing);
        assert_eq!(generation.updated_at, data.now());
    }
    assert!(data.claim().await.is_none());
    assert_eq!(data.jobs.depth().await.unwrap(), 0);
}

/// However many workers ask at once, a job is given to one.
pub async fn parallel_workers_get_different_jobs(data: &DataPorts) {
    let account = data.account("shop", 30).await.id;
    let queued: HashSet<GenerationId> = data.queue(account, 24).await.into_iter().collect();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let data = data.clone();
            tokio::spawn(async move {
                let mut got = Vec::new();
                while let Some(job) = data.claim().await {
                    got.push(job.generation);
                }
                got
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for task in tasks {
        claimed.extend(task.await.unwrap());
    }
    assert_eq!(claimed.len(), 24);
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>(), queued);
}

/// A completed job has its picture, its time and a captured credit.
pub async fn a_completed_job_captures_its_credit(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let id = data.queue(account, 1).await[0];
    let job = data.claim().await.unwrap();
    data.clock.advance(Duration::from_millis(1_234));
    let result = data.picture(account, BlobKind::Result);
    let outcome = JobOutcome::Completed {
        mask: None,
        result: result.clone(),
        engine: "other engine".to_owned(),
        result_expires_at: data.now().plus_days(3),
    };
    let reported = data.jobs.finish(id, job.lease, outcome, data.now()).await;
    assert_eq!(reported.unwrap(), Reported::Accepted);
    let generation = data.read(id).await;
    assert_eq!(generation.status, Status::Completed);
    assert_eq!(generation.result, Some(result));
    assert_eq!(generation.result_expires_at, Some(data.now().plus_days(3)));
    assert_eq!(generation.engine, "other engine");
    assert_eq!(generation.generation_time_ms, Some(1_234));
    assert_eq!(generation.updated_at, data.now());
    assert_eq!(
        (generation.error_code, generation.error_message),
        (None, None)
    );
    assert_eq!(data.ledger.balance(account).await.unwrap(), 0);
    let entries = data.ledger.entries(account, 1).await.unwrap();
    assert_eq!(
        (entries[0].kind, entries[0].amount),
        (EntryKind::Capture, 0)
    );
    data.assert_books_balance(account).await;
}

/// A failed job says why and gives its credit back.
pub async fn a_failed_job_releases_its_credit(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let id = data.queue(account, 1).await[0];
    let job = data.claim().await.unwrap();
    let reported = data
        .jobs
        .finish(id, job.lease, failed(Code::NoPersonFound), data.now())
        .await;
    assert_eq!(reported.unwrap(), Reported::Accepted);
    let generation = data.read(id).await;
    assert_eq!(generation.status, Status::Failed);
    assert_eq!(generation.error_code, Some(Code::NoPersonFound));
    assert_eq!(
        generation.error_message.as_deref(),
        Some("It did not work.")
    );
    assert_eq!(generation.result, None);
    assert_eq!(data.ledger.balance(account).await.unwrap(), 1);
    data.assert_books_balance(account).await;
}

/// Only the first report counts.
pub async fn a_job_ends_once(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let id = data.queue(account, 1).await[0];
    let job = data.claim().await.unwrap();
    let done = data.completed(account);
    let reported = data.jobs.finish(id, job.lease, done, data.now()).await;
    assert_eq!(reported.unwrap(), Reported::Accepted);
    let before = data.read(id).await;
    assert_lease_is_lost(data, id, job.lease).await;
    assert_eq!(data.read(id).await, before);
    assert!(!data.jobs.cancel(id, data.now()).await.unwrap());
    data.assert_books_balance(account).await;
}

/// No report of this lease may count.
async fn assert_lease_is_lost(
    data: &DataPorts,
    id: GenerationId,
    lease: drape_core::ids::AttemptId,
) {
    let account = data.read(id).await.account;
    let done = data.completed(account);
    let jobs = &data.jobs;
    assert_eq!(
        jobs.heartbeat(id, lease, LONG).await.unwrap(),
        LeaseState::Lost
    );
    assert_eq!(jobs.lease_state(id, lease).await.unwrap(), LeaseState::Lost);
    for outcome in [done, failed(Code::EngineFailed)] {
        let reported = jobs.finish(id, lease, outcome, data.now()).await.unwrap();
        assert_eq!(reported, Reported::LeaseLost);
    }
    let reported = jobs
        .retry(
            id,
            lease,
            Duration::ZERO,
            Code::EngineFailed,
            "again",
            data.now(),
        )
        .await;
    assert_eq!(reported.unwrap(), Reported::LeaseLost);
    let reported = jobs.put_back(id, lease).await.unwrap();
    assert_eq!(reported, Reported::LeaseLost);
}

/// Whoever lost a lease changes nothing, while and after somebody else has the job.
pub async fn a_lost_lease_changes_nothing(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let id = data.queue(account, 1).await[0];
    let slow = data.claim_for(Duration::ZERO).await.unwrap();
    assert_eq!(data.jobs.reap(data.now()).await.unwrap(), 1);
    assert_eq!(data.read(id).await.status, Status::Pending);
    assert_lease_is_lost(data, id, slow.lease).await;
    let job = data.claim().await.unwrap();
    assert_eq!(job.attempt, 2);
    assert_lease_is_lost(data, id, slow.lease).await;
    let state = data.jobs.lease_state(id, job.lease).await.unwrap();
    assert_eq!(state, LeaseState::Held);
    let held = data.jobs.heartbeat(id, job.lease, LONG).await.unwrap();
    assert_eq!(held, LeaseState::Held);
    let done = data.completed(account);
    let reported = data.jobs.finish(id, job.lease, done, data.now()).await;
    assert_eq!(reported.unwrap(), Reported::Accepted);
    assert_lease_is_lost(data, id, slow.lease).await;
    assert_eq!(data.read(id).await.status, Status::Completed);
    data.assert_books_balance(account).await;
}

/// A heart-beat in time keeps the job from the reaper.
pub async fn a_heartbeat_keeps_the_lease(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let id = data.queue(account, 1).await[0];
    let job = data.claim_for(Duration::ZERO).await.unwrap();
    let held = data.jobs.heartbeat(id, job.lease, LONG).await.unwrap();
    assert_eq!(held, LeaseState::Held);
    assert_eq!(data.jobs.reap(data.now()).await.unwrap(), 0);
    let held = data
        .jobs
        .heartbeat(id, job.lease, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(held, LeaseState::Held);
    assert_eq!(data.jobs.reap(data.now()).await.unwrap(), 1);
}

/// A job whose workers vanish is tried again, then given up with its credit released.
pub async fn the_reaper_gives_up_in_the_end(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let ids = data.queue(account, 2).await;
    for attempt in 1..=MAX_ATTEMPTS {
        for id in &ids {
            let job = data.claim_for(Duration::ZERO).await.unwrap();
            assert_eq!((job.generation, job.attempt), (*id, attempt));
        }
        assert_eq!(data.jobs.reap(data.now()).await.unwrap(), 2);
    }
    assert_eq!(data.jobs.reap(data.now()).await.unwrap(), 0);
    assert!(data.claim().await.is_none());
    for id in ids {
        let generation = data.read(id).await;
        assert_eq!(generation.status, Status::Failed);
        assert_eq!(generation.error_code, Some(Code::EngineTimeout));
        assert!(
            generation
                .error_message
                .is_some_and(|text| !text.is_empty())
        );
    }
    assert_eq!(data.ledger.balance(account).await.unwrap(), 2);
    data.assert_books_balance(account).await;
}

/// A retried job waits for its delay, keeps its count of attempts, and fails when they are used up.
pub async fn a_retried_job_comes_back(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let id = data.queue(account, 1).await[0];
    let retry = async |lease, delay| {
        data.jobs
            .retry(
                id,
                lease,
                delay,
                Code::EngineFailed,
                "try again",
                data.now(),
            )
            .await
            .unwrap()
    };
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(data.read(id).await.status, Status::Pending);
        let job = data.claim().await.unwrap();
        assert_eq!(job.attempt, attempt);
        let reported = retry(job.lease, Duration::ZERO).await;
        assert_eq!(reported, Reported::Accepted);
    }
    let generation = data.read(id).await;
    assert_eq!(generation.status, Status::Failed);
    assert_eq!(generation.error_code, Some(Code::EngineFailed));
    assert_eq!(generation.error_message.as_deref(), Some("try again"));
    assert!(data.claim().await.is_none());
    assert_eq!(data.ledger.balance(account).await.unwrap(), 1);
    data.assert_books_balance(account).await;
}

/// A job is not due before its delay has passed, and does not block the jobs behind it.
pub async fn a_delayed_job_is_not_due(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let ids = data.queue(account, 2).await;
    let job = data.claim().await.unwrap();
    data.jobs
        .retry(
            job.generation,
            job.lease,
            LONG,
            Code::EngineFailed,
            "later",
            data.now(),
        )
        .await
        .unwrap();
    assert_eq!(data.jobs.depth().await.unwrap(), 2);
    assert_eq!(data.claim().await.unwrap().generation, ids[1]);
    assert!(data.claim().await.is_none());
    // It can be cancelled while it waits.
    assert!(data.jobs.cancel(ids[0], data.now()).await.unwrap());
    assert_eq!(data.jobs.depth().await.unwrap(), 0);
    data.assert_books_balance(account).await;
}

/// A job that is put back keeps its place and its attempts.
pub async fn a_job_put_back_is_unharmed(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let ids = data.queue(account, 2).await;
    for _ in 0..=MAX_ATTEMPTS {
        let job = data.claim().await.unwrap();
        assert_eq!((job.generation, job.attempt), (ids[0], 1));
        let reported = data.jobs.put_back(ids[0], job.lease).await.unwrap();
        assert_eq!(reported, Reported::Accepted);
        assert_eq!(data.read(ids[0]).await.status, Status::Pending);
    }
    assert_eq!(data.jobs.depth().await.unwrap(), 2);
    data.assert_books_balance(account).await;
}

/// A cancelled job fails with its credit released, whether it waited or ran.
pub async fn a_job_can_be_cancelled(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let ids = data.queue(account, 2).await;
    let running = data.claim().await.unwrap();
    for id in &ids {
        assert!(data.jobs.cancel(*id, data.now()).await.unwrap());
        assert!(!data.jobs.cancel(*id, data.now()).await.unwrap());
        let generation = data.read(*id).await;
        assert_eq!(generation.status, Status::Failed);
        assert_eq!(generation.error_code, Some(Code::Cancelled));
    }
    assert_lease_is_lost(data, ids[0], running.lease).await;
    assert!(data.claim().await.is_none());
    assert_eq!(data.ledger.balance(account).await.unwrap(), 2);
    let unknown = GenerationId::from_uuid(data.ids.uuid());
    assert!(!data.jobs.cancel(unknown, data.now()).await.unwrap());
    data.assert_books_balance(account).await;
}

/// A job keeps the product as it was asked for, whatever becomes of the product.
pub async fn a_job_outlives_its_product(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let ids = data.queue(account, 2).await;
    let mut change = upsert("queued", ProductOrigin::Registered);
    change.images = Some(vec![url_image("https://shop.example/new.jpg")]);
    data.upsert(account, change).await;
    let job = data.claim().await.unwrap();
    assert_eq!(job.items[0].image_revision, 1);
    assert_eq!(
        job.items[0].product_images[0].source_url,
        "https://shop.example/a.jpg"
    );
    let name = external_id("queued");
    data.products
        .delete(account, &name, data.now())
        .await
        .unwrap();
    data.retention.forget(&[], data.now()).await.unwrap();
    let job = data.claim().await.unwrap();
    assert_eq!(job.items[0].product_images.len(), 1);
    let done = data.completed(account);
    let reported = data.jobs.finish(ids[1], job.lease, done, data.now()).await;
    assert_eq!(reported.unwrap(), Reported::Accepted);
    let generation = data.read(ids[1]).await;
    assert_eq!(generation.product_external_id, name);
    assert_eq!(generation.product_title.as_deref(), Some("Title of queued"));
}

/// Waiting ends at once when a job is due, and when one is queued.
pub async fn waiting_ends_with_new_work(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let upload = data.upload(account).await.id;
    data.register(account, "sku").await;
    let waiting = {
        let data = data.clone();
        tokio::spawn(async move { data.jobs.wait_for_work(LONG, &[]).await })
    };
    tokio::task::yield_now().await;
    let new = data.by_reference(account, "sku", upload);
    data.enqueue(new).await.unwrap();
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap()
        .unwrap();
    // Due already: no wait at all.
    tokio::time::timeout(PATIENCE, data.jobs.wait_for_work(LONG, &[]))
        .await
        .unwrap();
}

/// Waiting ends when a delayed job becomes due, and at the latest with the timeout.
pub async fn waiting_ends_in_time(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    data.jobs.wait_for_work(Duration::from_millis(1), &[]).await;
    data.queue(account, 1).await;
    let job = data.claim().await.unwrap();
    data.jobs
        .retry(
            job.generation,
            job.lease,
            Duration::from_millis(50),
            Code::EngineFailed,
            "soon",
            data.now(),
        )
        .await
        .unwrap();
    let claimed = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(job) = data.claim().await {
                return job;
            }
            data.jobs.wait_for_work(LONG, &[]).await;
        }
    });
    assert_eq!(claimed.await.unwrap().attempt, 2);
}

/// Pages neither repeat nor skip a generation while others are added, and show no other account's.
pub async fn generation_pages_stay_right(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let other = data.account("other", 9).await.id;
    let mut ids = data.queue(account, 5).await;
    data.queue(other, 2).await;
    ids.reverse();
    let page = async |after| {
        let request = PageRequest { limit: 2, after };
        let page = data.generations.list(account, request).await.unwrap();
        let ids: Vec<_> = page.items.iter().map(|item| item.id).collect();
        (ids, page.next)
    };
    let (first, next) = page(None).await;
    assert_eq!(first, ids[..2]);
    let upload = data.upload(account).await.id;
    let late = data.by_reference(account, "queued", upload);
    data.enqueue(late).await.unwrap();
    let (second, next) = page(next).await;
    assert_eq!(second, ids[2..4]);
    let (third, next) = page(next).await;
    assert_eq!(third, ids[4..]);
    assert_eq!(next, None);
    let unknown = GenerationId::from_uuid(data.ids.uuid());
    assert_eq!(data.generations.find(unknown).await.unwrap(), None);
}

/// Whether the watch has heard of a change.
fn has_heard(watch: &mut Box<dyn ChangeWatch>) -> bool {
    futures::FutureExt::now_or_never(watch.changed()).is_some()
}

/// Waits for a change that must come.
async fn hear(watch: &mut Box<dyn ChangeWatch>) {
    let heard = tokio::time::timeout(PATIENCE, watch.changed()).await;
    assert!(heard.is_ok(), "nothing was heard");
}

/// Whoever watches a generation hears of every change of its status, and of no other generation's.
pub async fn watchers_hear_of_every_change(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let ids = data.queue(account, 3).await;
    let mut watch = data.generations.watch(ids[0]);
    let mut other = data.generations.watch(ids[1]);
    assert!(!has_heard(&mut watch));
    let job = data.claim().await.unwrap();
    hear(&mut watch).await;
    data.jobs.put_back(ids[0], job.lease).await.unwrap();
    hear(&mut watch).await;
    let job = data.claim().await.unwrap();
    hear(&mut watch).await;
    let again = data.jobs.retry(
        ids[0],
        job.lease,
        Duration::ZERO,
        Code::EngineFailed,
        "Again.",
        data.now(),
    );
    again.await.unwrap();
    hear(&mut watch).await;
    assert!(!has_heard(&mut other));

    // The one that was put back last has the last place.
    let job = data.claim_for(Duration::ZERO).await.unwrap();
    assert_eq!(job.generation, ids[1]);
    hear(&mut other).await;
    data.jobs.reap(data.now()).await.unwrap();
    hear(&mut other).await;
    assert!(data.jobs.cancel(ids[1], data.now()).await.unwrap());
    hear(&mut other).await;

    let mut last = data.generations.watch(ids[2]);
    let job = data.claim().await.unwrap();
    assert_eq!(job.generation, ids[2]);
    hear(&mut last).await;
    let outcome = data.completed(account);
    let lost = data.attempt();
    let report = data.jobs.finish(ids[2], lost, outcome.clone(), data.now());
    assert_eq!(report.await.unwrap(), Reported::LeaseLost);
    assert!(!has_heard(&mut last), "nothing has changed");
    let report = data
        .jobs
        .finish(ids[2], job.lease, outcome, data.now())
        .await;
    assert_eq!(report.unwrap(), Reported::Accepted);
    hear(&mut last).await;
    assert!(!has_heard(&mut watch));
}

/// A waiting job knows its place; one that does not wait has none.
pub async fn waiting_jobs_have_a_place(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let ids = data.queue(account, 3).await;
    let places = async || {
        let mut places = Vec::new();
        for id in &ids {
            places.push(data.jobs.position(*id).await.unwrap());
        }
        places
    };
    assert_eq!(places().await, [Some(1), Some(2), Some(3)]);
    let job = data.claim().await.unwrap();
    assert_eq!(places().await, [None, Some(1), Some(2)]);
    data.jobs.cancel(ids[1], data.now()).await.unwrap();
    assert_eq!(places().await, [None, None, Some(1)]);
    data.jobs.put_back(ids[0], job.lease).await.unwrap();
    assert_eq!(places().await, [Some(1), None, Some(2)]);
    let unknown = GenerationId::from_uuid(data.ids.uuid());
    assert_eq!(data.jobs.position(unknown).await.unwrap(), None);
}

/// The lag is how long the most overdue job has been due; delayed jobs and running ones do not count.
pub async fn the_lag_is_that_of_the_most_overdue_job(data: &DataPorts) {
    let jobs = &data.jobs;
    assert_eq!(jobs.lag().await.unwrap(), Duration::ZERO);
    let account = data.account("shop", 2).await.id;
    data.queue(account, 1).await;
    let first = jobs.lag().await.unwrap();
    assert!(first < LONG, "{first:?}");
    assert!(jobs.lag().await.unwrap() >= first);
    let job = data.claim().await.unwrap();
    assert_eq!(jobs.lag().await.unwrap(), Duration::ZERO);
    let (code, now) = (Code::EngineFailed, data.now());
    jobs.retry(job.generation, job.lease, LONG, code, "later", now)
        .await
        .unwrap();
    assert_eq!(jobs.lag().await.unwrap(), Duration::ZERO);
    assert_eq!(jobs.depth().await.unwrap(), 1);
}
