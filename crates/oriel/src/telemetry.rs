//! The log: structured, on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{Log, LogFormat};

/// Starts logging as configured. At the levels below `info`, libraries that print what passes
/// through them stay silent: a token in a header would be in their lines.
pub fn start(log: &Log) -> Result<(), ParseError> {
    let mut filter = EnvFilter::try_new(&log.level)?;
    for library in ["hyper", "h2", "rustls", "tokio_rustls", "sqlx", "tower", "mio"] {
        filter = filter.add_directive(format!("{library}=warn").parse()?);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => builder.with_target(false).with_ansi(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
