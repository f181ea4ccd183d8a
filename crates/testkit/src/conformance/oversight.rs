//! What [`Oversight`](drape_core::ports::Oversight) must do.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use std::{collections::BTreeMap, time::Duration};

use drape_core::{
    Code,
    account::EntryKind,
    generation::{JobOutcome, Status},
    ids::{AccountId, GenerationId},
    oversight::{AccountFilter, GenerationFilter, UsageDay},
    page::{Cursor, PageRequest},
    ports::Ids,
    time::{DAY_US, Timestamp},
};

use super::data::{DataPorts, external_id};

fn first(limit: u32) -> PageRequest {
    PageRequest { limit, after: None }
}

/// Ids of all pages of a search, and how many pages that took.
async fn search(
    data: &DataPorts,
    filter: &GenerationFilter,
    limit: u32,
) -> (Vec<GenerationId>, usize) {
    let mut found = Vec::new();
    let mut after: Option<Cursor> = None;
    let mut pages = 0;
    loop {
        let page = PageRequest { limit, after };
        let page = data.oversight.generations(filter, page).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        found.extend(page.items.iter().map(|item| item.generation.id));
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (found, pages);
        }
    }
}

async fn found(data: &DataPorts, filter: GenerationFilter) -> Vec<GenerationId> {
    search(data, &filter, 200).await.0
}

/// Accounts are found by name and state, newest first, with their balances.
pub async fn accounts_are_searched(data: &DataPorts) {
    let mut made = Vec::new();
    for (name, credits) in [
        ("Alpha shop", 1),
        ("beta", 2),
        ("SHOP gamma", 3),
        ("50%_", 4),
    ] {
        made.push(data.account(name, credits).await.id);
    }
    data.accounts.set_active(made[0], false).await.unwrap();
    let list = async |name_part: Option<&str>, is_active: Option<bool>| {
        let filter = AccountFilter {
            name_part: name_part.map(str::to_owned),
            is_active,
        };
        let page = data.oversight.accounts(&filter, first(200)).await.unwrap();
        assert!(page.next.is_none());
        page.items
            .into_iter()
            .map(|item| item.balance)
            .collect::<Vec<_>>()
    };
    assert_eq!(list(None, None).await, [4, 3, 2, 1]);
    assert_eq!(list(Some("shop"), None).await, [3, 1]);
    assert_eq!(list(Some("shop"), Some(true)).await, [3]);
    assert_eq!(list(None, Some(false)).await, [1]);
    // Signs that mean something to a database mean themselves.
    assert_eq!(list(Some("%"), None).await, [4]);
    assert_eq!(list(Some("_"), None).await, [4]);
    assert!(list(Some("nobody"), None).await.is_empty());

    let filter = AccountFilter::default();
    let page = data.oversight.accounts(&filter, first(3)).await.unwrap();
    assert_eq!(page.items[2].account.id, made[1]);
    data.account("later", 9).await;
    let rest = PageRequest {
        limit: 3,
        after: page.next,
    };
    let rest = data.oversight.accounts(&filter, rest).await.unwrap();
    assert_eq!(rest.items.len(), 1);
    assert_eq!(rest.items[0].account.id, made[0]);
    assert!(!rest.items[0].account.is_active);
}

