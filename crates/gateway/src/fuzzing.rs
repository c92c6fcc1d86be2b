//! What of the gateway itself is fuzzed; for the crate `oriel-fuzz-targets` alone.

use oriel_rfb::client_msg::ClientMsgError;

use crate::relay::Down;
use crate::rules::{Filter, Rules};

/// Longest clipboard text, in bytes.
pub const MAX_CUT_TEXT: u32 = 4096;

/// What may be done, as bits.
pub mod may {
    /// Press keys and move the pointer.
    pub const INPUT: u8 = 1;
    /// Put text into the guest's clipboard.
    pub const CLIPBOARD: u8 = 2;
    /// Change the size of the guest's screen.
    pub const RESIZE: u8 = 4;
    /// Shut the machine down.
    pub const POWER: u8 = 8;
    /// Hear the guest.
    pub const AUDIO: u8 = 16;
}

/// What goes up of a viewer's bytes that are read in pieces of this size, where it may do so much.
pub fn rules(bits: u8, size: usize, bytes: &[u8]) -> Result<Vec<u8>, ClientMsgError> {
    let rules = Rules {
        input: bits & may::INPUT != 0,
        clipboard_to_server: bits & may::CLIPBOARD != 0,
        clipboard_to_client: true,
        resize: bits & may::RESIZE != 0,
        power: bits & may::POWER != 0,
        audio: bits & may::AUDIO != 0,
        max_cut_text: MAX_CUT_TEXT,
    };
    let (mut filter, mut down, mut up) = (Filter::new(rules), Down::opaque(), Vec::new());
    for piece in bytes.chunks(size.max(1)) {
        let passed = filter.pass(piece, &mut up, &mut down)?;
        up.extend_from_slice(passed.rest);
    }
    Ok(up)
}
