//! The log: lines on standard error, as text or JSON.

use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::config::{ConfigError, LogSettings};

/// Starts the log of this process; a second call changes nothing. Errors: an unreadable filter.
pub fn init(settings: &LogSettings) -> Result<(), ConfigError> {
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let log = subscriber(settings, std::io::stderr, is_terminal)?;
    // Only fails when a log runs already, as in tests.
    drop(tracing::subscriber::set_global_default(log));
    Ok(())
}

/// Makes a log that writes to `writer`, in the form that docs/LOGGING.md promises. Errors: an unreadable filter.
pub fn subscriber<W>(
    settings: &LogSettings,
    writer: W,
    has_colours: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, ConfigError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&settings.filter).map_err(|error| ConfigError::Invalid {
        setting: "log.filter".to_owned(),
        message: error.to_string(),
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    Ok(if settings.format == "json" {
        // The request's own fields stand under `span`; there is never more than one span.
        let builder = builder.json().flatten_event(true).with_span_list(false);
        Box::new(builder.finish())
    } else {
        Box::new(builder.with_target(false).with_ansi(has_colours).finish())
    })
}
