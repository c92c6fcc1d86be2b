//! What to call characters that cannot be seen.

/// The names of the control characters from U+0000 (Unicode, `NameAliases.txt`).
const CONTROLS: [&str; 32] = [
    "null",
    "start of heading",
    "start of text",
    "end of text",
    "end of transmission",
    "enquiry",
    "acknowledge",
    "bell",
    "backspace",
    "tab",
    "line feed",
    "vertical tab",
    "form feed",
    "carriage return",
    "shift out",
    "shift in",
    "data link escape",
    "device control one",
    "device control two",
    "device control three",
    "device control four",
    "negative acknowledge",
    "synchronous idle",
    "end of transmission block",
    "cancel",
    "end of medium",
    "substitute",
    "escape",
    "file separator",
    "group separator",
    "record separator",
    "unit separator",
];

/// The name of a character that shows nothing or looks like another, where it has one here. Everything else is best
/// shown as itself.
pub fn name(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{7f}' => "delete",
        '\u{80}'..='\u{9f}' => "control character",
        '\u{a0}' => "no-break space",
        '\u{ad}' => "soft hyphen",
        '\u{2000}'..='\u{200a}' => "space of another width",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "mark of writing direction"
        }
        '\u{2028}' => "line separator",
        '\u{2029}' => "paragraph separator",
        '\u{202f}' => "narrow no-break space",
        '\u{2060}' => "word joiner",
        '\u{3000}' => "ideographic space",
        '\u{fe00}'..='\u{fe0f}' => "variation selector",
        '\u{feff}' => "byte order mark",
        other => return CONTROLS.get(usize::try_from(u32::from(other)).ok()?).copied(),
    })
}
