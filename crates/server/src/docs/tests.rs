//! The site as a whole: nothing is missing, nothing leads nowhere, nothing comes from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::api::openapi::openapi;

/// Every value of an attribute in a page.
fn attributes<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    let start = format!(" {name}=\"");
    html.split(&start)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

fn html(page: &Page) -> String {
    String::from_utf8(page.html.body.to_vec()).unwrap()
}

#[test]
fn every_page_has_its_head_and_no_placeholder_left() {
    let mut titles = BTreeSet::new();
    for page in &SITE.pages {
        let slug = page.source.slug;
        assert!(titles.insert(&page.title), "{slug}: a title twice");
        assert!(
            page.summary.len() > 20,
            "{slug}: a summary that says nothing"
        );
        assert!(page.source.text.starts_with("# "), "{slug}");
        let (html, markdown) = (html(page), String::from_utf8_lossy(&page.markdown.body));
        for text in [html.as_str(), &markdown] {
            assert!(
                !fill::has_placeholder(text),
                "{slug}: a placeholder is left"
            );
        }
        assert_eq!(html.matches("<h1>").count(), 1, "{slug}");
        assert!(html.contains("<meta name=\"description\" content=\""));
        assert!(html.contains(&format!("/docs/{slug}.md")), "{slug}");
    }
}

