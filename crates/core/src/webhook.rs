//! Webhooks: what a shop's own server is told, and how often it is tried.
//!
//! Messages follow Standard Webhooks (<https://github.com/standard-webhooks/standard-webhooks>): a signature over id, time and body in three
//! headers, the same id at every attempt.

mod deliver;
mod secret;

pub use deliver::{LEASE, POST_TIMEOUT, deliver};
pub use secret::WebhookSecret;

use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    Code, Detail, Error, Result,
    ids::{AccountId, AttemptId, DeliveryId, EndpointId, GenerationId},
    ports::{Post, Webhooks},
    time::Timestamp,
};

/// Endpoints that one account may have.
pub const MAX_ENDPOINTS: usize = 10;
/// Messages on their way to one endpoint at one time.
pub const MAX_AT_ONCE: u32 = 2;
/// Longest URL of an endpoint, in bytes.
pub const MAX_URL_BYTES: usize = 2_048;
/// Hours that the old secret signs beside a new one.
pub const OLD_SECRET_HOURS: u64 = 24;

/// Waits before the second and every further attempt of a round, about a day in all.
pub const RETRY_DELAYS: [Duration; 10] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
    Duration::from_hours(2),
    Duration::from_hours(4),
    Duration::from_hours(8),
    Duration::from_hours(8),
];

/// What an endpoint can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A generation has its picture.
    GenerationCompleted,
    /// A generation failed; its credit came back.
    GenerationFailed,
    /// The balance fell to the account's threshold.
    CreditsLow,
    /// Somebody tries the endpoint out. Sent whether the endpoint wants it or not.
    Test,
}

impl Event {
    /// Events that an endpoint can ask for.
    pub const ALL: [Self; 3] = [
        Self::GenerationCompleted,
        Self::GenerationFailed,
        Self::CreditsLow,
    ];

    /// Wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GenerationCompleted => "generation.completed",
            Self::GenerationFailed => "generation.failed",
            Self::CreditsLow => "credits.low",
            Self::Test => "webhook.test",
        }
    }

    /// Finds the event with this wire name among those that can be asked for.
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }
}

/// Something that happened, with what the message needs to tell about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// A generation has its picture.
    GenerationCompleted(GenerationId),
    /// A generation failed.
    GenerationFailed(GenerationId),
    /// The balance fell to the account's threshold, or below it.
    CreditsLow {
        /// Credits that were left.
        balance: i64,
        /// The account's threshold at that moment.
        threshold: i64,
    },
    /// Somebody tries the endpoint out.
    Test,
}

impl Occurrence {
    /// The event that it is one of.
    pub fn event(self) -> Event {
        match self {
            Self::GenerationCompleted(_) => Event::GenerationCompleted,
            Self::GenerationFailed(_) => Event::GenerationFailed,
            Self::CreditsLow { .. } => Event::CreditsLow,
            Self::Test => Event::Test,
        }
    }

    /// The generation that it is about.
    pub fn generation(self) -> Option<GenerationId> {
        match self {
            Self::GenerationCompleted(id) | Self::GenerationFailed(id) => Some(id),
            Self::CreditsLow { .. } | Self::Test => None,
        }
    }
}

/// A shop's address for messages, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Id of the endpoint.
    pub id: EndpointId,
    /// Owner.
    pub account: AccountId,
    /// Where messages go.
    pub url: String,
    /// Events that it wants, in the order of [`Event::ALL`].
    pub events: Vec<Event>,
    /// False once switched off, by hand or by the answer 410.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// New settings of an endpoint; what is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointChange {
    /// Where messages go.
    pub url: Option<String>,
    /// Events that it wants.
    pub events: Option<Vec<Event>>,
    /// Whether it gets messages.
    pub is_active: Option<bool>,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waits for its next attempt.
    Pending,
    /// Is on its way.
    Sending,
    /// The endpoint took it.
    Delivered,
    /// Given up.
    Failed,
}

impl DeliveryState {
    /// Stored and wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Finds the state with this name.
    pub fn from_wire(name: &str) -> Option<Self> {
        [Self::Pending, Self::Sending, Self::Delivered, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// One message to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Id of the message, the same at every attempt.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// Owner of the endpoint.
    pub account: AccountId,
    /// What it tells.
    pub occurrence: Occurrence,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts so far, replays included.
    pub attempts: u32,
    /// When the next attempt is due; only while it waits.
    pub next_attempt_at: Option<Timestamp>,
    /// When it happened.
    pub created_at: Timestamp,
    /// When it was taken or given up.
    pub ended_at: Option<Timestamp>,
}

/// One attempt at sending a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// Number of the attempt, from 1.
    pub number: u32,
    /// HTTP status of the answer; none when there was none.
    pub status: Option<u16>,
    /// What went wrong, in words without addresses; none when the endpoint took it.
    pub error: Option<String>,
    /// Milliseconds that it took.
    pub duration_ms: u64,
    /// When it began.
    pub at: Timestamp,
}

/// A message in the hands of a sender.
#[derive(Debug, Clone)]
pub struct ClaimedDelivery {
    /// The message; its `attempts` count this one.
    pub delivery: Delivery,
    /// The lease: a report with another one changes nothing.
    pub claim: AttemptId,
    /// Number of this attempt since the message was last put up, from 1.
    pub try_number: u32,
    /// Where it goes.
    pub url: String,
    /// The secrets that sign it, the newest first.
    pub secrets: Vec<WebhookSecret>,
    /// Until when all but the first of them sign.
    pub old_secrets_until: Option<Timestamp>,
}

/// What becomes of a message after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// The endpoint took it.
    Delivered,
    /// Another attempt at this moment.
    RetryAt(Timestamp),
    /// Given up.
    GiveUp,
    /// Given up, and the endpoint is switched off: it said that it is gone for good.
    SwitchOff,
}

