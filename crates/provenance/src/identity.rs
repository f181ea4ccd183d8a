//! The key and the certificate that sign results.

mod folder;
mod self_made;

use std::{fmt, path::PathBuf};

use c2pa::SigningAlg;
use drape_core::time::Timestamp;
use sha2::{Digest as _, Sha256};
use x509_parser::{
    oid_registry::{
        OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521,
        OID_PKCS1_RSAENCRYPTION, OID_PKCS1_RSASSAPSS, OID_SIG_ED25519,
    },
    pem::Pem,
    prelude::{FromDer as _, X509Certificate},
    x509::SubjectPublicKeyInfo,
};

use crate::hex;

/// Why an identity cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The text holds no private key that can be used.
    #[error("it holds no private key in PKCS#8 PEM form (\"BEGIN PRIVATE KEY\")")]
    NoKey,
    /// The text holds no certificate.
    #[error("it holds no certificate in PEM form (\"BEGIN CERTIFICATE\")")]
    NoCertificate,
    /// A certificate in it is broken.
    #[error("a certificate in it cannot be read")]
    BrokenCertificate,
    /// The certificate's kind of key is not supported.
    #[error("its key is of the kind {0}; use ES256, ES384, ES512 or Ed25519")]
    UnsupportedAlgorithm(String),
    /// The certificate names no organisation.
    #[error("it names no organisation (O=), which readers of C2PA ask for")]
    NoOrganization,
    /// The certificate is not valid yet.
    #[error("it is not valid before {0}")]
    NotYetValid(Timestamp),
    /// The certificate is not valid any more.
    #[error("it was valid until {0} and has expired")]
    Expired(Timestamp),
    /// The key is not the one of the certificate.
    #[error("the key does not belong to the certificate")]
    KeyMismatch,
    /// Readers would refuse what is signed with it.
    #[error("readers of C2PA refuse what is signed with it: {0}")]
    Refused(String),
    /// A self-made certificate could not be made.
    #[error("a certificate cannot be made: {0}")]
    Making(#[from] rcgen::Error),
    /// The folder of the self-made certificate is not usable.
    #[error("{} cannot be used: {source}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What a signing certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateInfo {
    /// Whom it names, such as `CN=..., O=...`.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Kind of signature, such as `es256`.
    pub algorithm: String,
    /// First moment of its validity.
    pub not_before: Timestamp,
    /// Last moment of its validity.
    pub not_after: Timestamp,
    /// SHA-256 of the certificate, in hexadecimal digits.
    pub fingerprint: String,
    /// Whether it names an organisation, which is whom readers show as the signer.
    pub has_organization: bool,
    /// True when drape made it itself: then it is on no trust list.
    pub is_self_made: bool,
}

/// A private key with the chain of certificates that belongs to it, the signing one first.
#[derive(Clone)]
pub struct Identity {
    key_pem: String,
    certificate_pem: String,
    algorithm: SigningAlg,
    certificate: CertificateInfo,
}

/// The private key stays out of logs.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads an identity from PEM texts: a PKCS#8 key, and the signing certificate followed by those that issued it.
    ///
    /// Checks form, kind of key and validity at `now` (real time, not a shifted clock: readers know no other); that the
    /// key fits the certificate is found by [`Signer::new`](crate::Signer::new).
    pub fn from_pem(
        key_pem: &str,
        certificate_pem: &str,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        check_key(key_pem)?;
        let (algorithm, certificate) = read_certificate(certificate_pem)?;
        if !certificate.has_organization {
            return Err(IdentityError::NoOrganization);
        }
        if now < certificate.not_before {
            return Err(IdentityError::NotYetValid(certificate.not_before));
        }
        if certificate.not_after < now {
            return Err(IdentityError::Expired(certificate.not_after));
        }
        Ok(Self {
            key_pem: key_pem.to_owned(),
            certificate_pem: certificate_pem.to_owned(),
            algorithm,
            certificate,
        })
    }

    /// Makes an identity that nobody else vouches for: ES256, valid for ten years.
    pub fn self_made(now: Timestamp) -> Result<Self, IdentityError> {
        let (key_pem, certificate_pem) = self_made::make(now)?;
        Self::from_pem(&key_pem, &certificate_pem, now)
    }

    /// Reads the self-made identity in a folder, and makes it on first use.
    ///
    /// The folder holds `key.pem` (readable by its owner alone) and `certificate.pem`; both appear at once or not at all.
    pub fn load_or_make(folder: &std::path::Path, now: Timestamp) -> Result<Self, IdentityError> {
        folder::load_or_make(folder, now)
    }

    /// Reads the self-made identity in a folder; none when there is no such folder.
    pub fn load(folder: &std::path::Path, now: Timestamp) -> Result<Option<Self>, IdentityError> {
        folder::load(folder, now)
    }

    /// The chain of certificates in PEM, the signing one first.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// What the signing certificate says.
    pub fn certificate(&self) -> &CertificateInfo {
        &self.certificate
    }

    pub(crate) fn key_pem(&self) -> &str {
        &self.key_pem
    }

    pub(crate) fn algorithm(&self) -> SigningAlg {
        self.algorithm
    }
}

