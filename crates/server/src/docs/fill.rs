//! Fills in what the code knows better than a text: tables of codes, fields and settings, defaults, the version.

use std::borrow::Cow;

use super::tables;
use crate::config::setting_default;

/// Who reads the filled page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A browser; figures become drawings.
    Html,
    /// A reader of the source; figures stay text.
    Markdown,
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const CHANGELOG: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../CHANGELOG.md"));
const FLOW_SVG: &str = include_str!("../../assets/flow.svg");
const FLOW_TEXT: &str = include_str!("../../assets/flow.txt");

/// Replaces every `{{placeholder}}` of a page. One that means nothing stays as it is, which a test finds.
pub(super) fn fill(text: &str, target: Target) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        filled.push_str(before);
        let found = split_placeholder(after).and_then(|(name, after)| {
            let value = value_of(name.trim(), target)?;
            Some((value, after))
        });
        if let Some((value, after)) = found {
            filled.push_str(&value);
            rest = after;
        } else {
            filled.push_str(OPEN);
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

/// Cuts at the closing braces; one more brace before them belongs to a path template.
fn split_placeholder(rest: &str) -> Option<(&str, &str)> {
    let mut end = rest.find(CLOSE)?;
    while rest[end + 1..].starts_with(CLOSE) {
        end += 1;
    }
    Some((&rest[..end], &rest[end + CLOSE.len()..]))
}

/// The text for one placeholder.
///
/// `errors` (all codes), `errors POST /path` (codes of one operation), `fields Schema`, `params GET /path`,
/// `operations tag`, `metrics`, `settings`, `default section.key`, `changelog`, `version`, `figure name`.
fn value_of(placeholder: &str, target: Target) -> Option<Cow<'static, str>> {
    let (name, argument) = placeholder.split_once(' ').unwrap_or((placeholder, ""));
    let value = match (name, argument) {
        ("errors", "") => tables::all_errors(),
        ("errors", operation) => tables::errors_of(operation)?,
        ("fields", schema) => tables::fields_of(schema)?,
        ("params", operation) => tables::params_of(operation)?,
        ("operations", tag) => tables::operations_with(tag)?,
        ("metrics", "") => tables::metrics(),
        ("settings", "") => tables::settings(),
        ("default", setting) => shown_default(setting)?,
        ("changelog", "") => changelog().to_owned(),
        ("version", "") => env!("CARGO_PKG_VERSION").to_owned(),
        ("figure", "flow") => figure(FLOW_SVG, FLOW_TEXT, target),
        _ => return None,
    };
    Some(Cow::Owned(value))
}

/// A default as a reader likes it: bytes in MB or KB, long numbers with commas.
fn shown_default(setting: &str) -> Option<String> {
    let value = setting_default(setting)?;
    Some(match value {
        toml::Value::Integer(bytes) if setting.ends_with("_bytes") => shown_bytes(bytes),
        toml::Value::Integer(number) => with_commas(number),
        toml::Value::String(text) => text,
        other => other.to_string(),
    })
}

fn shown_bytes(bytes: i64) -> String {
    for (unit, name) in [(1_000_000, "MB"), (1_000, "KB")] {
        if bytes >= unit && bytes % unit == 0 {
            return format!("{} {name}", bytes / unit);
        }
    }
    format!("{} bytes", with_commas(bytes))
}

fn with_commas(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digit.is_ascii_digit() && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The changelog below its own title.
fn changelog() -> &'static str {
    CHANGELOG
        .split_once('\n')
        .map_or(CHANGELOG, |(_, rest)| rest.trim())
}

fn figure(drawing: &str, text: &str, target: Target) -> String {
    match target {
        Target::Html => format!("<figure>{}</figure>", drawing.trim()),
        Target::Markdown => format!("```text figure\n{}\n```", text.trim_end()),
    }
}

/// A cell of a table: one line, no bar that would end it.
pub(super) fn cell(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|").replace('<', "&lt;")
}

/// Says whether a text still has a placeholder.
#[cfg(test)]
pub(super) fn has_placeholder(text: &str) -> bool {
    text.contains(OPEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_unknown_ones_stay() {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            fill("a {{version}} b {{ version }}", Target::Html),
            format!("a {version} b {version}")
        );
        for left in ["{{nope}}", "{{errors GET /nope}}", "{{fields Nope}}", "{{"] {
            assert_eq!(fill(left, Target::Html), left);
            assert!(has_placeholder(left));
        }
    }

    #[test]
    fn defaults_are_shown_in_units() {
        assert_eq!(
            fill("{{default limits.max_picture_bytes}}", Target::Html),
            "10 MB"
        );
        assert_eq!(
            fill("{{default limits.max_pixels}}", Target::Html),
            "50,000,000"
        );
        assert_eq!(fill("{{default engine.default}}", Target::Html), "preview");
        assert_eq!(
            fill("{{default no.such}}", Target::Html),
            "{{default no.such}}"
        );
        assert_eq!(with_commas(-1_234), "-1,234");
        assert_eq!(with_commas(100), "100");
        assert_eq!(shown_bytes(1_500), "1,500 bytes");
    }

    #[test]
    fn figures_are_drawings_for_browsers_only() {
        assert!(fill("{{figure flow}}", Target::Html).contains("<svg"));
        assert!(fill("{{figure flow}}", Target::Markdown).starts_with("```text"));
    }

    #[test]
    fn cells_stay_in_their_table() {
        assert_eq!(cell("a | b\nc  <d>"), "a \\| b c &lt;d>");
    }
}