/// The wait after a failed attempt, counted from 1; none after the last one.
///
/// The schedule of [`RETRY_DELAYS`], each wait lengthened by up to a tenth, so that messages that failed together do not
/// come back together. The lengthening is a hash of the message's id: a test can foresee it.
pub fn retry_delay(delivery: DeliveryId, try_number: u32) -> Option<Duration> {
    let place = usize::try_from(try_number).ok()?.checked_sub(1)?;
    let delay = *RETRY_DELAYS.get(place)?;
    let digest = Sha256::new()
        .chain_update(delivery.as_uuid().as_bytes())
        .chain_update(try_number.to_be_bytes())
        .finalize();
    Some(delay + delay / 10 * u32::from(digest[0]) / 255)
}

/// Reads the names of events; at least one. Errors name the place, such as `events.1`.
pub fn parse_events<S: AsRef<str>>(names: &[S]) -> Result<Vec<Event>> {
    let known: Vec<_> = Event::ALL
        .iter()
        .map(|event| format!("'{}'", event.as_str()))
        .collect();
    let mut wanted = Vec::new();
    let mut details = Vec::new();
    for (place, name) in names.iter().enumerate() {
        match Event::from_wire(name.as_ref()) {
            Some(event) => wanted.push(event),
            None => details.push(Detail {
                path: format!("events.{place}"),
                message: format!("Invalid enum value. Expected {}", known.join(" | ")),
            }),
        }
    }
    if !details.is_empty() {
        return Err(Error::validation(details));
    }
    if wanted.is_empty() {
        return Err(Error::invalid_field(
            "events",
            "Expected at least one event",
        ));
    }
    Ok(Event::ALL
        .into_iter()
        .filter(|event| wanted.contains(event))
        .collect())
}

/// Checks the URL of an endpoint: its length, and what the guard says to its text.
pub fn check_url(post: &dyn Post, url: &str) -> Result<()> {
    if url.len() > MAX_URL_BYTES {
        let message = format!("Expected at most {MAX_URL_BYTES} bytes");
        return Err(Error::invalid_field("url", message));
    }
    post.check(url).map_err(|error| {
        Error::invalid_field("url", format!("Not a usable address: {}", error.reason))
    })
}

/// Registers an endpoint, checked, and returns it.
pub async fn register(
    webhooks: &dyn Webhooks,
    post: &dyn Post,
    endpoint: Endpoint,
    secret: WebhookSecret,
) -> Result<Endpoint> {
    check_url(post, &endpoint.url)?;
    webhooks.create_endpoint(endpoint.clone(), secret).await?;
    Ok(endpoint)
}

/// Finds an endpoint of this account; any other one is `WEBHOOK_NOT_FOUND`.
pub async fn find(
    webhooks: &dyn Webhooks,
    account: AccountId,
    endpoint: EndpointId,
) -> Result<Endpoint> {
    let found = webhooks.find_endpoint(endpoint).await?;
    found
        .filter(|endpoint| endpoint.account == account)
        .ok_or_else(|| unknown_endpoint(endpoint))
}

/// Changes an endpoint of this account, checked.
pub async fn change(
    webhooks: &dyn Webhooks,
    post: &dyn Post,
    account: AccountId,
    endpoint: EndpointId,
    change: EndpointChange,
) -> Result<Endpoint> {
    find(webhooks, account, endpoint).await?;
    if let Some(url) = &change.url {
        check_url(post, url)?;
    }
    let changed = webhooks.update_endpoint(endpoint, change).await?;
    changed.ok_or_else(|| unknown_endpoint(endpoint))
}

/// Gives an endpoint of this account a new secret; the old one signs beside it for [`OLD_SECRET_HOURS`].
pub async fn rotate(
    webhooks: &dyn Webhooks,
    account: AccountId,
    endpoint: EndpointId,
    secret: WebhookSecret,
    now: Timestamp,
) -> Result<()> {
    find(webhooks, account, endpoint).await?;
    let old_until = now.plus(Duration::from_hours(OLD_SECRET_HOURS));
    if webhooks.rotate_secret(endpoint, secret, old_until).await? {
        return Ok(());
    }
    Err(unknown_endpoint(endpoint))
}

