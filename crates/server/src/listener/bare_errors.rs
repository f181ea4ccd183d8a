//! Giving the contract's error shape to what the HTTP library answers by itself.
//!
//! A head that is no HTTP, a URL that is too long or too many headers never become a request: the library writes a status
//! without a body and closes the connection. Nothing of that passes the router, so it is caught where it is written.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use drape_core::{Code, Detail, Error, ports::Ids};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::api::error::ApiError;

/// Longest answer that can be one of the library's own.
const MAX_BARE_BYTES: usize = 512;

/// A connection whose bare errors get a body.
pub(super) struct ShapedErrors<S> {
    stream: S,
    ids: Arc<dyn Ids>,
    /// What is written in place of a bare error, and how much of it is out.
    replacement: Option<(Vec<u8>, usize)>,
}

impl<S> ShapedErrors<S> {
    /// Watches over a connection; `ids` names the requests that were none.
    pub(super) fn new(stream: S, ids: Arc<dyn Ids>) -> Self {
        Self {
            stream,
            ids,
            replacement: None,
        }
    }
}

impl<S: AsyncWrite + Unpin> ShapedErrors<S> {
    /// Writes the replacement of a bare error of `length` bytes.
    fn write_replacement(
        &mut self,
        context: &mut Context<'_>,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        while let Some((bytes, written)) = &mut self.replacement {
            if *written == bytes.len() {
                self.replacement = None;
                break;
            }
            let rest = &bytes[*written..];
            let count = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *written += count;
        }
        Poll::Ready(Ok(length))
    }
}

/// The error in place of an answer that the library made by itself; none for every other answer.
///
/// All answers of the router carry `x-request-id`, so nothing of theirs is ever taken for one.
fn shaped(bare: &[u8]) -> Option<ApiError> {
    if bare.len() > MAX_BARE_BYTES || !bare.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(bare).ok()?.to_ascii_lowercase();
    let rest = head.strip_prefix("http/1.1 ")?;
    let is_the_end = head.contains("\r\nconnection: close\r\n");
    if !is_the_end || head.contains("\r\nx-request-id:") {
        return None;
    }
    let too_large = |message: &str| Some(ApiError::new(Code::PayloadTooLarge, message));
    match rest.get(..3)? {
        "400" => Some(
            Error::validation(vec![Detail {
                path: "request".to_owned(),
                message: "Expected the head of an HTTP/1.1 request".to_owned(),
            }])
            .into(),
        ),
        "414" => too_large("The URL is longer than 65,534 bytes."),
        "431" => too_large("The head of the request has too many headers or too large ones."),
        _ => None,
    }
}

/// The whole answer with its body.
fn answer(error: &ApiError, request_id: &str) -> Vec<u8> {
    let status = error.status();
    let json = error.to_json(request_id);
    let mut answer = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-request-id: {request_id}\r\n\
         x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n",
        status.as_str(),
        status.canonical_reason().unwrap_or_default(),
        json.len()
    )
    .into_bytes();
    answer.extend_from_slice(&json);
    answer
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ShapedErrors<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.replacement.is_none() {
            let Some(error) = shaped(bytes) else {
                return Pin::new(&mut this.stream).poll_write(context, bytes);
            };
            let request_id = format!("req_{}", this.ids.uuid().simple());
            tracing::info!(
                request.id = %request_id,
                http.method = "unknown",
                http.route = "unknown",
                http.status = error.status().as_u16(),
                error.code = error.error().code().as_str(),
                duration_ms = 0_u64,
                "request"
            );
            this.replacement = Some((answer(&error, &request_id), 0));
        }
        this.write_replacement(context, bytes.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|slice| !slice.is_empty());
        match first {
            Some(first) if self.replacement.is_some() || shaped(first).is_some() => {
                self.poll_write(context, first)
            }
            _ => Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ShapedErrors<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_errors_of_the_library_are_replaced() {
        let bare = |status: &str| {
            format!(
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n"
            )
        };
        for (status, code) in [
            ("400 Bad Request", Code::ValidationFailed),
            ("414 URI Too Long", Code::PayloadTooLarge),
            ("431 Request Header Fields Too Large", Code::PayloadTooLarge),
        ] {
            let error = shaped(bare(status).as_bytes()).unwrap();
            assert_eq!(error.error().code(), code);
        }
        for other in [
            bare("404 Not Found"),
            bare("200 OK"),
            bare("400 Bad Request").replace("connection: close\r\n", ""),
            bare("400 Bad Request").replace("date: x", "x-request-id: r"),
            format!("{}body", bare("400 Bad Request")),
            "HTTP/1.1 400".to_owned(),
            String::new(),
        ] {
            assert!(shaped(other.as_bytes()).is_none(), "{other:?}");
        }
    }
}
