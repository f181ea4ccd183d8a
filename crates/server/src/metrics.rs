//! What is measured, under names and labels from closed lists; read by Prometheus.
//!
//! Every server has a recorder of its own, so that two in one process do not mix; a server without one measures nothing.

mod fetch;
mod post;
mod scrape;
mod table;

use std::{sync::Arc, time::Duration};

use drape_core::{
    Code,
    image::{BlobKey, BlobKind},
    sweep::SweptBatch,
    time::Timestamp,
};
use http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

pub use fetch::MeasuredFetch;
pub use post::MeasuredPost;
pub use scrape::metrics_router;
pub use table::{METRICS, Metric, MetricKind};

use crate::rate_limit::Bucket;

/// Upper bounds of the buckets of all durations, in seconds.
const BUCKETS_S: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
];
const METADATA: Metadata<'static> = Metadata::new("drape", Level::INFO, None);

/// Records what happens; a clone records into the same place.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Inner>>);

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// What was read from the database last.
    last_scrape: tokio::sync::Mutex<scrape::LastScrape>,
}

/// How an attempt at a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// With a picture.
    Completed,
    /// For good, without one.
    Failed(Code),
    /// It goes back into the queue.
    Retried(Code),
    /// It goes back into the queue unharmed, since the server ends.
    PutBack,
    /// It was cancelled, or another worker has it.
    Lost,
    /// Its end could not be reported.
    Unreported,
}

impl JobEnd {
    /// Name in labels and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed(_) => "failed",
            Self::Retried(_) => "retried",
            Self::PutBack => "put_back",
            Self::Lost => "lost",
            Self::Unreported => "unreported",
        }
    }

    /// Why it did not complete.
    pub fn code(self) -> Option<Code> {
        match self {
            Self::Failed(code) | Self::Retried(code) => Some(code),
            Self::Completed | Self::PutBack | Self::Lost | Self::Unreported => None,
        }
    }
}

/// Why a file was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepCause {
    /// Its retention had ended, or its customer was erased.
    Expired,
    /// No row knew it.
    Orphaned,
}

impl SweepCause {
    fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Orphaned => "orphaned",
        }
    }
}

/// Counts one more while it lives.
#[must_use]
pub struct Running(Option<Gauge>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(gauge) = &self.0 {
            gauge.decrement(1.0);
        }
    }
}

impl Metrics {
    /// Measures nothing.
    pub fn off() -> Self {
        Self(None)
    }

    /// Begins to measure; `started` is the start of the process as the server's clock sees it.
    pub fn on(started: Timestamp) -> Self {
        let builder = PrometheusBuilder::new();
        // Fails only for an empty list.
        let builder = builder
            .set_buckets(&BUCKETS_S)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        let metrics = Self(Some(Arc::new(Inner {
            recorder,
            handle,
            last_scrape: tokio::sync::Mutex::default(),
        })));
        for metric in METRICS {
            metrics.describe(metric);
        }
        metrics.set(table::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0);
        let started_s = started.as_micros() as f64 / 1_000_000.0;
        metrics.set(table::PROCESS_START, &[], started_s);
        metrics
    }

    /// Tells what a metric is, and shows those without labels from the start.
    fn describe(&self, metric: &Metric) {
        let Some(inner) = &self.0 else { return };
        let (name, help) = (metric.name.into(), metric.help.trim().into());
        match metric.kind {
            MetricKind::Counter => inner.recorder.describe_counter(name, None, help),
            MetricKind::Gauge => inner.recorder.describe_gauge(name, None, help),
            MetricKind::Histogram => inner.recorder.describe_histogram(name, None, help),
        }
        if metric.labels.is_empty() {
            match metric.kind {
                MetricKind::Counter => self.count(*metric, &[], 0),
                MetricKind::Gauge => self.set(*metric, &[], 0.0),
                MetricKind::Histogram => {}
            }
        }
    }

    /// An HTTP request that begins; ends when the guard is dropped.
    pub(crate) fn request_begins(&self) -> Running {
        self.begin(table::HTTP_IN_FLIGHT)
    }

    /// An HTTP request that was answered; `route` is a template.
    pub(crate) fn request_ended(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let method = known_method(method);
        self.count(table::HTTP_REQUESTS, &[method, route, status.as_str()], 1);
        self.observe(table::HTTP_DURATION, &[method, route], took);
    }

    /// A request over its account's limit.
    pub(crate) fn rate_limited(&self, bucket: Bucket) {
        self.count(table::RATE_LIMITED, &[bucket.as_str()], 1);
    }

    /// A job that begins after it waited for so long; ends when the guard is dropped.
    pub(crate) fn job_begins(&self, waited: Option<Duration>) -> Running {
        if let Some(waited) = waited {
            self.observe(table::JOB_WAIT, &[], waited);
        }
        self.begin(table::JOBS_RUNNING)
    }

