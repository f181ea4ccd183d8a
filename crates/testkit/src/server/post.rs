//! Servers that webhooks go to, as a list of answers.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use drape_core::ports::{Post, PostError, PostRequest};
use serde_json::Value;

/// Keeps what was posted and answers from a script; without one every post is answered 200.
#[derive(Default)]
pub struct FakePost {
    posted: Mutex<Vec<Posted>>,
    answers: Mutex<HashMap<String, VecDeque<Result<u16, String>>>>,
}

/// One post.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Where it went.
    pub url: String,
    /// Its headers.
    pub headers: HashMap<&'static str, String>,
    /// Its body.
    pub body: String,
}

impl Posted {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl FakePost {
    /// The next post to this address is answered with this status.
    pub fn answer(&self, url: &str, status: u16) {
        self.script(url, Ok(status));
    }

    /// The next post to this address fails for this reason.
    pub fn fail(&self, url: &str, reason: &str) {
        self.script(url, Err(reason.to_owned()));
    }

    /// Takes what was posted so far, in order.
    pub fn take(&self) -> Vec<Posted> {
        std::mem::take(&mut *lock(&self.posted))
    }

    fn script(&self, url: &str, answer: Result<u16, String>) {
        let mut answers = lock(&self.answers);
        answers.entry(url.to_owned()).or_default().push_back(answer);
    }
}

#[async_trait]
impl Post for FakePost {
    fn check(&self, url: &str) -> Result<(), PostError> {
        if url.starts_with("https://") {
            return Ok(());
        }
        Err(PostError {
            reason: "only https URLs are allowed".to_owned(),
        })
    }

    async fn post(&self, request: PostRequest) -> Result<u16, PostError> {
        lock(&self.posted).push(Posted {
            url: request.url.clone(),
            headers: request.headers.into_iter().collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        });
        let answer = lock(&self.answers)
            .get_mut(&request.url)
            .and_then(VecDeque::pop_front);
        answer
            .unwrap_or(Ok(200))
            .map_err(|reason| PostError { reason })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
