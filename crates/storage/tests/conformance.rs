//! The conformance suites on SQLite and on both picture stores.
#![expect(clippy::unwrap_used, reason = "tests")]

use drape_storage::{SqlStore, StoreOptions};
use drape_testkit::conformance::data::DataPorts;
use tempfile::TempDir;

async fn open(max_waiting: u64) -> (DataPorts, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drape.db");
    let options = StoreOptions {
        max_waiting,
        ..StoreOptions::default()
    };
    let store = SqlStore::open(path.to_str().unwrap(), options)
        .await
        .unwrap();
    (DataPorts::of(store), folder)
}

mod sqlite {
    drape_testkit::data_port_tests!(super::open);
}

mod local_blobs {
    use std::sync::Arc;

    use drape_core::ports::Blobs;
    use drape_storage::ObjectBlobs;
    use tempfile::TempDir;

    fn open() -> (Arc<dyn Blobs>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = ObjectBlobs::local(&folder.path().join("made/on/open")).unwrap();
        (Arc::new(blobs), folder)
    }

    drape_testkit::blob_tests!(open);
}

mod memory_blobs {
    use std::sync::Arc;

    use drape_core::ports::Blobs;
    use drape_storage::ObjectBlobs;

    fn open() -> (Arc<dyn Blobs>, ()) {
        (Arc::new(ObjectBlobs::in_memory()), ())
    }

    drape_testkit::blob_tests!(open);
}
