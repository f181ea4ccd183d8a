//! Where the files of a model lie, and whether it is complete.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use super::registry::{Model, ModelFile, Registry, RegistryError};

/// Folder of all models under the data folder.
const MODELS_FOLDER: &str = "models";

/// A model whose files are all there, with the right sizes.
#[derive(Debug, Clone)]
pub struct InstalledModel {
    name: String,
    folder: PathBuf,
    files: Vec<String>,
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MissingModel {
    /// No model has this name.
    #[error("there is no model `{name}`; known are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// Not one of its files is there.
    #[error("the model `{name}` is not installed; `{command}` gets it")]
    NotInstalled {
        /// Its name.
        name: String,
        /// The command that gets it.
        command: String,
    },
    /// Some of its files are there, or have the wrong size.
    #[error(
        "the model `{name}` is incomplete: {}; `{command}` completes it",
        list(problems)
    )]
    Incomplete {
        /// Its name.
        name: String,
        /// Files that are not as they should be, with what is wrong; never empty.
        problems: Vec<(String, FileState)>,
        /// The command that completes it.
        command: String,
    },
    /// The registry in the binary is broken.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// How much of a model is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All files, with the right sizes.
    Installed,
    /// Some files or a part of one, or a wrong size.
    Partly,
    /// Nothing.
    Missing,
}

/// How a file of a model is found; judged by its size alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// There, with the right size.
    Present,
    /// Not there; `part_bytes` of it have arrived and wait to be continued.
    Absent {
        /// Size of what has arrived.
        part_bytes: u64,
    },
    /// There, but not with the size of the registry.
    WrongSize {
        /// Size of the registry, in bytes.
        expected: u64,
        /// Size of the file, in bytes.
        actual: u64,
    },
    /// There, but no file, or not to be looked at.
    Unreadable(io::ErrorKind),
}

/// Looks for a model of the built-in registry: names and sizes, no hashes.
///
/// The error says what is missing and which command gets it.
pub fn installed(data_dir: &Path, name: &str) -> Result<InstalledModel, MissingModel> {
    Registry::built_in()?.installed(data_dir, name)
}

/// Folder of a model under the data folder.
pub fn folder(data_dir: &Path, model: &Model) -> PathBuf {
    models_folder(data_dir).join(&model.name)
}

pub(super) fn models_folder(data_dir: &Path) -> PathBuf {
    data_dir.join(MODELS_FOLDER)
}

/// Name of a file of which not everything has arrived.
pub(super) fn part_path(folder: &Path, file: &ModelFile) -> PathBuf {
    folder.join(format!("{}.part", file.name))
}

/// Name of the note that says which version of a file the part belongs to.
pub(super) fn part_note_path(folder: &Path, file: &ModelFile) -> PathBuf {
    folder.join(format!("{}.part.etag", file.name))
}

impl Registry {
    /// As [`installed`], for the models of this registry.
    pub fn installed(&self, data_dir: &Path, name: &str) -> Result<InstalledModel, MissingModel> {
        let Some(model) = self.find(name) else {
            return Err(MissingModel::Unknown {
                name: name.to_owned(),
                known: self.names(),
            });
        };
        model.installed(data_dir)
    }
}

impl Model {
    /// Looks for this model: names and sizes, no hashes.
    pub fn installed(&self, data_dir: &Path) -> Result<InstalledModel, MissingModel> {
        let states = self.file_states(data_dir);
        let state = state_of(&states);
        let problems: Vec<_> = states
            .into_iter()
            .filter(|(_, state)| *state != FileState::Present)
            .map(|(file, state)| (file.name.clone(), state))
            .collect();
        if problems.is_empty() {
            return Ok(InstalledModel {
                name: self.name.clone(),
                folder: folder(data_dir, self),
                files: self.files.iter().map(|file| file.name.clone()).collect(),
            });
        }
        let (name, command) = (self.name.clone(), self.pull_command());
        Err(match state {
            State::Missing => MissingModel::NotInstalled { name, command },
            State::Installed | State::Partly => MissingModel::Incomplete {
                name,
                problems,
                command,
            },
        })
    }

    /// How much of this model is there.
    pub fn state(&self, data_dir: &Path) -> State {
        state_of(&self.file_states(data_dir))
    }

    /// How each file is found, in the order of the registry.
    pub fn file_states(&self, data_dir: &Path) -> Vec<(&ModelFile, FileState)> {
        let folder = folder(data_dir, self);
        let state = |file| (file, file_state(&folder, file));
        self.files.iter().map(state).collect()
    }
}

impl InstalledModel {
    /// Name of the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Folder that its files are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Path of a file, if the model has one of this name.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        let is_known = self.files.iter().any(|file| file == name);
        is_known.then(|| self.folder.join(name))
    }

    /// Paths of all files, in the order of the registry.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(|name| self.folder.join(name))
    }
}

/// How much of a model is there, by the states of its files.
fn state_of(files: &[(&ModelFile, FileState)]) -> State {
    if files.iter().all(|(_, state)| *state == FileState::Present) {
        return State::Installed;
    }
    let nothing = FileState::Absent { part_bytes: 0 };
    if files.iter().all(|(_, state)| *state == nothing) {
        return State::Missing;
    }
    State::Partly
}

/// Looks at the size of one file.
pub(super) fn file_state(folder: &Path, file: &ModelFile) -> FileState {
    match size_of(&folder.join(&file.name)) {
        Ok(size) if size == file.bytes => FileState::Present,
        Ok(actual) => FileState::WrongSize {
            expected: file.bytes,
            actual,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => FileState::Absent {
            part_bytes: size_of(&part_path(folder, file)).unwrap_or(0),
        },
        Err(error) => FileState::Unreadable(error.kind()),
    }
}

/// Size of a regular file; a folder in its place is an error.
fn size_of(path: &Path) -> io::Result<u64> {
    let metadata = fs::metadata(path)?;
    if metadata.is_file() {
        Ok(metadata.len())
    } else {
        Err(io::ErrorKind::IsADirectory.into())
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("is there"),
            Self::Absent { part_bytes: 0 } => f.write_str("is missing"),
            Self::Absent { part_bytes } => {
                write!(f, "has not arrived completely ({part_bytes} bytes so far)")
            }
            Self::WrongSize { expected, actual } => {
                write!(f, "has {actual} bytes instead of {expected}")
            }
            Self::Unreadable(kind) => write!(f, "cannot be read ({kind})"),
        }
    }
}

fn list(problems: &[(String, FileState)]) -> String {
    let problem = |(name, state): &(String, FileState)| format!("{name} {state}");
    problems.iter().map(problem).collect::<Vec<_>>().join(", ")
}
