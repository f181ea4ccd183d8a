//! Writing messages in the transactions that make events happen.

use drape_core::{
    ids::{AccountId, DeliveryId, EndpointId, GenerationId},
    time::Timestamp,
    webhook::{Event, Occurrence},
};
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::db::{
    DbError,
    statement::{BindId, ReadColumn, RunQuery, query, statements},
};

/// Selects the endpoints that want an event: `$account` is an expression for the account, `$event` the event's name.
///
/// Part of the statements that end a job, so that an account without endpoints pays one look into an index.
macro_rules! endpoints_wanting {
    ($account:literal, $event:literal) => {
        concat!(
            "SELECT id AS endpoint_id, account_id FROM webhook_endpoints WHERE account_id = ",
            $account,
            " AND deleted_at IS NULL AND is_active = 1 AND instr(events, ',",
            $event,
            ",') > 0 ORDER BY id"
        )
    };
}
pub(crate) use endpoints_wanting;

statements! {
    WANT_CREDITS_LOW = endpoints_wanting!("$1", "credits.low");
    INSERT = "INSERT INTO webhook_deliveries (id, endpoint_id, account_id, event, generation_id, credit_balance,
            credits_low_at, state, next_attempt_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $8)";
}

/// How many messages a command has written. After its commit the senders are told, unless it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub(crate) struct Written(pub(crate) usize);

impl Written {
    /// Wakes those who send webhooks. Only after the commit: before it there is nothing to find.
    pub(crate) fn announce(self, messages: &Notify) {
        if self.0 > 0 {
            messages.notify_one();
        }
    }
}

impl std::ops::AddAssign for Written {
    fn add_assign(&mut self, more: Self) {
        self.0 += more.0;
    }
}

/// Makes the id of a message: a `UUIDv7` of this moment, its random part a hash of what the message is about. One thing
/// happens once, so these ids differ.
fn delivery_id(event: Event, about: &Uuid, endpoint: &Uuid, now: Timestamp) -> DeliveryId {
    let digest = Sha256::new()
        .chain_update(event.as_str())
        .chain_update(about.as_bytes())
        .chain_update(endpoint.as_bytes())
        .finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    DeliveryId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// Writes one message for each of these endpoints, as [`endpoints_wanting!`] finds them. `about` names what happened.
pub(crate) async fn write(
    connection: &mut SqliteConnection,
    endpoints: &[SqliteRow],
    occurrence: Occurrence,
    about: &Uuid,
    now: Timestamp,
) -> Result<Written, DbError> {
    for row in endpoints {
        let endpoint = EndpointId::from_uuid(row.uuid("endpoint_id")?);
        let id = delivery_id(occurrence.event(), about, endpoint.as_uuid(), now);
        insert(connection, id, endpoint, row.account()?, occurrence, now).await?;
    }
    Ok(Written(endpoints.len()))
}

/// Writes the messages of `credits.low`, if the balance has just fallen to the threshold, or below it.
pub(crate) async fn write_credits_low(
    connection: &mut SqliteConnection,
    account: AccountId,
    (before, after): (i64, i64),
    threshold: i64,
    about: &Uuid,
    now: Timestamp,
) -> Result<Written, DbError> {
    if threshold <= 0 || before <= threshold || after > threshold {
        return Ok(Written::default());
    }
    let endpoints = query(WANT_CREDITS_LOW)
        .bind_id(account.as_uuid())
        .rows(connection)
        .await?;
    let occurrence = Occurrence::CreditsLow {
        balance: after,
        threshold,
    };
    write(connection, &endpoints, occurrence, about, now).await
}

/// Writes one message.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    id: DeliveryId,
    endpoint: EndpointId,
    account: AccountId,
    occurrence: Occurrence,
    now: Timestamp,
) -> Result<(), DbError> {
    let (balance, threshold) = match occurrence {
        Occurrence::CreditsLow { balance, threshold } => (Some(balance), Some(threshold)),
        _ => (None, None),
    };
    let generation = occurrence.generation();
    query(INSERT)
        .bind_id(id.as_uuid())
        .bind_id(endpoint.as_uuid())
        .bind_id(account.as_uuid())
        .bind(occurrence.event().as_str())
        .bind_optional_id(generation.as_ref().map(GenerationId::as_uuid))
        .bind(balance)
        .bind(threshold)
        .bind(now.as_micros())
        .run(connection)
        .await?;
    Ok(())
}
