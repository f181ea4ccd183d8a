//! Comparing files and rows: each must have the other.

use std::{collections::VecDeque, time::Duration};

use crate::{
    Result,
    image::BlobKey,
    ports::{Blobs, Clock, Retention},
    time::Timestamp,
};

/// Keys read in one step.
const BATCH: usize = 500;

/// A file or a row that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Orphan {
    /// A file that no row knows.
    File(BlobKey),
    /// The key in a row whose file is missing although its retention lasts.
    Row(BlobKey),
}

/// What was compared, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audit {
    /// Files in the store.
    pub files: u64,
    /// Rows that hold a picture whose retention lasts.
    pub rows: u64,
    /// Files that no row knows.
    pub orphan_files: u64,
    /// Rows whose file is missing.
    pub orphan_rows: u64,
}

/// The world that is looked at.
#[derive(Clone, Copy)]
pub struct Auditor<'a> {
    /// The rows.
    pub retention: &'a dyn Retention,
    /// The files.
    pub blobs: &'a dyn Blobs,
    /// The clock that the server runs on.
    pub clock: &'a dyn Clock,
    /// Age below which a file may still wait for its row.
    pub grace: Duration,
}

impl Auditor<'_> {
    /// Goes through all files and rows and tells every one that stands alone.
    ///
    /// Both come in the order of their keys and in batches, so that memory does not grow with their number. A server may
    /// be at work meanwhile: whatever looks alone is looked at once more.
    pub async fn run(&self, mut tell: impl FnMut(&Orphan)) -> Result<Audit> {
        let mut audit = Audit::default();
        let mut files = Keys::default();
        let mut rows = Keys::default();
        loop {
            if files.needs_more() {
                files.add(self.blobs.list(files.last.as_ref(), BATCH).await?);
            }
            if rows.needs_more() {
                let now = self.clock.now();
                let last = rows.last.as_ref();
                rows.add(self.retention.held(now, last, BATCH as u32).await?);
            }
            let alone = match (files.waiting.front(), rows.waiting.front()) {
                (None, None) => return Ok(audit),
                (Some(file), Some(row)) if file == row => {
                    files.take();
                    rows.take();
                    audit.files += 1;
                    audit.rows += 1;
                    continue;
                }
                (file, row) => match (file, row) {
                    (Some(file), Some(row)) if row < file => rows.take().map(Orphan::Row),
                    (None, _) => rows.take().map(Orphan::Row),
                    (Some(_), _) => files.take().map(Orphan::File),
                },
            };
            match alone {
                Some(Orphan::File(key)) => {
                    audit.files += 1;
                    if self.is_orphan_file(&key).await? {
                        audit.orphan_files += 1;
                        tell(&Orphan::File(key));
                    }
                }
                Some(Orphan::Row(key)) => {
                    audit.rows += 1;
                    if self.is_orphan_row(&key, rows.before.as_ref()).await? {
                        audit.orphan_rows += 1;
                        tell(&Orphan::Row(key));
                    }
                }
                None => {}
            }
        }
    }

    /// A file of a row whose retention has ended is no orphan: the sweep knows it.
    async fn is_orphan_file(&self, key: &BlobKey) -> Result<bool> {
        let now = self.clock.now();
        if is_young(key, now, self.grace) {
            return Ok(false);
        }
        let unknown = self.retention.unknown(std::slice::from_ref(key)).await?;
        Ok(!unknown.is_empty() && self.blobs.get(key).await?.is_some())
    }

    /// Files go only after their rows have ended; so a living row must have its file.
    async fn is_orphan_row(&self, key: &BlobKey, before: Option<&BlobKey>) -> Result<bool> {
        if self.blobs.get(key).await?.is_some() {
            return Ok(false);
        }
        let held = self.retention.held(self.clock.now(), before, 1).await?;
        Ok(held.first() == Some(key))
    }
}

/// A key from the future is not young: the clock was shifted once.
fn is_young(key: &BlobKey, now: Timestamp, grace: Duration) -> bool {
    key.created_at()
        .is_some_and(|made| now.minus(grace) < made && made <= now.plus(grace))
}

/// Keys in ascending order, read batch by batch.
#[derive(Default)]
struct Keys {
    waiting: VecDeque<BlobKey>,
    /// The last key that was read.
    last: Option<BlobKey>,
    /// The key before the one that was taken last.
    before: Option<BlobKey>,
    taken: Option<BlobKey>,
    has_ended: bool,
}

impl Keys {
    fn needs_more(&self) -> bool {
        self.waiting.is_empty() && !self.has_ended
    }

    fn add(&mut self, batch: Vec<BlobKey>) {
        match batch.last() {
            None => self.has_ended = true,
            Some(last) => self.last = Some(last.clone()),
        }
        self.waiting.extend(batch);
    }

    fn take(&mut self) -> Option<BlobKey> {
        let key = self.waiting.pop_front();
        if key.is_some() {
            self.before = self.taken.take();
            self.taken.clone_from(&key);
        }
        key
    }
}
