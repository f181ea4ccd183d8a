//! Hashes of what is installed.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use super::{
    install::{FileState, file_state, folder},
    registry::{Model, ModelFile, Sha256Digest},
};

/// Bytes that are read and hashed at a time.
const BLOCK_BYTES: usize = 1 << 20;

/// What a check of one file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Size and hash are right.
    Whole,
    /// Not there, or of the wrong size: no hash was made.
    Unfit(FileState),
    /// The right size, but another content.
    WrongHash {
        /// Hash of the registry.
        expected: Sha256Digest,
        /// Hash of the file.
        actual: Sha256Digest,
    },
    /// Reading failed in the middle.
    Unreadable(io::ErrorKind),
}

/// Checks one file of a model by size and hash; reads all of it.
pub async fn verify_file(data_dir: &Path, model: &Model, file: &ModelFile) -> Verdict {
    let folder = folder(data_dir, model);
    let state = file_state(&folder, file);
    if state != FileState::Present {
        return Verdict::Unfit(state);
    }
    match hash_file(&folder.join(&file.name)).await {
        Err(error) => Verdict::Unreadable(error.kind()),
        Ok(actual) if actual == file.sha256 => Verdict::Whole,
        Ok(actual) => Verdict::WrongHash {
            expected: file.sha256,
            actual,
        },
    }
}

async fn hash_file(path: &Path) -> io::Result<Sha256Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    hash_all(&mut file, &mut hasher).await?;
    Ok(digest_of(&hasher))
}

/// Puts everything that can still be read into a hash; returns how many bytes that were.
///
/// Reads on the thread that it runs on, and yields after each block, so that Ctrl-C is heard.
pub(super) async fn hash_all(reader: &mut impl Read, hasher: &mut Sha256) -> io::Result<u64> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut total = 0;
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(total),
            Ok(count) => {
                hasher.update(&block[..count]);
                total += count as u64;
                tokio::task::yield_now().await;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The hash of what has gone in so far.
pub(super) fn digest_of(hasher: &Sha256) -> Sha256Digest {
    Sha256Digest::from_bytes(hasher.clone().finalize().into())
}
