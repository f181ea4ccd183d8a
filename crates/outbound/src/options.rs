//! What an operator can open or close.

use std::net::IpAddr;

use ipnet::IpNet;
use rustls::pki_types::CertificateDer;

/// Settings of the guarded fetch.
#[derive(Debug, Clone)]
pub struct OutboundOptions {
    /// Networks that may be reached, on any port, although they are blocked by default.
    pub allow: Vec<IpNet>,
    /// Ports that may be reached on public addresses.
    pub ports: Vec<u16>,
    /// Whether `http` is fetched too, or only `https`.
    pub allow_http: bool,
    /// Redirects that are followed for one picture.
    pub max_redirects: u8,
    /// What the `User-Agent` header says.
    pub user_agent: String,
    /// Certificate authorities to trust beside Mozilla's, such as a company's own.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            ports: vec![80, 443],
            allow_http: true,
            max_redirects: 5,
            user_agent: concat!("drape/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_roots: Vec::new(),
        }
    }
}

/// A text that names no network.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is neither an address nor a network such as 127.0.0.1/32 or fd00::/8")]
pub struct NetworkError {
    text: String,
}

/// Reads a network in CIDR form, or a single address.
///
/// Bits behind the prefix are dropped: `10.1.2.3/8` is `10.0.0.0/8`.
pub fn parse_network(text: &str) -> Result<IpNet, NetworkError> {
    let text = text.trim();
    if let Ok(network) = text.parse::<IpNet>() {
        return Ok(network.trunc());
    }
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(IpNet::from(address)),
        Err(_) => Err(NetworkError {
            text: text.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_single_addresses_are_read() {
        for (text, expected) in [
            ("127.0.0.1/32", "127.0.0.1/32"),
            ("127.0.0.1", "127.0.0.1/32"),
            (" 10.1.2.3/8 ", "10.0.0.0/8"),
            ("::1", "::1/128"),
            ("fd00::1/8", "fd00::/8"),
        ] {
            assert_eq!(parse_network(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for text in [
            "",
            "localhost",
            "10.0.0.0/33",
            "10.0.0",
            "::1/129",
            "1.2.3.4:80",
        ] {
            let error = parse_network(text).unwrap_err().to_string();
            assert!(error.contains("such as 127.0.0.1/32"), "{text}: {error}");
        }
    }
}
