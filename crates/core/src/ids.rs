//! Ids: `UUIDv7` behind a prefix that names the kind, parsed strictly.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use crate::time::Timestamp;

/// An id that is not of the expected form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct ParseIdError;

macro_rules! ids {
    ($( $(#[doc = $doc:literal])+ $name:ident = $prefix:literal; )+) => { $(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Prefix of the printed form.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a `UUIDv7`, which the [`Ids`](crate::ports::Ids) port makes.
            pub fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }

            /// Moment at which the id was made, in milliseconds; zero for an id that is no `UUIDv7`.
            pub fn made_at(&self) -> Timestamp {
                let stamp = self.0.get_timestamp().map(|stamp| stamp.to_unix());
                let (seconds, nanos) = stamp.unwrap_or_default();
                let seconds = i64::try_from(seconds).unwrap_or(0);
                Timestamp::from_micros(seconds * 1_000_000 + i64::from(nanos / 1_000))
            }

            /// The bare UUID, as stored.
            pub fn as_uuid(&self) -> &Uuid { &self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_hex(text.strip_prefix($prefix).ok_or(ParseIdError)?).map(Self)
            }
        }
    )+ };
}

ids! {
    /// Names an account (a shop).
    AccountId = "acc_";
    /// Names an API key; the key itself is never stored.
    KeyId = "key_";
    /// Names an admin key; the key itself is never stored.
    AdminKeyId = "adk_";
    /// Names an uploaded picture of a person, or the snapshot that a try-on made of one.
    ImageId = "img_";
    /// Names a try-on.
    GenerationId = "gen_";
    /// Names a product row; callers know products by their own `externalId`.
    ProductId = "prd_";
    /// Names an entry of the credit ledger.
    EntryId = "led_";
    /// Names one attempt of a worker at a job; it is the lease, too.
    AttemptId = "att_";
    /// Names a webhook endpoint.
    EndpointId = "whe_";
    /// Names one message to one webhook endpoint; all its attempts and replays carry the same id.
    DeliveryId = "msg_";
}

/// Accepts exactly 32 lower-case hex digits: one id has one spelling.
fn parse_hex(text: &str) -> Result<Uuid, ParseIdError> {
    let canonical = text.len() == 32
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !canonical {
        return Err(ParseIdError);
    }
    Uuid::try_parse(text).map_err(|_| ParseIdError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses() {
        let id =
            GenerationId::from_uuid(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(id.to_string(), "gen_01920000000070008000000000000001");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.made_at().as_micros(), 0x0192_0000_0000 * 1_000);
    }

    #[test]
    fn refuses_every_other_spelling() {
        let good = "gen_01920000000070008000000000000001";
        let odd = [
            "",
            "gen_",
            "01920000000070008000000000000001",
            "img_01920000000070008000000000000001",
            "gen_01920000-0000-7000-8000-000000000001",
            "gen_0192000000007000800000000000000A",
            "gen_019200000000700080000000000000011",
            " gen_01920000000070008000000000000001",
            "gen_0192000000007000800000000000000é",
        ];
        assert!(good.parse::<GenerationId>().is_ok());
        for text in odd {
            assert_eq!(text.parse::<GenerationId>(), Err(ParseIdError), "{text:?}");
        }
    }
}
