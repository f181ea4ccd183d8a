//! How the C2PA library is used: what it writes, and that it never reaches out.

use c2pa::{Context, Settings};
use serde_json::json;

/// Settings for reading and writing; `anchors` are certificates in PEM that are trusted besides none.
fn settings(anchors: Option<&str>) -> c2pa::Result<Settings> {
    let settings = Settings::new().with_json(
        &json!({
            "verify": {
                "verify_after_sign": false,
                "remote_manifest_fetch": false,
                "ocsp_fetch": false,
            },
            // An empty list allows no host at all; no HTTP client is compiled in either.
            "core": { "allowed_network_hosts": [] },
            "builder": {
                "thumbnail": { "enabled": false },
                // What this program itself vouches for, as against what it only passes on.
                "created_assertion_labels": ["c2pa.actions", "c2pa.ingredient"],
            },
        })
        .to_string(),
    )?;
    match anchors {
        None => Ok(settings),
        Some(anchors) => settings.with_value("trust.user_anchors", anchors),
    }
}

/// A context for writing and reading that trusts nobody, or only the given certificates.
pub(crate) fn context(anchors: Option<&str>) -> c2pa::Result<Context> {
    Context::new().with_settings(settings(anchors)?)
}
