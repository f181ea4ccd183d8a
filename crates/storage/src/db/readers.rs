//! A few connections that only read.
//!
//! The driver's own pool tests each connection when it comes back, which costs as much as one of our reads; here a
//! connection is simply put back, since a local file does not go away.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sqlx::{Connection, sqlite::SqliteConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::DbError;

/// Connections that only read.
pub(crate) struct Readers {
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Semaphore,
    patience: Duration,
}

impl Readers {
    /// Takes over open connections; a caller waits at most `patience` for a free one.
    pub(crate) fn new(connections: Vec<SqliteConnection>, patience: Duration) -> Self {
        Self {
            permits: Semaphore::new(connections.len()),
            idle: Mutex::new(connections),
            patience,
        }
    }

    /// Waits for a free connection.
    pub(crate) async fn get(&self) -> Result<Reader<'_>, DbError> {
        let permit = match self.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) => tokio::time::timeout(self.patience, self.permits.acquire())
                .await
                .map_err(|_| DbError::Busy)?
                .map_err(|_| DbError::Closed)?,
        };
        let connection = self.lock().pop().ok_or(DbError::Closed)?;
        Ok(Reader {
            home: self,
            connection: Some(connection),
            _permit: permit,
        })
    }

    /// Refuses new readers and closes the connections that are not in use.
    pub(crate) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.lock());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a reader was not closed cleanly"
                );
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan; goes back when dropped.
pub(crate) struct Reader<'a> {
    home: &'a Readers,
    connection: Option<SqliteConnection>,
    // Declared last: the permit is given back after the connection.
    _permit: SemaphorePermit<'a>,
}

impl Deref for Reader<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("taken only on drop"),
        }
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match &mut self.connection {
            Some(connection) => connection,
            None => unreachable!("taken only on drop"),
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.home.lock().push(connection);
        }
    }
}
