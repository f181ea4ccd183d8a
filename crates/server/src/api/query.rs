//! The query of a URL.

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::{
    body::fields::{Problems, not_a_word_of, text_problem},
    error::ApiError,
};

/// The parameters of a query, percent-decoded; the first one counts when a name comes twice.
#[derive(Debug, Default)]
pub(crate) struct Query(HashMap<String, String>);

impl Query {
    /// Reads the query of a request.
    pub(crate) fn of(parts: &Parts) -> Self {
        Self::parse(parts.uri.query().unwrap_or_default())
    }

    /// Reads the text behind the question mark.
    pub(crate) fn parse(query: &str) -> Self {
        let mut found = HashMap::new();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            found
                .entry(key.into_owned())
                .or_insert_with(|| value.into_owned());
        }
        Self(found)
    }

    /// A text of 1 to `max_chars` characters, if it was sent.
    pub(crate) fn text(
        &self,
        name: &str,
        max_chars: usize,
        problems: &mut Problems,
    ) -> Option<String> {
        let text = self.get(name)?;
        if let Some(message) = text_problem(text, 1..=max_chars) {
            problems.add(name, message);
            return None;
        }
        Some(text.to_owned())
    }

    /// Anything that a text can be read as, if it was sent; `expected` says what to send.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
        expected: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        let value = read(self.get(name)?);
        if value.is_none() {
            problems.add(name, format!("Expected {expected}"));
        }
        value
    }

    /// `true` or `false`, if it was sent.
    pub(crate) fn flag(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        let text = self.get(name)?;
        let flag = text.parse().ok();
        if flag.is_none() {
            problems.add(name, not_a_word_of(&["true", "false"], text));
        }
        flag
    }

    /// A parameter as it was sent, also an empty one.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_counts() {
        let query = Query::parse("a=1&a=2&b=&c=%C3%A9+x&d");
        assert_eq!(query.get("a"), Some("1"));
        assert_eq!(query.get("b"), Some(""));
        assert_eq!(query.get("c"), Some("é x"));
        assert_eq!(query.get("d"), Some(""));
        assert_eq!(query.get("e"), None);
    }
}
