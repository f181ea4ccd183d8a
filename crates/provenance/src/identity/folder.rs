//! The folder that keeps the self-made identity.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use drape_core::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Identity, IdentityError, self_made};
use crate::hex;

const KEY: &str = "key.pem";
const CERTIFICATE: &str = "certificate.pem";

pub(super) fn load_or_make(folder: &Path, now: Timestamp) -> Result<Identity, IdentityError> {
    if let Some(identity) = load(folder, now)? {
        return Ok(identity);
    }
    let (key_pem, certificate_pem) = self_made::make(now)?;
    publish(folder, &key_pem, &certificate_pem).map_err(unusable(folder))?;
    // Another process may have been quicker: what lies there now is what counts.
    load(folder, now)?.ok_or_else(|| unusable(folder)(io::Error::from(io::ErrorKind::NotFound)))
}

pub(super) fn load(folder: &Path, now: Timestamp) -> Result<Option<Identity>, IdentityError> {
    if !folder.try_exists().map_err(unusable(folder))? {
        return Ok(None);
    }
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(unusable(&path))
    };
    Identity::from_pem(&read(KEY)?, &read(CERTIFICATE)?, now).map(Some)
}

/// Writes both files into a folder beside and moves it into place: the pair is complete or not there at all.
fn publish(folder: &Path, key_pem: &str, certificate_pem: &str) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let draft = draft_path(folder, certificate_pem);
    make_private_dir(&draft)?;
    let moved = write(&draft.join(KEY), key_pem, 0o600)
        .and_then(|()| write(&draft.join(CERTIFICATE), certificate_pem, 0o644))
        .and_then(|()| fs::rename(&draft, folder));
    match moved {
        Ok(()) => Ok(()),
        Err(error) => {
            fs::remove_dir_all(&draft).ok();
            if folder.is_dir() { Ok(()) } else { Err(error) }
        }
    }
}

/// No two drafts have the same name, as no two certificates are the same.
fn draft_path(folder: &Path, certificate_pem: &str) -> PathBuf {
    let name = hex::encode(&Sha256::digest(certificate_pem)[..8]);
    folder.with_extension(format!("draft-{name}"))
}

fn make_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn unusable(path: &Path) -> impl FnOnce(io::Error) -> IdentityError {
    let path = path.to_owned();
    move |source| IdentityError::Folder { path, source }
}
