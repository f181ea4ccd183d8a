//! Keys of the admin API.

use async_trait::async_trait;

use crate::{
    Result,
    admin_key::{AdminKeyHash, AdminKeyInfo, NewAdminKey},
    ids::AdminKeyId,
    time::Timestamp,
};

/// Keys of the admin API; they belong to the server, not to an account.
#[async_trait]
pub trait AdminKeys: Send + Sync {
    /// Stores a new key.
    async fn create(&self, key: NewAdminKey) -> Result<()>;

    /// Finds the working key with this hash; none when it was revoked.
    async fn find_by_hash(&self, hash: AdminKeyHash) -> Result<Option<AdminKeyInfo>>;

    /// Lists all keys, newest first, revoked ones too.
    async fn list(&self) -> Result<Vec<AdminKeyInfo>>;

    /// Revokes a key; false when there is no such working key.
    async fn revoke(&self, key: AdminKeyId, now: Timestamp) -> Result<bool>;
}
