//! Picture files in an object store: a local folder, or memory for tests.

mod folder;

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use drape_core::{Code, Error, Result, image::BlobKey, ports::Blobs};
use futures::TryStreamExt;
use object_store::{
    ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, memory::InMemory,
    path::Path as ObjectPath,
};

use folder::Folder;

/// Seconds after which a caller may try again when the store is out of reach.
const RETRY_AFTER_SECONDS: u32 = 5;
/// Object that [`Blobs::ping`] writes; not of the form of a blob's key, so that no list shows it.
const PROBE: &str = "_probe";

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The folder cannot be made, read or written.
    #[error("the picture folder is out of reach")]
    Folder(#[source] std::io::Error),
    /// The store failed.
    #[error("the picture store is out of reach")]
    Store(#[source] object_store::Error),
    /// What was written did not come back.
    #[error("the picture store does not give back what was written")]
    Forgetful,
    /// A background task was ended.
    #[error("the list of pictures was interrupted")]
    Interrupted,
}

impl From<std::io::Error> for BlobError {
    fn from(error: std::io::Error) -> Self {
        Self::Folder(error)
    }
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        Error::new(
            Code::ServiceUnavailable,
            "The picture store is out of reach. Try again shortly.",
        )
        .with_retry_after(RETRY_AFTER_SECONDS)
        .with_source(error)
    }
}

/// Blobs in an object store; clones share one store.
#[derive(Debug, Clone)]
pub struct ObjectBlobs {
    store: Arc<dyn ObjectStore>,
    /// Set for a local folder, which this crate lists by itself: sorted, and with the leftovers of broken writes.
    folder: Option<Folder>,
}

impl ObjectBlobs {
    /// Opens, or makes, a folder of picture files.
    ///
    /// A write goes to a file beside the final one and is renamed when complete; file and folders are synced to the
    /// disk before it returns. The folder is made readable for its owner only.
    pub fn local(folder: &Path) -> Result<Self, BlobError> {
        let folder = Folder::make(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder.path())?.with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            folder: Some(folder),
        })
    }

    /// Makes a store in memory, for tests.
    pub fn in_memory() -> Self {
        Self {
            store: Arc::new(InMemory::new()),
            folder: None,
        }
    }

    async fn read(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
        match self.store.get(path).await {
            Ok(object) => Ok(Some(object.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn list_store(
        &self,
        after: Option<&BlobKey>,
        limit: usize,
    ) -> Result<Vec<BlobKey>, BlobError> {
        let objects = match after {
            Some(after) => self.store.list_with_offset(None, &object_path(after)),
            None => self.store.list(None),
        };
        let mut keys: Vec<BlobKey> = objects
            .try_filter_map(|object| async move { Ok(object.location.as_ref().parse().ok()) })
            .try_collect()
            .await?;
        keys.sort_unstable();
        keys.truncate(limit);
        Ok(keys)
    }
}

fn object_path(key: &BlobKey) -> ObjectPath {
    // Keys hold plain characters only, of which the path encodes none.
    ObjectPath::from(key.as_str())
}

#[async_trait]
impl Blobs for ObjectBlobs {
    async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<()> {
        self.store
            .put(&object_path(key), PutPayload::from_bytes(bytes))
            .await
            .map_err(BlobError::from)?;
        Ok(())
    }

    async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>> {
        Ok(self.read(&object_path(key)).await?)
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        match self.store.delete(&object_path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(BlobError::from(error).into()),
        }
        if let Some(folder) = &self.folder {
            folder.delete_leftovers(key).await?;
        }
        Ok(())
    }

    async fn list(&self, after: Option<&BlobKey>, limit: usize) -> Result<Vec<BlobKey>> {
        Ok(match &self.folder {
            Some(folder) => folder.list(after.cloned(), limit).await?,
            None => self.list_store(after, limit).await?,
        })
    }

    async fn ping(&self) -> Result<()> {
        // Overwritten each time and never deleted, so that two probes at once do not disturb each other.
        let path = ObjectPath::from(PROBE);
        let written = Bytes::from_static(b"probe");
        self.store
            .put(&path, PutPayload::from_bytes(written.clone()))
            .await
            .map_err(BlobError::from)?;
        match self.read(&path).await? {
            Some(read) if read == written => Ok(()),
            _ => Err(BlobError::Forgetful.into()),
        }
    }
}