    /// An attempt at a job that ended; `engine` is the name of an engine that this server has.
    pub(crate) fn job_ended(&self, engine: &str, end: JobEnd, took: Duration) {
        self.count(table::JOBS, &[engine, end.as_str()], 1);
        if let JobEnd::Failed(code) = end {
            self.count(table::JOB_FAILURES, &[engine, code.as_str()], 1);
        }
        self.observe(table::JOB_DURATION, &[engine], took);
    }

    /// Jobs that were taken back from lost workers.
    pub(crate) fn jobs_reaped(&self, jobs: u64) {
        self.count(table::JOBS_REAPED, &[], jobs);
    }

    /// A step of the sweep.
    pub(crate) fn swept(&self, batch: &SweptBatch, cause: SweepCause) {
        self.count(table::SWEEP_BATCHES, &[], 1);
        for kind in BlobKind::ALL {
            let is_kind = |key: &&BlobKey| key.kind() == Some(kind);
            let files = batch.deleted.iter().filter(is_kind).count() as u64;
            if files > 0 {
                let labels = [kind.as_str(), cause.as_str()];
                self.count(table::SWEPT_FILES, &labels, files);
            }
        }
        self.count(table::SWEEP_FAILED_FILES, &[], batch.failed);
    }

    /// A turn of the sweep that came to its end.
    pub(crate) fn sweep_ended(&self, now: Timestamp) {
        let now_s = now.as_micros() as f64 / 1_000_000.0;
        self.set(table::SWEEP_LAST_SUCCESS, &[], now_s);
    }

    /// A picture that waits and is then worked on; gone when the guard is dropped.
    pub(crate) fn picture_comes(&self) -> Running {
        self.begin(table::PICTURES_PRESENT)
    }

    /// A picture that found no place.
    pub(crate) fn picture_refused(&self) {
        self.count(table::PICTURES_REFUSED, &[], 1);
    }

    /// A picture that was worked on.
    pub(crate) fn picture_ended(&self, waited: Duration, took: Duration) {
        self.observe(table::PICTURE_WAIT, &[], waited);
        self.observe(table::PICTURE_DURATION, &[], took);
    }

    fn begin(&self, metric: Metric) -> Running {
        let gauge = self.gauge(metric, &[]);
        if let Some(gauge) = &gauge {
            gauge.increment(1.0);
        }
        Running(gauge)
    }

    fn count(&self, metric: Metric, labels: &[&str], by: u64) {
        if let Some(inner) = &self.0 {
            let counter: Counter = inner
                .recorder
                .register_counter(&key(metric, labels), &METADATA);
            counter.increment(by);
        }
    }

    fn set(&self, metric: Metric, labels: &[&str], to: f64) {
        if let Some(gauge) = self.gauge(metric, labels) {
            gauge.set(to);
        }
    }

    fn observe(&self, metric: Metric, labels: &[&str], took: Duration) {
        if let Some(inner) = &self.0 {
            let histogram: Histogram = inner
                .recorder
                .register_histogram(&key(metric, labels), &METADATA);
            histogram.record(took.as_secs_f64());
        }
    }

    fn gauge(&self, metric: Metric, labels: &[&str]) -> Option<Gauge> {
        let inner = self.0.as_ref()?;
        let key = key(metric, labels);
        Some(inner.recorder.register_gauge(&key, &METADATA))
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Metrics(on)"
        } else {
            "Metrics(off)"
        })
    }
}

fn key(metric: Metric, values: &[&str]) -> Key {
    debug_assert_eq!(metric.labels.len(), values.len(), "{}", metric.name);
    let labels = metric.labels.iter().zip(values);
    let labels: Vec<Label> = labels
        .map(|(name, value)| Label::new(*name, (*value).to_owned()))
        .collect();
    Key::from_parts(metric.name, labels)
}

/// Callers can make methods up; labels cannot.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_recorder_nothing_happens() {
        let metrics = Metrics::off();
        drop(metrics.request_begins());
        metrics.request_ended(&Method::GET, "/x", StatusCode::OK, Duration::ZERO);
        assert_eq!(format!("{metrics:?}"), "Metrics(off)");
    }

    #[test]
    fn what_runs_is_counted_until_it_is_dropped() {
        let metrics = Metrics::on(Timestamp::from_micros(1_500_000));
        let line = |count: u32| format!("drape_jobs_running {count}\n");
        let first = metrics.job_begins(None);
        let second = metrics.job_begins(Some(Duration::from_secs(1)));
        assert!(metrics.render().contains(&line(2)), "{}", metrics.render());
        drop(first);
        assert!(metrics.render().contains(&line(1)));
        drop(second);
        assert!(metrics.render().contains(&line(0)));
        assert!(
            metrics
                .render()
                .contains("drape_process_start_time_seconds 1.5\n")
        );
    }

    #[test]
    fn methods_that_nobody_knows_share_one_label() {
        assert_eq!(known_method(&Method::DELETE), "DELETE");
        let made_up = Method::from_bytes(b"BREW").unwrap();
        assert_eq!(known_method(&made_up), "OTHER");
    }
}
