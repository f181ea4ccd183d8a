//! Tables that are made from the code: codes, fields of bodies, parameters, settings.

use std::{fmt::Write as _, sync::LazyLock};

use drape_core::Code;
use serde_json::Value;

use super::fill::cell;
use crate::{
    api::{
        error::kind_to_status,
        openapi::{error_codes_of, openapi},
    },
    config::{REFERENCE, setting_default},
    metrics::METRICS,
    router::listed_routes,
};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(openapi()).unwrap_or_default());

/// Every code: name, status, whether to try again, meaning.
pub(super) fn all_errors() -> String {
    error_table(Code::ALL.iter().copied())
}

/// The codes of one operation, given as method and path template.
pub(super) fn errors_of(operation: &str) -> Option<String> {
    let (method, path) = operation.split_once(' ')?;
    let route = listed_routes()
        .into_iter()
        .find(|route| route.method.as_str() == method && route.path == path)?;
    Some(error_table(error_codes_of(&route).into_iter()))
}

fn error_table(codes: impl Iterator<Item = Code>) -> String {
    let mut table = String::from("| code | status | try again? | meaning |\n|---|---|---|---|\n");
    for code in codes {
        let _ = writeln!(
            table,
            "| `{code}` | {} | {} | {} |",
            kind_to_status(code.kind()).as_u16(),
            if code.is_retryable() { "yes" } else { "no" },
            cell(code.description())
        );
    }
    table
}

/// The fields of an object of the API document.
pub(super) fn fields_of(schema: &str) -> Option<String> {
    let schema = DOCUMENT.pointer(&format!("/components/schemas/{schema}"))?;
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut table = String::from("| field | type | meaning |\n|---|---|---|\n");
    for (name, field) in schema["properties"].as_object()? {
        let mut meaning = description_of(field).to_owned();
        if field["deprecated"] == true {
            meaning.push_str(" Deprecated, but accepted for good.");
        }
        let is_needed = required.contains(&name.as_str());
        let kind = type_of(field);
        let kind = if is_needed || kind.ends_with("null") {
            kind
        } else {
            format!("{kind}, may be absent")
        };
        let _ = writeln!(table, "| `{name}` | {kind} | {} |", cell(&meaning));
    }
    Some(table)
}

/// The parameters of one operation, given as method and path template.
pub(super) fn params_of(operation: &str) -> Option<String> {
    let (method, path) = operation.split_once(' ')?;
    let operation = &DOCUMENT["paths"][path][method.to_lowercase()];
    let mut table = String::from("| parameter | in | type | meaning |\n|---|---|---|---|\n");
    for parameter in operation["parameters"].as_array()? {
        let mut meaning = cell(description_of(parameter));
        let default = &parameter["schema"]["default"];
        if !default.is_null() {
            let _ = write!(meaning, " Default {default}.");
        }
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {meaning} |",
            parameter["name"].as_str()?,
            parameter["in"].as_str()?,
            type_of(&parameter["schema"]),
        );
    }
    Some(table)
}

/// All operations with this tag, in the order of the document.
pub(super) fn operations_with(tag: &str) -> Option<String> {
    let mut table = String::from("| operation | meaning |\n|---|---|\n");
    let mut count = 0;
    for (path, methods) in DOCUMENT["paths"].as_object()? {
        for (method, operation) in methods.as_object()? {
            if operation["tags"][0] == tag {
                let summary = cell(operation["summary"].as_str()?);
                let method = method.to_uppercase();
                let _ = writeln!(table, "| `{method} {path}` | {summary} |");
                count += 1;
            }
        }
    }
    (count > 0).then_some(table)
}

fn description_of(schema: &Value) -> &str {
    let own = schema["description"].as_str();
    let inside = || schema["oneOf"][0]["description"].as_str();
    own.or_else(inside).unwrap_or_default()
}

