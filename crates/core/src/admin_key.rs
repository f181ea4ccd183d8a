//! Admin keys: whoever holds one runs the server through `/admin/v1`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::{ids::AdminKeyId, time::Timestamp};

/// Prefix of every admin key; no account key begins with it.
pub const ADMIN_KEY_PREFIX: &str = "dak_";

/// SHA-256 of an admin key: the only form that is stored. A type of its own, so that it is never looked up as an
/// account's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AdminKeyHash(pub [u8; 32]);

impl fmt::Debug for AdminKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKeyHash(..)")
    }
}

/// An admin key in clear; shown once, never stored, never printed by `Debug`.
#[derive(Clone)]
pub struct AdminKey(String);

impl AdminKey {
    /// Makes the key from 32 random bytes: `dak_` and 43 base64url characters.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(format!(
            "{ADMIN_KEY_PREFIX}{}",
            URL_SAFE_NO_PAD.encode(bytes)
        ))
    }

    /// The key in clear, for the one time that it is shown.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Hash for storage.
    pub fn hash(&self) -> AdminKeyHash {
        hash_admin_key(&self.0)
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey(..)")
    }
}

/// Hashes whatever a caller sent as admin key; a plain SHA-256 is enough for 256 random bits.
pub fn hash_admin_key(text: &str) -> AdminKeyHash {
    AdminKeyHash(Sha256::digest(text.as_bytes()).into())
}

/// What it takes to make an admin key.
#[derive(Debug, Clone)]
pub struct NewAdminKey {
    /// Id of the key.
    pub id: AdminKeyId,
    /// Hash of the key.
    pub hash: AdminKeyHash,
    /// Free text that tells keys apart.
    pub label: String,
    /// Moment of making.
    pub now: Timestamp,
}

/// A stored admin key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKeyInfo {
    /// Id of the key.
    pub id: AdminKeyId,
    /// Free text that tells keys apart.
    pub label: String,
    /// When the key was made.
    pub created_at: Timestamp,
    /// When the key was revoked; none while it works.
    pub revoked_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_prefix_and_43_characters() {
        let key = AdminKey::from_random([0xff; 32]);
        let rest = key.expose().strip_prefix("dak_").unwrap_or_default();
        assert_eq!(rest.len(), 43);
        assert_eq!(key.hash(), hash_admin_key(key.expose()));
        assert_ne!(key.hash(), hash_admin_key(rest));
    }

    #[test]
    fn debug_output_hides_the_key() {
        let key = AdminKey::from_random([1; 32]);
        assert!(!format!("{key:?} {:?}", key.hash()).contains(&key.expose()[4..]));
    }
}
