//! Ending a job, or putting it back.

use drape_core::{
    Code, Result,
    account::EntryKind,
    generation::{JobOutcome, Reported},
    ids::{AttemptId, GenerationId},
    time::Timestamp,
    webhook::Occurrence,
};
use sqlx::sqlite::SqliteConnection;

use super::no_progress;
use crate::db::{
    DbError,
    ledger::entry_id,
    statement::{BindId, ReadColumn, RunQuery, bind_picture, db_now, query, statements},
    webhooks::outbox::{self, Written, endpoints_wanting},
};

/// Lost jobs that one command puts back.
pub(crate) const REAP_BATCH: usize = 200;

statements! {
    /// The job of a lease; no row when the lease was lost.
    HELD = "SELECT attempts FROM jobs WHERE generation_id = $1 AND attempt_id = $2";
    /// Its rows are the webhook endpoints that want to hear of it.
    COMPLETE = concat!("DELETE FROM jobs WHERE generation_id = $6;
        UPDATE generations SET status = 'COMPLETED', result_key = $1, result_width = $2, result_height = $3,
            result_size_bytes = $4, result_sha256 = $5, engine = $8, result_expires_at = $9, updated_at = $10,
            generation_time_ms = (SELECT MAX(0, ($10 - started_at) / 1000) FROM attempts
                WHERE generation_id = $6 AND attempts.id = $7)
            WHERE id = $6;
        INSERT INTO ledger_entries (id, account_id, kind, amount, generation_id, note, created_at)
            SELECT $11, account_id, 'capture', 0, id, '', $10 FROM generations WHERE id = $6;
        UPDATE attempts SET ended_at = $10, outcome = 'completed' WHERE generation_id = $6 AND id = $7;
        ",
        endpoints_wanting!("(SELECT account_id FROM generations WHERE id = $6)", "generation.completed")
    );
    KEEP_MASK = "INSERT INTO result_masks (blob_key, width, height, size_bytes, sha256, generation_id, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Its rows are the webhook endpoints that want to hear of it.
    FAIL = concat!("DELETE FROM jobs WHERE generation_id = $1;
        UPDATE generations SET status = 'FAILED', error_code = $3, error_message = $4, updated_at = $5,
            generation_time_ms = (SELECT MAX(0, ($5 - started_at) / 1000) FROM attempts
                WHERE generation_id = $1 AND attempts.id = $2)
            WHERE id = $1;
        INSERT INTO ledger_entries (id, account_id, kind, amount, generation_id, note, created_at)
            SELECT $7, account_id, 'release', credits, id, '', $5 FROM generations WHERE id = $1;
        UPDATE accounts SET balance = balance + (SELECT credits FROM generations WHERE id = $1)
            WHERE id = (SELECT account_id FROM generations WHERE id = $1);
        UPDATE attempts SET ended_at = $5, outcome = $6, code = $3 WHERE generation_id = $1 AND id = $2;
        ",
        endpoints_wanting!("(SELECT account_id FROM generations WHERE id = $1)", "generation.failed")
    );
    /// Puts a job back that keeps its count of attempts.
    REQUEUE = concat!(
        "UPDATE jobs SET attempt_id = NULL, lease_until = NULL, run_after = ", db_now!(), " + $3, ", no_progress!(), "
            WHERE generation_id = $1 AND attempt_id = $2;
        UPDATE generations SET status = 'PENDING', updated_at = $4 WHERE id = $1;
        UPDATE attempts SET ended_at = $4, outcome = $5, code = $6 WHERE generation_id = $1 AND id = $2"
    );
    /// Puts a job back as if it had never been claimed: it keeps its place in the queue.
    PUT_BACK = concat!(
        "UPDATE jobs SET attempt_id = NULL, lease_until = NULL, attempts = attempts - 1, ", no_progress!(), "
            WHERE generation_id = $1 AND attempt_id = $2;
        UPDATE generations SET status = 'PENDING' WHERE id = $1;
        UPDATE attempts SET ended_at = ", db_now!(), ", outcome = 'put_back' WHERE generation_id = $1 AND id = $2"
    );
    LOST = concat!(
        "SELECT generation_id, attempt_id, attempts FROM jobs
        WHERE attempt_id IS NOT NULL AND lease_until <= ", db_now!(), " ORDER BY lease_until LIMIT $1"
    );
    UNFINISHED = "SELECT attempt_id FROM jobs WHERE generation_id = $1";
}

/// How a job ends without a picture.
pub(crate) struct Ending {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Outcome of the attempt, as stored.
    pub(crate) outcome: &'static str,
}

/// A worker's report of a failure that may pass.
pub(crate) struct Failure {
    pub(crate) generation: GenerationId,
    pub(crate) attempt: AttemptId,
    pub(crate) delay_us: i64,
    pub(crate) code: Code,
    pub(crate) message: String,
}

/// Number of attempts of the job that this lease holds; none when the lease was lost.
pub(crate) async fn held(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    attempt: AttemptId,
) -> Result<Option<u32>, DbError> {
    let row = query(HELD)
        .bind_id(generation.as_uuid())
        .bind_id(attempt.as_uuid())
        .first(connection)
        .await?;
    row.map(|row| row.count("attempts")).transpose()
}

