//! What retention has ended, and what no row knows.

use async_trait::async_trait;
use drape_core::{
    Result,
    generation::{BlobHolder, ExpiredBlob},
    ids::{GenerationId, ImageId, ProductId},
    image::BlobKey,
    ports::Retention,
    time::Timestamp,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{
    DbError, SqlStore,
    statement::{BindId, ReadColumn, RunQuery, query, statements},
};

/// Rows without files that one call clears away; the next call takes the rest.
const TIDY_LIMIT: i64 = 500;

/// Pictures of persons that unfinished generations need.
macro_rules! persons_in_use {
    () => {
        "(SELECT person_image_id FROM jobs JOIN generations ON generations.id = generation_id)"
    };
}

/// Revisions of products' pictures that unfinished generations need. `CROSS JOIN` keeps the order: the jobs are few.
macro_rules! revisions_in_use {
    () => {
        "(SELECT generations.product_id, generations.image_revision
            FROM jobs JOIN generations ON generations.id = generation_id
            UNION ALL
            SELECT outfit_items.product_id, outfit_items.image_revision
            FROM jobs CROSS JOIN outfit_items ON outfit_items.generation_id = jobs.generation_id)"
    };
}

statements! {
    EXPIRED_PERSONS = concat!(
        "SELECT id, blob_key FROM person_images WHERE expires_at <= $1 AND id NOT IN ", persons_in_use!(),
        " ORDER BY expires_at LIMIT $2"
    );
    EXPIRED_RESULTS = "SELECT id, result_key AS blob_key FROM generations
        WHERE result_key IS NOT NULL AND result_expires_at <= $1 ORDER BY result_expires_at LIMIT $2";
    EXPIRED_MASKS = "SELECT generation_id, blob_key FROM result_masks
        WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";
    EXPIRED_PRODUCT_IMAGES = concat!(
        "SELECT product_id, revision, ord, blob_key FROM product_images
        WHERE retired_at IS NOT NULL AND blob_key IS NOT NULL
            AND (product_id, revision) NOT IN ", revisions_in_use!(),
        " UNION ALL
        SELECT product_id, revision, ord, blob_key FROM products
            JOIN product_images ON product_id = products.id AND retired_at IS NULL AND blob_key IS NOT NULL
        WHERE deleted_at IS NULL AND expires_at <= $1 AND (product_id, revision) NOT IN ", revisions_in_use!(),
        " LIMIT $2"
    );
    ERASED = "SELECT blob_key FROM erased_blobs ORDER BY blob_key LIMIT $1";
    FORGET_PERSON = "DELETE FROM person_images WHERE id = $1 AND blob_key = $2";
    FORGET_RESULT = "UPDATE generations SET result_key = NULL, result_width = NULL, result_height = NULL,
        result_size_bytes = NULL, result_sha256 = NULL WHERE id = $1 AND result_key = $2";
    FORGET_MASK = "DELETE FROM result_masks WHERE generation_id = $1 AND blob_key = $2";
    FORGET_PRODUCT_IMAGE = "DELETE FROM product_images
        WHERE product_id = $1 AND revision = $3 AND ord = $4 AND blob_key = $2";
    FORGET_ERASED = "DELETE FROM erased_blobs WHERE blob_key = $1";
    /// Expired products become deleted ones, so that what follows has one case only.
    BURY_EXPIRED = "UPDATE product_images SET retired_at = $1 WHERE retired_at IS NULL AND product_id IN (
            SELECT id FROM products WHERE deleted_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2);
        UPDATE products SET deleted_at = $1 WHERE id IN (
            SELECT id FROM products WHERE deleted_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    TIDY_IMAGES = concat!(
        "DELETE FROM product_images WHERE (product_id, revision, ord) IN (
            SELECT product_id, revision, ord FROM product_images
            WHERE retired_at IS NOT NULL AND blob_key IS NULL
                AND (product_id, revision) NOT IN ", revisions_in_use!(),
        " LIMIT $1)"
    );
    TIDY_PRODUCTS = "DELETE FROM products WHERE id IN (
        SELECT id FROM products WHERE deleted_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM product_images WHERE product_id = products.id) LIMIT $1)";
    HELD = "SELECT blob_key FROM (
            SELECT blob_key FROM person_images WHERE blob_key > $2 AND expires_at > $1
            UNION ALL
            SELECT blob_key FROM product_images
            WHERE blob_key > $2 AND blob_key IS NOT NULL AND retired_at IS NULL AND EXISTS (
                SELECT 1 FROM products WHERE products.id = product_id AND deleted_at IS NULL
                    AND (products.expires_at IS NULL OR products.expires_at > $1))
            UNION ALL
            SELECT result_key FROM generations
            WHERE result_key > $2 AND result_key IS NOT NULL AND result_expires_at > $1
            UNION ALL
            SELECT blob_key FROM result_masks WHERE blob_key > $2 AND expires_at > $1
        ) ORDER BY blob_key LIMIT $3";
    UNKNOWN = "SELECT value AS blob_key FROM json_each($1)
        WHERE NOT EXISTS (SELECT 1 FROM person_images WHERE blob_key = value)
            AND NOT EXISTS (SELECT 1 FROM erased_blobs WHERE blob_key = value)
            AND NOT EXISTS (SELECT 1 FROM product_images WHERE blob_key = value AND blob_key IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM result_masks WHERE blob_key = value)
            AND NOT EXISTS (SELECT 1 FROM generations WHERE result_key = value AND result_key IS NOT NULL)";
}

