//! Model files: which there are, which are installed, and how they get here.
//!
//! A model lives in `models/<name>/` under the data folder, one file per file of the [registry]. Looking whether it is
//! installed ([`installed`]) is cheap: names and sizes. Hashes are compared when a file arrives ([`pull`]) and on demand
//! ([`verify`]). A file has its own name only once it is whole and hashed; until then it is `<file>.part`.
//!
//! - [`registry`]: the models, their files, hashes and licences.
//! - [`install`]: where files lie, and whether a model is complete.
//! - [`verify`]: hashes of what is installed.
//! - [`part`]: a file that is still arriving.
//! - [`pull`]: gets a model, from the hub or from a folder.
//! - [`remove`]: takes a model away.
//! - [`lock`]: one change of a model at a time.

pub mod install;
pub mod lock;
pub mod part;
pub mod pull;
pub mod registry;
pub mod remove;
pub mod verify;

pub use install::{FileState, InstalledModel, MissingModel, State, installed};
pub use registry::{Licence, Model, ModelFile, Registry, RegistryError, Sha256Digest};
