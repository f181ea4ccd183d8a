//! Uploading the picture of a person.

use bytes::Bytes;

use crate::{
    Result,
    account::Account,
    ids::ImageId,
    image::{BlobKind, ImageOrigin, PersonImage},
    ports::Ports,
    staging::Staging,
};

/// A picture to keep for later try-ons.
#[derive(Debug, Clone)]
pub struct UploadImage {
    /// The file, of whatever format.
    pub bytes: Bytes,
    /// Whether to crop it to 4:5 around the person.
    pub crop: bool,
    /// The shop's name for the customer.
    pub external_user_id: Option<String>,
    /// Days to keep it; the account decides when none.
    pub keep_for_days: Option<u32>,
}

/// Checks, normalises and stores the picture. Errors: those of [`Pictures`](crate::ports::Pictures).
pub async fn upload_image(
    ports: &Ports,
    account: &Account,
    upload: UploadImage,
) -> Result<PersonImage> {
    let keep_for_days = upload.keep_for_days.unwrap_or(account.keep_for_days);
    let picture = ports
        .pictures
        .normalize_person(upload.bytes, upload.crop)
        .await?;
    let mut staging = Staging::new(ports, account.id);
    let stored = async {
        let picture = staging
            .put(BlobKind::Person, Some(keep_for_days), picture)
            .await?;
        let now = ports.clock.now();
        let image = PersonImage {
            id: ImageId::from_uuid(ports.ids.uuid()),
            account: account.id,
            origin: ImageOrigin::Upload,
            picture,
            external_user_id: upload.external_user_id,
            expires_at: now.plus_days(keep_for_days),
            created_at: now,
        };
        ports.images.insert(image.clone()).await?;
        Ok(image)
    }
    .await;
    if stored.is_err() {
        staging.discard().await;
    }
    stored
}
