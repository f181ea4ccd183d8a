//! Claim, heart-beat, report, shutdown.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use drape_core::{
    Error, Result,
    engine::{Engines, Listener},
    generation::{Job, JobOutcome, JobProgress, LeaseState, Reported},
    ids::AttemptId,
    pipeline::{JobStep, PipelineOptions, discard_result, run_job},
    ports::Ports,
};
use futures::FutureExt as _;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::metrics::{JobEnd, Metrics};

/// Longest sleep between two looks at the queue; other processes may have put something there.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Wait after the queue could not be reached.
const FAULT_PAUSE: Duration = Duration::from_secs(1);
/// Tries to report an outcome before the lease is left to run out.
const REPORT_TRIES: u32 = 5;

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Name in the attempts' rows.
    pub name: String,
    /// Jobs at once.
    pub concurrency: usize,
    /// Length of a lease; it is extended every third of it.
    pub lease: Duration,
    /// Attempts at one job; the queue ends a job after the last one.
    pub max_attempts: u32,
    /// How long the parts of a job may take.
    pub pipeline: PipelineOptions,
    /// Time that running jobs get to end at shutdown.
    pub shutdown_grace: Duration,
}

/// Runs jobs until told to stop.
#[derive(Clone)]
pub struct Worker {
    ports: Ports,
    engines: Engines,
    options: WorkerOptions,
    metrics: Metrics,
    running: Arc<Running>,
    /// Told to stop: claim nothing more.
    stop: CancellationToken,
    /// Grace is over: give running jobs back.
    abandon: CancellationToken,
}

impl Worker {
    /// Makes a worker that stops claiming when `stop` is cancelled.
    pub fn new(
        ports: Ports,
        engines: Engines,
        options: WorkerOptions,
        stop: CancellationToken,
    ) -> Self {
        Self {
            ports,
            engines,
            options,
            metrics: Metrics::off(),
            running: Arc::default(),
            stop,
            abandon: CancellationToken::new(),
        }
    }

    /// Measures the jobs.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Claims and runs jobs until stopped; then lets the running ones end within the grace, and gives back the rest.
    pub async fn run(self) {
        let places = Arc::new(Semaphore::new(self.options.concurrency.max(1)));
        let jobs = TaskTracker::new();
        while !self.stop.is_cancelled() {
            let place = tokio::select! {
                () = self.stop.cancelled() => break,
                place = Arc::clone(&places).acquire_owned() => place,
            };
            let Ok(place) = place else { break };
            let busy = self.running.busy(&self.engines);
            match self.claim(&busy).await {
                Ok(Some(job)) => {
                    let worker = self.clone();
                    let running = Running::begin(&self.running, &job.engine);
                    jobs.spawn(async move {
                        worker.work_on(job).await;
                        drop(running);
                        drop(place);
                    });
                }
                Ok(None) => {
                    drop(place);
                    tokio::select! {
                        () = self.stop.cancelled() => {}
                        () = self.running.ended.notified(), if !busy.is_empty() => {}
                        () = self.ports.jobs.wait_for_work(POLL_INTERVAL, &busy) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the queue cannot be reached"
                    );
                    drop(place);
                    tokio::time::sleep(FAULT_PAUSE).await;
                }
            }
        }
        jobs.close();
        if tokio::time::timeout(self.options.shutdown_grace, jobs.wait())
            .await
            .is_err()
        {
            self.abandon.cancel();
            jobs.wait().await;
        }
    }

    async fn claim(&self, except: &[String]) -> Result<Option<Job>> {
        let attempt = AttemptId::from_uuid(self.ports.ids.uuid());
        self.ports
            .jobs
            .claim(
                &self.options.name,
                attempt,
                self.options.lease,
                except,
                self.ports.clock.now(),
            )
            .await
    }

    /// Works on a job and leaves one line about it in the log, as docs/LOGGING.md promises.
    async fn work_on(&self, job: Job) {
        let begun = Instant::now();
        let waited = self.waited(&job);
        let running = self.metrics.job_begins(waited);
        let end = self.attempt(&job).await;
        let took = begun.elapsed();
        drop(running);
        let known = self.engines.names();
        let engine = known.into_iter().find(|name| *name == job.engine);
        let engine = engine.unwrap_or("unknown");
        self.metrics.job_ended(engine, end, took);
        tracing::info!(
            generation.id = %job.generation,
            account.id = %job.account,
            engine.name = engine,
            job.outcome = end.as_str(),
            error.code = end.code().map(drape_core::Code::as_str),
            job.attempt = job.attempt,
            wait_ms = waited.map(|waited| waited.as_millis() as u64),
            duration_ms = took.as_millis() as u64,
            "job"
        );
    }

    /// Time from the acceptance to the first claim; none for further attempts.
    fn waited(&self, job: &Job) -> Option<Duration> {
        if job.attempt > 1 {
            return None;
        }
        let accepted_ms = self
            .ports
            .clock
            .now()
            .millis_since(job.generation.made_at());
        Some(Duration::from_millis(accepted_ms))
    }

    async fn attempt(&self, job: &Job) -> JobEnd {
        let (told, hears) = watch::channel(None);
        let progress = Listener::new(move |progress| {
            told.send_replace(Some(progress));
        });
        let work = std::panic::AssertUnwindSafe(run_job(
            &self.ports,
            &self.engines,
            job,
            &self.options.pipeline,
            progress,
        ));
        let step = tokio::select! {
            step = work.catch_unwind() => step.unwrap_or_else(|_| self.after_panic(job)),
            () = self.until_lost(job) => return JobEnd::Lost,
            () = self.note_progress(job, hears) => return JobEnd::Lost,
            () = self.abandon.cancelled() => return self.give_back(job).await,
        };
        self.report(job, step).await
    }

