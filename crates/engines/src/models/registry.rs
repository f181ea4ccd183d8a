//! The models, their files, hashes and licences.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::Deserialize;

/// The registry that is part of the binary.
const BUILT_IN: &str = include_str!("registry.toml");

/// Endings that files in the making have; no model file may end so.
const RESERVED_ENDINGS: [&str; 2] = [".part", ".etag"];

/// Longest name of a model or a file, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// Why a registry cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Not TOML, a key too many or too few, a value of the wrong type.
    #[error("the registry of models cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A value that makes no sense.
    #[error("the registry of models: {place}: {problem}")]
    Value {
        /// Which model and key.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// All models that can be pulled.
#[derive(Debug, Clone)]
pub struct Registry {
    models: Vec<Model>,
}

/// A model: files that belong together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What it is called on the command line, and its folder.
    pub name: String,
    /// What it is for, in a few words.
    pub purpose: String,
    /// Repository on the hub, `owner/name`.
    pub repository: String,
    /// Commit of that repository.
    pub revision: String,
    /// Terms that it may be used under.
    pub licence: Licence,
    /// Its files, at least one.
    #[serde(rename = "file")]
    pub files: Vec<ModelFile>,
}

/// Terms that a model may be used under.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// SPDX identifier, or `LicenseRef-...` for terms without one.
    pub spdx: String,
    /// Where the terms can be read.
    pub url: String,
    /// Whether a business may use it. A model without this is pulled only by whoever names its licence.
    pub commercial_use: bool,
}

/// One file of a model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Plain name, in the repository and in the model's folder.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the content.
    pub sha256: Sha256Digest,
}

/// A SHA-256, written as 64 small hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Sha256Digest([u8; 32]);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "model")]
    models: Vec<Model>,
}

impl Registry {
    /// The registry that is part of the binary.
    pub fn built_in() -> Result<Self, RegistryError> {
        Self::parse(BUILT_IN)
    }

    /// Reads a registry and checks every value in it; nothing unknown is accepted.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let Document { models } = toml::from_str(text)?;
        let mut names = BTreeSet::new();
        for model in &models {
            model.check()?;
            if !names.insert(&model.name) {
                return Err(value(&model.name, "stands in it twice"));
            }
        }
        Ok(Self { models })
    }

    /// All models, in the order of the registry.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// Finds a model by its exact name.
    pub fn find(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// All names, for messages.
    pub fn names(&self) -> String {
        let names: Vec<_> = self
            .models
            .iter()
            .map(|model| model.name.as_str())
            .collect();
        names.join(", ")
    }
}

impl Model {
    /// Size of all files, in bytes.
    pub fn total_bytes(&self) -> u64 {
        self.files
            .iter()
            .map(|file| file.bytes)
            .fold(0, u64::saturating_add)
    }

    /// The command that gets it.
    pub fn pull_command(&self) -> String {
        if self.licence.commercial_use {
            format!("drape models pull {}", self.name)
        } else {
            format!(
                "drape models pull {} --accept-licence {}",
                self.name, self.licence.spdx
            )
        }
    }

    fn check(&self) -> Result<(), RegistryError> {
        let model = &self.name;
        if !is_plain_name(model) {
            return Err(value(model, "`name` is no plain name"));
        }
        let owner_and_name = self.repository.split_once('/');
        if !owner_and_name.is_some_and(|(owner, name)| is_plain_name(owner) && is_plain_name(name))
        {
            return Err(value(model, "`repository` must be owner/name"));
        }
        if !is_plain_name(&self.revision) {
            return Err(value(model, "`revision` is no plain name"));
        }
        if !is_plain_name(&self.licence.spdx) {
            return Err(value(model, "`licence.spdx` is no SPDX identifier"));
        }
        if !self.licence.url.starts_with("https://") {
            return Err(value(model, "`licence.url` must begin with https://"));
        }
        if self.files.is_empty() {
            return Err(value(model, "has no file"));
        }
        let mut names = BTreeSet::new();
        for file in &self.files {
            if !is_plain_name(&file.name) {
                return Err(value(
                    model,
                    format!("`{}` is no plain file name", file.name),
                ));
            }
            if RESERVED_ENDINGS
                .iter()
                .any(|ending| file.name.ends_with(ending))
            {
                return Err(value(
                    model,
                    format!("`{}` has a reserved ending", file.name),
                ));
            }
            if file.bytes == 0 {
                return Err(value(model, format!("`{}` has no size", file.name)));
            }
            if !names.insert(&file.name) {
                return Err(value(model, format!("`{}` stands in it twice", file.name)));
            }
        }
        Ok(())
    }
}

