use super::*;

fn rated(factors: &[(&'static str, f64, Blame)]) -> Confidence {
    let mut list = Factors::default();
    for &(reason, factor, blame) in factors {
        list.add(reason, factor, blame);
    }
    Confidence::new(list.factors)
}

#[test]
fn factors_multiply_and_the_worst_is_told_first() {
    let confidence = rated(&[
        ("shoulders tilted", 0.8, Blame::Person),
        ("one sleeve", 0.6, Blame::Garment),
        ("body turned", 0.9, Blame::Person),
    ]);
    assert!((confidence.value - 0.432).abs() < 1e-12);
    assert_eq!(confidence.explanation(), "one sleeve, shoulders tilted");
    assert_eq!(confidence.blame(), Some(Blame::Garment));
}

#[test]
fn nobody_is_blamed_for_nothing() {
    let confidence = rated(&[("one sleeve", 1.0, Blame::Garment)]);
    assert!((confidence.value - 1.0).abs() < f64::EPSILON);
    assert_eq!(
        (confidence.explanation().as_str(), confidence.blame()),
        ("", None)
    );
}

#[test]
fn a_failed_measurement_is_the_worst_case() {
    let confidence = rated(&[("length stretched", f64::NAN, Blame::Garment)]);
    assert!(confidence.value.abs() < f64::EPSILON);
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
