//! What can go wrong between a port and the database.

use std::sync::Arc;

use drape_core::{Code, Error};

/// Seconds after which a caller may try again when the database is out of reach.
const RETRY_AFTER_SECONDS: u32 = 2;

/// A failure of the database or of its contents.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The location names a kind of database that this build does not know.
    #[error("the database location is not supported: only a file path or sqlite:PATH is")]
    UnsupportedLocation,
    /// The folder or file of the database could not be made.
    #[error("the database file cannot be made")]
    File(#[source] std::io::Error),
    /// Another process holds the database for too long, or all readers are taken.
    #[error("the database is busy")]
    Busy,
    /// The database was closed, or its writer has ended.
    #[error("the database is closed")]
    Closed,
    /// The disk is full, broken or not writable.
    #[error("the database is out of reach")]
    OutOfReach(#[source] sqlx::Error),
    /// The database was made by a newer version of this program.
    #[error(
        "the database has schema version {found}, this program knows {known}; use the newer program"
    )]
    NewerSchema {
        /// Version of the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// A stored value has a form that this program never writes.
    #[error("stored {0} cannot be read")]
    Corrupt(&'static str),
    /// Any other refusal of the database: a fault of this program.
    #[error("a statement failed")]
    Statement(#[source] sqlx::Error),
    /// The batch that the command was part of was not committed.
    #[error("the transaction was not committed")]
    NotCommitted(#[source] Arc<DbError>),
}

impl DbError {
    /// Says whether trying again later may work.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::Closed | Self::OutOfReach(_) => true,
            Self::NotCommitted(cause) => cause.is_passing(),
            Self::UnsupportedLocation
            | Self::File(_)
            | Self::NewerSchema { .. }
            | Self::Corrupt(_)
            | Self::Statement(_) => false,
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        // Primary result codes: https://www.sqlite.org/rescode.html
        const BUSY: i32 = 5;
        const LOCKED: i32 = 6;
        const READONLY: i32 = 8;
        const IOERR: i32 = 10;
        const FULL: i32 = 13;
        const CANTOPEN: i32 = 14;

        let code = match &error {
            sqlx::Error::Database(database) => {
                database.code().and_then(|code| code.parse::<i32>().ok())
            }
            sqlx::Error::WorkerCrashed => return Self::Closed,
            sqlx::Error::Io(_) => return Self::OutOfReach(error),
            _ => None,
        };
        match code.map(|code| code & 0xff) {
            Some(BUSY | LOCKED) => Self::Busy,
            Some(READONLY | IOERR | FULL | CANTOPEN) => Self::OutOfReach(error),
            _ => Self::Statement(error),
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        if error.is_passing() {
            return Error::new(
                Code::ServiceUnavailable,
                "The database is out of reach. Try again shortly.",
            )
            .with_retry_after(RETRY_AFTER_SECONDS)
            .with_source(error);
        }
        Error::internal(error)
    }
}
