//! What [`Accounts`](drape_core::ports::Accounts), [`Ledger`](drape_core::ports::Ledger),
//! [`Images`](drape_core::ports::Images) and [`Database`](drape_core::ports::Database) must do.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "every task is joined where it was spawned"
)]

use drape_core::{
    Code,
    account::{Account, AccountChange, EntryKind, LedgerTotals},
    ids::{AccountId, ImageId, KeyId},
    image::{BlobKind, ImageOrigin, PersonImage},
    ports::Ids,
};

use super::data::{DataPorts, code};

/// A new account is found by its key, its id and its name, and has its credits.
pub async fn a_new_account_has_its_key_and_credits(data: &DataPorts) {
    let (key, new) = data.new_account("Shop Ümlaut", 10);
    let account = data.accounts.create(new.clone()).await.unwrap();
    assert_eq!(account.id, new.id);
    assert_eq!(account.name, "Shop Ümlaut");
    assert!(account.is_active);
    assert_eq!((account.rate_limit, account.poll_limit), (100, 600));
    assert_eq!(account.keep_for_days, 7);
    assert_eq!(account.engine, None);
    assert_eq!(account.created_at, data.now());
    for found in [
        data.accounts.find_by_key(key.hash()).await.unwrap(),
        data.accounts.find(account.id).await.unwrap(),
        data.accounts.find_by_name("Shop Ümlaut").await.unwrap(),
    ] {
        assert_eq!(found.as_ref(), Some(&account));
    }
    assert_eq!(data.ledger.balance(account.id).await.unwrap(), 10);
    let entries = data.ledger.entries(account.id, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].kind, entries[0].amount), (EntryKind::Grant, 10));
    data.assert_books_balance(account.id).await;
}

/// Unknown keys, ids and names find nothing.
pub async fn unknown_accounts_are_not_found(data: &DataPorts) {
    data.account("known", 1).await;
    let (key, _) = data.new_key("never stored");
    let id = AccountId::from_uuid(data.ids.uuid());
    assert_eq!(data.accounts.find_by_key(key.hash()).await.unwrap(), None);
    assert_eq!(data.accounts.find(id).await.unwrap(), None);
    assert_eq!(data.accounts.find_by_name("Known").await.unwrap(), None);
    assert!(!data.accounts.set_active(id, false).await.unwrap());
    assert!(data.accounts.list_keys(id).await.unwrap().is_empty());
    assert!(data.ledger.entries(id, 10).await.unwrap().is_empty());
}

/// A name is given once; the refusal leaves neither key nor credits.
pub async fn a_taken_name_is_a_validation_error(data: &DataPorts) {
    data.account("twice", 1).await;
    let (key, new) = data.new_account("twice", 5);
    let error = data.accounts.create(new).await.unwrap_err();
    assert_eq!(error.code(), Code::ValidationFailed);
    assert_eq!(error.details()[0].path, "name");
    assert_eq!(data.accounts.list().await.unwrap().len(), 1);
    assert_eq!(data.accounts.find_by_key(key.hash()).await.unwrap(), None);
}

/// What a change names is changed, the rest stays; an unknown account is none.
pub async fn settings_change_one_by_one(data: &DataPorts) {
    let account = data.account("changing", 0).await;
    let neighbour = data.account("neighbour", 0).await;
    let change = AccountChange {
        rate_limit: Some(7),
        keep_for_days: Some(3),
        engine: Some(Some("mock".to_owned())),
        ai_label: Some(true),
        ..AccountChange::default()
    };
    let changed = data.accounts.update(account.id, change).await.unwrap();
    let expected = Account {
        rate_limit: 7,
        keep_for_days: 3,
        engine: Some("mock".to_owned()),
        ai_label: true,
        ..account.clone()
    };
    assert_eq!(changed, Some(expected.clone()));
    assert_eq!(
        data.accounts.find(account.id).await.unwrap(),
        Some(expected.clone())
    );
    let change = AccountChange {
        is_active: Some(false),
        poll_limit: Some(9),
        engine: Some(None),
        ai_label: Some(false),
        credits_low_at: Some(0),
        ..AccountChange::default()
    };
    let changed = data.accounts.update(account.id, change).await.unwrap();
    let expected = Account {
        is_active: false,
        poll_limit: 9,
        engine: None,
        ai_label: false,
        credits_low_at: 0,
        ..expected
    };
    assert_eq!(changed, Some(expected));
    assert_eq!(
        data.accounts.find(neighbour.id).await.unwrap(),
        Some(neighbour)
    );
    let unknown = AccountId::from_uuid(data.ids.uuid());
    let change = AccountChange::default();
    assert_eq!(data.accounts.update(unknown, change).await.unwrap(), None);
}

