//! Random sequences of operations against a small model of what the ports promise.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, time::Duration};

use drape_core::{
    Code,
    generation::{JobOutcome, LeaseState, ProductChoice, Reported, Status},
    ids::{AccountId, AttemptId, GenerationId},
    product::ProductOrigin,
};
use drape_storage::{SqlStore, StoreOptions};
use drape_testkit::conformance::data::{DataPorts, LONG, code, external_id, upsert};
use proptest::prelude::*;

const MAX_ATTEMPTS: u32 = 3;
const ACCOUNTS: usize = 2;

#[derive(Debug, Clone)]
enum Operation {
    Enqueue {
        account: usize,
        product: usize,
        by: By,
    },
    Claim {
        lease_is_over: bool,
    },
    Finish {
        lease: usize,
        completes: bool,
    },
    Retry {
        lease: usize,
        is_delayed: bool,
    },
    PutBack {
        lease: usize,
    },
    Heartbeat {
        lease: usize,
    },
    Reap,
    Cancel {
        generation: usize,
    },
    Grant {
        account: usize,
        amount: i64,
    },
    Delete {
        account: usize,
        product: usize,
    },
    Sweep {
        days: u32,
    },
}

#[derive(Debug, Clone, Copy)]
enum By {
    Reference,
    Inline,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::{
        Cancel, Claim, Delete, Enqueue, Finish, Grant, Heartbeat, PutBack, Reap, Retry, Sweep,
    };
    let (account, product, index) = (0..ACCOUNTS, 0..2_usize, 0..64_usize);
    let by = prop_oneof![Just(By::Reference), Just(By::Inline)];
    prop_oneof![
        6 => (account.clone(), product.clone(), by)
            .prop_map(|(account, product, by)| Enqueue { account, product, by }),
        6 => any::<bool>().prop_map(|lease_is_over| Claim { lease_is_over }),
        4 => (index.clone(), any::<bool>()).prop_map(|(lease, completes)| Finish { lease, completes }),
        3 => (index.clone(), any::<bool>()).prop_map(|(lease, is_delayed)| Retry { lease, is_delayed }),
        2 => index.clone().prop_map(|lease| PutBack { lease }),
        2 => index.clone().prop_map(|lease| Heartbeat { lease }),
        2 => Just(Reap),
        2 => index.prop_map(|generation| Cancel { generation }),
        1 => (account.clone(), -3..4_i64).prop_map(|(account, amount)| Grant { account, amount }),
        1 => (account, product).prop_map(|(account, product)| Delete { account, product }),
        1 => (0..20_u32).prop_map(|days| Sweep { days }),
    ]
}

/// What the model knows of a generation.
#[derive(Debug)]
struct Known {
    account: usize,
    status: Status,
    lease: Option<AttemptId>,
    lease_is_over: bool,
    attempts: u32,
    is_delayed: bool,
}

struct Model {
    data: DataPorts,
    accounts: Vec<AccountId>,
    credits: Vec<i64>,
    /// In the order of enqueuing.
    generations: BTreeMap<GenerationId, Known>,
    /// Every lease ever given, lost ones too.
    leases: Vec<(GenerationId, AttemptId)>,
}

impl Model {
    async fn start(store: SqlStore) -> Self {
        let data = DataPorts::of(store);
        let mut accounts = Vec::new();
        for number in 0..ACCOUNTS {
            accounts.push(data.account(&format!("shop {number}"), 3).await.id);
        }
        Self {
            data,
            accounts,
            credits: vec![3; ACCOUNTS],
            generations: BTreeMap::new(),
            leases: Vec::new(),
        }
    }