fn check_key(key_pem: &str) -> Result<(), IdentityError> {
    let mut blocks = Pem::iter_from_buffer(key_pem.as_bytes());
    match blocks.next() {
        Some(Ok(block)) if block.label == "PRIVATE KEY" => Ok(()),
        _ => Err(IdentityError::NoKey),
    }
}

/// Reads the first certificate of a chain; all of them must be readable.
pub(crate) fn read_certificate(
    chain_pem: &str,
) -> Result<(SigningAlg, CertificateInfo), IdentityError> {
    let mut first = None;
    for block in Pem::iter_from_buffer(chain_pem.as_bytes()) {
        let block = block.map_err(|_| IdentityError::BrokenCertificate)?;
        if block.label != "CERTIFICATE" {
            continue;
        }
        let (_, certificate) = X509Certificate::from_der(&block.contents)
            .map_err(|_| IdentityError::BrokenCertificate)?;
        if first.is_none() {
            let algorithm = algorithm_of(certificate.public_key())?;
            first = Some((
                algorithm,
                describe(&certificate, algorithm, &block.contents),
            ));
        }
    }
    first.ok_or(IdentityError::NoCertificate)
}

fn describe(
    certificate: &X509Certificate<'_>,
    algorithm: SigningAlg,
    der: &[u8],
) -> CertificateInfo {
    let validity = certificate.validity();
    let issuer = certificate.issuer().to_string();
    CertificateInfo {
        subject: certificate.subject().to_string(),
        has_organization: certificate.subject().iter_organization().next().is_some(),
        is_self_made: issuer.contains(self_made::ORGANIZATION),
        issuer,
        algorithm: algorithm.to_string(),
        not_before: Timestamp::from_micros(
            validity.not_before.timestamp().saturating_mul(1_000_000),
        ),
        not_after: Timestamp::from_micros(validity.not_after.timestamp().saturating_mul(1_000_000)),
        fingerprint: hex::encode(&Sha256::digest(der)),
    }
}

/// RSA is left out on purpose: the library that would sign with it is known to leak timing (RUSTSEC-2023-0071).
fn algorithm_of(key: &SubjectPublicKeyInfo<'_>) -> Result<SigningAlg, IdentityError> {
    let unsupported = |name: String| Err(IdentityError::UnsupportedAlgorithm(name));
    let kind = &key.algorithm.algorithm;
    if *kind == OID_SIG_ED25519 {
        return Ok(SigningAlg::Ed25519);
    }
    if *kind == OID_PKCS1_RSAENCRYPTION || *kind == OID_PKCS1_RSASSAPSS {
        return unsupported("RSA".to_owned());
    }
    let curve = key
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.as_oid().ok());
    match curve {
        Some(curve) if *kind == OID_KEY_TYPE_EC_PUBLIC_KEY => {
            if curve == OID_EC_P256 {
                Ok(SigningAlg::Es256)
            } else if curve == OID_NIST_EC_P384 {
                Ok(SigningAlg::Es384)
            } else if curve == OID_NIST_EC_P521 {
                Ok(SigningAlg::Es512)
            } else {
                unsupported(format!("EC with the curve {curve}"))
            }
        }
        _ => unsupported(kind.to_id_string()),
    }
}
