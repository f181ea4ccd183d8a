//! Pages of lists.

use axum::extract::FromRequestParts;
use drape_core::page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT, Page, PageRequest};
use http::request::Parts;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{body::fields::Problems, error::ApiError, query::Query};

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageResponse<T> {
    /// Items of this page.
    pub items: Vec<T>,
    /// Cursor of the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// True when there is a next page.
    pub has_more: bool,
    /// Number of items on this page.
    pub count: usize,
}

impl<T> PageResponse<T> {
    /// Turns a page of stored things into a page of answers.
    pub(crate) fn of<S>(page: Page<S>, to_item: impl FnMut(S) -> T) -> Self {
        let items: Vec<T> = page.items.into_iter().map(to_item).collect();
        Self {
            count: items.len(),
            has_more: page.next.is_some(),
            next_cursor: page.next.map(Cursor::encode),
            items,
        }
    }
}

/// Which page to read.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query in the API document")]
pub(crate) struct PageParams {
    /// Items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// The page that a query asks for.
pub(crate) struct AskedPage(pub PageRequest);

impl<S: Sync> FromRequestParts<S> for AskedPage {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut problems = Problems::default();
        let page = read_page(&Query::of(parts), &mut problems);
        problems.into_result()?;
        Ok(Self(page))
    }
}

/// Reads `limit` and `cursor`, and notes what does not fit.
pub(crate) fn read_page(query: &Query, problems: &mut Problems) -> PageRequest {
    let limit = query.get("limit").map_or(DEFAULT_LIMIT, |text| {
        read_limit(text).unwrap_or_else(|message| {
            problems.add("limit", message);
            DEFAULT_LIMIT
        })
    });
    let after = query.get("cursor").and_then(|text| {
        let cursor = Cursor::decode(text);
        if cursor.is_err() {
            problems.add("cursor", "Invalid cursor");
        }
        cursor.ok()
    });
    PageRequest { limit, after }
}

fn read_limit(text: &str) -> Result<u32, String> {
    let number: f64 = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && !text.starts_with('+'))
        .ok_or("Expected number, received string")?;
    if number.fract() != 0.0 {
        return Err("Expected integer, received float".to_owned());
    }
    if number < 1.0 {
        return Err("Number must be greater than or equal to 1".to_owned());
    }
    if number > f64::from(MAX_LIMIT) {
        return Err(format!("Number must be less than or equal to {MAX_LIMIT}"));
    }
    Ok(number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_page(query: &str) -> drape_core::Result<PageRequest> {
        let mut problems = Problems::default();
        let page = super::read_page(&Query::parse(query), &mut problems);
        problems.into_result().map(|()| page)
    }

    fn details(query: &str) -> Vec<(String, String)> {
        let error = read_page(query).unwrap_err();
        error
            .details()
            .iter()
            .map(|detail| (detail.path.clone(), detail.message.clone()))
            .collect()
    }

    #[test]
    fn a_page_has_sane_bounds() {
        assert_eq!(read_page("").unwrap().limit, 50);
        assert_eq!(read_page("limit=1&other=x").unwrap().limit, 1);
        assert_eq!(read_page("limit=200").unwrap().limit, 200);
        for (value, message) in [
            ("0", "Number must be greater than or equal to 1"),
            ("-1", "Number must be greater than or equal to 1"),
            ("201", "Number must be less than or equal to 200"),
            ("1e9", "Number must be less than or equal to 200"),
            ("1.5", "Expected integer, received float"),
            ("abc", "Expected number, received string"),
            ("", "Expected number, received string"),
            ("NaN", "Expected number, received string"),
            ("inf", "Expected number, received string"),
            ("%00", "Expected number, received string"),
        ] {
            assert_eq!(
                details(&format!("limit={value}")),
                [("limit".to_owned(), message.to_owned())],
                "{value}"
            );
        }
    }

    #[test]
    fn both_problems_are_named_at_once() {
        let paths: Vec<_> = details("limit=0&cursor=%ff")
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(paths, ["limit", "cursor"]);
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        let cursor = Cursor(uuid::Uuid::from_u128(5));
        let asked = read_page(&format!("cursor={}", cursor.encode())).unwrap();
        assert_eq!(asked.after, Some(cursor));
        assert!(read_page("cursor=").is_err());
    }
}