/// Reads which row holds a blob.
type ReadHolder = fn(&SqliteRow) -> Result<BlobHolder, DbError>;

async fn expired(
    connection: &mut SqliteConnection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<ExpiredBlob>, DbError> {
    let readers: [(&'static str, ReadHolder); 4] = [
        (EXPIRED_PERSONS, |row| {
            let id = ImageId::from_uuid(row.uuid("id")?);
            Ok(BlobHolder::PersonImage(id))
        }),
        (EXPIRED_RESULTS, |row| {
            let id = GenerationId::from_uuid(row.uuid("id")?);
            Ok(BlobHolder::Result(id))
        }),
        (EXPIRED_MASKS, |row| {
            let id = GenerationId::from_uuid(row.uuid("generation_id")?);
            Ok(BlobHolder::Mask(id))
        }),
        (EXPIRED_PRODUCT_IMAGES, |row| {
            let product = ProductId::from_uuid(row.uuid("product_id")?);
            let (revision, order) = (row.count("revision")?, row.count("ord")?);
            Ok(BlobHolder::ProductImage(product, revision, order))
        }),
    ];
    let limit = limit as usize;
    // Erased customers first: somebody asked for it.
    let erased = query(ERASED).bind(limit as i64).rows(connection).await?;
    let mut found = erased
        .iter()
        .map(read_erased)
        .collect::<Result<Vec<_>, _>>()?;
    for (statement, holder) in readers {
        let rows = query(statement)
            .bind(now.as_micros())
            .bind((limit - found.len()) as i64)
            .rows(connection)
            .await?;
        for row in &rows {
            found.push(ExpiredBlob {
                key: row.blob_key()?,
                holder: holder(row)?,
            });
        }
        if found.len() == limit {
            break;
        }
    }
    Ok(found)
}

/// Reads a file of an erased customer.
pub(crate) fn read_erased(row: &SqliteRow) -> Result<ExpiredBlob, DbError> {
    Ok(ExpiredBlob {
        key: row.blob_key()?,
        holder: BlobHolder::Erased,
    })
}

async fn forget(
    connection: &mut SqliteConnection,
    blobs: Vec<ExpiredBlob>,
    now: Timestamp,
) -> Result<(), DbError> {
    for blob in blobs {
        let key = blob.key.as_str().to_owned();
        let statement = match blob.holder {
            BlobHolder::PersonImage(id) => query(FORGET_PERSON).bind_id(id.as_uuid()).bind(key),
            BlobHolder::Result(id) => query(FORGET_RESULT).bind_id(id.as_uuid()).bind(key),
            BlobHolder::Mask(id) => query(FORGET_MASK).bind_id(id.as_uuid()).bind(key),
            BlobHolder::ProductImage(id, revision, order) => query(FORGET_PRODUCT_IMAGE)
                .bind_id(id.as_uuid())
                .bind(key)
                .bind(i64::from(revision))
                .bind(i64::from(order)),
            BlobHolder::Erased => query(FORGET_ERASED).bind(key),
        };
        statement.run(connection).await?;
    }
    query(BURY_EXPIRED)
        .bind(now.as_micros())
        .bind(TIDY_LIMIT)
        .run(connection)
        .await?;
    for statement in [TIDY_IMAGES, TIDY_PRODUCTS] {
        query(statement).bind(TIDY_LIMIT).run(connection).await?;
    }
    Ok(())
}

#[async_trait]
impl Retention for SqlStore {
    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<ExpiredBlob>> {
        Ok(expired(&mut *self.reader().await?, now, limit).await?)
    }

    async fn forget(&self, blobs: &[ExpiredBlob], now: Timestamp) -> Result<()> {
        let blobs = blobs.to_vec();
        self.writer()
            .run(move |connection| {
                Box::pin(async move { Ok(forget(connection, blobs, now).await?) })
            })
            .await
    }

    async fn held(
        &self,
        now: Timestamp,
        after: Option<&BlobKey>,
        limit: u32,
    ) -> Result<Vec<BlobKey>> {
        let rows = query(HELD)
            .bind(now.as_micros())
            .bind(after.map_or("", BlobKey::as_str).to_owned())
            .bind(i64::from(limit))
            .rows(&mut *self.reader().await?)
            .await?;
        Ok(rows
            .iter()
            .map(ReadColumn::blob_key)
            .collect::<Result<_, _>>()?)
    }

    async fn unknown(&self, keys: &[BlobKey]) -> Result<Vec<BlobKey>> {
        let keys: Vec<&str> = keys.iter().map(BlobKey::as_str).collect();
        let rows = query(UNKNOWN)
            .bind(serde_json::Value::from(keys).to_string())
            .rows(&mut *self.reader().await?)
            .await?;
        Ok(rows
            .iter()
            .map(ReadColumn::blob_key)
            .collect::<Result<_, _>>()?)
    }
}
