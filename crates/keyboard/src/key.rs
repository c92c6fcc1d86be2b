//! Keys: where they lie, and the numbers that the wire knows them by.

/// A key, by its place on the board. The letters are those of XKB: `A`, then the row from the space bar up (`B` to
/// `E`), then the number from the left. The value is the key's code in the XT set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Key {
    /// Left of the digits.
    Tlde = 0x29,
    /// The first digit.
    Ae01 = 0x02,
    /// The second.
    Ae02 = 0x03,
    /// The third.
    Ae03 = 0x04,
    /// The fourth.
    Ae04 = 0x05,
    /// The fifth.
    Ae05 = 0x06,
    /// The sixth.
    Ae06 = 0x07,
    /// The seventh.
    Ae07 = 0x08,
    /// The eighth.
    Ae08 = 0x09,
    /// The ninth.
    Ae09 = 0x0a,
    /// The tenth.
    Ae10 = 0x0b,
    /// Right of the digits.
    Ae11 = 0x0c,
    /// Right of that.
    Ae12 = 0x0d,
    /// Right of that, on Japanese boards.
    Ae13 = 0x7d,
    /// The first of the upper row of letters: `q` on an American board.
    Ad01 = 0x10,
    /// Its second.
    Ad02 = 0x11,
    /// Its third.
    Ad03 = 0x12,
    /// Its fourth.
    Ad04 = 0x13,
    /// Its fifth.
    Ad05 = 0x14,
    /// Its sixth.
    Ad06 = 0x15,
    /// Its seventh.
    Ad07 = 0x16,
    /// Its eighth.
    Ad08 = 0x17,
    /// Its ninth.
    Ad09 = 0x18,
    /// Its tenth.
    Ad10 = 0x19,
    /// Right of it.
    Ad11 = 0x1a,
    /// Right of that.
    Ad12 = 0x1b,
    /// The first of the middle row: `a` on an American board.
    Ac01 = 0x1e,
    /// Its second.
    Ac02 = 0x1f,
    /// Its third.
    Ac03 = 0x20,
    /// Its fourth.
    Ac04 = 0x21,
    /// Its fifth.
    Ac05 = 0x22,
    /// Its sixth.
    Ac06 = 0x23,
    /// Its seventh.
    Ac07 = 0x24,
    /// Its eighth.
    Ac08 = 0x25,
    /// Its ninth.
    Ac09 = 0x26,
    /// Right of it.
    Ac10 = 0x27,
    /// Right of that.
    Ac11 = 0x28,
    /// Beside or above Enter.
    Bksl = 0x2b,
    /// Between the left Shift and the lower row, on boards of 105 keys.
    Lsgt = 0x56,
    /// The first of the lower row: `z` on an American board.
    Ab01 = 0x2c,
    /// Its second.
    Ab02 = 0x2d,
    /// Its third.
    Ab03 = 0x2e,
    /// Its fourth.
    Ab04 = 0x2f,
    /// Its fifth.
    Ab05 = 0x30,
    /// Its sixth.
    Ab06 = 0x31,
    /// Its seventh.
    Ab07 = 0x32,
    /// Right of it.
    Ab08 = 0x33,
    /// Right of that.
    Ab09 = 0x34,
    /// Right of that.
    Ab10 = 0x35,
    /// Right of that, on Brazilian and Japanese boards.
    Ab11 = 0x73,
    /// The space bar.
    Spce = 0x39,
    /// Enter.
    Enter = 0x1c,
    /// Tab.
    Tab = 0x0f,
}

impl Key {
    /// Its code in the XT set, as QEMU's extended key event carries it.
    pub const fn scancode(self) -> u32 {
        self as u32
    }
}

/// What is held while another key is struck, and what must not be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Modifier {
    /// The left Shift.
    Shift,
    /// The right Alt, which is the third level in layouts that have one.
    AltGr,
    /// Caps Lock.
    CapsLock,
}

impl Modifier {
    /// Its code in the XT set, as QEMU's extended key event carries it: a key of the grey block has the top bit of
    /// the byte set.
    pub const fn scancode(self) -> u32 {
        match self {
            Self::Shift => 0x2a,
            Self::AltGr => 0xb8,
            Self::CapsLock => 0x3a,
        }
    }

    /// Its keysym (X11, `keysymdef.h`).
    pub const fn keysym(self) -> u32 {
        match self {
            Self::Shift => 0xffe1,
            Self::AltGr => 0xfe03,
            Self::CapsLock => 0xffe5,
        }
    }
}

/// The keysym of a character (X Window System Protocol, appendix A): Latin-1 is itself, the rest of Unicode begins at
/// 0x01000000, and Enter and Tab are keys of their own.
pub fn keysym(character: char) -> u32 {
    match character {
        '\n' => 0xff0d,
        '\t' => 0xff09,
        ' '..='~' | '\u{a0}'..='\u{ff}' => u32::from(character),
        other => 0x0100_0000 | u32::from(other),
    }
}
