//! Generations, for reading.

use async_trait::async_trait;
use drape_core::{
    Result,
    engine::Steps,
    generation::{Generation, Status},
    ids::{AccountId, GenerationId},
    image::StoredPicture,
    page::{Page, PageRequest},
    ports::{ChangeWatch, Generations},
};
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{
    DbError, SqlStore,
    statement::{BindId, ReadColumn, RunQuery, query, statements},
};

macro_rules! generation_columns {
    () => {
        "id, account_id, status, product_external_id, product_title, product_description, engine,
        (SELECT engine FROM jobs WHERE generation_id = generations.id) AS working_engine,
        (SELECT steps_done FROM jobs WHERE generation_id = generations.id) AS steps_done,
        (SELECT steps_total FROM jobs WHERE generation_id = generations.id) AS steps_total,
        result_key AS blob_key, result_width AS width, result_height AS height, result_size_bytes AS size_bytes,
        result_sha256 AS sha256, result_expires_at, error_code, error_message, generation_time_ms,
        created_at, updated_at,
        CASE credits WHEN 1 THEN '[]' ELSE (
            SELECT json_group_array(outfit_items.product_external_id ORDER BY place) FROM outfit_items
            WHERE generation_id = generations.id) END AS more_products"
    };
}

pub(super) use generation_columns;

statements! {
    FIND = concat!("SELECT ", generation_columns!(), " FROM generations WHERE id = $1");
    FIND_MASK = "SELECT blob_key, width, height, size_bytes, sha256 FROM result_masks WHERE generation_id = $1";
    LIST = concat!(
        "SELECT ", generation_columns!(), " FROM generations WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    );
}

pub(super) fn read_generation(row: &SqliteRow) -> Result<Generation, DbError> {
    let working_engine: Option<String> = row.column("working_engine")?;
    let steps = match (
        row.optional_count("steps_done")?,
        row.optional_count("steps_total")?,
    ) {
        (Some(done), Some(total)) => Some(Steps { done, total }),
        _ => None,
    };
    Ok(Generation {
        id: GenerationId::from_uuid(row.uuid("id")?),
        account: row.account()?,
        status: Status::from_wire(row.column("status")?).ok_or(DbError::Corrupt("status"))?,
        product_external_id: external_id(row.column("product_external_id")?)?,
        more_products: more_products(row.column("more_products")?)?,
        product_title: row.column("product_title")?,
        product_description: row.column("product_description")?,
        engine: match working_engine {
            Some(working) => working,
            None => row.column("engine")?,
        },
        steps,
        result: row.optional_picture()?,
        result_expires_at: row.optional_time("result_expires_at")?,
        error_code: row.optional_code("error_code")?,
        error_message: row.column("error_message")?,
        generation_time_ms: row.optional_count("generation_time_ms")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Reads a list of external ids.
fn more_products(json: &str) -> Result<Vec<drape_core::product::ExternalId>, DbError> {
    let ids: Vec<String> =
        serde_json::from_str(json).map_err(|_| DbError::Corrupt("external ids"))?;
    ids.iter().map(|id| external_id(id)).collect()
}

/// Reads a stored external id.
pub(crate) fn external_id(stored: &str) -> Result<drape_core::product::ExternalId, DbError> {
    stored.parse().map_err(|_| DbError::Corrupt("external id"))
}

/// The id below which a page begins.
pub(crate) fn page_start(page: PageRequest) -> Uuid {
    page.after.map_or(Uuid::max(), |cursor| cursor.0)
}

/// Rows to read for a page: one more than asked for tells whether there is a next page.
pub(crate) fn page_rows(page: PageRequest) -> i64 {
    i64::from(page.limit) + 1
}

#[async_trait]
impl Generations for SqlStore {
    async fn find(&self, generation: GenerationId) -> Result<Option<Generation>> {
        let row = query(FIND)
            .bind_id(generation.as_uuid())
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.as_ref().map(read_generation).transpose()?)
    }

    async fn find_mask(&self, generation: GenerationId) -> Result<Option<StoredPicture>> {
        let row = query(FIND_MASK)
            .bind_id(generation.as_uuid())
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.map(|row| row.picture()).transpose()?)
    }

    async fn list(&self, account: AccountId, page: PageRequest) -> Result<Page<Generation>> {
        let rows = query(LIST)
            .bind_id(account.as_uuid())
            .bind_id(&page_start(page))
            .bind(page_rows(page))
            .rows(&mut *self.reader().await?)
            .await?;
        let items = rows
            .iter()
            .map(read_generation)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetched(items, page.limit, |generation| {
            *generation.id.as_uuid()
        }))
    }

    fn watch(&self, generation: GenerationId) -> Box<dyn ChangeWatch> {
        Box::new(self.inner.watches.watch(generation))
    }
}
