//! The identity that signs results, as set, and the signing itself off the async threads.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use drape_core::{
    Code, Error, Result,
    ports::{Clock as _, Provenance, ProvenanceFacts},
};
use drape_provenance::{Identity, IdentityError, SignError, Signer};

use crate::{
    config::{Config, ConfigError},
    pictures::PictureWorkers,
    system::SystemClock,
};

/// Why results cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum ProvenanceError {
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// The self-made certificate cannot be made or used.
    #[error("the self-made certificate in {}: {source} (without that folder a new one is made)", folder.display())]
    SelfMade {
        /// Its folder.
        folder: PathBuf,
        /// Why.
        source: IdentityError,
    },
}

/// Folder of the self-made certificate in a data folder.
pub fn provenance_path(config: &Config) -> PathBuf {
    Path::new(&config.storage.data_dir).join("provenance")
}

/// The signer as set; a self-made certificate is made on first use. None when provenance is switched off.
pub fn signer(config: &Config) -> Result<Option<Signer>, ProvenanceError> {
    if !config.provenance.enabled {
        return Ok(None);
    }
    if let Some(signer) = given(config)? {
        return Ok(Some(signer));
    }
    let folder = provenance_path(config);
    Identity::load_or_make(&folder, real_time())
        .and_then(|identity| signer_of(&identity))
        .map(Some)
        .map_err(|source| ProvenanceError::SelfMade { folder, source })
}

/// As [`signer`], but writes nothing: where there is no certificate yet, one is made for this run alone.
pub fn signer_without_a_trace(config: &Config) -> Result<Option<Signer>, ProvenanceError> {
    if !config.provenance.enabled {
        return Ok(None);
    }
    if let Some(signer) = given(config)? {
        return Ok(Some(signer));
    }
    let folder = provenance_path(config);
    let known = Identity::load(&folder, real_time()).transpose();
    known
        .unwrap_or_else(|| Identity::self_made(real_time()))
        .and_then(|identity| signer_of(&identity))
        .map(Some)
        .map_err(|source| ProvenanceError::SelfMade { folder, source })
}

/// The chain of certificates that signs, in PEM, with what it says; none where the server has made none yet.
///
/// Writes nothing.
pub fn certificate(config: &Config) -> Result<Option<Identity>, ProvenanceError> {
    if let Some(identity) = given_identity(config)? {
        return Ok(Some(identity));
    }
    let folder = provenance_path(config);
    Identity::load(&folder, real_time())
        .map_err(|source| ProvenanceError::SelfMade { folder, source })
}

/// Certificates live in real time, whatever the server's clock is shifted by: readers know no other.
fn real_time() -> drape_core::time::Timestamp {
    SystemClock::default().now()
}

fn signer_of(identity: &Identity) -> Result<Signer, IdentityError> {
    Signer::new(identity, env!("CARGO_PKG_VERSION"))
}

fn given(config: &Config) -> Result<Option<Signer>, ConfigError> {
    let Some(identity) = given_identity(config)? else {
        return Ok(None);
    };
    signer_of(&identity)
        .map(Some)
        .map_err(|error| blame(&error))
}

/// The identity in the files that the settings name, if they do.
fn given_identity(config: &Config) -> Result<Option<Identity>, ConfigError> {
    let settings = &config.provenance;
    if settings.certificate_file.is_empty() {
        return Ok(None);
    }
    let read = |setting: &str, path: &str| {
        std::fs::read_to_string(path).map_err(|error| invalid(setting, &format!("{path}: {error}")))
    };
    let key = read("provenance.key_file", &settings.key_file)?;
    let certificate = read("provenance.certificate_file", &settings.certificate_file)?;
    Identity::from_pem(&key, &certificate, real_time())
        .map(Some)
        .map_err(|error| blame(&error))
}

/// Names the setting that an error is about.
fn blame(error: &IdentityError) -> ConfigError {
    let setting = match error {
        IdentityError::NoKey | IdentityError::KeyMismatch => "provenance.key_file",
        IdentityError::NoCertificate
        | IdentityError::BrokenCertificate
        | IdentityError::UnsupportedAlgorithm(_)
        | IdentityError::NoOrganization
        | IdentityError::NotYetValid(_)
        | IdentityError::Expired(_)
        | IdentityError::Refused(_)
        | IdentityError::Making(_)
        | IdentityError::Folder { .. } => "provenance.certificate_file",
    };
    invalid(setting, &error.to_string())
}

fn invalid(setting: &str, message: &str) -> ConfigError {
    ConfigError::Invalid {
        setting: setting.to_owned(),
        message: message.to_owned(),
    }
}

/// Signs results in the places of picture work.
pub struct SigningProvenance {
    signer: Signer,
    workers: Arc<PictureWorkers>,
}

impl SigningProvenance {
    /// Puts both together.
    pub fn new(signer: Signer, workers: Arc<PictureWorkers>) -> Self {
        Self { signer, workers }
    }
}

#[async_trait]
impl Provenance for SigningProvenance {
    async fn sign(&self, jpeg: Bytes, facts: ProvenanceFacts) -> Result<Bytes> {
        let signer = self.signer.clone();
        let signed = self
            .workers
            .run_for_job(move || signer.sign(&jpeg, &facts))
            .await?;
        match signed {
            Ok(file) => Ok(file.into()),
            Err(error) => Err(to_core(error)),
        }
    }
}

/// Says whose fault it is that a file was not signed: the engine's, or ours.
pub fn to_core(error: SignError) -> Error {
    match error {
        SignError::NotAJpeg(_) => {
            let message = "The engine answered with something that is no picture.";
            Error::new(Code::EngineFailed, message).with_source(error)
        }
        SignError::Manifest(_) => Error::internal(error),
    }
}
