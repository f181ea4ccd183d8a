//! Webhook endpoints, the messages to them, and their log.

pub(crate) mod outbox;
mod queue;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use drape_core::{
    Error, Result,
    generation::Reported,
    ids::{AccountId, AttemptId, DeliveryId, EndpointId, GenerationId},
    page::{Page, PageRequest},
    ports::Webhooks,
    time::Timestamp,
    webhook::{
        ClaimedDelivery, Delivery, DeliveryAttempt, DeliveryState, Endpoint, EndpointChange, Event,
        MAX_ENDPOINTS, NextStep, Occurrence, WebhookSecret,
    },
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{
    DbError, SqlStore,
    generations::{page_rows, page_start},
    statement::{BindId, ReadColumn, RunQuery, query, statements},
    writer::AfterCommit,
};

/// Messages of a deleted endpoint that one command clears away.
const CLEAR_BATCH: u32 = 500;

#[cfg(test)]
pub(super) const ALL_STATEMENTS: [&[(&str, &str)]; 3] =
    [STATEMENTS, outbox::STATEMENTS, queue::STATEMENTS];

macro_rules! endpoint_columns {
    () => {
        "id, account_id, url, events, is_active, created_at"
    };
}

macro_rules! delivery_columns {
    () => {
        "webhook_deliveries.id AS delivery_id, endpoint_id, webhook_deliveries.account_id AS account_id, event,
        generation_id, credit_balance, webhook_deliveries.credits_low_at AS credits_low_at, state, attempts,
        next_attempt_at, webhook_deliveries.created_at AS created_at, ended_at"
    };
}
use delivery_columns;

statements! {
    COUNT_ENDPOINTS = "SELECT COUNT(*) AS endpoints FROM webhook_endpoints
        WHERE account_id = $1 AND deleted_at IS NULL";
    INSERT_ENDPOINT = "INSERT INTO webhook_endpoints (id, account_id, url, secret, events, is_active, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LIST_ENDPOINTS = concat!(
        "SELECT ", endpoint_columns!(), " FROM webhook_endpoints
        WHERE account_id = $1 AND deleted_at IS NULL ORDER BY id DESC"
    );
    FIND_ENDPOINT = concat!(
        "SELECT ", endpoint_columns!(), " FROM webhook_endpoints WHERE id = $1 AND deleted_at IS NULL"
    );
    UPDATE_ENDPOINT = "UPDATE webhook_endpoints SET url = COALESCE($2, url), events = COALESCE($3, events),
        is_active = COALESCE($4, is_active) WHERE id = $1 AND deleted_at IS NULL";
    ROTATE = "UPDATE webhook_endpoints SET old_secret = secret, old_secret_until = $3, secret = $2
        WHERE id = $1 AND deleted_at IS NULL";
    /// Gone for every reader; address and secrets are wiped at once, the log follows in batches.
    BURY_ENDPOINT = "UPDATE webhook_endpoints SET deleted_at = $2, is_active = 0, url = '', secret = zeroblob(32),
        old_secret = NULL, old_secret_until = NULL WHERE id = $1 AND deleted_at IS NULL";
    /// Attempts go with their messages.
    CLEAR_DELETED = "DELETE FROM webhook_deliveries WHERE id IN (
        SELECT webhook_deliveries.id FROM webhook_endpoints
            JOIN webhook_deliveries ON endpoint_id = webhook_endpoints.id
        WHERE deleted_at IS NOT NULL LIMIT $1)";
    FORGET_DELETED = "DELETE FROM webhook_endpoints WHERE deleted_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM webhook_deliveries WHERE endpoint_id = webhook_endpoints.id)";
    SWEEP = "DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
    LIST_DELIVERIES = concat!(
        "SELECT ", delivery_columns!(), " FROM webhook_deliveries
        WHERE endpoint_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    LIST_FAILED = concat!(
        "SELECT ", delivery_columns!(), " FROM webhook_deliveries
        WHERE endpoint_id = $1 AND id < $2 AND state = 'failed' ORDER BY id DESC LIMIT $3"
    );
    FIND_DELIVERY = concat!(
        "SELECT ", delivery_columns!(), " FROM webhook_deliveries
            JOIN webhook_endpoints ON webhook_endpoints.id = endpoint_id
        WHERE webhook_deliveries.id = $1 AND deleted_at IS NULL"
    );
    ATTEMPTS = "SELECT number, status, error, duration_ms, at FROM webhook_attempts
        WHERE delivery_id = $1 ORDER BY number";
    REPLAY = "UPDATE webhook_deliveries SET state = 'pending', tries = 0, next_attempt_at = $2, ended_at = NULL
        WHERE id = $1 AND state <> 'sending'";
}