#[test]
fn every_file_of_the_folder_is_a_page() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/site");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed: BTreeSet<String> = pages::all()
        .map(|page| format!("{}.md", page.slug))
        .collect();
    assert_eq!(files, listed);
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let mut targets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for page in &SITE.pages {
        let html = html(page);
        let ids: Vec<_> = attributes(&html, "id")
            .into_iter()
            .map(str::to_owned)
            .collect();
        let unique: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(ids.len(), unique.len(), "{}: an id twice", page.source.slug);
        targets.insert(format!("/docs/{}.md", page.source.slug), BTreeSet::new());
        targets.insert(page_path(page.source.slug), unique);
    }
    for other in ["/openapi.json", "/docs/llms.txt", "/docs/llms-full.txt"] {
        targets.insert(other.to_owned(), BTreeSet::new());
    }
    let mut count = 0;
    for page in &SITE.pages {
        let own_path = page_path(page.source.slug);
        for link in attributes(&html(page), "href") {
            if link.starts_with("https://") || link.starts_with("/docs/assets/") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if path.is_empty() { &own_path } else { path };
            let anchors = targets.get(path);
            let anchors = anchors.unwrap_or_else(|| panic!("{own_path}: {link} leads nowhere"));
            assert!(
                anchor.is_empty() || anchors.contains(anchor),
                "{own_path}: {link} leads to no heading"
            );
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let not_found = String::from_utf8(SITE.not_found.body.to_vec()).unwrap();
    let texts = SITE.pages.iter().map(html).chain([not_found]);
    for html in texts {
        for source in attributes(&html, "src") {
            assert!(source.starts_with("/docs/assets/"), "{source}");
        }
        for tag in html.split("<link ").skip(1) {
            let tag = tag.split('>').next().unwrap();
            assert!(!tag.contains("://"), "{tag}");
        }
        for forbidden in ["<style", "style=\"", "onclick", "@import", "javascript:"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        for script in html.split("<script").skip(1) {
            let inside = script.split_once('>').unwrap().1;
            assert!(inside.starts_with("</script>"), "a script inside a page");
        }
    }
    for name in ["docs.css", "theme.js", "docs.js"] {
        let text = String::from_utf8(asset(name).unwrap().body.to_vec()).unwrap();
        assert!(!text.contains("://") && !text.contains("url("), "{name}");
    }
}

#[test]
fn every_operation_has_a_page_and_every_such_page_an_operation() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut operations = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let tag = operation["tags"][0].as_str().unwrap();
            if !matches!(tag, "operation" | "admin" | "documentation") {
                operations.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let described: BTreeSet<String> = pages::all()
        .filter_map(|page| page.operation.map(str::to_owned))
        .collect();
    assert_eq!(operations, described);
    for page in pages::all() {
        let Some(operation) = page.operation else {
            continue;
        };
        let errors = format!("{{{{errors {operation}}}}}");
        assert!(page.text.contains(&errors), "{}: no errors", page.slug);
        assert!(page.text.contains("```bash run"), "{}: no call", page.slug);
    }
}

#[test]
fn the_page_of_errors_has_the_table_of_the_code() {
    let page = SITE.find("errors.md").unwrap();
    let text = String::from_utf8_lossy(&page.body);
    assert!(text.contains(tables::all_errors().trim()));
}

#[test]
fn the_index_lists_every_page_and_the_full_text_holds_it() {
    let index = String::from_utf8_lossy(&SITE.llms.body);
    let full = String::from_utf8_lossy(&SITE.llms_full.body);
    assert!(index.starts_with("# drape\n\n> "));
    for page in &SITE.pages {
        let line = format!(
            "- [{}](/docs/{}.md): {}\n",
            page.title, page.source.slug, page.summary
        );
        assert!(index.contains(&line), "{line}");
        let markdown = String::from_utf8_lossy(&page.markdown.body);
        assert!(full.contains(markdown.trim()), "{}", page.source.slug);
    }
}

#[test]
fn the_search_knows_every_page() {
    let entries: Vec<Value> = serde_json::from_slice(&SITE.search_index.body).unwrap();
    for page in &SITE.pages {
        let top = entries
            .iter()
            .find(|entry| entry["url"] == page_path(page.source.slug))
            .unwrap();
        assert_eq!(top["page"], page.title);
        assert!(top["text"].as_str().unwrap().starts_with(&page.summary));
    }
    let found = entries.iter().any(|entry| {
        entry["url"] == "/docs/errors#all-codes"
            && entry["text"].as_str().unwrap().contains("MISSING_API_KEY")
    });
    assert!(found);
}

#[test]
fn the_same_code_makes_the_same_pages() {
    let again = Site::build();
    for (one, other) in SITE.pages.iter().zip(&again.pages) {
        assert_eq!(one.html.tag, other.html.tag);
        assert_eq!(one.html.body, other.html.body);
    }
    assert_eq!(SITE.search_index.tag, again.search_index.tag);
}

#[test]
fn colours_can_be_read() {
    let css = String::from_utf8(asset("docs.css").unwrap().body.to_vec()).unwrap();
    let light = colours(&css, ":root {");
    let dark = colours(&css, ":root[data-theme=\"dark\"] {");
    let system = colours(&css, ":root:not([data-theme=\"light\"]) {");
    assert_eq!(dark, system, "dark by choice and dark by system differ");
    for theme in [light, dark] {
        for text in ["text", "soft", "accent", "get", "post", "delete", "patch"] {
            for ground in ["ground", "raised"] {
                let ratio = contrast(theme[text], theme[ground]);
                assert!(ratio >= 4.5, "{text} on {ground}: {ratio:.2}");
            }
        }
        assert!(contrast(theme["accent"], theme["accent-ground"]) >= 4.5);
        for token in ["text", "string", "name", "keyword", "number", "comment"] {
            let ratio = contrast(theme[format!("code-{token}").as_str()], theme["raised"]);
            assert!(ratio >= 4.5, "code-{token}: {ratio:.2}");
        }
    }
}

/// The colours that a block of the style names, as red, green and blue.
fn colours<'c>(css: &'c str, block: &str) -> BTreeMap<&'c str, [f64; 3]> {
    let start = css.find(block).unwrap() + block.len();
    let block = css[start..].split('}').next().unwrap();
    let named = block.split(';').filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(": #")?;
        let digits: String = match value.len() {
            3 => value.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => value.to_owned(),
        };
        let part = |at: usize| f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap());
        Some((name, [part(0), part(2), part(4)]))
    });
    named.collect()
}

/// Contrast of two colours as WCAG 2.2 defines it, 1 to 21.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let linear = colour.map(|part| {
            let part = part / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}
