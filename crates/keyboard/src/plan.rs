//! From a text to key strokes.

use std::collections::HashMap;
use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::dead::compositions;
use crate::layouts::Yield;
use crate::{Dead, Key, Layout, keysym, name};

#[cfg(test)]
mod tests;

/// One key, struck and let go, with what is held meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stroke {
    /// The key.
    pub key: Key,
    /// Whether Shift is held.
    pub shift: bool,
    /// Whether `AltGr` is held.
    pub alt_gr: bool,
    /// What the layout makes of it, as a keysym: that of the character, or of the dead key.
    pub keysym: u32,
}

/// One character and the strokes that type it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    /// The dead key that comes first, if one does.
    pub accent: Option<Stroke>,
    /// The key of the character, or of the letter under the accent.
    pub stroke: Stroke,
}

impl Letter {
    /// Its strokes, in order.
    pub fn strokes(&self) -> impl Iterator<Item = Stroke> {
        self.accent.into_iter().chain([self.stroke])
    }
}

/// A character that cannot be typed, and where it came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lacking {
    /// The character.
    pub character: char,
    /// How many characters come before it in the text as it was given.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its place in that line in characters, from 1.
    pub column: usize,
    /// How often it comes in the text.
    pub count: usize,
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = u32::from(self.character);
        match name(self.character) {
            Some(name) => write!(f, "U+{code:04X} ({name})")?,
            None => write!(f, "{} (U+{code:04X})", self.character)?,
        }
        write!(f, " at line {}, column {}", self.line, self.column)
    }
}

/// Why a text cannot be typed: the characters that there is no way to, each once, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", describe(lacking))]
pub struct Untypable {
    /// The characters.
    pub lacking: Vec<Lacking>,
}

/// Most characters that a message names.
const MAX_NAMED: usize = 10;

fn describe(lacking: &[Lacking]) -> String {
    let named: Vec<_> = lacking.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let more = lacking.len().saturating_sub(MAX_NAMED);
    let and_more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    format!("{}{and_more}", named.join(", "))
}

/// The characters of a text as they are to be typed: every end of a line (LF, CR LF, CR) is one `\n`, and a letter
/// that comes with its accents apart is one character where Unicode has it (normalization form C).
///
/// What is left of control characters but `\n` and `\t` cannot be typed: a key that sends one would do something.
pub fn letters(text: &str) -> Result<Vec<char>, Untypable> {
    each(text, |character| {
        let typable = matches!(character, '\n' | '\t') || !character.is_control();
        typable.then_some(character)
    })
}

impl Layout {
    /// How to type `text` on a guest with this layout.
    ///
    /// Fails with every character that the layout has no way to. Nothing of the text is left out silently.
    pub fn plan(self, text: &str) -> Result<Vec<Letter>, Untypable> {
        let ways = self.ways();
        each(text, |character| ways.get(&character).copied())
    }

    /// The best way to each character that the layout can type.
    fn ways(self) -> HashMap<char, Letter> {
        let mut strokes: Vec<_> = self.strokes().collect();
        // Of two that are alike the first stays.
        strokes.sort_by_key(|(_, stroke)| effort(*stroke));
        let mut ways: HashMap<char, Letter> = HashMap::new();
        let mut dead: HashMap<Dead, Stroke> = HashMap::new();
        for (yields, stroke) in strokes {
            match yields {
                Yield::Char(character) => {
                    ways.entry(character).or_insert(Letter { accent: None, stroke });
                }
                Yield::Dead(accent) => {
                    dead.entry(accent).or_insert(stroke);
                }
                Yield::Nothing => {}
            }
        }
        for (accent, letter, made) in compositions() {
            if let (Some(&first), Some(&Letter { stroke, .. })) = (dead.get(&accent), ways.get(&letter)) {
                let accent = Some(first);
                ways.entry(made).or_insert(Letter { accent, stroke });
            }
        }
        ways
    }

    /// Every stroke of the layout and what it yields, Enter and Tab among them.
    fn strokes(self) -> impl Iterator<Item = (Yield, Stroke)> {
        let keys = self.rows().iter().flat_map(|(key, levels)| {
            levels.iter().enumerate().map(|(level, yields)| {
                let keysym = match yields {
                    Yield::Char(character) => keysym(*character),
                    Yield::Dead(dead) => dead.keysym(),
                    Yield::Nothing => 0,
                };
                let stroke = Stroke {
                    key: *key,
                    shift: level & 1 != 0,
                    alt_gr: level & 2 != 0,
                    keysym,
                };
                (*yields, stroke)
            })
        });
        let named = [('\n', Key::Enter), ('\t', Key::Tab)].map(|(character, key)| {
            let stroke = Stroke {
                key,
                shift: false,
                alt_gr: false,
                keysym: keysym(character),
            };
            (Yield::Char(character), stroke)
        });
        keys.chain(named)
    }
}

/// What decides between two ways to one character. The levels that need `AltGr` differ most from one system to the
/// next, and the key that only boards of 105 keys have is the least certain to be known to the guest.
fn effort(stroke: Stroke) -> u8 {
    u8::from(stroke.shift) * 2 + u8::from(stroke.alt_gr) * 4 + u8::from(stroke.key == Key::Lsgt) * 3
}

/// Takes a text to pieces and finds each its way, or tells which have none.
fn each<T>(text: &str, way: impl Fn(char) -> Option<T>) -> Result<Vec<T>, Untypable> {
    let normalizer = ComposingNormalizerBorrowed::new_nfc();
    let mut found = Vec::with_capacity(text.len());
    let mut lacking: Vec<Lacking> = Vec::new();
    let mut known: HashMap<char, usize> = HashMap::new();
    let (mut line, mut column) = (1, 1);
    let mut characters = text.chars().enumerate().peekable();
    let mut composed = String::new();
    while let Some((offset, mut character)) = characters.next() {
        if character == '\r' {
            characters.next_if(|(_, next)| *next == '\n');
            character = '\n';
        }
        let mut taken = 1;
        composed.clear();
        composed.push(character);
        while let Some((_, mark)) = characters.next_if(|(_, next)| is_mark(*next)) {
            composed.push(mark);
            taken += 1;
        }
        for character in normalizer.normalize(&composed).chars() {
            match way(character) {
                Some(way) => found.push(way),
                None => match known.get(&character).and_then(|at| lacking.get_mut(*at)) {
                    Some(lacking) => lacking.count += 1,
                    None => {
                        known.insert(character, lacking.len());
                        lacking.push(Lacking {
                            character,
                            offset,
                            line,
                            column,
                            count: 1,
                        });
                    }
                },
            }
        }
        if character == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += taken;
        }
    }
    if lacking.is_empty() {
        Ok(found)
    } else {
        Err(Untypable { lacking })
    }
}

/// The accents that letters come apart from: the combining marks of the scripts that the layouts have.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}
