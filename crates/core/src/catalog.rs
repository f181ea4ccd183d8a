//! Registering products and getting their pictures.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::{
    Error, Result,
    account::Account,
    ids::{AccountId, ProductId},
    image::{BlobKind, StoredPicture},
    ports::{FetchError, Ports},
    product::{
        ExternalId, ImageSource, NewProductImage, Patch, ProductOrigin, ProductUpsert,
        UnfetchedImage, Upserted,
    },
    staging::{Staging, read_own_url},
};

/// Largest picture of a product in bytes.
pub const MAX_PRODUCT_IMAGE_BYTES: u64 = 10 * 1_000 * 1_000;
/// Longest wait for the URL of a product's picture.
pub const PRODUCT_FETCH_TIMEOUT: Duration = Duration::from_secs(20);

/// The product of a request.
#[derive(Debug, Clone)]
pub enum ProductInput {
    /// Only an `externalId`: a known product.
    Reference(ExternalId),
    /// Anything more: create or update.
    Define(ProductDraft),
}

/// A product as a request describes it.
#[derive(Debug, Clone)]
pub struct ProductDraft {
    /// The shop's name of it; none for a one-shot product.
    pub external_id: Option<ExternalId>,
    /// How it came in.
    pub origin: ProductOrigin,
    /// Title.
    pub title: Patch<String>,
    /// Description.
    pub description: Patch<String>,
    /// Open object of the shop.
    pub metadata: Patch<Map<String, Value>>,
    /// Days since last use, 1 to 365, or for ever.
    pub valid_for_days: Patch<u32>,
    /// All pictures, in order; none keeps the stored ones.
    pub images: Option<Vec<ImageDraft>>,
}

/// A product picture as a request describes it.
#[derive(Debug, Clone)]
pub struct ImageDraft {
    /// Where it comes from.
    pub input: ImageInput,
    /// What the caller says it shows.
    pub classifications: Map<String, Value>,
}

/// Where a product picture comes from.
#[derive(Debug, Clone)]
pub enum ImageInput {
    /// Fetched when first needed.
    Url(String),
    /// Bytes in this request, under this file key.
    Bytes(String, Bytes),
}

impl ImageInput {
    fn source_url(&self) -> String {
        match self {
            Self::Url(url) => url.clone(),
            Self::Bytes(key, _) => format!("upload://{key}"),
        }
    }
}

impl ProductDraft {
    /// Says whether the request carries picture bytes.
    pub fn has_bytes(&self) -> bool {
        self.images
            .iter()
            .flatten()
            .any(|image| matches!(image.input, ImageInput::Bytes(..)))
    }

    /// The upsert with URLs in place of bytes: enough for the checks that come before picture work.
    pub(crate) fn outline(&self, ports: &Ports) -> ProductUpsert {
        let images = self.images.as_ref().map(|images| {
            images
                .iter()
                .map(|image| NewProductImage {
                    source: ImageSource::Url(image.input.source_url()),
                    source_url: image.input.source_url(),
                    classifications: Map::new(),
                })
                .collect()
        });
        self.clone().into_upsert(ports, images)
    }

    /// Stores the picture bytes and returns the upsert that refers to them.
    pub(crate) async fn store(
        mut self,
        ports: &Ports,
        staging: &mut Staging<'_>,
    ) -> Result<ProductUpsert> {
        let images = match self.images.take() {
            None => None,
            Some(drafts) => {
                let mut images = Vec::with_capacity(drafts.len());
                for draft in drafts {
                    let source_url = draft.input.source_url();
                    let source = match draft.input {
                        ImageInput::Url(url) => ImageSource::Url(url),
                        ImageInput::Bytes(_, bytes) => {
                            let picture = ports.pictures.normalize_product(bytes).await?;
                            ImageSource::Stored(
                                staging.put(BlobKind::Product, None, picture).await?,
                            )
                        }
                    };
                    images.push(NewProductImage {
                        source,
                        source_url,
                        classifications: draft.classifications,
                    });
                }
                Some(images)
            }
        };
        Ok(self.into_upsert(ports, images))
    }

