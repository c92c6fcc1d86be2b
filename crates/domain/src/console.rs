//! Consoles (ways into a server) and back ends (where the hypervisor offers them).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::BackEndSecurity;

/// What a console's bytes mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// A screen over RFB.
    Vnc,
    /// A terminal line.
    Serial,
    /// A screen over SPICE.
    Spice,
    /// A screen over VMware's WebMKS.
    Mks,
}

impl Protocol {
    /// The name in Nova's `remote_console.protocol`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vnc => "vnc",
            Self::Serial => "serial",
            Self::Spice => "spice",
            Self::Mks => "mks",
        }
    }
}

/// One way into a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsoleKind {
    /// `vnc/novnc`
    Novnc,
    /// `serial/serial`
    Serial,
    /// `spice/spice-html5`
    SpiceHtml5,
    /// `spice/spice-direct`: for native clients, through a proxy that is not Oriel's.
    SpiceDirect,
    /// `mks/webmks`: through a proxy that is not Oriel's.
    Webmks,
}

impl ConsoleKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Novnc,
        Self::Serial,
        Self::SpiceHtml5,
        Self::SpiceDirect,
        Self::Webmks,
    ];

    /// The name in Nova's `type`; also the stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Novnc => "novnc",
            Self::Serial => "serial",
            Self::SpiceHtml5 => "spice-html5",
            Self::SpiceDirect => "spice-direct",
            Self::Webmks => "webmks",
        }
    }

    /// Whether the gateway carries it. The others are carried by proxies that are not Oriel's.
    pub fn is_carried(self) -> bool {
        matches!(self, Self::Novnc | Self::Serial | Self::SpiceHtml5)
    }

    /// The protocol that the back end speaks.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Novnc => Protocol::Vnc,
            Self::Serial => Protocol::Serial,
            Self::SpiceHtml5 | Self::SpiceDirect => Protocol::Spice,
            Self::Webmks => Protocol::Mks,
        }
    }
}

impl fmt::Display for ConsoleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A console type that Oriel has no name for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown console type {0:?}: known are novnc, serial, spice-html5, spice-direct and webmks")]
pub struct UnknownConsoleKind(String);

impl FromStr for ConsoleKind {
    type Err = UnknownConsoleKind;

    fn from_str(text: &str) -> Result<Self, UnknownConsoleKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| UnknownConsoleKind(text.to_owned()))
    }
}

/// A set of console kinds. Written, and kept, as their names with commas between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConsoleKinds(u8);

impl ConsoleKinds {
    /// No kind at all.
    pub const NONE: Self = Self(0);

    /// Whether this kind is in it.
    pub fn contains(self, kind: ConsoleKind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// The kinds, in the order of [`ConsoleKind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = ConsoleKind> {
        ConsoleKind::ALL
            .into_iter()
            .filter(move |&kind| self.contains(kind))
    }
}

fn bit(kind: ConsoleKind) -> u8 {
    1 << (kind as u8)
}

impl FromIterator<ConsoleKind> for ConsoleKinds {
    fn from_iter<I: IntoIterator<Item = ConsoleKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | bit(kind)))
    }
}

impl fmt::Display for ConsoleKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for kind in self.iter() {
            write!(f, "{comma}{kind}")?;
            comma = ",";
        }
        Ok(())
    }
}

impl FromStr for ConsoleKinds {
    type Err = UnknownConsoleKind;

    fn from_str(text: &str) -> Result<Self, UnknownConsoleKind> {
        let names = text.split(',').filter(|name| !name.is_empty());
        names.map(str::parse).collect()
    }
}

/// Where a back end listens. It comes from the inventory alone, never from a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A host name or address, and a port.
    Tcp {
        /// Name, IPv4 or IPv6 address, without brackets.
        host: String,
        /// TCP port, 1 to 65535.
        port: u16,
    },
    /// A UNIX socket on the gateway's own machine.
    Unix(PathBuf),
    /// The same as [`Tcp`](Self::Tcp), where the port speaks Telnet: for serial lines alone.
    Telnet {
        /// Name, IPv4 or IPv6 address, without brackets.
        host: String,
        /// TCP port, 1 to 65535.
        port: u16,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write_port(f, "tcp", host, *port),
            Self::Telnet { host, port } => write_port(f, "telnet", host, *port),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn write_port(f: &mut fmt::Formatter<'_>, scheme: &str, host: &str, port: u16) -> fmt::Result {
    if host.contains(':') {
        write!(f, "{scheme}:[{host}]:{port}")
    } else {
        write!(f, "{scheme}:{host}:{port}")
    }
}

/// A text that names no back end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// None of `tcp:`, `telnet:` and `unix:` in front.
    #[error(
        "a back end is written tcp:HOST:PORT, tcp:[IPV6]:PORT, telnet:HOST:PORT or unix:/PATH, got {0:?}"
    )]
    Form(String),
    /// The port is not a number from 1 to 65535.
    #[error("{0:?} is no port: give a number from 1 to 65535")]
    Port(String),
    /// A UNIX socket whose path does not start at the root.
    #[error("the path of a UNIX socket starts with '/', got {0:?}")]
    RelativePath(String),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let form = || AddressError::Form(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') {
                Ok(Self::Unix(path.into()))
            } else {
                Err(AddressError::RelativePath(path.to_owned()))
            };
        }
        let (scheme, rest) = text.split_once(':').ok_or_else(form)?;
        let telnet = match scheme {
            "tcp" => false,
            "telnet" => true,
            _ => return Err(form()),
        };
        let (host, port) = rest.rsplit_once(':').ok_or_else(form)?;
        let host = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(v6) => v6,
            None if host.contains(':') => return Err(form()),
            None => host,
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
            return Err(form());
        }
        let port = port
            .parse()
            .ok()
            .filter(|&p| p != 0)
            .ok_or_else(|| AddressError::Port(port.to_owned()))?;
        let host = host.to_owned();
        Ok(if telnet {
            Self::Telnet { host, port }
        } else {
            Self::Tcp { host, port }
        })
    }
}

/// The hypervisor's end of a console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackEnd {
    /// Where it listens.
    pub address: Address,
    /// How it is to be secured.
    pub security: BackEndSecurity,
    /// What to ask the address to connect to (`CONNECT`, as HTTP proxies know it), where it is a
    /// proxy that holds several consoles: Nova's `internal_access_path`.
    pub access_path: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_they_are_written() {
        for text in [
            "tcp:127.0.0.1:5900",
            "tcp:[::1]:5901",
            "tcp:hv-7.example:5900",
            "telnet:hv-7.example:4555",
            "telnet:[::1]:4555",
            "unix:/run/vm/1/vnc.sock",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_set_of_kinds_reads_back_as_it_is_written() {
        let all: ConsoleKinds = ConsoleKind::ALL.into_iter().rev().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), ConsoleKind::ALL);
        let some: ConsoleKinds = [ConsoleKind::Serial, ConsoleKind::Novnc].into_iter().collect();
        for (kinds, text) in [(ConsoleKinds::NONE, ""), (some, "novnc,serial")] {
            assert_eq!(kinds.to_string(), text);
            assert_eq!(text.parse(), Ok(kinds));
        }
        assert!("novnc,telepathy".parse::<ConsoleKinds>().is_err());
    }

    #[test]
    fn an_address_that_could_be_misread_is_refused() {
        for text in [
            "",
            "tcp:",
            "tcp:host",
            "tcp::5900",
            "tcp:::1:5900",
            "tcp:h:0",
            "tcp:h:65536",
            "unix:vnc.sock",
            "h:1",
            "tcp:a b:1",
            "telnet:h",
            "telnets:h:1",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }
}
