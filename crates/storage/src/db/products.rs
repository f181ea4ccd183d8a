//! Products and their pictures.

use std::time::Duration;

use async_trait::async_trait;
use drape_core::{
    Result,
    ids::{AccountId, ProductId},
    image::StoredPicture,
    page::{Page, PageRequest},
    ports::Products,
    product::{
        ExternalId, Product, ProductImage, ProductOrigin, ProductUpsert, UnfetchedImage, Upserted,
        apply_upsert,
    },
    time::Timestamp,
};
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{
    DbError, SqlStore,
    generations::{external_id, page_rows, page_start},
    statement::{BindId, ReadColumn, RunQuery, bind_picture, query, statements},
    writer::nobody,
};

/// Columns of a product joined with its pictures. The long texts come with the first picture only.
macro_rules! product_columns {
    () => {
        "products.id, account_id, external_id, origin, title,
        iif(COALESCE(ord, 0) = 0, description, NULL) AS description,
        iif(COALESCE(ord, 0) = 0, metadata, NULL) AS metadata,
        valid_for_days, expires_at, last_used_at, created_at, updated_at, image_revision,
        ord, source_url, classifications, blob_key, width, height, size_bytes, sha256"
    };
}

macro_rules! join_images {
    () => {
        " LEFT JOIN product_images ON product_id = products.id AND revision = image_revision "
    };
}

statements! {
    FIND_LIVING = concat!(
        "SELECT ", product_columns!(), " FROM products", join_images!(),
        "WHERE account_id = $1 AND external_id = $2 AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
        ORDER BY ord"
    );
    LIST = concat!(
        "SELECT ", product_columns!(), " FROM (
            SELECT * FROM products
            WHERE account_id = $1 AND id < $2 AND deleted_at IS NULL AND origin <> 'one_shot'
                AND (expires_at IS NULL OR expires_at > $3)
            ORDER BY id DESC LIMIT $4
        ) AS products", join_images!(), "ORDER BY products.id DESC, ord"
    );
    /// Frees the external id from an expired product and retires that product's pictures.
    BURY = "UPDATE product_images SET retired_at = $3 WHERE retired_at IS NULL AND product_id = (
            SELECT id FROM products WHERE account_id = $1 AND external_id = $2 AND deleted_at IS NULL);
        UPDATE products SET deleted_at = $3 WHERE account_id = $1 AND external_id = $2 AND deleted_at IS NULL";
    INSERT = "INSERT INTO products (id, account_id, external_id, origin, title, description, metadata, valid_for_days,
            expires_at, last_used_at, created_at, updated_at, image_revision)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    UPDATE = "UPDATE products SET origin = $4, title = $5, description = $6, metadata = $7, valid_for_days = $8,
            expires_at = $9, last_used_at = $10, updated_at = $12, image_revision = $13 WHERE id = $1";
    INSERT_IMAGE = "INSERT INTO product_images (product_id, revision, ord, source_url, classifications, next_fetch_at,
            blob_key, width, height, size_bytes, sha256)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    RETIRE_OLD_IMAGES = "UPDATE product_images SET retired_at = $3
        WHERE product_id = $1 AND revision < $2 AND retired_at IS NULL";
    DELETE = "UPDATE products SET deleted_at = $3
        WHERE account_id = $1 AND external_id = $2 AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
        RETURNING id";
    RETIRE_IMAGES = "UPDATE product_images SET retired_at = $2 WHERE product_id = $1 AND retired_at IS NULL";
    HAS_UNFETCHED = "SELECT 1 FROM product_images
        WHERE blob_key IS NULL AND retired_at IS NULL AND fetch_attempts < 3 AND next_fetch_at <= $1 LIMIT 1";
    CLAIM_UNFETCHED = "UPDATE product_images SET fetch_attempts = fetch_attempts + 1, next_fetch_at = $2
        WHERE (product_id, revision, ord) IN (
            SELECT product_id, revision, ord FROM product_images
            WHERE blob_key IS NULL AND retired_at IS NULL AND fetch_attempts < 3 AND next_fetch_at <= $1
            ORDER BY next_fetch_at LIMIT $3)
        RETURNING (SELECT account_id FROM products WHERE products.id = product_id) AS account_id,
            product_id, revision, ord, source_url";
    KEEP_FETCHED = "UPDATE product_images SET blob_key = $1, width = $2, height = $3, size_bytes = $4, sha256 = $5
        WHERE product_id = $6 AND revision = $7 AND ord = $8 AND blob_key IS NULL AND retired_at IS NULL";
}

