//! What only a local folder of picture files has: leftovers of broken writes, foreign files, permissions.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path};

use bytes::Bytes;
use drape_core::{image::BlobKey, ports::Blobs};
use drape_storage::{BlobError, ObjectBlobs};

fn key(text: &str) -> BlobKey {
    text.parse().unwrap()
}

fn write(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "x").unwrap();
}

#[tokio::test]
async fn leftovers_of_broken_writes_are_listed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = ObjectBlobs::local(folder.path()).unwrap();
    let whole = key("acc_1/result/3d/b.jpg");
    blobs.put(&whole, Bytes::from_static(b"b")).await.unwrap();
    let leftovers = folder.path().join("acc_1/result/3d");
    for name in ["a.jpg#1", "a.jpg#2", "b.jpg#1", "c.jpg#1"] {
        write(&leftovers.join(name));
    }
    let broken = [key("acc_1/result/3d/a.jpg"), key("acc_1/result/3d/c.jpg")];
    let listed = blobs.list(None, 10).await.unwrap();
    assert_eq!(
        listed,
        [broken[0].clone(), whole.clone(), broken[1].clone()]
    );
    for name in &broken {
        assert_eq!(blobs.get(name).await.unwrap(), None);
        blobs.delete(name).await.unwrap();
    }
    let left = blobs.list(None, 10).await.unwrap();
    assert_eq!(left, std::slice::from_ref(&whole));
    blobs.delete(&whole).await.unwrap();
    assert_eq!(fs::read_dir(&leftovers).unwrap().count(), 0);
}

#[tokio::test]
async fn foreign_files_are_neither_listed_nor_touched() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = ObjectBlobs::local(folder.path()).unwrap();
    let foreign = [
        "README",
        "acc_1/note.txt",
        "acc_1/result/3d/.hidden",
        "acc_1/result/3d/with space.jpg",
        "acc_1/result/3d/deeper/a.jpg",
    ];
    for name in foreign {
        write(&folder.path().join(name));
    }
    blobs.ping().await.unwrap();
    assert!(blobs.list(None, 10).await.unwrap().is_empty());
    assert!(foreign.iter().all(|name| folder.path().join(name).exists()));
}

#[tokio::test]
async fn a_store_that_is_gone_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blobs");
    let blobs = ObjectBlobs::local(&path).unwrap();
    fs::remove_dir(&path).unwrap();
    fs::write(&path, "a file where the folder was").unwrap();
    let name = key("acc_1/result/3d/a.jpg");
    for result in [
        blobs.put(&name, Bytes::from_static(b"a")).await,
        blobs.ping().await,
        blobs.list(None, 1).await.map(drop),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.code(), drape_core::Code::ServiceUnavailable);
        assert!(error.retry_after_seconds().is_some());
    }
    assert!(matches!(
        ObjectBlobs::local(&path),
        Err(BlobError::Folder(_))
    ));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_look_inside() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blobs");
    ObjectBlobs::local(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}
