//! The whole server in process: the real router, stores and picture work; a clock that stands still, pictures of the
//! web from a list, and jobs that run when a test says so.

mod client;
mod fetch;
mod post;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use drape_core::{
    account::{Account, ApiKey, DEFAULT_POLL_LIMIT, DEFAULT_RATE_LIMIT, NewAccount, NewKey},
    admin_key::{AdminKey, NewAdminKey},
    engine::{Engine, Engines, Listener, Routing},
    generation::{Job, Reported},
    ids::{AccountId, AdminKeyId, AttemptId, KeyId},
    pipeline::{JobStep, PipelineOptions, run_job},
    ports::{Clock as _, Database as _, Ids as _, Ports},
};
use drape_engines::MockEngine;
use drape_imaging::{Limits, Logo, Picture, Subsampling, encode_jpeg};
use drape_provenance::{Identity, Signer};
use drape_server::{
    metrics::{MeasuredFetch, MeasuredPost, Metrics},
    pictures::PictureWorkers,
    provenance::SigningProvenance,
    rate_limit::RateLimiter,
    router::router,
    signing::UrlSigner,
    state::{ApiSettings, AppState},
    worker::{deliver_due, sweep_log},
};
use drape_storage::{ObjectBlobs, SqlStore, StoreOptions};
use tempfile::TempDir;

use crate::{FakeClock, ScriptedEngine, SeqIds};
pub use client::{FormData, TestClient, TestResponse};
pub use fetch::{FakeFetch, HANGING_URL, PANICKING_URL};
pub use post::{FakePost, Posted};

/// Lease of the jobs that a test runs; no test takes that long.
const LEASE: Duration = Duration::from_mins(10);

/// How a test server is made; begin with `default()`.
pub struct TestOptions {
    /// Credits of the first account.
    pub credits: u32,
    /// Requests per minute of every account.
    pub rate_limit: u32,
    /// Polling requests per minute of every account.
    pub poll_limit: u32,
    /// The default engine; besides it there is always `mock`. An obedient `scripted` one when none.
    pub engine: Option<Arc<dyn Engine>>,
    /// Engines beside the default one and `mock`.
    pub more_engines: Vec<Arc<dyn Engine>>,
    /// How engines are chosen.
    pub routing: Routing,
    /// Settings of the API.
    pub settings: ApiSettings,
    /// Jobs that may wait.
    pub max_waiting_jobs: u64,
    /// Changes the ports before the server gets them.
    pub change_ports: Box<dyn FnOnce(&mut Ports)>,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            credits: 10,
            rate_limit: DEFAULT_RATE_LIMIT,
            poll_limit: DEFAULT_POLL_LIMIT,
            engine: None,
            more_engines: Vec::new(),
            routing: Routing::default(),
            settings: ApiSettings::default(),
            max_waiting_jobs: 10_000,
            change_ports: Box::new(|_| {}),
        }
    }
}

/// A server for one test. It is a client of its first account, too.
pub struct TestServer {
    /// The clock; it moves when told.
    pub clock: Arc<FakeClock>,
    /// The web, as far as the server can see it.
    pub web: Arc<FakeFetch>,
    /// The servers that webhooks go to.
    pub hooks: Arc<FakePost>,
    /// The ports, for looking behind the API.
    pub ports: Ports,
    /// The engines.
    pub engines: Engines,
    /// What the server measured.
    pub metrics: Metrics,
    /// The first account.
    pub account: Account,
    client: TestClient,
    state: AppState,
    rate_limits: (u32, u32),
    _dir: TempDir,
}

impl std::ops::Deref for TestServer {
    type Target = TestClient;

    fn deref(&self) -> &TestClient {
        &self.client
    }
}

impl TestServer {
    /// Starts a server with the defaults.
    pub async fn start() -> Self {
        Self::start_with(TestOptions::default()).await
    }

