//! Secrets of endpoints, and the signatures made with them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Prefix of every secret.
const PREFIX: &str = "whsec_";

/// The secret that signs the messages to one endpoint; never printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret([u8; 32]);

impl WebhookSecret {
    /// Makes a secret from 32 random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bare bytes, as stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The secret as the receiver needs it, `whsec_` and base64, for the one time that it is shown.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// One signature for the header `webhook-signature`: `v1,` and the base64 of an HMAC-SHA256 over
    /// `{id}.{seconds}.{body}` (Standard Webhooks, "Signature scheme").
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        // The secret has exactly the length of the fixed-size key's first half; HMAC pads the rest with zeros.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&key.into());
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(seconds.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_secret() {
        let secret = WebhookSecret::from_random([7; 32]);
        assert!(secret.expose().starts_with("whsec_BwcH"));
        assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
    }

    /// Made with Python: `hmac.new(bytes(range(32)), b'msg_1.1614265330.{"a":1}', 'sha256')`.
    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = place as u8;
        }
        let signature =
            WebhookSecret::from_random(bytes).sign("msg_1", 1_614_265_330, br#"{"a":1}"#);
        assert_eq!(signature, "v1,glGkvNcadkg5eS0kC1lHn//MXDsMAhfgJN70uXXgt2s=");
    }
}