/// A type in words, such as `string or null`.
fn type_of(schema: &Value) -> String {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap_or_default();
        let is_object = DOCUMENT["components"]["schemas"][name]["type"] == "object";
        return if is_object { "object" } else { name }.to_owned();
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let kinds: Vec<_> = choices.iter().map(type_of).collect();
        return kinds.join(" or ");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["any"],
    };
    let named = kinds.into_iter().map(|kind| match kind {
        "array" => format!("array of {}s", type_of(&schema["items"])),
        "string" if schema["format"] == "date-time" => "time".to_owned(),
        "string" if schema["format"] == "binary" => "file".to_owned(),
        other => other.to_owned(),
    });
    named.collect::<Vec<_>>().join(" or ")
}

/// All metrics with their labels.
pub(super) fn metrics() -> String {
    let mut table = String::from("| metric | labels | meaning |\n|---|---|---|\n");
    for metric in METRICS {
        let labels: Vec<_> = metric.labels.iter().map(|it| format!("`{it}`")).collect();
        let _ = writeln!(
            table,
            "| `{}` | {} | {} |",
            metric.name,
            labels.join(", "),
            cell(metric.help)
        );
    }
    table
}

/// The reference of all settings, one table per section.
pub(super) fn settings() -> String {
    let mut text = String::new();
    let mut section = "";
    for setting in REFERENCE {
        if setting.section != section {
            section = setting.section;
            let _ = write!(
                text,
                "\n## {section}\n\n| setting | default | meaning |\n|---|---|---|\n"
            );
        }
        let default = setting_default(&format!("{section}.{}", setting.key));
        let default = default.map(|value| value.to_string()).unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{section}.{}` | `{}` | {} |",
            setting.key,
            cell(&default),
            cell(setting.doc)
        );
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_errors_has_every_code_once() {
        let table = all_errors();
        for code in Code::ALL {
            let status = kind_to_status(code.kind()).as_u16();
            let start = format!("| `{code}` | {status} |");
            assert_eq!(table.matches(&start).count(), 1, "{code}");
        }
        assert_eq!(table.lines().count(), Code::ALL.len() + 2);
    }

    #[test]
    fn every_metric_has_a_row() {
        let table = metrics();
        for metric in METRICS {
            let start = format!("| `{}` | ", metric.name);
            assert_eq!(table.matches(&start).count(), 1, "{start}");
        }
    }

    #[test]
    fn operations_are_found_by_their_tag() {
        let table = operations_with("products").unwrap();
        assert!(table.contains("| `DELETE /tryon/v1/products/{externalId}` | "));
        assert!(!table.contains("/try-on"));
        assert_eq!(operations_with("nope"), None);
    }

    #[test]
    fn every_setting_has_its_default() {
        let text = settings();
        for setting in REFERENCE {
            let name = format!("{}.{}", setting.section, setting.key);
            let default = setting_default(&name).unwrap();
            let row = format!("| `{name}` | `{default}` | ");
            assert_eq!(text.matches(&row).count(), 1, "{row}");
        }
        assert!(text.starts_with("## server\n"));
    }

    #[test]
    fn an_operation_has_its_own_codes_and_those_of_the_frame() {
        let table = errors_of("DELETE /tryon/v1/products/{externalId}").unwrap();
        for code in ["PRODUCT_NOT_FOUND", "INVALID_API_KEY", "INTERNAL_ERROR"] {
            assert!(table.contains(code), "{table}");
        }
        assert!(!table.contains("INSUFFICIENT_CREDITS"));
        assert_eq!(errors_of("GET /nope"), None);
    }

    #[test]
    fn fields_have_types_in_words() {
        let table = fields_of("ProductResponse").unwrap();
        for row in [
            "| `externalId` | string | ",
            "| `title` | string or null | ",
            "| `expiresAt` | time or null | ",
            "| `images` | array of objects | ",
        ] {
            assert!(table.contains(row), "{row}\n{table}");
        }
        let old = fields_of("UploadImageRequest").unwrap();
        assert!(old.contains("| `file` | file |") && old.contains("Deprecated"));
        let params = params_of("GET /tryon/v1/products").unwrap();
        assert!(
            params.contains("| `limit` | query | integer | Items at most, 1 to 200. Default 50. |")
        );
    }
}
