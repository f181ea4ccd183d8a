//! Takes a model away.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    install::{folder, part_note_path, part_path},
    lock::{LockError, ModelLock},
    registry::Model,
};

/// Why a model cannot be removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// Nothing of it is there.
    #[error("the model `{0}` is not installed: there is nothing to remove")]
    NotInstalled(String),
    /// Another process works on it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file cannot be deleted.
    #[error("{} cannot be removed: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What a removal has done.
#[derive(Debug)]
pub struct Removal {
    /// Files that were deleted, with their sizes in bytes.
    pub files: Vec<(PathBuf, u64)>,
    /// Whether the folder stays, because it holds files that are not the model's.
    pub keeps_folder: bool,
}

/// Deletes the files of a model, whole and in part; files of other origin in its folder are left alone.
pub fn remove(data_dir: &Path, model: &Model) -> Result<Removal, RemoveError> {
    let folder = folder(data_dir, model);
    if !folder.exists() {
        return Err(RemoveError::NotInstalled(model.name.clone()));
    }
    let _lock = ModelLock::take(data_dir, model)?;
    let mut files = Vec::new();
    for file in &model.files {
        for path in [
            folder.join(&file.name),
            part_path(&folder, file),
            part_note_path(&folder, file),
        ] {
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            match fs::remove_file(&path) {
                Ok(()) => files.push((path, metadata.len())),
                Err(source) => return Err(RemoveError::Io { path, source }),
            }
        }
    }
    if files.is_empty() {
        return Err(RemoveError::NotInstalled(model.name.clone()));
    }
    let keeps_folder = fs::remove_dir(&folder).is_err() && folder.exists();
    Ok(Removal {
        files,
        keeps_folder,
    })
}
