//! Where a terminal's stream may be cut: between its characters and its control sequences (ECMA-48 section 5, with
//! UTF-8 in place of the 8-bit controls).

/// The longest string (a title, a picture) that is waited for, in bytes. What is longer is no string but noise.
const MAX_STRING: usize = 64 * 1024;

/// Follows a terminal's stream, byte by byte.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Scanner {
    state: State,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Ground,
    /// Inside a character: so many bytes are to come.
    Character(u8),
    /// After ESC, and after bytes between it and the final one.
    Escape,
    /// After `ESC [`.
    Sequence,
    /// In a string, which so many bytes belong to already.
    Text(usize),
}

impl Scanner {
    /// Whether the stream stands between two characters or sequences.
    pub fn is_between(self) -> bool {
        matches!(self.state, State::Ground)
    }

    #[expect(
        clippy::match_same_arms,
        reason = "the arms stand in the order in which they count"
    )]
    pub fn step(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            // CAN and SUB end every sequence; ESC begins another, and ends a string with the byte behind it.
            (_, 0x18 | 0x1a) => State::Ground,
            (_, 0x1b) => State::Escape,
            // A bell ends a title.
            (State::Text(_), 0x07) => State::Ground,
            (State::Text(length), _) if length >= MAX_STRING => State::Ground,
            (State::Text(length), _) => State::Text(length + 1),
            (State::Escape, b'[') => State::Sequence,
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => State::Text(0),
            (State::Escape, 0x00..=0x2f) => State::Escape,
            (State::Sequence, 0x00..=0x3f) => State::Sequence,
            (State::Escape | State::Sequence, 0x30..=0x7f) => State::Ground,
            (State::Character(left @ 2..), 0x80..=0xbf) => State::Character(left - 1),
            (State::Character(_), 0x80..=0xbf) => State::Ground,
            (_, 0xc2..=0xdf) => State::Character(1),
            (_, 0xe0..=0xef) => State::Character(2),
            (_, 0xf0..=0xf4) => State::Character(3),
            (_, _) => State::Ground,
        };
    }
}

/// What a terminal sent, without its questions. Shown again to somebody who comes later, they would be answered again,
/// and the answers typed into the server.
pub(super) fn without_questions(bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    let (mut scanner, mut from) = (Scanner::default(), 0);
    for (at, &byte) in bytes.iter().enumerate() {
        if byte == 0x1b && !ends_string(bytes, from, at) {
            // What was begun before it is broken off; it is shown as it was.
            kept.extend_from_slice(bytes.get(from..at).unwrap_or_default());
            from = at;
        }
        scanner.step(byte);
        if scanner.is_between() {
            let piece = bytes.get(from..=at).unwrap_or_default();
            if !is_question(piece) {
                kept.extend_from_slice(piece);
            }
            from = at + 1;
        }
    }
    kept.extend_from_slice(bytes.get(from..).unwrap_or_default());
    kept
}

/// Whether the ESC at this place is the first byte of `ESC \`, the end of the string that began at `from`.
fn ends_string(bytes: &[u8], from: usize, at: usize) -> bool {
    matches!(
        bytes.get(from..at),
        Some([0x1b, b']' | b'P' | b'X' | b'^' | b'_', ..])
    ) && bytes.get(at + 1) == Some(&b'\\')
}

/// Whether a terminal answers this: its state, its kind, its settings, its colours, its clipboard.
#[expect(clippy::match_same_arms, reason = "each arm is a kind of question")]
fn is_question(piece: &[u8]) -> bool {
    match piece {
        // ENQ, and DECID.
        [0x05] | [0x1b, b'Z'] => true,
        // DSR, DA, DECREQTPARM, the reports of a window, DECRQM, XTVERSION, and the keyboard's protocol.
        [0x1b, b'[', .., b'n' | b'c' | b'x' | b't'] => true,
        [0x1b, b'[', .., b'$', b'p'] | [0x1b, b'[', b'>', .., b'q'] | [0x1b, b'[', b'?', .., b'u'] => true,
        // DECRQSS and XTGETTCAP.
        [0x1b, b'P', b'$' | b'+', b'q', ..] => true,
        [0x1b, b']', text @ ..] => {
            let text = text
                .strip_suffix(b"\x07")
                .or_else(|| text.strip_suffix(b"\x1b\\"))
                .unwrap_or(text);
            text.ends_with(b"?")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places where a text may be cut, as bars.
    fn cuts(text: &str) -> Vec<usize> {
        let mut scanner = Scanner::default();
        text.bytes()
            .enumerate()
            .filter_map(|(at, byte)| {
                scanner.step(byte);
                scanner.is_between().then_some(at + 1)
            })
            .collect()
    }

    #[test]
    fn nothing_is_cut_in_the_middle() {
        assert_eq!(cuts("aé€😀"), [1, 3, 6, 10]);
        assert_eq!(cuts("\x1b[1;31mx"), [7, 8]);
        assert_eq!(cuts("\x1b(0\x1b7"), [3, 5]);
        assert_eq!(cuts("\x1b]0;a title\n\x07x"), [13, 14]);
        assert_eq!(cuts("\x1bPq#0\x1b\\x"), [7, 8]);
        // Broken off.
        assert_eq!(cuts("\x1b[1\x18x\x1b]a\x1b[mx"), [4, 5, 11, 12]);
    }

    #[test]
    fn a_string_without_an_end_does_not_last() {
        let mut scanner = Scanner::default();
        for byte in [b"\x1b]".as_slice(), &vec![b'x'; MAX_STRING + 1]].concat() {
            scanner.step(byte);
        }
        assert!(scanner.is_between());
    }

    #[test]
    fn questions_are_left_out_and_nothing_else() {
        for question in [
            "\x05",
            "\x1bZ",
            "\x1b[6n",
            "\x1b[?6n",
            "\x1b[c",
            "\x1b[>0c",
            "\x1b[18t",
            "\x1b[?2026$p",
            "\x1b[>0q",
            "\x1b[?u",
            "\x1bP$qm\x1b\\",
            "\x1bP+q544e\x1b\\",
            "\x1b]11;?\x07",
            "\x1b]4;1;?\x1b\\",
            "\x1b]52;c;?\x07",
        ] {
            let text = format!("a{question}b");
            assert_eq!(without_questions(text.as_bytes()), b"ab", "{question:?}");
        }
        for text in [
            "\x1b[1;31mred\x1b[0m\r\n",
            "\x1b]0;what?no\x07",
            "\x1b]0;title\x1b\\x",
            "\x1b[!p\x1b[?1049h",
            "\x1bPq#0~\x1b\\",
            "caf\u{e9} \x1b[",
            "\x1b[1\x1b[2Jx",
        ] {
            assert_eq!(without_questions(text.as_bytes()), text.as_bytes(), "{text:?}");
        }
    }
}
