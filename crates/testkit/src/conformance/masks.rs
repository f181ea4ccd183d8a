//! What the data ports must do with the masks of results.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a rule that is broken shall panic"
)]

use drape_core::{
    generation::{BlobHolder, JobOutcome},
    ids::{AccountId, GenerationId},
    image::{BlobKind, StoredPicture},
};

use super::data::DataPorts;

/// Ends the only job with a result and a mask.
async fn complete(data: &DataPorts, account: AccountId) -> (GenerationId, StoredPicture) {
    let job = data.claim().await.unwrap();
    let stored = data.picture(account, BlobKind::Mask);
    let JobOutcome::Completed {
        result,
        engine,
        result_expires_at,
        ..
    } = data.completed(account)
    else {
        panic!("not completed");
    };
    let outcome = JobOutcome::Completed {
        result,
        mask: Some(stored.clone()),
        engine,
        result_expires_at,
    };
    data.jobs
        .finish(job.generation, job.lease, outcome, data.now())
        .await
        .unwrap();
    (job.generation, stored)
}

/// A mask is found as it was stored, and ends with its result.
pub async fn a_mask_lives_as_long_as_its_result(data: &DataPorts) {
    let account = data.account("shop", 2).await.id;
    let ids = data.queue(account, 2).await;
    let (id, mask) = complete(data, account).await;
    assert_eq!(id, ids[0]);
    assert_eq!(
        data.generations.find_mask(id).await.unwrap().as_ref(),
        Some(&mask)
    );
    assert_eq!(data.generations.find_mask(ids[1]).await.unwrap(), None);
    let held = data.retention.held(data.now(), None, 100).await.unwrap();
    assert!(held.contains(&mask.key) && held.is_sorted());
    let keys = [mask.key.clone()];
    assert!(data.retention.unknown(&keys).await.unwrap().is_empty());

    data.clock.advance_days(3);
    let held = data.retention.held(data.now(), None, 100).await.unwrap();
    assert!(!held.contains(&mask.key));
    let expired = data.retention.expired(data.now(), 100).await.unwrap();
    let holders: Vec<_> = expired.iter().map(|blob| blob.holder).collect();
    assert_eq!(holders, [BlobHolder::Result(id), BlobHolder::Mask(id)]);
    data.retention.forget(&expired, data.now()).await.unwrap();
    assert_eq!(data.generations.find_mask(id).await.unwrap(), None);
    assert!(
        data.retention
            .expired(data.now(), 100)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(data.retention.unknown(&keys).await.unwrap(), keys);
}

/// The mask of an erased customer's result is among the files to delete, and no longer found.
pub async fn the_masks_of_an_erased_customer_go(data: &DataPorts) {
    let account = data.account("shop", 1).await.id;
    data.queue(account, 1).await;
    let (id, mask) = complete(data, account).await;
    let customer = "customer 1".parse().unwrap();
    let erasure = data.customers.erase(account, &customer, data.now());
    assert_eq!(erasure.await.unwrap().results, 1);
    assert_eq!(data.generations.find_mask(id).await.unwrap(), None);
    let left = data.customers.erased_blobs(account, &customer, None, 100);
    let left: Vec<_> = left
        .await
        .unwrap()
        .into_iter()
        .map(|blob| blob.key)
        .collect();
    assert!(left.contains(&mask.key), "{left:?}");
    // On the list it is known.
    assert!(
        data.retention
            .unknown(&[mask.key])
            .await
            .unwrap()
            .is_empty()
    );
}
