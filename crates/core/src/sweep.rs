//! Deleting what has run out: files first, rows after.

use std::{collections::HashSet, time::Duration};

use crate::{Error, Result, erase::delete_files, image::BlobKey, ports::Ports};

/// Files that one turn of the sweep may fail to delete before it gives up: then it is the store that is broken.
const MAX_STUCK: usize = 1_000;
/// Files looked at in one step of the search for orphans.
const ORPHAN_BATCH: usize = 500;

/// What one step of a sweep did.
#[derive(Debug, Default)]
pub struct SweptBatch {
    /// Files that are gone.
    pub deleted: Vec<BlobKey>,
    /// Files that could not be deleted.
    pub failed: u64,
    /// Why the first of these could not be deleted.
    pub failure: Option<Error>,
}

/// One turn of the sweep, step by step.
///
/// A turn may be dropped after any step or in the middle of one: a file that went before its row is deleted once more
/// by a later turn, which is no error.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Files that could not be deleted; left alone for the rest of this turn, so that they do not stop the others.
    stuck: HashSet<BlobKey>,
}

impl Sweep {
    /// Deletes the next pictures whose retention has ended, at most `limit`; none when nothing more can be done.
    pub async fn step(&mut self, ports: &Ports, limit: u32) -> Result<Option<SweptBatch>> {
        if self.stuck.len() >= MAX_STUCK {
            return Ok(None);
        }
        let now = ports.clock.now();
        let with_stuck = limit.saturating_add(self.stuck.len() as u32);
        let mut expired = ports.retention.expired(now, with_stuck).await?;
        expired.retain(|blob| !self.stuck.contains(&blob.key));
        expired.truncate(limit as usize);
        if expired.is_empty() {
            return Ok(None);
        }
        let asked: Vec<BlobKey> = expired.iter().map(|blob| blob.key.clone()).collect();
        let (deleted, failure) = delete_files(ports.blobs.as_ref(), expired).await;
        ports.retention.forget(&deleted, now).await?;
        let deleted: Vec<BlobKey> = deleted.into_iter().map(|blob| blob.key).collect();
        let failed = (asked.len() - deleted.len()) as u64;
        if failed > 0 {
            let gone: HashSet<&BlobKey> = deleted.iter().collect();
            let stuck = asked.iter().filter(|key| !gone.contains(key));
            self.stuck.extend(stuck.cloned());
        }
        Ok(Some(SweptBatch {
            deleted,
            failed,
            failure,
        }))
    }
}

/// The search for files that no row knows, step by step.
///
/// Such files are left by a crash between the write of a picture and of its row.
#[derive(Debug, Default)]
pub struct OrphanSweep {
    after: Option<BlobKey>,
}

impl OrphanSweep {
    /// Looks at the next files and deletes those that no row knows and that are older than `grace`; none at the end.
    pub async fn step(&mut self, ports: &Ports, grace: Duration) -> Result<Option<SweptBatch>> {
        let oldest_kept = ports.clock.now().minus(grace);
        let keys = ports.blobs.list(self.after.as_ref(), ORPHAN_BATCH).await?;
        let Some(last) = keys.last().cloned() else {
            return Ok(None);
        };
        self.after = Some(last);
        let old: Vec<_> = keys
            .into_iter()
            .filter(|key| key.created_at().is_some_and(|made| made < oldest_kept))
            .collect();
        let mut batch = SweptBatch::default();
        for key in ports.retention.unknown(&old).await? {
            match ports.blobs.delete(&key).await {
                Ok(()) => batch.deleted.push(key),
                Err(error) => {
                    batch.failed += 1;
                    batch.failure.get_or_insert(error);
                }
            }
        }
        Ok(Some(batch))
    }
}
