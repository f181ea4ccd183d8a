//! Blobs that are written before the row that will hold them.

use bytes::Bytes;

use crate::{
    Result,
    ids::AccountId,
    image::{BlobKey, BlobKind, StoredPicture},
    ports::{Blobs, NormalizedPicture, Ports},
};

/// Blobs written on behalf of one request; thrown away again when the request is refused after all.
///
/// A crash in between leaves files that no row knows; the orphan sweep finds those by the age in their names.
pub(crate) struct Staging<'a> {
    ports: &'a Ports,
    account: AccountId,
    written: Vec<BlobKey>,
}

impl<'a> Staging<'a> {
    pub(crate) fn new(ports: &'a Ports, account: AccountId) -> Self {
        Self {
            ports,
            account,
            written: Vec::new(),
        }
    }

    /// Writes a picture under a fresh key.
    pub(crate) async fn put(
        &mut self,
        kind: BlobKind,
        keep_for_days: Option<u32>,
        picture: NormalizedPicture,
    ) -> Result<StoredPicture> {
        let key = BlobKey::new(self.account, kind, keep_for_days, self.ports.ids.uuid());
        // Remembered before the write: a failed write may have left something behind.
        self.written.push(key.clone());
        let size_bytes = picture.jpeg.len() as u64;
        self.ports.blobs.put(&key, picture.jpeg).await?;
        Ok(StoredPicture {
            key,
            width: picture.width,
            height: picture.height,
            size_bytes,
            sha256: picture.sha256,
        })
    }

    /// Deletes what was written, after a refusal.
    pub(crate) async fn discard(self) {
        discard(self.ports.blobs.as_ref(), &self.written).await;
    }
}

/// Deletes blobs as well as it can; what stays behind is found by the orphan sweep.
pub(crate) async fn discard(blobs: &dyn Blobs, keys: &[BlobKey]) {
    for key in keys {
        if let Err(error) = blobs.delete(key).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a discarded picture could not be deleted yet"
            );
        }
    }
}

/// Bytes of a picture that this server handed out a URL for, if `url` is such a URL.
pub(crate) async fn read_own_url(ports: &Ports, url: &str) -> Result<Option<Bytes>> {
    use crate::ports::OwnPicture;

    let now = ports.clock.now();
    let key = match ports.own_urls.resolve(url, now) {
        None => return Ok(None),
        Some(OwnPicture::Upload(id)) => ports
            .images
            .find(id)
            .await?
            .filter(|image| image.expires_at > now)
            .map(|image| image.picture.key),
        // Nobody can wear a mask, or try one on.
        Some(OwnPicture::Mask(_)) => None,
        Some(OwnPicture::Result(id)) => ports
            .generations
            .find(id)
            .await?
            .filter(|generation| generation.result_expires_at.is_none_or(|end| end > now))
            .and_then(|generation| generation.result)
            .map(|picture| picture.key),
    };
    match key {
        None => Ok(None),
        Some(key) => ports.blobs.get(&key).await,
    }
}
