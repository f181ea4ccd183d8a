//! `Idempotency-Key`: a request that is sent again gets the first one's answer and does no work of its own.

use std::{fmt, str::FromStr, time::Duration};

use uuid::Uuid;

use crate::{
    Code, Error, Result,
    account::Account,
    ids::{AccountId, GenerationId},
    ports::Ports,
    time::Timestamp,
};

/// How long a key is remembered, counted from its first use on the server's clock.
pub const KEPT_FOR: Duration = Duration::from_hours(24);
/// Time after which a request that has come to nothing loses its key to the next one: its process has died.
pub const HELD_FOR: Duration = Duration::from_mins(1);
/// Longest key in characters.
pub const MAX_KEY_CHARS: usize = 255;
/// Seconds after which the first request has probably been answered.
const RETRY_AFTER_S: u32 = 2;

/// A key of the caller's choice: 1 to 255 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key as the caller sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Callers make keys of whatever they like, names of customers too.
        f.write_str("IdempotencyKey(..)")
    }
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Expected 1 to {MAX_KEY_CHARS} visible ASCII characters")]
pub struct ParseKeyError;

impl FromStr for IdempotencyKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        let is_key = (1..=MAX_KEY_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_key {
            return Err(ParseKeyError);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Proof that one request holds a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Owner of the key; accounts do not share keys.
    pub account: AccountId,
    /// The key.
    pub key: IdempotencyKey,
    /// The request that holds it.
    pub holder: Uuid,
}

/// A request that wants to use a key.
#[derive(Debug, Clone)]
pub struct KeyUse {
    /// Key and request.
    pub ticket: Ticket,
    /// SHA-256 of route and body: tells a repeated request from another one.
    pub fingerprint: [u8; 32],
    /// How long the request holds the key without an outcome, on the database's clock.
    pub held_for: Duration,
    /// Moment of the request.
    pub now: Timestamp,
}

/// What a request finds under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Nothing: the request now holds the key and shall do its work.
    Taken,
    /// The same request has queued this generation.
    Queued(GenerationId),
    /// The same request was answered with this.
    Answered(StoredAnswer),
    /// The same request is still running.
    Running,
    /// Another request.
    Reused,
}

/// An answer that is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: String,
}

/// How a request with a key goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Do the work; the ticket goes with it.
    Work(Ticket),
    /// The work was done: it is this generation.
    Queued(GenerationId),
    /// The work was done: this was the answer.
    Answered(StoredAnswer),
}

/// Takes a key, or finds what it led to. Errors: `IDEMPOTENCY_KEY_REUSED`, `IDEMPOTENCY_KEY_IN_USE`.
pub async fn start(
    ports: &Ports,
    account: &Account,
    key: IdempotencyKey,
    fingerprint: [u8; 32],
) -> Result<Start> {
    let ticket = Ticket {
        account: account.id,
        key,
        holder: ports.ids.uuid(),
    };
    let usage = KeyUse {
        ticket: ticket.clone(),
        fingerprint,
        held_for: HELD_FOR,
        now: ports.clock.now(),
    };
    match ports.idempotency.begin(usage).await? {
        KeyState::Taken => Ok(Start::Work(ticket)),
        KeyState::Queued(generation) => Ok(Start::Queued(generation)),
        KeyState::Answered(answer) => Ok(Start::Answered(answer)),
        KeyState::Running => Err(in_use()),
        KeyState::Reused => Err(reused()),
    }
}

/// Forgets keys that have had their time, at most `limit`; returns how many.
pub async fn forget_old_keys(ports: &Ports, limit: u32) -> Result<u64> {
    let until = ports.clock.now().minus(KEPT_FOR);
    ports.idempotency.forget_old(until, limit).await
}

/// Error for a request whose key another request holds.
pub fn in_use() -> Error {
    Error::new(
        Code::IdempotencyKeyInUse,
        "The first request with this Idempotency-Key is still running. Try again shortly.",
    )
    .with_retry_after(RETRY_AFTER_S)
}

/// Error for a key that belongs to another request.
pub fn reused() -> Error {
    Error::new(
        Code::IdempotencyKeyReused,
        "This Idempotency-Key was used for another request within the last 24 hours. Use a new one.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        for good in ["a", "order-17/attempt:1", "{~}", &"x".repeat(255)] {
            let key: IdempotencyKey = good.parse().unwrap();
            assert_eq!(key.as_str(), good);
        }
        for bad in ["", " ", "a b", "a\t", "\u{e9}", "\u{7f}", &"x".repeat(256)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(ParseKeyError), "{bad:?}");
        }
    }

    #[test]
    fn debug_output_hides_the_key() {
        let key: IdempotencyKey = "anna@example.com".parse().unwrap();
        assert!(!format!("{key:?}").contains("anna"));
    }
}
