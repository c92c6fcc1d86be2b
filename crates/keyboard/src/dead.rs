//! Dead keys: struck before a letter, they put an accent on it.

/// The dead keys that X and the text console of Linux have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dead {
    /// As in à.
    Grave,
    /// As in á.
    Acute,
    /// As in â.
    Circumflex,
    /// As in ã.
    Tilde,
    /// As in ä.
    Diaeresis,
    /// As in ç.
    Cedilla,
}

/// What each makes of which letters: those that Linux's console knows without being told (`accent_table` of
/// `drivers/tty/vt/defkeymap.map`), which are those of Latin-1. X knows far more, and the console would type accent
/// and letter one after the other for them.
const MADE: [(Dead, &str, &str); 6] = [
    (Dead::Grave, "AEIOUaeiou", "ÀÈÌÒÙàèìòù"),
    (Dead::Acute, "AEIOUYaeiouy", "ÁÉÍÓÚÝáéíóúý"),
    (Dead::Circumflex, "AEIOUaeiou", "ÂÊÎÔÛâêîôû"),
    (Dead::Tilde, "ANOano", "ÃÑÕãñõ"),
    (Dead::Diaeresis, "AEIOUaeiouy", "ÄËÏÖÜäëïöüÿ"),
    (Dead::Cedilla, "Cc", "Çç"),
];

/// The accents that stand alone when the space bar follows. An acute and a diaeresis do too, but become another
/// character on Windows than on Linux, and a cedilla is a comma in the console.
const ALONE: [(Dead, char); 3] = [(Dead::Grave, '`'), (Dead::Circumflex, '^'), (Dead::Tilde, '~')];

/// Every composition: the dead key, the character that is struck after it, and what comes of both.
pub(crate) fn compositions() -> impl Iterator<Item = (Dead, char, char)> {
    let accented = MADE.into_iter().flat_map(|(dead, letters, made)| {
        letters
            .chars()
            .zip(made.chars())
            .map(move |(letter, made)| (dead, letter, made))
    });
    accented.chain(ALONE.map(|(dead, made)| (dead, ' ', made)))
}

impl Dead {
    /// Its keysym (X11, `keysymdef.h`).
    pub(crate) const fn keysym(self) -> u32 {
        match self {
            Self::Grave => 0xfe50,
            Self::Acute => 0xfe51,
            Self::Circumflex => 0xfe52,
            Self::Tilde => 0xfe53,
            Self::Diaeresis => 0xfe57,
            Self::Cedilla => 0xfe5b,
        }
    }
}
