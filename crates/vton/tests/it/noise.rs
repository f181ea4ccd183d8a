//! The noise is that of the reference to the bit.

use drape_vton::noise::{MIN_NUMBERS, TooFewNumbers, normal};

use super::golden::{self, Tensors};
use super::preprocess::hex_sha256;

/// Numbers of the network's canvas.
const CANVAS_NUMBERS: usize = 3 * 864 * 576;

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Numbers that the reference itself made lie beside this file, so that the test needs nothing else.
#[test]
fn every_number_of_a_seed_is_the_reference_s() {
    let fixture: serde_json::Value =
        serde_json::from_str(include_str!("../fixtures/noise.json")).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    assert!(cases.iter().any(|case| case["count"] == CANVAS_NUMBERS));
    for case in cases {
        let seed: u64 = case["seed"].as_str().unwrap().parse().unwrap();
        let count = case["count"].as_u64().unwrap() as usize;
        let found = normal(seed, count).unwrap();
        let hex = |numbers: &[f32]| -> Vec<String> {
            numbers
                .iter()
                .map(|number| format!("{:08x}", number.to_bits()))
                .collect()
        };
        let what = format!("seed {seed}, {count} numbers");
        assert_eq!(serde_json::json!(hex(&found[..3])), case["first"], "{what}");
        assert_eq!(
            serde_json::json!(hex(&found[count - 3..])),
            case["last"],
            "{what}"
        );
        let bytes: Vec<u8> = found
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        assert_eq!(hex_sha256(&bytes), case["sha256"], "{what}");
    }
}

#[test]
fn noise_of_the_canvas_is_the_reference_s() {
    const MIDDLE: usize = 700_000;
    let (Some(reference), Some(manifest)) = (
        Tensors::read("primitives.safetensors"),
        golden::json("manifest.json"),
    ) else {
        return;
    };
    let checks = &manifest["files"]["primitives.safetensors"]["checks"];
    for seed in [0, 42, 123_456_789] {
        let found = normal(seed, CANVAS_NUMBERS).unwrap();
        let part = |name: &str| reference.f32(&format!("randn.{seed}.{name}"));
        let (first, middle, last) = (part("first"), part("mid"), part("last"));
        assert_eq!(bits(&found[..first.len()]), bits(&first), "seed {seed}");
        assert_eq!(
            bits(&found[MIDDLE..][..middle.len()]),
            bits(&middle),
            "seed {seed}"
        );
        assert_eq!(
            bits(&found[CANVAS_NUMBERS - last.len()..]),
            bits(&last),
            "seed {seed}"
        );
        let sum: f64 = found.iter().map(|number| f64::from(*number)).sum();
        let expected = checks[format!("randn.{seed}.sum")].as_f64().unwrap();
        assert!(
            (sum - expected).abs() < 1e-6,
            "seed {seed}: sum {sum}, not {expected}"
        );
    }
}

#[test]
fn a_last_block_that_is_not_full_is_drawn_anew() {
    let Some(reference) = Tensors::read("primitives.safetensors") else {
        return;
    };
    for name in ["randn.42.n37", "randn.42.shape_2x3x5x7"] {
        let expected = reference.f32(name);
        assert_eq!(
            bits(&normal(42, expected.len()).unwrap()),
            bits(&expected),
            "{name}"
        );
    }
}

#[test]
fn noise_depends_on_the_seed_alone() {
    assert_eq!(normal(7, 1000), normal(7, 1000));
    assert_ne!(normal(7, 1000), normal(8, 1000));
    // As in the reference, whole blocks do not depend on how many follow.
    assert_eq!(normal(7, 1000).unwrap()[..960], normal(7, 960).unwrap()[..]);
}

#[test]
fn less_than_a_block_is_refused() {
    assert!(normal(1, MIN_NUMBERS).is_ok());
    for count in [0, 1, MIN_NUMBERS - 1] {
        assert_eq!(normal(1, count), Err(TooFewNumbers { count }));
    }
}
