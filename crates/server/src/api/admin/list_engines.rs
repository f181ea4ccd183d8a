//! `GET /engines`.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use drape_core::engine::{Category, Engine};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// Longest wait for one engine's word on itself.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// The engines of this server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnginesResponse {
    /// One entry per engine.
    pub items: Vec<EngineItem>,
}

/// An engine and how it is doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EngineItem {
    /// Name in requests, settings and answers.
    #[schema(example = "preview")]
    pub name: &'static str,
    /// True for the engine of accounts and requests that name none.
    pub is_default: bool,
    /// Kinds of products that it accepts.
    #[schema(example = json!(["top", "bottom", "dress"]))]
    pub categories: Vec<&'static str>,
    /// Whether it could work right now.
    pub is_ready: bool,
    /// What is missing when it is not ready, else null.
    pub problem: Option<String>,
}

/// Lists the engines and asks each whether it is ready.
#[utoipa::path(
    get,
    path = "/admin/v1/engines",
    operation_id = "list_engines",
    tag = "admin",
    responses((status = 200, body = EnginesResponse, description = "All engines"))
)]
pub(crate) async fn list_engines(State(state): State<AppState>) -> Json<EnginesResponse> {
    let default = state.engines.default_name();
    let asked = state.engines.iter().map(|engine| describe(engine, default));
    Json(EnginesResponse {
        items: futures::future::join_all(asked).await,
    })
}

async fn describe(engine: &Arc<dyn Engine>, default: &str) -> EngineItem {
    let problem = match tokio::time::timeout(CHECK_TIMEOUT, engine.check()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.message),
        Err(_) => Some(format!(
            "does not answer within {} s",
            CHECK_TIMEOUT.as_secs()
        )),
    };
    let categories = engine.capabilities().categories;
    EngineItem {
        name: engine.name(),
        is_default: engine.name() == default,
        categories: categories.into_iter().map(Category::as_str).collect(),
        is_ready: problem.is_none(),
        problem,
    }
}
