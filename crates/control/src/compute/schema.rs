//! The few rules of JSON Schema that Nova's console calls use, with the words in which Nova tells
//! that one was broken. Clients and their tests compare those words.

use serde_json::{Map, Value};

use super::fault::Fault;
use super::python::{is_whole, python_repr, python_str};

/// What a value must be.
#[derive(Debug)]
pub enum Schema {
    /// A string out of a list.
    Enum(&'static [&'static str]),
    /// A number of lines: an integer or its digits from -1 on, or null.
    Lines,
    /// An object, whatever is in it.
    AnyObject,
    /// An object with these properties, and no others unless the API is lenient.
    Object(&'static [Property]),
}

/// A property of an object.
#[derive(Debug)]
pub struct Property {
    pub(super) name: &'static str,
    pub(super) schema: Schema,
    pub(super) required: bool,
}

impl Property {
    /// A property that must be there.
    pub const fn required(name: &'static str, schema: Schema) -> Self {
        Self {
            name,
            schema,
            required: true,
        }
    }

    /// A property that may be there.
    pub const fn optional(name: &'static str, schema: Schema) -> Self {
        Self {
            name,
            schema,
            required: false,
        }
    }
}

/// Whether unknown properties are refused (v2.1) or passed over (v2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// They are refused.
    Strict,
    /// They are passed over.
    Lenient,
}

impl Schema {
    /// Checks a body. Rules are tried in the order in which Nova's validator walks them, since
    /// the first that is broken is the one that is told.
    pub fn check(&self, body: &Value, strictness: Strictness) -> Result<(), Fault> {
        self.walk(body, None, strictness).map_err(Fault::bad_request)
    }

    fn walk(&self, value: &Value, name: Option<&str>, strictness: Strictness) -> Result<(), String> {
        let broken = |message: String| {
            Err(match name {
                None => message,
                Some(name) => {
                    format!(
                        "Invalid input for field/attribute {name}. Value: {}. {message}",
                        python_str(value)
                    )
                }
            })
        };
        match self {
            Self::Enum(choices) => match value {
                Value::String(text) if choices.contains(&text.as_str()) => Ok(()),
                Value::String(_) => {
                    let choices: Vec<_> = choices.iter().map(|choice| format!("'{choice}'")).collect();
                    broken(format!(
                        "{} is not one of [{}]",
                        python_repr(value),
                        choices.join(", ")
                    ))
                }
                _ => broken(format!("{} is not of type 'string'", python_repr(value))),
            },
            Self::Lines => {
                let lines = match value {
                    Value::Null => return Ok(()),
                    // A number with no fraction is an integer, however it is written.
                    Value::Number(number) if is_whole(number) => number.to_string(),
                    Value::Number(number) if number.as_f64().is_some_and(|n| n.fract() == 0.0) => {
                        number.to_string()
                    }
                    // Python's `$` matches before a line's end too.
                    Value::String(text) => {
                        let text = text.strip_suffix('\n').unwrap_or(text);
                        let digits = text.strip_prefix('-').unwrap_or(text);
                        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                            return broken(format!("{} does not match '^-?[0-9]+$'", python_repr(value)));
                        }
                        text.to_owned()
                    }
                    _ => {
                        return broken(format!(
                            "{} is not of type 'integer', 'string', 'null'",
                            python_repr(value)
                        ));
                    }
                };
                let too_few = lines
                    .strip_prefix('-')
                    .is_some_and(|size| !matches!(size.trim_start_matches('0'), "" | "1" | ".0" | "1.0"));
                if too_few {
                    broken(format!("{} is less than the minimum of -1", python_str(value)))
                } else {
                    Ok(())
                }
            }
            Self::AnyObject => match value {
                Value::Object(_) => Ok(()),
                _ => broken(format!("{} is not of type 'object'", python_repr(value))),
            },
            Self::Object(properties) => {
                let Value::Object(object) = value else {
                    return broken(format!("{} is not of type 'object'", python_repr(value)));
                };
                for property in *properties {
                    if let Some(value) = object.get(property.name) {
                        property.schema.walk(value, Some(property.name), strictness)?;
                    }
                }
                let missing = |property: &&Property| property.required && !object.contains_key(property.name);
                if let Some(property) = properties.iter().find(missing) {
                    return broken(format!("'{}' is a required property", property.name));
                }
                match (strictness, strangers(object, properties)) {
                    (Strictness::Strict, Some(strangers)) => broken(format!(
                        "Additional properties are not allowed ({strangers} unexpected)"
                    )),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// The names that a schema does not know, as Nova lists them: sorted, with the right verb.
fn strangers(object: &Map<String, Value>, properties: &[Property]) -> Option<String> {
    let mut names: Vec<_> = object
        .keys()
        .filter(|key| properties.iter().all(|property| property.name != key.as_str()))
        .map(|key| python_repr(&Value::String(key.clone())))
        .collect();
    names.sort();
    match names.len() {
        0 => None,
        1 => Some(format!("{} was", names.concat())),
        _ => Some(format!("{} were", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TYPE: Schema = Schema::Enum(&["novnc", "xvpvnc"]);
    const PROTOCOL: Schema = Schema::Enum(&["vnc", "spice"]);
    const INNER: Schema = Schema::Object(&[
        Property::required("protocol", PROTOCOL),
        Property::required("type", TYPE),
    ]);
    const BODY: Schema = Schema::Object(&[Property::required("remote_console", INNER)]);

    fn told(body: &Value) -> String {
        BODY.walk(body, None, Strictness::Strict)
            .expect_err("a broken rule")
    }

    #[test]
    fn broken_rules_are_told_in_novas_words_and_order() {
        assert_eq!(told(&json!([])), "[] is not of type 'object'");
        assert_eq!(told(&json!({})), "'remote_console' is a required property");
        assert_eq!(
            told(&json!({"remote_console": null})),
            "Invalid input for field/attribute remote_console. Value: None. None is not of type 'object'"
        );
        assert_eq!(
            told(&json!({"remote_console": {"type": "foo", "protocol": "bar", "x": 1}})),
            "Invalid input for field/attribute protocol. Value: bar. 'bar' is not one of ['vnc', 'spice']"
        );
        assert_eq!(
            told(&json!({"remote_console": {"type": 1, "protocol": "vnc"}})),
            "Invalid input for field/attribute type. Value: 1. 1 is not of type 'string'"
        );
        assert_eq!(
            told(&json!({"remote_console": {"protocol": "vnc", "type": "novnc", "z": true, "a": "it's"}})),
            "Invalid input for field/attribute remote_console. Value: \
             {'protocol': 'vnc', 'type': 'novnc', 'z': True, 'a': \"it's\"}. \
             Additional properties are not allowed ('a', 'z' were unexpected)"
        );
    }

    #[test]
    fn the_lenient_api_passes_over_unknown_properties_only() {
        let extra = json!({"remote_console": {"protocol": "vnc", "type": "novnc", "x": 1}, "y": 2});
        assert!(BODY.check(&extra, Strictness::Lenient).is_ok());
        assert!(
            BODY.check(&json!({"remote_console": {"x": 1}}), Strictness::Lenient)
                .is_err()
        );
    }
}
