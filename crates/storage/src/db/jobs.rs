//! The job queue: one database makes job, credit and result one transaction.

mod claim;
mod end;
mod enqueue;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use drape_core::{
    Code, Result,
    generation::{
        Enqueued, Job, JobOutcome, JobProgress, LeaseState, NewGeneration, PersonChoice,
        ProductChoice, Reported,
    },
    ids::{AccountId, AttemptId, GenerationId},
    ports::{Jobs, MAX_POSITION},
    time::Timestamp,
};

pub(super) use end::cancel;

use super::{
    SqlStore,
    statement::{BindId, ReadColumn, RunQuery, db_now, query, statements},
    watches::Watches,
    webhooks::outbox::Written,
    writer::AfterCommit,
};

#[cfg(test)]
pub(super) const ALL_STATEMENTS: [&[(&str, &str)]; 4] = [
    STATEMENTS,
    claim::STATEMENTS,
    end::STATEMENTS,
    enqueue::STATEMENTS,
];

/// Says that the job of a row is not for an engine of a JSON list, or that there is no such list.
macro_rules! not_excepted {
    ($list:literal) => {
        concat!(
            "(",
            $list,
            " IS NULL OR (SELECT engine FROM generations WHERE id = jobs.generation_id)
                NOT IN (SELECT value FROM json_each(",
            $list,
            ")))"
        )
    };
}

/// Forgets how far an attempt was.
macro_rules! no_progress {
    () => {
        "engine = NULL, steps_done = NULL, steps_total = NULL"
    };
}

use {no_progress, not_excepted};

/// A list of engines for [`not_excepted`].
fn engine_list(except: &[String]) -> Option<String> {
    // A list of strings always serialises.
    (!except.is_empty()).then(|| serde_json::json!(except).to_string())
}

statements! {
    HEARTBEAT = concat!(
        "UPDATE jobs SET lease_until = ", db_now!(), " + $3 WHERE generation_id = $1 AND attempt_id = $2"
    );
    DEPTH = "SELECT waiting FROM queue";
    /// Counts the jobs before this one along the index, up to a limit.
    POSITION = "SELECT 1 + (SELECT COUNT(*) FROM (
            SELECT 1 FROM jobs AS earlier WHERE earlier.attempt_id IS NULL
                AND (earlier.run_after, earlier.generation_id) < (mine.run_after, mine.generation_id) LIMIT $2)
        ) AS position FROM jobs AS mine WHERE mine.generation_id = $1 AND mine.attempt_id IS NULL";
    /// Microseconds until the next job is due; not positive when one is due now.
    NEXT_DUE = concat!(
        "SELECT run_after - ", db_now!(), " AS wait_us FROM jobs WHERE attempt_id IS NULL AND ", not_excepted!("$1"),
        " ORDER BY run_after LIMIT 1"
    );
    NOTE_PROGRESS = "UPDATE jobs SET engine = $3, steps_done = $4, steps_total = $5
        WHERE generation_id = $1 AND attempt_id = $2";
}

/// Tells the watchers of a generation whose report counted.
fn tell_if_accepted(watches: &Watches, generation: GenerationId, reported: Reported) {
    if reported == Reported::Accepted {
        watches.tell(generation);
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 2)
}

impl SqlStore {
    /// Tells the watchers of a generation how a report ended, and senders of the messages that it wrote.
    fn tell_of_end(
        &self,
        generation: GenerationId,
    ) -> impl AfterCommit<(Reported, Written)> + use<> {
        let watches = Arc::clone(&self.inner.watches);
        let messages = Arc::clone(&self.inner.messages);
        move |(reported, written): &(Reported, Written)| {
            tell_if_accepted(&watches, generation, *reported);
            written.announce(&messages);
        }
    }

    /// As [`SqlStore::tell_of_end`]; tells workers, too, that a job may be back in the queue.
    fn tell_of_return(
        &self,
        generation: GenerationId,
    ) -> impl AfterCommit<(Reported, Written)> + use<> {
        let work = Arc::clone(&self.inner.work);
        let tell_of_end = self.tell_of_end(generation);
        move |told: &(Reported, Written)| {
            work.notify_one();
            tell_of_end(told);
        }
    }

