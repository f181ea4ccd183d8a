//! What an operator sees of all accounts.

use std::fmt;

use crate::{
    Code,
    account::Account,
    erase::CustomerId,
    generation::{Generation, Status},
    ids::{AccountId, AttemptId},
    product::ExternalId,
    time::Timestamp,
};

/// Which accounts to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Part of the name; letters A to Z match in either case.
    pub name_part: Option<String>,
    /// Only active ones, or only disabled ones.
    pub is_active: Option<bool>,
}

/// An account and its credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountWithBalance {
    /// The account.
    pub account: Account,
    /// Credits that can be spent.
    pub balance: i64,
}

/// Which generations to look for; what is none does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GenerationFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this customer; only together with an account, whose name for the customer it is.
    pub customer: Option<CustomerId>,
    /// In this state.
    pub status: Option<Status>,
    /// By this engine.
    pub engine: Option<String>,
    /// Failed with this code.
    pub error_code: Option<Code>,
    /// With this product.
    pub product: Option<ExternalId>,
    /// Asked for at this moment or later.
    pub from: Option<Timestamp>,
    /// Asked for before this moment.
    pub to: Option<Timestamp>,
}

/// A generation with what only an operator sees.
#[derive(Clone, PartialEq)]
pub struct FoundGeneration {
    /// The generation.
    pub generation: Generation,
    /// The shop's name for the customer; never to be logged.
    pub external_user_id: Option<String>,
    /// Days that its pictures are kept.
    pub keep_for_days: u32,
    /// Whether the account's logo was asked for.
    pub watermark: bool,
    /// Whether a visible label was asked for; the account decides when none.
    pub ai_label: Option<bool>,
}

impl fmt::Debug for FoundGeneration {
    /// Without the customer's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundGeneration")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// One attempt of a worker at a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Id of the attempt.
    pub id: AttemptId,
    /// Counts from 1; an attempt that was given back unharmed shares its number with the next one.
    pub number: u32,
    /// Name of the worker.
    pub worker: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none while it runs.
    pub ended_at: Option<Timestamp>,
    /// How it ended: `completed`, `failed`, `retried`, `put_back`, `lost` or `cancelled`; none while it runs.
    pub outcome: Option<String>,
    /// Why it did not complete.
    pub code: Option<Code>,
}

/// What happened on one day, in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageDay {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Generations that were asked for.
    pub created: u64,
    /// Generations that completed.
    pub completed: u64,
    /// Generations that failed or were cancelled; each got its credits back.
    pub failed: u64,
    /// Credits that the completed ones captured: one per product.
    pub credits_captured: u64,
    /// Milliseconds that the completed ones took, together.
    pub completed_ms: u64,
}
