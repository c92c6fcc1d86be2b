//! The layouts: what each key yields alone, with Shift, with `AltGr`, and with both.
//!
//! The tables are facts about keyboards, read out of xkeyboard-config 2.35 (Debian's `xkb-data`; MIT and X11 licences)
//! by `dev/keyboard/layouts.py`, which also checks them against the data of the machine that it runs on. Linux
//! distributions make the keymaps of the text console from the same source.

mod de;
mod de_ch;
mod de_nodeadkeys;
mod en_gb;
mod en_us;
mod es;
mod fr;
mod fr_ch;
mod it;
mod ja;
mod pt_br;
mod ru;
mod tr;

use std::fmt;
use std::str::FromStr;

use crate::{Dead, Key};

/// What one level of a key yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Yield {
    /// A character.
    Char(char),
    /// An accent for the letter that follows.
    Dead(Dead),
    /// Nothing that can be used here.
    Nothing,
}

/// A key and its levels: alone, Shift, `AltGr`, both. Levels at the end that yield nothing are left out.
pub(crate) type Row = (Key, &'static [Yield]);

/// What the tables are written with.
mod prelude {
    pub(super) use super::Row;
    pub(super) use super::Yield::{Char, Dead, Nothing};
    pub(super) use crate::Dead::{Acute, Cedilla, Circumflex, Diaeresis, Grave, Tilde};
    pub(super) use crate::Key::*;
}

macro_rules! layouts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $(| $alias:literal)*, $rows:expr;)*) => {
        /// A layout that a guest may have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Layout { $($(#[$doc])* $variant),* }

        impl Layout {
            /// Every layout, in the order of their names.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name, such as `en-us`: those of QEMU's `-k`, where it has the layout.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            pub(crate) const fn rows(self) -> &'static [Row] {
                match self { $(Self::$variant => $rows),* }
            }
        }

        impl FromStr for Layout {
            type Err = UnknownLayout;

            /// Reads a name, or one that is in use elsewhere for the same layout.
            fn from_str(text: &str) -> Result<Self, UnknownLayout> {
                match text {
                    $($name $(| $alias)* => Ok(Self::$variant),)*
                    _ => Err(UnknownLayout),
                }
            }
        }
    };
}

layouts! {
    /// German.
    De = "de", de::ROWS;
    /// German as the Swiss type it.
    DeCh = "de-ch" | "ch", de_ch::ROWS;
    /// German whose accents are characters at once.
    DeNodeadkeys = "de-nodeadkeys", de_nodeadkeys::ROWS;
    /// English as the British type it.
    EnGb = "en-gb" | "gb" | "uk", en_gb::ROWS;
    /// English as Americans type it.
    EnUs = "en-us" | "us", en_us::ROWS;
    /// Spanish.
    Es = "es", es::ROWS;
    /// French.
    Fr = "fr", fr::ROWS;
    /// French as the Swiss type it.
    FrCh = "fr-ch", fr_ch::ROWS;
    /// Italian.
    It = "it", it::ROWS;
    /// Japanese.
    Ja = "ja" | "jp", ja::ROWS;
    /// Portuguese as Brazilians type it.
    PtBr = "pt-br" | "br", pt_br::ROWS;
    /// Russian.
    Ru = "ru", ru::ROWS;
    /// Turkish.
    Tr = "tr", tr::ROWS;
}

/// No layout has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such layout; there are {}", names())]
pub struct UnknownLayout;

fn names() -> String {
    let names: Vec<_> = Layout::ALL.iter().map(|layout| layout.name()).collect();
    names.join(", ")
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
