//! The customers of a shop, whose pictures can be erased.

use async_trait::async_trait;

use crate::{
    Result,
    erase::{CustomerId, Erasure},
    generation::ExpiredBlob,
    ids::AccountId,
    image::BlobKey,
    time::Timestamp,
};

/// Customers: whom pictures and generations belong to, as the shop names them.
#[async_trait]
pub trait Customers: Send + Sync {
    /// Takes everything of a customer out of the database; only the list of files that must go stays behind.
    ///
    /// To the customer belong the pictures that bear the name, the pictures without a name that generations of this
    /// name used, and the results of all generations of this name or made from these pictures; a picture that bears
    /// another name stays, and so does what that other customer's generations made from a picture without a name.
    /// Unfinished generations among them, and all that wait for one of these pictures, end as `CANCELLED` and their
    /// credits are released. The generations stay, without the name.
    async fn erase(
        &self,
        account: AccountId,
        customer: &CustomerId,
        now: Timestamp,
    ) -> Result<Erasure>;

    /// Files of erasures of this customer that still have to be deleted, in order after `after`, at most `limit`.
    ///
    /// [`Retention::forget`](crate::ports::Retention::forget) takes them off the list;
    /// [`Retention::expired`](crate::ports::Retention::expired) offers them to the sweep, too.
    async fn erased_blobs(
        &self,
        account: AccountId,
        customer: &CustomerId,
        after: Option<&BlobKey>,
        limit: u32,
    ) -> Result<Vec<ExpiredBlob>>;
}