    /// Starts a server.
    #[expect(
        clippy::expect_used,
        reason = "a test that cannot start should say so at once"
    )]
    pub async fn start_with(options: TestOptions) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("drape.db");
        let store_options = StoreOptions {
            max_waiting: options.max_waiting_jobs,
            ..StoreOptions::default()
        };
        let store = SqlStore::open(&path.to_string_lossy(), store_options)
            .await
            .expect("a database");
        let blobs = ObjectBlobs::local(&dir.path().join("pictures")).expect("a picture store");
        let clock = Arc::new(FakeClock::new());
        let ids = Arc::new(SeqIds::following(clock.clone()));
        let web = Arc::new(FakeFetch::default());
        let hooks = Arc::new(FakePost::default());
        let metrics = Metrics::on(clock.now());
        let secret = store.signing_secret(ids.secret()).await.expect("a secret");
        let signer = Arc::new(UrlSigner::new(secret, options.settings.url_lifetime_s));
        let limits = Limits {
            max_bytes: options.settings.max_picture_bytes,
            ..Limits::default()
        };
        let pictures = Arc::new(PictureWorkers::new(2, 64, limits).with_metrics(metrics.clone()));
        let provenance = SigningProvenance::new(result_signer(), Arc::clone(&pictures));
        let store = Arc::new(store);
        let mut ports = Ports {
            clock: clock.clone(),
            ids,
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
            blobs: Arc::new(blobs),
            fetch: Arc::new(MeasuredFetch::new(web.clone(), metrics.clone())),
            post: Arc::new(MeasuredPost::new(hooks.clone(), metrics.clone())),
            pictures,
            own_urls: signer.clone(),
            provenance: Arc::new(provenance),
        };
        (options.change_ports)(&mut ports);
        let engine = options
            .engine
            .unwrap_or_else(|| Arc::new(ScriptedEngine::new("scripted", Vec::new())));
        let default = engine.name();
        let mut all: Vec<Arc<dyn Engine>> = vec![engine, Arc::new(MockEngine)];
        all.extend(options.more_engines);
        let engines = Engines::new(all, default).with_routing(options.routing);
        let limiter = Arc::new(RateLimiter::new());
        let state = AppState::new(
            ports.clone(),
            engines.clone(),
            signer,
            limiter,
            metrics.clone(),
            options.settings,
        );
        metrics.begin_ledger(&ports).await.expect("a ledger");
        let rate_limits = (options.rate_limit, options.poll_limit);
        let (account, key) = make_account(&ports, "first", options.credits, rate_limits).await;
        Self {
            clock,
            web,
            hooks,
            ports,
            engines,
            metrics,
            account,
            client: TestClient::new(router(state.clone()), Some(key)),
            state,
            rate_limits,
            _dir: dir,
        }
    }

    /// Begins to shut down: whoever waits answers.
    pub fn begin_shutdown(&self) {
        self.state.stopping().cancel();
    }

    /// Waits for what goes on after requests have ended.
    pub async fn quiet_down(&self) {
        let tasks = self.state.tasks();
        tasks.close();
        tasks.wait().await;
        tasks.reopen();
    }

    /// Makes another account and a client for it.
    pub async fn another_account(&self, name: &str, credits: u32) -> (Account, TestClient) {
        let (account, key) = make_account(&self.ports, name, credits, self.rate_limits).await;
        (account, self.client.with_key(Some(key)))
    }

    /// A client with a new admin key.
    #[expect(
        clippy::expect_used,
        reason = "a test that cannot start should say so at once"
    )]
    pub async fn admin(&self) -> TestClient {
        let key = AdminKey::from_random(self.ports.ids.secret());
        let new = NewAdminKey {
            id: AdminKeyId::from_uuid(self.ports.ids.uuid()),
            hash: key.hash(),
            label: "test".to_owned(),
            now: self.ports.clock.now(),
        };
        self.ports
            .admin_keys
            .create(new)
            .await
            .expect("an admin key");
        self.client.with_admin_key(key.expose())
    }

    /// A client that sends no key.
    pub fn stranger(&self) -> TestClient {
        self.client.with_key(None)
    }

    /// Runs the jobs that are due until none is left, and returns how many attempts that took.
    #[expect(clippy::expect_used, reason = "a broken queue fails the test at once")]
    pub async fn run_jobs(&self) -> usize {
        let mut attempts = 0;
        while let Some(job) = self.claim().await {
            self.run(&job).await;
            attempts += 1;
            assert!(attempts < 10_000, "the jobs do not end");
        }
        self.ports
            .jobs
            .reap(self.ports.clock.now())
            .await
            .expect("the queue reaps");
        attempts
    }

    /// Sends the webhooks that are due until none is left, and returns how many attempts that took.
    #[expect(clippy::expect_used, reason = "a broken queue fails the test at once")]
    pub async fn send_webhooks(&self) -> usize {
        deliver_due(&self.state).await.expect("webhooks are sent")
    }

    /// Sweeps the log of webhooks, and returns how many went.
    #[expect(clippy::expect_used, reason = "a broken sweep fails the test at once")]
    pub async fn sweep_webhooks(&self, keep_log_days: u32) -> u64 {
        let swept = sweep_log(&self.state, keep_log_days).await;
        swept.expect("the log is swept")
    }

    /// Takes a job, so that its generation is `PROCESSING`.
    #[expect(clippy::expect_used, reason = "a broken queue fails the test at once")]
    pub async fn claim(&self) -> Option<Job> {
        let attempt = AttemptId::from_uuid(self.ports.ids.uuid());
        let now = self.ports.clock.now();
        self.ports
            .jobs
            .claim("test", attempt, LEASE, &[], now)
            .await
            .expect("the queue gives jobs")
    }

    /// Takes the next job, once there is one.
    pub async fn next_job(&self) -> Job {
        loop {
            if let Some(job) = self.claim().await {
                return job;
            }
            self.ports.jobs.wait_for_work(LEASE, &[]).await;
        }
    }

    /// Runs a claimed job to its end and reports it.
    #[expect(clippy::expect_used, reason = "a broken queue fails the test at once")]
    pub async fn run(&self, job: &Job) {
        let options = PipelineOptions {
            engine_time_limit: Duration::from_mins(1),
            retry_delay: Duration::ZERO,
        };
        let jobs = &self.ports.jobs;
        let now = self.ports.clock.now();
        let progress = Listener::nobody();
        let reported = match run_job(&self.ports, &self.engines, job, &options, progress).await {
            JobStep::End(outcome) => jobs.finish(job.generation, job.lease, outcome, now).await,
            JobStep::Retry {
                delay,
                code,
                message,
            } => {
                jobs.retry(job.generation, job.lease, delay, code, &message, now)
                    .await
            }
        };
        assert_eq!(reported.expect("a report"), Reported::Accepted);
    }
}

