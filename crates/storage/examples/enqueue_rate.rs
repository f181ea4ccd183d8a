//! Measures how many try-ons the database accepts, claims and finishes in a second.
//!
//! `cargo run --release -p drape-storage --example enqueue_rate -- [FOLDER] [CALLERS] [SECONDS] [WORKERS]`
//!
//! Every accepted try-on is on the disk when its caller hears of it. Callers name a product and an upload, as a shop
//! does. Three parts: accepting alone, accepting while workers claim and finish, and finding accounts by key.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement may stop at the first failure"
)]

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use drape_core::{
    generation::Reported,
    ids::{AccountId, EntryId, ImageId},
    ports::{Ids, Ledger},
};
use drape_storage::{SqlStore, StoreOptions};
use drape_testkit::conformance::data::{DataPorts, LONG};
use tokio::task::JoinSet;

struct Bench {
    data: DataPorts,
    account: AccountId,
    upload: ImageId,
    callers: usize,
    duration: Duration,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(
        arguments
            .next()
            .unwrap_or_else(|| "target/enqueue_rate".into()),
    );
    let callers = arguments.next().map_or(64, |text| text.parse().unwrap());
    let seconds = arguments.next().map_or(5, |text| text.parse().unwrap());
    let workers = arguments.next().map_or(4, |text| text.parse().unwrap());
    let options = StoreOptions {
        max_waiting: u64::MAX / 2,
        ..StoreOptions::default()
    };
    let path = folder.join(format!("bench-{}.db", std::process::id()));
    let location = path.to_str().unwrap();
    let store = SqlStore::open(location, options.clone()).await.unwrap();
    let command = SqlStore::open(location, options).await.unwrap();
    let data = DataPorts::of(store.clone());
    let (key, new) = data.new_account("bench", u32::MAX);
    let account = data.accounts.create(new).await.unwrap().id;
    let upload = data.upload(account).await.id;
    data.register(account, "sku").await;
    let bench = Arc::new(Bench {
        data,
        account,
        upload,
        callers,
        duration: Duration::from_secs(seconds),
    });

    let (accepted, _) = bench.run(0, &command).await;
    println!("accepting alone:          {accepted:.0} per second, {callers} callers");
    let (accepted, finished) = bench.run(workers, &command).await;
    println!(
        "accepting beside workers: {accepted:.0} per second, {finished:.0} finished per second"
    );
    let found = bench.find_keys(key.hash()).await;
    println!("finding accounts by key:  {found:.0} per second");
    let started = Instant::now();
    bench.data.assert_books_balance(bench.account).await;
    println!("the books balance (checked in {:?})", started.elapsed());
    command.close().await;
    store.close().await;
    std::fs::remove_file(&path).unwrap();
}

impl Bench {
    /// Accepts for the whole time; returns what was accepted and finished per second.
    async fn run(self: &Arc<Self>, workers: usize, command: &SqlStore) -> (f64, f64) {
        let stop = Arc::new(AtomicBool::new(false));
        let (accepted, finished) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..self.callers {
            let (bench, stop, accepted) = (self.clone(), stop.clone(), accepted.clone());
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let new = bench.data.by_reference(bench.account, "sku", bench.upload);
                    bench.data.enqueue(new).await.unwrap();
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..workers {
            let (bench, stop, finished) = (self.clone(), stop.clone(), finished.clone());
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let Some(job) = bench.data.claim_for(LONG).await else {
                        continue;
                    };
                    let outcome = bench.data.completed(bench.account);
                    let (id, lease) = (job.generation, job.lease);
                    let now = bench.data.now();
                    let reported = bench.data.jobs.finish(id, lease, outcome, now).await;
                    assert_eq!(reported.unwrap(), Reported::Accepted);
                    finished.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let started = Instant::now();
        let waits = self.grant_until(started + self.duration, command).await;
        stop.store(true, Ordering::Relaxed);
        let seconds = started.elapsed().as_secs_f64();
        let per_second = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / seconds;
        let rates = (per_second(&accepted), per_second(&finished));
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        println!(
            "grants from another store: {} in {:.1} s, longest wait {:?}",
            waits.len(),
            seconds,
            waits.iter().max().unwrap()
        );
        rates
    }

    /// Grants credits through another store now and then; returns how long each took.
    async fn grant_until(&self, end: Instant, command: &SqlStore) -> Vec<Duration> {
        let mut waits = Vec::new();
        while Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let entry = EntryId::from_uuid(self.data.ids.uuid());
            let started = Instant::now();
            command
                .grant(self.account, entry, 1, "beside", self.data.now())
                .await
                .unwrap();
            waits.push(started.elapsed());
        }
        waits
    }

    async fn find_keys(self: &Arc<Self>, key: drape_core::account::ApiKeyHash) -> f64 {
        const FINDS: u32 = 20_000;

        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let bench = self.clone();
            tasks.spawn(async move {
                for _ in 0..FINDS / 4 {
                    assert!(
                        bench
                            .data
                            .accounts
                            .find_by_key(key)
                            .await
                            .unwrap()
                            .is_some()
                    );
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        f64::from(FINDS) / started.elapsed().as_secs_f64()
    }
}
