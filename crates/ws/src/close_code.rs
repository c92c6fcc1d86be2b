//! WebSocket close codes (RFC 6455 section 7.4 and the IANA registry that it founded).

/// The purpose was fulfilled.
pub const NORMAL: u16 = 1000;
/// The endpoint goes down or the page was left.
pub const GOING_AWAY: u16 = 1001;
/// The peer broke the protocol.
pub const PROTOCOL_ERROR: u16 = 1002;
/// The peer sent a type of data that is not taken here, such as text.
pub const UNSUPPORTED: u16 = 1003;
/// The peer sent text that is not UTF-8.
pub const INVALID_DATA: u16 = 1007;
/// The peer broke a rule of ours that has no code of its own.
pub const POLICY: u16 = 1008;
/// The peer sent a longer message than is taken here.
pub const TOO_BIG: u16 = 1009;
/// Something broke on this side.
pub const INTERNAL: u16 = 1011;

/// Whether a close frame may carry this code.
///
/// 1004-1006 and 1015 are names for ends without a close frame, the rest below 3000 is unassigned,
/// 3000-3999 belong to libraries and 4000-4999 to applications (RFC 6455 section 7.4.2).
pub const fn is_valid(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