/// The events of an endpoint as stored: each name between commas.
fn write_events(events: &[Event]) -> String {
    let names: Vec<_> = events.iter().map(|event| event.as_str()).collect();
    format!(",{},", names.join(","))
}

fn read_endpoint(row: &SqliteRow) -> Result<Endpoint, DbError> {
    let events = row.column::<&str>("events")?;
    let events = events
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| Event::from_wire(name).ok_or(DbError::Corrupt("event")))
        .collect::<Result<_, _>>()?;
    Ok(Endpoint {
        id: EndpointId::from_uuid(row.uuid("id")?),
        account: row.account()?,
        url: row.column("url")?,
        events,
        is_active: row.column("is_active")?,
        created_at: row.time("created_at")?,
    })
}

fn read_occurrence(row: &SqliteRow) -> Result<Occurrence, DbError> {
    let event = row.column::<&str>("event")?;
    if event == Event::Test.as_str() {
        return Ok(Occurrence::Test);
    }
    let generation = || row.uuid("generation_id").map(GenerationId::from_uuid);
    match Event::from_wire(event) {
        Some(Event::GenerationCompleted) => Ok(Occurrence::GenerationCompleted(generation()?)),
        Some(Event::GenerationFailed) => Ok(Occurrence::GenerationFailed(generation()?)),
        Some(Event::CreditsLow) => Ok(Occurrence::CreditsLow {
            balance: row.column("credit_balance")?,
            threshold: row.column("credits_low_at")?,
        }),
        Some(Event::Test) | None => Err(DbError::Corrupt("event")),
    }
}

fn read_delivery(row: &SqliteRow) -> Result<Delivery, DbError> {
    let state = DeliveryState::from_wire(row.column("state")?).ok_or(DbError::Corrupt("state"))?;
    let next_attempt_at = row.time("next_attempt_at")?;
    Ok(Delivery {
        id: DeliveryId::from_uuid(row.uuid("delivery_id")?),
        endpoint: EndpointId::from_uuid(row.uuid("endpoint_id")?),
        account: row.account()?,
        occurrence: read_occurrence(row)?,
        state,
        attempts: row.count("attempts")?,
        next_attempt_at: (state == DeliveryState::Pending).then_some(next_attempt_at),
        created_at: row.time("created_at")?,
        ended_at: row.optional_time("ended_at")?,
    })
}

fn read_attempt(row: &SqliteRow) -> Result<DeliveryAttempt, DbError> {
    Ok(DeliveryAttempt {
        number: row.count("number")?,
        status: row.optional_count("status")?,
        error: row.column("error")?,
        duration_ms: row.count("duration_ms")?,
        at: row.time("at")?,
    })
}

async fn create_endpoint(
    connection: &mut SqliteConnection,
    endpoint: Endpoint,
    secret: WebhookSecret,
) -> Result<()> {
    let row = query(COUNT_ENDPOINTS)
        .bind_id(endpoint.account.as_uuid())
        .first(connection)
        .await?;
    let count: usize = row.map_or(Ok(0), |row| row.count("endpoints"))?;
    if count >= MAX_ENDPOINTS {
        let message = format!("An account has at most {MAX_ENDPOINTS} webhooks");
        return Err(Error::invalid_field("url", message));
    }
    query(INSERT_ENDPOINT)
        .bind_id(endpoint.id.as_uuid())
        .bind_id(endpoint.account.as_uuid())
        .bind(endpoint.url)
        .bind(secret.as_bytes().to_vec())
        .bind(write_events(&endpoint.events))
        .bind(endpoint.is_active)
        .bind(endpoint.created_at.as_micros())
        .run(connection)
        .await?;
    Ok(())
}

async fn find_endpoint(
    connection: &mut SqliteConnection,
    endpoint: EndpointId,
) -> Result<Option<Endpoint>, DbError> {
    let row = query(FIND_ENDPOINT)
        .bind_id(endpoint.as_uuid())
        .first(connection)
        .await?;
    row.as_ref().map(read_endpoint).transpose()
}

