//! Guarded fetches, measured.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use drape_core::ports::{Fetch, FetchError};

use super::{Metrics, table};

/// Passes fetches on and measures them.
pub struct MeasuredFetch {
    inner: Arc<dyn Fetch>,
    metrics: Metrics,
}

impl MeasuredFetch {
    /// Measures the fetches of another one.
    pub fn new(inner: Arc<dyn Fetch>, metrics: Metrics) -> Self {
        Self { inner, metrics }
    }
}

#[async_trait]
impl Fetch for MeasuredFetch {
    async fn fetch(
        &self,
        url: &str,
        max_bytes: u64,
        timeout: Duration,
    ) -> Result<Bytes, FetchError> {
        let started = Instant::now();
        let fetched = self.inner.fetch(url, max_bytes, timeout).await;
        let outcome = match &fetched {
            Ok(_) => "fetched",
            // A refusal of the guard, or an answer that will not get better.
            Err(error) if !error.retryable => "refused",
            Err(_) => "failed",
        };
        self.metrics.count(table::FETCHES, &[outcome], 1);
        self.metrics
            .observe(table::FETCH_DURATION, &[], started.elapsed());
        fetched
    }
}
