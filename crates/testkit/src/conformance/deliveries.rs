//! How [`Webhooks`](drape_core::ports::Webhooks) must hand messages to senders, and what becomes of them.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use std::time::Duration;

use drape_core::{
    generation::Reported,
    ids::DeliveryId,
    page::{Cursor, PageRequest},
    ports::Ids,
    webhook::{DeliveryAttempt, DeliveryState, Event, NextStep, Occurrence},
};

use super::data::{DataPorts, LONG};
use super::webhooks::{
    PATIENCE, claim, claim_for, claim_ids, end, endpoint, messages, report, secret, test_messages,
    wanting,
};

/// A message is claimed once, with everything that a sender needs, oldest first.
pub async fn a_message_is_sent_by_one(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let new = endpoint(data, account, &Event::ALL);
    let (id, signing) = (new.id, secret(data));
    let created = data.webhooks.create_endpoint(new, signing.clone()).await;
    created.unwrap();
    assert!(claim(data).await.is_empty());
    data.queue(account, 1).await;
    let generation = end(data, data.completed(account)).await;
    data.clock.advance(Duration::from_secs(1));
    let test = test_messages(data, id, 1).await[0];
    assert!(claim_for(data, 0, LONG).await.is_empty());
    let claimed = claim(data).await;
    assert_eq!(claimed.len(), 2);
    let first = &claimed[0];
    assert_eq!(
        first.delivery.occurrence,
        Occurrence::GenerationCompleted(generation)
    );
    assert_eq!((first.delivery.attempts, first.try_number), (1, 1));
    assert_eq!(first.delivery.state, DeliveryState::Sending);
    assert_eq!(first.url, "https://hooks.example/drape");
    assert_eq!(first.secrets, [signing]);
    assert_eq!(claimed[1].delivery.id, test);
    assert!(claim(data).await.is_empty());
    assert_eq!(
        report(data, first, NextStep::Delivered).await,
        Reported::Accepted
    );
    assert!(claim(data).await.is_empty());
    let found = data.webhooks.find_delivery(first.delivery.id).await;
    let (delivery, attempts) = found.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Delivered);
    let ended_at = data.now().plus(Duration::from_millis(12));
    assert_eq!(delivery.ended_at, Some(ended_at));
    let expected = DeliveryAttempt {
        number: 1,
        status: Some(204),
        error: None,
        duration_ms: 12,
        at: data.now(),
    };
    assert_eq!(attempts, [expected]);
}

/// A message that failed waits for its time; every attempt stands in the log.
pub async fn a_failed_attempt_comes_again_when_due(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    let id = test_messages(data, endpoint, 1).await[0];
    for number in 1..=3 {
        let claimed = claim(data).await;
        assert_eq!(claimed[0].delivery.id, id);
        assert_eq!(claimed[0].delivery.attempts, number);
        assert_eq!(claimed[0].try_number, number);
        let due = data.now().plus(Duration::from_secs(30));
        report(data, &claimed[0], NextStep::RetryAt(due)).await;
        let waiting = &messages(data, endpoint).await[0];
        assert_eq!(waiting.state, DeliveryState::Pending);
        assert_eq!(waiting.next_attempt_at, Some(due));
        data.clock.advance(Duration::from_secs(29));
        assert!(claim(data).await.is_empty());
        data.clock.advance(Duration::from_secs(1));
    }
    let claimed = claim(data).await;
    report(data, &claimed[0], NextStep::GiveUp).await;
    data.clock.advance_days(2);
    assert!(claim(data).await.is_empty());
    let (delivery, attempts) = data.webhooks.find_delivery(id).await.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Failed);
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(attempts[0].error.as_deref(), Some("not reached"));
}

/// A sender that died in the middle does not lose the message; its late report counts for nothing.
pub async fn a_lost_lease_sends_again_and_changes_nothing(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    test_messages(data, endpoint, 1).await;
    let lost = claim_for(data, 1, Duration::ZERO).await;
    let again = claim(data).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].delivery.id, lost[0].delivery.id);
    assert_eq!(again[0].delivery.attempts, 2);
    assert_eq!(
        report(data, &lost[0], NextStep::GiveUp).await,
        Reported::LeaseLost
    );
    assert_eq!(
        messages(data, endpoint).await[0].state,
        DeliveryState::Sending
    );
    assert_eq!(
        report(data, &again[0], NextStep::Delivered).await,
        Reported::Accepted
    );
    assert_eq!(
        report(data, &again[0], NextStep::GiveUp).await,
        Reported::LeaseLost
    );
    let found = data.webhooks.find_delivery(again[0].delivery.id).await;
    let (delivery, attempts) = found.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!(attempts.len(), 1);
}

