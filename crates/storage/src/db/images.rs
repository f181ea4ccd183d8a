//! Pictures of persons.

use async_trait::async_trait;
use drape_core::{
    Result,
    ids::ImageId,
    image::{ImageOrigin, PersonImage},
    ports::Images,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{
    DbError, SqlStore,
    statement::{BindId, ReadColumn, RunQuery, bind_picture, query, statements},
    writer::nobody,
};

statements! {
    INSERT = "INSERT INTO person_images
        (id, account_id, origin, external_user_id, expires_at, created_at, blob_key, width, height, size_bytes, sha256)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    FIND = "SELECT id, account_id, origin, external_user_id, expires_at, created_at,
        blob_key, width, height, size_bytes, sha256 FROM person_images WHERE id = $1";
}

/// Reads the stored name of an origin.
pub(crate) fn parse_origin(stored: &str) -> Result<ImageOrigin, DbError> {
    [ImageOrigin::Upload, ImageOrigin::Snapshot]
        .into_iter()
        .find(|origin| origin.as_str() == stored)
        .ok_or(DbError::Corrupt("image origin"))
}

fn read_image(row: &SqliteRow) -> Result<PersonImage, DbError> {
    Ok(PersonImage {
        id: ImageId::from_uuid(row.uuid("id")?),
        account: row.account()?,
        origin: parse_origin(row.column("origin")?)?,
        picture: row.picture()?,
        external_user_id: row.column("external_user_id")?,
        expires_at: row.time("expires_at")?,
        created_at: row.time("created_at")?,
    })
}

/// Writes the row of a picture.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    image: PersonImage,
) -> Result<(), DbError> {
    let statement = query(INSERT)
        .bind_id(image.id.as_uuid())
        .bind_id(image.account.as_uuid())
        .bind(image.origin.as_str())
        .bind(image.external_user_id)
        .bind(image.expires_at.as_micros())
        .bind(image.created_at.as_micros());
    bind_picture(statement, Some(&image.picture))
        .run(connection)
        .await?;
    Ok(())
}

#[async_trait]
impl Images for SqlStore {
    async fn insert(&self, image: PersonImage) -> Result<()> {
        self.writer()
            .try_run(nobody, move |connection| {
                Box::pin(async move { Ok(insert(connection, image).await?) })
            })
            .await
    }

    async fn find(&self, image: ImageId) -> Result<Option<PersonImage>> {
        let row = query(FIND)
            .bind_id(image.as_uuid())
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.as_ref().map(read_image).transpose()?)
    }
}
