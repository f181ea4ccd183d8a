//! How [`Webhooks`](drape_core::ports::Webhooks) must keep endpoints, and what the other ports must tell them.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use std::time::Duration;

use drape_core::{
    Code,
    account::AccountChange,
    generation::{JobOutcome, Reported},
    ids::{AccountId, AttemptId, DeliveryId, EndpointId, GenerationId},
    page::PageRequest,
    ports::Ids,
    webhook::{
        ClaimedDelivery, Delivery, DeliveryAttempt, DeliveryState, Endpoint, EndpointChange, Event,
        MAX_ENDPOINTS, NextStep, Occurrence, WebhookSecret,
    },
};

use super::data::{DataPorts, LONG, code};

/// Ends a test that hangs.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

pub(super) fn endpoint(data: &DataPorts, account: AccountId, events: &[Event]) -> Endpoint {
    Endpoint {
        id: EndpointId::from_uuid(data.ids.uuid()),
        account,
        url: "https://hooks.example/drape".to_owned(),
        events: events.to_vec(),
        is_active: true,
        created_at: data.now(),
    }
}

pub(super) fn secret(data: &DataPorts) -> WebhookSecret {
    WebhookSecret::from_random(data.ids.secret())
}

/// Stores an endpoint that wants these events.
pub(super) async fn wanting(data: &DataPorts, account: AccountId, events: &[Event]) -> EndpointId {
    let new = endpoint(data, account, events);
    let id = new.id;
    data.webhooks
        .create_endpoint(new, secret(data))
        .await
        .unwrap();
    id
}

/// All messages to an endpoint, oldest first.
pub(super) async fn messages(data: &DataPorts, endpoint: EndpointId) -> Vec<Delivery> {
    let page = PageRequest {
        limit: 200,
        after: None,
    };
    let page = data.webhooks.deliveries(endpoint, false, page).await;
    let mut items = page.unwrap().items;
    items.reverse();
    items
}

async fn occurrences(data: &DataPorts, endpoint: EndpointId) -> Vec<Occurrence> {
    let messages = messages(data, endpoint).await;
    messages.iter().map(|message| message.occurrence).collect()
}

/// Queues test messages, oldest first.
pub(super) async fn test_messages(
    data: &DataPorts,
    endpoint: EndpointId,
    count: usize,
) -> Vec<DeliveryId> {
    let mut queued = Vec::new();
    for _ in 0..count {
        let id = DeliveryId::from_uuid(data.ids.uuid());
        let sent = data.webhooks.send_test(endpoint, id, data.now()).await;
        assert_eq!(sent.unwrap().unwrap().id, id);
        queued.push(id);
    }
    queued
}

pub(super) async fn claim_for(
    data: &DataPorts,
    limit: u32,
    lease: Duration,
) -> Vec<ClaimedDelivery> {
    let claim = AttemptId::from_uuid(data.ids.uuid());
    let claimed = data
        .webhooks
        .claim_deliveries(claim, limit, lease, data.now());
    claimed.await.unwrap()
}

pub(super) async fn claim(data: &DataPorts) -> Vec<ClaimedDelivery> {
    claim_for(data, 100, LONG).await
}

pub(super) async fn claim_ids(data: &DataPorts) -> Vec<DeliveryId> {
    let claimed = claim(data).await;
    claimed.iter().map(|claimed| claimed.delivery.id).collect()
}

pub(super) async fn report(
    data: &DataPorts,
    claimed: &ClaimedDelivery,
    next: NextStep,
) -> Reported {
    let (status, error) = match next {
        NextStep::Delivered => (Some(204), None),
        NextStep::SwitchOff => (Some(410), Some("the server answered 410".to_owned())),
        NextStep::RetryAt(_) | NextStep::GiveUp => (None, Some("not reached".to_owned())),
    };
    let attempt = DeliveryAttempt {
        number: claimed.delivery.attempts,
        status,
        error,
        duration_ms: 12,
        at: data.now(),
    };
    let reported = data
        .webhooks
        .report_delivery(claimed.delivery.id, claimed.claim, attempt, next);
    reported.await.unwrap()
}

