//! Reads a file's manifest and says whether it is right. Nothing is fetched.

use std::io::Cursor;

use c2pa::{
    Error, Ingredient, Manifest, Reader, Relationship, ValidationState,
    assertions::{Action, Actions, SoftwareAgent},
    validation_results::{IngredientDeltaValidationResult, StatusCodes},
};
use drape_core::time::Timestamp;
use serde::Serialize;

use crate::{hex, identity::read_certificate, manifest::HASH_SCHEME, settings};

/// Code of the finding that the signer is not on a list of trusted ones.
const UNTRUSTED: &str = "signingCredential.untrusted";

/// What a file's manifest is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Structure, hashes and signature are right, and the signer is one of the given trusted ones.
    Trusted,
    /// Structure, hashes and signature are right; nobody vouches for the signer.
    Valid,
    /// The file or its manifest was changed after signing, or the manifest is broken.
    Invalid,
    /// The file carries no manifest.
    Missing,
}

/// Why a file cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Not a kind of file that carries manifests, as far as this program knows.
    #[error("expected a JPEG, PNG, WebP, GIF, TIFF, HEIC or AVIF file")]
    UnknownFormat,
    /// The trusted certificates cannot be used.
    #[error("the trusted certificates cannot be used: {0}")]
    Trust(String),
}

/// What a manifest says, and whether that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What it is worth.
    pub verdict: Verdict,
    /// Who signed.
    pub signer: Option<SignerReport>,
    /// Program that made the manifest, with its version.
    pub generator: Option<String>,
    /// Name of the picture.
    pub title: Option<String>,
    /// Identity of the picture, such as `urn:uuid:...`.
    pub instance_id: Option<String>,
    /// What was done, first to last.
    pub actions: Vec<ActionReport>,
    /// What it was made from.
    pub ingredients: Vec<IngredientReport>,
    /// What is wrong, or worth knowing: codes of the C2PA specification.
    pub findings: Vec<Finding>,
}

/// Who signed a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignerReport {
    /// Common name of the certificate.
    pub name: Option<String>,
    /// Organisation of the certificate.
    pub organization: Option<String>,
    /// Kind of signature, such as `es256`.
    pub algorithm: Option<String>,
    /// Last moment of the certificate's validity.
    pub valid_until: Option<Timestamp>,
    /// SHA-256 of the certificate.
    pub fingerprint: Option<String>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionReport {
    /// Name of the action, such as `c2pa.edited`.
    pub action: String,
    /// Program that did it, with its version.
    pub software_agent: Option<String>,
    /// Where the pixels come from: a term of the IPTC vocabulary.
    pub digital_source_type: Option<String>,
    /// When it was done, as its maker says.
    pub when: Option<String>,
    /// The action in words.
    pub description: Option<String>,
}

/// One picture that something was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IngredientReport {
    /// Its name.
    pub title: Option<String>,
    /// `parentOf`, `componentOf` or `inputTo`.
    pub relationship: String,
    /// SHA-256 of its file, when the manifest names it by that.
    pub sha256: Option<String>,
}

/// Something that is wrong, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Code of the C2PA specification, such as `assertion.dataHash.mismatch`.
    pub code: String,
    /// In words.
    pub explanation: Option<String>,
}

/// Reads the manifest of a file and checks structure, hashes and signature.
///
/// `trusted_pem` holds certificates whose signatures, and those of whom they vouch for, count as trusted. The moment of
/// the check is the system's time, as the certificate's validity belongs to real time.
pub fn verify(file: &[u8], trusted_pem: Option<&str>) -> Result<Report, VerifyError> {
    let format = format_of(file).ok_or(VerifyError::UnknownFormat)?;
    let context =
        settings::context(trusted_pem).map_err(|error| VerifyError::Trust(error.to_string()))?;
    match Reader::from_context(context).with_stream(format, Cursor::new(file)) {
        Ok(reader) => Ok(report(&reader)),
        Err(Error::JumbfNotFound) => Ok(empty(Verdict::Missing, Vec::new())),
        Err(Error::RemoteManifestUrl(url)) => {
            let explanation =
                format!("the file only points to a manifest at {url}; nothing is fetched");
            Ok(empty(
                Verdict::Missing,
                vec![finding("manifest.inaccessible", Some(explanation))],
            ))
        }
        Err(error) => {
            let explanation = Some(error.to_string());
            Ok(empty(
                Verdict::Invalid,
                vec![finding("claim.malformed", explanation)],
            ))
        }
    }
}

