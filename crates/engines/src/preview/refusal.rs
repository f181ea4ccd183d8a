//! What the engine says when it does not deliver.

use drape_core::engine::{EngineError, EngineErrorKind};
use drape_imaging::ImageError;
use drape_preview::{
    confidence::{Blame, Confidence},
    garment::GarmentError,
    person::PersonError,
};

/// What a picture of a person should be like.
const PERSON_HINT: &str =
    "Use a studio-like photo of one person: upright, frontal, arms at the sides, plain background.";

/// What a picture of a garment should be like.
const GARMENT_HINT: &str =
    "Use a flat-lay or ghost-mannequin photo of the garment alone, on a plain background.";

/// Reasons that are told when none stands out.
const REASONS_TOLD_ANYWAY: usize = 2;

/// A fault of the engine, not of the pictures; `detail` is for the log.
pub(super) fn own_fault(detail: String) -> EngineError {
    EngineError::new(
        EngineErrorKind::ProviderError,
        "The preview engine failed on these pictures.",
    )
    .with_detail(detail)
}

/// The stored picture of the person cannot be read, or is too large to work on.
pub(super) fn unreadable_person(error: &ImageError) -> EngineError {
    EngineError::new(
        EngineErrorKind::BadInput,
        format!("The preview engine cannot read the picture of the person. {error}."),
    )
}

/// The stored picture of the product cannot be read, or is too large to work on.
pub(super) fn unreadable_garment(error: &ImageError) -> EngineError {
    EngineError::new(
        EngineErrorKind::GarmentUnusable,
        format!("The preview engine cannot read the product picture. {error}."),
    )
}

/// No person was found.
pub(super) fn no_person(error: PersonError) -> EngineError {
    EngineError::new(
        EngineErrorKind::NoPerson,
        format!("The preview engine cannot use the picture of the person: {error}. {PERSON_HINT}"),
    )
}

/// No garment was found, or none that can be taken off its wearer. `is_marked_worn`: the caller says that somebody wears it.
pub(super) fn no_garment(error: GarmentError, is_marked_worn: bool) -> EngineError {
    let hint = match error {
        // These say themselves what is needed.
        GarmentError::Worn(_) | GarmentError::NothingFound | GarmentError::FillsPicture => "",
        GarmentError::TooSmall | GarmentError::OddShape | GarmentError::NotAGarment => GARMENT_HINT,
    };
    let mark = if is_marked_worn {
        "It was read as worn because its `classifications.photo` says so."
    } else {
        ""
    };
    let sentence = format!("The preview engine cannot use the product picture: {error}.");
    let sentences = [sentence.as_str(), hint, mark];
    let told: Vec<_> = sentences
        .into_iter()
        .filter(|told| !told.is_empty())
        .collect();
    EngineError::new(EngineErrorKind::GarmentUnusable, told.join(" "))
}

/// These products are not worn together, or not by this engine.
pub(super) fn not_an_outfit(names: &[&str]) -> EngineError {
    let received = match names {
        [] => "nothing".to_owned(),
        names => names.join(" and "),
    };
    EngineError::new(
        EngineErrorKind::CategoryUnsupported,
        format!(
            "The preview engine puts on one product, or a top and a bottom together; these were read as {received}. \
             `classifications.category` of the pictures overrules what is read from titles and outlines."
        ),
    )
}

/// A result was made, but it is not good enough to be shown: what photo would work, and then what was measured.
pub(super) fn not_sure_enough(confidence: &Confidence, gate: f64) -> EngineError {
    let (kind, hint) = match confidence.blame() {
        Some(Blame::Garment) => (EngineErrorKind::GarmentUnusable, GARMENT_HINT),
        Some(Blame::Person) | None => (EngineErrorKind::NoPerson, PERSON_HINT),
    };
    let mut advice = confidence.advice();
    if advice.is_empty() {
        advice.push(hint);
    }
    // Rounded down, so that a value just below the gate does not read as having reached it.
    let value = (confidence.value * 100.0).floor() / 100.0;
    let mut reasons = confidence.explanation();
    if reasons.is_empty() {
        let small = confidence
            .factors
            .iter()
            .filter(|factor| factor.effect > 0.0);
        let names: Vec<_> = small
            .take(REASONS_TOLD_ANYWAY)
            .map(|factor| factor.reason)
            .collect();
        reasons = if names.is_empty() {
            "nothing in particular".to_owned()
        } else {
            names.join(", ")
        };
    }
    EngineError::new(
        kind,
        format!(
            "{} (The preview engine is not sure enough of the result, {value:.2} of {gate:.2}: {reasons}.)",
            advice.join(" ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use drape_preview::confidence::Factor;

    use super::*;

    fn confidence(value: f64, factors: &[(&'static str, f64, Blame)]) -> Confidence {
        let factors = factors.iter().map(|&(reason, effect, blame)| Factor {
            reason,
            factor: (-effect).exp(),
            blame,
            effect,
        });
        Confidence {
            value,
            factors: factors.collect(),
        }
    }

    #[test]
    fn the_picture_that_lowers_the_confidence_most_is_blamed() {
        let person = confidence(
            0.27,
            &[
                ("arm in front of the body", 2.0, Blame::Person),
                ("busy background", 1.5, Blame::Person),
                ("one sleeve", 0.3, Blame::Garment),
            ],
        );
        let error = not_sure_enough(&person, 0.5);
        assert_eq!(error.kind, EngineErrorKind::NoPerson);
        assert_eq!(
            error.message,
            "Stand upright and face the camera, arms hanging at your sides, a little away from the body. Stand before a \
             plain wall with nothing else in the picture. (The preview engine is not sure enough of the result, 0.27 of 0.50: \
             arm in front of the body, busy background.)"
        );
        let garment = confidence(
            0.2,
            &[
                ("garment outline not found", 3.0, Blame::Garment),
                ("body turned", 0.8, Blame::Person),
            ],
        );
        let error = not_sure_enough(&garment, 0.5);
        assert_eq!(error.kind, EngineErrorKind::GarmentUnusable);
        assert!(
            error.message.contains("plain background"),
            "{}",
            error.message
        );
    }

    #[test]
    fn a_value_just_below_the_gate_never_reads_as_the_gate() {
        let close = confidence(0.4988, &[("body turned", 0.9, Blame::Person)]);
        let message = not_sure_enough(&close, 0.5).message;
        assert!(message.contains("0.49 of 0.50"), "{message}");
    }

    #[test]
    fn small_penalties_are_told_when_there_are_no_others() {
        let many = confidence(
            0.8,
            &[
                ("shoulders tilted", 0.2, Blame::Person),
                ("body turned", 0.1, Blame::Person),
                ("asymmetric pose", 0.1, Blame::Person),
            ],
        );
        let message = not_sure_enough(&many, 0.9).message;
        assert!(
            message.starts_with("Stand upright")
                && message.contains(": shoulders tilted, body turned.)"),
            "{message}"
        );
        let without_any = not_sure_enough(&confidence(0.8, &[]), 0.9).message;
        assert!(
            without_any.starts_with(PERSON_HINT) && without_any.contains("nothing in particular"),
            "{without_any}"
        );
    }
}
