//! The web as a list of addresses.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use drape_core::ports::{Fetch, FetchError};

/// Answers fetches from a list; what is not on it cannot be fetched.
#[derive(Debug, Default)]
pub struct FakeFetch {
    pages: Mutex<HashMap<String, Bytes>>,
    asked: Mutex<Vec<String>>,
}

/// An address whose fetch panics, for tests of the frame.
pub const PANICKING_URL: &str = "https://panic.example/";

/// An address whose fetch never ends, for tests of callers that go away.
pub const HANGING_URL: &str = "https://hang.example/";

impl FakeFetch {
    /// Puts a file on the web.
    pub fn put(&self, url: &str, bytes: impl Into<Bytes>) {
        lock(&self.pages).insert(url.to_owned(), bytes.into());
    }

    /// Takes a file off the web.
    pub fn remove(&self, url: &str) {
        lock(&self.pages).remove(url);
    }

    /// Addresses that were fetched, in order.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }
}

#[async_trait]
impl Fetch for FakeFetch {
    async fn fetch(&self, url: &str, max_bytes: u64, _: Duration) -> Result<Bytes, FetchError> {
        lock(&self.asked).push(url.to_owned());
        assert!(url != PANICKING_URL, "the address that panics");
        if url == HANGING_URL {
            std::future::pending::<()>().await;
        }
        let found = lock(&self.pages).get(url).cloned();
        match found {
            Some(bytes) if bytes.len() as u64 <= max_bytes => Ok(bytes),
            Some(_) => Err(FetchError {
                reason: "the file is too large".to_owned(),
                retryable: false,
            }),
            None => Err(FetchError {
                reason: "the server answered 404".to_owned(),
                retryable: false,
            }),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
