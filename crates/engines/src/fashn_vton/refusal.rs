//! What the neural engine says when it does not deliver.

use std::time::Duration;

use drape_core::engine::{EngineError, EngineErrorKind};

/// Words for a fault of the engine; `detail` is for the log.
pub(super) fn own_fault(detail: impl std::fmt::Display) -> EngineError {
    EngineError::new(
        EngineErrorKind::ProviderError,
        "The neural engine failed on these pictures.",
    )
    .with_detail(detail.to_string())
}

/// The engine cannot work on this machine as it is.
pub(super) fn unavailable(why: impl std::fmt::Display) -> EngineError {
    let message = format!("The neural engine cannot work: {why}.");
    EngineError::new(EngineErrorKind::Unavailable, message)
}

/// Another picture is being made, and as many wait as may.
pub(super) fn busy() -> EngineError {
    EngineError::new(
        EngineErrorKind::RateLimited,
        "The neural engine is busy with other pictures.",
    )
    .retryable()
}

/// The picture of the person cannot be used.
pub(super) fn unusable_person(why: impl std::fmt::Display) -> EngineError {
    let message = format!("The neural engine cannot use the picture of the person: {why}.");
    EngineError::new(EngineErrorKind::BadInput, message)
}

/// Nobody is in the picture of the person.
pub(super) fn no_person() -> EngineError {
    EngineError::new(
        EngineErrorKind::NoPerson,
        "The neural engine found nobody in the picture of the person. Use a photo in which one person is seen from the knees up.",
    )
}

/// The product picture cannot be used.
pub(super) fn unusable_garment(why: impl std::fmt::Display) -> EngineError {
    let message = format!("The neural engine cannot use the product picture: {why}.");
    EngineError::new(EngineErrorKind::GarmentUnusable, message)
}

/// More products than one, or none.
pub(super) fn one_product(count: usize) -> EngineError {
    let message = format!("The neural engine puts on one product at a time, received {count}.");
    EngineError::new(EngineErrorKind::BadInput, message)
}

/// What was made shows nothing of the person's photo.
pub(super) fn not_the_person() -> EngineError {
    EngineError::new(
        EngineErrorKind::ProviderError,
        "The neural engine made a picture that does not show the person. `drape models verify` checks whether its model is damaged.",
    )
}

/// Nobody and nothing says what the product is.
pub(super) fn unknown_category() -> EngineError {
    EngineError::new(
        EngineErrorKind::CategoryUnsupported,
        "The neural engine has to know what the product is: name it in the title, or set `classifications.category` of its \
         picture to top, bottom, dress or outerwear.",
    )
}

/// Somebody wears the garment in the product picture, and it cannot be told from its wearer.
pub(super) fn worn_without_outline(why: impl std::fmt::Display) -> EngineError {
    let message = format!(
        "Somebody wears the garment in the product picture, and the neural engine cannot tell it from its wearer: {why}. Use a \
         photo of the garment alone, or set `classifications.photo` to `flat-lay` if nobody wears it."
    );
    EngineError::new(EngineErrorKind::GarmentUnusable, message)
}

/// The time is over, or it can be seen that it will not be enough.
pub(super) fn out_of_time(limit: Duration, expected: Option<Duration>) -> EngineError {
    let limit = limit.as_secs();
    let message = match expected {
        None => format!("The neural engine did not finish within {limit} s."),
        Some(expected) => format!(
            "The neural engine would need about {} s for a picture on this machine, but has {limit} s \
             (fashn_vton.time_limit_s). The preset fast needs less, a faster machine too.",
            expected.as_secs()
        ),
    };
    EngineError::new(EngineErrorKind::Timeout, message)
}
