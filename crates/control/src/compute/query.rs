//! Queries: the part of a request's target after the question mark.

use form_urlencoded::parse;
use percent_encoding::percent_decode_str;
use regex::{Regex, RegexBuilder};
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;

use super::fault::Fault;
use super::python::python_repr;
use super::version::Microversion;

/// Reads a query, name by name. Nova refuses one that is no UTF-8.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, Fault> {
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(Fault::bad_request("Query string is not UTF-8 encoded"));
    }
    Ok(parse(query.as_bytes()).into_owned().collect())
}

/// What the value of a name in a list's query must be.
#[derive(Clone, Copy)]
enum Rule {
    /// Anything.
    Text,
    /// A regular expression.
    Pattern,
    /// A time.
    Time,
    /// A property that lists are sorted by.
    SortKey,
    /// A number of servers.
    Count,
}

/// The names that the query of a list of servers may have, in the order in which Nova checks
/// them, each with the first version that knows it.
const NAMES: &[(&str, Rule, u32)] = &[
    ("user_id", Rule::Text, 1),
    ("project_id", Rule::Text, 1),
    ("tenant_id", Rule::Text, 1),
    ("launch_index", Rule::Text, 1),
    ("image_ref", Rule::Text, 1),
    ("image", Rule::Text, 1),
    ("kernel_id", Rule::Pattern, 1),
    ("ramdisk_id", Rule::Pattern, 1),
    ("hostname", Rule::Pattern, 1),
    ("key_name", Rule::Pattern, 1),
    ("power_state", Rule::Pattern, 1),
    ("vm_state", Rule::Text, 1),
    ("task_state", Rule::Text, 1),
    ("host", Rule::Text, 1),
    ("node", Rule::Pattern, 1),
    ("flavor", Rule::Pattern, 1),
    ("reservation_id", Rule::Pattern, 1),
    ("launched_at", Rule::Pattern, 1),
    ("terminated_at", Rule::Pattern, 1),
    ("availability_zone", Rule::Pattern, 1),
    ("name", Rule::Pattern, 1),
    ("display_name", Rule::Pattern, 1),
    ("description", Rule::Pattern, 1),
    ("display_description", Rule::Pattern, 1),
    ("locked_by", Rule::Pattern, 1),
    ("uuid", Rule::Text, 1),
    ("root_device_name", Rule::Pattern, 1),
    ("config_drive", Rule::Pattern, 1),
    ("access_ip_v4", Rule::Pattern, 1),
    ("access_ip_v6", Rule::Pattern, 1),
    ("auto_disk_config", Rule::Pattern, 1),
    ("progress", Rule::Pattern, 1),
    ("sort_key", Rule::SortKey, 1),
    ("sort_dir", Rule::Text, 1),
    ("all_tenants", Rule::Text, 1),
    ("soft_deleted", Rule::Text, 1),
    ("deleted", Rule::Text, 1),
    ("status", Rule::Text, 1),
    ("changes-since", Rule::Time, 1),
    ("ip", Rule::Pattern, 1),
    ("ip6", Rule::Pattern, 1),
    ("created_at", Rule::Pattern, 1),
    ("block_device_mapping", Rule::Text, 1),
    ("services", Rule::Text, 1),
    ("metadata", Rule::Text, 1),
    ("system_metadata", Rule::Text, 1),
    ("info_cache", Rule::Text, 1),
    ("security_groups", Rule::Text, 1),
    ("pci_devices", Rule::Text, 1),
    ("limit", Rule::Count, 1),
    ("marker", Rule::Text, 1),
    ("tags", Rule::Pattern, 26),
    ("tags-any", Rule::Pattern, 26),
    ("not-tags", Rule::Pattern, 26),
    ("not-tags-any", Rule::Pattern, 26),
    ("changes-before", Rule::Time, 66),
    ("locked", Rule::Text, 73),
];

