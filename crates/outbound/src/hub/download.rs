//! One file, over as many connections as it takes.

use std::{io, time::Duration};

use super::{
    HubClient, HubError,
    request::{Answer, Start},
};

/// New bytes after which earlier failures are forgotten. Only bytes beyond the best position so far count, so that the
/// number of connections is bounded by the size of the file.
const PROGRESS_BYTES: u64 = 1 << 20;

/// A file on the hub.
#[derive(Debug, Clone, Copy)]
pub struct RemoteFile<'a> {
    /// `owner/name`.
    pub repository: &'a str,
    /// Commit, branch or tag.
    pub revision: &'a str,
    /// Path in the repository.
    pub name: &'a str,
    /// Size in bytes; a file of another size is refused.
    pub bytes: u64,
}

/// Where a file goes, piece by piece.
pub trait Sink: Send {
    /// Bytes that are kept so far.
    fn position(&self) -> u64;

    /// Strong entity tag of the version that those bytes are of, if the server gave one.
    fn etag(&self) -> Option<String>;

    /// Forgets all bytes; those that follow are of the version with this tag.
    fn start_anew(&mut self, etag: Option<&str>) -> io::Result<()>;

    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// What happens in a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Bytes are about to arrive from this position on.
    Receiving {
        /// First byte.
        position: u64,
    },
    /// More bytes are kept.
    Received {
        /// Bytes that are kept now.
        position: u64,
    },
    /// What had arrived is of no use: the server sends the file from the start, or another version of it.
    StartedAnew,
    /// A failure that may pass; the next request goes out after a pause.
    Retrying {
        /// The pause.
        pause: Duration,
        /// The failure.
        reason: String,
    },
}

impl HubClient {
    /// Gets what the sink lacks of a file.
    ///
    /// Continues at [`Sink::position`] if the server has the same version still, else starts anew. Cut connections and
    /// answers that may pass are tried again ([`super::Retries`]); other errors end the download at once. Whatever the
    /// outcome, the sink keeps what has arrived. The content is not judged here, only its length.
    pub async fn download(
        &self,
        file: &RemoteFile<'_>,
        sink: &mut dyn Sink,
        observe: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), HubError> {
        let mut best = sink.position();
        let mut failures = 0;
        while sink.position() < file.bytes {
            let Err(error) = self.receive(file, sink, observe).await else {
                continue;
            };
            if sink.position() >= best.saturating_add(PROGRESS_BYTES) {
                failures = 0;
            }
            best = best.max(sink.position());
            failures += 1;
            let pause = self.options.retries.pause(failures, error.retry_after());
            match pause {
                Some(pause) if error.may_pass() => {
                    let reason = error.to_string();
                    observe(Event::Retrying { pause, reason });
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(error),
            }
        }
        Ok(())
    }

    /// Receives over one connection.
    async fn receive(
        &self,
        file: &RemoteFile<'_>,
        sink: &mut dyn Sink,
        observe: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), HubError> {
        let position = sink.position();
        let etag = sink.etag();
        let start = Start {
            position,
            etag: etag.as_deref(),
        };
        let mut answer = self.request(file, &start).await?;
        if let Some(refusal) = answer.refusal(file) {
            if answer.response.status().as_u16() == 416 && position > 0 {
                sink.start_anew(None)?;
                observe(Event::StartedAnew);
            }
            return Err(refusal);
        }
        let host = answer.host.clone();
        if !answer.is_plain() {
            return Err(HubError::Compressed { host });
        }
        let announced = if answer.response.status().as_u16() == 206 {
            check_continuation(&answer, &start, sink, observe)?
        } else {
            answer.response.content_length()
        };
        let expected = file.bytes;
        if let Some(announced) = announced.filter(|announced| *announced != expected) {
            return Err(HubError::WrongSize {
                host,
                expected,
                announced,
            });
        }
        if answer.response.status().as_u16() != 206 {
            sink.start_anew(answer.strong_etag().as_deref())?;
            if position > 0 {
                observe(Event::StartedAnew);
            }
        }
        observe(Event::Receiving {
            position: sink.position(),
        });
        loop {
            let position = sink.position();
            match answer.response.chunk().await {
                Ok(Some(chunk)) => {
                    if position + chunk.len() as u64 > expected {
                        return Err(HubError::TooLong { host, expected });
                    }
                    sink.write(&chunk)?;
                    observe(Event::Received {
                        position: sink.position(),
                    });
                }
                Ok(None) if position == expected => return Ok(()),
                Ok(None) | Err(_) => {
                    return Err(HubError::Cut {
                        host,
                        position,
                        expected,
                    });
                }
            }
        }
    }
}

/// Checks that an answer 206 continues what is there; returns the size of the whole file, if it is told.
fn check_continuation(
    answer: &Answer,
    start: &Start<'_>,
    sink: &mut dyn Sink,
    observe: &mut (dyn FnMut(Event) + Send),
) -> Result<Option<u64>, HubError> {
    let range = answer.content_range();
    let told = answer.strong_etag();
    let is_same = match (start.etag, &told) {
        (Some(ours), Some(theirs)) => ours == theirs,
        // Without tags on both sides it is the hash of the whole file that decides in the end.
        _ => true,
    };
    if let Some((first, total)) = range
        && first == start.position
        && is_same
    {
        return Ok(total);
    }
    sink.start_anew(None)?;
    observe(Event::StartedAnew);
    Err(HubError::Changed {
        host: answer.host.clone(),
    })
}
