//! Credits: an append-only ledger, and the balance that is always its sum.

use std::sync::Arc;

use async_trait::async_trait;
use drape_core::{
    Code, Error, Result,
    account::{EntryKind, LedgerEntry, LedgerTotals},
    ids::{AccountId, EntryId, GenerationId},
    ports::Ledger,
    time::Timestamp,
};
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use uuid::Uuid;

use super::{
    DbError, SqlStore,
    statement::{BindId, ReadColumn, RunQuery, query, statements},
    webhooks::outbox::{self, Written},
};

statements! {
    BALANCE = "SELECT balance FROM accounts WHERE id = $1";
    LOW_AT = "SELECT credits_low_at FROM accounts WHERE id = $1";
    GRANT = "UPDATE accounts SET balance = balance + $2 WHERE id = $1;
        INSERT INTO ledger_entries (id, account_id, kind, amount, note, created_at) VALUES ($3, $1, 'grant', $2, $4, $5)";
    ENTRIES = "SELECT id, kind, amount, generation_id, note, created_at FROM ledger_entries
        WHERE account_id = $1 ORDER BY seq DESC LIMIT $2";
    NEWEST = "SELECT COALESCE(MAX(seq), 0) AS last_seq FROM ledger_entries";
    TOTALS = "SELECT COALESCE(MAX(seq), $1) AS last_seq,
            COALESCE(SUM(amount) FILTER (WHERE kind = 'grant' AND amount > 0), 0) AS granted,
            COALESCE(-SUM(amount) FILTER (WHERE kind = 'grant' AND amount < 0), 0) AS taken_back,
            COALESCE(-SUM(amount) FILTER (WHERE kind = 'hold'), 0) AS held,
            COALESCE(SUM((SELECT credits FROM generations WHERE generations.id = generation_id))
                FILTER (WHERE kind = 'capture'), 0) AS captured,
            COALESCE(SUM(amount) FILTER (WHERE kind = 'release'), 0) AS released
        FROM ledger_entries WHERE seq > $1";
    INCONSISTENT = "SELECT accounts.id AS account_id FROM accounts
        WHERE balance <> (SELECT COALESCE(SUM(amount), 0) FROM ledger_entries WHERE account_id = accounts.id)
        ORDER BY accounts.id";
}

/// Makes the id of an entry that nobody brought an id for: a `UUIDv7` of this moment, its random part a hash of what
/// the entry is about. A generation has at most one entry of a kind, so these ids differ.
pub(crate) fn entry_id(kind: EntryKind, about: &Uuid, now: Timestamp) -> Uuid {
    let digest = Sha256::new()
        .chain_update(kind.as_str())
        .chain_update(about.as_bytes())
        .finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

async fn read_balance(
    connection: &mut SqliteConnection,
    account: AccountId,
) -> Result<i64, DbError> {
    let row = query(BALANCE)
        .bind_id(account.as_uuid())
        .first(connection)
        .await?;
    row.ok_or(DbError::Corrupt("account"))?.column("balance")
}

pub(super) fn read_entry(row: &SqliteRow) -> Result<LedgerEntry, DbError> {
    let kind = row.column::<&str>("kind")?;
    let kind = [
        EntryKind::Grant,
        EntryKind::Hold,
        EntryKind::Capture,
        EntryKind::Release,
    ]
    .into_iter()
    .find(|known| known.as_str() == kind)
    .ok_or(DbError::Corrupt("ledger entry"))?;
    Ok(LedgerEntry {
        id: EntryId::from_uuid(row.uuid("id")?),
        kind,
        amount: row.column("amount")?,
        generation: row
            .optional_uuid("generation_id")?
            .map(GenerationId::from_uuid),
        note: row.column("note")?,
        created_at: row.time("created_at")?,
    })
}

#[async_trait]
impl Ledger for SqlStore {
    async fn grant(
        &self,
        account: AccountId,
        entry: EntryId,
        amount: i64,
        note: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let note = note.to_owned();
        let messages = Arc::clone(&self.inner.messages);
        let announce = move |(_, written): &(i64, Written)| written.announce(&messages);
        let (after, _) = self
            .writer()
            .run_and(announce, move |connection| {
                Box::pin(async move {
                    let balance = read_balance(connection, account).await?;
                    let after = balance.checked_add(amount).ok_or_else(|| {
                        Error::invalid_field("amount", "The balance would become too large")
                    })?;
                    if after < 0 {
                        return Err(Error::new(
                            Code::InsufficientCredits,
                            format!("The account has only {balance} credit(s) to take back."),
                        ));
                    }
                    query(GRANT)
                        .bind_id(account.as_uuid())
                        .bind(amount)
                        .bind_id(entry.as_uuid())
                        .bind(note)
                        .bind(now.as_micros())
                        .run(connection)
                        .await?;
                    let written = if amount < 0 {
                        let low_at = query(LOW_AT)
                            .bind_id(account.as_uuid())
                            .first(connection)
                            .await?
                            .ok_or(DbError::Corrupt("account"))?
                            .column("credits_low_at")?;
                        let (balances, about) = ((balance, after), entry.as_uuid());
                        outbox::write_credits_low(connection, account, balances, low_at, about, now)
                            .await?
                    } else {
                        Written::default()
                    };
                    Ok((after, written))
                })
            })
            .await?;
        Ok(after)
    }

    async fn balance(&self, account: AccountId) -> Result<i64> {
        Ok(read_balance(&mut *self.reader().await?, account).await?)
    }

    async fn entries(&self, account: AccountId, limit: u32) -> Result<Vec<LedgerEntry>> {
        let rows = query(ENTRIES)
            .bind_id(account.as_uuid())
            .bind(i64::from(limit))
            .rows(&mut *self.reader().await?)
            .await?;
        Ok(rows.iter().map(read_entry).collect::<Result<_, _>>()?)
    }

    async fn totals(&self, after_seq: Option<u64>) -> Result<LedgerTotals> {
        let mut reader = self.reader().await?;
        let Some(after_seq) = after_seq else {
            let row = query(NEWEST).first(&mut reader).await?;
            let last_seq = row.map_or(Ok(0), |row| row.count("last_seq"))?;
            return Ok(LedgerTotals {
                last_seq,
                ..LedgerTotals::default()
            });
        };
        let row = query(TOTALS)
            .bind(after_seq as i64)
            .first(&mut reader)
            .await?;
        let row = row.ok_or(DbError::Corrupt("ledger"))?;
        Ok(LedgerTotals {
            last_seq: row.count("last_seq")?,
            granted: row.count("granted")?,
            taken_back: row.count("taken_back")?,
            held: row.count("held")?,
            captured: row.count("captured")?,
            released: row.count("released")?,
        })
    }

    async fn inconsistent_accounts(&self) -> Result<Vec<AccountId>> {
        let rows = query(INCONSISTENT).rows(&mut *self.reader().await?).await?;
        Ok(rows
            .iter()
            .map(ReadColumn::account)
            .collect::<Result<_, _>>()?)
    }
}
