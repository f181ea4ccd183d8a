//! Posts of webhooks, measured.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use drape_core::ports::{Post, PostError, PostRequest};

use super::{Metrics, table};

/// Passes posts on and measures them.
pub struct MeasuredPost {
    inner: Arc<dyn Post>,
    metrics: Metrics,
}

impl MeasuredPost {
    /// Measures the posts of another one.
    pub fn new(inner: Arc<dyn Post>, metrics: Metrics) -> Self {
        Self { inner, metrics }
    }
}

#[async_trait]
impl Post for MeasuredPost {
    fn check(&self, url: &str) -> Result<(), PostError> {
        self.inner.check(url)
    }

    async fn post(&self, request: PostRequest) -> Result<u16, PostError> {
        let started = Instant::now();
        let posted = self.inner.post(request).await;
        let outcome = match &posted {
            Ok(200..=299) => "delivered",
            Ok(_) => "rejected",
            Err(_) => "failed",
        };
        self.metrics.count(table::WEBHOOK_ATTEMPTS, &[outcome], 1);
        self.metrics
            .observe(table::WEBHOOK_DURATION, &[], started.elapsed());
        posted
    }
}
