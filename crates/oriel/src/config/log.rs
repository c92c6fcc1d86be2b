//! What is written down.

use serde::{Deserialize, Serialize};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

section! {
    /// The log, on standard error.
    Log {
        /// What is logged.
        level: String = "info".into(),
        /// How.
        format: LogFormat = LogFormat::Text,
    }
}