/// Deletes an endpoint of this account with its log.
pub async fn remove(
    webhooks: &dyn Webhooks,
    account: AccountId,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<()> {
    find(webhooks, account, endpoint).await?;
    if webhooks.delete_endpoint(endpoint, now).await? {
        return Ok(());
    }
    Err(unknown_endpoint(endpoint))
}

/// Finds a message to an endpoint of this account, with its attempts.
pub async fn find_delivery(
    webhooks: &dyn Webhooks,
    account: AccountId,
    delivery: DeliveryId,
) -> Result<(Delivery, Vec<DeliveryAttempt>)> {
    let found = webhooks.find_delivery(delivery).await?;
    found
        .filter(|(found, _)| found.account == account)
        .ok_or_else(|| unknown_delivery(delivery))
}

/// Makes a message of this account due again.
///
/// Errors: `WEBHOOK_NOT_FOUND`; a validation error on `isActive` when its endpoint is switched off.
pub async fn replay(
    webhooks: &dyn Webhooks,
    account: AccountId,
    delivery: DeliveryId,
    now: Timestamp,
) -> Result<Delivery> {
    let (found, _) = find_delivery(webhooks, account, delivery).await?;
    let endpoint = find(webhooks, account, found.endpoint).await?;
    refuse_inactive(&endpoint)?;
    let replayed = webhooks.replay(delivery, now).await?;
    replayed.ok_or_else(|| unknown_delivery(delivery))
}

/// Queues a message of the event `webhook.test` to an endpoint of this account. Errors as [`replay`].
pub async fn send_test(
    webhooks: &dyn Webhooks,
    account: AccountId,
    endpoint: EndpointId,
    delivery: DeliveryId,
    now: Timestamp,
) -> Result<Delivery> {
    refuse_inactive(&find(webhooks, account, endpoint).await?)?;
    let queued = webhooks.send_test(endpoint, delivery, now).await?;
    queued.ok_or_else(|| unknown_endpoint(endpoint))
}

fn refuse_inactive(endpoint: &Endpoint) -> Result<()> {
    if endpoint.is_active {
        return Ok(());
    }
    Err(Error::invalid_field(
        "isActive",
        "The webhook is switched off. Switch it on first",
    ))
}

fn unknown_endpoint(endpoint: EndpointId) -> Error {
    Error::new(
        Code::WebhookNotFound,
        format!("The account has no webhook \"{endpoint}\"."),
    )
}

fn unknown_delivery(delivery: DeliveryId) -> Error {
    Error::new(
        Code::WebhookNotFound,
        format!("The account has no webhook delivery \"{delivery}\"."),
    )
}

/// The body of a message.
#[derive(Debug, Serialize)]
pub struct Payload<T> {
    /// Name of the event.
    #[serde(rename = "type")]
    pub event: &'static str,
    /// When it happened, the same at every attempt.
    pub timestamp: Timestamp,
    /// What it is about.
    pub data: T,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> DeliveryId {
        DeliveryId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn a_round_takes_about_a_day() {
        let total: Duration = RETRY_DELAYS.iter().sum();
        assert!(total > Duration::from_hours(23) && total < Duration::from_hours(25));
        assert!(RETRY_DELAYS.is_sorted());
        assert_eq!(retry_delay(id(1), 0), None);
        assert_eq!(retry_delay(id(1), 11), None);
    }

    #[test]
    fn waits_differ_by_a_tenth_at_most() {
        let mut seen = std::collections::HashSet::new();
        for number in 0..100 {
            for (place, delay) in RETRY_DELAYS.into_iter().enumerate() {
                let wait = retry_delay(id(number), place as u32 + 1).unwrap();
                assert!(wait >= delay && wait <= delay + delay / 10, "{wait:?}");
                seen.insert(wait);
            }
        }
        assert!(seen.len() > 500, "{}", seen.len());
    }

    #[test]
    fn events_are_read_once_each_and_in_order() {
        let wanted = parse_events(&["credits.low", "generation.completed", "credits.low"]);
        assert_eq!(
            wanted.unwrap(),
            [Event::GenerationCompleted, Event::CreditsLow]
        );
        assert!(parse_events::<&str>(&[]).is_err());
        let error = parse_events(&["generation.failed", "webhook.test", "x"]).unwrap_err();
        let paths: Vec<_> = error.details().iter().map(|d| d.path.as_str()).collect();
        assert_eq!(paths, ["events.1", "events.2"]);
    }

    #[test]
    fn names_parse_back() {
        for event in Event::ALL {
            assert_eq!(Event::from_wire(event.as_str()), Some(event));
        }
        for state in ["pending", "sending", "delivered", "failed"] {
            assert_eq!(DeliveryState::from_wire(state).unwrap().as_str(), state);
        }
        assert_eq!(DeliveryState::from_wire("lost"), None);
    }
}
