//! What [`Retention`](drape_core::ports::Retention) must do.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use drape_core::{
    generation::{BlobHolder, ExpiredBlob, PersonChoice, ProductChoice, Status},
    ids::{AccountId, GenerationId},
    image::{BlobKey, BlobKind, StoredPicture},
    product::ProductOrigin,
};

use super::data::{DataPorts, external_id, stored_image, upsert};

async fn expired(data: &DataPorts) -> Vec<ExpiredBlob> {
    data.retention.expired(data.now(), 100).await.unwrap()
}

async fn expired_keys(data: &DataPorts) -> Vec<BlobKey> {
    let mut keys: Vec<_> = expired(data)
        .await
        .into_iter()
        .map(|blob| blob.key)
        .collect();
    keys.sort();
    keys
}

async fn forget(data: &DataPorts, blobs: &[ExpiredBlob]) {
    data.retention.forget(blobs, data.now()).await.unwrap();
}

/// Stores an inline product (15 days) whose picture is there.
async fn product_with_picture(data: &DataPorts, account: AccountId, name: &str) -> StoredPicture {
    let picture = data.picture(account, BlobKind::Product);
    let mut product = upsert(name, ProductOrigin::Inline);
    product.images = Some(vec![stored_image(picture.clone())]);
    data.upsert(account, product).await;
    picture
}

/// Claims the only job and ends it with a result.
async fn complete(data: &DataPorts, account: AccountId) -> (GenerationId, BlobKey) {
    let job = data.claim().await.unwrap();
    let outcome = data.completed(account);
    data.jobs
        .finish(job.generation, job.lease, outcome, data.now())
        .await
        .unwrap();
    let generation = data.read(job.generation).await;
    (job.generation, generation.result.unwrap().key)
}

/// Pictures of persons end with their retention, not a moment earlier.
pub async fn person_pictures_end_with_their_retention(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let image = data.upload(account).await;
    data.clock.advance_days(6);
    let later = data.upload(account).await;
    assert!(expired(data).await.is_empty());
    data.clock.advance_days(1);
    let blobs = expired(data).await;
    assert_eq!(
        blobs,
        [ExpiredBlob {
            key: image.picture.key,
            holder: BlobHolder::PersonImage(image.id),
        }]
    );
    forget(data, &blobs).await;
    assert_eq!(data.images.find(image.id).await.unwrap(), None);
    assert_eq!(data.images.find(later.id).await.unwrap(), Some(later));
    assert!(expired(data).await.is_empty());
    // Once more does no harm.
    forget(data, &blobs).await;
}

/// Nothing is taken from a job that waits or runs.
pub async fn pictures_in_use_are_spared(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let garment = product_with_picture(data, account, "sku").await;
    let person = data.snapshot(account);
    let PersonChoice::Snapshot { picture, .. } = &person else {
        return;
    };
    let person_key = picture.key.clone();
    let product = ProductChoice::Reference(external_id("sku"));
    let new = data.generation(account, product, person);
    let id = new.id;
    data.enqueue(new).await.unwrap();
    product_with_picture(data, account, "sku").await;
    data.clock.advance_days(30);
    let in_use = [garment.key.clone(), person_key.clone()];
    let spared = async || {
        let keys = expired_keys(data).await;
        assert!(in_use.iter().all(|key| !keys.contains(key)), "{keys:?}");
        forget(data, &expired(data).await).await;
    };
    spared().await;
    let job = data.claim().await.unwrap();
    assert_eq!(job.person.key, person_key);
    assert_eq!(job.items[0].product_images[0].picture, Some(garment));
    spared().await;
    let outcome = data.completed(account);
    data.jobs
        .finish(id, job.lease, outcome, data.now())
        .await
        .unwrap();
    let mut freed = in_use.to_vec();
    freed.sort();
    assert_eq!(expired_keys(data).await, freed);
}

/// A result ends with its retention; its generation stays and tells.
pub async fn results_end_but_their_generations_stay(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    data.queue(account, 1).await;
    let (id, key) = complete(data, account).await;
    let expires_at = data.now().plus_days(3);
    data.clock.advance_days(2);
    assert!(expired(data).await.is_empty());
    data.clock.advance_days(1);
    let blobs = expired(data).await;
    assert_eq!(
        blobs,
        [ExpiredBlob {
            key,
            holder: BlobHolder::Result(id),
        }]
    );
    forget(data, &blobs).await;
    let generation = data.read(id).await;
    assert_eq!(generation.status, Status::Completed);
    assert_eq!(generation.result, None);
    assert_eq!(generation.result_expires_at, Some(expires_at));
    assert!(expired(data).await.is_empty());
    data.assert_books_balance(account).await;
}

