//! Pages: a limit, an opaque cursor, and what came out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::{Error, Result};

/// Largest page that a caller may ask for.
pub const MAX_LIMIT: u32 = 200;
/// Page size when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 50;

/// Place in a newest-first list: the last row that was given out.
///
/// Rows that are added later stand before the cursor, so following pages neither repeat nor skip a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub Uuid);

impl Cursor {
    /// Opaque form for the caller.
    pub fn encode(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_bytes())
    }

    /// Reads the opaque form back.
    pub fn decode(text: &str) -> Result<Self> {
        let bad = || Error::invalid_field("cursor", "Invalid cursor");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        Uuid::from_slice(&bytes).map(Self).map_err(|_| bad())
    }
}

/// What part of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// Rows at most, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// Where the previous page ended.
    pub after: Option<Cursor>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: DEFAULT_LIMIT,
            after: None,
        }
    }
}

/// One page of a list, newest first.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Rows of this page.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts a page out of up to `limit + 1` rows: one row more than asked for proves that there is a next page.
    pub fn from_overfetched(mut rows: Vec<T>, limit: u32, cursor_of: impl Fn(&T) -> Uuid) -> Self {
        let limit = limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more {
            rows.last().map(|row| Cursor(cursor_of(row)))
        } else {
            None
        };
        Self { items: rows, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_goes_both_ways_and_refuses_noise() {
        let cursor = Cursor(Uuid::from_u128(77));
        assert_eq!(Cursor::decode(&cursor.encode()).ok(), Some(cursor));
        for text in ["", "x", "!!!", "AAAA", &"A".repeat(500)] {
            assert!(Cursor::decode(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        let rows = |n: u128| (1..=n).map(Uuid::from_u128).collect::<Vec<_>>();
        assert!(
            Page::from_overfetched(rows(3), 3, |row| *row)
                .next
                .is_none()
        );
        let page = Page::from_overfetched(rows(4), 3, |row| *row);
        assert_eq!(page.items.len(), 3);
        assert_eq!(page.next, Some(Cursor(Uuid::from_u128(3))));
    }
}
