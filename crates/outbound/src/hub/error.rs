//! What can go wrong in a download.

use std::{io, time::Duration};

/// Why a file did not arrive. Messages name hosts, never whole addresses: those may carry a signature.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// 401: also the hub's answer for repositories that do not exist.
    #[error(
        "{host} wants a token for {repository} (401): there is no such repository, or HF_TOKEN is not set or not valid"
    )]
    Unauthorized {
        /// Who answered.
        host: String,
        /// Repository.
        repository: String,
    },
    /// 403: a gated repository, or a token without the right.
    #[error(
        "{host} refuses {repository} (403): its terms may have to be accepted on its page there, or the token of HF_TOKEN lacks the right"
    )]
    Forbidden {
        /// Who answered.
        host: String,
        /// Repository.
        repository: String,
    },
    /// 404: no such file, revision or repository.
    #[error("{host} has no {file} in {repository} at revision {revision} (404)")]
    NotFound {
        /// Who answered.
        host: String,
        /// Repository.
        repository: String,
        /// Revision.
        revision: String,
        /// File.
        file: String,
    },
    /// Any other answer that is no file.
    #[error("{host} answered {status}{}", wish(*retry_after))]
    Status {
        /// Who answered.
        host: String,
        /// HTTP status.
        status: u16,
        /// Pause that the server asks for.
        retry_after: Option<Duration>,
    },
    /// No connection, or no answer.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// Why, in the system's words.
        reason: String,
    },
    /// The certificate, or TLS itself, is not right.
    #[error("no secure connection to {host}: {reason}")]
    Tls {
        /// Who was asked.
        host: String,
        /// Why.
        reason: String,
    },
    /// The connection ended too early, or nothing came for too long.
    #[error("the connection to {host} was cut after {position} of {expected} bytes")]
    Cut {
        /// Who was sending.
        host: String,
        /// Bytes that are here.
        position: u64,
        /// Size of the file.
        expected: u64,
    },
    /// A redirect to nowhere, to another scheme or one too many.
    #[error("{host} redirected {problem}")]
    Redirect {
        /// Who redirected.
        host: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The server announces a file of another size; nothing was written.
    #[error(
        "{host} has a file of {announced} bytes where {expected} are expected: it is not the file that drape knows"
    )]
    WrongSize {
        /// Who answered.
        host: String,
        /// Size of the file, in bytes.
        expected: u64,
        /// Size by the server, in bytes.
        announced: u64,
    },
    /// The server sent more than the file has.
    #[error("{host} sent more than the {expected} bytes of the file")]
    TooLong {
        /// Who was sending.
        host: String,
        /// Size of the file, in bytes.
        expected: u64,
    },
    /// The server compressed although it was asked not to.
    #[error("{host} sent a compressed file although it was asked not to")]
    Compressed {
        /// Who was sending.
        host: String,
    },
    /// The rest of the file is of another version, or not the rest that was asked for; it begins anew.
    #[error("{host} has another version of the file than the one that was begun")]
    Changed {
        /// Who answered.
        host: String,
    },
    /// What has arrived cannot be kept.
    #[error("writing failed: {0}")]
    Sink(#[from] io::Error),
}

impl HubError {
    /// Whether the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 416 | 429 | 500..),
            Self::Unreachable { .. } | Self::Cut { .. } | Self::Changed { .. } => true,
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::Tls { .. }
            | Self::Redirect { .. }
            | Self::WrongSize { .. }
            | Self::TooLong { .. }
            | Self::Compressed { .. }
            | Self::Sink(_) => false,
        }
    }

    /// Pause that the server asks for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn wish(retry_after: Option<Duration>) -> String {
    match retry_after {
        Some(pause) => format!(" and asks to wait {} s", pause.as_secs()),
        None => String::new(),
    }
}
