//! Writes statements into JPEG files and signs them.

use std::{io::Cursor, sync::Arc};

use c2pa::{BoxedSigner, Builder, Context, SigningAlg, create_signer};
use drape_core::{engine::DigitalSource, ports::ProvenanceFacts, time::Timestamp};

use crate::{
    identity::{CertificateInfo, Identity, IdentityError},
    jpeg, manifest, settings,
    verify::{Verdict, verify},
    xmp,
};

/// Why a file was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The file is no JPEG.
    #[error("the file is no JPEG: {0}")]
    NotAJpeg(String),
    /// The manifest could not be made or signed.
    #[error("the manifest cannot be signed: {0}")]
    Manifest(#[from] c2pa::Error),
}

/// Signs JPEG files with one identity; cheap to clone. The work is CPU work: keep it off async threads.
#[derive(Clone)]
pub struct Signer {
    shared: Arc<Shared>,
}

struct Shared {
    signer: Frugal,
    context: Arc<Context>,
    certificate: CertificateInfo,
    version: String,
}

impl Signer {
    /// Makes a signer and has it sign and verify a picture of its own, so that a key that does not fit its certificate,
    /// or a certificate that readers would refuse, is found before anything is signed with it.
    ///
    /// `version` is the one of the program, for the manifests.
    pub fn new(identity: &Identity, version: &str) -> Result<Self, IdentityError> {
        let refused = |error: c2pa::Error| IdentityError::Refused(error.to_string());
        let signer = create_signer::from_keys(
            identity.certificate_pem().as_bytes(),
            identity.key_pem().as_bytes(),
            identity.algorithm(),
            None,
        )
        .map_err(refused)?;
        let signer = Self {
            shared: Arc::new(Shared {
                signer: Frugal(signer),
                context: settings::context(None).map_err(refused)?.into_shared(),
                certificate: identity.certificate().clone(),
                version: version.to_owned(),
            }),
        };
        signer.try_out()?;
        Ok(signer)
    }

    /// What the certificate says.
    pub fn certificate(&self) -> &CertificateInfo {
        &self.shared.certificate
    }

    /// Adds the XMP packet and the signed manifest to a JPEG file.
    ///
    /// Every pixel stays what it was; all other metadata is dropped.
    pub fn sign(&self, jpeg: &[u8], facts: &ProvenanceFacts) -> Result<Vec<u8>, SignError> {
        let shared = &self.shared;
        let tool = format!("{} {}", manifest::GENERATOR, shared.version);
        let packet = xmp::packet(&tool, facts.source.iptc_term());
        let with_xmp = jpeg::with_only_xmp(jpeg, &packet)
            .map_err(|error| SignError::NotAJpeg(error.to_string()))?;
        let mut builder = Builder::from_shared_context(&shared.context)
            .with_definition(manifest::definition(facts, &shared.version))?;
        let mut signed = Cursor::new(Vec::with_capacity(with_xmp.len() + 32 * 1_024));
        builder.sign(
            &shared.signer,
            "image/jpeg",
            &mut Cursor::new(with_xmp),
            &mut signed,
        )?;
        Ok(signed.into_inner())
    }

    fn try_out(&self) -> Result<(), IdentityError> {
        let facts = ProvenanceFacts {
            instance: uuid::Uuid::nil(),
            title: "trial.jpg".to_owned(),
            engine: "trial".to_owned(),
            engine_version: self.shared.version.clone(),
            source: DigitalSource::Composite,
            made_at: Timestamp::default(),
            person_sha256: [0; 32],
            product_sha256: vec![[1; 32]],
            drawn: Vec::new(),
        };
        let signed = self
            .sign(SMALLEST_JPEG, &facts)
            .map_err(|error| IdentityError::Refused(error.to_string()))?;
        let report =
            verify(&signed, None).map_err(|error| IdentityError::Refused(error.to_string()))?;
        if matches!(report.verdict, Verdict::Valid | Verdict::Trusted) {
            return Ok(());
        }
        let findings: Vec<_> = report
            .findings
            .iter()
            .map(|finding| finding.code.as_str())
            .collect();
        if findings.contains(&"claimSignature.mismatch") {
            return Err(IdentityError::KeyMismatch);
        }
        Err(IdentityError::Refused(findings.join(", ")))
    }
}

/// Bytes of a signature besides its certificates: signature, protected header, padding.
const SIGNATURE_BYTES: usize = 384;

/// A signer that keeps no room for the answer of a time-stamp service, which nobody asks here: 10 KB less in each file.
struct Frugal(BoxedSigner);

impl c2pa::Signer for Frugal {
    fn sign(&self, data: &[u8]) -> c2pa::Result<Vec<u8>> {
        self.0.sign(data)
    }

    fn alg(&self) -> SigningAlg {
        self.0.alg()
    }

    fn certs(&self) -> c2pa::Result<Vec<Vec<u8>>> {
        self.0.certs()
    }

    fn reserve_size(&self) -> usize {
        let certificates = self.0.certs().unwrap_or_default();
        let bytes: usize = certificates.iter().map(|der| der.len() + 8).sum();
        SIGNATURE_BYTES + bytes
    }
}

/// A JPEG file as far as its segments go; nothing decodes it.
const SMALLEST_JPEG: &[u8] = &[
    0xff, 0xd8, // start of image
    0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0, // frame of one grey pixel
    0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0, // scan
    0xff, 0xd9, // end of image
];
