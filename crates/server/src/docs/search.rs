//! What the search box looks through: one entry per heading.

use serde::Serialize;

use super::{Page, page_path};

/// Longest text of an entry in characters; the start of a section says what it is about.
const MAX_TEXT_CHARS: usize = 1_200;

#[derive(Serialize)]
struct Entry<'p> {
    /// Address with anchor.
    url: String,
    /// Title of the page.
    page: &'p str,
    /// Heading inside the page; empty at its top.
    heading: &'p str,
    /// Words below the heading.
    text: String,
}

/// Makes the index as JSON.
pub(super) fn index(pages: &[Page]) -> String {
    let entries: Vec<_> = pages.iter().flat_map(entries_of).collect();
    // Strings always serialise.
    serde_json::to_string(&entries).unwrap_or_default()
}

fn entries_of(page: &Page) -> Vec<Entry<'_>> {
    let path = page_path(page.source.slug);
    let mut entries = Vec::new();
    for section in &page.rendered.sections {
        let (url, heading) = match &section.heading {
            Some(heading) => (format!("{path}#{}", heading.anchor), heading.text.as_str()),
            None => (path.clone(), ""),
        };
        let mut text = section.text.clone();
        if section.heading.is_none() {
            text = format!("{} {text}", page.summary);
        }
        entries.push(Entry {
            url,
            page: &page.title,
            heading,
            text: text.chars().take(MAX_TEXT_CHARS).collect(),
        });
    }
    entries
}
