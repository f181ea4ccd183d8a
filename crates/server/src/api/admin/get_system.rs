//! `GET /system`.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use drape_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::state::AppState;

/// How the server is doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SystemResponse {
    /// Version of the program.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    /// When this process began.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub started_at: Timestamp,
    /// Seconds since then.
    #[schema(example = 86_400)]
    pub uptime_seconds: u64,
    /// Whether database, picture store and default engine work.
    pub is_ready: bool,
    /// Those that do not, with a reason.
    pub problems: Vec<SystemProblem>,
    /// Generations that wait; null when the database does not say.
    #[schema(example = 3)]
    pub waiting_jobs: Option<u64>,
    /// Settings in force that explain how the server behaves, by `section.key`; nothing secret among them.
    #[schema(value_type = Object, example = json!({ "engine.default": "preview", "storage.max_waiting_jobs": 100_000 }))]
    pub settings: BTreeMap<String, Value>,
}

/// A part that does not work.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemProblem {
    /// `database`, `blobs` or `engine`.
    #[schema(example = "engine")]
    pub part: String,
    /// What is wrong; the cause is in the log.
    pub message: String,
}

/// Says how the server is doing, and with which settings.
#[utoipa::path(
    get,
    path = "/admin/v1/system",
    operation_id = "get_system",
    tag = "admin",
    responses((status = 200, body = SystemResponse, description = "The state of this process"))
)]
pub(crate) async fn get_system(State(state): State<AppState>) -> Json<SystemResponse> {
    let problems = state.readiness.problems(&state).await;
    let problems: Vec<_> = problems
        .into_iter()
        .map(|problem| SystemProblem {
            part: problem.path,
            message: problem.message,
        })
        .collect();
    let now = state.ports.clock.now();
    Json(SystemResponse {
        version: env!("CARGO_PKG_VERSION"),
        started_at: state.started_at,
        uptime_seconds: now.millis_since(state.started_at) / 1_000,
        is_ready: problems.is_empty(),
        problems,
        // A database that is away is among the problems already.
        waiting_jobs: state.ports.jobs.depth().await.ok(),
        settings: state.settings.shown.clone(),
    })
}
