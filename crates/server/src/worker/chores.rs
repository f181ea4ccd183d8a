//! What has to be done now and then beside the jobs: lost leases, product pictures, files that have run out.

use std::{future::Future, time::Duration};

use drape_core::{
    Error, Result,
    catalog::fetch_pending_images,
    idempotency::forget_old_keys,
    ports::Ports,
    sweep::{OrphanSweep, Sweep, SweptBatch},
};
use tokio_util::sync::CancellationToken;

use crate::metrics::{Metrics, SweepCause};

/// Pictures fetched in one go.
const FETCH_BATCH: u32 = 8;
/// Time after which a fetch that was never reported is tried again.
const FETCH_LEASE: Duration = Duration::from_secs(90);
/// Pause between two looks for product pictures.
const FETCH_INTERVAL: Duration = Duration::from_secs(1);
/// Pictures deleted in one batch of the sweep.
const SWEEP_BATCH: u32 = 200;
/// Idempotency keys forgotten in one batch of the sweep.
const KEY_BATCH: u32 = 500;

/// How often the chores are done.
#[derive(Debug, Clone, Copy)]
pub struct ChoreOptions {
    /// Between two looks for lost leases.
    pub reap_interval: Duration,
    /// Between two sweeps; none switches them off.
    pub sweep_interval: Option<Duration>,
    /// Age from which a file that no row knows is deleted.
    pub orphan_grace: Duration,
}

/// The chores of one server.
#[derive(Clone)]
pub struct Chores {
    ports: Ports,
    options: ChoreOptions,
    metrics: Metrics,
    stop: CancellationToken,
}

impl Chores {
    /// Makes chores that end when `stop` is cancelled.
    pub fn new(ports: Ports, options: ChoreOptions, stop: CancellationToken) -> Self {
        Self {
            ports,
            options,
            metrics: Metrics::off(),
            stop,
        }
    }

    /// Measures the chores.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Does the chores until stopped.
    pub async fn run(self) {
        tokio::join!(self.reap(), self.fetch_product_images(), self.sweep());
    }

    async fn reap(&self) {
        self.every(self.options.reap_interval, || async {
            let reaped = self.ports.jobs.reap(self.ports.clock.now()).await?;
            if reaped > 0 {
                self.metrics.jobs_reaped(reaped);
                tracing::warn!(jobs = reaped, "took back jobs whose worker was lost");
            }
            Ok(())
        })
        .await;
    }

    async fn fetch_product_images(&self) {
        self.every(FETCH_INTERVAL, || async {
            while fetch_pending_images(&self.ports, FETCH_BATCH, FETCH_LEASE).await? > 0 {
                if self.stop.is_cancelled() {
                    break;
                }
            }
            Ok(())
        })
        .await;
    }

    async fn sweep(&self) {
        let Some(interval) = self.options.sweep_interval else {
            return;
        };
        self.every(interval, || async {
            let swept = sweep_once(&self.ports, self.options.orphan_grace, &self.metrics).await?;
            if swept.deleted > 0 {
                tracing::info!(
                    pictures = swept.deleted,
                    "deleted pictures that had run out"
                );
            }
            if let Some(failure) = &swept.failure {
                tracing::warn!(
                    pictures = swept.failed,
                    error = failure as &dyn std::error::Error,
                    "some pictures that had run out could not be deleted yet"
                );
            }
            while forget_old_keys(&self.ports, KEY_BATCH).await? > 0 {
                if self.stop.is_cancelled() {
                    break;
                }
            }
            Ok(())
        })
        .await;
    }

    /// Does a chore at once and then in intervals; a fault is logged and the next turn tries again.
    async fn every<F: Future<Output = Result<()>>>(
        &self,
        interval: Duration,
        chore: impl Fn() -> F,
    ) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                done = chore() => {
                    if let Err(error) = done {
                        tracing::warn!(error = &error as &dyn std::error::Error, "a chore failed; it will be tried again");
                    }
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(interval) => {}
            }
        }
    }
}

/// What a turn of the sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    /// Files that are gone.
    pub deleted: u64,
    /// Files that could not be deleted.
    pub failed: u64,
    /// Why the first of these could not be deleted.
    pub failure: Option<Error>,
}

impl Swept {
    fn add(&mut self, batch: SweptBatch) {
        self.deleted += batch.deleted.len() as u64;
        self.failed += batch.failed;
        if self.failure.is_none() {
            self.failure = batch.failure;
        }
    }
}

/// Deletes what has run out, batch by batch, then what no row knows and is older than `orphan_grace`.
pub async fn sweep_once(ports: &Ports, orphan_grace: Duration, metrics: &Metrics) -> Result<Swept> {
    let mut swept = Swept::default();
    let mut turn = Sweep::default();
    while let Some(batch) = turn.step(ports, SWEEP_BATCH).await? {
        metrics.swept(&batch, SweepCause::Expired);
        swept.add(batch);
    }
    let mut search = OrphanSweep::default();
    while let Some(batch) = search.step(ports, orphan_grace).await? {
        metrics.swept(&batch, SweepCause::Orphaned);
        swept.add(batch);
    }
    metrics.sweep_ended(ports.clock.now());
    Ok(swept)
}