    async fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Enqueue {
                account,
                product,
                by,
            } => self.enqueue(account, product, by).await,
            Operation::Claim { lease_is_over } => self.claim(lease_is_over).await,
            Operation::Finish { lease, completes } => self.finish(lease, completes).await,
            Operation::Retry { lease, is_delayed } => self.retry(lease, is_delayed).await,
            Operation::PutBack { lease } => self.put_back(lease).await,
            Operation::Heartbeat { lease } => self.heartbeat(lease).await,
            Operation::Reap => self.reap().await,
            Operation::Cancel { generation } => self.cancel(generation).await,
            Operation::Grant { account, amount } => self.grant(account, amount).await,
            Operation::Delete { account, product } => {
                let name = external_id(&format!("sku {product}"));
                let (owner, now) = (self.accounts[account], self.data.now());
                self.data.products.delete(owner, &name, now).await.unwrap();
            }
            Operation::Sweep { days } => {
                self.data.clock.advance_days(days);
                let now = self.data.now();
                let blobs = self.data.retention.expired(now, 10).await.unwrap();
                self.data.retention.forget(&blobs, now).await.unwrap();
            }
        }
    }

    async fn enqueue(&mut self, account: usize, product: usize, by: By) {
        let owner = self.accounts[account];
        let name = format!("sku {product}");
        let living = self
            .data
            .products
            .find(owner, &external_id(&name), self.data.now())
            .await
            .unwrap();
        let (choice, is_known) = match by {
            By::Reference => (
                ProductChoice::Reference(external_id(&name)),
                living.is_some(),
            ),
            By::Inline => (
                ProductChoice::Upsert(upsert(&name, ProductOrigin::Inline)),
                true,
            ),
        };
        let expected = if !is_known {
            Some(Code::ProductNotFound)
        } else if self.credits[account] == 0 {
            Some(Code::InsufficientCredits)
        } else {
            None
        };
        let new = self
            .data
            .generation(owner, choice, self.data.snapshot(owner));
        let id = new.id;
        assert_eq!(code(self.data.enqueue(new).await), expected);
        if expected.is_none() {
            self.credits[account] -= 1;
            let known = Known {
                account,
                status: Status::Pending,
                lease: None,
                lease_is_over: false,
                attempts: 0,
                is_delayed: false,
            };
            self.generations.insert(id, known);
        }
    }

    async fn claim(&mut self, lease_is_over: bool) {
        let lease = if lease_is_over { Duration::ZERO } else { LONG };
        let job = self.data.claim_for(lease).await;
        let may_be_claimed = |known: &Known| known.status == Status::Pending && !known.is_delayed;
        let Some(job) = job else {
            assert!(!self.generations.values().any(may_be_claimed));
            return;
        };
        let known = self
            .generations
            .get_mut(&job.generation)
            .filter(|known| may_be_claimed(known))
            .unwrap();
        known.status = Status::Processing;
        known.attempts += 1;
        known.lease = Some(job.lease);
        known.lease_is_over = lease_is_over;
        assert_eq!(job.attempt, known.attempts);
        self.leases.push((job.generation, job.lease));
    }

    /// Picks a lease that was given at some time, and what the model knows if it still holds.
    fn pick(&mut self, index: usize) -> Option<(GenerationId, AttemptId, Option<&mut Known>)> {
        if self.leases.is_empty() {
            return None;
        }
        let (id, lease) = self.leases[index % self.leases.len()];
        let known = self.generations.get_mut(&id);
        let held = known.filter(|known| known.lease == Some(lease));
        Some((id, lease, held))
    }

    async fn finish(&mut self, index: usize, completes: bool) {
        let data = self.data.clone();
        let Some((id, lease, held)) = self.pick(index) else {
            return;
        };
        let account = data.read(id).await.account;
        let (outcome, status) = if completes {
            (data.completed(account), Status::Completed)
        } else {
            let outcome = JobOutcome::Failed {
                code: Code::GarmentNotUsable,
                message: "no".to_owned(),
            };
            (outcome, Status::Failed)
        };
        let expected = reported(held.is_some());
        let released = held.and_then(|known| end(known, status));
        let got = data.jobs.finish(id, lease, outcome, data.now()).await;
        assert_eq!(got.unwrap(), expected);
        self.release(released);
    }

    async fn retry(&mut self, index: usize, is_delayed: bool) {
        let data = self.data.clone();
        let Some((id, lease, held)) = self.pick(index) else {
            return;
        };
        let delay = if is_delayed { LONG } else { Duration::ZERO };
        let expected = reported(held.is_some());
        let released = held.and_then(|known| {
            if known.attempts >= MAX_ATTEMPTS {
                return end(known, Status::Failed);
            }
            known.status = Status::Pending;
            known.lease = None;
            known.is_delayed = is_delayed;
            None
        });
        let got = data
            .jobs
            .retry(id, lease, delay, Code::EngineFailed, "no", data.now())
            .await;
        assert_eq!(got.unwrap(), expected);
        self.release(released);
    }

    async fn put_back(&mut self, index: usize) {
        let data = self.data.clone();
        let Some((id, lease, held)) = self.pick(index) else {
            return;
        };
        let expected = reported(held.is_some());
        if let Some(known) = held {
            known.status = Status::Pending;
            known.lease = None;
            known.attempts -= 1;
        }
        assert_eq!(data.jobs.put_back(id, lease).await.unwrap(), expected);
    }

    async fn heartbeat(&mut self, index: usize) {
        let data = self.data.clone();
        let Some((id, lease, held)) = self.pick(index) else {
            return;
        };
        let expected = if held.is_some() {
            LeaseState::Held
        } else {
            LeaseState::Lost
        };
        if let Some(known) = held {
            known.lease_is_over = false;
        }
        let got = data.jobs.heartbeat(id, lease, LONG).await.unwrap();
        assert_eq!(got, expected);
    }

    async fn reap(&mut self) {
        let mut lost = 0;
        let mut released = Vec::new();
        for known in self.generations.values_mut() {
            if known.lease.is_none() || !known.lease_is_over {
                continue;
            }
            lost += 1;
            if known.attempts >= MAX_ATTEMPTS {
                released.push(end(known, Status::Failed));
            } else {
                known.status = Status::Pending;
                known.lease = None;
            }
        }
        let got = self.data.jobs.reap(self.data.now()).await.unwrap();
        assert_eq!(got, lost);
        for account in released {
            self.release(account);
        }
    }

    async fn cancel(&mut self, index: usize) {
        if self.generations.is_empty() {
            return;
        }
        let index = index % self.generations.len();
        let (id, known) = self.generations.iter_mut().nth(index).unwrap();
        let is_open = !known.status.is_final();
        let released = if is_open {
            end(known, Status::Failed)
        } else {
            None
        };
        let got = self.data.jobs.cancel(*id, self.data.now()).await.unwrap();
        assert_eq!(got, is_open);
        self.release(released);
    }

    async fn grant(&mut self, account: usize, amount: i64) {
        let after = self.credits[account] + amount;
        let expected = (after < 0).then_some(Code::InsufficientCredits);
        let got = code(self.data.grant(self.accounts[account], amount).await);
        assert_eq!(got, expected);
        if expected.is_none() {
            self.credits[account] = after;
        }
    }

    fn release(&mut self, account: Option<usize>) {
        if let Some(account) = account {
            self.credits[account] += 1;
        }
    }

    async fn check(&self) {
        for (account, credits) in self.accounts.iter().zip(&self.credits) {
            let balance = self.data.ledger.balance(*account).await.unwrap();
            assert_eq!(balance, *credits);
            self.data.assert_books_balance(*account).await;
        }
        for (id, known) in &self.generations {
            assert_eq!(self.data.read(*id).await.status, known.status);
        }
        let waiting = self
            .generations
            .values()
            .filter(|known| known.status == Status::Pending);
        let depth = self.data.jobs.depth().await.unwrap();
        assert_eq!(depth, waiting.count() as u64);
    }
}

fn reported(is_held: bool) -> Reported {
    if is_held {
        Reported::Accepted
    } else {
        Reported::LeaseLost
    }
}

/// Ends a generation in the model; returns the account that gets its credit back, if any.
fn end(known: &mut Known, status: Status) -> Option<usize> {
    known.status = status;
    known.lease = None;
    (status == Status::Failed).then_some(known.account)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_operations_keep_the_books(operations in prop::collection::vec(operation(), 1..70)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("drape.db");
            let store = SqlStore::open(path.to_str().unwrap(), StoreOptions::default()).await.unwrap();
            let mut model = Model::start(store.clone()).await;
            for operation in operations {
                model.apply(operation).await;
            }
            model.check().await;
            store.close().await;
        });
    }
}