    fn into_upsert(self, ports: &Ports, images: Option<Vec<NewProductImage>>) -> ProductUpsert {
        ProductUpsert {
            external_id: self
                .external_id
                .unwrap_or_else(|| ExternalId::one_shot(ports.ids.uuid())),
            origin: self.origin,
            title: self.title,
            description: self.description,
            metadata: self.metadata,
            valid_for_days: self.valid_for_days,
            images,
        }
    }
}

/// Creates or updates a product (`POST /products`). Errors: `PRODUCT_IMAGES_REQUIRED` and those of picture work.
pub async fn upsert_product(
    ports: &Ports,
    account: &Account,
    draft: ProductDraft,
) -> Result<Upserted> {
    let mut staging = Staging::new(ports, account.id);
    let stored = async {
        let upsert = draft.store(ports, &mut staging).await?;
        let id = ProductId::from_uuid(ports.ids.uuid());
        ports
            .products
            .upsert(account.id, id, upsert, ports.clock.now())
            .await
    }
    .await;
    if stored.is_err() {
        staging.discard().await;
    }
    stored
}

/// Why the bytes of a product picture could not be had.
#[derive(Debug)]
pub enum ProductImageError {
    /// The address did not give a picture.
    Fetch(FetchError),
    /// A part of this server failed.
    Own(Error),
}

impl From<Error> for ProductImageError {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

/// Fetches a product picture, checks it and keeps it with the product.
///
/// The picture is usable for the asking job even when the product has changed meanwhile; only then it is not kept.
pub async fn fetch_product_image(
    ports: &Ports,
    image: &UnfetchedImage,
) -> std::result::Result<(StoredPicture, Bytes), ProductImageError> {
    let bytes = match read_own_url(ports, &image.url).await? {
        Some(bytes) => bytes,
        None => ports
            .fetch
            .fetch(&image.url, MAX_PRODUCT_IMAGE_BYTES, PRODUCT_FETCH_TIMEOUT)
            .await
            .map_err(ProductImageError::Fetch)?,
    };
    let picture = ports
        .pictures
        .normalize_product(bytes)
        .await
        .map_err(not_a_picture)?;
    let jpeg = picture.jpeg.clone();
    let stored = keep(ports, image, image.account, picture).await?;
    Ok((stored, jpeg))
}

async fn keep(
    ports: &Ports,
    image: &UnfetchedImage,
    account: AccountId,
    picture: crate::ports::NormalizedPicture,
) -> Result<StoredPicture> {
    let mut staging = Staging::new(ports, account);
    let stored = staging.put(BlobKind::Product, None, picture).await;
    let kept = match &stored {
        Ok(stored) => ports.products.keep_fetched(image, stored.clone()).await,
        Err(_) => Ok(false),
    };
    if !matches!(kept, Ok(true)) {
        staging.discard().await;
    }
    kept?;
    stored
}

/// What came back is no picture: the address is at fault, unless this server is busy or broken.
fn not_a_picture(error: Error) -> ProductImageError {
    match error.kind() {
        crate::Kind::Overloaded | crate::Kind::Internal | crate::Kind::Unavailable => {
            ProductImageError::Own(error)
        }
        _ => ProductImageError::Fetch(FetchError {
            reason: error.message().trim_end_matches('.').to_owned(),
            retryable: false,
        }),
    }
}

/// Fetches pictures of newly registered products in the background; returns how many were tried.
pub async fn fetch_pending_images(ports: &Ports, limit: u32, lease: Duration) -> Result<usize> {
    let images = ports
        .products
        .claim_unfetched(limit, lease, ports.clock.now())
        .await?;
    for image in &images {
        match fetch_product_image(ports, image).await {
            Ok(_) => {}
            Err(ProductImageError::Fetch(error)) => {
                tracing::info!(product.id = %image.product, reason = %error.reason, "a product picture could not be fetched yet");
            }
            Err(ProductImageError::Own(error)) => return Err(error),
        }
    }
    Ok(images.len())
}
