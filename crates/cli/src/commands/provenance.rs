//! `drape provenance`

use std::path::Path;

use anyhow::{Context as _, bail};
use drape_core::{Code, Error};
use drape_provenance::{ActionReport, Report, SignerReport, Verdict, VerifyError, verify};
use drape_server::provenance::certificate;
use serde_json::json;

use super::print_json;
use crate::{
    args::{Common, ProvenanceCommand},
    exit::Finding,
    settings::load_settings,
};

pub(crate) fn run(common: &Common, command: &ProvenanceCommand) -> anyhow::Result<()> {
    match command {
        ProvenanceCommand::Verify { file, trust, json } => {
            verify_file(file, trust.as_deref(), *json)
        }
        ProvenanceCommand::Certificate => print_certificate(common),
    }
}

fn print_certificate(common: &Common) -> anyhow::Result<()> {
    let (config, _) = load_settings(common, &[])?;
    let Some(identity) = certificate(&config)? else {
        bail!("there is no certificate yet: the server makes one when it first starts");
    };
    println!("{}", identity.certificate_pem().trim_end());
    Ok(())
}

fn verify_file(path: &Path, trust: Option<&Path>, as_json: bool) -> anyhow::Result<()> {
    let file = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let trusted = match trust {
        None => None,
        Some(trust) => Some(
            std::fs::read_to_string(trust)
                .with_context(|| format!("{} cannot be read", trust.display()))?,
        ),
    };
    let report = verify(&file, trusted.as_deref()).map_err(|error| refusal(&error))?;
    if as_json {
        print_json(&serde_json::to_value(&report).unwrap_or_else(|_| json!(null)));
    } else {
        print_report(&report);
    }
    match report.verdict {
        Verdict::Valid | Verdict::Trusted => Ok(()),
        Verdict::Invalid => Err(Finding::Tampered.into()),
        Verdict::Missing => Err(Finding::NoStatement.into()),
    }
}

fn refusal(error: &VerifyError) -> Error {
    let message = error.to_string();
    match error {
        VerifyError::UnknownFormat => Error::new(Code::UnsupportedImageFormat, message),
        VerifyError::Trust(_) => Error::invalid_field("--trust", message),
    }
}

fn print_report(report: &Report) {
    let verdict = match report.verdict {
        Verdict::Trusted => {
            "trusted: structure, hashes and signature are right, the signer is trusted"
        }
        Verdict::Valid => "valid: structure, hashes and signature are right",
        Verdict::Invalid => "INVALID: do not rely on anything below",
        Verdict::Missing => "none: the file carries no statement of provenance",
    };
    line("verdict", verdict);
    if let Some(signer) = &report.signer {
        print_signer(signer, report.verdict);
    }
    for (what, text) in [
        ("made by", &report.generator),
        ("picture", &report.title),
        ("identity", &report.instance_id),
    ] {
        if let Some(text) = text {
            line(what, text);
        }
    }
    for action in &report.actions {
        print_action(action);
    }
    for ingredient in &report.ingredients {
        let title = ingredient.title.as_deref().unwrap_or("a file");
        let sha256 = ingredient.sha256.as_deref().unwrap_or("unknown");
        line(
            "made from",
            &format!("{title} ({})", ingredient.relationship),
        );
        line("", &format!("sha256 {sha256}"));
    }
    for finding in &report.findings {
        let words = finding
            .explanation
            .as_deref()
            .unwrap_or("see the C2PA specification");
        line("finding", &format!("{}: {words}", finding.code));
    }
}

fn print_signer(signer: &SignerReport, verdict: Verdict) {
    let name = signer
        .name
        .as_deref()
        .unwrap_or("a certificate without a name");
    let organization = signer.organization.as_deref().unwrap_or("no organisation");
    line("signed by", &format!("{name}, {organization}"));
    if verdict == Verdict::Valid {
        line(
            "",
            "nobody vouches for this name: anyone can make such a certificate",
        );
    }
    if let Some(until) = signer.valid_until {
        line("", &format!("certificate valid until {until}"));
    }
    if let Some(fingerprint) = &signer.fingerprint {
        line("", &format!("certificate sha256 {fingerprint}"));
    }
}

fn print_action(action: &ActionReport) {
    line("action", &action.action);
    for text in [
        &action.software_agent,
        &action.digital_source_type,
        &action.when,
        &action.description,
    ]
    .into_iter()
    .flatten()
    {
        line("", text);
    }
}

/// Prints a line; the text may come from anybody, so nothing in it may steer the terminal.
fn line(what: &str, text: &str) {
    let plain = |character: char| {
        if character.is_control() {
            '\u{fffd}'
        } else {
            character
        }
    };
    let text: String = text.chars().map(plain).collect();
    println!("{what:<10} {text}");
}
