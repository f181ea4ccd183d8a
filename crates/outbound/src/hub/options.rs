//! Endpoint, token, proxies and patience of a hub client.

use std::{fmt, time::Duration};

use reqwest::{NoProxy, Proxy, header::HeaderValue};
use rustls::pki_types::CertificateDer;
use url::Url;

/// The public hub.
const PUBLIC_HUB: &str = "https://huggingface.co";

/// How a hub is reached.
#[derive(Debug, Clone)]
pub struct HubOptions {
    /// Scheme, host and, for a mirror below a path, the path.
    pub endpoint: Url,
    /// Sent to the endpoint's own host only.
    pub token: Option<Token>,
    /// Proxies on the way.
    pub proxies: Proxies,
    /// What the `User-Agent` header says.
    pub user_agent: String,
    /// Certificate authorities to trust beside Mozilla's.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Time for one connection, TLS included.
    pub connect_timeout: Duration,
    /// Time without a byte after which a connection counts as cut.
    pub stall_timeout: Duration,
    /// How often to try again.
    pub retries: Retries,
}

/// An option that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubOptionsError {
    /// Not an address of a hub.
    #[error("`{0}` is no address of a hub: expected http(s)://host, such as {PUBLIC_HUB}")]
    Endpoint(String),
    /// Characters that no header can carry. The token itself is not repeated.
    #[error("the token is empty or has characters that no token has")]
    Token,
    /// Not an address of a proxy. What follows `://` may hold a password and is not repeated.
    #[error("the proxy for {0} is not understood: expected http://host:port or https://host:port")]
    Proxy(&'static str),
}

impl HubOptions {
    /// Options for an endpoint; `None` is the public hub.
    pub fn new(endpoint: Option<&str>) -> Result<Self, HubOptionsError> {
        let text = endpoint.unwrap_or(PUBLIC_HUB);
        let endpoint = Url::parse(text.trim())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .filter(|url| url.query().is_none() && url.fragment().is_none())
            .ok_or_else(|| HubOptionsError::Endpoint(text.to_owned()))?;
        Ok(Self {
            endpoint,
            token: None,
            proxies: Proxies::default(),
            user_agent: concat!("drape/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_roots: Vec::new(),
            connect_timeout: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(30),
            retries: Retries::default(),
        })
    }
}

/// A bearer token; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(HeaderValue);

impl Token {
    /// Takes a token as it stands in a setting.
    pub fn new(text: &str) -> Result<Self, HubOptionsError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(HubOptionsError::Token);
        }
        let mut value =
            HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| HubOptionsError::Token)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Proxies by the scheme of what is asked for.
#[derive(Clone, Default)]
pub struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    except: Option<String>,
}

impl Proxies {
    /// Takes proxies as they stand in `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`; an empty text is none.
    pub fn new(
        http: Option<&str>,
        https: Option<&str>,
        except: Option<&str>,
    ) -> Result<Self, HubOptionsError> {
        Ok(Self {
            http: parse_proxy("http", http)?,
            https: parse_proxy("https", https)?,
            except: except.map(str::to_owned),
        })
    }

    pub(super) fn build(&self) -> Result<Vec<Proxy>, reqwest::Error> {
        let except = self.except.as_deref().and_then(NoProxy::from_string);
        let mut proxies = Vec::new();
        if let Some(url) = &self.http {
            proxies.push(Proxy::http(url.clone())?.no_proxy(except.clone()));
        }
        if let Some(url) = &self.https {
            proxies.push(Proxy::https(url.clone())?.no_proxy(except));
        }
        Ok(proxies)
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |url: &Option<Url>| url.as_ref().and_then(Url::host_str).map(str::to_owned);
        f.debug_struct("Proxies")
            .field("http", &host(&self.http))
            .field("https", &host(&self.https))
            .field("except", &self.except)
            .finish()
    }
}

/// Reads the address of a proxy; without a scheme it is `http`, as other tools have it.
fn parse_proxy(what: &'static str, text: Option<&str>) -> Result<Option<Url>, HubOptionsError> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let text = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
        _ => Err(HubOptionsError::Proxy(what)),
    }
}

/// How often, and after which pauses, a download is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// Failures in a row, without progress in between, that are borne.
    pub max_failures: u32,
    /// Pause after the first failure; it doubles with each further one.
    pub first_pause: Duration,
    /// Longest pause of that row.
    pub longest_pause: Duration,
    /// Longest pause that a server may ask for; where it asks for more, the download ends.
    pub longest_retry_after: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            max_failures: 6,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
            longest_retry_after: Duration::from_mins(5),
        }
    }
}

impl Retries {
    /// Pause after the `failure`-th failure in a row (from 1), or none when it was the last to be borne.
    pub(super) fn pause(&self, failure: u32, retry_after: Option<Duration>) -> Option<Duration> {
        if failure > self.max_failures {
            return None;
        }
        if let Some(asked) = retry_after {
            return (asked <= self.longest_retry_after).then_some(asked);
        }
        let factor = 2_u32.saturating_pow(failure.saturating_sub(1));
        Some(
            self.first_pause
                .saturating_mul(factor)
                .min(self.longest_pause),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_end() {
        let retries = Retries::default();
        let pauses: Vec<_> = (1..=7)
            .map(|failure| retries.pause(failure, None).map(|pause| pause.as_secs()))
            .collect();
        let expected = [Some(1), Some(2), Some(4), Some(8), Some(16), Some(30), None];
        assert_eq!(pauses, expected);
    }

    #[test]
    fn a_server_may_ask_for_a_pause_but_not_for_any() {
        let retries = Retries::default();
        let asked = |seconds| retries.pause(1, Some(Duration::from_secs(seconds)));
        assert_eq!(asked(0), Some(Duration::ZERO));
        assert_eq!(asked(300), Some(Duration::from_mins(5)));
        assert_eq!(asked(301), None);
        assert_eq!(retries.pause(7, Some(Duration::ZERO)), None);
    }

    #[test]
    fn endpoints_are_checked() {
        let public = HubOptions::new(None).unwrap();
        assert_eq!(public.endpoint.as_str(), "https://huggingface.co/");
        HubOptions::new(Some("http://127.0.0.1:8081/mirror")).unwrap();
        for wrong in [
            "",
            "huggingface.co",
            "ftp://host",
            "file:///etc",
            "https://host/?a=b",
        ] {
            let error = HubOptions::new(Some(wrong)).unwrap_err();
            assert_eq!(error, HubOptionsError::Endpoint(wrong.to_owned()));
        }
    }

    #[test]
    fn tokens_and_proxies_are_checked_and_never_printed() {
        let token = Token::new(" hf_secret\n").unwrap();
        assert_eq!(format!("{token:?}"), "Token(..)");
        assert!(Token::new("").is_err());
        assert!(Token::new("two words").is_err());
        let proxies = Proxies::new(Some("proxy:3128"), Some("http://u:secret@proxy"), None);
        assert!(!format!("{proxies:?}").contains("secret"));
        assert!(Proxies::new(Some(""), None, None).unwrap().http.is_none());
        let socks = Proxies::new(None, Some("socks5://u:secret@host"), None).unwrap_err();
        assert_eq!(socks, HubOptionsError::Proxy("https"));
        assert!(!socks.to_string().contains("secret"));
    }
}