    /// Microseconds until the next job is due, not positive when one is due now; none when no job waits.
    async fn next_due_us(&self, except: &[String]) -> Result<Option<i64>> {
        let list = engine_list(except);
        let row = query(NEXT_DUE)
            .bind(list)
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.map(|row| row.column("wait_us")).transpose()?)
    }

    /// Time until the next job is due; none when no job waits.
    async fn next_due(&self, except: &[String]) -> Result<Option<Duration>> {
        let wait_us = self.next_due_us(except).await?;
        Ok(wait_us.map(|wait_us| Duration::from_micros(u64::try_from(wait_us).unwrap_or(0))))
    }
}

#[async_trait]
impl Jobs for SqlStore {
    async fn check(
        &self,
        account: AccountId,
        products: &[ProductChoice],
        person: Option<&PersonChoice>,
        now: Timestamp,
    ) -> Result<()> {
        let mut reader = self.reader().await?;
        let max_waiting = self.inner.max_waiting;
        enqueue::check(&mut reader, account, products, person, max_waiting, now).await
    }

    async fn enqueue(&self, generation: NewGeneration) -> Result<Enqueued> {
        let max_waiting = self.inner.max_waiting;
        let work = Arc::clone(&self.inner.work);
        let messages = Arc::clone(&self.inner.messages);
        let (enqueued, _) = self
            .writer()
            .try_run(
                move |(_, written): &(Enqueued, Written)| {
                    work.notify_one();
                    written.announce(&messages);
                },
                move |connection| Box::pin(enqueue::enqueue(connection, generation, max_waiting)),
            )
            .await?;
        Ok(enqueued)
    }

    async fn claim(
        &self,
        worker: &str,
        attempt: AttemptId,
        lease: Duration,
        except: &[String],
        now: Timestamp,
    ) -> Result<Option<Job>> {
        // Workers ask often: an empty queue costs no write lock.
        if self
            .next_due(except)
            .await?
            .is_none_or(|wait| !wait.is_zero())
        {
            return Ok(None);
        }
        let worker = worker.to_owned();
        let except = engine_list(except);
        let watches = Arc::clone(&self.inner.watches);
        self.writer()
            .run_and(
                move |claimed: &Option<Job>| {
                    if let Some(job) = claimed {
                        watches.tell(job.generation);
                    }
                },
                move |connection| {
                    let lease_us = micros(lease);
                    Box::pin(claim::claim(
                        connection, worker, attempt, lease_us, except, now,
                    ))
                },
            )
            .await
    }

    async fn note_progress(
        &self,
        generation: GenerationId,
        attempt: AttemptId,
        progress: JobProgress,
    ) -> Result<Reported> {
        let watches = Arc::clone(&self.inner.watches);
        self.writer()
            .run_and(
                move |reported: &Reported| tell_if_accepted(&watches, generation, *reported),
                move |connection| {
                    Box::pin(async move {
                        let steps = progress.steps;
                        let noted = query(NOTE_PROGRESS)
                            .bind_id(generation.as_uuid())
                            .bind_id(attempt.as_uuid())
                            .bind(progress.engine)
                            .bind(steps.map(|steps| i64::from(steps.done)))
                            .bind(steps.map(|steps| i64::from(steps.total)))
                            .run(connection)
                            .await?;
                        Ok(if noted == 1 {
                            Reported::Accepted
                        } else {
                            Reported::LeaseLost
                        })
                    })
                },
            )
            .await
    }

    async fn heartbeat(
        &self,
        generation: GenerationId,
        attempt: AttemptId,
        lease: Duration,
    ) -> Result<LeaseState> {
        self.writer()
            .run(move |connection| {
                Box::pin(async move {
                    let extended = query(HEARTBEAT)
                        .bind_id(generation.as_uuid())
                        .bind_id(attempt.as_uuid())
                        .bind(micros(lease))
                        .run(connection)
                        .await?;
                    Ok(if extended == 1 {
                        LeaseState::Held
                    } else {
                        LeaseState::Lost
                    })
                })
            })
            .await
    }

    async fn lease_state(
        &self,
        generation: GenerationId,
        attempt: AttemptId,
    ) -> Result<LeaseState> {
        let mut reader = self.reader().await?;
        let attempts = end::held(&mut reader, generation, attempt).await?;
        Ok(attempts.map_or(LeaseState::Lost, |_| LeaseState::Held))
    }