async fn update_endpoint(
    connection: &mut SqliteConnection,
    endpoint: EndpointId,
    change: EndpointChange,
) -> Result<Option<Endpoint>> {
    query(UPDATE_ENDPOINT)
        .bind_id(endpoint.as_uuid())
        .bind(change.url)
        .bind(change.events.as_deref().map(write_events))
        .bind(change.is_active)
        .run(connection)
        .await?;
    Ok(find_endpoint(connection, endpoint).await?)
}

async fn find_delivery(
    connection: &mut SqliteConnection,
    delivery: DeliveryId,
) -> Result<Option<Delivery>, DbError> {
    let row = query(FIND_DELIVERY)
        .bind_id(delivery.as_uuid())
        .first(connection)
        .await?;
    row.as_ref().map(read_delivery).transpose()
}

async fn replay(
    connection: &mut SqliteConnection,
    delivery: DeliveryId,
    now: Timestamp,
) -> Result<Option<Delivery>> {
    if find_delivery(connection, delivery).await?.is_none() {
        return Ok(None);
    }
    query(REPLAY)
        .bind_id(delivery.as_uuid())
        .bind(now.as_micros())
        .run(connection)
        .await?;
    Ok(find_delivery(connection, delivery).await?)
}

async fn send_test(
    connection: &mut SqliteConnection,
    endpoint: EndpointId,
    delivery: DeliveryId,
    now: Timestamp,
) -> Result<Option<Delivery>> {
    let Some(found) = find_endpoint(connection, endpoint).await? else {
        return Ok(None);
    };
    let test = Occurrence::Test;
    outbox::insert(connection, delivery, endpoint, found.account, test, now).await?;
    Ok(find_delivery(connection, delivery).await?)
}

/// Clears away what deleted endpoints left; returns how many messages that were.
async fn clear_deleted(connection: &mut SqliteConnection, limit: u32) -> Result<u64> {
    let cleared = query(CLEAR_DELETED)
        .bind(i64::from(limit))
        .run(connection)
        .await?;
    if cleared < u64::from(limit) {
        query(FORGET_DELETED).run(connection).await?;
    }
    Ok(cleared)
}

async fn sweep(connection: &mut SqliteConnection, before: Timestamp, limit: u32) -> Result<u64> {
    let swept = query(SWEEP)
        .bind(before.as_micros())
        .bind(i64::from(limit))
        .run(connection)
        .await?;
    let left = limit.saturating_sub(u32::try_from(swept).unwrap_or(limit));
    Ok(swept + clear_deleted(connection, left).await?)
}

impl SqlStore {
    /// Wakes those who send webhooks after a command that may have made a message due.
    fn wake_senders<T>(&self) -> impl AfterCommit<T> + use<T> {
        let messages = Arc::clone(&self.inner.messages);
        move |_: &T| messages.notify_one()
    }
}

#[async_trait]
impl Webhooks for SqlStore {
    async fn create_endpoint(&self, endpoint: Endpoint, secret: WebhookSecret) -> Result<()> {
        self.writer()
            .run(move |connection| Box::pin(create_endpoint(connection, endpoint, secret)))
            .await
    }

    async fn endpoints(&self, account: AccountId) -> Result<Vec<Endpoint>> {
        let rows = query(LIST_ENDPOINTS)
            .bind_id(account.as_uuid())
            .rows(&mut *self.reader().await?)
            .await?;
        Ok(rows.iter().map(read_endpoint).collect::<Result<_, _>>()?)
    }

    async fn find_endpoint(&self, endpoint: EndpointId) -> Result<Option<Endpoint>> {
        Ok(find_endpoint(&mut *self.reader().await?, endpoint).await?)
    }

    async fn update_endpoint(
        &self,
        endpoint: EndpointId,
        change: EndpointChange,
    ) -> Result<Option<Endpoint>> {
        self.writer()
            .run_and(self.wake_senders(), move |connection| {
                Box::pin(update_endpoint(connection, endpoint, change))
            })
            .await
    }

