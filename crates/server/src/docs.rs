//! The documentation that the server serves: the pages of `docs/site/`, filled in from the code and rendered once.

mod assets;
mod fill;
mod highlight;
mod markdown;
mod pages;
mod search;
mod tables;
mod template;

use std::{fmt::Write as _, sync::LazyLock};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use fill::Target;
use markdown::Rendered;
use pages::{GROUPS, PageSource};

pub(crate) use assets::asset;

/// One thing that a client can read, with the tag by which it asks for it again.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// Media type.
    pub content_type: &'static str,
    /// Content.
    pub body: Bytes,
    /// Entity tag, with its quotes.
    pub tag: String,
}

impl Document {
    fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let tag = format!("\"{}\"", short_hash(&body));
        Self {
            content_type,
            body,
            tag,
        }
    }
}

/// A page in its two forms.
struct Page {
    source: &'static PageSource,
    title: String,
    summary: String,
    html: Document,
    markdown: Document,
    rendered: Rendered,
}

/// All pages and what is made from them.
pub(crate) struct Site {
    pages: Vec<Page>,
    /// Answer for a page that does not exist, as HTML.
    pub not_found: Document,
    /// Index of the pages for language models (llmstxt.org).
    pub llms: Document,
    /// All pages in one text.
    pub llms_full: Document,
    /// What the search box looks through.
    pub search_index: Document,
}

/// The site of this program.
pub(crate) static SITE: LazyLock<Site> = LazyLock::new(Site::build);

const HTML: &str = "text/html; charset=utf-8";
const MARKDOWN: &str = "text/markdown; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

impl Site {
    /// Finds a page by the name in its address; `.md` asks for the source.
    pub(crate) fn find(&self, name: &str) -> Option<&Document> {
        let (slug, wants_source) = match name.strip_suffix(".md") {
            Some(slug) => (slug, true),
            None => (name, false),
        };
        let page = self.pages.iter().find(|page| page.source.slug == slug)?;
        Some(if wants_source {
            &page.markdown
        } else {
            &page.html
        })
    }

    /// The first page.
    pub(crate) fn home(&self) -> &Document {
        self.pages
            .first()
            .map_or(&self.not_found, |page| &page.html)
    }

    fn build() -> Self {
        let drafts: Vec<Draft> = pages::all().map(Draft::new).collect();
        let mut site_pages = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts.iter().enumerate() {
            let rendered = markdown::render(&draft.html_body);
            let before = index.checked_sub(1).and_then(|before| drafts.get(before));
            let html = template::page(draft, &rendered, &drafts, before, drafts.get(index + 1));
            site_pages.push(Page {
                source: draft.source,
                title: draft.title.clone(),
                summary: draft.summary.clone(),
                html: Document::new(HTML, html),
                markdown: Document::new(MARKDOWN, draft.markdown.clone()),
                rendered,
            });
        }
        Self {
            not_found: Document::new(HTML, template::not_found(&drafts)),
            llms: Document::new(TEXT, llms_index(&drafts)),
            llms_full: Document::new(TEXT, llms_full(&drafts)),
            search_index: Document::new(JSON, search::index(&site_pages)),
            pages: site_pages,
        }
    }
}

/// A page before it is rendered.
struct Draft {
    source: &'static PageSource,
    title: String,
    summary: String,
    /// Whole page, filled in for readers of the source.
    markdown: String,
    /// Page below title and summary, filled in for HTML.
    html_body: String,
}

impl Draft {
    fn new(source: &'static PageSource) -> Self {
        let (title, summary, body) = split_head(source.text);
        Self {
            source,
            title: title.to_owned(),
            summary: summary.to_owned(),
            markdown: fill::fill(source.text, Target::Markdown),
            html_body: fill::fill(body, Target::Html),
        }
    }

    /// Address of the page.
    fn path(&self) -> String {
        page_path(self.source.slug)
    }
}

/// Address of a page; the first one is the documentation itself.
fn page_path(slug: &str) -> String {
    if slug == pages::HOME {
        "/docs".to_owned()
    } else {
        format!("/docs/{slug}")
    }
}

/// Takes a page apart: `# title`, `> summary` in one line, and the rest.
fn split_head(text: &str) -> (&str, &str, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let title = first.trim_start_matches('#').trim();
    match rest.trim_start().strip_prefix('>') {
        Some(quoted) => {
            let (summary, body) = quoted.split_once('\n').unwrap_or((quoted, ""));
            (title, summary.trim(), body)
        }
        None => (title, "", rest),
    }
}

/// The index of the site as <https://llmstxt.org> describes it.
fn llms_index(drafts: &[Draft]) -> String {
    let mut text = String::from(
        "# drape\n\n\
         > Self-hosted virtual try-on server. A photo of a person and a product picture in, a picture of that person wearing the product out. \
         Speaks the Genlook Try-On API, version 1.\n\n\
         Every page below is Markdown. All of them in one file: [llms-full.txt](/docs/llms-full.txt). \
         The API as OpenAPI 3.1: [openapi.json](/openapi.json).\n",
    );
    for group in GROUPS {
        let _ = writeln!(text, "\n## {}\n", group.title);
        for page in group.pages {
            let draft = drafts.iter().find(|draft| draft.source.slug == page.slug);
            if let Some(draft) = draft {
                let _ = writeln!(
                    text,
                    "- [{}](/docs/{}.md): {}",
                    draft.title, page.slug, draft.summary
                );
            }
        }
    }
    text
}

fn llms_full(drafts: &[Draft]) -> String {
    let mut text = String::new();
    for draft in drafts {
        let _ = writeln!(
            text,
            "<!-- /docs/{}.md -->\n\n{}\n",
            draft.source.slug,
            draft.markdown.trim()
        );
    }
    text
}

/// The first 16 hex digits of a content hash.
fn short_hash(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(16);
    for byte in &Sha256::digest(bytes)[..8] {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Writes text so that it means itself in HTML, in attributes too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
