//! The guarded fetch, with its limits.

use std::{error::Error as StdError, io, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use drape_core::ports::{Fetch, FetchError};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue, LOCATION},
    redirect,
};
use rustls::ClientConfig;
use url::Url;

use crate::{
    options::OutboundOptions,
    resolver::{GuardedResolver, Lookup, OutOfReach, SystemLookup, Unresolved},
    target::{self, Reach, Refusal, Target},
    tls::client_config,
};

/// Time for one connection, TLS included, before the next address of a name is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time that an unused connection is kept for the next picture from the same host.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Unused connections that are kept per host.
const MAX_IDLE_PER_HOST: usize = 4;

/// Most that is set aside on a server's word about its length, in bytes.
const MAX_RESERVED_BYTES: u64 = 1 << 20;

/// Why the fetch could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A certificate authority or the TLS settings were refused.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// A client could not be built, for example because of a user agent with line breaks.
    #[error("the HTTP client could not be set up")]
    Client(#[from] reqwest::Error),
}

/// Gets pictures from addresses that somebody else chose.
///
/// No cookies, no proxy, no automatic redirects, no referrer, no retries, HTTP/1.1 only. Cheap to clone.
#[derive(Clone)]
pub struct GuardedFetch {
    options: Arc<OutboundOptions>,
    public: Client,
    listed: Client,
}

impl GuardedFetch {
    /// Makes a fetch that asks the system's resolver.
    pub fn new(options: OutboundOptions) -> Result<Self, SetupError> {
        let lookup: Arc<dyn Lookup> = Arc::new(SystemLookup::default());
        Self::with_lookup(options, &lookup)
    }

    /// Makes a fetch that asks another resolver.
    pub fn with_lookup(
        options: OutboundOptions,
        lookup: &Arc<dyn Lookup>,
    ) -> Result<Self, SetupError> {
        let options = Arc::new(options);
        let tls = client_config(&options.extra_roots)?;
        // A resolver does not learn the port, so each reach has a client, and with it a connection pool, of its own.
        let client = |reach| {
            let resolver = GuardedResolver::new(Arc::clone(lookup), Arc::clone(&options), reach);
            build_client(&options, tls.clone(), resolver)
        };
        let (public, listed) = (client(Reach::Public)?, client(Reach::Listed)?);
        Ok(Self {
            options,
            public,
            listed,
        })
    }

    /// Follows redirects by hand, each one checked like the first address.
    async fn get(&self, text: &str, max_bytes: u64) -> Result<Bytes, FetchError> {
        let mut target =
            target::check(text, &self.options).map_err(|refusal| refused(refusal, 0))?;
        let mut hops: u8 = 0;
        loop {
            let response = self.request(&target, hops).await?;
            if !is_redirect(response.status()) {
                return read_body(response, max_bytes).await;
            }
            if hops >= self.options.max_redirects {
                return Err(final_error(format!(
                    "the server redirected more than {} times",
                    self.options.max_redirects
                )));
            }
            hops += 1;
            let next = redirect_target(&response, &target.url)?;
            target =
                target::check_url(next, &self.options).map_err(|refusal| refused(refusal, hops))?;
        }
    }

    async fn request(&self, target: &Target, hops: u8) -> Result<Response, FetchError> {
        let request = self.client(target).get(target.url.clone());
        self.send(request, target, hops).await
    }

    /// The client that reaches as far as the target allows.
    pub(crate) fn client(&self, target: &Target) -> &Client {
        match target.reach {
            Reach::Public => &self.public,
            Reach::Listed => &self.listed,
        }
    }

    /// What the operator has opened or closed.
    pub(crate) fn options(&self) -> &OutboundOptions {
        &self.options
    }

    /// Sends a request of [`GuardedFetch::client`] and gives its answer out only if it came from where it should.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        target: &Target,
        hops: u8,
    ) -> Result<Response, FetchError> {
        let response = request
            .send()
            .await
            .map_err(|error| send_error(&error, target, hops))?;
        // The resolver and the check of the text have judged this address; a connection that reached any other
        // one would be a fault of ours, and its answer is not handed out.
        match response.remote_addr() {
            Some(peer) if target.reach.includes(peer.ip(), &self.options) => Ok(response),
            _ => Err(refused(Refusal::Address, hops)),
        }
    }
}

