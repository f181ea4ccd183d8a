//! A picture store whose deletions fail when told.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use drape_core::{Code, Error, Result, image::BlobKey, ports::Blobs};
use tokio::sync::watch;

/// What becomes of deletions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletions {
    /// They work.
    Work,
    /// They fail for these keys.
    FailFor(Vec<BlobKey>),
    /// The one after so many never ends, as if the process had been stopped there.
    HangAfter(usize),
}

/// A store in front of another one.
pub struct FlakyBlobs {
    inner: Arc<dyn Blobs>,
    deletions: Mutex<Deletions>,
    asked: watch::Sender<usize>,
}

impl FlakyBlobs {
    /// Makes a store that works so far.
    pub fn new(inner: Arc<dyn Blobs>) -> Self {
        Self {
            inner,
            deletions: Mutex::new(Deletions::Work),
            asked: watch::Sender::new(0),
        }
    }

    /// Says what becomes of deletions from now on, and counts them from zero.
    pub fn set(&self, deletions: Deletions) {
        *self
            .deletions
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = deletions;
        self.asked.send_replace(0);
    }

    /// Waits until so many deletions were asked for.
    pub async fn wait_for_deletions(&self, count: usize) {
        let mut asked = self.asked.subscribe();
        // The sender lives in `self`, so the channel cannot close meanwhile.
        let _ = asked.wait_for(|asked| *asked >= count).await;
    }

    fn deletions(&self) -> Deletions {
        self.deletions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl Blobs for FlakyBlobs {
    async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<()> {
        self.inner.put(key, bytes).await
    }

    async fn get(&self, key: &BlobKey) -> Result<Option<Bytes>> {
        self.inner.get(key).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        self.asked.send_modify(|asked| *asked += 1);
        let asked = *self.asked.borrow();
        match self.deletions() {
            Deletions::FailFor(keys) if keys.contains(key) => Err(Error::new(
                Code::ServiceUnavailable,
                "Scripted: the picture cannot be deleted.",
            )),
            Deletions::HangAfter(count) if asked > count => std::future::pending().await,
            Deletions::Work | Deletions::FailFor(_) | Deletions::HangAfter(_) => {
                self.inner.delete(key).await
            }
        }
    }

    async fn list(&self, after: Option<&BlobKey>, limit: usize) -> Result<Vec<BlobKey>> {
        self.inner.list(after, limit).await
    }

    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }
}