/// Ends a job as failed, gives the credits back and tells the shop.
pub(crate) async fn end_failed(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    attempt: Option<AttemptId>,
    ending: Ending,
    now: Timestamp,
) -> Result<Written, DbError> {
    let endpoints = query(FAIL)
        .bind_id(generation.as_uuid())
        .bind_optional_id(attempt.as_ref().map(AttemptId::as_uuid))
        .bind(ending.code.as_str())
        .bind(ending.message)
        .bind(now.as_micros())
        .bind(ending.outcome)
        .bind_id(&entry_id(EntryKind::Release, generation.as_uuid(), now))
        .rows(connection)
        .await?;
    let occurrence = Occurrence::GenerationFailed(generation);
    outbox::write(
        connection,
        &endpoints,
        occurrence,
        generation.as_uuid(),
        now,
    )
    .await
}

pub(crate) async fn finish(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    attempt: AttemptId,
    outcome: JobOutcome,
    now: Timestamp,
) -> Result<(Reported, Written)> {
    if held(connection, generation, attempt).await?.is_none() {
        return Ok((Reported::LeaseLost, Written::default()));
    }
    let written = match outcome {
        JobOutcome::Completed {
            result,
            mask,
            engine,
            result_expires_at,
        } => {
            if let Some(mask) = mask {
                bind_picture(query(KEEP_MASK), Some(&mask))
                    .bind_id(generation.as_uuid())
                    .bind(result_expires_at.as_micros())
                    .run(connection)
                    .await?;
            }
            let endpoints = bind_picture(query(COMPLETE), Some(&result))
                .bind_id(generation.as_uuid())
                .bind_id(attempt.as_uuid())
                .bind(engine)
                .bind(result_expires_at.as_micros())
                .bind(now.as_micros())
                .bind_id(&entry_id(EntryKind::Capture, generation.as_uuid(), now))
                .rows(connection)
                .await?;
            let occurrence = Occurrence::GenerationCompleted(generation);
            outbox::write(
                connection,
                &endpoints,
                occurrence,
                generation.as_uuid(),
                now,
            )
            .await?
        }
        JobOutcome::Failed { code, message } => {
            let ending = Ending {
                code,
                message,
                outcome: "failed",
            };
            end_failed(connection, generation, Some(attempt), ending, now).await?
        }
    };
    Ok((Reported::Accepted, written))
}

pub(crate) async fn retry(
    connection: &mut SqliteConnection,
    report: Failure,
    max_attempts: u32,
    now: Timestamp,
) -> Result<(Reported, Written)> {
    let (generation, attempt) = (report.generation, report.attempt);
    let Some(attempts) = held(connection, generation, attempt).await? else {
        return Ok((Reported::LeaseLost, Written::default()));
    };
    if attempts >= max_attempts {
        let ending = Ending {
            code: report.code,
            message: report.message,
            outcome: "failed",
        };
        let written = end_failed(connection, generation, Some(attempt), ending, now).await?;
        return Ok((Reported::Accepted, written));
    }
    let code = Some(report.code);
    requeue(
        connection,
        generation,
        attempt,
        report.delay_us,
        "retried",
        code,
        now,
    )
    .await?;
    Ok((Reported::Accepted, Written::default()))
}

async fn requeue(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    attempt: AttemptId,
    delay_us: i64,
    outcome: &'static str,
    code: Option<Code>,
    now: Timestamp,
) -> Result<(), DbError> {
    query(REQUEUE)
        .bind_id(generation.as_uuid())
        .bind_id(attempt.as_uuid())
        .bind(delay_us)
        .bind(now.as_micros())
        .bind(outcome)
        .bind(code.map(Code::as_str))
        .run(connection)
        .await?;
    Ok(())
}

pub(crate) async fn put_back(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    attempt: AttemptId,
) -> Result<Reported> {
    if held(connection, generation, attempt).await?.is_none() {
        return Ok(Reported::LeaseLost);
    }
    query(PUT_BACK)
        .bind_id(generation.as_uuid())
        .bind_id(attempt.as_uuid())
        .run(connection)
        .await?;
    Ok(Reported::Accepted)
}

/// Deals with up to [`REAP_BATCH`] jobs whose leases have run out; returns which.
pub(crate) async fn reap(
    connection: &mut SqliteConnection,
    max_attempts: u32,
    now: Timestamp,
) -> Result<(Vec<GenerationId>, Written)> {
    let mut written = Written::default();
    let rows = query(LOST).bind(REAP_BATCH as i64).rows(connection).await?;
    let mut reaped = Vec::with_capacity(rows.len());
    for row in &rows {
        let generation = GenerationId::from_uuid(row.uuid("generation_id")?);
        let attempt = AttemptId::from_uuid(row.uuid("attempt_id")?);
        let attempts: u32 = row.count("attempts")?;
        reaped.push(generation);
        if attempts < max_attempts {
            requeue(connection, generation, attempt, 0, "lost", None, now).await?;
            continue;
        }
        let ending = Ending {
            code: Code::EngineTimeout,
            message: format!(
                "The try-on was given up after {attempts} attempt(s) that did not end."
            ),
            outcome: "lost",
        };
        written += end_failed(connection, generation, Some(attempt), ending, now).await?;
    }
    Ok((reaped, written))
}

pub(crate) async fn cancel(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    now: Timestamp,
) -> Result<(bool, Written)> {
    let row = query(UNFINISHED)
        .bind_id(generation.as_uuid())
        .first(connection)
        .await?;
    let Some(row) = row else {
        return Ok((false, Written::default()));
    };
    let attempt = row.optional_uuid("attempt_id")?.map(AttemptId::from_uuid);
    let ending = Ending {
        code: Code::Cancelled,
        message: "The try-on was cancelled before it ended.".to_owned(),
        outcome: "cancelled",
    };
    let written = end_failed(connection, generation, attempt, ending, now).await?;
    Ok((true, written))
}
