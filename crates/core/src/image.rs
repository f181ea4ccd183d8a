//! Stored pictures of persons, and the keys under which picture bytes lie.

use std::{fmt, str::FromStr};

use crate::{
    Error, Result,
    ids::{AccountId, ImageId},
    time::Timestamp,
};

/// Kinds of blobs; part of the key, so that a bucket's lifecycle rule can follow the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// Pictures of persons.
    Person,
    /// Pictures of products.
    Product,
    /// Results of try-ons.
    Result,
    /// Where the pixels of results come from.
    Mask,
}

impl BlobKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Person, Self::Product, Self::Result, Self::Mask];

    /// Name inside the key.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Product => "product",
            Self::Result => "result",
            Self::Mask => "mask",
        }
    }
}

/// Key of a blob: `<account>/<kind>/<retention>/<uuid>.jpg`, retention being `1d`, `3d`, `7d` or `keep`.
///
/// The file name is a `UUIDv7`: its time tells the age of a file that no row knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey(String);

impl BlobKey {
    /// Builds a key; `keep_for_days` none means for as long as its row lives.
    pub fn new(
        account: AccountId,
        kind: BlobKind,
        keep_for_days: Option<u32>,
        name: uuid::Uuid,
    ) -> Self {
        let retention = keep_for_days.map_or_else(|| "keep".to_owned(), |days| format!("{days}d"));
        Self(format!(
            "{account}/{}/{retention}/{}.jpg",
            kind.as_str(),
            name.simple()
        ))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Kind of the blob; none in a key that this version does not write.
    pub fn kind(&self) -> Option<BlobKind> {
        let name = self.0.split('/').nth(1)?;
        BlobKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Moment at which the key was made, from the `UUIDv7` in its name.
    pub fn created_at(&self) -> Option<Timestamp> {
        let name = self.0.rsplit('/').next()?.strip_suffix(".jpg")?;
        let stamp = uuid::Uuid::try_parse(name).ok()?.get_timestamp()?;
        let (seconds, nanos) = stamp.to_unix();
        Some(Timestamp::from_micros(
            i64::try_from(seconds).ok()? * 1_000_000 + i64::from(nanos / 1_000),
        ))
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BlobKey {
    type Err = Error;

    /// Accepts keys of the form that [`BlobKey::new`] makes; nothing that could climb out of the store.
    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let plain = |part: &&str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        };
        if parts.len() != 4 || !parts.iter().all(plain) {
            return Err(Error::internal("malformed blob key"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A picture that lies in the blob store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPicture {
    /// Where the bytes lie.
    pub key: BlobKey,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// How the picture of a person came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageOrigin {
    /// By `POST /images/upload`: can be named by its id.
    Upload,
    /// With a try-on, as URL or bytes: belongs to that try-on only.
    Snapshot,
}

impl ImageOrigin {
    /// Stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Snapshot => "snapshot",
        }
    }
}

/// A stored picture of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonImage {
    /// Id of the image.
    pub id: ImageId,
    /// Owner.
    pub account: AccountId,
    /// How it came in.
    pub origin: ImageOrigin,
    /// Where and what it is.
    pub picture: StoredPicture,
    /// The shop's name for the customer.
    pub external_user_id: Option<String>,
    /// When its retention ends; from then on it counts as missing.
    pub expires_at: Timestamp,
    /// When it came in.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_carry_account_kind_and_retention() {
        let account = AccountId::from_uuid(uuid::Uuid::from_u128(1));
        let name = uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
        let key = BlobKey::new(account, BlobKind::Person, Some(7), name);
        assert_eq!(
            key.as_str(),
            "acc_00000000000000000000000000000001/person/7d/01920000000070008000000000000001.jpg"
        );
        assert_eq!(key.as_str().parse::<BlobKey>().ok(), Some(key.clone()));
        assert_eq!(key.kind(), Some(BlobKind::Person));
        assert_eq!("a/b/c/d".parse::<BlobKey>().unwrap().kind(), None);
        assert_eq!(
            key.created_at().map(Timestamp::as_micros),
            Some(0x0192_0000_0000_i64 * 1_000)
        );
    }

    #[test]
    fn keys_cannot_climb_out() {
        for text in [
            "../a/b/c",
            "a/../b/c",
            "/a/b/c",
            "a/b/c",
            "a/b/c/d/e",
            "a/b/c/d\0",
            "a/b/.c/d",
            "a//b/c",
        ] {
            assert!(text.parse::<BlobKey>().is_err(), "{text:?}");
        }
    }
}
