//! The frame around every page: head, navigation, contents, neighbours.

use std::fmt::Write as _;

use super::{
    Draft,
    assets::asset_url,
    escape,
    markdown::Rendered,
    pages::{self, GROUPS, PageSource},
};

const ICON: &str = include_str!("../../assets/icon.svg");
const MENU: &str =
    r#"<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 5.5h14M3 10h14M3 14.5h14"/></svg>"#;
const CLOSE: &str =
    r#"<svg viewBox="0 0 20 20" aria-hidden="true"><path d="m5 5 10 10M15 5 5 15"/></svg>"#;
const LENS: &str = r#"<svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="9" cy="9" r="5.5"/><path d="m13 13 4 4"/></svg>"#;
const SUN_AND_MOON: &str = r#"<svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="6.5"/><path class="full" d="M10 3.5a6.5 6.5 0 0 1 0 13z"/></svg>"#;

/// Writes a whole page.
pub(super) fn page(
    draft: &Draft,
    rendered: &Rendered,
    all: &[Draft],
    before: Option<&Draft>,
    after: Option<&Draft>,
) -> String {
    let title = escape(&draft.title);
    let slug = draft.source.slug;
    let article = format!(
        "<article>\n<header class=\"page-head\">\n<p class=\"crumb\">{group}</p>\n<h1>{title}</h1>\n\
         <p class=\"lead\">{lead}</p>\n{operation}\
         <p class=\"page-links\"><a href=\"/docs/{slug}.md\">View as Markdown</a></p>\n</header>\n{body}\n</article>\n\
         <nav class=\"neighbours\" aria-label=\"Neighbouring pages\">{before}{after}</nav>\n",
        group = escape(group_of(draft.source)),
        lead = lead(&draft.summary),
        operation = draft.source.operation.map(operation).unwrap_or_default(),
        body = rendered.html,
        before = before
            .map(|page| neighbour(page, "previous", "Previous"))
            .unwrap_or_default(),
        after = after
            .map(|page| neighbour(page, "next", "Next"))
            .unwrap_or_default(),
    );
    let head = Head {
        title: if slug == pages::HOME {
            "drape documentation".to_owned()
        } else {
            format!("{title} · drape")
        },
        description: escape(&draft.summary.replace('`', "")),
        canonical: Some(draft.path()),
        source: Some(format!("/docs/{slug}.md")),
    };
    frame(&head, all, Some(draft), &article, &contents(rendered))
}

/// Writes the answer for a page that does not exist.
pub(super) fn not_found(all: &[Draft]) -> String {
    let head = Head {
        title: "Page not found · drape".to_owned(),
        description: "There is no such page.".to_owned(),
        canonical: None,
        source: None,
    };
    let article = "<article>\n<header class=\"page-head\">\n<p class=\"crumb\">404</p>\n<h1>Page not found</h1>\n\
         <p class=\"lead\">There is no such page in this documentation.</p>\n</header>\n\
         <p>It may have been renamed. Press <kbd>/</kbd> to search, or begin at the <a href=\"/docs\">introduction</a>.</p>\n</article>\n";
    frame(&head, all, None, article, "")
}

struct Head {
    title: String,
    description: String,
    canonical: Option<String>,
    source: Option<String>,
}

