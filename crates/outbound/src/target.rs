//! What may stand in a URL.

use std::net::IpAddr;

use url::{Host, Url};

use crate::{
    address::{is_listed, is_public},
    options::OutboundOptions,
};

/// Longest URL that is looked at, in bytes.
pub const MAX_URL_BYTES: usize = 8_192;

/// Why a URL is not fetched; the words are for the caller and name no address that a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no absolute URL with a host.
    #[error("it is not a valid URL")]
    NotAUrl,
    /// It is longer than [`MAX_URL_BYTES`].
    #[error("the URL is longer than {MAX_URL_BYTES} bytes")]
    TooLong,
    /// Its scheme is neither http nor https.
    #[error("only http and https URLs are allowed")]
    Scheme,
    /// It is http, and the operator wants https.
    #[error("only https URLs are allowed")]
    HttpNotAllowed,
    /// It carries a user name or a password.
    #[error("URLs with a user name or password are not allowed")]
    UserInfo,
    /// Its port is not one that may be reached.
    #[error("port {0} is not allowed")]
    Port(u16),
    /// Its host is not on the public internet.
    #[error("the address is not allowed: it does not lead to a public server")]
    Address,
}

/// How far a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses and the ones that the operator opened.
    Public,
    /// Only the ones that the operator opened.
    Listed,
}

impl Reach {
    /// Says whether a request of this reach may connect to an address.
    pub fn includes(self, address: IpAddr, options: &OutboundOptions) -> bool {
        is_listed(address, &options.allow) || (self == Self::Public && is_public(address))
    }
}

/// A URL that may be fetched as far as its text tells.
#[derive(Debug, Clone)]
pub struct Target {
    /// The URL, without fragment.
    pub url: Url,
    /// Where its host may lead.
    pub reach: Reach,
}

/// Checks the text of a URL: scheme, user info, port, and the address when one is written out.
///
/// Hosts are judged as the URL standard reads them: `2130706433`, `0x7f.1` and `127.1` are all 127.0.0.1, and
/// percent-encoded, full-width or dotted-at-the-end spellings are folded before the look.
pub fn check(text: &str, options: &OutboundOptions) -> Result<Target, Refusal> {
    if text.len() > MAX_URL_BYTES {
        return Err(Refusal::TooLong);
    }
    let url = Url::parse(text).map_err(|_| Refusal::NotAUrl)?;
    check_url(url, options)
}

/// Checks a parsed URL, such as the target of a redirect, as [`check`] does.
pub fn check_url(mut url: Url, options: &OutboundOptions) -> Result<Target, Refusal> {
    match url.scheme() {
        "https" => {}
        "http" if options.allow_http => {}
        "http" => return Err(Refusal::HttpNotAllowed),
        _ => return Err(Refusal::Scheme),
    }
    if url.as_str().len() > MAX_URL_BYTES {
        return Err(Refusal::TooLong);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::UserInfo);
    }
    let port = url.port_or_known_default().ok_or(Refusal::NotAUrl)?;
    let is_open_port = options.ports.contains(&port);
    let reach = match url.host().ok_or(Refusal::NotAUrl)? {
        Host::Domain(_) if is_open_port => Reach::Public,
        // A name behind another port may still lead to an address that is open on any port.
        Host::Domain(_) if options.allow.is_empty() => return Err(Refusal::Port(port)),
        Host::Domain(_) => Reach::Listed,
        Host::Ipv4(address) => reach_of(address.into(), port, is_open_port, options)?,
        Host::Ipv6(address) => reach_of(address.into(), port, is_open_port, options)?,
    };
    url.set_fragment(None);
    Ok(Target { url, reach })
}

fn reach_of(
    address: IpAddr,
    port: u16,
    is_open_port: bool,
    options: &OutboundOptions,
) -> Result<Reach, Refusal> {
    if is_listed(address, &options.allow) {
        return Ok(Reach::Listed);
    }
    if !is_public(address) {
        return Err(Refusal::Address);
    }
    if !is_open_port {
        return Err(Refusal::Port(port));
    }
    Ok(Reach::Public)
}

#[cfg(test)]
mod tests;
