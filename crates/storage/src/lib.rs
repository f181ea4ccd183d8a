//! Adapters of the data ports: a SQLite database and a store of picture files.
//!
//! [`SqlStore`] implements every data port of [`drape_core::ports`] but one; [`ObjectBlobs`] implements
//! [`Blobs`](drape_core::ports::Blobs).

mod blob;
mod db;

pub use blob::{BlobError, ObjectBlobs};
pub use db::{DbError, SqlStore, StoreOptions};
