use drape_core::{engine::DigitalSource, ports::ProvenanceFacts};
use drape_imaging::{Limits, decode};
use drape_provenance::{SignError, Verdict, verify};

use crate::world::{facts, identity, photo, signer};

fn codes(report: &drape_provenance::Report) -> Vec<&str> {
    report
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

#[test]
fn a_signed_picture_says_what_made_it_and_keeps_its_pixels() {
    let photo = photo(120, 150);
    let signed = signer().sign(&photo, &facts()).unwrap();
    let before = decode(&photo, &Limits::default()).unwrap();
    let after = decode(&signed, &Limits::default()).unwrap();
    assert_eq!(before.data(), after.data());

    let report = verify(&signed, None).unwrap();
    assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
    assert_eq!(codes(&report), ["signingCredential.untrusted"]);
    assert_eq!(report.generator.as_deref(), Some("drape 9.8.7"));
    assert_eq!(report.title.as_deref(), Some(facts().title.as_str()));
    assert_eq!(
        report.instance_id.as_deref(),
        Some("urn:uuid:01920000-0000-7000-8000-000000000001")
    );
    let signer = report.signer.as_ref().unwrap();
    assert_eq!(signer.algorithm.as_deref(), Some("es256"));
    assert_eq!(
        signer.fingerprint.as_ref(),
        Some(&identity().certificate().fingerprint)
    );
    assert!(signer.organization.as_ref().unwrap().contains("self-made"));

    let did: Vec<_> = report
        .actions
        .iter()
        .map(|action| action.action.as_str())
        .collect();
    assert_eq!(did, ["c2pa.opened", "c2pa.edited", "c2pa.edited"]);
    let made = &report.actions[1];
    assert_eq!(made.software_agent.as_deref(), Some("preview 1.2.3"));
    assert_eq!(made.when.as_deref(), Some("2026-03-01T09:00:00Z"));
    assert_eq!(
        made.digital_source_type.as_deref(),
        Some("http://cv.iptc.org/newscodes/digitalsourcetype/composite")
    );
    let sources: Vec<_> = report
        .ingredients
        .iter()
        .map(|one| {
            (
                one.title.as_deref().unwrap(),
                one.relationship.as_str(),
                one.sha256.clone().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        sources,
        [
            ("person", "parentOf", "aa".repeat(32)),
            ("product picture 1", "inputTo", "bb".repeat(32)),
            ("product picture 2", "inputTo", "cc".repeat(32)),
        ]
    );
}

#[test]
fn the_xmp_packet_names_the_source_type_of_the_engine() {
    for (source, term) in [
        (
            DigitalSource::Composite,
            Some("digitalsourcetype/composite\""),
        ),
        (
            DigitalSource::TrainedAlgorithmic,
            Some("digitalsourcetype/compositeWithTrainedAlgorithmicMedia\""),
        ),
        (DigitalSource::Unchanged, None),
    ] {
        let facts = ProvenanceFacts { source, ..facts() };
        let signed = signer().sign(&photo(64, 64), &facts).unwrap();
        let text = String::from_utf8_lossy(&signed);
        assert!(text.contains("xmp:CreatorTool=\"drape 9.8.7\""));
        assert_eq!(
            text.contains("Iptc4xmpExt:DigitalSourceType"),
            term.is_some()
        );
        assert!(term.is_none_or(|term| text.contains(term)), "{source:?}");
        assert_eq!(verify(&signed, None).unwrap().verdict, Verdict::Valid);
    }
}

#[test]
fn an_unchanged_picture_says_so() {
    let facts = ProvenanceFacts {
        source: DigitalSource::Unchanged,
        product_sha256: Vec::new(),
        drawn: Vec::new(),
        ..facts()
    };
    let signed = signer().sign(&photo(64, 64), &facts).unwrap();
    let report = verify(&signed, None).unwrap();
    assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
    let [opened] = report.actions.as_slice() else {
        panic!("{report:#?}")
    };
    assert_eq!(opened.action, "c2pa.opened");
    assert_eq!(opened.digital_source_type, None);
    assert!(opened.description.as_ref().unwrap().contains("unchanged"));
}

#[test]
fn a_trusted_certificate_makes_the_signature_trusted() {
    let signed = signer().sign(&photo(64, 64), &facts()).unwrap();
    let report = verify(&signed, Some(identity().certificate_pem())).unwrap();
    assert_eq!(report.verdict, Verdict::Trusted, "{report:#?}");
    assert!(report.findings.is_empty());

    let stranger = drape_provenance::Identity::self_made(crate::world::moment()).unwrap();
    let report = verify(&signed, Some(stranger.certificate_pem())).unwrap();
    assert_eq!(report.verdict, Verdict::Valid);
    assert!(verify(&signed, Some("no certificate")).is_err());
}

#[test]
fn one_changed_byte_of_the_picture_is_found() {
    let signed = signer().sign(&photo(120, 150), &facts()).unwrap();
    let end = signed.len();
    for place in [end - 3, end - 500, end - 2_000] {
        let mut changed = signed.clone();
        changed[place] ^= 1;
        let report = verify(&changed, None).unwrap();
        assert_eq!(report.verdict, Verdict::Invalid);
        assert!(
            codes(&report).contains(&"assertion.dataHash.mismatch"),
            "{report:#?}"
        );
    }
    let mut longer = signed;
    longer.push(0);
    assert_eq!(verify(&longer, None).unwrap().verdict, Verdict::Invalid);
}

#[test]
fn a_changed_statement_is_found() {
    let signed = signer().sign(&photo(64, 64), &facts()).unwrap();
    for words in [&b"product picture 1"[..], b"composite", b"preview"] {
        let place = signed
            .windows(words.len())
            .rposition(|window| window == words)
            .unwrap();
        let mut changed = signed.clone();
        changed[place] ^= 1;
        assert_eq!(verify(&changed, None).unwrap().verdict, Verdict::Invalid);
    }
}

#[test]
fn the_statement_of_one_picture_does_not_fit_another() {
    let signed = signer().sign(&photo(64, 64), &facts()).unwrap();
    let other = signer().sign(&photo(65, 64), &facts()).unwrap();
    // The header with the manifest of the one, the scan of the other.
    let scan = |file: &[u8]| {
        file.windows(4)
            .rposition(|window| window == [0xff, 0xda, 0, 12])
            .unwrap()
    };
    let swapped = [&signed[..scan(&signed)], &other[scan(&other)..]].concat();
    assert_eq!(verify(&swapped, None).unwrap().verdict, Verdict::Invalid);
}

#[test]
fn signing_again_replaces_the_statement() {
    let once = signer().sign(&photo(64, 64), &facts()).unwrap();
    let twice = signer().sign(&once, &facts()).unwrap();
    assert!(
        twice.len().abs_diff(once.len()) < 16,
        "{} {}",
        once.len(),
        twice.len()
    );
    assert_eq!(verify(&twice, None).unwrap().verdict, Verdict::Valid);
}

#[test]
fn a_statement_takes_few_kilobytes() {
    let photo = photo(64, 64);
    let facts = ProvenanceFacts {
        product_sha256: vec![[1; 32]; 3],
        ..facts()
    };
    let signed = signer().sign(&photo, &facts).unwrap();
    let added = signed.len() - photo.len();
    assert!(added < 6_000, "{added}");
}

#[test]
fn what_is_no_jpeg_is_not_signed() {
    for bytes in [
        &b"this is no picture"[..],
        b"",
        b"\x89PNG\r\n\x1a\n",
        &photo(64, 64)[..300],
    ] {
        let refused = signer().sign(bytes, &facts());
        assert!(
            matches!(refused, Err(SignError::NotAJpeg(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn nothing_but_hashes_tells_of_the_pictures_that_went_in() {
    let signed = signer().sign(&photo(64, 64), &facts()).unwrap();
    let text = String::from_utf8_lossy(&signed);
    assert!(!text.contains("thumbnail"));
    // One picture only: no second start of an image anywhere in the manifest.
    assert_eq!(
        signed
            .windows(3)
            .filter(|three| *three == [0xff, 0xd8, 0xff])
            .count(),
        1
    );
}
