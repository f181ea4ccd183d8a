//! What an operator sees of all accounts.

use std::ops::RangeInclusive;

use async_trait::async_trait;

use crate::{
    Result,
    account::LedgerEntry,
    ids::{AccountId, GenerationId},
    oversight::{
        AccountFilter, AccountWithBalance, Attempt, FoundGeneration, GenerationFilter, UsageDay,
    },
    page::{Page, PageRequest},
};

/// Reading across accounts, for the operator. The work for one page is bounded, however much is stored.
#[async_trait]
pub trait Oversight: Send + Sync {
    /// Lists accounts, newest first.
    async fn accounts(
        &self,
        filter: &AccountFilter,
        page: PageRequest,
    ) -> Result<Page<AccountWithBalance>>;

    /// Lists an account's entries of the ledger, newest first.
    async fn entries(&self, account: AccountId, page: PageRequest) -> Result<Page<LedgerEntry>>;

    /// Searches generations, newest first.
    ///
    /// A page may hold fewer items than asked for, even none, and still have a next one: the search pauses after a
    /// fixed number of generations that it looked at.
    async fn generations(
        &self,
        filter: &GenerationFilter,
        page: PageRequest,
    ) -> Result<Page<FoundGeneration>>;

    /// Finds a generation with its attempts, first to last.
    async fn generation(
        &self,
        generation: GenerationId,
    ) -> Result<Option<(FoundGeneration, Vec<Attempt>)>>;

    /// What happened on these days (days since 1970-01-01, UTC), of one account or of all together; days without
    /// anything are left out. The work grows with the number of days.
    async fn usage(
        &self,
        account: Option<AccountId>,
        days: RangeInclusive<i64>,
    ) -> Result<Vec<UsageDay>>;
}
