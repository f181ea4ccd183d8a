//! Gets a model, from the hub or from a folder.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use drape_outbound::hub::{Event, HubClient, HubError, RemoteFile, Sink as _};

use super::{
    install::{FileState, InstalledModel, MissingModel, file_state, folder},
    lock::{LockError, ModelLock},
    part::{FinishError, Part},
    registry::{Model, ModelFile},
    verify::{Verdict, verify_file},
};

/// Bytes that are copied at a time.
const BLOCK_BYTES: usize = 1 << 20;

/// Where files come from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A model hub.
    Hub(&'a HubClient),
    /// A folder with `<model>/<file>` or just `<file>`.
    Folder(&'a Path),
    /// Nowhere: the network is forbidden. What is there is checked still.
    Offline,
}

/// What happens while a model is pulled; each is about the file that was named last.
#[derive(Debug)]
pub enum PullEvent<'a> {
    /// The next file. What is there of it is looked at now, which takes a moment.
    File(&'a ModelFile),
    /// It is there already, and whole.
    Present,
    /// It is there, but its content is not the right one: it will be replaced.
    Damaged,
    /// Something happens in its download or its copy.
    Transfer(Event),
    /// It is there now.
    Installed,
}

/// A licence was not accepted, or the wrong one was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LicenceError {
    /// A model that a business may not use is pulled only by whoever names its licence.
    #[error(
        "the model `{model}` is not for commercial use ({spdx}, {url}): read its licence and, if you accept it, add `--accept-licence {spdx}`"
    )]
    NotAccepted {
        /// Model.
        model: String,
        /// Its licence.
        spdx: String,
        /// Where that can be read.
        url: String,
    },
    /// A licence was accepted that none of the models has.
    #[error(
        "`--accept-licence {accepted}`: none of these models is under that licence; they are under {actual}"
    )]
    Unrelated {
        /// What was accepted.
        accepted: String,
        /// Licences of the models.
        actual: String,
    },
}

/// Why a model is not there.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// Licence.
    #[error(transparent)]
    Licence(#[from] LicenceError),
    /// Another process works on it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Files would have to come over the network, which is forbidden.
    #[error(
        "the model `{0}` is not there as it should be, and HF_HUB_OFFLINE forbids the network: bring its files in a folder and name it with `--from DIR`, or unset the variable"
    )]
    Offline(String),
    /// The file did not come over the network. What has arrived is kept.
    #[error("{file}: {source}")]
    Hub {
        /// File.
        file: String,
        /// Why.
        source: HubError,
    },
    /// The folder does not have it.
    #[error("{file} is neither in {} nor in {}", below.display(), beside.display())]
    NotInFolder {
        /// File.
        file: String,
        /// Folder of the model in the given folder.
        below: PathBuf,
        /// The given folder.
        beside: PathBuf,
    },
    /// The folder has a file of another size.
    #[error("{} has {actual} bytes instead of {expected}: it is not the file that drape knows", path.display())]
    WrongSize {
        /// File in the given folder.
        path: PathBuf,
        /// Size of the registry, in bytes.
        expected: u64,
        /// Its size, in bytes.
        actual: u64,
    },
    /// The whole file has arrived, but with another content; it was thrown away.
    #[error(
        "{file} arrived with the wrong content and was thrown away: its SHA-256 is {actual} instead of {expected}; it was changed at its source or on the way"
    )]
    WrongHash {
        /// File.
        file: String,
        /// Hash of the registry.
        expected: String,
        /// Hash of what arrived.
        actual: String,
    },
    /// The disk has no room for what is missing; found out beforehand, nothing was written.
    #[error("{needed} bytes are needed in {}, but only {free} are free", folder.display())]
    NoRoom {
        /// Folder of the models.
        folder: PathBuf,
        /// Bytes that are still to come.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The disk, a quota or a limit was full in the middle. What has arrived is kept.
    #[error(
        "no room for {file} in {}: {missing} more bytes are needed ({source}). Make room and pull again; `drape models remove {model}` gives up what has arrived",
        folder.display()
    )]
    Full {
        /// Model.
        model: String,
        /// File.
        file: String,
        /// Its folder.
        folder: PathBuf,
        /// Bytes that are still to come.
        missing: u64,
        /// The system's word.
        source: io::Error,
    },
    /// Reading or writing failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file went away while it was pulled.
    #[error(transparent)]
    Missing(#[from] MissingModel),
}