/// Pages of the ledger neither repeat nor skip an entry while new ones come.
pub async fn ledger_pages_stay_right(data: &DataPorts) {
    let account = data.account("shop", 5).await.id;
    let other = data.account("other", 7).await.id;
    for amount in 1..=4 {
        data.grant(account, amount).await.unwrap();
        data.grant(other, 100).await.unwrap();
    }
    let page = data.oversight.entries(account, first(2)).await.unwrap();
    let mut amounts: Vec<_> = page.items.iter().map(|entry| entry.amount).collect();
    assert_eq!(page.items[0].note, "for a test");
    data.grant(account, 50).await.unwrap();
    let mut after = page.next;
    while let Some(cursor) = after {
        let page = PageRequest {
            limit: 2,
            after: Some(cursor),
        };
        let page = data.oversight.entries(account, page).await.unwrap();
        amounts.extend(page.items.iter().map(|entry| entry.amount));
        after = page.next;
    }
    assert_eq!(amounts, [4, 3, 2, 1, 5]);
    // A cursor that no ledger gave out shows what it can, and nothing breaks.
    let odd = PageRequest {
        limit: 2,
        after: Some(Cursor(uuid::Uuid::max())),
    };
    let page = data.oversight.entries(account, odd).await.unwrap();
    assert_eq!(page.items[0].amount, 50);
    let unknown = AccountId::from_uuid(data.ids.uuid());
    let page = data.oversight.entries(unknown, first(5)).await.unwrap();
    assert!(page.items.is_empty());
}

/// Each field of a filter narrows the search, all of them together.
pub async fn generations_are_searched_by_every_field(data: &DataPorts) {
    let account = data.account("shop", 10).await.id;
    let other = data.account("other", 10).await.id;
    let upload = data.upload(account).await.id;
    data.register(account, "shirt").await;
    data.register(account, "dress").await;
    let mut plain = data.by_reference(account, "shirt", upload);
    plain.external_user_id = None;
    let plain = (plain.id, data.enqueue(plain).await.unwrap()).0;
    let named = data.by_reference(account, "shirt", upload);
    let named = (named.id, data.enqueue(named).await.unwrap()).0;
    let mut quick = data.by_reference(account, "dress", upload);
    "mock".clone_into(&mut quick.engine);
    quick.external_user_id = Some("customer 2".to_owned());
    let quick = (quick.id, data.enqueue(quick).await.unwrap()).0;
    let foreign = data.queue(other, 1).await[0];

    // The first fails, the second completes.
    let job = data.claim().await.unwrap();
    let outcome = JobOutcome::Failed {
        code: Code::NoPersonFound,
        message: "nobody there".to_owned(),
    };
    let finish = async |job: drape_core::generation::Job, outcome| {
        data.jobs
            .finish(job.generation, job.lease, outcome, data.now())
            .await
            .unwrap()
    };
    finish(job, outcome).await;
    let job = data.claim().await.unwrap();
    let outcome = data.completed(account);
    finish(job, outcome).await;

    let any = GenerationFilter::default;
    assert_eq!(found(data, any()).await, [foreign, quick, named, plain]);
    let of_account = || GenerationFilter {
        account: Some(account),
        ..any()
    };
    assert_eq!(found(data, of_account()).await, [quick, named, plain]);
    let of_user = |user: &str| GenerationFilter {
        customer: Some(user.parse().unwrap()),
        ..of_account()
    };
    assert_eq!(found(data, of_user("customer 1")).await, [named]);
    assert_eq!(found(data, of_user("customer 2")).await, [quick]);
    assert!(found(data, of_user("customer")).await.is_empty());
    let status = |status| GenerationFilter {
        status: Some(status),
        ..any()
    };
    assert_eq!(found(data, status(Status::Pending)).await, [foreign, quick]);
    assert_eq!(found(data, status(Status::Completed)).await, [named]);
    assert_eq!(found(data, status(Status::Failed)).await, [plain]);
    assert!(found(data, status(Status::Processing)).await.is_empty());
    let engine = GenerationFilter {
        engine: Some("mock".to_owned()),
        ..of_account()
    };
    assert_eq!(found(data, engine).await, [quick]);
    let code = |code| GenerationFilter {
        error_code: Some(code),
        ..any()
    };
    assert_eq!(found(data, code(Code::NoPersonFound)).await, [plain]);
    assert!(found(data, code(Code::EngineFailed)).await.is_empty());
    let product = |name: &str| GenerationFilter {
        product: Some(external_id(name)),
        ..of_account()
    };
    assert_eq!(found(data, product("shirt")).await, [named, plain]);
    let both = GenerationFilter {
        status: Some(Status::Completed),
        ..product("dress")
    };
    assert!(found(data, both).await.is_empty());
    let unknown = GenerationFilter {
        account: Some(AccountId::from_uuid(data.ids.uuid())),
        ..any()
    };
    assert!(found(data, unknown).await.is_empty());
}

