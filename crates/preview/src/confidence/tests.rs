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
        ("a reason that nobody rated", 0.6, Blame::Garment),
        ("another reason that nobody rated", 0.9, Blame::Person),
    ];
    let confidence = rated(&all);
    assert_eq!(
        confidence.explanation(),
        "a reason that nobody rated, shoulders tilted"
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
}

#[test]
fn a_failed_measurement_is_the_worst_case() {
    let confidence = rated(&[("a reason that nobody rated", f64::NAN, Blame::Garment)]);
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
