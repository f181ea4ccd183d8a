//! Leasing messages to senders.

use std::time::Duration;

use drape_core::{
    Result,
    generation::Reported,
    ids::{AttemptId, DeliveryId, EndpointId},
    time::Timestamp,
    webhook::{
        ClaimedDelivery, DeliveryAttempt, DeliveryState, MAX_AT_ONCE, NextStep, WebhookSecret,
    },
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{delivery_columns, read_delivery};
use crate::db::{
    DbError,
    statement::{BindId, ReadColumn, RunQuery, db_now, query, statements},
};

/// Endpoints that can take a message, each with the moment when its next one is due; `$1` is the number on their way at
/// which an endpoint can take no more.
///
/// Jumps from endpoint to endpoint through the index of waiting messages: a long row of messages to one endpoint costs
/// no more than a single one, and none waits behind another endpoint's row. (`CROSS JOIN` keeps the order of the loops:
/// <https://www.sqlite.org/lang_select.html#crossjoin>.)
macro_rules! ready_endpoints {
    () => {
        "WITH RECURSIVE waiting (endpoint_id) AS (
            SELECT (SELECT endpoint_id FROM webhook_deliveries WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT (SELECT endpoint_id FROM webhook_deliveries
                WHERE state = 'pending' AND endpoint_id > waiting.endpoint_id ORDER BY endpoint_id LIMIT 1)
            FROM waiting WHERE waiting.endpoint_id IS NOT NULL
        ), ready (endpoint_id, due_at) AS (
            SELECT waiting.endpoint_id, (SELECT next_attempt_at FROM webhook_deliveries
                WHERE state = 'pending' AND endpoint_id = waiting.endpoint_id ORDER BY next_attempt_at LIMIT 1)
            FROM waiting CROSS JOIN webhook_endpoints ON webhook_endpoints.id = waiting.endpoint_id
            WHERE is_active = 1 AND deleted_at IS NULL AND (SELECT COUNT(*) FROM webhook_deliveries
                WHERE state = 'sending' AND endpoint_id = waiting.endpoint_id) < $1
        )"
    };
}

statements! {
    /// Microseconds until a message is due, and until the next lease ends; not positive when that is now.
    NEXT_DUE = concat!(
        ready_endpoints!(),
        " SELECT (SELECT MIN(due_at) FROM ready) - $2 AS due_us,
            (SELECT MIN(lease_until) FROM webhook_deliveries WHERE state = 'sending') - ", db_now!(), " AS lost_us"
    );
    /// Messages whose sender is gone wait again.
    TAKE_BACK = concat!(
        "UPDATE webhook_deliveries SET state = 'pending', claim_id = NULL, lease_until = NULL
        WHERE state = 'sending' AND lease_until <= ", db_now!()
    );
    LEASE = concat!(
        "UPDATE webhook_deliveries SET state = 'sending', claim_id = $3, lease_until = ", db_now!(), " + $4,
            attempts = attempts + 1, tries = tries + 1
        WHERE id = (SELECT id FROM webhook_deliveries
            WHERE state = 'pending' AND endpoint_id = (", ready_endpoints!(), "
                SELECT endpoint_id FROM ready WHERE due_at <= $2 ORDER BY due_at, endpoint_id LIMIT 1)
            ORDER BY next_attempt_at, id LIMIT 1)
        RETURNING id"
    );
    READ_CLAIMED = concat!(
        "SELECT ", delivery_columns!(), ", tries, url, secret, old_secret, old_secret_until
        FROM webhook_deliveries JOIN webhook_endpoints ON webhook_endpoints.id = endpoint_id
        WHERE webhook_deliveries.id = $1"
    );
    HELD = "SELECT endpoint_id FROM webhook_deliveries WHERE id = $1 AND claim_id = $2";
    NOTE_ATTEMPT = "INSERT INTO webhook_attempts (delivery_id, number, status, error, duration_ms, at)
            VALUES ($1, $2, $3, $4, $5, $6);
        UPDATE webhook_deliveries SET state = $7, next_attempt_at = COALESCE($8, next_attempt_at), ended_at = $9,
            claim_id = NULL, lease_until = NULL WHERE id = $1";
    SWITCH_OFF = "UPDATE webhook_endpoints SET is_active = 0 WHERE id = $1";
}

/// Time until there is something to claim; none when nothing waits.
pub(crate) async fn next_due(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<Option<Duration>, DbError> {
    let row = query(NEXT_DUE)
        .bind(i64::from(MAX_AT_ONCE))
        .bind(now.as_micros())
        .first(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let due: Option<i64> = row.column("due_us")?;
    let lost: Option<i64> = row.column("lost_us")?;
    let soonest = due.into_iter().chain(lost).min();
    Ok(soonest.map(|wait_us| Duration::from_micros(u64::try_from(wait_us).unwrap_or(0))))
}

pub(crate) async fn claim(
    connection: &mut SqliteConnection,
    claim: AttemptId,
    limit: u32,
    lease_us: i64,
    now: Timestamp,
) -> Result<Vec<ClaimedDelivery>> {
    query(TAKE_BACK).run(connection).await?;
    let mut claimed = Vec::new();
    for _ in 0..limit {
        let leased = query(LEASE)
            .bind(i64::from(MAX_AT_ONCE))
            .bind(now.as_micros())
            .bind_id(claim.as_uuid())
            .bind(lease_us)
            .first(connection)
            .await?;
        let Some(leased) = leased else { break };
        let row = query(READ_CLAIMED)
            .bind_id(&leased.uuid("id")?)
            .first(connection)
            .await?
            .ok_or(DbError::Corrupt("webhook delivery"))?;
        claimed.push(read_claimed(&row, claim)?);
    }
    Ok(claimed)
}

fn read_claimed(row: &SqliteRow, claim: AttemptId) -> Result<ClaimedDelivery, DbError> {
    let mut secrets = vec![WebhookSecret::from_random(row.bytes32("secret")?)];
    if row.column::<Option<&[u8]>>("old_secret")?.is_some() {
        secrets.push(WebhookSecret::from_random(row.bytes32("old_secret")?));
    }
    Ok(ClaimedDelivery {
        delivery: read_delivery(row)?,
        claim,
        try_number: row.count("tries")?,
        url: row.column("url")?,
        secrets,
        old_secrets_until: row.optional_time("old_secret_until")?,
    })
}

pub(crate) async fn report(
    connection: &mut SqliteConnection,
    delivery: DeliveryId,
    claim: AttemptId,
    attempt: DeliveryAttempt,
    next: NextStep,
) -> Result<Reported> {
    let held = query(HELD)
        .bind_id(delivery.as_uuid())
        .bind_id(claim.as_uuid())
        .first(connection)
        .await?;
    let Some(held) = held else {
        return Ok(Reported::LeaseLost);
    };
    let endpoint = EndpointId::from_uuid(held.uuid("endpoint_id")?);
    let ended_at = attempt.at.plus(Duration::from_millis(attempt.duration_ms));
    let (state, retry_at, ended_at) = match next {
        NextStep::Delivered => (DeliveryState::Delivered, None, Some(ended_at)),
        NextStep::RetryAt(moment) => (DeliveryState::Pending, Some(moment), None),
        NextStep::GiveUp | NextStep::SwitchOff => (DeliveryState::Failed, None, Some(ended_at)),
    };
    query(NOTE_ATTEMPT)
        .bind_id(delivery.as_uuid())
        .bind(i64::from(attempt.number))
        .bind(attempt.status.map(i64::from))
        .bind(attempt.error)
        .bind(i64::try_from(attempt.duration_ms).unwrap_or(i64::MAX))
        .bind(attempt.at.as_micros())
        .bind(state.as_str())
        .bind(retry_at.map(Timestamp::as_micros))
        .bind(ended_at.map(Timestamp::as_micros))
        .run(connection)
        .await?;
    if next == NextStep::SwitchOff {
        query(SWITCH_OFF)
            .bind_id(endpoint.as_uuid())
            .run(connection)
            .await?;
    }
    Ok(Reported::Accepted)
}
