//! Logos of accounts.

use async_trait::async_trait;

use crate::{Result, ids::AccountId, watermark::Watermark};

/// Logos of accounts, one each at most.
#[async_trait]
pub trait Watermarks: Send + Sync {
    /// Sets the watermark of an account that exists, in the place of an earlier one.
    async fn set(&self, account: AccountId, watermark: Watermark) -> Result<()>;

    /// Finds the watermark of an account.
    async fn find(&self, account: AccountId) -> Result<Option<Watermark>>;

    /// Removes the watermark of an account; false when there was none.
    async fn clear(&self, account: AccountId) -> Result<bool>;
}
