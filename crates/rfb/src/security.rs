//! Security types and `VeNCrypt` subtypes by number and name, and the schemes that are spoken here.

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

/// A subtype of `VeNCrypt`, as a server offers it (rfbproto.rst; TigerVNC also lists plain security
/// types among them).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subtype(pub u32);

impl Subtype {
    fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "None",
            2 => "VNC authentication",
            256 => "Plain",
            257 => "TLSNone",
            258 => "TLSVnc",
            259 => "TLSPlain",
            260 => "X509None",
            261 => "X509Vnc",
            262 => "X509Plain",
            // As QEMU and gtk-vnc number them; rfbproto.rst has the two the other way round.
            263 => "X509SASL",
            264 => "TLSSASL",
            _ => return None,
        })
    }
}

impl fmt::Display for Subtype {
    /// The name, if it is a known one, and the number: `X509Vnc (261)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "subtype {}", self.0),
        }
    }
}

/// What a `VeNCrypt` connection is wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tls {
    /// Anonymous Diffie-Hellman: nobody can listen, but nobody knows who the other side is.
    Anonymous,
    /// The server shows a certificate.
    X509,
}

/// What a client shows to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Nothing.
    Nothing,
    /// The answer to a challenge (RFC 6143 section 7.2.2).
    Vnc,
    /// User name and password, as they are (rfbproto.rst, `VeNCrypt` subtype Plain).
    Plain,
}

/// A way to secure a connection that is spoken here. The order is that of strength: who is on the
/// other side counts more than whether someone can listen, and that more than the password.
///
/// On an anonymous line the challenge stands above the user name and password, which would be
/// handed as they are to whoever answers; on a certified one they stand above it, since they are
/// longer than eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Nothing at all.
    None,
    /// A password challenge, in the clear from then on.
    Vnc,
    /// Anonymous TLS.
    TlsNone,
    /// Anonymous TLS, and user name and password in it.
    TlsPlain,
    /// Anonymous TLS, and a password challenge in it.
    TlsVnc,
    /// TLS with a certificate.
    X509None,
    /// TLS with a certificate, and a password challenge in it.
    X509Vnc,
    /// TLS with a certificate, and user name and password in it.
    X509Plain,
}

impl Scheme {
    /// All of them, the weakest first.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Vnc,
        Self::TlsNone,
        Self::TlsPlain,
        Self::TlsVnc,
        Self::X509None,
        Self::X509Vnc,
        Self::X509Plain,
    ];

    /// What the connection is wrapped in, where it is.
    pub const fn tls(self) -> Option<Tls> {
        match self {
            Self::None | Self::Vnc => None,
            Self::TlsNone | Self::TlsVnc | Self::TlsPlain => Some(Tls::Anonymous),
            Self::X509None | Self::X509Vnc | Self::X509Plain => Some(Tls::X509),
        }
    }

    /// What lets the client in.
    pub const fn proof(self) -> Proof {
        match self {
            Self::None | Self::TlsNone | Self::X509None => Proof::Nothing,
            Self::Vnc | Self::TlsVnc | Self::X509Vnc => Proof::Vnc,
            Self::TlsPlain | Self::X509Plain => Proof::Plain,
        }
    }

    /// Its number among the subtypes of `VeNCrypt`. The two without TLS have their own as a
    /// security type there: TigerVNC lists them so.
    pub const fn subtype(self) -> Subtype {
        Subtype(match self {
            Self::None => 1,
            Self::Vnc => 2,
            Self::TlsNone => 257,
            Self::TlsVnc => 258,
            Self::TlsPlain => 259,
            Self::X509None => 260,
            Self::X509Vnc => 261,
            Self::X509Plain => 262,
        })
    }

    /// The security type under which a server offers it.
    pub const fn security_type(self) -> SecurityType {
        match self {
            Self::None => SecurityType::NONE,
            Self::Vnc => SecurityType::VNC,
            _ => SecurityType::VENCRYPT,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.subtype().fmt(f)
    }
}
