//! Erasing customers.

use std::sync::Arc;

use async_trait::async_trait;
use drape_core::{
    Result,
    erase::{CustomerId, Erasure},
    generation::ExpiredBlob,
    ids::{AccountId, GenerationId},
    image::BlobKey,
    ports::Customers,
    time::Timestamp,
};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteConnection;

use super::{
    DbError, SqlStore, jobs,
    retention::read_erased,
    statement::{BindId, ReadColumn, RunQuery, query, statements},
    webhooks::outbox::Written,
};

/// Ids of the pictures that bear the customer's name.
macro_rules! pictures_of_customer {
    () => {
        "(SELECT id FROM person_images WHERE account_id = $1 AND external_user_id = $2)"
    };
}

statements! {
    /// Puts the customer's name on everything that is the customer's without saying so; then one name finds it all.
    CLAIM = concat!(
        // Whatever was made from a named picture shows that customer.
        "UPDATE generations SET external_user_id = $2
            WHERE account_id = $1 AND person_image_id IN ", pictures_of_customer!(), ";
        UPDATE person_images SET external_user_id = $2
            WHERE account_id = $1 AND external_user_id IS NULL AND id IN (
                SELECT person_image_id FROM generations WHERE account_id = $1 AND external_user_id = $2);
        UPDATE generations SET external_user_id = $2
            WHERE account_id = $1 AND (external_user_id IS NULL OR status IN ('PENDING', 'PROCESSING'))
                AND person_image_id IN ", pictures_of_customer!()
    );
    UNFINISHED = "SELECT id FROM generations
        WHERE account_id = $1 AND external_user_id = $2 AND status IN ('PENDING', 'PROCESSING') ORDER BY id";
    PERSONS = "SELECT sha256 FROM person_images WHERE account_id = $1 AND external_user_id = $2";
    LIST_FILES = "INSERT INTO erased_blobs (account_id, customer, blob_key)
            SELECT account_id, $3, blob_key FROM person_images WHERE account_id = $1 AND external_user_id = $2;
        INSERT INTO erased_blobs (account_id, customer, blob_key)
            SELECT account_id, $3, result_key FROM generations
            WHERE account_id = $1 AND external_user_id = $2 AND result_key IS NOT NULL";
    LIST_MASKS = "INSERT INTO erased_blobs (account_id, customer, blob_key)
            SELECT account_id, $3, blob_key FROM result_masks JOIN generations ON id = generation_id
            WHERE account_id = $1 AND external_user_id = $2;
        DELETE FROM result_masks WHERE generation_id IN (
            SELECT id FROM generations WHERE account_id = $1 AND external_user_id = $2)";
    FORGET_PERSONS = "DELETE FROM person_images WHERE account_id = $1 AND external_user_id = $2";
    FORGET_NAME = "UPDATE generations SET external_user_id = NULL, result_key = NULL, result_width = NULL,
            result_height = NULL, result_size_bytes = NULL, result_sha256 = NULL,
            result_expires_at = MIN(result_expires_at, $3)
        WHERE account_id = $1 AND external_user_id = $2";
    FILES_LEFT = "SELECT blob_key FROM erased_blobs WHERE account_id = $1 AND customer = $2 AND blob_key > $3
        ORDER BY blob_key LIMIT $4";
}

/// What is kept of a name until the last file is gone.
fn digest(account: AccountId, customer: &CustomerId) -> Vec<u8> {
    Sha256::new()
        .chain_update(account.as_uuid().as_bytes())
        .chain_update(customer.as_str())
        .finalize()
        .to_vec()
}

async fn erase(
    connection: &mut SqliteConnection,
    account: AccountId,
    customer: CustomerId,
    now: Timestamp,
) -> Result<(Erasure, Written)> {
    let of_customer = |sql: &'static str| {
        query(sql)
            .bind_id(account.as_uuid())
            .bind(customer.as_str().to_owned())
    };
    of_customer(CLAIM).run(connection).await?;
    let mut cancelled = Vec::new();
    let mut written = Written::default();
    for row in of_customer(UNFINISHED).rows(connection).await? {
        let generation = GenerationId::from_uuid(row.uuid("id")?);
        let (is_cancelled, told) = jobs::cancel(connection, generation, now).await?;
        written += told;
        if is_cancelled {
            cancelled.push(generation);
        }
    }
    let persons = of_customer(PERSONS).rows(connection).await?;
    let person_sha256s: Vec<[u8; 32]> = persons
        .iter()
        .map(|row| row.bytes32("sha256"))
        .collect::<Result<_, DbError>>()?;
    let files = of_customer(LIST_FILES)
        .bind(digest(account, &customer))
        .run(connection)
        .await?;
    of_customer(LIST_MASKS)
        .bind(digest(account, &customer))
        .run(connection)
        .await?;
    of_customer(FORGET_PERSONS).run(connection).await?;
    let generations = of_customer(FORGET_NAME)
        .bind(now.as_micros())
        .run(connection)
        .await?;
    let erasure = Erasure {
        results: files - person_sha256s.len() as u64,
        person_sha256s,
        cancelled,
        generations,
    };
    Ok((erasure, written))
}

#[async_trait]
impl Customers for SqlStore {
    async fn erase(
        &self,
        account: AccountId,
        customer: &CustomerId,
        now: Timestamp,
    ) -> Result<Erasure> {
        let customer = customer.clone();
        let watches = Arc::clone(&self.inner.watches);
        let messages = Arc::clone(&self.inner.messages);
        let (erasure, _) = self
            .writer()
            .run_and(
                move |(erasure, written): &(Erasure, Written)| {
                    for generation in &erasure.cancelled {
                        watches.tell(*generation);
                    }
                    written.announce(&messages);
                },
                move |connection| Box::pin(erase(connection, account, customer, now)),
            )
            .await?;
        if erasure != Erasure::default()
            && let Err(error) = self.empty_log().await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "old copies of erased rows stay in the write-ahead log until it is overwritten"
            );
        }
        Ok(erasure)
    }

    async fn erased_blobs(
        &self,
        account: AccountId,
        customer: &CustomerId,
        after: Option<&BlobKey>,
        limit: u32,
    ) -> Result<Vec<ExpiredBlob>> {
        let rows = query(FILES_LEFT)
            .bind_id(account.as_uuid())
            .bind(digest(account, customer))
            .bind(after.map_or("", BlobKey::as_str).to_owned())
            .bind(i64::from(limit))
            .rows(&mut *self.reader().await?)
            .await?;
        Ok(rows.iter().map(read_erased).collect::<Result<_, _>>()?)
    }
}