#[async_trait]
impl Fetch for GuardedFetch {
    async fn fetch(
        &self,
        url: &str,
        max_bytes: u64,
        timeout: Duration,
    ) -> Result<Bytes, FetchError> {
        match tokio::time::timeout(timeout, self.get(url, max_bytes)).await {
            Ok(result) => result,
            Err(_) => Err(passing_error(format!(
                "the server took longer than {}",
                describe_duration(timeout)
            ))),
        }
    }
}

fn build_client(
    options: &OutboundOptions,
    tls: ClientConfig,
    resolver: GuardedResolver,
) -> Result<Client, reqwest::Error> {
    let mut headers = HeaderMap::new();
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("image/jpeg, image/png, image/webp, image/heic, */*;q=0.1"),
    );
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(resolver)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
        .user_agent(options.user_agent.as_str())
        .default_headers(headers)
        .build()
}

pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn redirect_target(response: &Response, base: &Url) -> Result<Url, FetchError> {
    response
        .headers()
        .get(LOCATION)
        .and_then(|location| std::str::from_utf8(location.as_bytes()).ok())
        .and_then(|location| base.join(location).ok())
        .ok_or_else(|| {
            final_error(format!(
                "the server answered {} without a valid address to go to",
                response.status().as_u16()
            ))
        })
}

async fn read_body(mut response: Response, max_bytes: u64) -> Result<Bytes, FetchError> {
    let status = response.status();
    if !status.is_success() {
        let reason = format!("the server answered {}", status.as_u16());
        let may_pass = status.is_server_error()
            || matches!(
                status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
            );
        return Err(if may_pass {
            passing_error(reason)
        } else {
            final_error(reason)
        });
    }
    if let Some(encoding) = response.headers().get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(final_error(
            "the server sent a compressed answer although it was asked not to",
        ));
    }
    let announced = response.content_length().unwrap_or(0);
    if announced > max_bytes {
        return Err(too_large(max_bytes));
    }
    let mut body = BytesMut::with_capacity(announced.min(MAX_RESERVED_BYTES) as usize);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                if body.len() as u64 + chunk.len() as u64 > max_bytes {
                    return Err(too_large(max_bytes));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(None) => break,
            Err(_) => {
                return Err(passing_error(
                    "the connection ended before the whole file had arrived",
                ));
            }
        }
    }
    if body.is_empty() {
        return Err(final_error("the server sent an empty file"));
    }
    Ok(body.freeze())
}

fn send_error(error: &reqwest::Error, target: &Target, hops: u8) -> FetchError {
    if find::<OutOfReach>(error).is_some() {
        let refusal = match (target.reach, target.url.port_or_known_default()) {
            (Reach::Listed, Some(port)) => Refusal::Port(port),
            _ => Refusal::Address,
        };
        return refused(refusal, hops);
    }
    if find::<Unresolved>(error).is_some() {
        return passing_error("the name of the server could not be resolved");
    }
    if find::<rustls::Error>(error).is_some() {
        return final_error("no secure connection: the server's certificate or TLS is not valid");
    }
    if error.is_timeout() {
        return passing_error("the server could not be reached in time");
    }
    if error.is_connect() {
        return passing_error("the server could not be reached");
    }
    if error.is_builder() {
        return final_error(Refusal::NotAUrl.to_string());
    }
    passing_error("the server did not give a valid answer")
}

/// Looks for a cause of a certain type, also inside I/O errors, which hide theirs from `source`.
pub(crate) fn find<'a, T: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        let hidden = current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn StdError + 'static));
        cause = hidden.or_else(|| current.source());
    }
    None
}

fn refused(refusal: Refusal, hops: u8) -> FetchError {
    final_error(if hops == 0 {
        refusal.to_string()
    } else {
        format!("after a redirect: {refusal}")
    })
}

fn too_large(max_bytes: u64) -> FetchError {
    final_error(format!(
        "the file is larger than {}",
        describe_bytes(max_bytes)
    ))
}

fn final_error(reason: impl Into<String>) -> FetchError {
    FetchError {
        reason: reason.into(),
        retryable: false,
    }
}

fn passing_error(reason: impl Into<String>) -> FetchError {
    FetchError {
        reason: reason.into(),
        retryable: true,
    }
}

fn describe_bytes(bytes: u64) -> String {
    if bytes > 0 && bytes.is_multiple_of(1_000_000) {
        return format!("{} MB", bytes / 1_000_000);
    }
    if bytes > 0 && bytes.is_multiple_of(1 << 20) {
        return format!("{} MiB", bytes >> 20);
    }
    format!("{bytes} bytes")
}

pub(crate) fn describe_duration(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}