    async fn finish(
        &self,
        generation: GenerationId,
        attempt: AttemptId,
        outcome: JobOutcome,
        now: Timestamp,
    ) -> Result<Reported> {
        let (reported, _) = self
            .writer()
            .run_and(self.tell_of_end(generation), move |connection| {
                Box::pin(end::finish(connection, generation, attempt, outcome, now))
            })
            .await?;
        Ok(reported)
    }

    async fn retry(
        &self,
        generation: GenerationId,
        attempt: AttemptId,
        delay: Duration,
        code: Code,
        message: &str,
        now: Timestamp,
    ) -> Result<Reported> {
        let report = end::Failure {
            generation,
            attempt,
            delay_us: micros(delay),
            code,
            message: message.to_owned(),
        };
        let max_attempts = self.inner.max_attempts;
        let (reported, _) = self
            .writer()
            .run_and(self.tell_of_return(generation), move |connection| {
                Box::pin(end::retry(connection, report, max_attempts, now))
            })
            .await?;
        Ok(reported)
    }

    async fn put_back(&self, generation: GenerationId, attempt: AttemptId) -> Result<Reported> {
        let (reported, _) = self
            .writer()
            .run_and(self.tell_of_return(generation), move |connection| {
                Box::pin(async move {
                    let reported = end::put_back(connection, generation, attempt).await?;
                    Ok((reported, Written::default()))
                })
            })
            .await?;
        Ok(reported)
    }

    async fn reap(&self, now: Timestamp) -> Result<u64> {
        let max_attempts = self.inner.max_attempts;
        let mut reaped = 0;
        loop {
            let watches = Arc::clone(&self.inner.watches);
            let messages = Arc::clone(&self.inner.messages);
            let (lost, _) = self
                .writer()
                .run_and(
                    move |(lost, written): &(Vec<GenerationId>, Written)| {
                        for generation in lost {
                            watches.tell(*generation);
                        }
                        written.announce(&messages);
                    },
                    move |connection| Box::pin(end::reap(connection, max_attempts, now)),
                )
                .await?;
            reaped += lost.len() as u64;
            if lost.len() < end::REAP_BATCH {
                break;
            }
        }
        if reaped > 0 {
            self.inner.work.notify_waiters();
        }
        Ok(reaped)
    }

    async fn cancel(&self, generation: GenerationId, now: Timestamp) -> Result<bool> {
        let watches = Arc::clone(&self.inner.watches);
        let messages = Arc::clone(&self.inner.messages);
        let (cancelled, _) = self
            .writer()
            .run_and(
                move |(_, written): &(bool, Written)| {
                    watches.tell(generation);
                    written.announce(&messages);
                },
                move |connection| Box::pin(end::cancel(connection, generation, now)),
            )
            .await?;
        Ok(cancelled)
    }

    async fn lag(&self) -> Result<Duration> {
        let wait_us = self.next_due_us(&[]).await?.unwrap_or(0);
        let overdue_us = u64::try_from(-wait_us).unwrap_or(0);
        Ok(Duration::from_micros(overdue_us))
    }

    async fn depth(&self) -> Result<u64> {
        let row = query(DEPTH).first(&mut *self.reader().await?).await?;
        Ok(row.map_or(Ok(0), |row| row.count("waiting"))?)
    }

    async fn position(&self, generation: GenerationId) -> Result<Option<u32>> {
        let row = query(POSITION)
            .bind_id(generation.as_uuid())
            .bind(i64::from(MAX_POSITION) - 1)
            .first(&mut *self.reader().await?)
            .await?;
        Ok(row.map(|row| row.count("position")).transpose()?)
    }

    async fn wait_for_work(&self, timeout: Duration, except: &[String]) {
        let told = self.inner.work.notified();
        tokio::pin!(told);
        // Armed before looking: a job that is queued between the look and the wait is not missed.
        told.as_mut().enable();
        let patience = match self.next_due(except).await {
            Ok(Some(wait)) => wait.min(timeout),
            Ok(None) => timeout,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the queue could not be looked at"
                );
                timeout
            }
        };
        if patience.is_zero() {
            return;
        }
        // Jobs that other processes queue are found by the look of the next call.
        drop(tokio::time::timeout(patience, told).await);
    }
}
