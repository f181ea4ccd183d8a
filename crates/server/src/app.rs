//! Wiring: settings become stores, engines, a worker and a listening server.

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use drape_core::{
    admin::AccountDefaults,
    engine::{Engine, Engines, Routing},
    pipeline::PipelineOptions,
    ports::{Clock, Database as _, Ids, NoProvenance, Ports, Provenance},
};
use drape_engines::{FashnVton, FashnVtonOptions, MockEngine, PreviewEngine, PreviewOptions};
use drape_outbound::{GuardedFetch, OutboundOptions};
use drape_storage::{ObjectBlobs, SqlStore, StoreOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, ConfigError, parse_offset},
    listener::{ListenerOptions, serve_connections},
    metrics::{MeasuredFetch, MeasuredPost, Metrics, metrics_router},
    pictures::PictureWorkers,
    provenance::{ProvenanceError, SigningProvenance, signer},
    rate_limit::RateLimiter,
    router::router,
    signing::UrlSigner,
    state::{ApiSettings, AppState},
    system::{SystemClock, SystemIds},
    worker::{ChoreOptions, Chores, Deliveries, DeliveryOptions, Worker, WorkerOptions},
};

/// Connections at once to the metrics: there are few readers.
const MAX_METRICS_CONNECTIONS: usize = 16;
/// Longest sleep between two looks for lost leases.
const MAX_REAP_INTERVAL: Duration = Duration::from_secs(10);

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder cannot be made.
    #[error("the data folder {} cannot be used: {source}", path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database cannot be opened.
    #[error("the database {} cannot be opened: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: drape_storage::DbError,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// A part failed while starting.
    #[error(transparent)]
    Part(#[from] drape_core::Error),
    /// Results cannot be signed.
    #[error("results cannot be signed: {0}")]
    Provenance(ProvenanceError),
    /// An engine cannot be started.
    #[error("the system starts no thread for an engine: {0}")]
    Engine(std::io::Error),
    /// Guarded fetches cannot be set up.
    #[error("outgoing connections cannot be set up: {0}")]
    Outbound(#[from] drape_outbound::SetupError),
}

impl From<ProvenanceError> for StartError {
    fn from(error: ProvenanceError) -> Self {
        match error {
            ProvenanceError::Setting(error) => Self::Config(error),
            ProvenanceError::SelfMade { .. } => Self::Provenance(error),
        }
    }
}

/// The data of a server, opened: what the account commands need.
#[derive(Clone)]
pub struct Data {
    /// The database.
    pub store: SqlStore,
    /// The pictures.
    pub blobs: Arc<ObjectBlobs>,
    /// The clock, shifted as set.
    pub clock: SystemClock,
    /// Ids on that clock.
    pub ids: Arc<SystemIds>,
}

/// Path of the database in a data folder.
pub fn database_path(config: &Config) -> PathBuf {
    Path::new(&config.storage.data_dir).join("drape.db")
}

/// Path of the pictures in a data folder.
pub fn blobs_path(config: &Config) -> PathBuf {
    Path::new(&config.storage.data_dir).join("pictures")
}

/// Opens (or makes) the data folder; `migrate` brings the schema up to date.
pub async fn open_data(config: &Config, migrate: bool) -> Result<Data, StartError> {
    let data_dir = PathBuf::from(&config.storage.data_dir);
    make_private_dir(&data_dir).map_err(|source| StartError::DataDir {
        path: data_dir.clone(),
        source,
    })?;
    let path = database_path(config);
    let options = StoreOptions {
        max_attempts: config.worker.max_attempts,
        max_waiting: u64::from(config.storage.max_waiting_jobs),
        migrate_on_open: migrate,
        ..StoreOptions::default()
    };
    let store = SqlStore::open(&path.to_string_lossy(), options)
        .await
        .map_err(|source| StartError::Database { path, source })?;
    let blobs = Arc::new(ObjectBlobs::local(&blobs_path(config)).map_err(drape_core::Error::from)?);
    let clock = SystemClock::with_offset(parse_offset(&config.clock.offset).unwrap_or(0));
    Ok(Data {
        store,
        blobs,
        clock,
        ids: Arc::new(SystemIds::new(clock)),
    })
}

/// Makes the data folder, if it is not there. It holds pictures of people: only its owner may look inside.
pub fn make_private_dir(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The engines as set.
pub fn engines(config: &Config) -> Result<Engines, StartError> {
    let preview = PreviewEngine::new(PreviewOptions {
        gate: config.preview.gate,
        cache_entries: config.preview.cache_entries as usize,
        ..PreviewOptions::default()
    });
    let neural = FashnVton::new(fashn_vton_options(config)).map_err(StartError::Engine)?;
    let routing = Routing {
        auto: vec![neural.name().to_owned(), preview.name().to_owned()],
        auto_time_limit: Duration::from_secs(u64::from(config.engine.auto_time_limit_s)),
        fallback: Some(config.engine.fallback.clone()).filter(|name| !name.is_empty()),
    };
    let all: Vec<Arc<dyn Engine>> = vec![Arc::new(preview), Arc::new(neural), Arc::new(MockEngine)];
    let engines = Engines::new(all, config.engine.default.clone()).with_routing(routing);
    let no_such = |setting: &str, name: &str, known: Vec<&str>| {
        StartError::Config(ConfigError::Invalid {
            setting: setting.to_owned(),
            message: format!(
                "no engine is called \"{name}\"; there are {}",
                known.join(", ")
            ),
        })
    };
    let (default, fallback) = (&config.engine.default, &config.engine.fallback);
    if !engines.is_offered(default) {
        return Err(no_such("engine.default", default, engines.names()));
    }
    if !fallback.is_empty() && engines.find(fallback).is_none() {
        let known = engines.iter().map(|engine| engine.name()).collect();
        return Err(no_such("engine.fallback", fallback, known));
    }
    Ok(engines)
}

/// Settings of the neural engine as set.
pub fn fashn_vton_options(config: &Config) -> FashnVtonOptions {
    let settings = &config.fashn_vton;
    FashnVtonOptions {
        data_dir: PathBuf::from(&config.storage.data_dir),
        // Checked with the other settings.
        preset: settings.preset.parse().unwrap_or_default(),
        time_limit: Duration::from_secs(u64::from(settings.time_limit_s)),
        max_waiting: settings.max_waiting as usize,
        preserve: settings.preserve,
        seed: Some(settings.seed).filter(|seed| *seed != 0),
        threads: settings.threads as usize,
    }
}

/// What a new account gets, as set.
pub fn account_defaults(config: &Config) -> AccountDefaults {
    AccountDefaults {
        credits: config.accounts.credits,
        rate_limit: config.accounts.rate_limit,
        poll_limit: config.accounts.poll_limit,
    }
}

/// Guarded fetches and posts as set.
pub fn guarded_fetch(config: &Config) -> Result<GuardedFetch, StartError> {
    let mut allow = Vec::new();
    for network in &config.outbound.allow {
        let parsed = drape_outbound::options::parse_network(network).map_err(|error| {
            ConfigError::Invalid {
                setting: "outbound.allow".to_owned(),
                message: error.to_string(),
            }
        })?;
        allow.push(parsed);
    }
    Ok(GuardedFetch::new(OutboundOptions {
        allow,
        ports: config.outbound.ports.clone(),
        allow_http: config.outbound.allow_http,
        ..OutboundOptions::default()
    })?)
}

/// A server that is ready to listen.
pub struct App {
    state: AppState,
    config: Config,
    data: Data,
    metrics_listener: Option<TcpListener>,
}

impl App {
    /// Puts all parts together; nothing runs yet.
    pub async fn assemble(config: Config, data: Data) -> Result<Self, StartError> {
        config.check()?;
        let engines = engines(&config)?;
        let secret = data.store.signing_secret(data.ids.secret()).await?;
        let url_signer = Arc::new(UrlSigner::new(secret, config.server.url_lifetime_s));
        let limits = drape_imaging::Limits {
            max_bytes: usize::try_from(config.limits.max_picture_bytes).unwrap_or(usize::MAX),
            max_pixels: config.limits.max_pixels,
            max_output_side: config.limits.max_long_side_px,
            ..drape_imaging::Limits::default()
        };
        let metrics = if config.metrics.listen.is_empty() {
            Metrics::off()
        } else {
            Metrics::on(data.clock.now())
        };
        let workers = or_cores(config.pictures.workers);
        let waiting = config.pictures.max_waiting as usize;
        let pictures =
            Arc::new(PictureWorkers::new(workers, waiting, limits).with_metrics(metrics.clone()));
        let provenance: Arc<dyn Provenance> = if let Some(signer) = signer(&config)? {
            let certificate = signer.certificate();
            tracing::info!(
                certificate.fingerprint, certificate.is_self_made, certificate.valid_until = %certificate.not_after,
                "results are signed"
            );
            Arc::new(SigningProvenance::new(signer, Arc::clone(&pictures)))
        } else {
            Arc::new(NoProvenance)
        };
        let outbound = Arc::new(guarded_fetch(&config)?);
        let store = Arc::new(data.store.clone());
        let ports = Ports {
            clock: Arc::new(data.clock) as Arc<dyn Clock>,
            ids: Arc::clone(&data.ids) as Arc<dyn Ids>,
            accounts: store.clone(),
            admin_keys: store.clone(),
            ledger: store.clone(),
            images: store.clone(),
            customers: store.clone(),
            products: store.clone(),
            generations: store.clone(),
            jobs: store.clone(),
            idempotency: store.clone(),
            retention: store.clone(),
            oversight: store.clone(),
            watermarks: store.clone(),
            webhooks: store.clone(),
            database: store,
            blobs: data.blobs.clone(),
            fetch: Arc::new(MeasuredFetch::new(outbound.clone(), metrics.clone())),
            post: Arc::new(MeasuredPost::new(outbound, metrics.clone())),
            pictures,
            own_urls: url_signer.clone(),
            provenance,
        };
        let to_size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let settings = ApiSettings {
            public_url: Some(config.server.public_url.trim_end_matches('/').to_owned())
                .filter(|url| !url.is_empty()),
            url_lifetime_s: config.server.url_lifetime_s,
            max_json_bytes: to_size(config.limits.max_json_bytes),
            max_multipart_bytes: to_size(config.limits.max_multipart_bytes),
            max_picture_bytes: to_size(config.limits.max_picture_bytes),
            body_timeout_s: config.server.body_timeout_s,
            admin_enabled: config.admin.enabled,
            admin_rate_limit: config.admin.rate_limit,
            sync_wait: Duration::from_secs(u64::from(config.server.sync_wait_s)),
            max_sync_waiting: config.server.max_sync_waiting as usize,
            account_defaults: account_defaults(&config),
            shown: config.shown(),
            ..ApiSettings::default()
        };
        let state = AppState::new(
            ports,
            engines,
            url_signer,
            Arc::new(RateLimiter::new()),
            metrics,
            settings,
        );
        state.metrics.begin_ledger(&state.ports).await?;
        Ok(Self {
            state,
            config,
            data,
            metrics_listener: None,
        })
    }

    /// Answers `GET /metrics` on this listener, too.
    #[must_use]
    pub fn with_metrics_listener(mut self, listener: Option<TcpListener>) -> Self {
        self.metrics_listener = listener;
        self
    }

    /// Serves and works until `shutdown` ends; then lets requests and jobs end, bounded by the grace.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), StartError> {
        let stop = self.state.stopping().clone();
        let tasks = self.state.tasks().clone();
        tasks.spawn(self.worker(&stop).run());
        tasks.spawn(self.chores(&stop).run());
        tasks.spawn(self.deliveries(&stop).run());
        if let Some(listener) = self.metrics_listener.take() {
            let metrics = self.state.metrics.clone();
            let router = metrics_router(metrics.clone(), self.state.ports.clone());
            let options = ListenerOptions {
                max_connections: MAX_METRICS_CONNECTIONS,
                ids: None,
                ..self.listener_options()
            };
            tasks.spawn(serve_connections(listener, router, options, stop.clone()));
            tasks.spawn(metrics.keep_up(stop.clone()));
        }
        let server = serve_connections(
            listener,
            router(self.state.clone()),
            self.listener_options(),
            stop.clone(),
        );
        let server = tasks.spawn(server);
        tasks.close();

        shutdown.await;
        stop.cancel();
        // Every part bounds its own end; the margin is for the last reports to the database.
        let bound = self.grace() + Duration::from_secs(5);
        if tokio::time::timeout(bound, tasks.wait()).await.is_err() {
            tracing::warn!(
                "some work did not end in time; leases and the sweep take care of it at the next start"
            );
        }
        drop(server);
        self.data.store.close().await;
        Ok(())
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(u64::from(self.config.server.shutdown_grace_s))
    }

    fn listener_options(&self) -> ListenerOptions {
        ListenerOptions {
            header_timeout: Duration::from_secs(u64::from(self.config.server.header_timeout_s)),
            max_connections: self.config.server.max_connections as usize,
            shutdown_grace: self.grace(),
            ids: Some(Arc::clone(&self.data.ids) as Arc<dyn Ids>),
        }
    }

    fn worker(&self, stop: &CancellationToken) -> Worker {
        let worker = &self.config.worker;
        let options = WorkerOptions {
            name: format!("worker-{}", std::process::id()),
            concurrency: or_cores(worker.concurrency),
            lease: Duration::from_secs(u64::from(worker.lease_s)),
            max_attempts: worker.max_attempts,
            pipeline: PipelineOptions {
                engine_time_limit: Duration::from_secs(u64::from(worker.engine_time_limit_s)),
                retry_delay: Duration::from_millis(u64::from(worker.retry_delay_ms)),
            },
            shutdown_grace: self.grace(),
        };
        Worker::new(
            self.state.ports.clone(),
            self.state.engines.clone(),
            options,
            stop.clone(),
        )
        .with_metrics(self.state.metrics.clone())
    }

    fn deliveries(&self, stop: &CancellationToken) -> Deliveries {
        let webhooks = &self.config.webhooks;
        let options = DeliveryOptions {
            enabled: webhooks.enabled,
            concurrency: webhooks.concurrency as usize,
            keep_log_days: webhooks.keep_log_days,
            shutdown_grace: self.grace(),
        };
        Deliveries::new(self.state.clone(), options, stop.clone())
    }

    fn chores(&self, stop: &CancellationToken) -> Chores {
        let sweep_s = u64::from(self.config.retention.sweep_interval_s);
        let lease = Duration::from_secs(u64::from(self.config.worker.lease_s));
        let options = ChoreOptions {
            reap_interval: (lease / 2).min(MAX_REAP_INTERVAL),
            sweep_interval: Some(Duration::from_secs(sweep_s))
                .filter(|interval| !interval.is_zero()),
            orphan_grace: Duration::from_secs(u64::from(self.config.retention.orphan_grace_s)),
        };
        Chores::new(self.state.ports.clone(), options, stop.clone())
            .with_metrics(self.state.metrics.clone())
    }
}

/// Listens for readers of the metrics; none when `metrics.listen` is empty.
pub async fn listen_metrics(config: &Config) -> Result<Option<TcpListener>, StartError> {
    let address = config.metrics.listen.clone();
    if address.is_empty() {
        return Ok(None);
    }
    let bound = TcpListener::bind(&address).await;
    bound
        .map(Some)
        .map_err(|source| StartError::Listen { address, source })
}

/// Listens on the address of the settings.
pub async fn listen(config: &Config) -> Result<TcpListener, StartError> {
    let address = config.server.listen.clone();
    TcpListener::bind(&address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}

/// A number of workers; 0 means one per core.
fn or_cores(workers: u32) -> usize {
    match workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        workers => workers as usize,
    }
}
