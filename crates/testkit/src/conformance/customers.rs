//! What [`Customers`](drape_core::ports::Customers) must do.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use drape_core::{
    Code,
    erase::{CustomerId, Erasure},
    generation::{
        BlobHolder, ExpiredBlob, NewGeneration, PersonChoice, ProductChoice, Reported, Status,
    },
    ids::{AccountId, GenerationId, ImageId},
    image::{BlobKey, PersonImage},
};

use super::data::{DataPorts, code, external_id};

fn named(name: &str) -> CustomerId {
    name.parse().unwrap()
}

async fn erase(data: &DataPorts, account: AccountId, name: &str) -> Erasure {
    data.customers
        .erase(account, &named(name), data.now())
        .await
        .unwrap()
}

async fn files_left(data: &DataPorts, account: AccountId, name: &str) -> Vec<BlobKey> {
    let left = data
        .customers
        .erased_blobs(account, &named(name), None, 100)
        .await
        .unwrap();
    assert!(left.iter().all(|blob| blob.holder == BlobHolder::Erased));
    left.into_iter().map(|blob| blob.key).collect()
}

fn sorted(mut keys: Vec<BlobKey>) -> Vec<BlobKey> {
    keys.sort();
    keys
}

/// Stores an upload of somebody, or of nobody who is known.
async fn upload(data: &DataPorts, account: AccountId, name: Option<&str>) -> PersonImage {
    let image = PersonImage {
        id: ImageId::from_uuid(drape_core::ports::Ids::uuid(data.ids.as_ref())),
        picture: data.picture(account, drape_core::image::BlobKind::Person),
        external_user_id: name.map(str::to_owned),
        ..data.upload(account).await
    };
    data.images.insert(image.clone()).await.unwrap();
    image
}

/// A try-on for somebody with a picture.
fn with(data: &DataPorts, account: AccountId, image: ImageId, name: Option<&str>) -> NewGeneration {
    NewGeneration {
        external_user_id: name.map(str::to_owned),
        ..data.by_reference(account, "shirt", image)
    }
}

async fn queued(data: &DataPorts, new: NewGeneration) -> GenerationId {
    let id = new.id;
    data.enqueue(new).await.unwrap();
    id
}

/// Queues a try-on and ends it with a result.
async fn completed(data: &DataPorts, new: NewGeneration) -> (GenerationId, BlobKey) {
    let account = new.account;
    let id = queued(data, new).await;
    let job = data.claim().await.unwrap();
    assert_eq!(job.generation, id);
    let outcome = data.completed(account);
    data.jobs
        .finish(id, job.lease, outcome, data.now())
        .await
        .unwrap();
    (id, data.read(id).await.result.unwrap().key)
}

