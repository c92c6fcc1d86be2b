//! What a connection is for.

use std::fmt;

/// What a connection is for (`SPICE_CHANNEL_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Channel(pub u8);

impl Channel {
    /// The first of a console: it names the others. When it goes, the server ends them all.
    pub const MAIN: Self = Self(1);
    /// The picture.
    pub const DISPLAY: Self = Self(2);
    /// Keys and pointer.
    pub const INPUTS: Self = Self(3);
    /// The pointer's shape.
    pub const CURSOR: Self = Self(4);

    fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "main",
            2 => "display",
            3 => "inputs",
            4 => "cursor",
            5 => "playback",
            6 => "record",
            8 => "smartcard",
            9 => "usbredir",
            10 => "port",
            11 => "webdav",
            _ => return None,
        })
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}