/// A long row to a slow endpoint does not hold up the others.
pub async fn one_endpoint_takes_two_at_a_time(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let slow = wanting(data, account, &Event::ALL).await;
    let row = test_messages(data, slow, 20).await;
    data.clock.advance(Duration::from_secs(1));
    let quick = wanting(data, account, &Event::ALL).await;
    let later = test_messages(data, quick, 1).await;
    let claimed = claim_for(data, 8, LONG).await;
    let ids: Vec<_> = claimed.iter().map(|claimed| claimed.delivery.id).collect();
    assert_eq!(ids, [row[0], row[1], later[0]]);
    assert!(claim(data).await.is_empty());
    report(data, &claimed[1], NextStep::Delivered).await;
    assert_eq!(claim_ids(data).await, [row[2]]);
    assert!(claim(data).await.is_empty());
}

/// A replay sends the same message again, whatever became of it, with a fresh round of attempts.
pub async fn a_message_can_be_replayed(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    let id = test_messages(data, endpoint, 1).await[0];
    let made_at = data.now();
    for (round, end) in [NextStep::GiveUp, NextStep::Delivered]
        .into_iter()
        .enumerate()
    {
        let claimed = claim(data).await;
        assert_eq!(claimed[0].delivery.attempts, round as u32 + 1);
        assert_eq!(claimed[0].try_number, 1);
        // Left alone while it is on its way.
        let replayed = data.webhooks.replay(id, data.now()).await.unwrap();
        assert_eq!(replayed.unwrap().state, DeliveryState::Sending);
        report(data, &claimed[0], end).await;
        data.clock.advance(Duration::from_secs(5));
        let replayed = data.webhooks.replay(id, data.now()).await.unwrap();
        let replayed = replayed.unwrap();
        assert_eq!(replayed.state, DeliveryState::Pending);
        assert_eq!(replayed.next_attempt_at, Some(data.now()));
        assert_eq!((replayed.created_at, replayed.ended_at), (made_at, None));
    }
    // One that waits for its time is sent at once.
    let claimed = claim(data).await;
    report(
        data,
        &claimed[0],
        NextStep::RetryAt(data.now().plus_days(1)),
    )
    .await;
    assert!(claim(data).await.is_empty());
    data.webhooks.replay(id, data.now()).await.unwrap();
    assert_eq!(claim_ids(data).await, [id]);
    let stranger = DeliveryId::from_uuid(data.ids.uuid());
    assert_eq!(
        data.webhooks.replay(stranger, data.now()).await.unwrap(),
        None
    );
    assert_eq!(data.webhooks.find_delivery(stranger).await.unwrap(), None);
}

/// The sweep goes by age, whatever the state, and never further than asked.
pub async fn old_messages_are_swept_in_portions(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    test_messages(data, endpoint, 5).await;
    let claimed = claim_for(data, 1, LONG).await;
    report(data, &claimed[0], NextStep::Delivered).await;
    data.clock.advance_days(3);
    let young = test_messages(data, endpoint, 1).await;
    let before = data.now();
    let sweep = async || data.webhooks.sweep_deliveries(before, 2).await.unwrap();
    assert_eq!([sweep().await, sweep().await], [2, 2]);
    assert_eq!([sweep().await, sweep().await], [1, 0]);
    let left: Vec<_> = messages(data, endpoint).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, young[0]);
}

/// Pages of the log neither repeat nor skip a message, also when only failures are asked for.
pub async fn message_pages_stay_right(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    let mut row = test_messages(data, endpoint, 7).await;
    let mut given_up = Vec::new();
    for number in 0..7 {
        let claimed = claim_for(data, 1, LONG).await;
        let next = if number % 2 == 0 {
            given_up.push(claimed[0].delivery.id);
            NextStep::GiveUp
        } else {
            NextStep::Delivered
        };
        report(data, &claimed[0], next).await;
    }
    row.reverse();
    given_up.reverse();
    for (failed_only, expected) in [(false, row), (true, given_up)] {
        let mut seen = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let page = PageRequest { limit: 2, after };
            let page = data.webhooks.deliveries(endpoint, failed_only, page).await;
            let page = page.unwrap();
            assert!(page.items.len() <= 2);
            seen.extend(page.items.iter().map(|message| message.id));
            // New ones stand before the cursor.
            test_messages(data, endpoint, 1).await;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let seen: Vec<_> = seen
            .into_iter()
            .filter(|id| expected.contains(id))
            .collect();
        assert_eq!(seen, expected);
    }
}

/// Whoever waits hears of a new message at once, and of a due one without waiting.
pub async fn waiting_for_messages_ends_with_a_new_one(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    data.queue(account, 1).await;
    let job = data.claim().await.unwrap();
    let wait = async || {
        let wait = data.webhooks.wait_for_deliveries(data.now(), LONG);
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    };
    let finish = async {
        let outcome = data.completed(account);
        let reported = data
            .jobs
            .finish(job.generation, job.lease, outcome, data.now());
        reported.await.unwrap()
    };
    tokio::join!(wait(), finish);
    // Due now: no wait at all.
    wait().await;
    let claimed = claim(data).await;
    report(data, &claimed[0], NextStep::Delivered).await;
    let waiting = async {
        loop {
            wait().await;
            if !claim(data).await.is_empty() {
                break;
            }
        }
    };
    tokio::join!(waiting, test_messages(data, endpoint, 1));
}
