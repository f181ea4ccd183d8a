#![expect(
    clippy::disallowed_methods,
    reason = "every task is joined, or killed on purpose"
)]

use futures::FutureExt;
use sqlx::{Connection, sqlite::SqliteConnectOptions};
use tokio::sync::oneshot;

use super::*;
use crate::db::statement::ReadColumn;

const MAKE_TABLES: &str = "CREATE TABLE numbers (n INTEGER PRIMARY KEY);
        CREATE TABLE children (n INTEGER REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)";
const INSERT: &str = "INSERT INTO numbers (n) VALUES ($1)";
const INSERT_CHILD: &str = "INSERT INTO children (n) VALUES ($1)";
const READ: &str = "SELECT n FROM numbers ORDER BY n";

async fn start() -> Arc<Writer> {
    let options = SqliteConnectOptions::new().in_memory(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    query(MAKE_TABLES).run(&mut connection).await.unwrap();
    Arc::new(Writer::start(connection))
}

/// Queues a command at once; its outcome comes with the task.
fn queue<T: Send + 'static>(
    writer: &Arc<Writer>,
    work: impl Work<T>,
) -> tokio::task::JoinHandle<Result<T>> {
    let writer = Arc::clone(writer);
    tokio::spawn(async move { writer.run(work).await })
}

fn insert(n: i64) -> impl Work<i64> {
    move |connection| {
        Box::pin(async move {
            query(INSERT).bind(n).run(connection).await?;
            Ok(n)
        })
    }
}

/// Queues a command that keeps the batch open until told.
fn queue_gate(
    writer: &Arc<Writer>,
) -> (
    oneshot::Sender<()>,
    oneshot::Receiver<()>,
    tokio::task::JoinHandle<Result<()>>,
) {
    let (open, gate) = oneshot::channel();
    let (has_begun, begun) = oneshot::channel();
    let task = queue(writer, move |_| {
        Box::pin(async move {
            has_begun.send(()).unwrap();
            drop(gate.await);
            Ok(())
        })
    });
    (open, begun, task)
}

async fn numbers(writer: &Writer) -> Vec<i64> {
    let read = writer.run(|connection| {
        Box::pin(async move {
            let rows = query(READ).rows(connection).await?;
            let numbers: Result<Vec<i64>, DbError> =
                rows.iter().map(|row| row.column("n")).collect();
            Ok(numbers?)
        })
    });
    read.await.unwrap()
}

#[tokio::test]
async fn a_failing_command_undoes_only_itself() {
    let writer = start().await;
    let (open, begun, gate) = queue_gate(&writer);
    begun.await.unwrap();
    let first = queue(&writer, insert(1));
    let twice = queue(&writer, |connection| {
        Box::pin(async move {
            query(INSERT).bind(2).run(connection).await?;
            query(INSERT).bind(1).run(connection).await?;
            Ok(())
        })
    });
    let refused = queue(&writer, |connection| {
        Box::pin(async move {
            query(INSERT).bind(3).run(connection).await?;
            Err::<(), _>(Error::new(Code::ProductNotFound, "no"))
        })
    });
    let last = queue(&writer, insert(4));
    tokio::task::yield_now().await;
    open.send(()).unwrap();
    gate.await.unwrap().unwrap();
    assert_eq!(first.await.unwrap().unwrap(), 1);
    let error = twice.await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::InternalError);
    let error = refused.await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::ProductNotFound);
    assert_eq!(last.await.unwrap().unwrap(), 4);
    assert_eq!(numbers(&writer).await, [1, 4]);
}

#[tokio::test]
async fn nobody_is_answered_before_the_commit() {
    let writer = start().await;
    let (first_open, first_begun, first_gate) = queue_gate(&writer);
    first_begun.await.unwrap();
    let mut insert_is_done = queue(&writer, insert(1));
    let (second_open, second_begun, second_gate) = queue_gate(&writer);
    tokio::task::yield_now().await;
    first_open.send(()).unwrap();
    // The second gate runs after the insert, in the same batch.
    second_begun.await.unwrap();
    assert!((&mut insert_is_done).now_or_never().is_none());
    assert!(!first_gate.is_finished());
    second_open.send(()).unwrap();
    insert_is_done.await.unwrap().unwrap();
    first_gate.await.unwrap().unwrap();
    second_gate.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_failing_commit_fails_everybody() {
    let writer = start().await;
    let (open, begun, gate) = queue_gate(&writer);
    begun.await.unwrap();
    let good = queue(&writer, insert(1));
    let refused = queue(&writer, |_| {
        Box::pin(async { Err::<(), _>(Error::new(Code::ProductNotFound, "no")) })
    });
    // Fails only when the transaction is committed.
    let orphan = queue(&writer, |connection| {
        Box::pin(async move { Ok(query(INSERT_CHILD).bind(77).run(connection).await?) })
    });
    tokio::task::yield_now().await;
    open.send(()).unwrap();
    assert!(gate.await.unwrap().is_err());
    assert!(good.await.unwrap().is_err());
    assert!(orphan.await.unwrap().is_err());
    let error = refused.await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::ProductNotFound);
    assert!(numbers(&writer).await.is_empty());
    assert_eq!(queue(&writer, insert(2)).await.unwrap().unwrap(), 2);
    assert_eq!(numbers(&writer).await, [2]);
}

