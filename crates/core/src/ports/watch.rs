//! Hearing of changes instead of asking again and again.

use async_trait::async_trait;

/// Tells when one generation has changed.
#[async_trait]
pub trait ChangeWatch: Send {
    /// Returns once the generation may have changed since the watch was made, or since the last return.
    ///
    /// Changes made by other processes are not always heard; whoever waits for long looks again now and then.
    async fn changed(&mut self);
}
