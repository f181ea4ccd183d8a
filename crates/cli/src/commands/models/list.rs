//! `drape models list`

use drape_engines::models::{FileState, Model, State, install::folder, pull::missing_bytes};
use serde_json::{Value, json};

use super::Models;
use crate::commands::print_json;

pub(super) fn run(models: &Models, as_json: bool) {
    if as_json {
        let all = models.registry.models().iter();
        let all: Vec<Value> = all.map(|model| describe(models, model)).collect();
        return print_json(&json!(all));
    }
    println!(
        "{:<16} {:<10} {:>9}  {:<12} for",
        "model", "state", "size", "licence"
    );
    let mut lacking = Vec::new();
    for model in models.registry.models() {
        let state = model.state(&models.data_dir);
        println!(
            "{:<16} {:<10} {:>9}  {:<12} {}",
            model.name,
            state_name(state),
            size(model.total_bytes()),
            model.licence.spdx,
            model.purpose
        );
        if state != State::Installed {
            lacking.push(model.name.as_str());
        }
    }
    if !lacking.is_empty() {
        println!(
            "\n`drape models pull {}` gets what is missing",
            lacking.join(" ")
        );
    }
}

fn describe(models: &Models, model: &Model) -> Value {
    let files: Vec<Value> = model
        .file_states(&models.data_dir)
        .into_iter()
        .map(|(file, state)| {
            json!({
                "name": file.name, "bytes": file.bytes, "sha256": file.sha256.to_string(),
                "present": state == FileState::Present,
            })
        })
        .collect();
    json!({
        "name": model.name,
        "purpose": model.purpose,
        "state": state_name(model.state(&models.data_dir)),
        "bytes": model.total_bytes(),
        "missingBytes": missing_bytes(&models.data_dir, model),
        "licence": {
            "spdx": model.licence.spdx, "url": model.licence.url, "commercialUse": model.licence.commercial_use,
        },
        "repository": model.repository,
        "revision": model.revision,
        "folder": folder(&models.data_dir, model).to_string_lossy(),
        "files": files,
    })
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Installed => "installed",
        State::Partly => "partly",
        State::Missing => "missing",
    }
}

/// Bytes in the unit that makes three or four digits, by powers of ten.
pub(crate) fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        1_000_000_000.. => (1e9, "GB"),
        1_000_000.. => (1e6, "MB"),
        1_000.. => (1e3, "kB"),
        _ => return format!("{bytes} bytes"),
    };
    let amount = bytes as f64 / unit;
    let decimals = if amount < 10.0 { 2 } else { 1 };
    format!("{amount:.decimals$} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_unit_that_is_read_best() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.00 kB"),
            (351_145_849, "351.1 MB"),
            (1_943_668_048, "1.94 GB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