fn failed() -> JobOutcome {
    JobOutcome::Failed {
        code: Code::NoPersonFound,
        message: "There is nobody in the picture.".to_owned(),
    }
}

/// Claims the oldest job and ends it.
pub(super) async fn end(data: &DataPorts, outcome: JobOutcome) -> GenerationId {
    let job = data.claim().await.unwrap();
    let jobs = &data.jobs;
    let reported = jobs.finish(job.generation, job.lease, outcome, data.now());
    assert_eq!(reported.await.unwrap(), Reported::Accepted);
    job.generation
}

/// Endpoints are stored, listed and changed one setting at a time.
pub async fn endpoints_come_back_as_stored(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let other = data.account("other", 1).await.id;
    let webhooks = &data.webhooks;
    let first = endpoint(data, account, &[Event::GenerationCompleted]);
    let second = endpoint(data, account, &Event::ALL);
    for new in [&first, &second] {
        webhooks
            .create_endpoint(new.clone(), secret(data))
            .await
            .unwrap();
    }
    assert_eq!(
        webhooks.endpoints(account).await.unwrap(),
        [second, first.clone()]
    );
    assert!(webhooks.endpoints(other).await.unwrap().is_empty());
    let found = webhooks.find_endpoint(first.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&first));
    let mut expected = first.clone();
    for change in [
        EndpointChange {
            url: Some("https://other.example/".to_owned()),
            ..EndpointChange::default()
        },
        EndpointChange {
            events: Some(vec![Event::GenerationFailed, Event::CreditsLow]),
            ..EndpointChange::default()
        },
        EndpointChange {
            is_active: Some(false),
            ..EndpointChange::default()
        },
        EndpointChange::default(),
    ] {
        if let Some(url) = &change.url {
            expected.url.clone_from(url);
        }
        if let Some(events) = &change.events {
            expected.events.clone_from(events);
        }
        expected.is_active = change.is_active.unwrap_or(expected.is_active);
        let changed = webhooks.update_endpoint(first.id, change).await.unwrap();
        assert_eq!(changed.as_ref(), Some(&expected));
    }
    let stranger = EndpointId::from_uuid(data.ids.uuid());
    let change = EndpointChange::default();
    assert_eq!(webhooks.find_endpoint(stranger).await.unwrap(), None);
    assert_eq!(
        webhooks.update_endpoint(stranger, change).await.unwrap(),
        None
    );
    let rotated = webhooks.rotate_secret(stranger, secret(data), data.now());
    assert!(!rotated.await.unwrap());
    assert!(
        !webhooks
            .delete_endpoint(stranger, data.now())
            .await
            .unwrap()
    );
}

/// The limit is per account, and a deleted endpoint makes room.
pub async fn an_account_has_ten_endpoints_at_most(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let mut last = None;
    for _ in 0..MAX_ENDPOINTS {
        last = Some(wanting(data, account, &Event::ALL).await);
    }
    let webhooks = &data.webhooks;
    let one_more = async || {
        let new = endpoint(data, account, &Event::ALL);
        webhooks.create_endpoint(new, secret(data)).await
    };
    assert_eq!(code(one_more().await), Some(Code::ValidationFailed));
    let other = data.account("other", 1).await.id;
    wanting(data, other, &Event::ALL).await;
    let deleted = webhooks.delete_endpoint(last.unwrap(), data.now()).await;
    assert!(deleted.unwrap());
    one_more().await.unwrap();
    assert_eq!(webhooks.endpoints(account).await.unwrap().len(), 10);
}

