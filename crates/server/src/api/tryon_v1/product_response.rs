//! Products as answers show them.

use drape_core::{
    Code,
    product::{Product, ProductImage},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::error::ApiError;

/// A product.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductResponse {
    /// The shop's own name of the product.
    #[schema(example = "shirt-42")]
    pub external_id: String,
    /// Title.
    #[schema(example = "Linen shirt")]
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Open object of the shop.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// Days that the product lives since its last use; null for ever.
    #[schema(example = 15)]
    pub valid_for_days: Option<u32>,
    /// When the product expires; null never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When a generation last used the product; null when none has.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// When the product was made.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub created_at: Timestamp,
    /// When the product was last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub updated_at: Timestamp,
    /// Pictures, in order.
    pub images: Vec<ProductImageResponse>,
}

/// A picture of a product.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductImageResponse {
    /// Where it came from; `upload://<fileKey>` for a picture that was sent as bytes.
    #[schema(example = "https://shop.example/shirt.jpg")]
    pub source_url: String,
    /// Place in the product, from 0.
    pub order: u32,
    /// What the caller said and the server found.
    #[schema(value_type = Object, example = json!({ "category": "top" }))]
    pub classifications: Map<String, Value>,
}

impl From<Product> for ProductResponse {
    fn from(product: Product) -> Self {
        Self {
            external_id: product.external_id.to_string(),
            title: product.title,
            description: product.description,
            metadata: product.metadata,
            valid_for_days: product.valid_for_days,
            expires_at: product.expires_at,
            last_used_at: product.last_used_at,
            created_at: product.created_at,
            updated_at: product.updated_at,
            images: product.images.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ProductImage> for ProductImageResponse {
    fn from(image: ProductImage) -> Self {
        Self {
            source_url: image.source_url,
            order: image.order,
            classifications: image.classifications,
        }
    }
}

/// Error for a product that does not exist, or no longer.
pub(super) fn product_not_found(shown_id: &str) -> ApiError {
    ApiError::new(
        Code::ProductNotFound,
        format!("There is no product \"{shown_id}\", or it has expired."),
    )
}
