//! `ClientInit` and `ServerInit` (RFC 6143 section 7.3).

use std::borrow::Cow;

use crate::PixelFormat;
use crate::gather::{Gather, front};

#[cfg(test)]
mod tests;

/// The longest desktop name taken from a back end, in bytes. The protocol would allow 4 GiB.
pub const MAX_NAME: usize = 64 * 1024;

/// The longest name that keeps a `ServerInit` within 125 bytes, which is a WebSocket frame in its
/// shortest form: the simplest clients know no other.
pub const MAX_SHORT_NAME: usize = 125 - FIXED;

/// The bytes in front of the name.
const FIXED: usize = 24;

/// `ClientInit` (RFC 6143 section 7.3.1). Unless it is `shared`, a server may throw out its other
/// viewers, so the gateway always shares.
pub const fn client_init(shared: bool) -> [u8; 1] {
    [shared as u8]
}

/// `ServerInit`: the screen that a session shows (RFC 6143 section 7.3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInit {
    /// Width of the screen in pixels.
    pub width: u16,
    /// Height of the screen in pixels.
    pub height: u16,
    /// The server's own pixel format, in force until the client sets one.
    pub format: PixelFormat,
    /// The desktop's name as it stands on the wire, most often UTF-8.
    pub name: Vec<u8>,
}

impl ServerInit {
    /// The name as text, with what is not UTF-8 replaced.
    pub fn name_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.name)
    }

    /// The same with the name cut between two characters to [`MAX_SHORT_NAME`] bytes.
    #[must_use]
    pub fn with_short_name(mut self) -> Self {
        if self.name.len() > MAX_SHORT_NAME {
            // A byte 10xxxxxx goes on with a character; one that starts none ends the search too.
            let inside = |at: &usize| self.name.get(*at).is_some_and(|b| b & 0xc0 == 0x80);
            let at = (MAX_SHORT_NAME - 3..=MAX_SHORT_NAME).rev().find(|at| !inside(at));
            self.name.truncate(at.unwrap_or(MAX_SHORT_NAME));
        }
        self
    }

    /// The whole message. A name longer than [`MAX_NAME`] is cut.
    pub fn to_bytes(&self) -> Vec<u8> {
        let name = self.name.get(..MAX_NAME).unwrap_or(&self.name);
        let mut bytes = Vec::with_capacity(FIXED + name.len());
        bytes.extend(self.width.to_be_bytes());
        bytes.extend(self.height.to_be_bytes());
        bytes.extend(self.format.to_bytes());
        bytes.extend(u32::try_from(name.len()).unwrap_or_default().to_be_bytes());
        bytes.extend(name);
        bytes
    }
}

/// Why a `ServerInit` was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerInitError {
    /// The name is longer than [`MAX_NAME`].
    #[error("the back end announces a desktop name of {0} bytes")]
    NameTooLong(u32),
}

/// Reads one `ServerInit` that comes cut anywhere.
#[derive(Debug)]
pub struct ServerInitReader {
    state: State,
}

#[derive(Debug)]
enum State {
    Fixed(Gather<FIXED>),
    Name { left: usize, init: ServerInit },
    Over,
}

impl ServerInitReader {
    /// A reader for the bytes that follow the handshake.
    pub const fn new() -> Self {
        Self {
            state: State::Fixed(Gather::new()),
        }
    }

    /// Takes bytes off the front of `input`: the message, once it is whole, or none if all bytes
    /// were taken and more are needed. What is left of the bytes comes after the message.
    ///
    /// After the message or an error nothing more is taken. The name is kept as it comes, so a
    /// length alone costs no memory.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<ServerInit>, ServerInitError> {
        if let State::Fixed(gather) = &mut self.state {
            let Some(fixed) = gather.take(input) else {
                return Ok(None);
            };
            self.state = State::Over;
            let (len, init) = parse(&fixed);
            match usize::try_from(len) {
                Ok(left @ 0..=MAX_NAME) => self.state = State::Name { left, init },
                _ => return Err(ServerInitError::NameTooLong(len)),
            }
        }
        let State::Name { left, init } = &mut self.state else {
            return Ok(None);
        };
        let part = front(input, *left);
        init.name.extend_from_slice(part);
        *left -= part.len();
        if *left > 0 {
            return Ok(None);
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Name { init, .. } => Ok(Some(init)),
            State::Fixed(_) | State::Over => Ok(None),
        }
    }
}

impl Default for ServerInitReader {
    fn default() -> Self {
        Self::new()
    }
}

/// The length of the name, and all but the name.
fn parse(fixed: &[u8; FIXED]) -> (u32, ServerInit) {
    let [w0, w1, h0, h1, format @ .., n0, n1, n2, n3] = fixed;
    let init = ServerInit {
        width: u16::from_be_bytes([*w0, *w1]),
        height: u16::from_be_bytes([*h0, *h1]),
        format: PixelFormat::parse(format),
        name: Vec::new(),
    };
    (u32::from_be_bytes([*n0, *n1, *n2, *n3]), init)
}
