//! `GET /healthz` and `GET /readyz`.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{Json, extract::State};
use drape_core::{Code, Detail, time::Timestamp};
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::state::AppState;

/// Codes of the readiness check.
pub(crate) const ERRORS: &[Code] = &[Code::ServiceUnavailable];

/// Longest wait for one part.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// Milliseconds that an answer is repeated: the route is open, and looking writes to the database.
const CHECK_AGE_MS: u64 = 1_000;

/// The server is alive.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthResponse {
    /// Always `ok`.
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// The server can work.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyResponse {
    /// Always `ready`.
    #[schema(example = "ready")]
    pub status: &'static str,
    /// The parts, all of them `ok`.
    pub checks: ReadyChecks,
}

/// The parts that a server needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyChecks {
    /// Reading from and writing to the database.
    #[schema(example = "ok")]
    pub database: &'static str,
    /// Reading from and writing to the picture store.
    #[schema(example = "ok")]
    pub blobs: &'static str,
    /// The default engine.
    #[schema(example = "ok")]
    pub engine: &'static str,
}

/// Says that the process is alive.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "check_health",
    tag = "operation",
    responses((status = 200, body = HealthResponse, description = "The process is alive")),
    security(())
)]
pub(crate) async fn check_health() -> Json<HealthResponse> {
    Json(HealthResponse { status: "ok" })
}

/// Says whether database, picture store and default engine work.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "check_readiness",
    tag = "operation",
    responses((status = 200, body = ReadyResponse, description = "All parts work")),
    security(())
)]
pub(crate) async fn check_readiness(
    State(state): State<AppState>,
) -> Result<Json<ReadyResponse>, ApiError> {
    let problems = state.readiness.problems(&state).await;
    if problems.is_empty() {
        let checks = ReadyChecks {
            database: "ok",
            blobs: "ok",
            engine: "ok",
        };
        return Ok(Json(ReadyResponse {
            status: "ready",
            checks,
        }));
    }
    let names: Vec<_> = problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    let message = format!("Not ready: {}.", names.join(", "));
    Err(ApiError::new(Code::ServiceUnavailable, message).with_details(problems))
}

/// The last look at the parts, kept for a moment.
pub(crate) struct Readiness {
    last: Mutex<Option<(Timestamp, Vec<Detail>)>>,
    /// One look at a time; the others wait for its answer.
    looking: Semaphore,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            last: Mutex::new(None),
            looking: Semaphore::new(1),
        }
    }
}

impl Readiness {
    /// What does not work; as seen within the last second.
    pub(crate) async fn problems(&self, state: &AppState) -> Vec<Detail> {
        // The semaphore is never closed; without its permit there would only be more looks at once.
        let _permit = self.looking.acquire().await;
        let now = state.ports.clock.now();
        if let Some(known) = self.known(now) {
            return known;
        }
        let problems = look(state).await;
        let last = Some((now, problems.clone()));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
        problems
    }

    fn known(&self, now: Timestamp) -> Option<Vec<Detail>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (looked_at, problems) = last.as_ref()?;
        let is_fresh = *looked_at <= now && now.millis_since(*looked_at) < CHECK_AGE_MS;
        is_fresh.then(|| problems.clone())
    }
}

async fn look(state: &AppState) -> Vec<Detail> {
    let ports = &state.ports;
    let engine = async {
        // One engine that works is enough where several stand behind the name.
        let mut problem = Err("the default engine does not exist".to_owned());
        for engine in state.engines.behind(state.engines.default_name()) {
            match engine.check().await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    tracing::warn!(
                        engine.name = engine.name(),
                        detail = error.detail,
                        "engine not ready"
                    );
                    problem = Err(error.message);
                }
            }
        }
        problem
    };
    let database = async {
        ports
            .database
            .ping()
            .await
            .map_err(|error| part_failed(&error))
    };
    let blobs = async {
        ports
            .blobs
            .ping()
            .await
            .map_err(|error| part_failed(&error))
    };
    let checks = tokio::join!(
        check("database", database),
        check("blobs", blobs),
        check("engine", engine),
    );
    [checks.0, checks.1, checks.2]
        .into_iter()
        .flatten()
        .collect()
}

/// The route is open: why a part fails stands in the log only.
fn part_failed(error: &drape_core::Error) -> String {
    tracing::warn!(error = error as &dyn std::error::Error, "part not ready");
    "does not answer as it should".to_owned()
}

async fn check(name: &str, part: impl Future<Output = Result<(), String>>) -> Option<Detail> {
    let message = match tokio::time::timeout(CHECK_TIMEOUT, part).await {
        Ok(Ok(())) => return None,
        Ok(Err(message)) => message,
        Err(_) => format!("does not answer within {} s", CHECK_TIMEOUT.as_secs()),
    };
    Some(Detail {
        path: name.to_owned(),
        message,
    })
}
