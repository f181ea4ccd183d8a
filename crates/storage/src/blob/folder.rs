//! A local folder of blobs, as far as the object store leaves it to us: listing, and what broken writes leave behind.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use drape_core::image::BlobKey;

use super::BlobError;

/// Folder levels above the files: account, kind and retention.
const FOLDER_LEVELS: usize = 3;

/// The folder that holds all blobs.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder if it is missing.
    pub(super) fn make(path: &Path) -> Result<Self, BlobError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        Ok(Self {
            path: path.canonicalize()?,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lists keys in lexical order after `after`, at most `limit`.
    ///
    /// A key of which only the leftover of a broken write exists is listed too: whoever deletes it clears that away.
    pub(super) async fn list(
        &self,
        after: Option<BlobKey>,
        limit: usize,
    ) -> Result<Vec<BlobKey>, BlobError> {
        let path = self.path.clone();
        let walk = move || {
            let mut found = Vec::new();
            let after = after.as_ref().map_or("", BlobKey::as_str);
            walk(&path, "", FOLDER_LEVELS, after, limit, &mut found)?;
            Ok(found)
        };
        tokio::task::spawn_blocking(walk)
            .await
            .unwrap_or(Err(BlobError::Interrupted))
    }

    /// Deletes the unfinished files of broken writes to this key.
    pub(super) async fn delete_leftovers(&self, key: &BlobKey) -> Result<(), BlobError> {
        let path = self.path.join(key.as_str());
        // The object store numbers unfinished files from 1 and takes the first free number.
        for number in 1.. {
            let mut leftover = OsString::from(&path);
            leftover.push(format!("#{number}"));
            match tokio::fs::remove_file(leftover).await {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Adds the keys under `folder`, whose own path inside the store is `prefix`, until `limit` are found.
fn walk(
    folder: &Path,
    prefix: &str,
    levels_below: usize,
    after: &str,
    limit: usize,
    found: &mut Vec<BlobKey>,
) -> Result<(), BlobError> {
    for name in sorted_names(folder, levels_below > 0)? {
        if found.len() >= limit {
            break;
        }
        let path = format!("{prefix}{name}");
        if levels_below == 0 {
            if path.as_str() > after
                && let Ok(key) = path.parse::<BlobKey>()
            {
                found.push(key);
            }
            continue;
        }
        // Everything in this folder begins with its path: skip it when even the last possible key comes too early.
        if after.starts_with(&path) || path.as_str() > after {
            let below = folder.join(&name[..name.len() - 1]);
            walk(&below, &path, levels_below - 1, after, limit, found)?;
        }
    }
    Ok(())
}

/// Names in a folder in lexical order, those of folders with their slash; a folder that is gone is empty.
fn sorted_names(folder: &Path, of_folders: bool) -> Result<Vec<String>, BlobError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        // A name that is no UTF-8 was not made here.
        let Ok(mut name) = entry.file_name().into_string() else {
            continue;
        };
        if entry.file_type()?.is_dir() != of_folders {
            continue;
        }
        if of_folders {
            // With the slash, so that "a-b/" sorts before "a/", as their keys do.
            name.push('/');
        } else if let Some((finished, _)) = name.split_once('#') {
            name.truncate(finished.len());
        }
        names.push(name);
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
