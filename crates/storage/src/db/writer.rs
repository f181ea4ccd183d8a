//! The one writer: commands are queued, run one after another inside one transaction, and answered after its commit.
//!
//! A commit waits for the disk; that wait is the same for one command and for a hundred. So whatever has queued up
//! during a commit becomes the next batch. Every command runs in a savepoint of its own: one that is refused or fails
//! leaves nothing behind and does not hurt its neighbours. Nobody hears of success before the commit has returned.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use drape_core::{Code, Error, Result, ports::WriteStats};
use futures::future::BoxFuture;
use sqlx::{Connection, sqlite::SqliteConnection};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    DbError,
    statement::{RunQuery, query, statements},
};

/// Commands that may wait; more are refused or have to wait outside.
const QUEUE_LENGTH: usize = 1_024;
/// Commands of one transaction: bounds how long the first of them waits for the last.
const MAX_BATCH: usize = 256;
/// Batches in a row after which the writer pauses. Other processes look for the lock now and then, without a place in a
/// queue; without a pause they would hardly ever find it free under load.
const BATCHES_IN_A_ROW: u32 = 4;
/// Length of that pause.
const PAUSE: Duration = Duration::from_millis(1);

statements! {
    BEGIN_BATCH = "BEGIN IMMEDIATE; SAVEPOINT command";
    KEEP_AND_GO_ON = "RELEASE command; SAVEPOINT command";
    UNDO = "ROLLBACK TO command";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
}

/// What a command does with the connection; an error undoes all of it.
pub(crate) trait Work<T>:
    for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static
{
}

impl<T, F> Work<T> for F where
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static
{
}

/// What happens once the command's batch is committed; it runs on the writer's task and must be short.
pub(crate) trait AfterCommit<T>: FnOnce(&T) + Send + 'static {}

impl<T, F: FnOnce(&T) + Send + 'static> AfterCommit<T> for F {}

/// Nobody needs to be told.
pub(crate) fn nobody<T>(_: &T) {}

/// What the writer has done so far.
#[derive(Default)]
struct Counts {
    writes: AtomicU64,
    commits: AtomicU64,
}

/// Handle of the writer task.
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Command>>,
    counts: Arc<Counts>,
    closing: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the writer task; it ends when closed, or when the last handle is gone.
    #[expect(clippy::disallowed_methods, reason = "`close` joins it")]
    pub(crate) fn start(connection: SqliteConnection) -> Self {
        let (queue, commands) = mpsc::channel(QUEUE_LENGTH);
        let closing = Arc::new(Notify::new());
        let counts = Arc::new(Counts::default());
        let task = tokio::spawn(write_until_closed(
            connection,
            commands,
            Arc::clone(&counts),
            Arc::clone(&closing),
        ));
        Self {
            queue,
            counts,
            closing,
            task: Mutex::new(Some(task)),
        }
    }

    /// Says how busy the writer is.
    pub(crate) fn stats(&self) -> WriteStats {
        WriteStats {
            waiting: (self.queue.max_capacity() - self.queue.capacity()) as u64,
            writes: self.counts.writes.load(Ordering::Relaxed),
            commits: self.counts.commits.load(Ordering::Relaxed),
        }
    }

    /// Runs a command for a caller who cannot be refused: waits for room in the queue.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T> {
        self.run_and(nobody, work).await
    }

    /// As [`Writer::run`]; after the commit it tells `after`, also when the caller has gone away meanwhile.
    pub(crate) async fn run_and<T: Send + 'static>(
        &self,
        after: impl AfterCommit<T>,
        work: impl Work<T>,
    ) -> Result<T> {
        let (command, answer) = Typed::boxed(after, work);
        if self.queue.send(command).await.is_err() {
            return Err(DbError::Closed.into());
        }
        receive(answer).await
    }

    /// Runs a command for a caller of the API; `SERVER_BUSY` when the queue is full. Tells `after` as above.
    pub(crate) async fn try_run<T: Send + 'static>(
        &self,
        after: impl AfterCommit<T>,
        work: impl Work<T>,
    ) -> Result<T> {
        let (command, answer) = Typed::boxed(after, work);
        match self.queue.try_send(command) {
            Ok(()) => receive(answer).await,
            Err(mpsc::error::TrySendError::Full(_)) => Err(Error::new(
                Code::ServerBusy,
                "The server has too much to write down right now. Try again shortly.",
            )
            .with_retry_after(1)),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(DbError::Closed.into()),
        }
    }

    /// Refuses new commands, finishes the queued ones and closes the connection.
    pub(crate) async fn close(&self) {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.closing.notify_one();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the database writer ended badly"
            );
        }
    }
}

async fn receive<T>(answer: oneshot::Receiver<Result<T>>) -> Result<T> {
    // The writer drops the sender only when it ends without having committed.
    answer.await.unwrap_or_else(|_| Err(DbError::Closed.into()))
}

