//! Guarded fetches and posts against real servers on the loopback interface.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests; their servers end with the test's runtime"
)]

mod hub;
mod limits;
mod names;
mod posts;
mod redirects;
mod server;
mod tls;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use drape_core::ports::{Fetch, FetchError};
use drape_outbound::{GuardedFetch, Lookup, OutboundOptions, options::parse_network};

/// Largest file in these tests, in bytes.
const MAX_BYTES: u64 = 1_000;

/// Far more time than any test needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Options that open these networks.
fn opened(networks: &[&str]) -> OutboundOptions {
    OutboundOptions {
        allow: networks
            .iter()
            .map(|network| parse_network(network).unwrap())
            .collect(),
        ..OutboundOptions::default()
    }
}

/// Fetches with a fetch made from these options.
async fn fetch_with(options: OutboundOptions, url: &str) -> Result<Bytes, FetchError> {
    GuardedFetch::new(options)
        .unwrap()
        .fetch(url, MAX_BYTES, PATIENCE)
        .await
}

/// Fetches with loopback opened.
async fn fetch(url: &str) -> Result<Bytes, FetchError> {
    fetch_with(opened(&["127.0.0.1/32"]), url).await
}

/// Fetches with a resolver that answers from a table.
async fn fetch_named(
    options: OutboundOptions,
    lookup: impl Lookup + 'static,
    url: &str,
) -> Result<Bytes, FetchError> {
    let lookup: Arc<dyn Lookup> = Arc::new(lookup);
    GuardedFetch::with_lookup(options, &lookup)
        .unwrap()
        .fetch(url, MAX_BYTES, PATIENCE)
        .await
}

/// Words of a failure that must not be tried again.
fn final_reason(result: Result<Bytes, FetchError>) -> String {
    let error = result.unwrap_err();
    assert!(!error.retryable, "{error}");
    error.reason
}

/// Words of a failure that may pass.
fn passing_reason(result: Result<Bytes, FetchError>) -> String {
    let error = result.unwrap_err();
    assert!(error.retryable, "{error}");
    error.reason
}
