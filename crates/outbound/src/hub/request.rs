//! One answer of the hub, over its redirects.

use std::{error::Error as _, time::Duration};

use reqwest::{
    Response,
    header::{
        AUTHORIZATION, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_RANGE,
        LOCATION, RANGE, RETRY_AFTER,
    },
};
use url::Url;

use super::{HubClient, HubError, RemoteFile};
use crate::fetch::{find, is_redirect};

/// Redirects that are followed for one answer.
const MAX_REDIRECTS: u8 = 10;

/// Where in the file an answer shall begin.
pub(super) struct Start<'a> {
    /// First byte.
    pub position: u64,
    /// Strong entity tag of what came before it.
    pub etag: Option<&'a str>,
}

/// An answer and who gave it.
pub(super) struct Answer {
    /// Host, for messages.
    pub host: String,
    /// The answer; no redirect.
    pub response: Response,
}

impl HubClient {
    /// Asks for a file from a position on, and follows redirects by hand so that the token stays where it belongs.
    pub(super) async fn request(
        &self,
        file: &RemoteFile<'_>,
        start: &Start<'_>,
    ) -> Result<Answer, HubError> {
        let mut url = self.file_url(file);
        let mut hops = 0;
        loop {
            let host = host_of(&url);
            let response = self.send(&url, &host, start).await?;
            if !is_redirect(response.status()) {
                return Ok(Answer { host, response });
            }
            let next = next_url(&url, response.headers());
            let problem = match &next {
                None => Some("to no valid address".to_owned()),
                Some(next) if url.scheme() == "https" && next.scheme() != "https" => {
                    Some("from https to an unencrypted address".to_owned())
                }
                Some(_) if hops == MAX_REDIRECTS => {
                    Some(format!("more than {MAX_REDIRECTS} times"))
                }
                Some(_) => None,
            };
            match (next, problem) {
                (Some(next), None) => url = next,
                (_, problem) => {
                    let problem = problem.unwrap_or_default();
                    return Err(HubError::Redirect { host, problem });
                }
            }
            hops += 1;
        }
    }

    fn file_url(&self, file: &RemoteFile<'_>) -> Url {
        let mut url = self.options.endpoint.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend(file.repository.split('/'))
                .extend(["resolve", file.revision, file.name]);
        }
        url
    }

    async fn send(&self, url: &Url, host: &str, start: &Start<'_>) -> Result<Response, HubError> {
        let mut request = self.client.get(url.clone());
        if let Some(token) = &self.options.token
            && url.origin() == self.options.endpoint.origin()
        {
            request = request.header(AUTHORIZATION, token.header());
        }
        if start.position > 0 {
            request = request.header(RANGE, format!("bytes={}-", start.position));
            if let Some(etag) = start.etag {
                request = request.header(IF_RANGE, etag);
            }
        }
        request
            .send()
            .await
            .map_err(|error| send_error(&error, host))
    }
}

fn next_url(base: &Url, headers: &HeaderMap) -> Option<Url> {
    let location = std::str::from_utf8(headers.get(LOCATION)?.as_bytes()).ok()?;
    let next = base.join(location).ok()?;
    matches!(next.scheme(), "http" | "https").then_some(next)
}

/// Host and, where it is not the usual one, port.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn send_error(error: &reqwest::Error, host: &str) -> HubError {
    let host = host.to_owned();
    if let Some(reason) = find::<rustls::Error>(error) {
        let reason = reason.to_string();
        return HubError::Tls { host, reason };
    }
    let reason = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        innermost(error)
    };
    HubError::Unreachable { host, reason }
}

/// The last cause in the chain: it says most, and never holds the address.
fn innermost(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else {
        return "the request could not be sent".to_owned();
    };
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

impl Answer {
    /// Value of a header, if it is readable text.
    fn header(&self, name: HeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Entity tag, if it is a strong one: a weak one says nothing about bytes.
    pub(super) fn strong_etag(&self) -> Option<String> {
        let etag = self.header(ETAG)?;
        (etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2).then(|| etag.to_owned())
    }

    /// First byte and size of the whole file by `Content-Range: bytes 5-9/10`; the size may be `*`.
    pub(super) fn content_range(&self) -> Option<(u64, Option<u64>)> {
        parse_content_range(self.header(CONTENT_RANGE)?)
    }

    /// Whether the body is the file itself.
    pub(super) fn is_plain(&self) -> bool {
        self.header(CONTENT_ENCODING)
            .is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"))
    }

    /// The error that the status stands for, if it is one.
    pub(super) fn refusal(&self, file: &RemoteFile<'_>) -> Option<HubError> {
        let (host, repository) = (self.host.clone(), file.repository.to_owned());
        match self.response.status().as_u16() {
            200 | 206 => None,
            401 => Some(HubError::Unauthorized { host, repository }),
            403 => Some(HubError::Forbidden { host, repository }),
            404 => Some(HubError::NotFound {
                host,
                repository,
                revision: file.revision.to_owned(),
                file: file.name.to_owned(),
            }),
            status => Some(HubError::Status {
                host,
                status,
                retry_after: self.header(RETRY_AFTER).and_then(parse_seconds),
            }),
        }
    }
}

fn parse_content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    Some((first.parse().ok()?, total))
}

/// The other form of `Retry-After`, a date, is rare and left to the usual pauses.
fn parse_seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_strictly() {
        assert_eq!(parse_content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(parse_content_range("bytes 0-0/*"), Some((0, None)));
        for wrong in [
            "",
            "bytes",
            "bytes */10",
            "bytes 5/10",
            "bytes 5-9",
            "items 5-9/10",
            "bytes a-9/10",
        ] {
            assert_eq!(parse_content_range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_seconds_count_as_retry_after() {
        assert_eq!(parse_seconds(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(parse_seconds("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(parse_seconds("-1"), None);
    }
}
