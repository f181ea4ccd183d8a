//! What every [`Blobs`] must do.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "every task is joined where it was spawned"
)]

use bytes::Bytes;
use drape_core::{image::BlobKey, ports::Blobs};

fn key(text: &str) -> BlobKey {
    text.parse().unwrap()
}

fn bytes(text: &str) -> Bytes {
    Bytes::from(text.to_owned())
}

async fn all_keys(blobs: &dyn Blobs, limit: usize) -> Vec<BlobKey> {
    let mut all: Vec<BlobKey> = Vec::new();
    loop {
        let page = blobs.list(all.last(), limit).await.unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// What was written is read back; the second write to a key replaces the first.
pub async fn blobs_come_back_as_written(blobs: &dyn Blobs) {
    let name = key("acc_1/person/7d/a.jpg");
    assert_eq!(blobs.get(&name).await.unwrap(), None);
    for content in [bytes("first"), Bytes::new(), bytes("a longer second")] {
        blobs.put(&name, content.clone()).await.unwrap();
        assert_eq!(blobs.get(&name).await.unwrap(), Some(content));
    }
    let large = Bytes::from((0..5_000_000_u32).map(|n| n as u8).collect::<Vec<_>>());
    blobs.put(&name, large.clone()).await.unwrap();
    assert_eq!(blobs.get(&name).await.unwrap(), Some(large));
    assert_eq!(all_keys(blobs, 10).await, [name]);
}

/// A deleted blob is gone; a missing one is deleted without complaint, also where there is no folder.
pub async fn blobs_can_be_deleted(blobs: &dyn Blobs) {
    let (kept, gone) = (key("acc_1/person/7d/a.jpg"), key("acc_1/person/7d/b.jpg"));
    for name in [&kept, &gone] {
        blobs.put(name, bytes("x")).await.unwrap();
    }
    blobs.delete(&gone).await.unwrap();
    blobs.delete(&gone).await.unwrap();
    blobs.delete(&key("acc_2/result/1d/c.jpg")).await.unwrap();
    assert_eq!(blobs.get(&gone).await.unwrap(), None);
    assert_eq!(blobs.get(&kept).await.unwrap(), Some(bytes("x")));
    assert_eq!(all_keys(blobs, 10).await, [kept]);
}

/// Keys come in lexical order, whatever the pages, and one blob's place is not another's.
pub async fn blobs_are_listed_in_order(blobs: &dyn Blobs) {
    assert!(blobs.list(None, 10).await.unwrap().is_empty());
    let mut names: Vec<BlobKey> = [
        "acc/person/7d/a.jpg",
        "acc-1/person/7d/a.jpg",
        "acc.1/person/7d/a.jpg",
        "acc_1/person/7d/a.jpg",
        "acc_1/person/1d/z.jpg",
        "acc_1/person/keep/A.JPG",
        "acc_1/person-x/keep/a.jpg",
        "acc_1/product/keep/a.jpg",
        "acc_1/product/keep/a.jpg.jpg",
        "acc_1/product/keep/a",
        "acc_1/product/keep/a-",
        "acc_1/product/keep/b..c",
        "0/0/0/0",
        "Z/Z/Z/Z",
    ]
    .map(key)
    .to_vec();
    for name in &names {
        blobs.put(name, bytes(name.as_str())).await.unwrap();
    }
    names.sort();
    for limit in [1, 2, 3, 5, 100] {
        assert_eq!(all_keys(blobs, limit).await, names, "pages of {limit}");
    }
    assert!(blobs.list(None, 0).await.unwrap().is_empty());
    for name in &names {
        let content = blobs.get(name).await.unwrap();
        assert_eq!(content, Some(bytes(name.as_str())));
    }
    // The place to go on from need not exist.
    let after = key("acc_1/person/8d/a.jpg");
    let rest: Vec<_> = names
        .iter()
        .filter(|name| **name > after)
        .cloned()
        .collect();
    assert_eq!(blobs.list(Some(&after), 100).await.unwrap(), rest);
    assert!(
        blobs
            .list(Some(&key("z/z/z/z")), 100)
            .await
            .unwrap()
            .is_empty()
    );
}

/// A reader sees the whole of one write, never a mix and never a part.
pub async fn writes_are_all_or_nothing(blobs: std::sync::Arc<dyn Blobs>) {
    const SIZE: usize = 300_000;

    let name = key("acc_1/result/3d/a.jpg");
    blobs.put(&name, Bytes::from(vec![0; SIZE])).await.unwrap();
    let writers: Vec<_> = (1..=4_u8)
        .map(|value| {
            let (blobs, name) = (blobs.clone(), name.clone());
            tokio::spawn(async move {
                for _ in 0..5 {
                    let content = Bytes::from(vec![value; SIZE]);
                    blobs.put(&name, content).await.unwrap();
                }
            })
        })
        .collect();
    while writers.iter().any(|writer| !writer.is_finished()) {
        let content = blobs.get(&name).await.unwrap().unwrap();
        assert_eq!(content.len(), SIZE);
        assert!(content.iter().all(|byte| *byte == content[0]));
        // A store in memory never waits by itself.
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(all_keys(blobs.as_ref(), 10).await, [name]);
}

/// The probe works, again and at once, and is not listed.
pub async fn the_probe_leaves_no_blob(blobs: &dyn Blobs) {
    blobs.ping().await.unwrap();
    let (first, second) = tokio::join!(blobs.ping(), blobs.ping());
    first.unwrap();
    second.unwrap();
    assert!(blobs.list(None, 10).await.unwrap().is_empty());
}
