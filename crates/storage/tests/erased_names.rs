//! The name of an erased customer is nowhere in the files of the database.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use drape_core::{generation::NewGeneration, ids::ImageId, image::BlobKind, ports::Ids as _};
use drape_storage::{SqlStore, StoreOptions};
use drape_testkit::conformance::data::DataPorts;

const NAME: &str = "alice-4711@shop.example";

/// Files of the folder that contain the name.
fn files_with_name(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let mut windows = bytes.windows(NAME.len());
        if windows.any(|window| window == NAME.as_bytes()) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

#[tokio::test]
async fn an_erased_name_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drape.db");
    let store = SqlStore::open(path.to_str().unwrap(), StoreOptions::default())
        .await
        .unwrap();
    let data = DataPorts::of(store.clone());
    let account = data.account("shop", 50).await.id;
    data.register(account, "shirt").await;
    for _ in 0..20 {
        let mut image = data.upload(account).await;
        image.id = ImageId::from_uuid(data.ids.uuid());
        image.picture = data.picture(account, BlobKind::Person);
        image.external_user_id = Some(NAME.to_owned());
        data.images.insert(image.clone()).await.unwrap();
        let new = NewGeneration {
            external_user_id: Some(NAME.to_owned()),
            ..data.by_reference(account, "shirt", image.id)
        };
        data.enqueue(new).await.unwrap();
    }
    assert!(!files_with_name(folder.path()).is_empty());
    let customer = NAME.parse().unwrap();
    let erased = data.customers.erase(account, &customer, data.now()).await;
    assert_eq!(erased.unwrap().cancelled.len(), 20);
    let none: [&str; 0] = [];
    assert_eq!(files_with_name(folder.path()), none);
    // The store works on.
    data.upload(account).await;
    store.close().await;
    assert_eq!(files_with_name(folder.path()), none);
}
