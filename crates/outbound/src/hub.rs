//! Downloads of model files, by the protocol of the Hugging Face hub.
//!
//! A file is `{endpoint}/{repository}/resolve/{revision}/{name}`. The hub redirects to a store on another host; the token goes
//! to the endpoint's own scheme, host and port and nowhere else. Whoever runs drape chooses the endpoint, so the guard of
//! [`crate::fetch`] does not apply: a hub inside a company's network is reached like any other. What a foreign host sends
//! is only ever hashed and compared by the caller, and never shown.
//!
//! - [`options`]: endpoint, token, proxies, patience.
//! - [`download`]: one file, over as many connections as it takes.
//! - [`error`]: what can go wrong.
//! - `request`: one answer, over its redirects.

pub mod download;
pub mod error;
pub mod options;
mod request;

use reqwest::{
    Client,
    header::{ACCEPT_ENCODING, HeaderMap, HeaderValue},
    redirect,
};

pub use download::{Event, RemoteFile, Sink};
pub use error::HubError;
pub use options::{HubOptions, HubOptionsError, Proxies, Retries, Token};

use crate::{fetch::SetupError, tls::client_config};

/// Gets files from a hub.
#[derive(Debug)]
pub struct HubClient {
    client: Client,
    options: HubOptions,
}

impl HubClient {
    /// Makes a client; opens no connection.
    pub fn new(options: HubOptions) -> Result<Self, SetupError> {
        let tls = client_config(&options.extra_roots)?;
        let mut headers = HeaderMap::new();
        // Positions in a compressed answer are not positions in the file.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.stall_timeout)
            .user_agent(options.user_agent.as_str())
            .default_headers(headers);
        for proxy in options.proxies.build()? {
            builder = builder.proxy(proxy);
        }
        let client = builder.build()?;
        Ok(Self { client, options })
    }
}