/// What signs the results of all servers of a test binary.
#[expect(
    clippy::expect_used,
    reason = "a test that cannot start should say so at once"
)]
pub fn result_signer() -> Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    let make = || {
        let identity = Identity::self_made(FakeClock::new().now()).expect("an identity");
        Signer::new(&identity, "0.0.0-test").expect("a signer")
    };
    SIGNER.get_or_init(make).clone()
}

#[expect(
    clippy::expect_used,
    reason = "a test that cannot start should say so at once"
)]
async fn make_account(
    ports: &Ports,
    name: &str,
    credits: u32,
    (rate_limit, poll_limit): (u32, u32),
) -> (Account, String) {
    let key = ApiKey::from_random(ports.ids.secret());
    let now = ports.clock.now();
    let account = ports
        .accounts
        .create(NewAccount {
            id: AccountId::from_uuid(ports.ids.uuid()),
            name: name.to_owned(),
            credits,
            rate_limit,
            poll_limit,
            key: NewKey {
                id: KeyId::from_uuid(ports.ids.uuid()),
                hash: key.hash(),
                label: "test".to_owned(),
                now,
            },
            now,
        })
        .await
        .expect("an account");
    (account, key.expose().to_owned())
}

/// A JPEG file with a gradient, so that crops and orders of pixels can be told apart.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut picture = Picture::filled(width, height, [0, 0, 90]);
    for y in 0..height {
        for x in 0..width {
            let colour = [(x * 255 / width) as u8, (y * 255 / height) as u8, 90];
            picture.set_pixel(x, y, colour);
        }
    }
    encode_jpeg(&picture, 90, Subsampling::S444)
}

/// A PNG file with a logo of one colour: three bars on a transparent ground.
#[expect(clippy::expect_used, reason = "the length fits")]
pub fn logo_png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let is_bar = |x: u32| (x * 5 / width).is_multiple_of(2);
    let alpha = (0..width * height).map(|index| if is_bar(index % width) { 255 } else { 0 });
    let logo = Logo::of_shape(width, height, colour, alpha.collect());
    logo.expect("a logo").to_png().1
}
