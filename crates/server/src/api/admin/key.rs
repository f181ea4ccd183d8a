//! API keys as the admin API shows them: never the key itself.

use drape_core::{account::KeyInfo, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// An API key, without the key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyItem {
    /// Id of the key.
    #[schema(example = "key_0198c0de000070008000000000000002")]
    pub key_id: String,
    /// Free text that tells keys apart.
    #[schema(example = "first key")]
    pub label: String,
    /// When the key was made.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub created_at: Timestamp,
    /// When the key was revoked; null while it works.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
}

impl From<KeyInfo> for KeyItem {
    fn from(key: KeyInfo) -> Self {
        Self {
            key_id: key.id.to_string(),
            label: key.label,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}