/// Reads the picture in a row of a product joined with its pictures.
pub(crate) fn read_product_image(row: &SqliteRow) -> Result<Option<ProductImage>, DbError> {
    let Some(order) = row.optional_count("ord")? else {
        return Ok(None);
    };
    Ok(Some(ProductImage {
        order,
        source_url: row.column("source_url")?,
        classifications: parse_object(row.column("classifications")?)?,
        picture: row.optional_picture()?,
    }))
}

/// Reads products from rows that are sorted by product, then by picture.
fn read_products(rows: &[SqliteRow]) -> Result<Vec<Product>, DbError> {
    let mut products: Vec<Product> = Vec::new();
    for row in rows {
        let id = ProductId::from_uuid(row.uuid("id")?);
        let image = read_product_image(row)?;
        match products.last_mut() {
            Some(product) if product.id == id => product.images.extend(image),
            _ => {
                let mut product = read_product(row, id)?;
                product.images.extend(image);
                products.push(product);
            }
        }
    }
    Ok(products)
}

fn read_product(row: &SqliteRow, id: ProductId) -> Result<Product, DbError> {
    Ok(Product {
        id,
        account: row.account()?,
        external_id: external_id(row.column("external_id")?)?,
        origin: parse_origin(row.column("origin")?)?,
        title: row.column("title")?,
        description: row.column("description")?,
        metadata: row
            .column::<Option<&str>>("metadata")?
            .map(parse_object)
            .transpose()?,
        valid_for_days: row.optional_count("valid_for_days")?,
        expires_at: row.optional_time("expires_at")?,
        last_used_at: row.optional_time("last_used_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        image_revision: row.count("image_revision")?,
        images: Vec::new(),
    })
}

/// Reads the stored name of an origin.
pub(crate) fn parse_origin(stored: &str) -> Result<ProductOrigin, DbError> {
    [
        ProductOrigin::Inline,
        ProductOrigin::OneShot,
        ProductOrigin::Registered,
    ]
    .into_iter()
    .find(|origin| origin.as_str() == stored)
    .ok_or(DbError::Corrupt("product origin"))
}

fn parse_object(json: &str) -> Result<Map<String, Value>, DbError> {
    serde_json::from_str(json).map_err(|_| DbError::Corrupt("JSON object"))
}

fn print_object(object: Map<String, Value>) -> String {
    Value::Object(object).to_string()
}

/// Finds the living product of an external id, with its pictures.
pub(crate) async fn find_living(
    connection: &mut SqliteConnection,
    account: AccountId,
    external_id: &ExternalId,
    now: Timestamp,
) -> Result<Option<Product>, DbError> {
    let rows = query(FIND_LIVING)
        .bind_id(account.as_uuid())
        .bind(external_id.as_str())
        .bind(now.as_micros())
        .rows(connection)
        .await?;
    Ok(read_products(&rows)?.pop())
}

/// Writes a product as [`apply_upsert`] worked it out; `revision_before` is the one that was stored, if any.
pub(crate) async fn write_upserted(
    connection: &mut SqliteConnection,
    upserted: &Upserted,
    revision_before: Option<u32>,
) -> Result<(), DbError> {
    let product = &upserted.product;
    if upserted.is_new {
        query(BURY)
            .bind_id(product.account.as_uuid())
            .bind(product.external_id.as_str())
            .bind(product.updated_at.as_micros())
            .run(connection)
            .await?;
    }
    query(if upserted.is_new { INSERT } else { UPDATE })
        .bind_id(product.id.as_uuid())
        .bind_id(product.account.as_uuid())
        .bind(product.external_id.as_str())
        .bind(product.origin.as_str())
        .bind(product.title.clone())
        .bind(product.description.clone())
        .bind(product.metadata.clone().map(print_object))
        .bind(product.valid_for_days.map(i64::from))
        .bind(product.expires_at.map(Timestamp::as_micros))
        .bind(product.last_used_at.map(Timestamp::as_micros))
        .bind(product.created_at.as_micros())
        .bind(product.updated_at.as_micros())
        .bind(i64::from(product.image_revision))
        .run(connection)
        .await?;
    if revision_before == Some(product.image_revision) {
        return Ok(());
    }
    for image in &product.images {
        let statement = query(INSERT_IMAGE)
            .bind_id(product.id.as_uuid())
            .bind(i64::from(product.image_revision))
            .bind(i64::from(image.order))
            .bind(image.source_url.clone())
            .bind(print_object(image.classifications.clone()))
            .bind(product.updated_at.as_micros());
        bind_picture(statement, image.picture.as_ref())
            .run(connection)
            .await?;
    }
    if revision_before.is_some() {
        query(RETIRE_OLD_IMAGES)
            .bind_id(product.id.as_uuid())
            .bind(i64::from(product.image_revision))
            .bind(product.updated_at.as_micros())
            .run(connection)
            .await?;
    }
    Ok(())
}

async fn upsert(
    connection: &mut SqliteConnection,
    account: AccountId,
    id: ProductId,
    upsert: ProductUpsert,
    now: Timestamp,
) -> Result<Upserted> {
    let stored = find_living(connection, account, &upsert.external_id, now).await?;
    let revision_before = stored.as_ref().map(|product| product.image_revision);
    let upserted = apply_upsert(stored, account, id, upsert, now)?;
    write_upserted(connection, &upserted, revision_before).await?;
    Ok(upserted)
}

async fn delete(
    connection: &mut SqliteConnection,
    account: AccountId,
    external_id: &ExternalId,
    now: Timestamp,
) -> Result<bool> {
    let deleted = query(DELETE)
        .bind_id(account.as_uuid())
        .bind(external_id.as_str())
        .bind(now.as_micros())
        .first(connection)
        .await?;
    let Some(row) = deleted else {
        return Ok(false);
    };
    query(RETIRE_IMAGES)
        .bind_id(&row.uuid("id")?)
        .bind(now.as_micros())
        .run(connection)
        .await?;
    Ok(true)
}

fn read_unfetched(row: &SqliteRow) -> Result<UnfetchedImage, DbError> {
    Ok(UnfetchedImage {
        account: row.account()?,
        product: ProductId::from_uuid(row.uuid("product_id")?),
        revision: row.count("revision")?,
        order: row.count("ord")?,
        url: row.column("source_url")?,
    })
}

async fn claim_unfetched(
    connection: &mut SqliteConnection,
    limit: u32,
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<UnfetchedImage>> {
    let rows = query(CLAIM_UNFETCHED)
        .bind(now.as_micros())
        .bind(until.as_micros())
        .bind(i64::from(limit))
        .rows(connection)
        .await?;
    Ok(rows.iter().map(read_unfetched).collect::<Result<_, _>>()?)
}

#[async_trait]
impl Products for SqlStore {
    async fn upsert(
        &self,
        account: AccountId,
        id: ProductId,
        changes: ProductUpsert,
        now: Timestamp,
    ) -> Result<Upserted> {
        self.writer()
            .try_run(nobody, move |connection| {
                Box::pin(upsert(connection, account, id, changes, now))
            })
            .await
    }

    async fn find(
        &self,
        account: AccountId,
        external_id: &ExternalId,
        now: Timestamp,
    ) -> Result<Option<Product>> {
        Ok(find_living(&mut *self.reader().await?, account, external_id, now).await?)
    }

    async fn list(
        &self,
        account: AccountId,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<Product>> {
        let rows = query(LIST)
            .bind_id(account.as_uuid())
            .bind_id(&page_start(page))
            .bind(now.as_micros())
            .bind(page_rows(page))
            .rows(&mut *self.reader().await?)
            .await?;
        Ok(Page::from_overfetched(
            read_products(&rows)?,
            page.limit,
            |product| *product.id.as_uuid(),
        ))
    }

    async fn delete(
        &self,
        account: AccountId,
        external_id: &ExternalId,
        now: Timestamp,
    ) -> Result<bool> {
        let external_id = external_id.clone();
        self.writer()
            .run(move |connection| {
                Box::pin(async move { delete(connection, account, &external_id, now).await })
            })
            .await
    }

    async fn claim_unfetched(
        &self,
        limit: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<UnfetchedImage>> {
        // Asked for often, rarely with an answer: look without taking the write lock.
        let waiting = query(HAS_UNFETCHED)
            .bind(now.as_micros())
            .first(&mut *self.reader().await?)
            .await?;
        if waiting.is_none() {
            return Ok(Vec::new());
        }
        let until = now.plus(lease);
        self.writer()
            .run(move |connection| Box::pin(claim_unfetched(connection, limit, until, now)))
            .await
    }

    async fn keep_fetched(&self, image: &UnfetchedImage, picture: StoredPicture) -> Result<bool> {
        let (product, revision, order) = (image.product, image.revision, image.order);
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    let kept = bind_picture(query(KEEP_FETCHED), Some(&picture))
                        .bind_id(product.as_uuid())
                        .bind(i64::from(revision))
                        .bind(i64::from(order))
                        .run(connection)
                        .await?;
                    Ok(kept == 1)
                })
            })
            .await
    }
}