/// No credits means no ledger entry.
pub async fn an_account_may_begin_without_credits(data: &DataPorts) {
    let account = data.account("poor", 0).await;
    assert_eq!(data.ledger.balance(account.id).await.unwrap(), 0);
    assert!(data.ledger.entries(account.id, 5).await.unwrap().is_empty());
    data.assert_books_balance(account.id).await;
}

/// Accounts come newest first.
pub async fn accounts_are_listed_newest_first(data: &DataPorts) {
    for name in ["a", "c", "b"] {
        data.account(name, 0).await;
    }
    let names: Vec<_> = data.accounts.list().await.unwrap();
    let names: Vec<_> = names.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["b", "c", "a"]);
}

/// Keys work until they are revoked, by their own account only.
pub async fn keys_can_be_added_and_revoked(data: &DataPorts) {
    let (first, new) = data.new_account("shop", 0);
    let account = data.accounts.create(new).await.unwrap();
    let other = data.account("other", 0).await;
    let (second, new_key) = data.new_key("second");
    let second_id = new_key.id;
    data.accounts.create_key(account.id, new_key).await.unwrap();
    let keys = data.accounts.list_keys(account.id).await.unwrap();
    let labels: Vec<_> = keys.iter().map(|key| key.label.as_str()).collect();
    assert_eq!(labels, ["second", "first"]);
    assert!(keys.iter().all(|key| key.revoked_at.is_none()));

    let revoke = async |owner, key| {
        data.accounts
            .revoke_key(owner, key, data.now())
            .await
            .unwrap()
    };
    assert!(!revoke(other.id, second_id).await);
    assert!(!revoke(account.id, KeyId::from_uuid(data.ids.uuid())).await);
    assert!(revoke(account.id, second_id).await);
    assert!(!revoke(account.id, second_id).await);
    let found = data.accounts.find_by_key(second.hash()).await.unwrap();
    assert_eq!(found, None);
    let found = data.accounts.find_by_key(first.hash()).await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(account.id));
    let keys = data.accounts.list_keys(account.id).await.unwrap();
    assert_eq!(keys[0].revoked_at, Some(data.now()));
}

/// A disabled account exists, but its keys do not work.
pub async fn a_disabled_account_has_no_working_keys(data: &DataPorts) {
    let (key, new) = data.new_account("shop", 0);
    let account = data.accounts.create(new).await.unwrap();
    assert!(data.accounts.set_active(account.id, false).await.unwrap());
    assert_eq!(data.accounts.find_by_key(key.hash()).await.unwrap(), None);
    let found = data.accounts.find(account.id).await.unwrap().unwrap();
    assert!(!found.is_active);
    assert!(data.accounts.set_active(account.id, true).await.unwrap());
    assert!(
        data.accounts
            .find_by_key(key.hash())
            .await
            .unwrap()
            .is_some()
    );
}

/// Grants add up, may take back, and never lead below zero or beyond all numbers.
pub async fn the_balance_never_goes_below_zero(data: &DataPorts) {
    let account = data.account("shop", 3).await.id;
    assert_eq!(data.grant(account, 4).await.unwrap(), 7);
    assert_eq!(data.grant(account, -5).await.unwrap(), 2);
    assert_eq!(
        code(data.grant(account, -3).await),
        Some(Code::InsufficientCredits)
    );
    assert_eq!(
        code(data.grant(account, i64::MAX).await),
        Some(Code::ValidationFailed)
    );
    assert_eq!(data.grant(account, -2).await.unwrap(), 0);
    let entries = data.ledger.entries(account, 3).await.unwrap();
    let amounts: Vec<_> = entries.iter().map(|entry| entry.amount).collect();
    assert_eq!(amounts, [-2, -5, 4]);
    assert!(entries.iter().all(|entry| entry.note == "for a test"));
    data.assert_books_balance(account).await;
    let unknown = AccountId::from_uuid(data.ids.uuid());
    assert!(data.grant(unknown, 1).await.is_err());
    assert!(data.ledger.balance(unknown).await.is_err());
}