/// Letters, digits, `.`, `-`, `_`, with a letter or digit at the front: safe as a folder, in a URL and on a terminal.
fn is_plain_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    text.len() <= MAX_NAME_BYTES
        && text
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(is_plain)
}

fn value(model: &str, problem: impl Into<String>) -> RegistryError {
    RegistryError::Value {
        place: format!("model {model:?}"),
        problem: problem.into(),
    }
}

impl Sha256Digest {
    /// Takes the 32 bytes of a digest.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// A text that is no SHA-256.
#[derive(Debug, thiserror::Error)]
#[error("expected a SHA-256 as 64 digits 0-9 and a-f")]
pub struct DigestError;

impl FromStr for Sha256Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let text = text.as_bytes();
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return Err(DigestError);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = hex_value(pair[0])? << 4 | hex_value(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn hex_value(digit: u8) -> Result<u8, DigestError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(DigestError),
    }
}

impl TryFrom<String> for Sha256Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[model]]
name = "tiny"
purpose = "a test"
repository = "someone/tiny"
revision = "main"
licence = { spdx = "MIT", url = "https://example.com", commercial_use = true }
[[model.file]]
name = "a.bin"
bytes = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"#;

    #[test]
    fn the_built_in_registry_has_both_models_of_the_neural_engine() {
        let registry = Registry::built_in().unwrap();
        assert_eq!(registry.names(), "fashn-vton-1.5, dwpose");
        let network = registry.find("fashn-vton-1.5").unwrap();
        assert_eq!(network.total_bytes(), 1_943_668_048);
        assert_eq!(
            network.files[0].sha256.to_string(),
            "d6cd38286885bc29fa487ea9383f80ffeb95862e7747c630d42c5d3c05bdd35a"
        );
        assert_eq!(registry.find("dwpose").unwrap().total_bytes(), 351_145_849);
        for model in registry.models() {
            assert!(model.licence.commercial_use, "{}", model.name);
            assert_eq!(model.revision.len(), 40, "a full commit: {}", model.name);
        }
        assert!(registry.find("DWPOSE").is_none());
    }

    #[test]
    fn the_command_names_the_licence_where_it_must_be_accepted() {
        let mut model = Registry::parse(GOOD).unwrap().models[0].clone();
        assert_eq!(model.pull_command(), "drape models pull tiny");
        model.licence.commercial_use = false;
        assert_eq!(
            model.pull_command(),
            "drape models pull tiny --accept-licence MIT"
        );
    }

    #[test]
    fn wrong_registries_are_refused_with_the_place() {
        Registry::parse(GOOD).unwrap();
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for (from, to, expected) in [
            (
                "\"tiny\"\npurpose",
                "\"../tiny\"\npurpose",
                "`name` is no plain name",
            ),
            (
                "\"tiny\"\npurpose",
                "\"\"\npurpose",
                "`name` is no plain name",
            ),
            ("a.bin", "../../etc/passwd", "is no plain file name"),
            ("a.bin", ".hidden", "is no plain file name"),
            ("a.bin", "a.part", "reserved ending"),
            ("someone/tiny", "tiny", "must be owner/name"),
            ("someone/tiny", "a/b/c", "must be owner/name"),
            ("\"main\"", "\"a b\"", "`revision` is no plain name"),
            ("\"MIT\"", "\"MIT or so\"", "no SPDX identifier"),
            (
                "https://example.com",
                "javascript:1",
                "must begin with https://",
            ),
            ("bytes = 3", "bytes = 0", "has no size"),
            ("bytes = 3", "bytes = -3", "cannot be read"),
            ("bytes = 3", "size = 3", "unknown field"),
            ("purpose = \"a test\"", "", "missing field `purpose`"),
            (hash, &hash[..63], "64 digits"),
            (hash, &hash.to_uppercase(), "64 digits"),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD, "{from}");
            let error = Registry::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
        let twice = Registry::parse(&GOOD.repeat(2)).unwrap_err().to_string();
        assert!(twice.contains("\"tiny\": stands in it twice"), "{twice}");
        let no_file = GOOD.split("[[model.file]]").next().unwrap();
        assert!(Registry::parse(no_file).is_err());
    }

    #[test]
    fn a_digest_is_printed_as_it_is_read() {
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let digest: Sha256Digest = text.parse().unwrap();
        assert_eq!(digest.to_string(), text);
        assert!("é".repeat(32).parse::<Sha256Digest>().is_err());
    }
}