/// The bounds in time are exact: from the first moment on, before the second.
pub async fn searches_are_cut_by_time(data: &DataPorts) {
    let account = data.account("shop", 10).await.id;
    let upload = data.upload(account).await.id;
    data.register(account, "shirt").await;
    let mut made = Vec::new();
    let start = data.now();
    for _ in 0..4 {
        let new = data.by_reference(account, "shirt", upload);
        made.push(new.id);
        data.enqueue(new).await.unwrap();
        data.clock.advance(Duration::from_hours(1));
    }
    let hours = |hours: u64| start.plus(Duration::from_hours(hours));
    let between = async |from: Option<Timestamp>, to: Option<Timestamp>| {
        let mut answers = Vec::new();
        for (account, user) in [
            (None, None),
            (Some(account), None),
            (Some(account), Some("customer 1".parse().unwrap())),
        ] {
            let filter = GenerationFilter {
                account,
                customer: user,
                from,
                to,
                ..GenerationFilter::default()
            };
            answers.push(search(data, &filter, 1).await.0);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        answers.swap_remove(0)
    };
    assert_eq!(
        between(None, None).await,
        [made[3], made[2], made[1], made[0]]
    );
    assert_eq!(
        between(Some(hours(1)), None).await,
        [made[3], made[2], made[1]]
    );
    let just_after = hours(1).plus(Duration::from_micros(1));
    assert_eq!(between(Some(just_after), None).await, [made[3], made[2]]);
    assert_eq!(between(None, Some(hours(2))).await, [made[1], made[0]]);
    assert_eq!(between(Some(hours(1)), Some(hours(2))).await, [made[1]]);
    assert!(between(Some(hours(4)), None).await.is_empty());
    assert!(between(None, Some(start)).await.is_empty());
    assert!(between(Some(hours(2)), Some(hours(1))).await.is_empty());
}

/// Pages of a search neither repeat nor skip while new generations come.
pub async fn search_pages_stay_right(data: &DataPorts) {
    let account = data.account("shop", 20).await.id;
    let mut made = data.queue(account, 7).await;
    made.reverse();
    let filter = GenerationFilter {
        account: Some(account),
        status: Some(Status::Pending),
        ..GenerationFilter::default()
    };
    let page = data.oversight.generations(&filter, first(3)).await.unwrap();
    let mut seen: Vec<_> = page.items.iter().map(|item| item.generation.id).collect();
    data.queue(account, 2).await;
    let mut after = page.next;
    while after.is_some() {
        let page = PageRequest { limit: 3, after };
        let page = data.oversight.generations(&filter, page).await.unwrap();
        seen.extend(page.items.iter().map(|item| item.generation.id));
        after = page.next;
    }
    assert_eq!(seen, made);
}

/// A generation is shown with its customer and all its attempts.
pub async fn a_generation_is_shown_with_its_attempts(data: &DataPorts) {
    let account = data.account("shop", 5).await.id;
    let id = data.queue(account, 1).await[0];
    let (found, attempts) = data.oversight.generation(id).await.unwrap().unwrap();
    assert_eq!(found.generation, data.read(id).await);
    assert_eq!(found.external_user_id.as_deref(), Some("customer 1"));
    assert_eq!((found.keep_for_days, found.watermark), (3, true));
    assert_eq!(found.ai_label, None);
    assert!(attempts.is_empty());

    let job = data.claim().await.unwrap();
    data.clock.advance(Duration::from_secs(2));
    data.jobs
        .retry(
            id,
            job.lease,
            Duration::ZERO,
            Code::EngineFailed,
            "again",
            data.now(),
        )
        .await
        .unwrap();
    let job = data.claim().await.unwrap();
    let (_, attempts) = data.oversight.generation(id).await.unwrap().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!((attempts[0].number, attempts[1].number), (1, 2));
    assert_eq!(attempts[0].worker, "worker");
    assert_eq!(attempts[0].outcome.as_deref(), Some("retried"));
    assert_eq!(attempts[0].code, Some(Code::EngineFailed));
    assert_eq!(attempts[0].ended_at, Some(data.now()));
    assert_eq!(attempts[1].id, job.lease);
    assert_eq!((attempts[1].ended_at, attempts[1].code), (None, None));
    assert_eq!(attempts[1].started_at, data.now());

    let unknown = GenerationId::from_uuid(data.ids.uuid());
    assert_eq!(data.oversight.generation(unknown).await.unwrap(), None);
}

/// The days of the ledger, counted by hand.
async fn counted_by_hand(data: &DataPorts, accounts: &[AccountId]) -> Vec<UsageDay> {
    let mut days: BTreeMap<i64, UsageDay> = BTreeMap::new();
    for account in accounts {
        let entries = data.ledger.entries(*account, u32::MAX).await.unwrap();
        for entry in entries {
            let Some(generation) = entry.generation else {
                continue;
            };
            let number = entry.created_at.as_micros() / DAY_US;
            let day = days.entry(number).or_insert(UsageDay {
                day: number,
                ..UsageDay::default()
            });
            match entry.kind {
                EntryKind::Grant => {}
                EntryKind::Hold => day.created += 1,
                EntryKind::Release => day.failed += 1,
                EntryKind::Capture => {
                    day.completed += 1;
                    let generation = data.read(generation).await;
                    day.completed_ms += generation.generation_time_ms.unwrap();
                    day.credits_captured += generation.product_external_ids().len() as u64;
                }
            }
        }
    }
    days.into_values().collect()
}

/// The usage of a day is what the ledger says of it, for one account and for all.
pub async fn usage_is_what_the_ledger_says(data: &DataPorts) {
    let busy = data.account("busy", 50).await.id;
    let calm = data.account("calm", 50).await.id;
    let idle = data.account("idle", 50).await.id;
    let first_day = data.now().as_micros() / DAY_US;
    for round in 0..3 {
        data.queue(busy, 3).await;
        data.queue(calm, 1).await;
        for step in 0..4 {
            let job = data.claim().await.unwrap();
            data.clock
                .advance(Duration::from_millis(1_500 + 100 * round));
            let outcome = if step == 1 {
                JobOutcome::Failed {
                    code: Code::EngineFailed,
                    message: "no".to_owned(),
                }
            } else {
                data.completed(job.account)
            };
            data.jobs
                .finish(job.generation, job.lease, outcome, data.now())
                .await
                .unwrap();
        }
        // Over a day without anything.
        data.clock.advance_days(2);
    }
    // One that was asked for on one day and cancelled on the next.
    let id = data.queue(calm, 1).await[0];
    data.clock.advance_days(1);
    assert!(data.jobs.cancel(id, data.now()).await.unwrap());

    let last_day = data.now().as_micros() / DAY_US;
    let usage = async |account, days| data.oversight.usage(account, days).await.unwrap();
    let all = usage(None, first_day..=last_day).await;
    assert_eq!(all, counted_by_hand(data, &[busy, calm, idle]).await);
    assert_eq!(all.len(), 5);
    assert_eq!((all[0].created, all[0].completed, all[0].failed), (4, 3, 1));
    assert_eq!(all[0].completed_ms, 4_500);
    for account in [busy, calm, idle] {
        let own = usage(Some(account), first_day..=last_day).await;
        assert_eq!(own, counted_by_hand(data, &[account]).await);
    }
    assert_eq!(usage(None, first_day..=first_day).await, all[..1]);
    assert!(usage(None, first_day + 1..=first_day + 1).await.is_empty());
    assert!(usage(None, last_day + 1..=last_day + 9).await.is_empty());
}