/// MIME type by the first bytes.
fn format_of(file: &[u8]) -> Option<&'static str> {
    let brand = file.get(4..12).unwrap_or_default();
    match file {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some("image/tiff"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ if brand == b"ftypavif" || brand == b"ftypavis" => Some("image/avif"),
        _ if [b"ftypheic", b"ftypheix", b"ftypmif1"]
            .iter()
            .any(|known| brand == *known) =>
        {
            Some("image/heic")
        }
        _ => None,
    }
}

fn empty(verdict: Verdict, findings: Vec<Finding>) -> Report {
    Report {
        verdict,
        signer: None,
        generator: None,
        title: None,
        instance_id: None,
        actions: Vec::new(),
        ingredients: Vec::new(),
        findings,
    }
}

fn report(reader: &Reader) -> Report {
    let findings = findings(reader);
    let verdict = match reader.validation_state() {
        ValidationState::Trusted => Verdict::Trusted,
        ValidationState::Valid => Verdict::Valid,
        ValidationState::Invalid => Verdict::Invalid,
    };
    let Some(manifest) = reader.active_manifest() else {
        return empty(Verdict::Invalid, findings);
    };
    Report {
        verdict,
        signer: signer(manifest),
        generator: generator(manifest),
        title: manifest.title().map(str::to_owned),
        instance_id: Some(manifest.instance_id().to_owned()),
        actions: actions(manifest),
        ingredients: manifest.ingredients().iter().map(ingredient).collect(),
        findings,
    }
}

/// What failed, of the picture itself and of what its ingredients brought along.
fn findings(reader: &Reader) -> Vec<Finding> {
    let Some(results) = reader.validation_results() else {
        return Vec::new();
    };
    let own = results.active_manifest().into_iter();
    let brought = results
        .ingredient_deltas()
        .into_iter()
        .flatten()
        .map(IngredientDeltaValidationResult::validation_deltas);
    own.chain(brought)
        .flat_map(StatusCodes::failure)
        .map(|status| finding(status.code(), status.explanation().map(str::to_owned)))
        .collect()
}

fn finding(code: &str, explanation: Option<String>) -> Finding {
    let explanation = match code {
        UNTRUSTED => {
            Some("the signer is on no list of trusted ones that was given here".to_owned())
        }
        _ => explanation,
    };
    Finding {
        code: code.to_owned(),
        explanation,
    }
}

fn signer(manifest: &Manifest) -> Option<SignerReport> {
    let info = manifest.signature_info()?;
    let certificate = read_certificate(info.cert_chain())
        .ok()
        .map(|(_, info)| info);
    Some(SignerReport {
        name: info.common_name.clone(),
        organization: info.issuer.clone(),
        algorithm: info.alg.map(|alg| alg.to_string()),
        valid_until: certificate
            .as_ref()
            .map(|certificate| certificate.not_after),
        fingerprint: certificate.map(|certificate| certificate.fingerprint),
    })
}

fn generator(manifest: &Manifest) -> Option<String> {
    let first = manifest
        .claim_generator_info
        .as_ref()
        .and_then(|all| all.first());
    match first {
        Some(info) => Some(with_version(&info.name, info.version.as_deref())),
        None => manifest.claim_generator().map(str::to_owned),
    }
}

fn actions(manifest: &Manifest) -> Vec<ActionReport> {
    let actions: Option<Actions> = manifest.find_assertion(Actions::LABEL).ok();
    let actions = actions.as_ref().map_or(&[][..], |all| all.actions());
    actions.iter().map(action).collect()
}

fn action(action: &Action) -> ActionReport {
    let agent = action.software_agent().map(|agent| match agent {
        SoftwareAgent::String(name) => name.clone(),
        SoftwareAgent::ClaimGeneratorInfo(info) => {
            with_version(&info.name, info.version.as_deref())
        }
    });
    ActionReport {
        action: action.action().to_owned(),
        software_agent: agent,
        digital_source_type: action.source_type().map(ToString::to_string),
        when: action.when().map(str::to_owned),
        description: action.description().map(str::to_owned),
    }
}

fn ingredient(ingredient: &Ingredient) -> IngredientReport {
    let hash = ingredient
        .instance_id()
        .strip_prefix(HASH_SCHEME)
        .filter(|hash| hex::is_sha256(hash));
    IngredientReport {
        title: ingredient.title().map(str::to_owned),
        relationship: match ingredient.relationship() {
            Relationship::ParentOf => "parentOf",
            Relationship::ComponentOf => "componentOf",
            Relationship::InputTo => "inputTo",
        }
        .to_owned(),
        sha256: hash.map(str::to_owned),
    }
}

fn with_version(name: &str, version: Option<&str>) -> String {
    match version {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    }
}
