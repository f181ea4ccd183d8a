//! The database as a whole: whether it works, and its few settings.

use async_trait::async_trait;
use drape_core::{
    Result,
    ports::{Database, WriteStats},
};

use super::{
    DbError, SqlStore,
    statement::{ReadColumn, RunQuery, query, statements},
};

statements! {
    PROBE_READ = "SELECT waiting FROM queue";
    PROBE_WRITE = "INSERT INTO settings (name, value) VALUES ('last_ping', x'00')
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    READ_SECRET = "SELECT value FROM settings WHERE name = 'signing_secret'";
    KEEP_SECRET = "INSERT INTO settings (name, value) VALUES ('signing_secret', $1) ON CONFLICT (name) DO NOTHING";
}

#[async_trait]
impl Database for SqlStore {
    fn write_stats(&self) -> WriteStats {
        self.writer().stats()
    }

    async fn ping(&self) -> Result<()> {
        query(PROBE_READ).first(&mut *self.reader().await?).await?;
        self.writer()
            .run(|connection| {
                Box::pin(async move {
                    // A real write: a full disk shows only here.
                    query(PROBE_WRITE).run(connection).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn signing_secret(&self, fresh: [u8; 32]) -> Result<[u8; 32]> {
        if let Some(row) = query(READ_SECRET).first(&mut *self.reader().await?).await? {
            return Ok(row.bytes32("value")?);
        }
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    // Another process may have been faster: its secret stays.
                    query(KEEP_SECRET)
                        .bind(fresh.to_vec())
                        .run(connection)
                        .await?;
                    let row = query(READ_SECRET).first(connection).await?;
                    let row = row.ok_or(DbError::Corrupt("signing secret"))?;
                    Ok(row.bytes32("value")?)
                })
            })
            .await
    }
}
