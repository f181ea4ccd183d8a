//! Several stores on one file, as a server and commands beside it have.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(
    clippy::disallowed_methods,
    reason = "every task is joined, or killed on purpose"
)]

use std::time::Duration;

use drape_core::{Code, ids::AccountId, ports::Ids};
use drape_storage::{DbError, SqlStore, StoreOptions};
use drape_testkit::conformance::data::{DataPorts, code};
use tempfile::TempDir;

fn location(folder: &TempDir) -> String {
    let path = folder.path().join("data/drape.db");
    path.to_str().unwrap().to_owned()
}

async fn open(folder: &TempDir, migrate_on_open: bool) -> Result<SqlStore, DbError> {
    let options = StoreOptions {
        migrate_on_open,
        ..StoreOptions::default()
    };
    SqlStore::open(&location(folder), options).await
}

/// Ports on a second store that share the ids and the clock of the first.
fn beside(first: &DataPorts, store: SqlStore) -> DataPorts {
    DataPorts {
        ids: first.ids.clone(),
        clock: first.clock.clone(),
        ..DataPorts::of(store)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_open_a_fresh_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let location = location(&folder);
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let location = location.clone();
            tokio::spawn(async move { SqlStore::open(&location, StoreOptions::default()).await })
        })
        .collect();
    for task in tasks {
        let store = task.await.unwrap().unwrap();
        assert!(store.pending_migrations().await.unwrap().is_empty());
        store.close().await;
    }
}

#[tokio::test]
async fn what_one_writes_the_other_reads() {
    let folder = tempfile::tempdir().unwrap();
    let server = DataPorts::of(open(&folder, true).await.unwrap());
    let command = beside(&server, open(&folder, true).await.unwrap());
    let account = command.account("shop", 1).await.id;
    let id = server.queue(account, 1).await[0];
    assert_eq!(command.jobs.depth().await.unwrap(), 1);
    assert!(command.jobs.cancel(id, command.now()).await.unwrap());
    assert!(server.claim().await.is_none());
    assert_eq!(server.ledger.balance(account).await.unwrap(), 1);
    // A job that the other queues is seen by the next look at the latest.
    let upload = command.upload(account).await.id;
    let new = command.by_reference(account, "queued", upload);
    command.enqueue(new).await.unwrap();
    server
        .jobs
        .wait_for_work(Duration::from_hours(1), &[])
        .await;
    assert!(server.claim().await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_spend_the_last_credit_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = DataPorts::of(open(&folder, true).await.unwrap());
    let second = beside(&first, open(&folder, true).await.unwrap());
    let account = first.account("shop", 5).await.id;
    let upload = first.upload(account).await.id;
    first.register(account, "sku").await;
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let data = if number % 2 == 0 { &first } else { &second };
            let data = data.clone();
            tokio::spawn(async move {
                let new = data.by_reference(account, "sku", upload);
                code(data.enqueue(new).await)
            })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        match task.await.unwrap() {
            None => accepted += 1,
            Some(refused) => assert_eq!(refused, Code::InsufficientCredits),
        }
    }
    assert_eq!(accepted, 5);
    second.assert_books_balance(account).await;
}

#[tokio::test]
async fn migrations_can_be_left_to_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, false).await.unwrap();
    let pending = store.pending_migrations().await.unwrap();
    assert_eq!(pending.first(), Some(&"0001_initial"));
    let data = DataPorts::of(store.clone());
    let unknown = AccountId::from_uuid(data.ids.uuid());
    assert!(data.accounts.find(unknown).await.is_err());
    assert_eq!(store.migrate().await.unwrap(), pending);
    assert!(store.pending_migrations().await.unwrap().is_empty());
    assert!(store.migrate().await.unwrap().is_empty());
    data.account("shop", 1).await;
    data.database.ping().await.unwrap();
}

#[tokio::test]
async fn a_closed_store_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, true).await.unwrap();
    let data = DataPorts::of(store.clone());
    let account = data.account("shop", 1).await.id;
    store.close().await;
    store.close().await;
    assert_eq!(
        code(data.grant(account, 1).await),
        Some(Code::ServiceUnavailable)
    );
    let read = data.ledger.balance(account).await;
    assert_eq!(code(read), Some(Code::ServiceUnavailable));
    // Nothing is left behind but the database itself.
    let names: Vec<_> = std::fs::read_dir(folder.path().join("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["drape.db"]);
}

#[tokio::test]
async fn odd_locations_are_refused() {
    for location in [
        "",
        "sqlite:",
        "sqlite://",
        ":memory:",
        "sqlite::memory:",
        "postgres://host/db",
        "file.db?mode=ro",
        "file:drape.db",
    ] {
        let opened = SqlStore::open(location, StoreOptions::default()).await;
        assert!(
            matches!(opened, Err(DbError::UnsupportedLocation)),
            "{location:?}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("no database");
    std::fs::write(&file, "plain text, long enough to be a header of a page").unwrap();
    let opened = SqlStore::open(file.to_str().unwrap(), StoreOptions::default()).await;
    assert!(matches!(opened, Err(DbError::Statement(_))));
    let under_a_file = file.join("drape.db");
    let opened = SqlStore::open(under_a_file.to_str().unwrap(), StoreOptions::default()).await;
    assert!(matches!(opened, Err(DbError::File(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", location(&folder));
    let store = SqlStore::open(&url, StoreOptions::default()).await.unwrap();
    DataPorts::of(store).account("shop", 1).await;
    for entry in std::fs::read_dir(folder.path().join("data")).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}
