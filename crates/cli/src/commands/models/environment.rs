//! What the environment says about the hub, in the names that the hub's own tools use.

use std::collections::BTreeMap;

use drape_outbound::hub::{HubOptions, HubOptionsError, Proxies, Token};

/// Variables that can be asked for.
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process.
    pub(super) fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// Whether the network is not to be used.
    pub(super) fn is_offline(&self) -> bool {
        let value = self.get("HF_HUB_OFFLINE").unwrap_or_default();
        matches!(
            value.to_ascii_lowercase().as_str(),
            "1" | "true" | "yes" | "on"
        )
    }

    /// How the hub is reached.
    pub(super) fn hub_options(&self) -> Result<HubOptions, HubOptionsError> {
        let mut options = HubOptions::new(self.get("HF_ENDPOINT"))?;
        options.token = self.get("HF_TOKEN").map(Token::new).transpose()?;
        let any = self.get_any_case("ALL_PROXY");
        options.proxies = Proxies::new(
            self.get_any_case("HTTP_PROXY").or(any),
            self.get_any_case("HTTPS_PROXY").or(any),
            self.get_any_case("NO_PROXY"),
        )?;
        Ok(options)
    }

    /// A variable; an empty one counts as not set.
    fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// A variable of which both spellings are in use; the small one wins, as it does for curl.
    fn get_any_case(&self, name: &str) -> Option<&str> {
        self.get(&name.to_ascii_lowercase())
            .or_else(|| self.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let pairs = variables
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Environment(pairs.collect())
    }

    #[test]
    fn offline_is_said_in_several_ways() {
        for (value, expected) in [
            ("1", true),
            ("TRUE", true),
            ("on", true),
            ("0", false),
            ("", false),
        ] {
            let is_offline = environment(&[("HF_HUB_OFFLINE", value)]).is_offline();
            assert_eq!(is_offline, expected, "{value}");
        }
        assert!(!environment(&[]).is_offline());
    }

    #[test]
    fn endpoint_token_and_proxies_are_taken_over() {
        let plain = environment(&[("HF_ENDPOINT", " "), ("HF_TOKEN", "")])
            .hub_options()
            .unwrap();
        assert_eq!(plain.endpoint.as_str(), "https://huggingface.co/");
        assert!(plain.token.is_none());

        let set = environment(&[
            ("HF_ENDPOINT", "https://mirror.example"),
            ("HF_TOKEN", "hf_secret"),
            ("HTTPS_PROXY", "http://large:1"),
            ("https_proxy", "http://small:1"),
            ("ALL_PROXY", "http://any:1"),
            ("no_proxy", "intern.example"),
        ])
        .hub_options()
        .unwrap();
        assert_eq!(set.endpoint.as_str(), "https://mirror.example/");
        assert_eq!(set.token, Some(Token::new("hf_secret").unwrap()));
        let proxies = format!("{:?}", set.proxies);
        for part in [
            "http: Some(\"any\")",
            "https: Some(\"small\")",
            "intern.example",
        ] {
            assert!(proxies.contains(part), "{proxies}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for (name, value) in [
            ("HF_ENDPOINT", "huggingface"),
            ("HF_TOKEN", "two words"),
            ("HTTPS_PROXY", "socks5://host"),
        ] {
            assert!(
                environment(&[(name, value)]).hub_options().is_err(),
                "{name}"
            );
        }
    }
}
