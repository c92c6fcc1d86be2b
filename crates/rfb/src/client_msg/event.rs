//! What the short messages say.

use super::Kind;
use crate::{PixelFormat, Rect};

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The pixel format that the viewer wants (RFC 6143 section 7.5.1).
    SetPixelFormat(PixelFormat),
    /// The viewer wants to know about a part of the screen (RFC 6143 section 7.5.3).
    UpdateRequest {
        /// Only what has changed; if not, all of it.
        incremental: bool,
        /// The part.
        rect: Rect,
    },
    /// A key went down or up (RFC 6143 section 7.5.4).
    Key {
        /// Down, rather than up.
        down: bool,
        /// The X11 keysym.
        keysym: u32,
        /// The XT scan code, where the viewer sends QEMU's extended form; 0xe0 in the second byte
        /// marks a key of the grey block.
        scancode: Option<u32>,
    },
    /// The pointer moved, or a button did (RFC 6143 section 7.5.5).
    Pointer {
        /// The buttons that are down: bit 0 left, 1 middle, 2 right, 3 to 6 the wheel, 7 back, 8
        /// forward.
        buttons: u16,
        /// Pixels from the left.
        x: u16,
        /// Pixels from the top.
        y: u16,
    },
    /// Something else, or longer than a head.
    Other,
}

/// Reads a message from its head, the first [`HEAD`](super::HEAD) bytes. A head that is too short
/// for its kind says [`Event::Other`].
pub fn event(kind: Kind, head: &[u8]) -> Event {
    let word = |a, b| u16::from_be_bytes([a, b]);
    match (kind, head) {
        (Kind::SetPixelFormat, &[_, _, _, _, ref format @ ..]) => match format.first_chunk() {
            Some(format) => Event::SetPixelFormat(PixelFormat::parse(format)),
            None => Event::Other,
        },
        (Kind::UpdateRequest, &[_, incremental, x0, x1, y0, y1, w0, w1, h0, h1, ..]) => {
            let (x, y, width, height) = (word(x0, x1), word(y0, y1), word(w0, w1), word(h0, h1));
            let rect = Rect { x, y, width, height };
            Event::UpdateRequest {
                incremental: incremental != 0,
                rect,
            }
        }
        (Kind::Key, &[_, down, _, _, a, b, c, d, ..]) => {
            let keysym = u32::from_be_bytes([a, b, c, d]);
            Event::Key {
                down: down != 0,
                keysym,
                scancode: None,
            }
        }
        (Kind::QemuKey, &[_, _, down0, down1, a, b, c, d, s0, s1, s2, s3, ..]) => {
            let keysym = u32::from_be_bytes([a, b, c, d]);
            let scancode = Some(u32::from_be_bytes([s0, s1, s2, s3]));
            Event::Key {
                down: word(down0, down1) != 0,
                keysym,
                scancode,
            }
        }
        // The extended form has buttons 7 and on in its last byte; the top bit only marks it.
        (Kind::Pointer, &[_, mask, x0, x1, y0, y1, more, ..]) => {
            let buttons = u16::from(mask & 0x7f) | u16::from(more) << 7;
            Event::Pointer {
                buttons,
                x: word(x0, x1),
                y: word(y0, y1),
            }
        }
        (Kind::Pointer, &[_, mask, x0, x1, y0, y1]) => Event::Pointer {
            buttons: mask.into(),
            x: word(x0, x1),
            y: word(y0, y1),
        },
        _ => Event::Other,
    }
}