/// Pictures of products end when they are replaced, and when their product is deleted or expires.
pub async fn product_pictures_end_with_their_product(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let replaced = product_with_picture(data, account, "replaced").await;
    let replacement = product_with_picture(data, account, "replaced").await;
    let deleted = product_with_picture(data, account, "deleted").await;
    let name = external_id("deleted");
    data.products
        .delete(account, &name, data.now())
        .await
        .unwrap();
    let mut kept = upsert("kept", ProductOrigin::Registered);
    kept.images = Some(vec![stored_image(data.picture(account, BlobKind::Product))]);
    data.upsert(account, kept).await;

    let mut gone = vec![replaced.key, deleted.key];
    gone.sort();
    assert_eq!(expired_keys(data).await, gone);
    forget(data, &expired(data).await).await;
    data.clock.advance_days(15);
    assert_eq!(expired_keys(data).await, [replacement.key]);
    forget(data, &expired(data).await).await;
    assert!(expired(data).await.is_empty());
    let left = data
        .products
        .find(account, &external_id("kept"), data.now())
        .await;
    assert_eq!(left.unwrap().unwrap().images.len(), 1);
    // The names are free again.
    for name in ["replaced", "deleted"] {
        product_with_picture(data, account, name).await;
        let found = data
            .products
            .find(account, &external_id(name), data.now())
            .await;
        assert_eq!(found.unwrap().unwrap().images.len(), 1);
    }
    assert!(expired(data).await.is_empty());
}

/// A product that came back under its name does not lose its new picture to the old one's end.
pub async fn a_name_taken_again_keeps_its_new_picture(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let old = product_with_picture(data, account, "sku").await;
    data.clock.advance_days(20);
    let new = product_with_picture(data, account, "sku").await;
    let blobs = expired(data).await;
    assert_eq!(blobs.len(), 1);
    assert_eq!(blobs[0].key, old.key);
    forget(data, &blobs).await;
    let found = data
        .products
        .find(account, &external_id("sku"), data.now())
        .await;
    assert_eq!(found.unwrap().unwrap().images[0].picture, Some(new));
}

/// A call returns at most as many blobs as asked for; the next ones come when those are forgotten.
pub async fn expired_blobs_come_in_portions(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    data.queue(account, 2).await;
    complete(data, account).await;
    complete(data, account).await;
    product_with_picture(data, account, "sku").await;
    product_with_picture(data, account, "sku 2").await;
    data.upload(account).await;
    data.clock.advance_days(30);
    assert!(
        data.retention
            .expired(data.now(), 0)
            .await
            .unwrap()
            .is_empty()
    );
    let mut seen = Vec::new();
    loop {
        let blobs = data.retention.expired(data.now(), 2).await.unwrap();
        if blobs.is_empty() {
            break;
        }
        assert!(blobs.len() <= 2);
        seen.extend(blobs.iter().map(|blob| blob.key.clone()));
        forget(data, &blobs).await;
    }
    // Two results, two products, an upload, and the upload of the queued jobs.
    assert_eq!(seen.len(), 6);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 6);
}

/// Only keys that no row holds are unknown.
pub async fn keys_without_a_row_are_unknown(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let person = data.upload(account).await.picture.key;
    let garment = product_with_picture(data, account, "sku").await.key;
    data.queue(account, 1).await;
    let (_, result) = complete(data, account).await;
    let strange = [BlobKind::Person, BlobKind::Product, BlobKind::Result]
        .map(|kind| data.picture(account, kind).key);
    let mut keys = strange.to_vec();
    keys.extend([person, garment, result]);
    let mut unknown = data.retention.unknown(&keys).await.unwrap();
    unknown.sort();
    let mut expected = strange.to_vec();
    expected.sort();
    assert_eq!(unknown, expected);
    assert!(data.retention.unknown(&[]).await.unwrap().is_empty());

    // What was forgotten is unknown from then on.
    data.clock.advance_days(30);
    forget(data, &expired(data).await).await;
    assert_eq!(data.retention.unknown(&keys).await.unwrap().len(), 6);
}

/// What a row holds is listed in order while its retention lasts, and no longer.
pub async fn held_keys_are_listed_in_order(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let garment = product_with_picture(data, account, "sku").await.key;
    data.register(account, "not fetched").await;
    data.queue(account, 1).await;
    let (_, result) = complete(data, account).await;
    let replaced = product_with_picture(data, account, "other").await.key;
    let other = product_with_picture(data, account, "other").await.key;
    let held = async |limit| {
        let mut all: Vec<BlobKey> = Vec::new();
        loop {
            let portion = data.retention.held(data.now(), all.last(), limit).await;
            let portion = portion.unwrap();
            if portion.is_empty() {
                return all;
            }
            assert!(portion.len() <= limit as usize);
            all.extend(portion);
        }
    };
    let all = held(2).await;
    assert!(all.is_sorted());
    assert_eq!(held(100).await, all);
    // Two uploads: one of the queue, one here.
    let uploaded = data.upload(account).await.picture.key;
    let all = held(3).await;
    assert_eq!(all.len(), 5, "{all:?}");
    for key in [&garment, &result, &other, &uploaded] {
        assert!(all.contains(key), "{key}");
    }
    assert!(!all.contains(&replaced));
    data.clock.advance_days(3);
    assert!(!held(100).await.contains(&result));
    data.clock.advance_days(4);
    let mut products = vec![garment, other];
    products.sort();
    assert_eq!(held(100).await, products);
    data.clock.advance_days(8);
    assert!(held(100).await.is_empty());
}