/// A queued command.
trait Command: Send {
    /// Says whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;

    /// Does the work and keeps its outcome; false when its writes must be undone.
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, bool>;

    /// Hands the outcome to the caller; `lost` says why nothing of the batch was committed.
    fn answer(self: Box<Self>, lost: Option<&Arc<DbError>>);
}

struct Typed<T, W, A> {
    work: Option<W>,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
    after: A,
}

impl<T: Send + 'static, W: Work<T>, A: AfterCommit<T>> Typed<T, W, A> {
    fn boxed(after: A, work: W) -> (Box<dyn Command>, oneshot::Receiver<Result<T>>) {
        let (reply, answer) = oneshot::channel();
        let command = Self {
            work: Some(work),
            outcome: None,
            reply,
            after,
        };
        (Box::new(command), answer)
    }
}

impl<T: Send + 'static, W: Work<T>, A: AfterCommit<T>> Command for Typed<T, W, A> {
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else {
                return false;
            };
            let outcome = work(connection).await;
            let has_succeeded = outcome.is_ok();
            self.outcome = Some(outcome);
            has_succeeded
        })
    }

    fn answer(self: Box<Self>, lost: Option<&Arc<DbError>>) {
        let answer = match (self.outcome, lost) {
            // A refusal holds whatever became of the others.
            (Some(Err(refusal)), _) => Err(refusal),
            (Some(Ok(value)), None) => Ok(value),
            (_, Some(cause)) => Err(DbError::NotCommitted(Arc::clone(cause)).into()),
            (None, None) => Err(DbError::Closed.into()),
        };
        if let Ok(value) = &answer {
            (self.after)(value);
        }
        // A caller who has gone away does not hear it; the write stands.
        drop(self.reply.send(answer));
    }
}

async fn write_until_closed(
    mut connection: SqliteConnection,
    mut queue: mpsc::Receiver<Box<dyn Command>>,
    counts: Arc<Counts>,
    closing: Arc<Notify>,
) {
    let mut batches_in_a_row = 0;
    loop {
        if queue.is_empty() {
            batches_in_a_row = 0;
        } else if batches_in_a_row == BATCHES_IN_A_ROW {
            batches_in_a_row = 0;
            tokio::time::sleep(PAUSE).await;
        }
        tokio::select! {
            biased;
            command = queue.recv() => match command {
                Some(command) => {
                    write_batch(&mut connection, command, &mut queue, &counts).await;
                    batches_in_a_row += 1;
                }
                None => break,
            },
            () = closing.notified() => queue.close(),
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the database was not closed cleanly"
        );
    }
}

/// Runs a first command, and whatever else is queued, in one transaction; then answers all of them.
async fn write_batch(
    connection: &mut SqliteConnection,
    first: Box<dyn Command>,
    queue: &mut mpsc::Receiver<Box<dyn Command>>,
    counts: &Counts,
) {
    let mut batch = Vec::new();
    let written = run_batch(connection, first, queue, &mut batch).await;
    let lost = written.err().map(Arc::new);
    if lost.is_none() {
        counts.commits.fetch_add(1, Ordering::Relaxed);
        let writes = batch.len() as u64;
        counts.writes.fetch_add(writes, Ordering::Relaxed);
    }
    if let Some(cause) = &lost {
        tracing::error!(
            error = cause as &dyn std::error::Error,
            commands = batch.len(),
            "a batch was not committed"
        );
        // Most failures have ended the transaction already; then there is nothing to roll back.
        drop(query(ROLLBACK).run(connection).await);
        // Those who queued up meanwhile would only wait for the same failure.
        if batch.len() == 1 {
            while let Ok(command) = queue.try_recv() {
                batch.push(command);
            }
        }
    }
    for command in batch {
        command.answer(lost.as_ref());
    }
}

async fn run_batch(
    connection: &mut SqliteConnection,
    first: Box<dyn Command>,
    queue: &mut mpsc::Receiver<Box<dyn Command>>,
    batch: &mut Vec<Box<dyn Command>>,
) -> Result<(), DbError> {
    // Into the batch first: whatever fails from here on, each of them hears of it.
    batch.push(first);
    query(BEGIN_BATCH).run(connection).await?;
    while let Some(command) = batch.last_mut() {
        let has_succeeded = !command.is_wanted() || command.run(connection).await;
        if !has_succeeded {
            query(UNDO).run(connection).await?;
        }
        if batch.len() == MAX_BATCH {
            break;
        }
        let Ok(next) = queue.try_recv() else {
            break;
        };
        batch.push(next);
        if has_succeeded {
            query(KEEP_AND_GO_ON).run(connection).await?;
        }
    }
    query(COMMIT).run(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
