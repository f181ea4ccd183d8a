//! What has to be done now and then beside the jobs: lost leases, product pictures, files that have run out.

use std::{future::Future, time::Duration};

use drape_core::{
    Result,
    catalog::{fetch_pending_images, sweep_expired, sweep_orphans},
    idempotency::forget_old_keys,
    ports::Ports,
};
use tokio_util::sync::CancellationToken;

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
    stop: CancellationToken,
}

impl Chores {
    /// Makes chores that end when `stop` is cancelled.
    pub fn new(ports: Ports, options: ChoreOptions, stop: CancellationToken) -> Self {
        Self {
            ports,
            options,
            stop,
        }
    }

    /// Does the chores until stopped.
    pub async fn run(self) {
        tokio::join!(self.reap(), self.fetch_product_images(), self.sweep());
    }

    async fn reap(&self) {
        self.every(self.options.reap_interval, || async {
            let reaped = self.ports.jobs.reap(self.ports.clock.now()).await?;
            if reaped > 0 {
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
            let swept = sweep(&self.ports, self.options.orphan_grace).await?;
            while forget_old_keys(&self.ports, KEY_BATCH).await? > 0 {
                if self.stop.is_cancelled() {
                    break;
                }
            }
            if swept > 0 {
                tracing::info!(pictures = swept, "deleted pictures that had run out");
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

/// Deletes what has run out, batch by batch, then what no row knows; returns how many files.
async fn sweep(ports: &Ports, orphan_grace: Duration) -> Result<u64> {
    let mut swept = 0;
    loop {
        let batch = sweep_expired(ports, SWEEP_BATCH).await?;
        swept += batch;
        if batch == 0 {
            break;
        }
    }
    Ok(swept + sweep_orphans(ports, orphan_grace).await?)
}
