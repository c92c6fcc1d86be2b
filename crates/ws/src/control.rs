//! What control frames carry (RFC 6455 section 5.5).

use std::fmt;

use crate::FrameError;
use crate::close_code;

/// The longest payload of a control frame, in bytes (RFC 6455 section 5.5).
pub const MAX_CONTROL: usize = 125;

/// The payload of a control frame: at most [`MAX_CONTROL`] bytes, held without allocation.
#[derive(Clone, Copy)]
pub struct ControlPayload {
    bytes: [u8; MAX_CONTROL],
    len: u8,
}

impl ControlPayload {
    /// A payload of no bytes.
    pub const EMPTY: Self = Self {
        bytes: [0; MAX_CONTROL],
        len: 0,
    };

    /// The first [`MAX_CONTROL`] bytes of `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let mut payload = Self::EMPTY;
        payload.extend(bytes);
        payload
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Appends what fits, and gives it back for unmasking.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> &mut [u8] {
        let room = self.bytes.get_mut(usize::from(self.len)..).unwrap_or_default();
        let mut added = 0;
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
            added += 1;
        }
        // At most MAX_CONTROL bytes fit, so the sum fits a byte.
        self.len = self.len.saturating_add(u8::try_from(added).unwrap_or(u8::MAX));
        room.get_mut(..added).unwrap_or_default()
    }
}

impl PartialEq for ControlPayload {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for ControlPayload {}

impl fmt::Debug for ControlPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ControlPayload({:?})", self.as_bytes())
    }
}

/// A valid close frame from the client (RFC 6455 section 5.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseFrame {
    payload: ControlPayload,
}

impl CloseFrame {
    /// Checks the payload of a close frame.
    pub(crate) fn parse(payload: ControlPayload) -> Result<Self, FrameError> {
        match payload.as_bytes() {
            [] => {}
            [_] => return Err(FrameError::HalfCloseCode),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !close_code::is_valid(code) {
                    return Err(FrameError::CloseCode(code));
                }
                if std::str::from_utf8(reason).is_err() {
                    return Err(FrameError::CloseReason);
                }
            }
        }
        Ok(Self { payload })
    }

    /// The client's code, if it gave one.
    pub fn code(&self) -> Option<u16> {
        match self.payload.as_bytes() {
            [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }

    /// The client's words, empty if it gave none; at most 123 bytes. Not to be trusted in a log
    /// without escaping.
    pub fn reason(&self) -> &str {
        let reason = self.payload.as_bytes().get(2..).unwrap_or_default();
        std::str::from_utf8(reason).unwrap_or_default()
    }

    pub(crate) fn payload(&self) -> &ControlPayload {
        &self.payload
    }
}
