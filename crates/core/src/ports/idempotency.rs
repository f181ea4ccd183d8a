//! Keys that make a repeated request harmless.

use async_trait::async_trait;

use crate::{
    Result,
    idempotency::{KeyState, KeyUse, StoredAnswer, Ticket},
    time::Timestamp,
};

/// What was asked under which `Idempotency-Key`, per account.
///
/// A try-on writes its generation onto the key in [`Jobs::enqueue`](super::Jobs::enqueue), in the transaction that
/// charges it.
#[async_trait]
pub trait Idempotency: Send + Sync {
    /// Takes a key for a request, or says what became of the earlier request with that key. A key older than
    /// [`KEPT_FOR`](crate::idempotency::KEPT_FOR) counts as never used.
    async fn begin(&self, usage: KeyUse) -> Result<KeyState>;

    /// Stores the answer of a request that made no generation; without effect when the ticket's hold was lost.
    async fn complete(&self, ticket: &Ticket, answer: StoredAnswer, now: Timestamp) -> Result<()>;

    /// Forgets the key of a request that was refused, unless the request has come to something after all.
    async fn abandon(&self, ticket: &Ticket) -> Result<()>;

    /// Forgets keys that were first used at or before `until`, oldest first, at most `limit`; returns how many.
    async fn forget_old(&self, until: Timestamp, limit: u32) -> Result<u64>;
}
