//! Products: what a shop sells, as far as a try-on needs to know.

mod rules;

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    ids::{AccountId, ProductId},
    image::StoredPicture,
    time::Timestamp,
};

pub use rules::{apply_upsert, engine_for, engine_for_all, touch};

/// Prefix of the external ids that the server makes for one-shot products.
pub const ONE_SHOT_PREFIX: &str = "_anon_";
/// Longest external id in characters.
pub const MAX_EXTERNAL_ID_CHARS: usize = 255;
/// Most pictures of one product.
pub const MAX_PRODUCT_IMAGES: usize = 8;
/// Longest title in characters.
pub const MAX_TITLE_CHARS: usize = 500;
/// Longest description in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 5_000;
/// Largest `metadata` in bytes of JSON.
pub const MAX_METADATA_BYTES: usize = 16 * 1_024;
/// Title that selects the mock engine.
pub const MOCK_TITLE: &str = "mock";

/// The shop's own name of a product, 1 to 255 printable characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(String);

impl ExternalId {
    /// Makes the id of a one-shot product.
    pub fn one_shot(uuid: uuid::Uuid) -> Self {
        Self(format!("{ONE_SHOT_PREFIX}{}", uuid.simple()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether the server made this id.
    pub fn is_one_shot(&self) -> bool {
        self.0.starts_with(ONE_SHOT_PREFIX)
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ExternalId {
    type Err = String;

    /// Accepts both callers' and server-made ids; callers may not *create* with the prefix, which the border checks.
    fn from_str(text: &str) -> Result<Self, String> {
        let chars = text.chars().count();
        if chars == 0 {
            return Err("String must contain at least 1 character(s)".to_owned());
        }
        if chars > MAX_EXTERNAL_ID_CHARS {
            return Err(format!(
                "String must contain at most {MAX_EXTERNAL_ID_CHARS} character(s)"
            ));
        }
        if text.chars().any(char::is_control) {
            return Err("Only printable characters are allowed".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

/// How a product came into being; it decides the lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductOrigin {
    /// Inside a try-on, with an `externalId`: 15 days since last use.
    Inline,
    /// Inside a try-on, without an `externalId`: 7 days since last use, not listed.
    OneShot,
    /// By `POST /products`: for ever, or `validForDays` since last use.
    Registered,
}

impl ProductOrigin {
    /// Stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::OneShot => "one_shot",
            Self::Registered => "registered",
        }
    }

    /// Days that a new product of this origin lives; none is for ever.
    pub fn default_valid_for_days(self) -> Option<u32> {
        match self {
            Self::Inline => Some(15),
            Self::OneShot => Some(7),
            Self::Registered => None,
        }
    }
}

/// A field of a partial update: absent, set to nothing, or set to a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The caller did not say: the stored value stays.
    #[default]
    Keep,
    /// The caller said `null`.
    Clear,
    /// The caller gave a value.
    Set(T),
}

impl<T> Patch<T> {
    /// The value after the patch.
    pub fn apply(self, stored: Option<T>) -> Option<T> {
        match self {
            Self::Keep => stored,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Says whether the caller left the field out.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// Where the bytes of a product picture come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// Fetched when first needed, then kept with the product.
    Url(String),
    /// Sent as bytes with the request; already stored.
    Stored(StoredPicture),
}

/// A product picture to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProductImage {
    /// Where it comes from.
    pub source: ImageSource,
    /// `sourceUrl` for the caller: the URL, or `upload://<file key>`.
    pub source_url: String,
    /// What the caller says it shows; an open object.
    pub classifications: Map<String, Value>,
}

/// Creates a product or changes some of its fields.
#[derive(Debug, Clone)]
pub struct ProductUpsert {
    /// The shop's name of the product, or one that the server made.
    pub external_id: ExternalId,
    /// How it came in.
    pub origin: ProductOrigin,
    /// Title.
    pub title: Patch<String>,
    /// Description.
    pub description: Patch<String>,
    /// Open object of the shop.
    pub metadata: Patch<Map<String, Value>>,
    /// Days since last use (1 to 365), or for ever when cleared; only `POST /products` sets it.
    pub valid_for_days: Patch<u32>,
    /// All pictures, in order; none keeps the stored ones.
    pub images: Option<Vec<NewProductImage>>,
}

/// A stored product picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductImage {
    /// Place in the product, from 0.
    pub order: u32,
    /// Where it came from, for the caller.
    pub source_url: String,
    /// What the caller said and the server found; the caller's word wins.
    pub classifications: Map<String, Value>,
    /// The bytes, once fetched.
    pub picture: Option<StoredPicture>,
}

/// A stored product.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Id of the row.
    pub id: ProductId,
    /// Owner.
    pub account: AccountId,
    /// The shop's name of it.
    pub external_id: ExternalId,
    /// How it came in.
    pub origin: ProductOrigin,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Open object of the shop.
    pub metadata: Option<Map<String, Value>>,
    /// Days since last use; none is for ever.
    pub valid_for_days: Option<u32>,
    /// When it expires; from then on it counts as missing.
    pub expires_at: Option<Timestamp>,
    /// When a generation last used it.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows each time the pictures are replaced; jobs hold on to the pictures that they were made with.
    pub image_revision: u32,
    /// Pictures, in order.
    pub images: Vec<ProductImage>,
}

/// What an upsert did.
#[derive(Debug, Clone, PartialEq)]
pub struct Upserted {
    /// The product as it now is.
    pub product: Product,
    /// True when it did not exist (or had expired) before.
    pub is_new: bool,
}

/// A picture that still has to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfetchedImage {
    /// Owner.
    pub account: AccountId,
    /// Product that it belongs to.
    pub product: ProductId,
    /// Revision of the product's pictures.
    pub revision: u32,
    /// Place in the product.
    pub order: u32,
    /// Where to fetch it.
    pub url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_ids_are_1_to_255_printable_characters() {
        for good in [
            "a",
            "Größe 42/ß",
            "🧥",
            "a b",
            &"x".repeat(255),
            "../..",
            "%2F",
            "null",
        ] {
            assert!(good.parse::<ExternalId>().is_ok(), "{good:?}");
        }
        for bad in ["", "a\nb", "\u{0}", "tab\t", &"x".repeat(256)] {
            assert!(bad.parse::<ExternalId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_patch_keeps_clears_or_sets() {
        assert_eq!(Patch::Keep.apply(Some(1)), Some(1));
        assert_eq!(Patch::<i32>::Clear.apply(Some(1)), None);
        assert_eq!(Patch::Set(2).apply(Some(1)), Some(2));
    }
}
