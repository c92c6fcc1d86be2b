//! The header in which a TCP proxy says whom it speaks for: the PROXY protocol, versions 1 and 2 (HAProxy's
//! `doc/proxy-protocol.txt`), without I/O.
//!
//! It is only to be looked for on connections of trusted proxies: whoever may send it may claim any address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What every header of version 2 starts with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// What every header of version 1 starts with.
const PREFIX: &[u8; 6] = b"PROXY ";
/// Longest header of version 1, with its line's end.
const MAX_V1: usize = 107;
/// Longest header of version 2 that is taken. Addresses need 36 bytes; what proxies add about their
/// own TLS takes a few hundred.
pub const MAX_V2: usize = 2048;
/// The fixed part of version 2.
const FIXED: usize = 16;

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A whole header.
    Header {
        /// Its length in bytes. What follows is the client's.
        length: usize,
        /// Where the client comes from. None: the proxy speaks for itself, or does not know.
        source: Option<IpAddr>,
    },
    /// The beginning of a header, as far as can be told.
    Partial,
    /// No header.
    Other,
}

/// Why a header cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Longer than any that makes sense.
    #[error("the PROXY header is too long")]
    TooLong,
    /// Version 1: not the words that it should be made of.
    #[error("the PROXY header has a line that is none of the protocol")]
    Line,
    /// Version 2: a version, a command or a kind of address that is not known.
    #[error("the PROXY header is of a kind that is not known")]
    Kind,
    /// Version 2: too short for its addresses.
    #[error("the PROXY header is too short for its addresses")]
    Short,
}

/// Reads the header at the start of these bytes, if there is one.
pub fn parse(bytes: &[u8]) -> Result<Start, HeaderError> {
    if starts(bytes, SIGNATURE) {
        parse_v2(bytes)
    } else if starts(bytes, PREFIX) {
        parse_v1(bytes)
    } else {
        Ok(Start::Other)
    }
}

/// Whether the bytes start like this, as far as they go.
fn starts(bytes: &[u8], with: &[u8]) -> bool {
    let length = bytes.len().min(with.len());
    bytes.get(..length) == with.get(..length)
}

fn parse_v1(bytes: &[u8]) -> Result<Start, HeaderError> {
    let within = bytes.get(..MAX_V1).unwrap_or(bytes);
    let Some(end) = within.windows(2).position(|pair| pair == b"\r\n") else {
        return match bytes.len() {
            MAX_V1.. => Err(HeaderError::TooLong),
            _ => Ok(Start::Partial),
        };
    };
    let line = within.get(..end).unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| HeaderError::Line)?;
    let mut words = line.split(' ').skip(1);
    let mut word = || words.next().ok_or(HeaderError::Line);
    let source = match word()? {
        // What follows is not to be looked at.
        "UNKNOWN" => None,
        family @ ("TCP4" | "TCP6") => {
            let [source, destination] = [word()?, word()?].map(|text| address(family, text));
            port(word()?)?;
            port(word()?)?;
            if words.next().is_some() {
                return Err(HeaderError::Line);
            }
            destination?;
            Some(source?.to_canonical())
        }
        _ => return Err(HeaderError::Line),
    };
    Ok(Start::Header {
        length: end + 2,
        source,
    })
}

fn address(family: &str, text: &str) -> Result<IpAddr, HeaderError> {
    let parsed = match family {
        "TCP4" => text.parse().map(IpAddr::V4).ok(),
        _ => text.parse().map(IpAddr::V6).ok(),
    };
    parsed.ok_or(HeaderError::Line)
}

fn port(text: &str) -> Result<u16, HeaderError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or(HeaderError::Line)
}

fn parse_v2(bytes: &[u8]) -> Result<Start, HeaderError> {
    let Some([version, family, high, low]) = bytes.get(SIGNATURE.len()..FIXED) else {
        return Ok(Start::Partial);
    };
    let length = FIXED + usize::from(u16::from_be_bytes([*high, *low]));
    if length > MAX_V2 {
        return Err(HeaderError::TooLong);
    }
    // The client's address comes first, then that of the proxy, then the ports.
    let addresses = match (version, family) {
        // LOCAL: the proxy's own, such as a health check. UNSPEC and UNIX name no address.
        (0x20, _) | (0x21, 0x00 | 0x31 | 0x32) => 0,
        (0x21, 0x11) => 12,
        (0x21, 0x21) => 36,
        _ => return Err(HeaderError::Kind),
    };
    if length < FIXED + addresses {
        return Err(HeaderError::Short);
    }
    let Some(body) = bytes.get(FIXED..length) else {
        return Ok(Start::Partial);
    };
    let source = match addresses {
        12 => body
            .first_chunk::<4>()
            .map(|octets| Ipv4Addr::from(*octets).into()),
        36 => body
            .first_chunk::<16>()
            .map(|octets| IpAddr::from(Ipv6Addr::from(*octets)).to_canonical()),
        _ => None,
    };
    Ok(Start::Header { length, source })
}

#[cfg(test)]
mod tests;
