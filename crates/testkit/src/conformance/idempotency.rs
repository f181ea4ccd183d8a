//! What [`Idempotency`](drape_core::ports::Idempotency) must do.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use std::time::Duration;

use drape_core::{
    Code,
    idempotency::{HELD_FOR, KEPT_FOR, KeyState, KeyUse, StoredAnswer, Ticket},
    ids::AccountId,
    ports::Ids as _,
};

use super::data::{DataPorts, code};

fn ticket(data: &DataPorts, account: AccountId, key: &str) -> Ticket {
    Ticket {
        account,
        key: key.parse().unwrap(),
        holder: data.ids.uuid(),
    }
}

async fn begin_with(
    data: &DataPorts,
    ticket: &Ticket,
    fingerprint: u8,
    held_for: Duration,
) -> KeyState {
    let usage = KeyUse {
        ticket: ticket.clone(),
        fingerprint: [fingerprint; 32],
        held_for,
        now: data.now(),
    };
    data.idempotency.begin(usage).await.unwrap()
}

async fn begin(data: &DataPorts, ticket: &Ticket) -> KeyState {
    begin_with(data, ticket, 1, HELD_FOR).await
}

/// One request gets the key; the same one sent again sees that it runs, another one that the key is used.
pub async fn a_key_is_taken_once(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let first = ticket(data, account, "k");
    assert_eq!(begin(data, &first).await, KeyState::Taken);
    let again = ticket(data, account, "k");
    assert_eq!(begin(data, &again).await, KeyState::Running);
    assert_eq!(
        begin_with(data, &again, 2, HELD_FOR).await,
        KeyState::Reused
    );
    assert_eq!(
        begin(data, &ticket(data, account, "other")).await,
        KeyState::Taken
    );
    let neighbour = data.account("neighbour", 1).await.id;
    assert_eq!(
        begin_with(data, &ticket(data, neighbour, "k"), 2, HELD_FOR).await,
        KeyState::Taken
    );
}

/// The generation stands on the key as soon as it is queued, and nothing takes it off again.
pub async fn a_queued_try_on_stands_on_its_key(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let upload = data.upload(account).await.id;
    data.register(account, "sku").await;
    let first = ticket(data, account, "k");
    begin(data, &first).await;
    let mut new = data.by_reference(account, "sku", upload);
    new.ticket = Some(first.clone());
    let id = new.id;
    data.enqueue(new.clone()).await.unwrap();
    let again = ticket(data, account, "k");
    assert_eq!(begin(data, &again).await, KeyState::Queued(id));
    data.idempotency.abandon(&first).await.unwrap();
    let answer = StoredAnswer {
        status: 500,
        body: "{}".to_owned(),
    };
    let late = data.idempotency.complete(&first, answer, data.now());
    late.await.unwrap();
    assert_eq!(begin(data, &again).await, KeyState::Queued(id));
    assert_eq!(
        begin_with(data, &again, 2, HELD_FOR).await,
        KeyState::Reused
    );
    // The same ticket cannot queue a second one.
    new.id = drape_core::ids::GenerationId::from_uuid(data.ids.uuid());
    assert_eq!(
        code(data.enqueue(new).await),
        Some(Code::IdempotencyKeyInUse)
    );
    assert_eq!(data.ledger.balance(account).await.unwrap(), 1);
    data.assert_books_balance(account).await;
}

