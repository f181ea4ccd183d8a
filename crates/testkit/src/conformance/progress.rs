//! What [`Jobs`](drape_core::ports::Jobs) must do for engines that are slow or busy.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use std::time::Duration;

use drape_core::{
    Code,
    engine::Steps,
    generation::{JobProgress, Reported},
};
use futures::FutureExt as _;

use super::data::{DataPorts, LONG};

fn progress(engine: &str, steps: Option<(u32, u32)>) -> JobProgress {
    JobProgress {
        engine: engine.to_owned(),
        steps: steps.map(|(done, total)| Steps { done, total }),
    }
}

/// What is noted of a job's progress is read with its generation, is told to watchers, and goes with the attempt.
pub async fn progress_lasts_as_long_as_the_attempt(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let id = data.queue(account, 1).await[0];
    let named = data.read(id).await.engine;
    let job = data.claim().await.unwrap();
    assert_eq!(data.read(id).await.steps, None);

    let mut watch = data.generations.watch(id);
    for (noted, steps) in [
        (None, None),
        (Some((0, 20)), Some((0, 20))),
        (Some((7, 20)), Some((7, 20))),
    ] {
        let note = progress("slow", noted);
        let reported = data.jobs.note_progress(id, job.lease, note).await.unwrap();
        assert_eq!(reported, Reported::Accepted);
        assert!(watch.changed().now_or_never().is_some(), "told to watchers");
        let read = data.read(id).await;
        assert_eq!(read.engine, "slow");
        assert_eq!(read.steps.map(|steps| (steps.done, steps.total)), steps);
    }

    let retried = data
        .jobs
        .retry(
            id,
            job.lease,
            Duration::ZERO,
            Code::EngineFailed,
            "Again.",
            data.now(),
        )
        .await
        .unwrap();
    assert_eq!(retried, Reported::Accepted);
    let read = data.read(id).await;
    assert_eq!((read.engine.as_str(), read.steps), (named.as_str(), None));
    let late = progress("slow", Some((8, 20)));
    let reported = data.jobs.note_progress(id, job.lease, late).await.unwrap();
    assert_eq!(reported, Reported::LeaseLost);
    assert_eq!(data.read(id).await.steps, None);

    let job = data.claim().await.unwrap();
    let note = progress("slow", Some((1, 20)));
    data.jobs.note_progress(id, job.lease, note).await.unwrap();
    data.jobs.put_back(id, job.lease).await.unwrap();
    assert_eq!(data.read(id).await.steps, None);

    let job = data.claim().await.unwrap();
    let note = progress("slow", Some((20, 20)));
    data.jobs.note_progress(id, job.lease, note).await.unwrap();
    let outcome = data.completed(account);
    data.jobs
        .finish(id, job.lease, outcome, data.now())
        .await
        .unwrap();
    assert_eq!(data.read(id).await.steps, None, "the work is over");
}

/// Jobs for a busy engine stay in the queue, and those behind them are taken.
pub async fn jobs_of_busy_engines_are_passed_over(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let upload = data.upload(account).await;
    data.register(account, "sku").await;
    let mut ids = Vec::new();
    for engine in ["slow", "slow", "quick"] {
        let mut new = data.by_reference(account, "sku", upload.id);
        new.engine = engine.to_owned();
        ids.push(new.id);
        data.enqueue(new).await.unwrap();
    }
    let busy = ["slow".to_owned()];
    let claim = async |except: &[String]| {
        let attempt = data.attempt();
        let claimed = data
            .jobs
            .claim("w", attempt, LONG, except, data.now())
            .await;
        claimed.unwrap().map(|job| job.generation)
    };
    assert_eq!(claim(&busy).await, Some(ids[2]));
    assert_eq!(claim(&busy).await, None);
    // The first wait may hear of what was queued above. After it, work for a busy engine is no reason to look again.
    data.jobs
        .wait_for_work(Duration::from_millis(30), &busy)
        .await;
    let waited = tokio::time::timeout(
        Duration::from_millis(30),
        data.jobs.wait_for_work(LONG, &busy),
    );
    assert!(waited.await.is_err());
    data.jobs.wait_for_work(LONG, &[]).await;
    assert_eq!(claim(&["other".to_owned()]).await, Some(ids[0]));
    assert_eq!(claim(&[]).await, Some(ids[1]));
}
