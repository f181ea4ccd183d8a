//! Guarded posts: webhooks to addresses that shops chose.

use async_trait::async_trait;
use drape_core::ports::{Post, PostError, PostRequest};
use reqwest::{Response, header::ACCEPT};

use crate::{
    fetch::{GuardedFetch, describe_duration},
    target::{self, Refusal},
};

/// Most that is read of an answer, in bytes, so that a short one leaves its connection usable.
const MAX_ANSWER_BYTES: usize = 64 * 1_024;

impl GuardedFetch {
    async fn post_once(&self, request: &PostRequest) -> Result<Response, PostError> {
        let target = target::check(&request.url, self.options()).map_err(refused)?;
        let mut builder = self
            .client(&target)
            .post(target.url.clone())
            .header(ACCEPT, "*/*")
            .body(request.body.clone());
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let answer = self.send(builder, &target, 0).await;
        answer.map_err(|error| PostError {
            reason: error.reason,
        })
    }
}

#[async_trait]
impl Post for GuardedFetch {
    fn check(&self, url: &str) -> Result<(), PostError> {
        target::check(url, self.options())
            .map(drop)
            .map_err(refused)
    }

    async fn post(&self, request: PostRequest) -> Result<u16, PostError> {
        let deadline = tokio::time::Instant::now() + request.timeout;
        let Ok(answer) = tokio::time::timeout_at(deadline, self.post_once(&request)).await else {
            return Err(PostError {
                reason: format!(
                    "the server took longer than {}",
                    describe_duration(request.timeout)
                ),
            });
        };
        let answer = answer?;
        let status = answer.status().as_u16();
        // The status has decided; an endless or broken body changes nothing.
        drop(tokio::time::timeout_at(deadline, drain(answer)).await);
        Ok(status)
    }
}

/// Reads a short answer to its end; a longer one is dropped, and its connection with it.
async fn drain(mut answer: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > MAX_ANSWER_BYTES {
            return;
        }
    }
}

fn refused(refusal: Refusal) -> PostError {
    PostError {
        reason: refusal.to_string(),
    }
}
