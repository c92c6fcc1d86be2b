//! How Python writes values, since Nova's messages quote them so and clients' tests compare them.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// A value as Python's `str()` shows it: a string bare, all else as `repr()`.
pub fn python_str(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => python_repr(other),
    }
}

/// A value as Python's `repr()` shows it.
pub fn python_repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => python_number(number),
        Value::String(text) => python_quoted(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(python_repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", python_quoted(key), python_repr(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// Whether Python reads this number as an integer, of which it has any size.
pub fn is_whole(number: &Number) -> bool {
    !number.to_string().contains(['.', 'e', 'E'])
}

fn python_number(number: &Number) -> String {
    let text = number.to_string();
    if !is_whole(number) {
        return text.parse().map_or(text, python_float);
    }
    if text == "-0" { "0".to_owned() } else { text }
}

/// The shortest digits that read back as the same number; with an exponent outside of 1e-4 to 1e16.
fn python_float(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = format!("{number:e}");
    let exponent = text
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok());
    match (text.split_once('e'), exponent) {
        (Some((digits, _)), Some(exponent @ (..-4 | 16..))) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", i32::abs(exponent))
        }
        _ => format!("{number:?}"),
    }
}

/// A string in quotes, with escapes for what cannot be printed.
fn python_quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                // A string takes every write.
                let _ = match u32::from(c) {
                    code @ ..=0xff => write!(out, "\\x{code:02x}"),
                    code @ ..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
    out
}

/// Rust's own table for `{:?}` of strings is made of the same Unicode categories as Python's
/// `isprintable`. The first character is left out, since a combining mark is escaped there.
fn is_printable(character: char) -> bool {
    let text: String = ['a', character].iter().collect();
    !text.escape_debug().skip(1).collect::<String>().starts_with("\\u")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repr(json: &str) -> String {
        python_repr(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn numbers_are_written_as_python_does() {
        for (json, python) in [
            ("1", "1"),
            ("-0", "0"),
            ("-0.0", "-0.0"),
            ("1.50", "1.5"),
            ("1e3", "1000.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.5e300", "1.5e+300"),
            ("0.0001", "0.0001"),
            ("1e-5", "1e-05"),
            ("5e-324", "5e-324"),
            ("123456789.123456789", "123456789.12345679"),
            ("-1e400", "-inf"),
            ("12345678901234567890123", "12345678901234567890123"),
        ] {
            assert_eq!(repr(json), python, "{json}");
        }
    }

    #[test]
    fn strings_are_written_as_python_does() {
        for (json, python) in [
            (r#""it's""#, r#""it's""#),
            (r#""a'b\"c""#, r#"'a\'b"c'"#),
            (
                r#""\u200b\u00e9\u0301 \u00a0""#,
                "'\\u200be\u{301} \\xa0'".replace('e', "\u{e9}").as_str(),
            ),
            (r#""\u007f\u0085\u00ad""#, r"'\x7f\x85\xad'"),
            (r#""\ud83d\ude00\n""#, "'\u{1f600}\\n'"),
        ] {
            assert_eq!(repr(json), python, "{json}");
        }
    }
}