/// Claims the oldest job and reports a failure that may pass.
async fn retry(data: &DataPorts) {
    let job = data.claim().await.unwrap();
    let (id, code, words) = (job.generation, Code::EngineFailed, "It did not work.");
    let jobs = &data.jobs;
    let reported = jobs.retry(id, job.lease, Duration::ZERO, code, words, data.now());
    assert_eq!(reported.await.unwrap(), Reported::Accepted);
}

/// One message per end, in order, whatever is reported again.
pub async fn every_end_of_a_generation_is_told_once(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    data.queue(account, 2).await;
    let job = data.claim().await.unwrap();
    let outcome = data.completed(account);
    let finish = async || {
        let outcome = outcome.clone();
        let reported = data
            .jobs
            .finish(job.generation, job.lease, outcome, data.now());
        reported.await.unwrap()
    };
    assert!(messages(data, endpoint).await.is_empty());
    assert_eq!(finish().await, Reported::Accepted);
    assert_eq!(finish().await, Reported::LeaseLost);
    data.clock.advance(Duration::from_secs(1));
    let second = end(data, failed()).await;
    assert!(!data.jobs.cancel(second, data.now()).await.unwrap());
    let told = messages(data, endpoint).await;
    let expected = [
        Occurrence::GenerationCompleted(job.generation),
        Occurrence::GenerationFailed(second),
    ];
    assert_eq!(occurrences(data, endpoint).await, expected);
    assert_eq!(told[1].created_at, data.now());
    for message in told {
        assert_eq!((message.endpoint, message.account), (endpoint, account));
        assert_eq!(message.state, DeliveryState::Pending);
        assert_eq!(message.attempts, 0);
        assert_eq!(message.next_attempt_at, Some(message.created_at));
        assert_eq!(message.ended_at, None);
    }
}

/// A failure is a failure: the last retry, the reaper and a cancellation tell it, too; a retry in between does not.
pub async fn every_way_to_fail_is_told(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    let told = async || occurrences(data, endpoint).await;
    let mut expected = Vec::new();

    let waiting = data.queue(account, 1).await[0];
    assert!(data.jobs.cancel(waiting, data.now()).await.unwrap());
    expected.push(Occurrence::GenerationFailed(waiting));
    assert_eq!(told().await, expected);

    data.clock.advance(Duration::from_secs(1));
    let retried = data.queue(account, 1).await[0];
    for _ in 0..3 {
        assert_eq!(told().await, expected);
        retry(data).await;
    }
    expected.push(Occurrence::GenerationFailed(retried));
    assert_eq!(told().await, expected);

    data.clock.advance(Duration::from_secs(1));
    let lost = data.queue(account, 1).await[0];
    for _ in 0..3 {
        assert_eq!(told().await, expected);
        assert!(data.claim_for(Duration::ZERO).await.is_some());
        assert_eq!(data.jobs.reap(data.now()).await.unwrap(), 1);
    }
    expected.push(Occurrence::GenerationFailed(lost));
    assert_eq!(told().await, expected);
    data.assert_books_balance(account).await;
}

/// Each end is told to the active endpoints of this account that want it.
pub async fn only_those_who_want_it_are_told(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let other = data.account("other", 9).await.id;
    let completed = wanting(data, account, &[Event::GenerationCompleted]).await;
    let failures = wanting(data, account, &[Event::GenerationFailed]).await;
    let both = wanting(data, account, &Event::ALL).await;
    let off = wanting(data, account, &Event::ALL).await;
    let foreign = wanting(data, other, &Event::ALL).await;
    let change = EndpointChange {
        is_active: Some(false),
        ..EndpointChange::default()
    };
    data.webhooks.update_endpoint(off, change).await.unwrap();
    data.queue(account, 2).await;
    let good = end(data, data.completed(account)).await;
    let good = Occurrence::GenerationCompleted(good);
    data.clock.advance(Duration::from_secs(1));
    let bad = Occurrence::GenerationFailed(end(data, failed()).await);
    assert_eq!(occurrences(data, both).await, [good, bad]);
    assert_eq!(occurrences(data, completed).await, [good]);
    assert_eq!(occurrences(data, failures).await, [bad]);
    assert!(messages(data, off).await.is_empty());
    assert!(messages(data, foreign).await.is_empty());
}

