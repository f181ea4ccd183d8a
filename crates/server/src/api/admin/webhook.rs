//! Webhooks as the admin API shows them (never their secrets), and the ones that a path names.

use drape_core::{
    Code,
    account::Account,
    ids::DeliveryId,
    ports::Post,
    time::Timestamp,
    webhook::{
        self, Delivery, DeliveryAttempt, Endpoint, Event, Occurrence, check_url, parse_events,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::account::account_in_path;
use crate::{
    api::{
        body::fields::{Field, Object, Problems},
        error::ApiError,
        path::PathIds,
    },
    state::AppState,
};

/// A webhook, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookItem {
    /// Id of the webhook.
    #[schema(example = "whe_0198c0de000070008000000000000004")]
    pub webhook_id: String,
    /// Where messages go.
    #[schema(example = "https://shop.example/hooks/drape")]
    pub url: String,
    /// Events that it wants.
    #[schema(example = json!(["generation.completed", "generation.failed", "credits.low"]))]
    pub events: Vec<&'static str>,
    /// False once switched off, by hand or because its server answered 410.
    pub is_active: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub created_at: Timestamp,
}

impl From<Endpoint> for WebhookItem {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            webhook_id: endpoint.id.to_string(),
            url: endpoint.url,
            events: endpoint.events.into_iter().map(Event::as_str).collect(),
            is_active: endpoint.is_active,
            created_at: endpoint.created_at,
        }
    }
}

/// A webhook with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookSecretResponse {
    /// The webhook.
    pub webhook: WebhookItem,
    /// What checks the signatures of its messages; shown this once.
    #[schema(example = "whsec_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfg=")]
    pub secret: String,
}

/// A message to a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookDeliveryItem {
    /// Id of the message: the `webhook-id` of every attempt.
    #[schema(example = "msg_0198c0de000070008000000000000005")]
    pub delivery_id: String,
    /// Where it goes.
    #[schema(example = "whe_0198c0de000070008000000000000004")]
    pub webhook_id: String,
    /// What happened.
    #[schema(example = "generation.completed")]
    pub event: &'static str,
    /// The generation that it is about; null for other events.
    #[schema(example = "gen_0198c0de00007000800000000000002a")]
    pub generation_id: Option<String>,
    /// Credits that were left; null for other events than `credits.low`.
    pub credit_balance: Option<i64>,
    /// `pending`, `sending`, `delivered` or `failed` (given up).
    #[schema(example = "delivered")]
    pub state: &'static str,
    /// Attempts so far, those of replays too.
    #[schema(example = 1)]
    pub attempts: u32,
    /// When the next attempt is due; null unless it is `pending`.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:02.500Z")]
    pub created_at: Timestamp,
    /// When it was taken or given up; null before.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-03-01T09:00:02.700Z")]
    pub ended_at: Option<Timestamp>,
}

impl From<Delivery> for WebhookDeliveryItem {
    fn from(delivery: Delivery) -> Self {
        let credit_balance = match delivery.occurrence {
            Occurrence::CreditsLow { balance, .. } => Some(balance),
            _ => None,
        };
        let generation = delivery.occurrence.generation();
        Self {
            delivery_id: delivery.id.to_string(),
            webhook_id: delivery.endpoint.to_string(),
            event: delivery.occurrence.event().as_str(),
            generation_id: generation.map(|id| id.to_string()),
            credit_balance,
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at,
            created_at: delivery.created_at,
            ended_at: delivery.ended_at,
        }
    }
}

/// One attempt at sending a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookAttemptItem {
    /// Number of the attempt, from 1; one that a crash cut off is missing.
    #[schema(example = 1)]
    pub number: u32,
    /// HTTP status of the answer; null when there was none.
    #[schema(example = 204)]
    pub status: Option<u16>,
    /// What went wrong; null when the message was taken.
    pub error: Option<String>,
    /// Milliseconds that it took.
    #[schema(example = 87)]
    pub duration_ms: u64,
    /// When it began.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:02.600Z")]
    pub at: Timestamp,
}

impl From<DeliveryAttempt> for WebhookAttemptItem {
    fn from(attempt: DeliveryAttempt) -> Self {
        Self {
            number: attempt.number,
            status: attempt.status,
            error: attempt.error,
            duration_ms: attempt.duration_ms,
            at: attempt.at,
        }
    }
}

/// Finds the webhook that the path names, with its account. Errors: `ACCOUNT_NOT_FOUND`, `WEBHOOK_NOT_FOUND`.
pub(crate) async fn webhook_in_path(
    state: &AppState,
    ids: &PathIds,
) -> Result<(Account, Endpoint), ApiError> {
    let account = account_in_path(state, ids).await?;
    let id = ids
        .parse("webhookId")
        .ok_or_else(|| ApiError::new(Code::WebhookNotFound, "The account has no such webhook."))?;
    let webhooks = state.ports.webhooks.as_ref();
    let endpoint = webhook::find(webhooks, account.id, id).await?;
    Ok((account, endpoint))
}

/// Finds the message that the path names, to the webhook that it names. Errors: as [`webhook_in_path`].
pub(crate) async fn delivery_in_path(
    state: &AppState,
    ids: &PathIds,
) -> Result<(Delivery, Vec<DeliveryAttempt>), ApiError> {
    let (account, endpoint) = webhook_in_path(state, ids).await?;
    let not_found = || {
        ApiError::new(
            Code::WebhookNotFound,
            "No such message was sent to this webhook.",
        )
    };
    let id: DeliveryId = ids.parse("deliveryId").ok_or_else(not_found)?;
    let webhooks = state.ports.webhooks.as_ref();
    let found = webhook::find_delivery(webhooks, account.id, id).await?;
    if found.0.endpoint != endpoint.id {
        return Err(not_found());
    }
    Ok(found)
}

/// Reads the address of a webhook, and asks the guard what it thinks of it.
pub(super) fn read_url(
    body: &Object<'_>,
    post: &dyn Post,
    problems: &mut Problems,
) -> Option<String> {
    let url = body.field("url")?.any_text(problems)?;
    if let Err(error) = check_url(post, url) {
        problems.add_missing(error.details().to_vec());
    }
    Some(url.to_owned())
}

/// Reads the events of a webhook.
pub(super) fn read_events(field: Field<'_>, problems: &mut Problems) -> Option<Vec<Event>> {
    let entries = field.list(problems)?;
    let names: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry.any_text(problems))
        .collect();
    if names.len() < entries.len() {
        return None;
    }
    match parse_events(&names) {
        Ok(events) => Some(events),
        Err(error) => {
            problems.add_missing(error.details().to_vec());
            None
        }
    }
}
