//! A file that is still arriving.
//!
//! Bytes go into `<file>.part` and into the hash at once; `<file>.part.etag` notes which version of the file they are of. Only
//! a file whose size and hash are right gets its own name, after it was flushed to the disk. A part that was left behind by
//! a cut, a crash or Ctrl-C is hashed again and continued.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use drape_outbound::hub::Sink;
use sha2::{Digest as _, Sha256};

use super::{
    install::{part_note_path, part_path},
    registry::{ModelFile, Sha256Digest},
    verify::{digest_of, hash_all},
};

/// A file in the making.
#[derive(Debug)]
pub struct Part {
    folder: PathBuf,
    path: PathBuf,
    note: PathBuf,
    target: PathBuf,
    expected: Sha256Digest,
    file: File,
    hasher: Sha256,
    position: u64,
    etag: Option<String>,
}

/// Why a file did not get its name.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The content is another; the part was deleted.
    #[error("SHA-256 is {actual} instead of {expected}")]
    WrongHash {
        /// Hash of the registry.
        expected: Sha256Digest,
        /// Hash of what arrived.
        actual: Sha256Digest,
    },
    /// Flushing or renaming failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Part {
    /// Opens the part of a file, or begins one; hashes what is there already.
    pub async fn open(folder: &Path, file: &ModelFile) -> io::Result<Self> {
        let (path, note) = (part_path(folder, file), part_note_path(folder, file));
        let mut open = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)?;
        let mut hasher = Sha256::new();
        let position = hash_all(&mut open, &mut hasher).await?;
        let mut part = Self {
            folder: folder.to_owned(),
            target: folder.join(&file.name),
            etag: fs::read_to_string(&note)
                .ok()
                .filter(|etag| !etag.is_empty()),
            path,
            note,
            expected: file.sha256,
            file: open,
            hasher,
            position,
        };
        if position > file.bytes {
            part.start_anew(None)?;
        }
        Ok(part)
    }

    /// Gives the file its name, if its hash is right; deletes it, if not.
    pub fn finish(self) -> Result<(), FinishError> {
        let actual = digest_of(&self.hasher);
        if actual != self.expected {
            let expected = self.expected;
            self.discard()?;
            return Err(FinishError::WrongHash { expected, actual });
        }
        self.file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        remove_if_there(&self.note)?;
        // The new name, too, shall outlive a power cut. Not every file system can flush a folder.
        if let Ok(folder) = File::open(&self.folder) {
            folder.sync_all().ok();
        }
        Ok(())
    }

    /// Deletes what has arrived.
    pub fn discard(self) -> io::Result<()> {
        remove_if_there(&self.note)?;
        fs::remove_file(&self.path)
    }
}

impl Sink for Part {
    fn position(&self) -> u64 {
        self.position
    }

    fn etag(&self) -> Option<String> {
        self.etag.clone()
    }

    fn start_anew(&mut self, etag: Option<&str>) -> io::Result<()> {
        // The bytes go first: a note of an older version beside an empty file does no harm.
        self.file.set_len(0)?;
        io::Seek::rewind(&mut self.file)?;
        self.hasher = Sha256::new();
        self.position = 0;
        self.etag = etag.map(str::to_owned);
        match etag {
            Some(etag) => fs::write(&self.note, etag),
            None => remove_if_there(&self.note),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.position += bytes.len() as u64;
        Ok(())
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
