//! What every handler can reach.

use std::{collections::BTreeMap, ops::Deref, sync::Arc, time::Duration};

use drape_core::{admin::AccountDefaults, engine::Engines, ports::Ports, time::Timestamp};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    api::health::Readiness, metrics::Metrics, rate_limit::RateLimiter, signing::UrlSigner,
};

/// Settings of the HTTP API.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Address under which callers reach this server, without a slash at the end; `http://<Host>` when none.
    pub public_url: Option<String>,
    /// Seconds that a picture URL opens.
    pub url_lifetime_s: u32,
    /// Largest JSON body in bytes.
    pub max_json_bytes: usize,
    /// Largest multipart body in bytes.
    pub max_multipart_bytes: usize,
    /// Largest single picture in bytes.
    pub max_picture_bytes: usize,
    /// Seconds that a caller may take for a whole body.
    pub body_timeout_s: u32,
    /// Most bytes of multipart bodies held in memory at one time, all requests together.
    pub max_buffered_bytes: usize,
    /// Whether the admin API answers at all.
    pub admin_enabled: bool,
    /// Requests per minute of one admin key.
    pub admin_rate_limit: u32,
    /// Longest wait of `POST /try-on/sync` for the end of its try-on.
    pub sync_wait: Duration,
    /// Requests that may wait for the end of a try-on at one time, event streams among them.
    pub max_sync_waiting: usize,
    /// What a new account gets when its maker does not say.
    pub account_defaults: AccountDefaults,
    /// Settings that the admin API shows, by `section.key`; nothing secret among them.
    pub shown: BTreeMap<String, Value>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            public_url: None,
            url_lifetime_s: 3_600,
            max_json_bytes: 1_000_000,
            max_multipart_bytes: 90_000_000,
            max_picture_bytes: 10_000_000,
            body_timeout_s: 60,
            max_buffered_bytes: 270_000_000,
            admin_enabled: true,
            admin_rate_limit: 600,
            sync_wait: Duration::from_secs(90),
            max_sync_waiting: 512,
            account_defaults: AccountDefaults::default(),
            shown: BTreeMap::new(),
        }
    }
}

/// Everything that handlers share; a clone is one reference count.
#[derive(Clone)]
pub struct AppState(Arc<AppParts>);

/// The parts of [`AppState`].
pub struct AppParts {
    /// The world of the use cases.
    pub ports: Ports,
    /// The engines of this server.
    pub engines: Engines,
    /// Signs picture URLs.
    pub signer: Arc<UrlSigner>,
    /// Counts requests.
    pub limiter: Arc<RateLimiter>,
    /// Measures what happens.
    pub metrics: Metrics,
    /// Settings of the HTTP API.
    pub settings: Arc<ApiSettings>,
    /// When this server began.
    pub started_at: Timestamp,
    /// Memory for multipart bodies, in units of [`BUFFER_UNIT_BYTES`].
    pub(crate) buffers: Arc<Semaphore>,
    /// Last answer of the readiness check.
    pub(crate) readiness: Readiness,
    /// Places for requests that wait for the end of a try-on.
    pub(crate) waiting: Arc<Semaphore>,
    /// What goes on after a request has ended; shutdown waits for it.
    tasks: TaskTracker,
    /// Ends the waiting when the server shuts down.
    stopping: CancellationToken,
}

/// Grain in which memory for bodies is handed out.
pub(crate) const BUFFER_UNIT_BYTES: usize = 65_536;

impl AppState {
    /// Puts the parts together.
    pub fn new(
        ports: Ports,
        engines: Engines,
        signer: Arc<UrlSigner>,
        limiter: Arc<RateLimiter>,
        metrics: Metrics,
        settings: ApiSettings,
    ) -> Self {
        let buffers = Arc::new(Semaphore::new(
            (settings.max_buffered_bytes / BUFFER_UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS),
        ));
        let max_waiting = settings.max_sync_waiting.min(Semaphore::MAX_PERMITS);
        Self(Arc::new(AppParts {
            started_at: ports.clock.now(),
            ports,
            engines,
            signer,
            limiter,
            metrics,
            settings: Arc::new(settings),
            buffers,
            readiness: Readiness::default(),
            waiting: Arc::new(Semaphore::new(max_waiting)),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }))
    }
}

impl AppParts {
    /// Tasks that outlive the request that began them.
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Cancelled when the server begins to shut down: whoever waits for something answers at once.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }
}

impl Deref for AppState {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}
