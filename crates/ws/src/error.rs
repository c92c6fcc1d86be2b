//! What a client can do wrong in its frames.

use crate::close_code;

/// A frame that ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// One of the three reserved bits is set, and no extension was negotiated (section 5.2).
    #[error("a reserved bit is set")]
    ReservedBits,
    /// The opcode has no meaning: 3-7 or 11-15 (section 5.2).
    #[error("opcode {0} is reserved")]
    ReservedOpcode(u8),
    /// A client must mask every frame (section 5.1).
    #[error("the frame is not masked")]
    Unmasked,
    /// A control frame came in fragments (section 5.5).
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame announces more than 125 bytes (section 5.5).
    #[error("a control frame is longer than 125 bytes")]
    LongControl,
    /// A continuation frame came with no message to continue (section 5.4).
    #[error("a continuation frame continues nothing")]
    OrphanContinuation,
    /// A new message began before the fragmented one ended (section 5.4).
    #[error("a new message began inside a fragmented one")]
    InterruptedMessage,
    /// The length would have fitted a shorter form (section 5.2).
    #[error("the frame's length is not in its shortest form")]
    LengthNotMinimal,
    /// The top bit of a 64-bit length is set (section 5.2).
    #[error("the frame's length has its top bit set")]
    LengthTopBit,
    /// A text message: consoles carry bytes.
    #[error("Unsupported: Text frames are not supported")]
    Text,
    /// A message, all its fragments taken together, is longer than the limit in bytes.
    #[error("the message is longer than {limit} bytes")]
    TooBig {
        /// The limit in bytes.
        limit: u64,
    },
    /// A close frame of one byte: half a code (section 5.5.1).
    #[error("the close frame holds half a code")]
    HalfCloseCode,
    /// A code that no close frame may carry (section 7.4).
    #[error("{0} is no valid close code")]
    CloseCode(u16),
    /// The reason in a close frame is not UTF-8 (section 5.5.1).
    #[error("the close reason is not UTF-8")]
    CloseReason,
}

impl FrameError {
    /// The close code that tells the client of it.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Text => close_code::UNSUPPORTED,
            Self::CloseReason => close_code::INVALID_DATA,
            Self::TooBig { .. } => close_code::TOO_BIG,
            Self::ReservedBits
            | Self::ReservedOpcode(_)
            | Self::Unmasked
            | Self::FragmentedControl
            | Self::LongControl
            | Self::OrphanContinuation
            | Self::InterruptedMessage
            | Self::LengthNotMinimal
            | Self::LengthTopBit
            | Self::HalfCloseCode
            | Self::CloseCode(_) => close_code::PROTOCOL_ERROR,
        }
    }
}
