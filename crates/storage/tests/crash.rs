//! Nothing that was answered may be lost, whenever the process ends.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(
    clippy::disallowed_methods,
    reason = "every task is joined, or killed on purpose"
)]

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use drape_core::{
    Code,
    generation::{JobOutcome, Reported, Status},
    ids::GenerationId,
    time::Timestamp,
};
use drape_storage::{SqlStore, StoreOptions};
use drape_testkit::{SeqIds, conformance::data::DataPorts};

const DATABASE: &str = "DRAPE_TEST_CRASH_DATABASE";
const ROUNDS: usize = 5;
const CALLERS: usize = 8;
const WORKERS: usize = 3;

/// Opens the database with ids that no earlier process has used.
async fn open(path: &str) -> (SqlStore, DataPorts) {
    let store = SqlStore::open(path, StoreOptions::default()).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut data = DataPorts::of(store.clone());
    let now_us = i64::try_from(now.as_micros()).unwrap();
    data.ids = SeqIds::at(Timestamp::from_micros(now_us)).into();
    (store, data)
}

/// Callers and workers that go on until the process is killed; each answer is told after it has come.
async fn work_for_ever(data: DataPorts, tell: fn(&str, GenerationId)) {
    let account = data.accounts.find_by_name("shop").await.unwrap().unwrap();
    let account = account.id;
    let upload = data.upload(account).await.id;
    data.register(account, "sku").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let data = data.clone();
        tasks.spawn(async move {
            loop {
                let new = data.by_reference(account, "sku", upload);
                let id = new.id;
                // Refused only once the store is gone, in the middle of the end.
                if data.enqueue(new).await.is_err() {
                    break;
                }
                tell("accepted", id);
            }
        });
    }
    for worker in 0..WORKERS {
        let data = data.clone();
        tasks.spawn(async move {
            for turn in worker.. {
                let (attempt, now) = (data.attempt(), data.now());
                let claimed = data
                    .jobs
                    .claim("w", attempt, Duration::ZERO, &[], now)
                    .await;
                let Ok(claimed) = claimed else { break };
                let Some(job) = claimed else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let (id, lease) = (job.generation, job.lease);
                let outcome = match turn % 4 {
                    0 => {
                        drop(data.jobs.put_back(id, lease).await);
                        continue;
                    }
                    1 => JobOutcome::Failed {
                        code: Code::EngineFailed,
                        message: "It did not work.".to_owned(),
                    },
                    _ => data.completed(account),
                };
                let reported = data.jobs.finish(id, lease, outcome, now).await;
                if matches!(reported, Ok(Reported::Accepted)) {
                    tell("ended", id);
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

#[test]
#[ignore = "runs for ever; another test starts it as a process of its own and kills it"]
fn child() {
    let Ok(path) = std::env::var(DATABASE) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (_store, data) = open(&path).await;
        work_for_ever(data, |what, id| println!("{what} {id}")).await;
    });
}

/// Starts the child, kills it after so many answers and returns what it had answered.
fn run_and_kill(path: &str, answers: usize) -> (Vec<GenerationId>, Vec<GenerationId>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut accepted, mut ended) = (Vec::new(), Vec::new());
    let mut is_killed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The last line may be torn.
        let line = line.unwrap_or_default();
        if let Some(id) = line
            .strip_prefix("accepted ")
            .and_then(|id| id.parse().ok())
        {
            accepted.push(id);
        } else if let Some(id) = line.strip_prefix("ended ").and_then(|id| id.parse().ok()) {
            ended.push(id);
        }
        if !is_killed && accepted.len() + ended.len() >= answers {
            child.kill().unwrap();
            is_killed = true;
        }
    }
    child.wait().unwrap();
    assert!(is_killed, "the child ended by itself");
    (accepted, ended)
}

#[test]
fn a_killed_process_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drape.db");
    let path = path.to_str().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (store, data) = open(path).await;
        data.account("shop", 100_000).await;
        store.close().await;
    });
    for round in 0..ROUNDS {
        let (accepted, ended) = run_and_kill(path, 100 + 61 * round);
        assert!(!accepted.is_empty() && !ended.is_empty());
        runtime.block_on(async {
            let (store, data) = open(path).await;
            let account = data
                .accounts
                .find_by_name("shop")
                .await
                .unwrap()
                .unwrap()
                .id;
            data.assert_books_balance(account).await;
            for id in &accepted {
                assert!(data.generations.find(*id).await.unwrap().is_some());
            }
            for id in &ended {
                assert!(data.read(*id).await.status.is_final());
            }
            finish_everything(&data).await;
            data.assert_books_balance(account).await;
            let generations = data.all_generations(account).await;
            assert!(
                generations
                    .iter()
                    .all(|generation| generation.status.is_final())
            );
            store.close().await;
        });
    }
}

/// Does what a server does after a crash: puts lost jobs back, then works off the queue.
async fn finish_everything(data: &DataPorts) {
    data.jobs.reap(data.now()).await.unwrap();
    while let Some(job) = data.claim().await {
        let outcome = data.completed(job.account);
        let reported = data
            .jobs
            .finish(job.generation, job.lease, outcome, data.now())
            .await;
        assert_eq!(reported.unwrap(), Reported::Accepted);
    }
    assert_eq!(data.jobs.depth().await.unwrap(), 0);
}

/// The same in one process: the runtime is dropped in the middle of everything, with commands queued and running.
#[test]
fn a_dropped_runtime_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drape.db");
    let path = path.to_str().unwrap();
    for round in 0..4 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (_store, data) = open(path).await;
            if round == 0 {
                data.account("shop", 100_000).await;
            }
            tokio::spawn(work_for_ever(data.clone(), |_, _| {}));
            let enough = 20 + 30 * round;
            while data.jobs.depth().await.unwrap() < enough {
                tokio::task::yield_now().await;
            }
        });
        drop(runtime);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (store, data) = open(path).await;
            let account = data
                .accounts
                .find_by_name("shop")
                .await
                .unwrap()
                .unwrap()
                .id;
            data.assert_books_balance(account).await;
            data.jobs.reap(data.now()).await.unwrap();
            let generations = data.all_generations(account).await;
            let running = generations
                .iter()
                .filter(|generation| generation.status == Status::Processing);
            assert_eq!(running.count(), 0);
            data.assert_books_balance(account).await;
            store.close().await;
        });
    }
}
