//! The log: structured, on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};

use crate::config::{Log, LogFormat};

/// Starts logging as configured.
pub fn start(log: &Log) -> Result<(), String> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(log)?)
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => builder.with_target(false).with_ansi(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

/// What is logged. At the levels below `info`, libraries that print what passes through them stay
/// silent: a token in a header would be in their lines.
pub fn filter(log: &Log) -> Result<EnvFilter, String> {
    // A bare word that is no level would be taken for the name of a module, and silence all others.
    let is_level = |word: &str| word.contains('=') || word.parse::<LevelFilter>().is_ok();
    if !log.level.split(',').all(|word| is_level(word.trim())) {
        return Err(
            "write error, warn, info, debug or trace, or a filter such as info,oriel_gateway=debug"
                .to_owned(),
        );
    }
    let mut filter = EnvFilter::try_new(&log.level).map_err(|error| error.to_string())?;
    for library in ["hyper", "h2", "rustls", "tokio_rustls", "sqlx", "tower", "mio"] {
        let silent = format!("{library}=warn")
            .parse()
            .map_err(|error: ParseError| error.to_string())?;
        filter = filter.add_directive(silent);
    }
    Ok(filter)
}
