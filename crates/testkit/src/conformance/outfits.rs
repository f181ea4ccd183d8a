//! What [`Jobs`](drape_core::ports::Jobs) must do with try-ons of several products.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use drape_core::{
    Code,
    account::{EntryKind, LedgerTotals},
    generation::{JobOutcome, NewGeneration, PersonChoice, ProductChoice, Status},
    ids::{AccountId, GenerationId},
    image::{BlobKey, BlobKind},
    oversight::GenerationFilter,
    page::PageRequest,
    product::{Patch, ProductOrigin},
};

use super::data::{DataPorts, code, external_id, stored_image, upsert, url_image};

fn reference(name: &str) -> ProductChoice {
    ProductChoice::Reference(external_id(name))
}

/// An outfit of a registered shirt and of trousers that come with the request.
async fn outfit(data: &DataPorts, account: AccountId) -> NewGeneration {
    data.register(account, "shirt").await;
    let mut trousers = upsert("trousers", ProductOrigin::Inline);
    trousers.images = Some(vec![
        url_image("https://shop.example/t1.jpg"),
        url_image("https://shop.example/t2.jpg"),
    ]);
    let products = vec![reference("shirt"), ProductChoice::Upsert(trousers)];
    let upload = data.upload(account).await.id;
    data.outfit(account, products, PersonChoice::Upload(upload))
}

async fn balance(data: &DataPorts, account: AccountId) -> i64 {
    data.ledger.balance(account).await.unwrap()
}

async fn kinds_and_amounts(data: &DataPorts, account: AccountId) -> Vec<(EntryKind, i64)> {
    let entries = data.ledger.entries(account, 2).await.unwrap();
    let pair = |entry: &drape_core::account::LedgerEntry| (entry.kind, entry.amount);
    entries.iter().map(pair).collect()
}

async fn end(data: &DataPorts, outcome: JobOutcome) -> GenerationId {
    let job = data.claim().await.unwrap();
    let now = data.now();
    let reported = data.jobs.finish(job.generation, job.lease, outcome, now);
    reported.await.unwrap();
    job.generation
}

fn failed() -> JobOutcome {
    JobOutcome::Failed {
        code: Code::GarmentNotUsable,
        message: "It did not work.".to_owned(),
    }
}

/// One hold for all products, in the caller's order; the job has each with its own pictures.
pub async fn an_outfit_costs_a_credit_per_product(data: &DataPorts) {
    let account = data.account("shop", 5).await.id;
    let new = outfit(data, account).await;
    let id = new.id;
    let enqueued = data.enqueue(new).await.unwrap();
    let names = [external_id("shirt"), external_id("trousers")];
    assert_eq!(enqueued.product_external_ids, names);
    assert_eq!(balance(data, account).await, 3);
    assert_eq!(
        kinds_and_amounts(data, account).await[0],
        (EntryKind::Hold, -2)
    );
    let generation = data.read(id).await;
    assert_eq!(generation.product_external_ids(), names);
    assert_eq!(generation.product_title.as_deref(), Some("Title of shirt"));
    for name in ["shirt", "trousers"] {
        let name = external_id(name);
        let product = data.products.find(account, &name, data.now());
        let product = product.await.unwrap().unwrap();
        assert_eq!(product.last_used_at, Some(data.now()));
    }

    let job = data.claim().await.unwrap();
    let titles: Vec<_> = job
        .items
        .iter()
        .map(|item| item.product_title.as_deref())
        .collect();
    assert_eq!(titles, [Some("Title of shirt"), Some("Title of trousers")]);
    let pictures: Vec<_> = job
        .items
        .iter()
        .map(|item| item.product_images.len())
        .collect();
    assert_eq!(pictures[1], 2);
    assert_eq!(
        job.items[1].product_images[1].source_url,
        "https://shop.example/t2.jpg"
    );
    let outcome = data.completed(account);
    data.jobs
        .finish(id, job.lease, outcome, data.now())
        .await
        .unwrap();
    assert_eq!(data.read(id).await.status, Status::Completed);
    assert_eq!(balance(data, account).await, 3);
    let entries = kinds_and_amounts(data, account).await;
    assert_eq!(entries, [(EntryKind::Capture, 0), (EntryKind::Hold, -2)]);
    data.assert_books_balance(account).await;
}

/// A failure and a cancellation give back as many credits as were held.
pub async fn a_failed_outfit_gives_every_credit_back(data: &DataPorts) {
    let account = data.account("shop", 4).await.id;
    data.enqueue(outfit(data, account).await).await.unwrap();
    let new = outfit(data, account).await;
    let cancelled = new.id;
    data.enqueue(new).await.unwrap();
    assert_eq!(balance(data, account).await, 0);
    end(data, failed()).await;
    assert_eq!(balance(data, account).await, 2);
    assert_eq!(
        kinds_and_amounts(data, account).await[0],
        (EntryKind::Release, 2)
    );
    assert!(data.jobs.cancel(cancelled, data.now()).await.unwrap());
    assert_eq!(balance(data, account).await, 4);
    data.assert_books_balance(account).await;
}

