//! How far the work on a picture is.

use std::{fmt, sync::Arc};

/// Steps of an engine that works in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Steps that are done, at most `total`.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
}

/// Takes news from any thread without making the teller wait; without a listener they are dropped.
pub struct Listener<T>(Option<Arc<dyn Fn(T) + Send + Sync>>);

impl<T> Listener<T> {
    /// Hands every piece of news to `hear`, which must return at once.
    pub fn new(hear: impl Fn(T) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hear)))
    }

    /// Listens to nothing.
    pub const fn nobody() -> Self {
        Self(None)
    }

    /// Tells a piece of news.
    pub fn tell(&self, news: T) {
        if let Some(hear) = &self.0 {
            hear(news);
        }
    }
}

impl<T> Clone for Listener<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Listener<T> {
    fn default() -> Self {
        Self::nobody()
    }
}

impl<T> fmt::Debug for Listener<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.0.is_some() { "on" } else { "off" };
        write!(formatter, "Listener({state})")
    }
}
