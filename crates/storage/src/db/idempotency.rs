//! Keys that make a repeated request harmless.

use async_trait::async_trait;
use drape_core::{
    Result,
    idempotency::{KEPT_FOR, KeyState, KeyUse, StoredAnswer, Ticket, in_use},
    ids::GenerationId,
    ports::Idempotency,
    time::Timestamp,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{
    DbError, SqlStore,
    statement::{BindId, Query, ReadColumn, RunQuery, db_now, query, statements},
    writer::nobody,
};

statements! {
    FIND = concat!(
        "SELECT fingerprint, generation_id, status, body, created_at, locked_until > ", db_now!(), " AS is_locked
        FROM idempotency_keys WHERE account_id = $1 AND key = $2"
    );
    /// Also in place of a key that has had its time.
    TAKE = concat!(
        "INSERT OR REPLACE INTO idempotency_keys (account_id, key, holder, fingerprint, locked_until, created_at)
        VALUES ($1, $2, $3, $4, ", db_now!(), " + $5, $6)"
    );
    TAKE_OVER = concat!(
        "UPDATE idempotency_keys SET holder = $3, locked_until = ", db_now!(), " + $4 WHERE account_id = $1 AND key = $2"
    );
    ATTACH = "UPDATE idempotency_keys SET generation_id = $4, completed_at = $5
        WHERE account_id = $1 AND key = $2 AND holder = $3 AND generation_id IS NULL AND status IS NULL";
    COMPLETE = "UPDATE idempotency_keys SET status = $4, body = $5, completed_at = $6
        WHERE account_id = $1 AND key = $2 AND holder = $3 AND generation_id IS NULL AND status IS NULL";
    ABANDON = "DELETE FROM idempotency_keys
        WHERE account_id = $1 AND key = $2 AND holder = $3 AND generation_id IS NULL AND status IS NULL";
    FORGET_OLD = "DELETE FROM idempotency_keys WHERE (account_id, key) IN (
        SELECT account_id, key FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2)";
}

/// A key as stored.
struct StoredKey {
    fingerprint: [u8; 32],
    outcome: Option<KeyState>,
    is_locked: bool,
    created_at: Timestamp,
}

fn read_key(row: &SqliteRow) -> Result<StoredKey, DbError> {
    let outcome = match (
        row.optional_uuid("generation_id")?,
        row.optional_count("status")?,
    ) {
        (Some(id), _) => Some(KeyState::Queued(GenerationId::from_uuid(id))),
        (None, Some(status)) => Some(KeyState::Answered(StoredAnswer {
            status,
            body: row.column("body")?,
        })),
        (None, None) => None,
    };
    Ok(StoredKey {
        fingerprint: row.bytes32("fingerprint")?,
        outcome,
        is_locked: row.column("is_locked")?,
        created_at: row.time("created_at")?,
    })
}

/// Begins a query about a key: account, key.
fn about<'q>(sql: &'static str, ticket: &Ticket) -> Query<'q> {
    query(sql)
        .bind_id(ticket.account.as_uuid())
        .bind(ticket.key.as_str().to_owned())
}

async fn begin(connection: &mut SqliteConnection, usage: KeyUse) -> Result<KeyState, DbError> {
    let ticket = &usage.ticket;
    let held_us = i64::try_from(usage.held_for.as_micros()).unwrap_or(i64::MAX / 2);
    let row = about(FIND, ticket).first(connection).await?;
    let stored = row.as_ref().map(read_key).transpose()?;
    let remembered = stored.filter(|key| key.created_at > usage.now.minus(KEPT_FOR));
    let Some(stored) = remembered else {
        about(TAKE, ticket)
            .bind_id(&ticket.holder)
            .bind(usage.fingerprint.to_vec())
            .bind(held_us)
            .bind(usage.now.as_micros())
            .run(connection)
            .await?;
        return Ok(KeyState::Taken);
    };
    if stored.fingerprint != usage.fingerprint {
        return Ok(KeyState::Reused);
    }
    if let Some(outcome) = stored.outcome {
        return Ok(outcome);
    }
    if stored.is_locked {
        return Ok(KeyState::Running);
    }
    about(TAKE_OVER, ticket)
        .bind_id(&ticket.holder)
        .bind(held_us)
        .run(connection)
        .await?;
    Ok(KeyState::Taken)
}

/// Writes a generation onto the key that its request holds; `IDEMPOTENCY_KEY_IN_USE` when another request has it.
pub(crate) async fn attach(
    connection: &mut SqliteConnection,
    ticket: &Ticket,
    generation: GenerationId,
    now: Timestamp,
) -> Result<()> {
    let attached = about(ATTACH, ticket)
        .bind_id(&ticket.holder)
        .bind_id(generation.as_uuid())
        .bind(now.as_micros())
        .run(connection)
        .await?;
    if attached == 1 { Ok(()) } else { Err(in_use()) }
}

#[async_trait]
impl Idempotency for SqlStore {
    async fn begin(&self, usage: KeyUse) -> Result<KeyState> {
        self.writer()
            .try_run(nobody, move |connection| {
                Box::pin(async move { Ok(begin(connection, usage).await?) })
            })
            .await
    }

    async fn complete(&self, ticket: &Ticket, answer: StoredAnswer, now: Timestamp) -> Result<()> {
        let ticket = ticket.clone();
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    about(COMPLETE, &ticket)
                        .bind_id(&ticket.holder)
                        .bind(i64::from(answer.status))
                        .bind(answer.body)
                        .bind(now.as_micros())
                        .run(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn abandon(&self, ticket: &Ticket) -> Result<()> {
        let ticket = ticket.clone();
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    about(ABANDON, &ticket)
                        .bind_id(&ticket.holder)
                        .run(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn forget_old(&self, until: Timestamp, limit: u32) -> Result<u64> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    let forgotten = query(FORGET_OLD)
                        .bind(until.as_micros())
                        .bind(i64::from(limit))
                        .run(connection)
                        .await?;
                    Ok(forgotten)
                })
            })
            .await
    }
}
