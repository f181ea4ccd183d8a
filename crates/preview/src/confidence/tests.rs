use super::*;

fn rated(factors: &[(&'static str, f64, Blame)]) -> Confidence {
    let mut list = Factors::default();
    for &(reason, factor, blame) in factors {
        list.add(reason, factor, blame);
    }
    Confidence::new(Category::Top, list.factors)
}

#[test]
fn every_factor_lowers_the_confidence_and_the_worst_is_told_first() {
    let all = [
        ("shoulders tilted", 0.8, Blame::Person),
        ("garment background not plain", 0.6, Blame::Garment),
        ("busy background", 0.95, Blame::Person),
    ];
    let confidence = rated(&all);
    assert_eq!(
        confidence.explanation(),
        "garment background not plain, shoulders tilted"
    );
    assert_eq!(confidence.blame(), Some(Blame::Garment));
    assert!(confidence.value < rated(&all[..1]).value);
    assert!(rated(&all[..1]).value <= rated(&[]).value);
}

#[test]
fn nobody_is_blamed_for_nothing() {
    let confidence = rated(&[("one sleeve", 1.0, Blame::Garment)]);
    assert!(confidence.value > 0.7 && confidence.value < 1.0);
    assert_eq!(
        (confidence.explanation().as_str(), confidence.blame()),
        ("", None)
    );
    assert!(confidence.advice().is_empty());
}

#[test]
fn what_ratings_show_to_be_harmless_is_no_reason() {
    let weight = Calibration::stored().weight("waist not found");
    assert!(weight.abs() < 1e-9, "{weight}: choose another reason here");
    let confidence = rated(&[
        ("waist not found", 0.1, Blame::Person),
        ("one sleeve", 0.9, Blame::Garment),
    ]);
    assert_eq!(confidence.blame(), Some(Blame::Garment));
    assert_eq!(confidence.factors[0].reason, "one sleeve");
}

#[test]
fn advice_is_about_the_picture_to_blame_and_says_nothing_twice() {
    let confidence = rated(&[
        ("arm in front of the body", 0.5, Blame::Person),
        ("asymmetric pose", 0.6, Blame::Person),
        ("much skin to invent", 0.3, Blame::Person),
        ("busy background", 0.7, Blame::Person),
        ("one sleeve", 0.8, Blame::Garment),
    ]);
    assert_eq!(
        confidence.advice(),
        [
            "Stand upright and face the camera, arms hanging at your sides, a little away from the body.",
            "Stand before a plain wall with nothing else in the picture."
        ]
    );
    let faint = rated(&[("busy background", 0.98, Blame::Person)]);
    assert_eq!(faint.advice().len(), 1);
}

#[test]
fn a_failed_measurement_is_the_worst_case() {
    let confidence = rated(&[("busy background", f64::NAN, Blame::Garment)]);
    assert!(confidence.factors[0].factor.abs() < f64::EPSILON);
    assert!(confidence.value < 0.01);
}

#[test]
fn ramps_rise_and_fall() {
    for (value, low, high, expected) in [
        (1.0, 2.0, 4.0, 0.0),
        (3.0, 2.0, 4.0, 0.5),
        (9.0, 2.0, 4.0, 1.0),
        (0.65, 0.72, 0.60, 0.07 / 0.12),
    ] {
        assert!(
            (ramp(value, low, high) - expected).abs() < 1e-9,
            "{value} between {low} and {high}"
        );
    }
}