#[tokio::test]
async fn a_transaction_that_ends_by_itself_fails_everybody() {
    let writer = start().await;
    let (open, begun, gate) = queue_gate(&writer);
    begun.await.unwrap();
    let before = queue(&writer, insert(1));
    // As the database does by itself when the disk is full.
    let broken = queue(&writer, |connection| {
        Box::pin(async move {
            query(ROLLBACK).run(connection).await?;
            Err::<(), _>(DbError::Busy.into())
        })
    });
    let after = queue(&writer, insert(2));
    tokio::task::yield_now().await;
    open.send(()).unwrap();
    assert!(gate.await.unwrap().is_err());
    assert!(before.await.unwrap().is_err());
    assert!(broken.await.unwrap().is_err());
    assert_eq!(after.await.unwrap().unwrap(), 2);
    assert_eq!(numbers(&writer).await, [2]);
}

#[tokio::test]
async fn commands_of_callers_who_left_are_skipped() {
    let writer = start().await;
    let (open, begun, gate) = queue_gate(&writer);
    begun.await.unwrap();
    let gone = queue(&writer, insert(1));
    let stays = queue(&writer, insert(2));
    tokio::task::yield_now().await;
    gone.abort();
    assert!(gone.await.is_err());
    open.send(()).unwrap();
    gate.await.unwrap().unwrap();
    stays.await.unwrap().unwrap();
    assert_eq!(numbers(&writer).await, [2]);
}

#[tokio::test]
async fn a_full_queue_refuses_callers_and_makes_workers_wait() {
    let writer = start().await;
    let (open, begun, gate) = queue_gate(&writer);
    begun.await.unwrap();
    let mut waiting = Vec::new();
    for n in 0..QUEUE_LENGTH {
        let mut command = Box::pin(writer.try_run(nobody, insert(n as i64)));
        assert!((&mut command).now_or_never().is_none());
        waiting.push(command);
    }
    let refused = writer.try_run(nobody, insert(-1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ServerBusy);
    assert_eq!(refused.retry_after_seconds(), Some(1));
    let worker = queue(&writer, insert(-2));
    tokio::task::yield_now().await;
    assert!(!worker.is_finished());
    open.send(()).unwrap();
    gate.await.unwrap().unwrap();
    for command in waiting {
        command.await.unwrap();
    }
    worker.await.unwrap().unwrap();
    assert_eq!(numbers(&writer).await.len(), QUEUE_LENGTH + 1);
}

#[tokio::test]
async fn closing_finishes_what_is_queued() {
    let writer = start().await;
    let (open, begun, gate) = queue_gate(&writer);
    begun.await.unwrap();
    let queued = queue(&writer, insert(1));
    tokio::task::yield_now().await;
    let closing = {
        let writer = Arc::clone(&writer);
        tokio::spawn(async move { writer.close().await })
    };
    tokio::task::yield_now().await;
    open.send(()).unwrap();
    gate.await.unwrap().unwrap();
    assert_eq!(queued.await.unwrap().unwrap(), 1);
    closing.await.unwrap();
    let late = writer.run(insert(2)).await.unwrap_err();
    assert_eq!(late.code(), Code::ServiceUnavailable);
    let late = writer.try_run(nobody, insert(2)).await.unwrap_err();
    assert_eq!(late.code(), Code::ServiceUnavailable);
}

#[tokio::test]
async fn only_a_committed_command_is_told_of() {
    let writer = start().await;
    let told = Arc::new(Notify::new());
    let tell = || {
        let told = Arc::clone(&told);
        move |_: &i64| told.notify_one()
    };
    let refused = writer.run_and(tell(), |_| {
        Box::pin(async { Err::<i64, _>(Error::new(Code::ProductNotFound, "no")) })
    });
    refused.await.unwrap_err();
    assert!(told.notified().now_or_never().is_none());
    writer.run_and(tell(), insert(1)).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_mins(1), told.notified());
    heard.await.unwrap();
}

#[tokio::test]
async fn a_commit_is_told_of_although_its_caller_has_gone() {
    let writer = start().await;
    let told = Arc::new(Notify::new());
    let tell = Arc::clone(&told);
    let (begun, has_begun) = oneshot::channel::<()>();
    let (open_gate, gate) = oneshot::channel::<()>();
    let mut command = Box::pin(writer.run_and(
        move |_: &i64| tell.notify_one(),
        move |connection| {
            Box::pin(async move {
                begun.send(()).ok();
                gate.await.ok();
                insert(1)(connection).await
            })
        },
    ));
    tokio::select! {
        _ = &mut command => panic!("the gate is closed"),
        begun = has_begun => begun.unwrap(),
    }
    drop(command);
    open_gate.send(()).unwrap();
    let heard = tokio::time::timeout(Duration::from_mins(1), told.notified());
    heard.await.unwrap();
}
