//! One attempt at sending a message.

use std::time::Duration;

use bytes::Bytes;

use super::{ClaimedDelivery, DeliveryAttempt, NextStep, retry_delay};
use crate::{
    Result,
    generation::Reported,
    ports::{Ports, PostRequest},
    time::Timestamp,
};

/// Time that an endpoint gets for its answer.
pub const POST_TIMEOUT: Duration = Duration::from_secs(15);
/// Lease of a message on its way: an attempt is over long before.
pub const LEASE: Duration = Duration::from_mins(1);

/// An answer that says: never again.
const GONE: u16 = 410;

/// Sends a message once and notes what came of it; a message that could not be made counts as an attempt, too.
///
/// At least once is the promise: when the process dies between the answer and the note, the message goes out again.
/// Errors are those of the database; the endpoint's faults are part of the note.
pub async fn deliver(
    ports: &Ports,
    claimed: &ClaimedDelivery,
    body: Option<Bytes>,
) -> Result<NextStep> {
    let delivery = &claimed.delivery;
    let started = ports.clock.now();
    let (status, error) = match body {
        Some(body) => post(ports, claimed, body, started).await,
        None => (None, Some("the message could not be made".to_owned())),
    };
    let ended = ports.clock.now();
    let next = match (status, &error) {
        (_, None) => NextStep::Delivered,
        (Some(GONE), _) => NextStep::SwitchOff,
        _ => match retry_delay(delivery.id, claimed.try_number) {
            Some(delay) => NextStep::RetryAt(ended.plus(delay)),
            None => NextStep::GiveUp,
        },
    };
    log(claimed, status, error.as_deref(), next);
    let attempt = DeliveryAttempt {
        number: delivery.attempts,
        status,
        error,
        duration_ms: ended.millis_since(started),
        at: started,
    };
    let reported = ports
        .webhooks
        .report_delivery(delivery.id, claimed.claim, attempt, next)
        .await?;
    if reported == Reported::LeaseLost {
        tracing::info!(delivery.id = %delivery.id, "a webhook was sent after its lease was lost; it may arrive twice");
    }
    Ok(next)
}

/// The status of the answer, if there was one, and what went wrong, if anything did.
async fn post(
    ports: &Ports,
    claimed: &ClaimedDelivery,
    body: Bytes,
    now: Timestamp,
) -> (Option<u16>, Option<String>) {
    let request = PostRequest {
        url: claimed.url.clone(),
        headers: headers(claimed, now, &body),
        body,
        timeout: POST_TIMEOUT,
    };
    match ports.post.post(request).await {
        Ok(status @ 200..=299) => (Some(status), None),
        Ok(status) => (Some(status), Some(format!("the server answered {status}"))),
        Err(error) => (None, Some(error.reason)),
    }
}

/// The headers of Standard Webhooks: the id stays, the time is that of the attempt.
fn headers(claimed: &ClaimedDelivery, now: Timestamp, body: &[u8]) -> Vec<(&'static str, String)> {
    let id = claimed.delivery.id.to_string();
    let seconds = now.as_seconds();
    let is_rotating = claimed.old_secrets_until.is_some_and(|until| now < until);
    let signatures: Vec<_> = claimed
        .secrets
        .iter()
        .enumerate()
        .filter(|(place, _)| *place == 0 || is_rotating)
        .map(|(_, secret)| secret.sign(&id, seconds, body))
        .collect();
    vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

fn log(claimed: &ClaimedDelivery, status: Option<u16>, error: Option<&str>, next: NextStep) {
    let (id, endpoint) = (claimed.delivery.id, claimed.delivery.endpoint);
    let attempt = claimed.delivery.attempts;
    let event = claimed.delivery.occurrence.event().as_str();
    match next {
        NextStep::Delivered => {
            tracing::debug!(delivery.id = %id, endpoint.id = %endpoint, event, attempt, "webhook delivered");
        }
        NextStep::RetryAt(at) => {
            tracing::info!(
                delivery.id = %id, endpoint.id = %endpoint, event, attempt, http.status = status, reason = error,
                next_attempt_at = %at, "webhook not delivered yet"
            );
        }
        NextStep::GiveUp => {
            tracing::warn!(
                delivery.id = %id, endpoint.id = %endpoint, event, attempt, http.status = status, reason = error,
                "webhook given up"
            );
        }
        NextStep::SwitchOff => {
            tracing::warn!(
                delivery.id = %id, endpoint.id = %endpoint, event, attempt,
                "the webhook's server answered 410: it is switched off"
            );
        }
    }
}