/// Pictures, results and the name are gone at once, and the files that must go are listed until they are forgotten.
pub async fn an_erased_customer_leaves_only_files_to_delete(data: &DataPorts) {
    let account = data.account("shop", 5).await.id;
    data.register(account, "shirt").await;
    let image = upload(data, account, Some("c")).await;
    let (by_upload, first) = completed(data, with(data, account, image.id, Some("c"))).await;
    let snapshot = data.snapshot(account);
    let PersonChoice::Snapshot { picture, id, .. } = snapshot.clone() else {
        return;
    };
    let product = ProductChoice::Reference(external_id("shirt"));
    let new = NewGeneration {
        external_user_id: Some("c".to_owned()),
        ..data.generation(account, product, snapshot)
    };
    let (by_snapshot, second) = completed(data, new).await;

    let erasure = erase(data, account, "c").await;
    let mut persons = erasure.person_sha256s.clone();
    persons.sort_unstable();
    let mut expected = vec![image.picture.sha256, picture.sha256];
    expected.sort_unstable();
    assert_eq!(persons, expected);
    assert_eq!((erasure.results, erasure.generations), (2, 2));
    assert!(erasure.cancelled.is_empty());
    for image in [image.id, id] {
        assert_eq!(data.images.find(image).await.unwrap(), None);
    }
    for generation in [by_upload, by_snapshot] {
        let generation = data.read(generation).await;
        assert_eq!(generation.status, Status::Completed);
        assert_eq!(generation.result, None);
        assert!(generation.result_expires_at.unwrap() <= data.now());
    }
    let keys = sorted(vec![image.picture.key, picture.key, first, second]);
    assert_eq!(files_left(data, account, "c").await, keys);
    assert!(data.retention.unknown(&keys).await.unwrap().is_empty());
    // A repetition finds nothing more, but the files are still on the list.
    assert_eq!(erase(data, account, "c").await, Erasure::default());
    assert_eq!(files_left(data, account, "c").await, keys);
    let blobs: Vec<ExpiredBlob> = data.retention.expired(data.now(), 100).await.unwrap();
    assert_eq!(
        sorted(blobs.iter().map(|blob| blob.key.clone()).collect()),
        keys
    );
    data.retention.forget(&blobs, data.now()).await.unwrap();
    assert!(files_left(data, account, "c").await.is_empty());
    assert_eq!(data.retention.unknown(&keys).await.unwrap().len(), 4);
    data.assert_books_balance(account).await;
}

/// Waiting and running jobs end as cancelled, their credits come back, and a worker's late report is thrown away.
pub async fn unfinished_generations_of_an_erased_customer_are_cancelled(data: &DataPorts) {
    let account = data.account("shop", 5).await.id;
    data.register(account, "shirt").await;
    let image = upload(data, account, Some("c")).await.id;
    let running = queued(data, with(data, account, image, Some("c"))).await;
    let waiting = queued(data, with(data, account, image, Some("c"))).await;
    let job = data.claim().await.unwrap();
    assert_eq!(job.generation, running);
    let erasure = erase(data, account, "c").await;
    assert_eq!(erasure.cancelled, [running, waiting]);
    for id in [running, waiting] {
        let generation = data.read(id).await;
        assert_eq!(generation.status, Status::Failed);
        assert_eq!(generation.error_code, Some(Code::Cancelled));
    }
    assert_eq!(data.ledger.balance(account).await.unwrap(), 5);
    assert_eq!(data.jobs.depth().await.unwrap(), 0);
    let late = data
        .jobs
        .finish(running, job.lease, data.completed(account), data.now())
        .await;
    assert_eq!(late.unwrap(), Reported::LeaseLost);
    assert_eq!(data.read(running).await.result, None);
    let again = data.enqueue(with(data, account, image, Some("c"))).await;
    assert_eq!(code(again), Some(Code::ImageNotFound));
    data.assert_books_balance(account).await;
}

/// A picture that bears no name belongs to the customer whose generation used it, with what was made from it.
pub async fn pictures_without_a_name_go_with_their_customer(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    data.register(account, "shirt").await;
    let unnamed = upload(data, account, None).await;
    let (_, of_customer) = completed(data, with(data, account, unnamed.id, Some("c"))).await;
    let (_, of_nobody) = completed(data, with(data, account, unnamed.id, None)).await;
    let (other, of_other) = completed(data, with(data, account, unnamed.id, Some("d"))).await;
    let waiting = queued(data, with(data, account, unnamed.id, Some("d"))).await;
    let unused = upload(data, account, None).await;
    let erasure = erase(data, account, "c").await;
    // The other customer's job cannot go on without the picture.
    assert_eq!(erasure.cancelled, [waiting]);
    assert_eq!(
        files_left(data, account, "c").await,
        sorted(vec![unnamed.picture.key, of_customer, of_nobody])
    );
    assert_eq!(data.images.find(unused.id).await.unwrap(), Some(unused));
    assert_eq!(data.read(other).await.result.unwrap().key, of_other);
    // The other customer's result still bears the name.
    erase(data, account, "d").await;
    assert_eq!(files_left(data, account, "d").await, [of_other]);
    data.assert_books_balance(account).await;
}