fn frame(
    head: &Head,
    all: &[Draft],
    current: Option<&Draft>,
    article: &str,
    contents: &str,
) -> String {
    let mut links = String::new();
    if let Some(path) = &head.canonical {
        let _ = writeln!(links, "<link rel=\"canonical\" href=\"{path}\">");
    }
    if let Some(path) = &head.source {
        let _ = writeln!(
            links,
            "<link rel=\"alternate\" type=\"text/markdown\" href=\"{path}\">"
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<meta name=\"description\" content=\"{description}\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n{links}\
         <link rel=\"icon\" type=\"image/svg+xml\" href=\"{icon}\">\n\
         <link rel=\"stylesheet\" href=\"{css}\">\n\
         <script src=\"{theme}\"></script>\n<script src=\"{script}\" defer></script>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the text</a>\n\
         <header class=\"bar\">\n\
         <button class=\"icon menu\" type=\"button\" aria-label=\"Pages\" aria-expanded=\"false\" aria-controls=\"pages\">{MENU}{CLOSE}</button>\n\
         <a class=\"brand\" href=\"/docs\">{mark}<span>drape</span><small>{version}</small></a>\n\
         <button class=\"search-button\" type=\"button\" aria-haspopup=\"dialog\">{LENS}<span>Search</span><kbd>/</kbd></button>\n\
         <a class=\"bar-link\" href=\"/openapi.json\">OpenAPI</a>\n\
         <a class=\"bar-link\" href=\"/docs/llms.txt\">llms.txt</a>\n\
         <button class=\"icon theme\" type=\"button\" aria-label=\"Switch between light and dark\">{SUN_AND_MOON}</button>\n\
         </header>\n\
         <div class=\"columns\">\n<nav id=\"pages\" class=\"pages\" aria-label=\"Pages\">\n{navigation}</nav>\n\
         <main id=\"content\" tabindex=\"-1\">\n{article}</main>\n{contents}</div>\n\
         <dialog class=\"search\" aria-label=\"Search\">\n<form method=\"dialog\" class=\"search-box\">{LENS}\
         <input type=\"search\" placeholder=\"Search the documentation\" aria-label=\"Search the documentation\" autocomplete=\"off\" spellcheck=\"false\">\
         <button type=\"submit\">Esc</button></form>\n<ol class=\"hits\"></ol>\n<p class=\"search-note\"></p>\n</dialog>\n\
         </body>\n</html>\n",
        title = head.title,
        description = head.description,
        icon = asset_url("icon.svg"),
        css = asset_url("docs.css"),
        theme = asset_url("theme.js"),
        script = asset_url("docs.js"),
        mark = ICON.trim(),
        version = env!("CARGO_PKG_VERSION"),
        navigation = navigation(all, current),
    )
}

fn navigation(all: &[Draft], current: Option<&Draft>) -> String {
    let mut html = String::new();
    for group in GROUPS {
        let _ = writeln!(html, "<h2>{}</h2>\n<ul>", escape(group.title));
        for source in group.pages {
            let Some(draft) = all.iter().find(|draft| draft.source.slug == source.slug) else {
                continue;
            };
            let is_current = current.is_some_and(|current| current.source.slug == source.slug);
            let mark = if is_current {
                " aria-current=\"page\""
            } else {
                ""
            };
            let method = source
                .operation
                .and_then(|operation| operation.split_once(' '));
            let badge = method.map(|(method, _)| badge(method)).unwrap_or_default();
            let _ = writeln!(
                html,
                "<li><a href=\"{}\"{mark}><span>{}</span>{badge}</a></li>",
                draft.path(),
                escape(&draft.title)
            );
        }
        html.push_str("</ul>\n");
    }
    html
}

/// Method and path of an operation, as a line of its own.
fn operation(operation: &str) -> String {
    let Some((method, path)) = operation.split_once(' ') else {
        return String::new();
    };
    format!(
        "<p class=\"operation\">{}<code>{}</code></p>\n",
        badge(method),
        escape(path)
    )
}

fn badge(method: &str) -> String {
    let short = match method {
        "DELETE" => "DEL",
        other => other,
    };
    format!(
        "<span class=\"method {}\">{short}</span>",
        method.to_lowercase()
    )
}

fn contents(rendered: &Rendered) -> String {
    if rendered.headings.len() < 2 {
        return "<div class=\"contents\"></div>\n".to_owned();
    }
    let mut html = String::from(
        "<nav class=\"contents\" aria-label=\"On this page\">\n<h2>On this page</h2>\n<ul>\n",
    );
    for heading in &rendered.headings {
        let _ = writeln!(
            html,
            "<li class=\"level-{}\"><a href=\"#{}\">{}</a></li>",
            heading.level,
            escape(&heading.anchor),
            escape(&heading.text)
        );
    }
    html.push_str("</ul>\n</nav>\n");
    html
}

fn neighbour(page: &Draft, class: &str, label: &str) -> String {
    format!(
        "<a class=\"{class}\" rel=\"{rel}\" href=\"{path}\"><small>{label}</small>{title}</a>",
        rel = if class == "next" { "next" } else { "prev" },
        path = page.path(),
        title = escape(&page.title),
    )
}

fn group_of(source: &PageSource) -> &'static str {
    GROUPS
        .iter()
        .find(|group| group.pages.iter().any(|page| page.slug == source.slug))
        .map_or("", |group| group.title)
}

/// The summary with its `code`.
fn lead(summary: &str) -> String {
    let pieces = summary.split('`').enumerate();
    pieces
        .map(|(index, piece)| match index % 2 {
            0 => escape(piece),
            _ => format!("<code>{}</code>", escape(piece)),
        })
        .collect()
}