/// A request that lost its key to another one queues nothing.
pub async fn only_the_holder_may_queue(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let upload = data.upload(account).await.id;
    data.register(account, "sku").await;
    let slow = ticket(data, account, "k");
    let taken = begin_with(data, &slow, 1, Duration::ZERO).await;
    assert_eq!(taken, KeyState::Taken);
    // The lock has run out without an outcome.
    let next = ticket(data, account, "k");
    assert_eq!(begin(data, &next).await, KeyState::Taken);
    let mut late = data.by_reference(account, "sku", upload);
    late.ticket = Some(slow.clone());
    assert_eq!(
        code(data.enqueue(late).await),
        Some(Code::IdempotencyKeyInUse)
    );
    assert_eq!(data.ledger.balance(account).await.unwrap(), 2);
    assert_eq!(data.jobs.depth().await.unwrap(), 0);
    // Nor can it take the key away from the new holder.
    data.idempotency.abandon(&slow).await.unwrap();
    let mut new = data.by_reference(account, "sku", upload);
    new.ticket = Some(next);
    data.enqueue(new).await.unwrap();
    assert_eq!(data.ledger.balance(account).await.unwrap(), 1);
    // A key that nobody has begun with is no ticket either.
    let mut unknown = data.by_reference(account, "sku", upload);
    unknown.ticket = Some(ticket(data, account, "never"));
    assert_eq!(
        code(data.enqueue(unknown).await),
        Some(Code::IdempotencyKeyInUse)
    );
    data.assert_books_balance(account).await;
}

/// A refused try-on leaves its key as it was, so that it can be given up.
pub async fn a_refused_request_gives_its_key_back(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let upload = data.upload(account).await.id;
    data.register(account, "sku").await;
    let first = ticket(data, account, "k");
    begin(data, &first).await;
    let mut new = data.by_reference(account, "sku", upload);
    new.ticket = Some(first.clone());
    assert_eq!(
        code(data.enqueue(new).await),
        Some(Code::InsufficientCredits)
    );
    let again = ticket(data, account, "k");
    assert_eq!(begin(data, &again).await, KeyState::Running);
    data.idempotency.abandon(&first).await.unwrap();
    // Even for another body: nothing was done under this key.
    let taken = begin_with(data, &again, 2, HELD_FOR).await;
    assert_eq!(taken, KeyState::Taken);
}

/// An answer comes back as it was given.
pub async fn an_answer_is_given_again(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let first = ticket(data, account, "k");
    begin(data, &first).await;
    let answer = StoredAnswer {
        status: 201,
        body: "{\"externalId\":\"sk\u{fc}\"}".to_owned(),
    };
    let complete = async |ticket, answer| {
        let done = data.idempotency.complete(ticket, answer, data.now());
        done.await.unwrap();
    };
    complete(&first, answer.clone()).await;
    let again = ticket(data, account, "k");
    let expected = KeyState::Answered(answer);
    assert_eq!(begin(data, &again).await, expected);
    let other = StoredAnswer {
        status: 200,
        body: "{}".to_owned(),
    };
    complete(&again, other.clone()).await;
    complete(&first, other).await;
    data.idempotency.abandon(&first).await.unwrap();
    assert_eq!(begin(data, &again).await, expected);
}

/// A key counts for 24 hours, whether or not it has been swept away, and is swept in portions.
pub async fn keys_end_after_a_day(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let first = ticket(data, account, "k");
    begin(data, &first).await;
    data.clock
        .advance(KEPT_FOR.saturating_sub(Duration::from_secs(1)));
    for number in 0..3 {
        begin(data, &ticket(data, account, &format!("young-{number}"))).await;
    }
    let again = ticket(data, account, "k");
    assert_eq!(begin(data, &again).await, KeyState::Running);
    let forget = async |limit| {
        let until = data.now().minus(KEPT_FOR);
        data.idempotency.forget_old(until, limit).await.unwrap()
    };
    assert_eq!(forget(10).await, 0);
    data.clock.advance(Duration::from_secs(1));
    let taken = begin_with(data, &again, 2, HELD_FOR).await;
    assert_eq!(
        taken,
        KeyState::Taken,
        "too old, although it is still there"
    );
    assert_eq!(forget(10).await, 0, "it began anew");
    data.clock.advance(KEPT_FOR);
    assert_eq!(forget(3).await, 3);
    assert_eq!(forget(3).await, 1);
    assert_eq!(forget(3).await, 0);
}