    /// A panic fails one attempt, never the process.
    fn after_panic(&self, job: &Job) -> JobStep {
        tracing::error!(generation.id = %job.generation, engine.name = %job.engine, "a job panicked");
        JobStep::Retry {
            delay: self.options.pipeline.retry_delay,
            code: drape_core::Code::EngineFailed,
            message: "The engine failed unexpectedly.".to_owned(),
        }
    }

    /// Extends the lease for as long as it is held; a cancellation in this process is heard at once.
    async fn until_lost(&self, job: &Job) {
        let beat = self.options.lease / 3;
        let mut watch = self.ports.generations.watch(job.generation);
        loop {
            tokio::select! {
                () = tokio::time::sleep(beat) => {}
                () = watch.changed() => {}
            }
            match self
                .ports
                .jobs
                .heartbeat(job.generation, job.lease, self.options.lease)
                .await
            {
                Ok(LeaseState::Held) => {}
                Ok(LeaseState::Lost) => return,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a lease could not be extended"
                    );
                }
            }
        }
    }

    /// Writes down how far the job is, the latest news only; returns when the lease turns out to be lost.
    async fn note_progress(&self, job: &Job, mut hears: watch::Receiver<Option<JobProgress>>) {
        while hears.changed().await.is_ok() {
            let news = hears.borrow_and_update().clone();
            let Some(progress) = news else { continue };
            let jobs = &self.ports.jobs;
            match jobs
                .note_progress(job.generation, job.lease, progress)
                .await
            {
                Ok(Reported::Accepted) => {}
                Ok(Reported::LeaseLost) => return,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the progress of a job could not be noted"
                    );
                }
            }
        }
        // Nobody tells any more: the work is about to end.
        std::future::pending::<()>().await;
    }

    async fn give_back(&self, job: &Job) -> JobEnd {
        match self.ports.jobs.put_back(job.generation, job.lease).await {
            Ok(Reported::Accepted) => JobEnd::PutBack,
            Ok(Reported::LeaseLost) => JobEnd::Lost,
            Err(error) => {
                log_unreported(job, &error);
                JobEnd::Unreported
            }
        }
    }

    async fn report(&self, job: &Job, step: JobStep) -> JobEnd {
        match step {
            JobStep::End(outcome) => self.report_end(job, outcome).await,
            JobStep::Retry {
                delay,
                code,
                message,
            } => {
                let now = self.ports.clock.now();
                let told = self
                    .ports
                    .jobs
                    .retry(job.generation, job.lease, delay, code, &message, now)
                    .await;
                match told {
                    Ok(Reported::Accepted) if job.attempt >= self.options.max_attempts => {
                        JobEnd::Failed(code)
                    }
                    Ok(Reported::Accepted) => JobEnd::Retried(code),
                    Ok(Reported::LeaseLost) => JobEnd::Lost,
                    Err(error) => {
                        log_unreported(job, &error);
                        JobEnd::Unreported
                    }
                }
            }
        }
    }

    async fn report_end(&self, job: &Job, outcome: JobOutcome) -> JobEnd {
        let mut pause = Duration::from_millis(100);
        for _ in 0..REPORT_TRIES {
            let now = self.ports.clock.now();
            match self
                .ports
                .jobs
                .finish(job.generation, job.lease, outcome.clone(), now)
                .await
            {
                Ok(Reported::Accepted) => {
                    return match outcome {
                        JobOutcome::Completed { .. } => JobEnd::Completed,
                        JobOutcome::Failed { code, .. } => JobEnd::Failed(code),
                    };
                }
                Ok(Reported::LeaseLost) => {
                    discard_result(&self.ports, &outcome).await;
                    return JobEnd::Lost;
                }
                Err(error) => log_unreported(job, &error),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        // Nobody knows whether the last report arrived: the file stays, and the orphan sweep decides by the rows.
        JobEnd::Unreported
    }
}

/// The jobs that this worker has in hand, counted by the engine that they name.
#[derive(Default)]
struct Running {
    by_engine: Mutex<HashMap<String, usize>>,
    /// Told when one has ended.
    ended: Notify,
}

impl Running {
    /// Engines that make as many pictures as they can at once.
    fn busy(&self, engines: &Engines) -> Vec<String> {
        let by_engine = self
            .by_engine
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_full = |name: &str, running: usize| {
            let max = engines.find(name)?.capabilities().max_at_once?;
            (running >= max).then_some(())
        };
        by_engine
            .iter()
            .filter(|(name, running)| is_full(name, **running).is_some())
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Counts a job until the guard is dropped.
    fn begin(running: &Arc<Self>, engine: &str) -> RunningJob {
        let mut by_engine = running
            .by_engine
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *by_engine.entry(engine.to_owned()).or_default() += 1;
        RunningJob {
            running: Arc::clone(running),
            engine: engine.to_owned(),
        }
    }
}

/// One counted job.
struct RunningJob {
    running: Arc<Running>,
    engine: String,
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        let mut by_engine = self
            .running
            .by_engine
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = by_engine.get_mut(&self.engine) {
            *running -= 1;
            if *running == 0 {
                by_engine.remove(&self.engine);
            }
        }
        self.running.ended.notify_one();
    }
}

fn log_unreported(job: &Job, error: &Error) {
    tracing::warn!(
        generation.id = %job.generation, error = error as &dyn std::error::Error,
        "the outcome of a job could not be reported"
    );
}