/// Takings at once are all or nothing each.
pub async fn parallel_takings_never_overdraw(data: &DataPorts) {
    let account = data.account("shop", 10).await.id;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let data = data.clone();
            tokio::spawn(async move { data.grant(account, -3).await.is_ok() })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        taken += i64::from(task.await.unwrap());
    }
    assert_eq!(taken, 3);
    assert_eq!(data.ledger.balance(account).await.unwrap(), 1);
    data.assert_books_balance(account).await;
}

/// An image comes back as it was stored, also after its retention.
pub async fn images_come_back_as_stored(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let mut stored = vec![data.upload(account).await];
    let snapshot = PersonImage {
        id: ImageId::from_uuid(data.ids.uuid()),
        account,
        origin: ImageOrigin::Snapshot,
        picture: data.picture(account, BlobKind::Person),
        external_user_id: None,
        expires_at: data.now(),
        created_at: data.now(),
    };
    data.images.insert(snapshot.clone()).await.unwrap();
    stored.push(snapshot);
    data.clock.advance_days(30);
    for image in stored {
        assert_eq!(data.images.find(image.id).await.unwrap(), Some(image));
    }
    let unknown = ImageId::from_uuid(data.ids.uuid());
    assert_eq!(data.images.find(unknown).await.unwrap(), None);
}

/// The first signing secret stays, also when several processes bring one at once.
pub async fn the_first_signing_secret_stays(data: &DataPorts) {
    data.database.ping().await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let data = data.clone();
            let fresh = data.ids.secret();
            tokio::spawn(async move { data.database.signing_secret(fresh).await.unwrap() })
        })
        .collect();
    let mut secrets = Vec::new();
    for task in tasks {
        secrets.push(task.await.unwrap());
    }
    secrets.push(data.database.signing_secret([9; 32]).await.unwrap());
    assert!(secrets.windows(2).all(|pair| pair[0] == pair[1]));
    assert_ne!(secrets[0], [9; 32]);
}

/// Sums of the ledger count every entry after a number once, over all accounts.
pub async fn ledger_totals_count_each_entry_once(data: &DataPorts) {
    let begin = data.ledger.totals(None).await.unwrap();
    assert_eq!(begin, LedgerTotals::default());
    let account = data.account("shop", 3).await.id;
    let other = data.account("other", 2).await.id;
    data.queue(account, 2).await;
    let job = data.claim().await.unwrap();
    let outcome = data.completed(account);
    data.jobs
        .finish(job.generation, job.lease, outcome, data.now())
        .await
        .unwrap();
    let waiting = data.claim().await.unwrap().generation;
    data.jobs.cancel(waiting, data.now()).await.unwrap();
    data.grant(other, -2).await.unwrap();
    let all = data.ledger.totals(Some(begin.last_seq)).await.unwrap();
    let sums = (
        all.granted,
        all.taken_back,
        all.held,
        all.captured,
        all.released,
    );
    assert_eq!(sums, (5, 2, 2, 1, 1));
    let newest = data.ledger.totals(None).await.unwrap();
    assert_eq!(newest.last_seq, all.last_seq);
    assert_eq!(newest.granted, 0);
    let nothing = data.ledger.totals(Some(all.last_seq)).await.unwrap();
    assert_eq!(nothing, newest);
    data.grant(account, 4).await.unwrap();
    let more = data.ledger.totals(Some(all.last_seq)).await.unwrap();
    assert_eq!((more.granted, more.held), (4, 0));
}

/// Writes and commits are counted; a commit has at least one write.
pub async fn writes_are_counted(data: &DataPorts) {
    let before = data.database.write_stats();
    data.account("shop", 3).await;
    data.account("other", 3).await;
    let after = data.database.write_stats();
    assert!(after.writes >= before.writes + 2, "{before:?} {after:?}");
    assert!(after.commits > before.commits && after.commits <= after.writes);
    assert_eq!(after.waiting, 0);
}
