//! One change of a model at a time, across processes.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{install::models_folder, registry::Model};

/// Why a model cannot be changed now.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another pull or removal of this model is under way.
    #[error("the model `{0}` is being pulled or removed by another process; wait for its end")]
    Busy(String),
    /// The lock file cannot be made.
    #[error("{}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The right to change the files of one model; given back when dropped, or by the system when the process dies.
///
/// The empty lock file stays: deleting it would let two processes hold locks on two files of the same name.
#[derive(Debug)]
pub struct ModelLock {
    _file: File,
}

impl ModelLock {
    /// Takes the lock at once, or says that somebody else has it.
    pub fn take(data_dir: &Path, model: &Model) -> Result<Self, LockError> {
        let folder = models_folder(data_dir);
        let path = folder.join(format!(".{}.lock", model.name));
        let taken = fs::create_dir_all(&folder).and_then(|()| open(&path));
        let file = match taken {
            Ok(file) => file,
            Err(source) => return Err(LockError::Io { path, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Busy(model.name.clone())),
            Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
}