/// Checks that every model may be pulled under what was accepted, and that every acceptance is about one of them.
pub fn check_licences(models: &[&Model], accepted: &[String]) -> Result<(), LicenceError> {
    for licence in accepted {
        if !models.iter().any(|model| model.licence.spdx == *licence) {
            let mut actual: Vec<_> = models
                .iter()
                .map(|model| model.licence.spdx.as_str())
                .collect();
            actual.dedup();
            return Err(LicenceError::Unrelated {
                accepted: licence.clone(),
                actual: actual.join(", "),
            });
        }
    }
    for model in models {
        if !model.licence.commercial_use && !accepted.contains(&model.licence.spdx) {
            return Err(LicenceError::NotAccepted {
                model: model.name.clone(),
                spdx: model.licence.spdx.clone(),
                url: model.licence.url.clone(),
            });
        }
    }
    Ok(())
}

/// Checks that there is room for what is missing of all models; a file system that does not tell passes.
///
/// `free_bytes` is [`free_bytes`] outside tests.
pub fn check_room(
    data_dir: &Path,
    models: &[&Model],
    free_bytes: impl Fn(&Path) -> Option<u64>,
) -> Result<(), PullError> {
    let needed = models
        .iter()
        .map(|model| missing_bytes(data_dir, model))
        .fold(0, u64::saturating_add);
    match free_bytes(data_dir) {
        Some(free) if free < needed => Err(PullError::NoRoom {
            folder: data_dir.to_owned(),
            needed,
            free,
        }),
        _ => Ok(()),
    }
}

/// Bytes that have still to come, judged by sizes.
pub fn missing_bytes(data_dir: &Path, model: &Model) -> u64 {
    let missing = |(file, state): (&ModelFile, FileState)| match state {
        FileState::Present => 0,
        FileState::Absent { part_bytes } => file.bytes.saturating_sub(part_bytes),
        FileState::WrongSize { .. } | FileState::Unreadable(_) => file.bytes,
    };
    let states = model.file_states(data_dir);
    states.into_iter().map(missing).fold(0, u64::saturating_add)
}

/// Bytes that this user may still write to the file system of a folder, or of the nearest one above that exists.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let existing = std::path::absolute(folder).ok()?;
    let existing = existing.ancestors().find(|folder| folder.exists())?;
    let told = rustix::fs::statvfs(existing).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Gets every file of a model that is not there, or not whole, and says where they are.
