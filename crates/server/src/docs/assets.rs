//! Style and scripts of the pages.

use std::sync::LazyLock;

use super::Document;

/// Files below `/docs/assets/`.
static ASSETS: LazyLock<[(&str, Document); 4]> = LazyLock::new(|| {
    let css = "text/css; charset=utf-8";
    let script = "text/javascript; charset=utf-8";
    [
        (
            "docs.css",
            Document::new(css, include_str!("../../assets/docs.css")),
        ),
        (
            "theme.js",
            Document::new(script, include_str!("../../assets/theme.js")),
        ),
        (
            "docs.js",
            Document::new(script, include_str!("../../assets/docs.js")),
        ),
        (
            "icon.svg",
            Document::new("image/svg+xml", include_str!("../../assets/icon.svg")),
        ),
    ]
});

/// Finds a file by its name.
pub(crate) fn asset(name: &str) -> Option<&'static Document> {
    let found = ASSETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, document)| document)
}

/// Address of a file with its version, so that it can be kept for long.
pub(super) fn asset_url(name: &str) -> String {
    let tag = asset(name).map_or("", |document| document.tag.trim_matches('"'));
    format!("/docs/assets/{name}?v={tag}")
}
