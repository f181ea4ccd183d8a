//! Sending webhooks: claim what is due, post it, note what came of it.

mod payload;

use std::{sync::Arc, time::Duration};

use drape_core::{
    Result,
    ids::AttemptId,
    webhook::{ClaimedDelivery, LEASE, deliver},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::state::AppState;

/// Longest sleep between two looks for messages; other processes may have written some.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Wait after the database could not be reached.
const FAULT_PAUSE: Duration = Duration::from_secs(1);
/// Between two sweeps of the log.
const SWEEP_INTERVAL: Duration = Duration::from_mins(10);
/// Rows of the log deleted in one transaction.
const SWEEP_BATCH: u32 = 500;
/// Messages claimed at once by [`deliver_due`].
const DUE_BATCH: u32 = 8;

/// How webhooks are sent.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryOptions {
    /// Whether this process sends; when not, messages wait for one that does.
    pub enabled: bool,
    /// Messages on their way at one time.
    pub concurrency: usize,
    /// Days that the log is kept.
    pub keep_log_days: u32,
    /// Time that messages on their way get to end at shutdown.
    pub shutdown_grace: Duration,
}

/// Sends webhooks until told to stop.
#[derive(Clone)]
pub struct Deliveries {
    state: AppState,
    options: DeliveryOptions,
    stop: CancellationToken,
}

impl Deliveries {
    /// Makes a sender that claims nothing more once `stop` is cancelled.
    pub fn new(state: AppState, options: DeliveryOptions, stop: CancellationToken) -> Self {
        Self {
            state,
            options,
            stop,
        }
    }

    /// Sends messages and sweeps their log until stopped.
    pub async fn run(self) {
        tokio::join!(self.send(), self.sweep());
    }

    async fn send(&self) {
        if !self.options.enabled {
            return;
        }
        let places = Arc::new(Semaphore::new(self.options.concurrency.max(1)));
        let sending = TaskTracker::new();
        loop {
            let place = tokio::select! {
                () = self.stop.cancelled() => break,
                place = Arc::clone(&places).acquire_owned() => place,
            };
            let Ok(place) = place else { break };
            let mut free = vec![place];
            while let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                free.push(place);
            }
            match claim(&self.state, free.len() as u32).await {
                Ok(claimed) if claimed.is_empty() => {
                    drop(free);
                    let now = self.state.ports.clock.now();
                    tokio::select! {
                        () = self.stop.cancelled() => {}
                        () = self.state.ports.webhooks.wait_for_deliveries(now, POLL_INTERVAL) => {}
                    }
                }
                Ok(claimed) => {
                    for (claimed, place) in claimed.into_iter().zip(free) {
                        sending.spawn(send_in(self.state.clone(), claimed, place));
                    }
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the webhooks that wait cannot be reached"
                    );
                    drop(free);
                    tokio::time::sleep(FAULT_PAUSE).await;
                }
            }
        }
        sending.close();
        // Leases bring back what does not end in time.
        drop(tokio::time::timeout(self.options.shutdown_grace, sending.wait()).await);
    }

    async fn sweep(&self) {
        loop {
            if let Err(error) = sweep_log(&self.state, self.options.keep_log_days).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the log of webhooks could not be swept; it will be tried again"
                );
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(SWEEP_INTERVAL) => {}
            }
        }
    }
}

/// Sends every message that is due, and those that become due meanwhile; returns how many attempts that took.
///
/// What a running server does in the background, for tests with a clock of their own.
pub async fn deliver_due(state: &AppState) -> Result<usize> {
    let mut attempts = 0;
    loop {
        let claimed = claim(state, DUE_BATCH).await?;
        if claimed.is_empty() {
            return Ok(attempts);
        }
        attempts += claimed.len();
        let sent = claimed.iter().map(|claimed| send_one(state, claimed));
        for sent in futures::future::join_all(sent).await {
            sent?;
        }
    }
}

/// Deletes the log from before `keep_log_days`, in bounded batches; returns how many messages.
pub async fn sweep_log(state: &AppState, keep_log_days: u32) -> Result<u64> {
    let age = Duration::from_hours(u64::from(keep_log_days) * 24);
    let before = state.ports.clock.now().minus(age);
    let mut swept = 0;
    loop {
        let webhooks = &state.ports.webhooks;
        let batch = webhooks.sweep_deliveries(before, SWEEP_BATCH).await?;
        swept += batch;
        if batch < u64::from(SWEEP_BATCH) {
            return Ok(swept);
        }
    }
}

async fn claim(state: &AppState, limit: u32) -> Result<Vec<ClaimedDelivery>> {
    let ports = &state.ports;
    let claim = AttemptId::from_uuid(ports.ids.uuid());
    let now = ports.clock.now();
    ports
        .webhooks
        .claim_deliveries(claim, limit, LEASE, now)
        .await
}

async fn send_in(state: AppState, claimed: ClaimedDelivery, place: OwnedSemaphorePermit) {
    if let Err(error) = send_one(&state, &claimed).await {
        tracing::warn!(
            delivery.id = %claimed.delivery.id, error = &error as &dyn std::error::Error,
            "what became of a webhook was not noted; it goes out again when its lease has run out"
        );
    }
    drop(place);
}

async fn send_one(state: &AppState, claimed: &ClaimedDelivery) -> Result<()> {
    let body = match payload::body(state, &claimed.delivery).await {
        Ok(body) => Some(body),
        Err(error) => {
            tracing::error!(
                delivery.id = %claimed.delivery.id, error = &error as &dyn std::error::Error,
                "a webhook could not be made"
            );
            None
        }
    };
    deliver(&state.ports, claimed, body).await?;
    Ok(())
}
