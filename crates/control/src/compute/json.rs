//! Answers in the spelling of Python's `json.dumps`, to the byte: a space after each comma and
//! colon, and nothing but ASCII.

use std::io;

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// The text of an answer.
pub fn text(value: &Value) -> String {
    let mut bytes = Vec::new();
    // Neither a value nor a vector can fail, and a formatter that writes ASCII writes UTF-8.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut bytes, Spelling));
    String::from_utf8(bytes).unwrap_or_default()
}

struct Spelling;

impl Formatter for Spelling {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        fragment.chars().try_for_each(|character| {
            if character.is_ascii() {
                return write!(writer, "{character}");
            }
            character
                .encode_utf16(&mut units)
                .iter()
                .try_for_each(|unit| write!(writer, "\\u{unit:04x}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_spelling_is_pythons() {
        let value = json!({ "a": [1, null, {}], "b": "\u{e9}\u{1f600}\n\"" });
        assert_eq!(
            text(&value),
            r#"{"a": [1, null, {}], "b": "\u00e9\ud83d\ude00\n\""}"#
        );
    }
}
