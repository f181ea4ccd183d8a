//! Keys of the admin API.

use async_trait::async_trait;
use drape_core::{
    Result,
    admin_key::{AdminKeyHash, AdminKeyInfo, NewAdminKey},
    ids::AdminKeyId,
    ports::AdminKeys,
    time::Timestamp,
};
use sqlx::sqlite::SqliteRow;

use super::{
    DbError, SqlStore,
    statement::{BindId, ReadColumn, RunQuery, query, statements},
};

statements! {
    INSERT = "INSERT INTO admin_keys (id, hash, label, created_at) VALUES ($1, $2, $3, $4)";
    FIND_BY_HASH = "SELECT id, label, created_at, revoked_at FROM admin_keys WHERE hash = $1 AND revoked_at IS NULL";
    LIST = "SELECT id, label, created_at, revoked_at FROM admin_keys ORDER BY id DESC";
    REVOKE = "UPDATE admin_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}

fn read_key(row: &SqliteRow) -> Result<AdminKeyInfo, DbError> {
    Ok(AdminKeyInfo {
        id: AdminKeyId::from_uuid(row.uuid("id")?),
        label: row.column("label")?,
        created_at: row.time("created_at")?,
        revoked_at: row.optional_time("revoked_at")?,
    })
}

#[async_trait]
impl AdminKeys for SqlStore {
    async fn create(&self, key: NewAdminKey) -> Result<()> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    query(INSERT)
                        .bind_id(key.id.as_uuid())
                        .bind(key.hash.0.to_vec())
                        .bind(key.label)
                        .bind(key.now.as_micros())
                        .run(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn find_by_hash(&self, hash: AdminKeyHash) -> Result<Option<AdminKeyInfo>> {
        let row = query(FIND_BY_HASH)
            .bind(hash.0.to_vec())
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.as_ref().map(read_key).transpose()?)
    }

    async fn list(&self) -> Result<Vec<AdminKeyInfo>> {
        let rows = query(LIST).rows(&mut *self.reader().await?).await?;
        Ok(rows.iter().map(read_key).collect::<Result<_, _>>()?)
    }

    async fn revoke(&self, key: AdminKeyId, now: Timestamp) -> Result<bool> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    let changed = query(REVOKE)
                        .bind_id(key.as_uuid())
                        .bind(now.as_micros())
                        .run(connection)
                        .await?;
                    Ok(changed == 1)
                })
            })
            .await
    }
}
