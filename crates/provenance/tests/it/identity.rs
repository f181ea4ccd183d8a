use std::{fs, time::Duration};

use drape_core::time::Timestamp;
use drape_provenance::{Identity, IdentityError, Signer};
use rcgen::{CertificateParams, IsCa, KeyPair, SignatureAlgorithm};

use crate::world::{identity, moment};

fn certificate_file(key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.use_authority_key_identifier_extension = true;
    parameters.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::EmailProtection];
    parameters
        .distinguished_name
        .push(rcgen::DnType::OrganizationName, "A shop");
    change(&mut parameters);
    let authority = KeyPair::generate().unwrap();
    let mut of_authority = CertificateParams::default();
    of_authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "authority");
    let issuer = rcgen::Issuer::new(of_authority, authority);
    parameters.signed_by(key, &issuer).unwrap().pem()
}

fn key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap()
}

fn refusal(key_pem: &str, certificate_pem: &str) -> String {
    let made = Identity::from_pem(key_pem, certificate_pem, moment())
        .and_then(|identity| Signer::new(&identity, "1"));
    made.err().unwrap().to_string()
}

#[test]
fn a_self_made_certificate_is_valid_for_ten_years_and_says_what_it_is() {
    let certificate = identity().certificate();
    assert_eq!(certificate.algorithm, "es256");
    assert!(certificate.is_self_made);
    assert_eq!(
        certificate.not_before,
        moment().minus(Duration::from_hours(24))
    );
    assert_eq!(certificate.not_after, moment().plus_days(3_653));
    assert_eq!(certificate.fingerprint.len(), 64);
    assert_ne!(certificate.subject, certificate.issuer);
    let other = Identity::self_made(moment()).unwrap();
    assert_ne!(other.certificate().issuer, certificate.issuer);
    assert!(!format!("{other:?}").contains("PRIVATE"));
}

#[test]
fn the_folder_is_made_once_and_the_key_is_its_owners() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data").join("provenance");
    assert!(Identity::load(&folder, moment()).unwrap().is_none());
    let made = Identity::load_or_make(&folder, moment()).unwrap();
    let again = Identity::load_or_make(&folder, moment()).unwrap();
    assert_eq!(made.certificate(), again.certificate());
    Signer::new(&again, "1").unwrap();
    let names: Vec<_> = fs::read_dir(folder.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["provenance"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.join("key.pem")), 0o600);
        assert_eq!(mode(&folder), 0o700);
    }

    fs::remove_file(folder.join("key.pem")).unwrap();
    let error = Identity::load_or_make(&folder, moment()).unwrap_err();
    assert!(error.to_string().contains("key.pem"), "{error}");
}

#[test]
fn several_starts_at_once_agree_on_one_identity() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("provenance");
    let made: Vec<Identity> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| Identity::load_or_make(&folder, moment())))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap().unwrap())
            .collect()
    });
    let now = Identity::load(&folder, moment()).unwrap().unwrap();
    for identity in made {
        assert_eq!(identity.certificate(), now.certificate());
    }
}

#[test]
fn other_kinds_of_keys_sign_too() {
    for algorithm in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let key = key(algorithm);
        let chain = certificate_file(&key, |_| {});
        let identity = Identity::from_pem(&key.serialize_pem(), &chain, moment()).unwrap();
        assert!(!identity.certificate().is_self_made);
        Signer::new(&identity, "1").unwrap_or_else(|error| panic!("{algorithm:?}: {error}"));
    }
}

#[test]
fn what_cannot_sign_says_why() {
    let own = key(&rcgen::PKCS_ECDSA_P256_SHA256);
    let own_pem = own.serialize_pem();
    let chain = certificate_file(&own, |_| {});
    assert!(refusal("", &chain).contains("no private key"));
    assert!(refusal(&chain, &chain).contains("no private key"));
    let old_form = own_pem.replace("PRIVATE KEY", "EC PRIVATE KEY");
    assert!(refusal(&old_form, &chain).contains("PKCS#8"));
    assert!(refusal(&own_pem, "").contains("no certificate"));
    assert!(refusal(&own_pem, &own_pem).contains("no certificate"));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(refusal(&own_pem, broken).contains("cannot be read"));

    let other = key(&rcgen::PKCS_ECDSA_P256_SHA256).serialize_pem();
    assert!(refusal(&other, &chain).contains("does not belong"));
    let another_kind = key(&rcgen::PKCS_ED25519).serialize_pem();
    assert!(!refusal(&another_kind, &chain).is_empty());

    let nameless = certificate_file(&own, |parameters| {
        parameters
            .distinguished_name
            .remove(rcgen::DnType::OrganizationName);
    });
    assert!(refusal(&own_pem, &nameless).contains("O="));
    let for_servers = certificate_file(&own, |parameters| {
        parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert!(refusal(&own_pem, &for_servers).contains("refuse"));
}

#[test]
fn the_validity_is_looked_at() {
    let own = key(&rcgen::PKCS_ECDSA_P256_SHA256);
    let own_pem = own.serialize_pem();
    let old = certificate_file(&own, |parameters| {
        parameters.not_after = rcgen::date_time_ymd(2025, 5, 4);
    });
    let error = Identity::from_pem(&own_pem, &old, moment()).unwrap_err();
    assert!(matches!(error, IdentityError::Expired(_)));
    assert!(
        error.to_string().contains("2025-05-04T00:00:00.000Z"),
        "{error}"
    );
    let early = certificate_file(&own, |parameters| {
        parameters.not_before = rcgen::date_time_ymd(2031, 1, 1);
    });
    let error = Identity::from_pem(&own_pem, &early, moment()).unwrap_err();
    assert!(matches!(error, IdentityError::NotYetValid(_)));
    let last = Timestamp::from_micros(1_746_316_800_000_000);
    assert!(Identity::from_pem(&own_pem, &old, last).is_ok());
}
