//! Security types by number and name.

use std::fmt;

/// A security type, as a server offers it (RFC 6143 section 7.1.2 and the IANA registry of 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecurityType(pub u8);

impl SecurityType {
    /// No authentication (RFC 6143 section 7.2.1).
    pub const NONE: Self = Self(1);
    /// The password challenge with DES (RFC 6143 section 7.2.2).
    pub const VNC: Self = Self(2);
    /// `VeNCrypt`: TLS and what goes on inside (rfbproto.rst).
    pub const VENCRYPT: Self = Self(19);

    fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "None",
            2 => "VNC authentication",
            5 | 6 | 13 | 129 | 130 | 133 => "RSA-AES",
            16 => "Tight",
            18 => "TLS",
            19 => "VeNCrypt",
            20 => "SASL",
            22 => "xvp",
            30..=36 => "Apple",
            113 => "MS-Logon II",
            _ => return None,
        })
    }
}

impl fmt::Display for SecurityType {
    /// The name, if it is a known one, and the number: `VeNCrypt (19)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "type {}", self.0),
        }
    }
}
