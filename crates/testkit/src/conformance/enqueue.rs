//! How [`Jobs`](drape_core::ports::Jobs) must accept and refuse try-ons.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "every task is joined where it was spawned"
)]

use std::sync::Arc;

use drape_core::{
    Code,
    account::EntryKind,
    generation::{NewGeneration, PersonChoice, ProductChoice, Status},
    ids::{AccountId, GenerationId, ImageId},
    image::ImageOrigin,
    ports::Ids,
    product::{ExternalId, Patch, ProductOrigin},
};
use tokio::sync::Barrier;

use super::data::{DataPorts, code, external_id, upsert, url_image};

fn inline(name: &str) -> ProductChoice {
    ProductChoice::Upsert(upsert(name, ProductOrigin::Inline))
}

fn reference(name: &str) -> ProductChoice {
    ProductChoice::Reference(external_id(name))
}

/// Both the check and the real thing must refuse in the same way.
async fn refusal(data: &DataPorts, new: NewGeneration) -> Option<Code> {
    let products: Vec<_> = new.items.iter().map(|item| item.product.clone()).collect();
    let checked = data
        .jobs
        .check(new.account, &products, Some(&new.person), data.now())
        .await;
    let checked = code(checked);
    let refused = code(data.enqueue(new).await);
    assert_eq!(checked, refused);
    refused
}