    async fn rotate_secret(
        &self,
        endpoint: EndpointId,
        secret: WebhookSecret,
        old_until: Timestamp,
    ) -> Result<bool> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    let changed = query(ROTATE)
                        .bind_id(endpoint.as_uuid())
                        .bind(secret.as_bytes().to_vec())
                        .bind(old_until.as_micros())
                        .run(connection)
                        .await?;
                    Ok(changed == 1)
                })
            })
            .await
    }

    async fn delete_endpoint(&self, endpoint: EndpointId, now: Timestamp) -> Result<bool> {
        let buried = self
            .writer()
            .run(move |connection| {
                Box::pin(async move {
                    let changed = query(BURY_ENDPOINT)
                        .bind_id(endpoint.as_uuid())
                        .bind(now.as_micros())
                        .run(connection)
                        .await?;
                    Ok(changed == 1)
                })
            })
            .await?;
        if !buried {
            return Ok(false);
        }
        // A crash in here leaves the rest to the sweep.
        loop {
            let cleared = self
                .writer()
                .run(|connection| Box::pin(clear_deleted(connection, CLEAR_BATCH)))
                .await?;
            if cleared < u64::from(CLEAR_BATCH) {
                return Ok(true);
            }
        }
    }

    async fn deliveries(
        &self,
        endpoint: EndpointId,
        failed_only: bool,
        page: PageRequest,
    ) -> Result<Page<Delivery>> {
        let statement = if failed_only {
            LIST_FAILED
        } else {
            LIST_DELIVERIES
        };
        let rows = query(statement)
            .bind_id(endpoint.as_uuid())
            .bind_id(&page_start(page))
            .bind(page_rows(page))
            .rows(&mut *self.reader().await?)
            .await?;
        let items = rows
            .iter()
            .map(read_delivery)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetched(items, page.limit, |delivery| {
            *delivery.id.as_uuid()
        }))
    }

    async fn find_delivery(
        &self,
        delivery: DeliveryId,
    ) -> Result<Option<(Delivery, Vec<DeliveryAttempt>)>> {
        let mut reader = self.reader().await?;
        let Some(found) = find_delivery(&mut reader, delivery).await? else {
            return Ok(None);
        };
        let rows = query(ATTEMPTS)
            .bind_id(delivery.as_uuid())
            .rows(&mut reader)
            .await?;
        let attempts = rows.iter().map(read_attempt).collect::<Result<_, _>>()?;
        Ok(Some((found, attempts)))
    }

    async fn replay(&self, delivery: DeliveryId, now: Timestamp) -> Result<Option<Delivery>> {
        self.writer()
            .run_and(self.wake_senders(), move |connection| {
                Box::pin(replay(connection, delivery, now))
            })
            .await
    }

    async fn send_test(
        &self,
        endpoint: EndpointId,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Delivery>> {
        self.writer()
            .run_and(self.wake_senders(), move |connection| {
                Box::pin(send_test(connection, endpoint, delivery, now))
            })
            .await
    }

    async fn claim_deliveries(
        &self,
        claim: AttemptId,
        limit: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>> {
        // Senders ask often: nothing to send costs no write lock.
        let due = queue::next_due(&mut *self.reader().await?, now).await?;
        if due.is_none_or(|wait| !wait.is_zero()) {
            return Ok(Vec::new());
        }
        let lease_us = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX / 2);
        self.writer()
            .run(move |connection| Box::pin(queue::claim(connection, claim, limit, lease_us, now)))
            .await
    }

    async fn report_delivery(
        &self,
        delivery: DeliveryId,
        claim: AttemptId,
        attempt: DeliveryAttempt,
        next: NextStep,
    ) -> Result<Reported> {
        // The endpoint can take the next one now.
        self.writer()
            .run_and(self.wake_senders(), move |connection| {
                Box::pin(queue::report(connection, delivery, claim, attempt, next))
            })
            .await
    }

    async fn sweep_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.writer()
            .run(move |connection| Box::pin(sweep(connection, before, limit)))
            .await
    }

    async fn wait_for_deliveries(&self, now: Timestamp, timeout: Duration) {
        let told = self.inner.messages.notified();
        tokio::pin!(told);
        // Armed before looking: a message that is written between the look and the wait is not missed.
        told.as_mut().enable();
        let patience = match self.reader().await {
            Ok(mut reader) => match queue::next_due(&mut reader, now).await {
                Ok(wait) => wait.map_or(timeout, |wait| wait.min(timeout)),
                Err(error) => {
                    log_unseen(&error);
                    timeout
                }
            },
            Err(error) => {
                log_unseen(&error);
                timeout
            }
        };
        if patience.is_zero() {
            return;
        }
        drop(tokio::time::timeout(patience, told).await);
    }
}

fn log_unseen(error: &DbError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "the webhooks that wait could not be looked at"
    );
}