/// An erasure ends what is unfinished, and the shop hears of that, too; not of what had ended before.
pub async fn try_ons_of_an_erased_customer_are_told_as_failed(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    data.queue(account, 2).await;
    end(data, data.completed(account)).await;
    let endpoint = wanting(data, account, &Event::ALL).await;
    let customer = "customer 1".parse().unwrap();
    let erased = data.customers.erase(account, &customer, data.now()).await;
    let cancelled = erased.unwrap().cancelled;
    assert_eq!(cancelled.len(), 1);
    let expected = Occurrence::GenerationFailed(cancelled[0]);
    assert_eq!(occurrences(data, endpoint).await, [expected]);
    let waiting = data.webhooks.wait_for_deliveries(data.now(), LONG);
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

/// Told when the balance falls to the threshold, not at every step below it, and again after it rose.
pub async fn few_credits_are_told_when_the_balance_falls_to_the_threshold(data: &DataPorts) {
    let account = data.account("shop", 7).await.id;
    let endpoint = wanting(data, account, &[Event::CreditsLow]).await;
    let low = |balance| Occurrence::CreditsLow {
        balance,
        threshold: 5,
    };
    data.queue(account, 1).await;
    assert!(messages(data, endpoint).await.is_empty());
    data.queue(account, 1).await;
    assert_eq!(occurrences(data, endpoint).await, [low(5)]);
    data.queue(account, 2).await;
    assert_eq!(messages(data, endpoint).await.len(), 1);
    // Back to five: rising is no news. Six, then taken away to two: falling below it at once is.
    data.grant(account, 2).await.unwrap();
    data.grant(account, 1).await.unwrap();
    assert_eq!(messages(data, endpoint).await.len(), 1);
    data.grant(account, -4).await.unwrap();
    assert_eq!(occurrences(data, endpoint).await, [low(5), low(2)]);
    let change = AccountChange {
        credits_low_at: Some(0),
        ..AccountChange::default()
    };
    data.accounts.update(account, change).await.unwrap();
    data.queue(account, 2).await;
    assert_eq!(messages(data, endpoint).await.len(), 2);
    assert_eq!(data.ledger.balance(account).await.unwrap(), 0);
}

/// A refused request is no event.
pub async fn refused_try_ons_tell_nothing(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    let change = AccountChange {
        credits_low_at: Some(1),
        ..AccountChange::default()
    };
    data.accounts.update(account, change).await.unwrap();
    let upload = data.upload(account).await.id;
    let missing = data.by_reference(account, "missing", upload);
    assert_eq!(
        code(data.enqueue(missing).await),
        Some(Code::ProductNotFound)
    );
    data.queue(account, 1).await;
    let refused = data.by_reference(account, "queued", upload);
    assert_eq!(
        code(data.enqueue(refused).await),
        Some(Code::InsufficientCredits)
    );
    assert_eq!(
        code(data.grant(account, -1).await),
        Some(Code::InsufficientCredits)
    );
    assert!(messages(data, endpoint).await.is_empty());
}

/// A test message goes to any endpoint, whatever it wants; not to one that is unknown.
pub async fn an_endpoint_can_be_tried_out(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &[Event::CreditsLow]).await;
    let id = test_messages(data, endpoint, 1).await[0];
    let (delivery, attempts) = data.webhooks.find_delivery(id).await.unwrap().unwrap();
    assert_eq!(delivery.occurrence, Occurrence::Test);
    assert!(attempts.is_empty());
    let stranger = EndpointId::from_uuid(data.ids.uuid());
    let nobody = DeliveryId::from_uuid(data.ids.uuid());
    let sent = data.webhooks.send_test(stranger, nobody, data.now()).await;
    assert_eq!(sent.unwrap(), None);
}

