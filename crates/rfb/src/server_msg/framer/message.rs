//! The server's messages but for updates: all their lengths are announced.

use super::error::FramerError;
use super::plan::{Plan, Reader, Then, at_most};

/// The longest clipboard text that is believed, in bytes. A guest's clipboard may hold pictures.
const MAX_CUT_TEXT: u64 = 64 * 1024 * 1024;

/// The longest piece of sound that is believed, in bytes. QEMU sends some ten milliseconds at once.
const MAX_AUDIO: u64 = 16 * 1024 * 1024;

/// The longest payload of a fence, in bytes (rfbproto.rst, `ServerFence`).
const MAX_FENCE: u64 = 64;

/// The messages that a server can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Type 0 (RFC 6143 section 7.6.1): rectangles.
    Update,
    /// Type 1 (RFC 6143 section 7.6.2).
    ColourMap,
    /// Type 2 (RFC 6143 section 7.6.3).
    Bell,
    /// Type 3 (RFC 6143 section 7.6.4), the extended clipboard too.
    CutText,
    /// Type 150.
    EndOfContinuousUpdates,
    /// Type 248.
    Fence,
    /// Type 250, power control.
    Xvp,
    /// Type 253, general input devices.
    Gii,
    /// Type 255, subtype 1.
    QemuAudio,
}

impl Kind {
    pub(super) fn of(first: u8) -> Result<Self, FramerError> {
        Ok(match first {
            0 => Self::Update,
            1 => Self::ColourMap,
            2 => Self::Bell,
            3 => Self::CutText,
            150 => Self::EndOfContinuousUpdates,
            248 => Self::Fence,
            250 => Self::Xvp,
            253 => Self::Gii,
            255 => Self::QemuAudio,
            other => return Err(FramerError::Message(other)),
        })
    }
}

/// What comes after the first byte of a message, if it has more.
pub(super) fn begin(kind: Kind) -> Option<Then> {
    let reader = match kind {
        Kind::Update => return Some(Then::Update),
        Kind::Bell | Kind::EndOfContinuousUpdates => return None,
        Kind::ColourMap => Reader::ColourMap,
        Kind::CutText => Reader::CutText,
        Kind::Fence => Reader::Fence,
        Kind::Xvp => Reader::Xvp,
        Kind::Gii => Reader::Gii,
        Kind::QemuAudio => Reader::Qemu,
    };
    Some(Then::Read(reader))
}

/// One padding byte, the first colour, and how many there are: six bytes each.
pub(super) fn colour_map(first: u16, count: u16) -> Result<Plan, FramerError> {
    at_most(
        "a colour map up to colour",
        u64::from(first) + u64::from(count),
        1 << 16,
    )?;
    Ok(Plan::rest(6 * u64::from(count)))
}

/// A negative length marks the extended clipboard and counts as its absolute value.
pub(super) fn cut_text(len: i32) -> Result<Plan, FramerError> {
    let len = u64::from(len.unsigned_abs());
    at_most("a clipboard text", len, MAX_CUT_TEXT).map(Plan::rest)
}

pub(super) fn fence(len: u8) -> Result<Plan, FramerError> {
    at_most("a fence", len.into(), MAX_FENCE).map(Plan::rest)
}

/// The top bit of the subtype tells the byte order of all that follows.
pub(super) fn gii(subtype: u8, len: [u8; 2]) -> Plan {
    let len = if subtype & 0x80 == 0 {
        u16::from_le_bytes(len)
    } else {
        u16::from_be_bytes(len)
    };
    Plan::rest(len.into())
}

pub(super) fn qemu(subtype: u8, operation: u16) -> Result<Plan, FramerError> {
    match (subtype, operation) {
        (1, 0 | 1) => Ok(Plan::END),
        (1, 2) => Ok(Plan::read(Reader::Length {
            what: "a piece of sound",
            limit: MAX_AUDIO,
            more: 0,
        })),
        (1, other) => Err(FramerError::Audio(other)),
        (other, _) => Err(FramerError::Qemu(other)),
    }
}
