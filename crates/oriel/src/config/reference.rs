//! The configuration reference, and the tests that keep it complete.

/// `oriel.example.toml`: every key with its default and what it means.
pub const EXAMPLE: &str = include_str!("../../../../oriel.example.toml");

#[cfg(test)]
mod tests {
    use super::EXAMPLE;
    use crate::config::Config;

    /// The example with the keys that are off by default switched on (`#key = ...`).
    fn with_optional_keys() -> String {
        let on = |line: &str| match line.strip_prefix('#') {
            Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => key.to_owned(),
            _ => line.to_owned(),
        };
        EXAMPLE.lines().map(on).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_is_the_defaults() {
        assert_eq!(toml::from_str::<Config>(EXAMPLE).unwrap(), Config::default());
    }

    #[test]
    fn the_example_has_every_key_and_explains_it() {
        let text = with_optional_keys();
        let config: Config = toml::from_str(&text).unwrap();
        let written: toml::Table = toml::from_str(&text).unwrap();
        // Every key of the configuration is set by the example: reading it back loses none.
        assert_eq!(
            keys(&toml::Table::try_from(&config).unwrap(), ""),
            keys(&written, "")
        );
        for key in keys(&written, "") {
            let name = key.rsplit('.').next().unwrap();
            let at = text
                .lines()
                .position(|line| line.starts_with(&format!("{name} =")))
                .unwrap();
            assert!(
                text.lines().nth(at - 1).unwrap().starts_with("# "),
                "{key} has no explanation above it"
            );
        }
    }

    fn keys(table: &toml::Table, prefix: &str) -> Vec<String> {
        let mut keys: Vec<_> = table
            .iter()
            .flat_map(|(name, value)| match value {
                toml::Value::Table(section) => keys(section, &format!("{prefix}{name}.")),
                _ => vec![format!("{prefix}{name}")],
            })
            .collect();
        keys.sort();
        keys
    }
}
