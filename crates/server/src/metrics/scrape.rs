//! `GET /metrics`, on a listener of its own.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing,
};
use drape_core::{
    Result,
    account::LedgerTotals,
    ports::{Ports, WriteStats},
};
use http::{HeaderValue, header};
use tokio_util::sync::CancellationToken;

use super::{Metrics, table};

/// Pause between two rounds of folding samples into their buckets; without them memory would grow while nobody reads.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Counts of the database at the last look: counters grow by the difference.
#[derive(Default)]
pub(super) struct LastScrape {
    /// Newest entry of the ledger that was counted; none before the first look.
    ledger_seq: Option<u64>,
    writes: WriteStats,
}

impl Metrics {
    /// Counts the credits from now on.
    pub async fn begin_ledger(&self, ports: &Ports) -> Result<()> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let totals = ports.ledger.totals(None).await?;
        inner.last_scrape.lock().await.ledger_seq = Some(totals.last_seq);
        Ok(())
    }

    /// Reads what only the database knows, then renders everything as Prometheus' text.
    pub async fn scrape(&self, ports: &Ports) -> String {
        if let Err(error) = self.read_database(ports).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "some metrics could not be read from the database"
            );
        }
        self.render()
    }

    /// Renders what was measured as Prometheus' text; empty when nothing is measured.
    pub fn render(&self) -> String {
        self.0
            .as_ref()
            .map_or_else(String::new, |inner| inner.handle.render())
    }

    async fn read_database(&self, ports: &Ports) -> Result<()> {
        let Some(inner) = &self.0 else { return Ok(()) };
        // Two readers at once must not count the same entries twice.
        let mut last = inner.last_scrape.lock().await;
        let writes = ports.database.write_stats();
        self.set(table::DATABASE_WAITING, &[], writes.waiting as f64);
        let new_writes = writes.writes.saturating_sub(last.writes.writes);
        let new_commits = writes.commits.saturating_sub(last.writes.commits);
        self.count(table::DATABASE_WRITES, &[], new_writes);
        self.count(table::DATABASE_COMMITS, &[], new_commits);
        last.writes = writes;

        let depth = ports.jobs.depth().await?;
        self.set(table::QUEUE_WAITING, &[], depth as f64);
        let lag = ports.jobs.lag().await?;
        self.set(table::QUEUE_OLDEST, &[], lag.as_secs_f64());

        let totals = ports.ledger.totals(last.ledger_seq).await?;
        self.count_credits(&totals);
        last.ledger_seq = Some(totals.last_seq);
        Ok(())
    }

    fn count_credits(&self, totals: &LedgerTotals) {
        for (kind, credits) in [
            ("granted", totals.granted),
            ("taken_back", totals.taken_back),
            ("held", totals.held),
            ("captured", totals.captured),
            ("released", totals.released),
        ] {
            self.count(table::CREDITS, &[kind], credits);
        }
    }

    /// Folds samples into their buckets until stopped.
    pub(crate) async fn keep_up(self, stop: CancellationToken) {
        let Some(inner) = &self.0 else { return };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(UPKEEP_INTERVAL) => inner.handle.run_upkeep(),
            }
        }
    }
}

/// The router of the metrics' listener: one route, for whoever can reach the port.
pub fn metrics_router(metrics: Metrics, ports: Ports) -> Router {
    Router::new()
        .route("/metrics", routing::get(get_metrics))
        .with_state((metrics, ports))
}

async fn get_metrics(State((metrics, ports)): State<(Metrics, Ports)>) -> Response {
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let text = metrics.scrape(&ports).await;
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}
