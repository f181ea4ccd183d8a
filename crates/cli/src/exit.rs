//! Exit codes: 0 done, 1 failed, 2 wrong usage (from the argument parser) or settings, and one per kind of refusal.

use std::{fmt, process::ExitCode};

use drape_core::Kind;
use drape_server::{app::StartError, config::ConfigError, provenance::ProvenanceError};

/// What a checking command found in a file, when that is not what one hopes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The file's statement of provenance does not hold.
    Tampered,
    /// The file has no statement of provenance.
    NoStatement,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tampered => "the file or its statement of provenance was changed after signing",
            Self::NoStatement => "the file carries no statement of provenance",
        })
    }
}

impl std::error::Error for Finding {}

/// Exit code of a failed command.
pub(crate) fn code_of(failure: &anyhow::Error) -> ExitCode {
    for cause in failure.chain() {
        if let Some(error) = cause.downcast_ref::<drape_core::Error>() {
            return ExitCode::from(code_of_kind(error.kind()));
        }
        if let Some(finding) = cause.downcast_ref::<Finding>() {
            return ExitCode::from(match finding {
                Finding::Tampered => 4,
                Finding::NoStatement => 5,
            });
        }
        if cause.is::<ConfigError>()
            || matches!(
                cause.downcast_ref::<StartError>(),
                Some(StartError::Config(_))
            )
            || matches!(
                cause.downcast_ref::<ProvenanceError>(),
                Some(ProvenanceError::Setting(_))
            )
        {
            return ExitCode::from(2);
        }
    }
    ExitCode::FAILURE
}

fn code_of_kind(kind: Kind) -> u8 {
    match kind {
        Kind::InvalidInput | Kind::TooLarge | Kind::Unsupported => 3,
        Kind::Unprocessable => 4,
        Kind::NotFound => 5,
        Kind::Unauthenticated
        | Kind::Forbidden
        | Kind::PaymentRequired
        | Kind::Conflict
        | Kind::MethodNotAllowed => 6,
        Kind::RateLimited
        | Kind::Overloaded
        | Kind::Unavailable
        | Kind::Timeout
        | Kind::Upstream => 7,
        Kind::Internal => 1,
    }
}
