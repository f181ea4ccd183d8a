//! Exit codes: 0 done, 1 failed, 2 wrong usage (from the argument parser) or settings, one per kind of refusal, and 130 for Ctrl-C.

use std::{fmt, process::ExitCode};

use drape_core::Kind;
use drape_engines::models::{
    MissingModel, RegistryError,
    lock::LockError,
    pull::{LicenceError, PullError},
    remove::RemoveError,
};
use drape_outbound::hub::{HubError, HubOptionsError};
use drape_server::{app::StartError, config::ConfigError, provenance::ProvenanceError};

/// What a checking command found in a file, when that is not what one hopes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The file's statement of provenance does not hold.
    Tampered,
    /// The file has no statement of provenance.
    NoStatement,
    /// A file of a model is missing or has another content.
    DamagedModel,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tampered => "the file or its statement of provenance was changed after signing",
            Self::NoStatement => "the file carries no statement of provenance",
            Self::DamagedModel => "not every model is as it should be",
        })
    }
}

impl std::error::Error for Finding {}

/// Ctrl-C ended a pull.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; what has arrived is kept, the same command goes on from there")]
pub(crate) struct Interrupted;

/// Exit code of a program that Ctrl-C ended, by custom.
const INTERRUPTED: u8 = 130;

/// Exit code of a failed command.
pub(crate) fn code_of(failure: &anyhow::Error) -> ExitCode {
    for cause in failure.chain() {
        if let Some(error) = cause.downcast_ref::<drape_core::Error>() {
            return ExitCode::from(code_of_kind(error.kind()));
        }
        if let Some(finding) = cause.downcast_ref::<Finding>() {
            return ExitCode::from(match finding {
                Finding::Tampered | Finding::DamagedModel => 4,
                Finding::NoStatement => 5,
            });
        }
        if let Some(code) = code_of_models(cause) {
            return ExitCode::from(code);
        }
        if cause.is::<Interrupted>() {
            return ExitCode::from(INTERRUPTED);
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

/// Exit code of what can go wrong with models.
fn code_of_models(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(error) = cause.downcast_ref::<PullError>() {
        return Some(match error {
            PullError::Licence(_) | PullError::Lock(LockError::Busy(_)) => 6,
            PullError::Hub { source, .. } => code_of_hub(source),
            PullError::NotInFolder { .. } => 5,
            PullError::WrongSize { .. } | PullError::WrongHash { .. } | PullError::Missing(_) => 4,
            PullError::Lock(LockError::Io { .. })
            | PullError::Offline(_)
            | PullError::NoRoom { .. }
            | PullError::Full { .. }
            | PullError::Io { .. } => 1,
        });
    }
    if let Some(error) = cause.downcast_ref::<MissingModel>() {
        return Some(match error {
            MissingModel::Unknown { .. } | MissingModel::NotInstalled { .. } => 5,
            MissingModel::Incomplete { .. } => 4,
            MissingModel::Registry(_) => 2,
        });
    }
    if let Some(error) = cause.downcast_ref::<RemoveError>() {
        return Some(match error {
            RemoveError::NotInstalled(_) => 5,
            RemoveError::Lock(LockError::Busy(_)) => 6,
            RemoveError::Lock(LockError::Io { .. }) | RemoveError::Io { .. } => 1,
        });
    }
    if cause.is::<LicenceError>() {
        return Some(6);
    }
    (cause.is::<RegistryError>() || cause.is::<HubOptionsError>()).then_some(2)
}

fn code_of_hub(error: &HubError) -> u8 {
    match error {
        HubError::NotFound { .. } => 5,
        HubError::Unauthorized { .. } | HubError::Forbidden { .. } => 6,
        HubError::WrongSize { .. } | HubError::TooLong { .. } => 4,
        HubError::Sink(_) => 1,
        HubError::Status { .. }
        | HubError::Unreachable { .. }
        | HubError::Tls { .. }
        | HubError::Cut { .. }
        | HubError::Redirect { .. }
        | HubError::Compressed { .. }
        | HubError::Changed { .. } => 7,
    }
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
