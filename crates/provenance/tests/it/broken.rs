//! Files that nobody would send in earnest: a verdict, never a panic.

use drape_provenance::{Verdict, VerifyError, verify};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{TestRng, TestRunner},
};

use crate::world::{facts, photo, signer};

#[test]
fn a_picture_without_a_manifest_has_none() {
    let report = verify(&photo(64, 64), None).unwrap();
    assert_eq!(report.verdict, Verdict::Missing);
    assert!(report.findings.is_empty());
}

#[test]
fn what_is_no_picture_is_not_looked_at() {
    for bytes in [&b""[..], b"text", b"%PDF-1.7", &[0xff, 0xd8]] {
        assert!(matches!(
            verify(bytes, None),
            Err(VerifyError::UnknownFormat)
        ));
    }
}

#[test]
fn a_cut_file_is_never_valid() {
    let signed = signer().sign(&photo(64, 64), &facts()).unwrap();
    for end in (3..signed.len()).step_by(61) {
        let verdict = verify(&signed[..end], None).unwrap().verdict;
        assert!(
            matches!(verdict, Verdict::Invalid | Verdict::Missing),
            "{end}: {verdict:?}"
        );
    }
}

#[test]
fn garbled_files_never_pass_with_other_words_and_never_panic() {
    let signed = signer().sign(&photo(48, 48), &facts()).unwrap();
    let said = verify(&signed, None).unwrap();
    // Past the picture's own start the first part is XMP and manifest, where a change hurts most.
    let changes = vec((0..signed.len().min(20_000), 1..=255_u8), 1..12);
    let mut runner = runner();
    runner
        .run(&changes, |changes| {
            let mut garbled = signed.clone();
            for (place, change) in changes {
                garbled[place] ^= change;
            }
            prop_assume!(garbled != signed);
            match verify(&garbled, None) {
                // The signature leaves padding in the manifest free to change; what is said stays the same then.
                Ok(report) if report.verdict == Verdict::Valid => prop_assert_eq!(&report, &said),
                Ok(report) => prop_assert_ne!(report.verdict, Verdict::Trusted),
                Err(error) => prop_assert!(matches!(error, VerifyError::UnknownFormat)),
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn noise_behind_a_known_beginning_does_not_panic() {
    let beginnings: [&[u8]; 6] = [
        &[0xff, 0xd8, 0xff, 0xeb],
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"II\x2a\0\x08\0\0\0",
        b"RIFF\x40\0\0\0WEBP",
        b"\0\0\0\x18ftypheic",
    ];
    let mut runner = runner();
    runner
        .run(
            &(0..beginnings.len(), vec(any::<u8>(), 0..600)),
            |(index, noise)| {
                let file = [beginnings[index], &noise].concat();
                let verdict = verify(&file, None).unwrap().verdict;
                prop_assert!(matches!(verdict, Verdict::Invalid | Verdict::Missing));
                Ok(())
            },
        )
        .unwrap();
}

/// The same cases in every run.
fn runner() -> TestRunner {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    TestRunner::new_with_rng(config, rng)
}