/// What lists are sorted by.
pub const SORT_KEYS: &[&str] = &[
    "access_ip_v4",
    "access_ip_v6",
    "auto_disk_config",
    "availability_zone",
    "config_drive",
    "created_at",
    "display_description",
    "display_name",
    "host",
    "hostname",
    "image_ref",
    "instance_type_id",
    "kernel_id",
    "key_name",
    "launch_index",
    "launched_at",
    "locked_by",
    "node",
    "power_state",
    "progress",
    "project_id",
    "ramdisk_id",
    "root_device_name",
    "task_state",
    "terminated_at",
    "updated_at",
    "user_id",
    "uuid",
    "vm_state",
];
/// What may be named up to 2.74 and changes nothing. `locked` became a key of its own in 2.73.
const IGNORED_SORT_KEYS: &[&str] = &[
    "architecture",
    "cell_name",
    "cleaned",
    "default_ephemeral_device",
    "default_swap_device",
    "deleted",
    "deleted_at",
    "disable_terminate",
    "ephemeral_gb",
    "ephemeral_key_uuid",
    "id",
    "key_data",
    "launched_on",
    "locked",
    "memory_mb",
    "os_type",
    "reservation_id",
    "root_gb",
    "shutdown_terminate",
    "user_data",
    "vcpus",
    "vm_mode",
];
const LOCKED_IS_A_SORT_KEY: Microversion = Microversion::v2(73);
/// The first version that refuses names that it does not know.
const STRICT: Microversion = Microversion::v2(75);
/// Largest compiled pattern, in bytes. A pattern beyond it is taken literally.
const MAX_PATTERN: usize = 64 * 1024;

/// Checks the query of a list of servers, and drops the names that the version does not know.
pub fn check_list(pairs: &mut Vec<(String, String)>, version: Microversion) -> Result<(), Fault> {
    let known = || {
        NAMES
            .iter()
            .filter(|(_, _, since)| version >= Microversion::v2(*since))
    };
    for (name, rule, _) in known() {
        for (_, value) in pairs.iter().filter(|(given, _)| given == name) {
            rule.check(value, version).map_err(|broken| {
                Fault::bad_request(format!(
                    "Invalid input for query parameters {name}. Value: {value}. {broken}"
                ))
            })?;
        }
    }
    let is_known = |given: &str| given.starts_with('_') || known().any(|(name, ..)| *name == given);
    let mut strangers: Vec<_> = pairs
        .iter()
        .filter(|(name, _)| !is_known(name))
        .map(|(name, _)| python_repr(&name.as_str().into()))
        .collect();
    if version >= STRICT && !strangers.is_empty() {
        strangers.sort();
        strangers.dedup();
        let verb = if strangers.len() == 1 { "does" } else { "do" };
        return Err(Fault::bad_request(format!(
            "{} {verb} not match any of the regexes: '^_'",
            strangers.join(", ")
        )));
    }
    pairs.retain(|(name, _)| is_known(name));
    Ok(())
}

impl Rule {
    /// The broken rule in Nova's words.
    fn check(self, value: &str, version: Microversion) -> Result<(), String> {
        let quoted = || python_repr(&value.into());
        match self {
            Self::Text => Ok(()),
            Self::Pattern if is_pattern(value) => Ok(()),
            Self::Pattern => Err(format!("{} is not a 'regex'", quoted())),
            Self::Time if time(value).is_some() => Ok(()),
            Self::Time => Err(format!("{} is not a 'date-time'", quoted())),
            Self::Count if value.is_empty() => Err("'' should be non-empty".to_owned()),
            Self::Count if digits(value) => Ok(()),
            Self::Count => Err(format!("{} does not match '^[0-9]*$'", quoted())),
            Self::SortKey => {
                let keys = sort_keys(version);
                if keys.contains(&value) {
                    return Ok(());
                }
                let keys: Vec<_> = keys.iter().map(|key| format!("'{key}'")).collect();
                Err(format!("{} is not one of [{}]", quoted(), keys.join(", ")))
            }
        }
    }
}