/// An accepted try-on is queued, holds a credit and makes the product's life begin anew.
pub async fn an_accepted_try_on_is_queued(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let upload = data.upload(account).await;
    data.upsert(account, upsert("sku", ProductOrigin::Inline))
        .await;
    data.clock.advance_days(5);
    let new = data.by_reference(account, "sku", upload.id);
    let id = new.id;
    let enqueued = data.enqueue(new).await.unwrap();
    assert_eq!(enqueued.product_external_ids, [external_id("sku")]);
    assert_eq!(data.jobs.depth().await.unwrap(), 1);

    let generation = data.read(id).await;
    assert_eq!(generation.id, id);
    assert_eq!(generation.account, account);
    assert_eq!(generation.status, Status::Pending);
    assert_eq!(generation.product_external_id, external_id("sku"));
    assert_eq!(generation.product_title.as_deref(), Some("Title of sku"));
    assert_eq!(
        generation.product_description.as_deref(),
        Some("Soft and warm.")
    );
    assert_eq!(generation.engine, "preview");
    assert_eq!((generation.result, generation.error_code), (None, None));
    assert_eq!(
        (generation.created_at, generation.updated_at),
        (data.now(), data.now())
    );

    let product = data
        .products
        .find(account, &external_id("sku"), data.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(product.last_used_at, Some(data.now()));
    assert_eq!(product.expires_at, Some(data.now().plus_days(15)));
    assert_ne!(product.updated_at, data.now());

    assert_eq!(data.ledger.balance(account).await.unwrap(), 1);
    let entries = data.ledger.entries(account, 1).await.unwrap();
    assert_eq!((entries[0].kind, entries[0].amount), (EntryKind::Hold, -1));
    assert_eq!(entries[0].generation, Some(id));
    data.assert_books_balance(account).await;
}

/// Product and person that come with the request are stored with it.
pub async fn an_inline_product_and_a_snapshot_are_stored(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let person = data.snapshot(account);
    let PersonChoice::Snapshot { id: image, .. } = &person else {
        return;
    };
    let image = *image;
    let new = data.generation(account, inline("sku"), person);
    data.enqueue(new).await.unwrap();
    let product = data
        .products
        .find(account, &external_id("sku"), data.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(product.last_used_at, Some(data.now()));
    let image = data.images.find(image).await.unwrap().unwrap();
    assert_eq!(image.origin, ImageOrigin::Snapshot);
    assert_eq!(image.external_user_id.as_deref(), Some("customer 1"));
    assert_eq!(image.expires_at, data.now().plus_days(7));

    // The second time it is an update: the pictures of both try-ons are told apart.
    let mut change = upsert("sku", ProductOrigin::Inline);
    change.images = Some(vec![url_image("https://shop.example/new.jpg")]);
    let new = data.generation(
        account,
        ProductChoice::Upsert(change),
        data.snapshot(account),
    );
    data.enqueue(new).await.unwrap();
    let old = data.claim().await.unwrap();
    let new = data.claim().await.unwrap();
    assert_eq!(old.items[0].product, new.items[0].product);
    assert_eq!(
        (old.items[0].image_revision, new.items[0].image_revision),
        (1, 2)
    );
    assert_eq!(
        old.items[0].product_images[0].source_url,
        "https://shop.example/a.jpg"
    );
    assert_eq!(
        new.items[0].product_images[0].source_url,
        "https://shop.example/new.jpg"
    );
}

/// A one-shot product can be named by later try-ons until it expires.
pub async fn a_one_shot_product_can_be_used_again(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let name = ExternalId::one_shot(data.ids.uuid());
    let product = ProductChoice::Upsert(upsert(name.as_str(), ProductOrigin::OneShot));
    let new = data.generation(account, product, data.snapshot(account));
    let enqueued = data.enqueue(new).await.unwrap();
    assert_eq!(enqueued.product_external_ids, std::slice::from_ref(&name));
    for days in [6, 6] {
        data.clock.advance_days(days);
        let new = data.generation(account, reference(name.as_str()), data.snapshot(account));
        data.enqueue(new).await.unwrap();
    }
    data.clock.advance_days(7);
    let new = data.generation(account, reference(name.as_str()), data.snapshot(account));
    assert_eq!(refusal(data, new).await, Some(Code::ProductNotFound));
}

/// The title `mock` chooses the mock engine.
pub async fn the_title_mock_chooses_the_mock_engine(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let mut product = upsert("sku", ProductOrigin::Inline);
    product.title = Patch::Set("mock".to_owned());
    let new = data.generation(
        account,
        ProductChoice::Upsert(product),
        data.snapshot(account),
    );
    let id = new.id;
    data.enqueue(new).await.unwrap();
    assert_eq!(data.read(id).await.engine, "mock");
    let new = data.generation(account, reference("sku"), data.snapshot(account));
    data.enqueue(new).await.unwrap();
    assert_eq!(data.claim().await.unwrap().engine, "mock");
    assert_eq!(data.claim().await.unwrap().engine, "mock");
}

/// Only living uploads of the account itself can be named.
pub async fn only_own_living_uploads_can_be_named(data: &DataPorts) {
    let account = data.account("shop", 5).await.id;
    let other = data.account("other", 5).await.id;
    data.register(account, "sku").await;
    let mine = data.upload(account).await.id;
    let theirs = data.upload(other).await.id;
    let unknown = ImageId::from_uuid(data.ids.uuid());
    let snapshot = data.snapshot(account);
    let PersonChoice::Snapshot {
        id: snapshotted, ..
    } = &snapshot
    else {
        return;
    };
    let snapshotted = *snapshotted;
    let new = data.generation(account, reference("sku"), snapshot);
    data.enqueue(new).await.unwrap();

    let naming = |upload| data.by_reference(account, "sku", upload);
    assert_eq!(
        refusal(data, naming(unknown)).await,
        Some(Code::ImageNotFound)
    );
    assert_eq!(
        refusal(data, naming(snapshotted)).await,
        Some(Code::ImageNotFound)
    );
    assert_eq!(refusal(data, naming(theirs)).await, Some(Code::Forbidden));
    assert_eq!(refusal(data, naming(mine)).await, None);
    data.clock.advance_days(7);
    let naming = |upload| data.by_reference(account, "sku", upload);
    assert_eq!(refusal(data, naming(mine)).await, Some(Code::ImageNotFound));
    assert_eq!(
        refusal(data, naming(theirs)).await,
        Some(Code::ImageNotFound)
    );
    data.assert_books_balance(account).await;
}

/// Only living products of the account itself can be named.
pub async fn only_own_living_products_can_be_named(data: &DataPorts) {
    let account = data.account("shop", 5).await.id;
    let other = data.account("other", 5).await.id;
    data.register(other, "theirs").await;
    data.register(account, "deleted").await;
    data.upsert(account, upsert("expired", ProductOrigin::Inline))
        .await;
    let deleted = external_id("deleted");
    data.products
        .delete(account, &deleted, data.now())
        .await
        .unwrap();
    data.clock.advance_days(15);
    for name in ["theirs", "deleted", "expired", "unknown"] {
        let new = data.generation(account, reference(name), data.snapshot(account));
        assert_eq!(
            refusal(data, new).await,
            Some(Code::ProductNotFound),
            "{name}"
        );
    }
}

/// Image before product before credits; whatever is refused leaves nothing behind.
pub async fn refusals_come_in_order_and_leave_nothing(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let unknown = PersonChoice::Upload(ImageId::from_uuid(data.ids.uuid()));
    let new = data.generation(account, reference("missing"), unknown.clone());
    assert_eq!(refusal(data, new).await, Some(Code::ImageNotFound));
    let mut bare = upsert("bare", ProductOrigin::Inline);
    bare.images = None;
    let new = data.generation(account, ProductChoice::Upsert(bare.clone()), unknown);
    assert_eq!(refusal(data, new).await, Some(Code::ImageNotFound));
    let new = data.generation(account, reference("missing"), data.snapshot(account));
    assert_eq!(refusal(data, new).await, Some(Code::ProductNotFound));
    let new = data.generation(account, ProductChoice::Upsert(bare), data.snapshot(account));
    assert_eq!(refusal(data, new).await, Some(Code::ProductImagesRequired));

    let snapshot = data.snapshot(account);
    let PersonChoice::Snapshot { id: image, .. } = &snapshot else {
        return;
    };
    let image = *image;
    let new = data.generation(account, inline("sku"), snapshot);
    let id = new.id;
    assert_eq!(refusal(data, new).await, Some(Code::InsufficientCredits));
    assert_eq!(data.generations.find(id).await.unwrap(), None);
    assert_eq!(data.images.find(image).await.unwrap(), None);
    let product = data
        .products
        .find(account, &external_id("sku"), data.now())
        .await;
    assert_eq!(product.unwrap(), None);
    assert_eq!(data.jobs.depth().await.unwrap(), 0);
    assert!(data.ledger.entries(account, 9).await.unwrap().is_empty());
    assert!(data.claim().await.is_none());

    // A refused update leaves the product as it was.
    data.register(account, "known").await;
    let mut change = upsert("known", ProductOrigin::Inline);
    change.title = Patch::Set("changed".to_owned());
    let new = data.generation(
        account,
        ProductChoice::Upsert(change),
        data.snapshot(account),
    );
    assert_eq!(refusal(data, new).await, Some(Code::InsufficientCredits));
    let product = data
        .products
        .find(account, &external_id("known"), data.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(product.title.as_deref(), Some("Title of known"));
    assert_eq!(product.image_revision, 1);
}

/// A check looks at the product alone when the person is not known yet.
pub async fn a_check_writes_nothing(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let product = inline("sku");
    data.jobs
        .check(account, std::slice::from_ref(&product), None, data.now())
        .await
        .unwrap();
    let found = data
        .products
        .find(account, &external_id("sku"), data.now())
        .await;
    assert_eq!(found.unwrap(), None);
    assert_eq!(data.ledger.balance(account).await.unwrap(), 1);
}

/// Of many who want the last credit at once, exactly one gets it.
pub async fn the_last_credit_is_spent_once(data: &DataPorts) {
    const CALLERS: usize = 50;

    let account = data.account("shop", 1).await.id;
    let upload = data.upload(account).await.id;
    data.register(account, "sku").await;
    let start = Arc::new(Barrier::new(CALLERS));
    let tasks: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (data, start) = (data.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                let new = data.by_reference(account, "sku", upload);
                start.wait().await;
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
    assert_eq!(accepted, 1);
    assert_eq!(data.ledger.balance(account).await.unwrap(), 0);
    assert_eq!(data.jobs.depth().await.unwrap(), 1);
    data.assert_books_balance(account).await;
}

/// Many accounts at once do not disturb each other.
pub async fn parallel_accounts_do_not_mix(data: &DataPorts) {
    let mut tasks = Vec::new();
    let mut accounts: Vec<AccountId> = Vec::new();
    for number in 0..5 {
        let account = data.account(&format!("shop {number}"), 4).await.id;
        accounts.push(account);
        for _ in 0..8 {
            let data = data.clone();
            tasks.push(tokio::spawn(async move {
                let new = data.generation(account, inline("sku"), data.snapshot(account));
                let id: GenerationId = new.id;
                data.enqueue(new).await.map(|_| id)
            }));
        }
    }
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await.unwrap().is_ok());
    }
    assert_eq!(accepted, 20);
    for account in accounts {
        assert_eq!(data.all_generations(account).await.len(), 4);
        assert_eq!(data.ledger.balance(account).await.unwrap(), 0);
        data.assert_books_balance(account).await;
    }
}

/// Callers who go away while they wait leave either a whole try-on or nothing.
pub async fn callers_may_go_away(data: &DataPorts) {
    let account = data.account("shop", 100).await.id;
    let mut tasks = Vec::new();
    for number in 0..60 {
        let data = data.clone();
        let task = tokio::spawn(async move {
            let new = data.generation(account, inline("sku"), data.snapshot(account));
            data.enqueue(new).await.is_ok()
        });
        if number % 3 == 0 {
            tokio::task::yield_now().await;
        }
        tasks.push(task);
    }
    for task in tasks.iter().step_by(2) {
        task.abort();
    }
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await.unwrap_or(false));
    }
    assert!(accepted >= 30);
    let spent = 100 - data.ledger.balance(account).await.unwrap();
    assert!(spent >= i64::try_from(accepted).unwrap());
    data.assert_books_balance(account).await;
}

/// A full queue refuses after everything else, says when to come back, and takes work again once there is room.
///
/// The database must have been opened with room for two waiting jobs.
pub async fn a_full_queue_refuses(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let poor = data.account("poor", 0).await.id;
    data.queue(account, 2).await;
    let upload = data.upload(account).await.id;
    let full = data.by_reference(account, "queued", upload);
    let error = data.enqueue(full).await.unwrap_err();
    assert_eq!(error.code(), Code::ServerBusy);
    assert!(
        error
            .retry_after_seconds()
            .is_some_and(|seconds| seconds > 0)
    );
    let new = data.by_reference(account, "queued", upload);
    assert_eq!(refusal(data, new).await, Some(Code::ServerBusy));
    let new = data.generation(poor, inline("sku"), data.snapshot(poor));
    assert_eq!(refusal(data, new).await, Some(Code::InsufficientCredits));

    // Running jobs take no room, and a job that is put back may overfill the queue.
    let job = data.claim().await.unwrap();
    let new = data.by_reference(account, "queued", upload);
    data.enqueue(new).await.unwrap();
    data.jobs.put_back(job.generation, job.lease).await.unwrap();
    assert_eq!(data.jobs.depth().await.unwrap(), 3);
    data.assert_books_balance(account).await;
}
