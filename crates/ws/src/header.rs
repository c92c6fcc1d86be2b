//! The head of a client's frame (RFC 6455 section 5.2).

use crate::FrameError;
use crate::mask::Mask;

/// The longest head of a client's frame: 2 bytes, a 64-bit length, the masking key.
pub(crate) const MAX_CLIENT_HEADER: usize = 14;

/// What kind of frame it is. Text is refused where the opcode is read, so no one need handle it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Data(Data),
    Close,
    Ping,
    Pong,
}

/// A frame of a binary message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Data {
    /// Whether it begins a message, rather than continue one.
    pub(crate) first: bool,
    /// Whether the message ends with it.
    pub(crate) last: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) kind: Kind,
    /// Bytes of payload, below 2^63.
    pub(crate) len: u64,
    pub(crate) mask: Mask,
}

impl FrameHeader {
    /// Reads a head from the front of `bytes`: the head and its own length in bytes, or none if it
    /// goes on past the end.
    ///
    /// A fault is told as soon as the bytes show it, whatever is still to come.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let kind = kind(*first)?;
        if second & 0x80 == 0 {
            return Err(FrameError::Unmasked);
        }
        let short = second & 0x7f;
        if short > 125 && !matches!(kind, Kind::Data(_)) {
            return Err(FrameError::LongControl);
        }
        let (len, rest) = match short {
            126 => match rest.split_first_chunk() {
                Some((len, rest)) => (medium(*len)?, rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((len, rest)) => (long(*len)?, rest),
                None => return Ok(None),
            },
            _ => (short.into(), rest),
        };
        let Some((key, payload)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        let used = bytes.len() - payload.len();
        Ok(Some((
            Self {
                kind,
                len,
                mask: Mask::new(*key),
            },
            used,
        )))
    }
}

fn kind(first: u8) -> Result<Kind, FrameError> {
    if first & 0x70 != 0 {
        return Err(FrameError::ReservedBits);
    }
    let last = first & 0x80 != 0;
    let control = match first & 0x0f {
        0 => return Ok(Kind::Data(Data { first: false, last })),
        1 => return Err(FrameError::Text),
        2 => return Ok(Kind::Data(Data { first: true, last })),
        8 => Kind::Close,
        9 => Kind::Ping,
        10 => Kind::Pong,
        reserved => return Err(FrameError::ReservedOpcode(reserved)),
    };
    if last {
        Ok(control)
    } else {
        Err(FrameError::FragmentedControl)
    }
}

fn medium(bytes: [u8; 2]) -> Result<u64, FrameError> {
    let len = u16::from_be_bytes(bytes);
    if len <= 125 {
        Err(FrameError::LengthNotMinimal)
    } else {
        Ok(len.into())
    }
}

fn long(bytes: [u8; 8]) -> Result<u64, FrameError> {
    let len = u64::from_be_bytes(bytes);
    if len >> 63 != 0 {
        Err(FrameError::LengthTopBit)
    } else if len <= u16::MAX.into() {
        Err(FrameError::LengthNotMinimal)
    } else {
        Ok(len)
    }
}
