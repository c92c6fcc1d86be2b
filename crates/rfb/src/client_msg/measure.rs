//! What kind of message it is and how long, from its first bytes.

/// The longest clipboard text that is commonly taken, in bytes: QEMU drops viewers that send more.
pub const DEFAULT_MAX_CUT_TEXT: u32 = 1024 * 1024;

/// The longest payload of a fence, in bytes (rfbproto.rst, `ClientFence`).
pub const MAX_FENCE: u8 = 64;

/// The messages that a viewer can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Type 0 (RFC 6143 section 7.5.1): 20 bytes.
    SetPixelFormat,
    /// Type 2 (RFC 6143 section 7.5.2): 4 bytes and 4 for each encoding.
    SetEncodings,
    /// Type 3 (RFC 6143 section 7.5.3): 10 bytes.
    UpdateRequest,
    /// Type 4 (RFC 6143 section 7.5.4): 8 bytes.
    Key,
    /// Type 5 (RFC 6143 section 7.5.5): 6 bytes, or 7 with extended mouse buttons.
    Pointer,
    /// Type 6 (RFC 6143 section 7.5.6): 8 bytes and the text. A negative length marks the extended
    /// clipboard and counts as its absolute value.
    CutText,
    /// Type 150: 10 bytes.
    ContinuousUpdates,
    /// Type 248: 9 bytes and up to 64.
    Fence,
    /// Type 250, power control: 4 bytes.
    Xvp,
    /// Type 251: 8 bytes and 16 for each screen.
    SetDesktopSize,
    /// Type 253, general input devices: 4 bytes and its payload.
    Gii,
    /// Type 255, subtype 0, a key with its scan code: 12 bytes.
    QemuKey,
    /// Type 255, subtype 1: 4 bytes, or 10 to set the sample format.
    QemuAudio,
}

/// Bytes that are no message of a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientMsgError {
    /// No message of this type is known, so its length is not either.
    #[error("an unknown message type {0}")]
    UnknownType(u8),
    /// No QEMU message of this subtype is known.
    #[error("an unknown QEMU message {0}")]
    UnknownQemu(u8),
    /// No QEMU audio operation of this number is known.
    #[error("an unknown QEMU audio operation {0}")]
    UnknownAudio(u16),
    /// A clipboard text over the limit.
    #[error("a clipboard text of {len} bytes where {limit} are allowed")]
    CutTextTooLong {
        /// The announced length in bytes.
        len: u32,
        /// The limit in bytes.
        limit: u32,
    },
    /// A fence over [`MAX_FENCE`].
    #[error("a fence with {0} bytes of payload")]
    FenceTooLong(u8),
}

/// How long a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// Not to be told from these bytes.
    Unknown,
    /// This many bytes in all.
    Known { kind: Kind, total: usize },
}

/// Measures the message that `head` begins with. Ten bytes are enough for any.
pub(super) fn measure(
    head: &[u8],
    extended_pointer: bool,
    max_cut_text: u32,
) -> Result<Length, ClientMsgError> {
    let known = |kind, total| Ok(Length::Known { kind, total });
    match *head {
        [0, ..] => known(Kind::SetPixelFormat, 20),
        [2, _, a, b, ..] => known(
            Kind::SetEncodings,
            4 + 4 * usize::from(u16::from_be_bytes([a, b])),
        ),
        [3, ..] => known(Kind::UpdateRequest, 10),
        [4, ..] => known(Kind::Key, 8),
        [5, mask, ..] => known(
            Kind::Pointer,
            if extended_pointer && mask & 0x80 != 0 {
                7
            } else {
                6
            },
        ),
        [6, _, _, _, a, b, c, d, ..] => {
            let len = i32::from_be_bytes([a, b, c, d]).unsigned_abs();
            match usize::try_from(len) {
                Ok(text) if len <= max_cut_text => known(Kind::CutText, text.saturating_add(8)),
                _ => Err(ClientMsgError::CutTextTooLong {
                    len,
                    limit: max_cut_text,
                }),
            }
        }
        [150, ..] => known(Kind::ContinuousUpdates, 10),
        [248, _, _, _, _, _, _, _, len, ..] if len > MAX_FENCE => Err(ClientMsgError::FenceTooLong(len)),
        [248, _, _, _, _, _, _, _, len, ..] => known(Kind::Fence, 9 + usize::from(len)),
        [250, ..] => known(Kind::Xvp, 4),
        [251, _, _, _, _, _, screens, ..] => known(Kind::SetDesktopSize, 8 + 16 * usize::from(screens)),
        // The top bit of the subtype tells the byte order of all that follows.
        [253, subtype, a, b, ..] if subtype & 0x80 != 0 => {
            known(Kind::Gii, 4 + usize::from(u16::from_be_bytes([a, b])))
        }
        [253, _, a, b, ..] => known(Kind::Gii, 4 + usize::from(u16::from_le_bytes([a, b]))),
        [255, 0, ..] => known(Kind::QemuKey, 12),
        [255, 1, a, b, ..] => match u16::from_be_bytes([a, b]) {
            0 | 1 => known(Kind::QemuAudio, 4),
            2 => known(Kind::QemuAudio, 10),
            other => Err(ClientMsgError::UnknownAudio(other)),
        },
        [255, subtype, ..] if subtype > 1 => Err(ClientMsgError::UnknownQemu(subtype)),
        [] | [2 | 5 | 6 | 248 | 251 | 253 | 255, ..] => Ok(Length::Unknown),
        [other, ..] => Err(ClientMsgError::UnknownType(other)),
    }
}
