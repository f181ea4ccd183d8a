//! The log: lines on standard error, as text or JSON.

use tracing_subscriber::EnvFilter;

use crate::config::{ConfigError, LogSettings};

/// Starts the log of this process; a second call changes nothing. Errors: an unreadable filter.
pub fn init(settings: &LogSettings) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&settings.filter).map_err(|error| ConfigError::Invalid {
        setting: "log.filter".to_owned(),
        message: error.to_string(),
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if settings.format == "json" {
        builder.json().flatten_event(true).try_init()
    } else {
        builder
            .with_target(false)
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .try_init()
    };
    // Only fails when a log runs already, as in tests.
    drop(started);
    Ok(())
}