fn sort_keys(version: Microversion) -> Vec<&'static str> {
    let mut keys = SORT_KEYS.to_vec();
    if version >= LOCKED_IS_A_SORT_KEY {
        keys.push("locked");
    }
    if version < STRICT {
        keys.extend(
            IGNORED_SORT_KEYS
                .iter()
                .filter(|key| !keys.contains(key))
                .collect::<Vec<_>>(),
        );
    }
    keys
}

/// Whether a key is one that changes nothing.
pub fn is_ignored_sort_key(key: &str, version: Microversion) -> bool {
    IGNORED_SORT_KEYS.contains(&key) && !(key == "locked" && version >= LOCKED_IS_A_SORT_KEY)
}

/// `^[0-9]*$`, where Python's `$` matches before a line's end too.
fn digits(text: &str) -> bool {
    text.strip_suffix('\n')
        .unwrap_or(text)
        .bytes()
        .all(|b| b.is_ascii_digit())
}

/// Whether Python would take a text for a regular expression. Nova takes none that is empty.
fn is_pattern(text: &str) -> bool {
    // What Python has and Rust has not, for want of a bound on the time that it takes.
    let python_only = ["(?=", "(?!", "(?<", "(?P=", "(?(", "\\1", "\\2"];
    !text.is_empty()
        && (regex_syntax_ok(text) || python_only.iter().any(|construct| text.contains(construct)))
}

fn regex_syntax_ok(text: &str) -> bool {
    !matches!(
        RegexBuilder::new(text).size_limit(MAX_PATTERN).build(),
        Err(regex::Error::Syntax(_))
    )
}

/// A pattern as Nova takes it. What is none is looked for as it stands.
pub fn pattern(text: &str) -> Option<Regex> {
    let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_PATTERN).build().ok();
    // Only a text of many kilobytes is no pattern even when every character stands for itself.
    build(text).or_else(|| build(&regex::escape(text)))
}

/// A time as ISO 8601 writes it: a date, and perhaps a time and an offset from UTC.
pub fn time(text: &str) -> Option<OffsetDateTime> {
    let parse = |text: &str| OffsetDateTime::parse(text, &Iso8601::DEFAULT).ok();
    let text = text.replacen(' ', "T", 1);
    parse(&text)
        .or_else(|| parse(&format!("{text}Z")))
        .or_else(|| parse(&format!("{text}T00:00:00Z")))
        .or_else(|| parse(&format!("{text}:00:00Z")))
}

/// A truth value as OpenStack writes it, or Nova's words for what is none.
pub fn truth(text: &str) -> Result<bool, Fault> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "on" | "y" | "yes" => Ok(true),
        "0" | "f" | "false" | "off" | "n" | "no" => Ok(false),
        _ => Err(Fault::bad_request(format!(
            "Unrecognized value '{text}', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', \
             'off', 'on', 't', 'true', 'y', 'yes'"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_what_may_be_left_out() {
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T02:00:00+02:00",
            "2026-01-01 00:00:00",
            "2026-01-01T00:00",
            "2026-01-01T00",
            "2026-01-01",
            "20260101T000000Z",
            "2026-01-01T00:00:00.000000Z",
        ] {
            let read = time(text).map(OffsetDateTime::unix_timestamp);
            assert_eq!(read, Some(1_767_225_600), "{text}");
        }
        for text in ["", "x", "2026-13-01", "yesterday"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn patterns_are_told_from_what_is_none() {
        for text in ["web", "^web-[0-9]+$", "a(?=b)", "(a)\\1", "\u{e9}"] {
            assert!(is_pattern(text), "{text}");
        }
        for text in ["", "(", "[", "*", "a{2,1}"] {
            assert!(!is_pattern(text), "{text}");
        }
    }
}
