//! The upgrade request (RFC 6455 section 4.2), over what an HTTP server has already parsed.
//!
//! The origin is not judged here: which origins may open a console is the gateway's rule, not the
//! protocol's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

#[cfg(test)]
mod tests;

/// The name to send in `Upgrade` of the 101 answer.
pub const UPGRADE: &str = "websocket";

/// The version to name in `Sec-WebSocket-Version` of a 426 answer (RFC 6455 section 4.4).
pub const VERSION: &str = "13";

/// What every accept key is salted with (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The answer to a good upgrade request: status 101, `Upgrade: websocket`, `Connection: Upgrade`
/// and these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// `Sec-WebSocket-Accept`: 28 ASCII characters. None over HTTP/2, which has no such header.
    pub accept: Option<String>,
    /// `Sec-WebSocket-Protocol`: the one of our subprotocols that was chosen. None if the client
    /// offered none; the header must then be left out.
    pub subprotocol: Option<&'static str>,
}

/// Why a request is not upgraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The request does not ask for a WebSocket at all; it may be an ordinary one.
    #[error("the request does not ask for an upgrade to websocket")]
    NotWebSocket,
    /// The method is not GET.
    #[error("the method of a WebSocket request must be GET")]
    Method,
    /// The request came over something else than HTTP/1.1, whose upgrade this is.
    #[error("a WebSocket request must be HTTP/1.1")]
    HttpVersion,
    /// `Connection` does not list `upgrade`.
    #[error("the Connection header does not list upgrade")]
    Connection,
    /// `Sec-WebSocket-Version` is missing, doubled or not a version spoken here.
    #[error("Sec-WebSocket-Version must be 13")]
    Version,
    /// `Sec-WebSocket-Key` is missing, doubled or not 16 bytes in base64.
    #[error("Sec-WebSocket-Key must be 16 bytes in base64")]
    Key,
    /// The client offers subprotocols, none of which is spoken here.
    #[error("none of the offered subprotocols is spoken here")]
    Subprotocol,
}

impl HandshakeError {
    /// The HTTP status of the answer. 426 wants a header `Sec-WebSocket-Version` with [`VERSION`].
    pub const fn status(self) -> u16 {
        match self {
            Self::Version => 426,
            Self::Method => 405,
            Self::NotWebSocket | Self::HttpVersion | Self::Connection | Self::Key | Self::Subprotocol => 400,
        }
    }
}

/// Checks an upgrade request and works out the answer.
///
/// `http_11` says whether the request came over HTTP/1.1. `header` gives the values of all header
/// fields of a name, which is asked for in lower case; with the `http` crate it is
/// `|name| headers.get_all(name).iter().map(HeaderValue::as_bytes)`. `supported` lists our
/// subprotocols, the best first; the client's order does not count.
///
/// The first check is whether a WebSocket is asked for, so [`HandshakeError::NotWebSocket`] tells
/// an ordinary request from a bad upgrade. Versions 13 and 8 are taken: version 8, a draft with
/// the same frames, is what older tools send.
pub fn check<'h, Values>(
    method: &str,
    http_11: bool,
    header: impl Fn(&'static str) -> Values,
    supported: &[&'static str],
) -> Result<Accepted, HandshakeError>
where
    Values: Iterator<Item = &'h [u8]>,
{
    if !is_wanted(header("upgrade")) {
        return Err(HandshakeError::NotWebSocket);
    }
    if method != "GET" {
        return Err(HandshakeError::Method);
    }
    if !http_11 {
        return Err(HandshakeError::HttpVersion);
    }
    if !lists(header("connection"), "upgrade") {
        return Err(HandshakeError::Connection);
    }
    if !is_spoken(header("sec-websocket-version")) {
        return Err(HandshakeError::Version);
    }
    let key = only(header("sec-websocket-key")).ok_or(HandshakeError::Key)?;
    if !is_key(key) {
        return Err(HandshakeError::Key);
    }
    let subprotocol = choose(header("sec-websocket-protocol"), supported)?;
    Ok(Accepted {
        accept: Some(accept_key(key)),
        subprotocol,
    })
}

/// Checks an extended CONNECT for `websocket` (RFC 8441), which opens a WebSocket on one stream of an
/// HTTP/2 connection and is answered with status 200. Method and `:protocol` are the caller's to
/// check; there is no key, and nothing to upgrade.
pub fn check_connect<'h, Values>(
    header: impl Fn(&'static str) -> Values,
    supported: &[&'static str],
) -> Result<Accepted, HandshakeError>
where
    Values: Iterator<Item = &'h [u8]>,
{
    if !is_spoken(header("sec-websocket-version")) {
        return Err(HandshakeError::Version);
    }
    let subprotocol = choose(header("sec-websocket-protocol"), supported)?;
    Ok(Accepted {
        accept: None,
        subprotocol,
    })
}

fn is_spoken<'h>(version: impl Iterator<Item = &'h [u8]>) -> bool {
    matches!(only(version), Some(b"13" | b"8"))
}

/// Whether the values of a request's `Upgrade` headers ask for a WebSocket.
pub fn is_wanted<'h>(upgrade: impl Iterator<Item = &'h [u8]>) -> bool {
    lists(upgrade, UPGRADE)
}

/// The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 section 4.2.2).
pub fn accept_key(key: &[u8]) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// Our best subprotocol among those offered; none offered is none chosen.
fn choose<'h>(
    offers: impl Iterator<Item = &'h [u8]>,
    supported: &[&'static str],
) -> Result<Option<&'static str>, HandshakeError> {
    // The place in our list, so that the smallest is our best.
    let mut best = None::<usize>;
    let mut offered = false;
    for name in offers.flat_map(elements) {
        offered = true;
        let place = supported.iter().position(|ours| ours.as_bytes() == name);
        best = best.into_iter().chain(place).min();
    }
    match best.and_then(|place| supported.get(place)) {
        Some(name) => Ok(Some(name)),
        None if offered => Err(HandshakeError::Subprotocol),
        None => Ok(None),
    }
}

/// Whether comma-separated lists hold a token, in any case.
fn lists<'h>(mut values: impl Iterator<Item = &'h [u8]>, token: &str) -> bool {
    values.any(|value| elements(value).any(|e| e.eq_ignore_ascii_case(token.as_bytes())))
}

/// The elements of a comma-separated list without the blanks around them (RFC 9110 section 5.6.1).
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|b| *b == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|e| !e.is_empty())
}

/// The value of a header field that must not come twice.
fn only<'h>(mut values: impl Iterator<Item = &'h [u8]>) -> Option<&'h [u8]> {
    let first = values.next()?;
    values.next().is_none().then_some(first.trim_ascii())
}

/// Whether this is how 16 bytes look in base64: 22 characters and the padding. The four bits that
/// the last character has too many may be anything, since hand-written clients make up keys.
fn is_key(key: &[u8]) -> bool {
    key.strip_suffix(b"==").is_some_and(|body| {
        body.len() == 22
            && body
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
    })
}