///
/// Reads and writes on the thread that it runs on, and yields in between. Dropping the future at any moment is sound: what has
/// arrived stays as a part, and the next pull continues it.
pub async fn pull(
    data_dir: &Path,
    model: &Model,
    source: Source<'_>,
    observe: &mut (dyn FnMut(PullEvent<'_>) + Send),
) -> Result<InstalledModel, PullError> {
    let _lock = ModelLock::take(data_dir, model)?;
    let folder = folder(data_dir, model);
    fs::create_dir_all(&folder).map_err(|source| PullError::Io {
        path: folder.clone(),
        source,
    })?;
    for file in &model.files {
        observe(PullEvent::File(file));
        if file_state(&folder, file) == FileState::Present {
            if verify_file(data_dir, model, file).await == Verdict::Whole {
                observe(PullEvent::Present);
                continue;
            }
            observe(PullEvent::Damaged);
        }
        let place = Place {
            model,
            file,
            folder: &folder,
        };
        if let Err(error) = place.fill(source, observe).await {
            // Goes only if nothing is in it.
            fs::remove_dir(&folder).ok();
            return Err(error);
        }
        observe(PullEvent::Installed);
    }
    Ok(model.installed(data_dir)?)
}

/// A file of a model that is to come.
struct Place<'a> {
    model: &'a Model,
    file: &'a ModelFile,
    folder: &'a Path,
}

impl Place<'_> {
    async fn fill(
        &self,
        source: Source<'_>,
        observe: &mut (dyn FnMut(PullEvent<'_>) + Send),
    ) -> Result<(), PullError> {
        let opened = Part::open(self.folder, self.file).await;
        let mut part = opened.map_err(|error| self.io_error(error, 0))?;
        let filled = match source {
            Source::Hub(hub) => self.download(hub, &mut part, observe).await,
            Source::Folder(from) => self.copy(from, &mut part, observe).await,
            Source::Offline => Err(PullError::Offline(self.model.name.clone())),
        };
        if let Err(error) = filled {
            if part.position() == 0 {
                part.discard().ok();
            }
            return Err(error);
        }
        match part.finish() {
            Ok(()) => Ok(()),
            Err(FinishError::WrongHash { expected, actual }) => Err(PullError::WrongHash {
                file: self.file.name.clone(),
                expected: expected.to_string(),
                actual: actual.to_string(),
            }),
            Err(FinishError::Io(error)) => Err(self.io_error(error, self.file.bytes)),
        }
    }

    async fn download(
        &self,
        hub: &HubClient,
        part: &mut Part,
        observe: &mut (dyn FnMut(PullEvent<'_>) + Send),
    ) -> Result<(), PullError> {
        let remote = RemoteFile {
            repository: &self.model.repository,
            revision: &self.model.revision,
            name: &self.file.name,
            bytes: self.file.bytes,
        };
        let mut pass_on = |event| observe(PullEvent::Transfer(event));
        match hub.download(&remote, part, &mut pass_on).await {
            Ok(()) => Ok(()),
            Err(HubError::Sink(error)) => Err(self.io_error(error, part.position())),
            Err(source) => Err(PullError::Hub {
                file: self.file.name.clone(),
                source,
            }),
        }
    }

    /// Copies from a folder, always from the start: a disk is fast enough, and the part may be of another origin.
    async fn copy(
        &self,
        from: &Path,
        part: &mut Part,
        observe: &mut (dyn FnMut(PullEvent<'_>) + Send),
    ) -> Result<(), PullError> {
        let path = self.find(from)?;
        let read_error = |source| PullError::Io {
            path: path.clone(),
            source,
        };
        let mut original = File::open(&path).map_err(read_error)?;
        let actual = original.metadata().map_err(read_error)?.len();
        if actual != self.file.bytes {
            return Err(PullError::WrongSize {
                path,
                expected: self.file.bytes,
                actual,
            });
        }
        part.start_anew(None)
            .map_err(|error| self.io_error(error, 0))?;
        observe(PullEvent::Transfer(Event::Receiving { position: 0 }));
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let count = match original.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(read_error(error)),
            };
            part.write(&block[..count])
                .map_err(|error| self.io_error(error, part.position()))?;
            observe(PullEvent::Transfer(Event::Received {
                position: part.position(),
            }));
            tokio::task::yield_now().await;
        }
    }

    /// The file in `<folder>/<model>/`, else in the folder itself.
    fn find(&self, from: &Path) -> Result<PathBuf, PullError> {
        let below = from.join(&self.model.name);
        for folder in [below.as_path(), from] {
            let path = folder.join(&self.file.name);
            if path.is_file() {
                return Ok(path);
            }
        }
        Err(PullError::NotInFolder {
            file: self.file.name.clone(),
            below,
            beside: from.to_owned(),
        })
    }

    /// An error of writing, with `kept` bytes of the file on the disk.
    fn io_error(&self, source: io::Error, kept: u64) -> PullError {
        let is_full = matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        if is_full {
            return PullError::Full {
                model: self.model.name.clone(),
                file: self.file.name.clone(),
                folder: self.folder.to_owned(),
                missing: self.file.bytes.saturating_sub(kept),
                source,
            };
        }
        PullError::Io {
            path: self.folder.join(&self.file.name),
            source,
        }
    }
}
