//! Frames from the gateway to the browser (RFC 6455 section 5.2): unmasked, never in fragments.

use std::fmt;

use crate::{CloseFrame, ControlPayload, MAX_CONTROL, close_code};

/// The longest head of a server's frame, in bytes: 2 and a 64-bit length.
pub const MAX_HEADER: usize = 10;

const FIN: u8 = 0x80;
const BINARY: u8 = FIN | 0x2;
const CLOSE: u8 = FIN | 0x8;
const PING: u8 = FIN | 0x9;
const PONG: u8 = FIN | 0xa;

/// The head of a binary frame to the browser: 2, 4 or 10 bytes, to be sent right before the payload.
#[derive(Clone, Copy)]
pub struct Header {
    /// The head stands at the end, so that [`Header::write_before`] need not move it.
    bytes: [u8; MAX_HEADER],
    len: u8,
}

impl Header {
    /// The head of one whole binary message of `payload` bytes.
    pub fn binary(payload: usize) -> Self {
        let wide = (payload as u64).to_be_bytes();
        let [.., high, low] = wide;
        let (bytes, len) = match payload {
            0..=125 => ([0, 0, 0, 0, 0, 0, 0, 0, BINARY, low], 2),
            126..=0xffff => ([0, 0, 0, 0, 0, 0, BINARY, 126, high, low], 4),
            _ => {
                let mut bytes = [BINARY, 127, 0, 0, 0, 0, 0, 0, 0, 0];
                let [_, _, len @ ..] = &mut bytes;
                *len = wide;
                (bytes, 10)
            }
        };
        Self { bytes, len }
    }

    /// The head's bytes, for a vectored write with the payload.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start()..).unwrap_or_default()
    }

    /// Writes the head to the end of `room`, the [`MAX_HEADER`] bytes kept free in front of a
    /// payload, so that one plain write from the returned offset on sends both.
    pub fn write_before(&self, room: &mut [u8; MAX_HEADER]) -> usize {
        *room = self.bytes;
        self.start()
    }

    fn start(&self) -> usize {
        MAX_HEADER.saturating_sub(self.len.into())
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({:02x?})", self.as_bytes())
    }
}

/// A whole control frame to the browser, at most 127 bytes, held without allocation.
#[derive(Clone, Copy)]
pub struct ControlFrame {
    bytes: [u8; 2 + MAX_CONTROL],
    len: u8,
}

impl ControlFrame {
    /// A ping (RFC 6455 section 5.5.2). Of `payload`, the first [`MAX_CONTROL`] bytes are sent.
    pub fn ping(payload: &[u8]) -> Self {
        Self::new(PING, &[payload])
    }

    /// The answer to a ping (RFC 6455 section 5.5.3).
    pub fn pong(ping: &ControlPayload) -> Self {
        Self::new(PONG, &[ping.as_bytes()])
    }

    /// A close frame with a code and words (RFC 6455 section 5.5.1).
    ///
    /// `reason` is cut to 123 bytes between two characters. A code that no close frame may carry
    /// ([`close_code::is_valid`]) is sent as 1011, since a browser would answer it with an error of
    /// its own and hide the reason.
    pub fn close(code: u16, reason: &str) -> Self {
        let code = if close_code::is_valid(code) {
            code
        } else {
            close_code::INTERNAL
        };
        let reason = reason
            .get(..reason.floor_char_boundary(MAX_CONTROL - 2))
            .unwrap_or_default();
        Self::new(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()])
    }

    /// The answer to the client's close frame: the same code and words (RFC 6455 section 5.5.1).
    pub fn close_echo(close: &CloseFrame) -> Self {
        Self::new(CLOSE, &[close.payload().as_bytes()])
    }

    /// The frame's bytes, head and all.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn new(first: u8, parts: &[&[u8]]) -> Self {
        let mut bytes = [0; 2 + MAX_CONTROL];
        let mut len: u8 = 2;
        let payload = parts.iter().copied().flatten();
        for (to, from) in bytes.iter_mut().skip(2).zip(payload) {
            *to = *from;
            len += 1;
        }
        let [opcode, short, ..] = &mut bytes;
        (*opcode, *short) = (first, len - 2);
        Self { bytes, len }
    }
}

impl fmt::Debug for ControlFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ControlFrame({:02x?})", self.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfc_examples() {
        assert_eq!(Header::binary(256).as_bytes(), [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(
            Header::binary(65536).as_bytes(),
            [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]
        );
        assert_eq!(ControlFrame::ping(b"Hello").as_bytes(), b"\x89\x05Hello");
        let pong = ControlFrame::pong(&ControlPayload::new(b"Hello"));
        assert_eq!(pong.as_bytes(), b"\x8a\x05Hello");
    }

    #[test]
    fn the_shortest_form_of_each_length() {
        for (len, head) in [
            (0, &[0x82, 0][..]),
            (1, &[0x82, 1]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (127, &[0x82, 126, 0, 127]),
            (65535, &[0x82, 126, 0xff, 0xff]),
            (65536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let header = Header::binary(len);
            assert_eq!(header.as_bytes(), head);
            let mut room = [0xee; MAX_HEADER];
            let start = header.write_before(&mut room);
            assert_eq!(&room[start..], head);
        }
    }

    #[test]
    fn a_ping_is_cut_to_what_a_control_frame_holds() {
        let frame = ControlFrame::ping(&[7; 300]);
        assert_eq!(frame.as_bytes().len(), 127);
        assert_eq!(frame.as_bytes()[..3], [0x89, 125, 7]);
    }

    #[test]
    fn a_close_reason_is_cut_between_characters() {
        assert_eq!(
            ControlFrame::close(4030, "bye").as_bytes(),
            b"\x88\x05\x0f\xbebye"
        );
        let whole = ControlFrame::close(1000, &"x".repeat(123));
        assert_eq!(whole.as_bytes().len(), 127);
        // 61 letters of two bytes make 122; the 62nd would straddle the limit.
        let cut = ControlFrame::close(1000, &"é".repeat(80));
        assert_eq!(cut.as_bytes()[1], 124);
        assert_eq!(
            std::str::from_utf8(&cut.as_bytes()[4..]),
            Ok("é".repeat(61).as_str())
        );
    }

    #[test]
    fn a_code_that_may_not_be_sent_is_not() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
            assert_eq!(ControlFrame::close(code, "").as_bytes(), [0x88, 2, 0x03, 0xf3]);
        }
        for code in [1000, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
            let [high, low] = u16::to_be_bytes(code);
            assert_eq!(ControlFrame::close(code, "").as_bytes(), [0x88, 2, high, low]);
        }
    }
}
