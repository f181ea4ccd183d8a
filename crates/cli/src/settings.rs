//! Settings of a command: file, environment and flags.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use drape_server::config::{Config, Layers, Origin, load};

use crate::args::Common;

/// Loads the settings and says where each came from.
pub(crate) fn load_settings(
    common: &Common,
    extra: &[(&'static str, Option<String>)],
) -> anyhow::Result<(Config, BTreeMap<String, Origin>)> {
    let mut flags: Vec<(String, String)> = Vec::new();
    for assignment in &common.set {
        let Some((name, value)) = assignment.split_once('=') else {
            bail!("--set expects section.key=value, got \"{assignment}\"");
        };
        flags.push((name.to_owned(), value.to_owned()));
    }
    if let Some(dir) = &common.data_dir {
        flags.push((
            "storage.data_dir".to_owned(),
            dir.to_string_lossy().into_owned(),
        ));
    }
    for (name, value) in extra {
        if let Some(value) = value {
            flags.push(((*name).to_owned(), value.clone()));
        }
    }
    let layers = Layers {
        file: common.config.clone(),
        environment: std::env::vars().collect(),
        flags,
    };
    load(&layers).context("the settings cannot be used")
}
