//! Accounts, their API keys and their limits.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::{
    ids::{AccountId, EntryId, GenerationId, KeyId},
    time::Timestamp,
};

/// Prefix of every API key.
pub const API_KEY_PREFIX: &str = "gk_";
/// Credits of a new account unless the operator says otherwise.
pub const DEFAULT_CREDITS: u32 = 10;
/// Requests per minute of a new account.
pub const DEFAULT_RATE_LIMIT: u32 = 100;
/// Status and picture requests per minute of a new account.
pub const DEFAULT_POLL_LIMIT: u32 = 600;

/// SHA-256 of an API key: the only form that is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiKeyHash(pub [u8; 32]);

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash(..)")
    }
}

/// An API key in clear; shown once, never stored, never printed by `Debug`.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// Makes the key from 32 random bytes: `gk_` and 43 base64url characters.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(format!("{API_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The key in clear, for the one time that it is shown.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Hash for storage.
    pub fn hash(&self) -> ApiKeyHash {
        hash_api_key(&self.0)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// Hashes whatever a caller sent as key; a key of another form simply matches nothing.
///
/// A plain SHA-256 is enough: keys hold 256 random bits, there is nothing to guess.
pub fn hash_api_key(text: &str) -> ApiKeyHash {
    ApiKeyHash(Sha256::digest(text.as_bytes()).into())
}

/// A shop: the owner of products, pictures, generations and credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id of the account.
    pub id: AccountId,
    /// Unique name, chosen by the operator.
    pub name: String,
    /// False once disabled: its keys stop working.
    pub is_active: bool,
    /// Requests per minute.
    pub rate_limit: u32,
    /// Status and picture requests per minute.
    pub poll_limit: u32,
    /// Days that pictures are kept when a request does not say: 1, 3 or 7.
    pub keep_for_days: u32,
    /// Engine of this account; the server's default when none.
    pub engine: Option<String>,
    /// Whether results carry a visible label unless a request says otherwise.
    pub ai_label: bool,
    /// Balance at which the event `credits.low` is sent; 0 never sends it.
    pub credits_low_at: u32,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// New settings of an account; what is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// Whether its keys work.
    pub is_active: Option<bool>,
    /// Requests per minute.
    pub rate_limit: Option<u32>,
    /// Status and picture requests per minute.
    pub poll_limit: Option<u32>,
    /// Days that pictures are kept when a request does not say: 1, 3 or 7.
    pub keep_for_days: Option<u32>,
    /// Engine of the account; an inner none goes back to the server's default.
    pub engine: Option<Option<String>>,
    /// Whether results carry a visible label unless a request says otherwise.
    pub ai_label: Option<bool>,
    /// Balance at which the event `credits.low` is sent.
    pub credits_low_at: Option<u32>,
}

/// What it takes to make an account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Id of the account.
    pub id: AccountId,
    /// Unique name, 1 to 100 printable characters.
    pub name: String,
    /// Credits to begin with.
    pub credits: u32,
    /// Requests per minute.
    pub rate_limit: u32,
    /// Status and picture requests per minute.
    pub poll_limit: u32,
    /// The first key.
    pub key: NewKey,
    /// Moment of making.
    pub now: Timestamp,
}

/// What it takes to make a key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Id of the key.
    pub id: KeyId,
    /// Hash of the key.
    pub hash: ApiKeyHash,
    /// Free text that tells keys apart.
    pub label: String,
    /// Moment of making.
    pub now: Timestamp,
}

/// A stored key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Id of the key.
    pub id: KeyId,
    /// Free text that tells keys apart.
    pub label: String,
    /// When the key was made.
    pub created_at: Timestamp,
    /// When the key was revoked; none while it works.
    pub revoked_at: Option<Timestamp>,
}

/// Kinds of ledger entries; the amount is what they add to the credits that can be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Credits given by the operator (positive), or taken back (negative).
    Grant,
    /// Credits set aside for a generation: -1, or as many as an outfit has products.
    Hold,
    /// The hold of a completed generation becomes final (0).
    Capture,
    /// The hold of a failed or cancelled generation is given back, as many as were held.
    Release,
}

impl EntryKind {
    /// Stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Hold => "hold",
            Self::Capture => "capture",
            Self::Release => "release",
        }
    }
}

/// One line of the append-only credit ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Id of the entry.
    pub id: EntryId,
    /// What happened.
    pub kind: EntryKind,
    /// What it added to the credits that can be spent.
    pub amount: i64,
    /// The generation that it is about.
    pub generation: Option<GenerationId>,
    /// Words of the operator.
    pub note: String,
    /// When it happened.
    pub created_at: Timestamp,
}

/// What was written into the ledger within a range of entries, all accounts together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerTotals {
    /// Number of the newest entry; the next range begins after it.
    pub last_seq: u64,
    /// Credits given by the operator.
    pub granted: u64,
    /// Credits taken back by the operator.
    pub taken_back: u64,
    /// Credits set aside for generations.
    pub held: u64,
    /// Credits spent for good.
    pub captured: u64,
    /// Credits given back after a failure.
    pub released: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_prefix_and_43_characters() {
        let key = ApiKey::from_random([0xff; 32]);
        let rest = key.expose().strip_prefix("gk_").unwrap_or_default();
        assert_eq!(rest.len(), 43);
        assert!(
            rest.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        );
        assert_eq!(key.hash(), hash_api_key(key.expose()));
    }

    #[test]
    fn debug_output_hides_the_key() {
        let key = ApiKey::from_random([1; 32]);
        assert!(!format!("{key:?} {:?}", key.hash()).contains(&key.expose()[3..]));
    }
}
