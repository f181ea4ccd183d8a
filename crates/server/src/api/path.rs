//! Ids in paths.

use std::{convert::Infallible, str::FromStr};

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

/// The one parameter of a path, percent-decoded; none when it is not UTF-8.
///
/// Whatever cannot be an id names nothing, so handlers answer with their own "not found".
pub(crate) struct PathId(Option<String>);

impl PathId {
    /// Reads the id; none when nothing can have it.
    pub(crate) fn parse<T: FromStr>(&self) -> Option<T> {
        self.0.as_deref()?.parse().ok()
    }

    /// The id as text; none when it is not UTF-8.
    pub(crate) fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The text for a message, cut to a sane length.
    pub(crate) fn shown(&self) -> String {
        let text = self.0.as_deref().unwrap_or("?");
        text.chars()
            .filter(|shown| !shown.is_control())
            .take(255)
            .collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let first = params
            .ok()
            .and_then(|params| params.iter().next().map(|(_, value)| value.to_owned()));
        Ok(Self(first))
    }
}

/// All parameters of a path by their names, percent-decoded; those that are not UTF-8 are missing.
///
/// For paths with more than one id; as with [`PathId`], what cannot be an id names nothing.
pub(crate) struct PathIds(Vec<(String, String)>);

impl PathIds {
    /// The text with this name in the route's template.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// Reads the id with this name; none when nothing can have it.
    pub(crate) fn parse<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathIds {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map(|params| {
            let pairs = params.iter();
            pairs
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect()
        });
        Ok(Self(params.unwrap_or_default()))
    }
}
