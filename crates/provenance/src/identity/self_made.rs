//! A certificate of one's own, made on first start.
//!
//! Source: C2PA specification 2.x, "X.509 Certificates": a signing certificate is no authority, is not signed by itself,
//! and has key usage `digitalSignature`, an extended key usage and an authority key identifier. So an authority is made
//! for this one signature, and its key is thrown away.

use drape_core::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData as _,
};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use super::IdentityError;
use crate::hex;

/// Organisation in self-made certificates; readers show it as the signer.
pub(super) const ORGANIZATION: &str = "drape (self-made certificate)";

/// How long a self-made certificate is valid.
const VALIDITY: Duration = Duration::days(3_653);

/// Clocks of readers may be behind ours.
const CLOCK_SKEW: Duration = Duration::days(1);

/// `c2pa-kp-claimSigning`, the purpose that newer readers ask for; older ones know e-mail protection.
const C2PA_CLAIM_SIGNING: [u64; 9] = [1, 3, 6, 1, 4, 1, 62_558, 2, 1];

/// Makes a key and its chain of certificates, both in PEM.
pub(super) fn make(now: Timestamp) -> Result<(String, String), IdentityError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let authority_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    // Two servers' authorities must not have the same name.
    let suffix = hex::encode(&Sha256::digest(authority_key.der_bytes())[..4]);

    let mut authority = parameters(&format!("drape authority {suffix}"), now);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_pem = authority.self_signed(&authority_key)?.pem();

    let mut leaf = parameters(&format!("drape server {suffix}"), now);
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::EmailProtection,
        ExtendedKeyUsagePurpose::Other(C2PA_CLAIM_SIGNING.to_vec()),
    ];
    let issuer = Issuer::new(authority, authority_key);
    let leaf_pem = leaf.signed_by(&key, &issuer)?.pem();

    let chain = format!("{}\n{}\n", leaf_pem.trim_end(), authority_pem.trim_end());
    Ok((key.serialize_pem(), chain))
}

fn parameters(common_name: &str, now: Timestamp) -> CertificateParams {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name.push(DnType::OrganizationName, ORGANIZATION);
    let now =
        OffsetDateTime::from_unix_timestamp(now.as_seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name;
    parameters.not_before = now - CLOCK_SKEW;
    parameters.not_after = now + VALIDITY;
    parameters.use_authority_key_identifier_extension = true;
    parameters
}