/// Gone is gone: nothing is written for it nor sent to it, until it is switched on again; then it goes on.
pub async fn an_endpoint_that_is_gone_is_switched_off(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    let row = test_messages(data, endpoint, 3).await;
    let claimed = claim(data).await;
    report(data, &claimed[0], NextStep::SwitchOff).await;
    let found = data.webhooks.find_endpoint(endpoint).await.unwrap();
    assert!(!found.unwrap().is_active);
    assert_eq!(
        messages(data, endpoint).await[0].state,
        DeliveryState::Failed
    );
    assert!(claim(data).await.is_empty());
    // It does not keep senders busy either.
    let waiting = data
        .webhooks
        .wait_for_deliveries(data.now(), Duration::from_millis(20));
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    data.queue(account, 1).await;
    end(data, failed()).await;
    assert_eq!(messages(data, endpoint).await.len(), 3);
    let change = EndpointChange {
        is_active: Some(true),
        ..EndpointChange::default()
    };
    let on = data.webhooks.update_endpoint(endpoint, change).await;
    assert!(on.unwrap().unwrap().is_active);
    assert_eq!(claim_ids(data).await, [row[2]]);
}

/// After a rotation both secrets are handed out, the new one first, with the moment when the old one ends.
pub async fn an_old_secret_signs_for_a_while(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let new = endpoint(data, account, &Event::ALL);
    let id = new.id;
    let secrets = [secret(data), secret(data), secret(data)];
    let webhooks = &data.webhooks;
    webhooks
        .create_endpoint(new, secrets[0].clone())
        .await
        .unwrap();
    test_messages(data, id, 2).await;
    let first = claim_for(data, 1, LONG).await;
    assert_eq!(first[0].secrets, secrets[..1]);
    assert_eq!(first[0].old_secrets_until, None);
    for secret in &secrets[1..] {
        let rotated = webhooks.rotate_secret(id, secret.clone(), data.now().plus_days(1));
        assert!(rotated.await.unwrap());
    }
    let second = claim_for(data, 1, LONG).await;
    assert_eq!(second[0].secrets, [secrets[2].clone(), secrets[1].clone()]);
    assert_eq!(second[0].old_secrets_until, Some(data.now().plus_days(1)));
}

/// A deleted endpoint takes its messages and their log with it, also the one on its way.
pub async fn a_deleted_endpoint_leaves_nothing(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let endpoint = wanting(data, account, &Event::ALL).await;
    let stays = wanting(data, account, &Event::ALL).await;
    let row = test_messages(data, endpoint, 3).await;
    let kept = test_messages(data, stays, 1).await;
    let claimed = claim_for(data, 1, LONG).await;
    report(data, &claimed[0], NextStep::Delivered).await;
    let claimed = claim_for(data, 1, LONG).await;
    let webhooks = &data.webhooks;
    assert!(
        webhooks
            .delete_endpoint(endpoint, data.now())
            .await
            .unwrap()
    );
    assert!(
        !webhooks
            .delete_endpoint(endpoint, data.now())
            .await
            .unwrap()
    );
    assert_eq!(
        report(data, &claimed[0], NextStep::Delivered).await,
        Reported::LeaseLost
    );
    assert_eq!(webhooks.find_endpoint(endpoint).await.unwrap(), None);
    assert_eq!(webhooks.endpoints(account).await.unwrap().len(), 1);
    for id in row {
        assert_eq!(webhooks.find_delivery(id).await.unwrap(), None);
        assert_eq!(webhooks.replay(id, data.now()).await.unwrap(), None);
    }
    assert!(messages(data, endpoint).await.is_empty());
    assert_eq!(claim_ids(data).await, kept);
    data.queue(account, 1).await;
    end(data, failed()).await;
    assert_eq!(messages(data, stays).await.len(), 2);
}