/// Everything that was made from a customer's picture shows the customer, whatever name the generation bears.
pub async fn results_of_a_customers_picture_go_with_it(data: &DataPorts) {
    let account = data.account("shop", 9).await.id;
    data.register(account, "shirt").await;
    let image = upload(data, account, Some("c")).await;
    let (_, unnamed) = completed(data, with(data, account, image.id, None)).await;
    let (_, misnamed) = completed(data, with(data, account, image.id, Some("d"))).await;
    let waiting = queued(data, with(data, account, image.id, None)).await;
    let erasure = erase(data, account, "c").await;
    assert_eq!(erasure.cancelled, [waiting]);
    assert_eq!(
        files_left(data, account, "c").await,
        sorted(vec![image.picture.key, unnamed, misnamed])
    );
}

/// Other customers, other spellings and other accounts are left alone.
pub async fn only_the_named_customer_is_erased(data: &DataPorts) {
    let account = data.account("shop", 5).await.id;
    let other_account = data.account("other", 5).await.id;
    let mut kept = Vec::new();
    for account in [account, other_account] {
        data.register(account, "shirt").await;
        for name in ["d", "C", "c ", "c%"] {
            let image = upload(data, account, Some(name)).await;
            let (generation, key) =
                completed(data, with(data, account, image.id, Some(name))).await;
            kept.push((image, generation, key));
            if kept.len() > 4 {
                break;
            }
        }
    }
    let same_name = upload(data, other_account, Some("c")).await;
    // The other customer's picture, used by mistake for this one: the result goes, the picture stays.
    let foreign = upload(data, account, Some("d")).await;
    let (_, mixed) = completed(data, with(data, account, foreign.id, Some("c"))).await;
    let erasure = erase(data, account, "c").await;
    assert_eq!(files_left(data, account, "c").await, [mixed]);
    assert!(files_left(data, other_account, "c").await.is_empty());
    assert!(erasure.person_sha256s.is_empty());
    for (image, generation, key) in kept {
        assert_eq!(data.images.find(image.id).await.unwrap(), Some(image));
        assert_eq!(data.read(generation).await.result.unwrap().key, key);
    }
    for image in [same_name, foreign] {
        assert_eq!(data.images.find(image.id).await.unwrap(), Some(image));
    }
    assert_eq!(erase(data, account, "nobody").await, Erasure::default());
}

/// The list of files comes in portions, each after the last key of the one before.
pub async fn erased_files_come_in_portions(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(upload(data, account, Some("c")).await.picture.key);
    }
    erase(data, account, "c").await;
    let mut seen = Vec::new();
    loop {
        let portion = data
            .customers
            .erased_blobs(account, &named("c"), seen.last(), 2)
            .await
            .unwrap();
        if portion.is_empty() {
            break;
        }
        assert!(portion.len() <= 2);
        seen.extend(portion.into_iter().map(|blob| blob.key));
    }
    assert_eq!(seen, sorted(keys));
}

/// A try-on that comes in at the same moment is either before the erasure, and gone, or after it.
pub async fn try_ons_come_before_or_after_an_erasure(data: &DataPorts) {
    let account = data.account("shop", 50).await.id;
    data.register(account, "shirt").await;
    let image = upload(data, account, Some("c")).await.id;
    let requests = (0..20).map(|_| data.enqueue(with(data, account, image, Some("c"))));
    let name = named("c");
    let erasing = data.customers.erase(account, &name, data.now());
    let (accepted, erasure) = futures::join!(futures::future::join_all(requests), erasing);
    let accepted = accepted.into_iter().flatten().count();
    assert_eq!(erasure.unwrap().cancelled.len(), accepted);
    assert_eq!(data.ledger.balance(account).await.unwrap(), 50);
    assert_eq!(data.jobs.depth().await.unwrap(), 0);
    data.assert_books_balance(account).await;
}
