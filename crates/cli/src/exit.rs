//! Exit codes: 0 done, 1 failed, 2 wrong usage (from the argument parser) or settings, and one per kind of refusal.

use std::process::ExitCode;

use drape_core::Kind;
use drape_server::{app::StartError, config::ConfigError};

/// Exit code of a failed command.
pub(crate) fn code_of(failure: &anyhow::Error) -> ExitCode {
    for cause in failure.chain() {
        if let Some(error) = cause.downcast_ref::<drape_core::Error>() {
            return ExitCode::from(code_of_kind(error.kind()));
        }
        if cause.is::<ConfigError>()
            || matches!(
                cause.downcast_ref::<StartError>(),
                Some(StartError::Config(_))
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
