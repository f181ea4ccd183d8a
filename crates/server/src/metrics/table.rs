//! The one list of metrics.

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Seconds in buckets.
    Histogram,
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Name, `drape_<thing>_<unit>` with `_total`, `_seconds` or `_bytes` where it fits.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// Names of its labels; their values come from closed sets.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

macro_rules! metrics {
    ($( $(#[doc = $doc:literal])+ $metric:ident = $kind:ident $name:literal [$($label:literal),*]; )+) => {
        $(
            $(#[doc = $doc])+
            pub(super) const $metric: Metric = Metric {
                name: $name,
                kind: MetricKind::$kind,
                labels: &[$($label),*],
                help: concat!($($doc),+),
            };
        )+

        /// Every metric.
        pub const METRICS: &[Metric] = &[ $( $metric ),+ ];
    };
}

metrics! {
    /// HTTP requests that were answered, by route template.
    HTTP_REQUESTS = Counter "drape_http_requests_total" ["method", "route", "status"];
    /// Time from the head of a request to the head of its answer.
    HTTP_DURATION = Histogram "drape_http_request_duration_seconds" ["method", "route"];
    /// HTTP requests that are being answered.
    HTTP_IN_FLIGHT = Gauge "drape_http_requests_in_flight" [];
    /// HTTP requests that were refused because their account or admin key was over its limit.
    RATE_LIMITED = Counter "drape_rate_limited_requests_total" ["bucket"];

    /// Attempts at jobs that ended.
    JOBS = Counter "drape_jobs_total" ["engine", "outcome"];
    /// Jobs that failed for good, by error code.
    JOB_FAILURES = Counter "drape_job_failures_total" ["engine", "code"];
    /// Time from the claim of a job to the end of the attempt.
    JOB_DURATION = Histogram "drape_job_duration_seconds" ["engine"];
    /// Time from the acceptance of a try-on to its first claim.
    JOB_WAIT = Histogram "drape_job_wait_seconds" [];
    /// Jobs that are being worked on by this process.
    JOBS_RUNNING = Gauge "drape_jobs_running" [];
    /// Jobs that were taken back from workers that were lost.
    JOBS_REAPED = Counter "drape_jobs_reclaimed_total" [];
    /// Jobs that wait.
    QUEUE_WAITING = Gauge "drape_queue_waiting_jobs" [];
    /// Time for which the oldest waiting job has been due.
    QUEUE_OLDEST = Gauge "drape_queue_oldest_wait_seconds" [];

    /// Credits that were moved in the ledger since the start, by all processes.
    CREDITS = Counter "drape_credits_total" ["kind"];

    /// Files that the sweep deleted.
    SWEPT_FILES = Counter "drape_swept_files_total" ["kind", "cause"];
    /// Steps of the sweep.
    SWEEP_BATCHES = Counter "drape_sweep_batches_total" [];
    /// Deletions of files that failed.
    SWEEP_FAILED_FILES = Counter "drape_sweep_failed_files_total" [];
    /// When the sweep last came to its end.
    SWEEP_LAST_SUCCESS = Gauge "drape_sweep_last_success_timestamp_seconds" [];

    /// Time that a picture was decoded, cropped, drawn on or encoded.
    PICTURE_DURATION = Histogram "drape_picture_work_duration_seconds" [];
    /// Time that a picture waited for its turn.
    PICTURE_WAIT = Histogram "drape_picture_work_wait_seconds" [];
    /// Pictures that are worked on or wait.
    PICTURES_PRESENT = Gauge "drape_pictures_present" [];
    /// Pictures that were refused because too many waited.
    PICTURES_REFUSED = Counter "drape_pictures_refused_total" [];

    /// Fetches of addresses that callers named.
    FETCHES = Counter "drape_fetches_total" ["outcome"];
    /// Time that such a fetch took.
    FETCH_DURATION = Histogram "drape_fetch_duration_seconds" [];

    /// Posts of webhooks.
    WEBHOOK_ATTEMPTS = Counter "drape_webhook_attempts_total" ["outcome"];
    /// Time that such a post took.
    WEBHOOK_DURATION = Histogram "drape_webhook_attempt_duration_seconds" [];

    /// Writes that wait for the database.
    DATABASE_WAITING = Gauge "drape_database_waiting_writes" [];
    /// Writes that the database was asked for; divided by the commits it is the size of a batch.
    DATABASE_WRITES = Counter "drape_database_writes_total" [];
    /// Commits of the database.
    DATABASE_COMMITS = Counter "drape_database_commits_total" [];

    /// Always 1; the label tells the version.
    BUILD_INFO = Gauge "drape_build_info" ["version"];
    /// When the process started.
    PROCESS_START = Gauge "drape_process_start_time_seconds" [];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_say_what_is_counted() {
        let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for metric in METRICS {
            let name = metric.name;
            assert!(name.starts_with("drape_"), "{name}");
            assert_eq!(
                metric.kind == MetricKind::Counter,
                name.ends_with("_total"),
                "{name}"
            );
            if metric.kind == MetricKind::Histogram {
                assert!(name.ends_with("_seconds"), "{name}");
            }
            assert!(metric.help.trim().ends_with('.'), "{name}");
        }
    }
}
