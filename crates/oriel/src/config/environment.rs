//! Settings from the environment: `ORIEL_GRANTS__TTL=5m` sets `ttl` in `[grants]`.

use std::ffi::OsString;

use serde::Deserialize as _;
use toml::{Table, Value};

use super::{Config, ConfigError};

const PREFIX: &str = "ORIEL_";
/// What belongs to the command line, not to the configuration.
const NOT_KEYS: [&str; 1] = ["ORIEL_CONFIG"];

/// What Kubernetes puts into the environment of every pod beside a service that is called `oriel`.
const KUBERNETES: [&str; 2] = ["ORIEL_SERVICE_", "ORIEL_PORT"];

/// Lays the environment over a configuration.
pub fn overlay(
    config: Config,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let mut config = config;
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|name| is_ours(name)) else {
            continue;
        };
        let set = value.to_str().ok_or_else(|| "its value is no UTF-8".to_owned());
        config = set
            .and_then(|text| set_key(&config, name, text))
            .map_err(|reason| ConfigError::Environment {
                name: name.to_owned(),
                reason,
            })?;
    }
    Ok(config)
}

fn is_ours(name: &str) -> bool {
    let kubernetes = KUBERNETES.iter().any(|prefix| name.starts_with(prefix));
    name.starts_with(PREFIX) && !NOT_KEYS.contains(&name) && !kubernetes
}

/// One variable: the same checks as for the file, since it goes the same way.
fn set_key(config: &Config, name: &str, text: &str) -> Result<Config, String> {
    let mut table = Table::try_from(config).map_err(|error| error.to_string())?;
    let path: Vec<String> = name
        .trim_start_matches(PREFIX)
        .split("__")
        .map(str::to_ascii_lowercase)
        .collect();
    let Some((key, sections)) = path.split_last() else {
        return Err("names no key".to_owned());
    };
    let mut section = &mut table;
    for name in sections {
        section = match section.get_mut(name) {
            Some(Value::Table(section)) => section,
            _ => {
                return Err(format!(
                    "there is no section [{}] in the configuration",
                    sections.join(".")
                ));
            }
        };
    }
    let value = match section.get(key) {
        Some(Value::Table(_)) => return Err("names a section: add __ and a key of it".to_owned()),
        // What is text by default, or not set at all, is text.
        None | Some(Value::String(_)) => Value::String(text.to_owned()),
        Some(other) => {
            let kind = other.type_str();
            parse(text).ok_or_else(|| format!("{text:?} is no {kind}"))?
        }
    };
    section.insert(key.clone(), value);
    let full = path.join(".");
    Config::deserialize(table).map_err(|error| {
        let message = error.message();
        if message.starts_with("unknown field") {
            format!("no such key: {full}")
        } else {
            message.to_owned()
        }
    })
}

/// A value as TOML writes it.
fn parse(text: &str) -> Option<Value> {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()?
        .remove("value")
}