/// Too few credits or an unknown product: nothing of the outfit is written, and the check says the same.
pub async fn an_outfit_is_accepted_whole_or_not_at_all(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let poor = outfit(data, account).await;
    let mut unknown = outfit(data, account).await;
    unknown.items[0].product = reference("nothing");
    let mut late = outfit(data, account).await;
    late.items.swap(0, 1);
    late.items[1].product = reference("nothing");
    let cases = [
        (poor, Code::InsufficientCredits),
        (unknown, Code::ProductNotFound),
        (late, Code::ProductNotFound),
    ];
    for (new, expected) in cases {
        let id = new.id;
        let products: Vec<_> = new.items.iter().map(|item| item.product.clone()).collect();
        let checked = data
            .jobs
            .check(account, &products, Some(&new.person), data.now());
        assert_eq!(code(checked.await), Some(expected));
        assert_eq!(code(data.enqueue(new).await), Some(expected));
        assert_eq!(data.generations.find(id).await.unwrap(), None);
    }
    let name = external_id("trousers");
    let trousers = data.products.find(account, &name, data.now());
    assert_eq!(trousers.await.unwrap(), None);
    assert_eq!(balance(data, account).await, 1);
    assert_eq!(data.jobs.depth().await.unwrap(), 0);
    data.assert_books_balance(account).await;
}

/// The totals are of credits, not of try-ons.
pub async fn credits_of_outfits_are_counted(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    let before = data.ledger.totals(None).await.unwrap().last_seq;
    data.enqueue(outfit(data, account).await).await.unwrap();
    end(data, data.completed(account)).await;
    data.enqueue(outfit(data, account).await).await.unwrap();
    end(data, failed()).await;
    data.queue(account, 1).await;
    end(data, data.completed(account)).await;
    let LedgerTotals {
        held,
        captured,
        released,
        ..
    } = data.ledger.totals(Some(before)).await.unwrap();
    assert_eq!((held, captured, released), (5, 3, 2));
    let today = data.now().day();
    let usage = data.oversight.usage(Some(account), today..=today);
    let day = usage.await.unwrap()[0];
    assert_eq!((day.created, day.completed, day.failed), (3, 2, 1));
    assert_eq!(day.credits_captured, 3);
}

/// No picture of any product is taken from a job that waits.
pub async fn an_outfit_keeps_the_pictures_of_all_its_products(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let mut keys: Vec<BlobKey> = Vec::new();
    for name in ["shirt", "trousers"] {
        let picture = data.picture(account, BlobKind::Product);
        keys.push(picture.key.clone());
        let mut product = upsert(name, ProductOrigin::Inline);
        product.images = Some(vec![stored_image(picture)]);
        data.upsert(account, product).await;
    }
    let person = data.snapshot(account);
    let products = vec![reference("shirt"), reference("trousers")];
    data.enqueue(data.outfit(account, products, person))
        .await
        .unwrap();
    data.clock.advance_days(40);
    let expired = async || -> Vec<BlobKey> {
        let blobs = data.retention.expired(data.now(), 100).await.unwrap();
        blobs.into_iter().map(|blob| blob.key).collect()
    };
    let spared = expired().await;
    assert!(keys.iter().all(|key| !spared.contains(key)), "{spared:?}");
    end(data, data.completed(account)).await;
    let freed = expired().await;
    assert!(keys.iter().all(|key| freed.contains(key)), "{freed:?}");
}

/// Whichever product has the title.
pub async fn a_product_titled_mock_chooses_the_engine_of_an_outfit(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let mut new = outfit(data, account).await;
    let mut mock = upsert("mocked", ProductOrigin::Inline);
    mock.title = Patch::Set("mock".to_owned());
    new.items[1].product = ProductChoice::Upsert(mock);
    let id = new.id;
    data.enqueue(new).await.unwrap();
    assert_eq!(data.read(id).await.engine, "mock");
}

/// The operator finds an outfit by its second product, too.
pub async fn outfits_are_found_by_each_of_their_products(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let new = outfit(data, account).await;
    let id = new.id;
    data.enqueue(new).await.unwrap();
    for (name, expected) in [("shirt", 1), ("trousers", 1), ("nothing", 0)] {
        let filter = GenerationFilter {
            product: Some(external_id(name)),
            ..GenerationFilter::default()
        };
        let page = PageRequest {
            limit: 9,
            after: None,
        };
        let found = data.oversight.generations(&filter, page).await.unwrap();
        assert_eq!(found.items.len(), expected, "{name}");
        assert!(found.items.iter().all(|item| item.generation.id == id));
    }
}
