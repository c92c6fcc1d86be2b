//! The viewer's messages as a viewer of our own sends them.

use crate::{PixelFormat, Rect};

/// `SetPixelFormat` (RFC 6143 section 7.5.1).
pub fn set_pixel_format(format: &PixelFormat) -> [u8; 20] {
    let mut message = [0; 20];
    let (_, to) = message.split_at_mut(4);
    to.copy_from_slice(&format.to_bytes());
    message
}

/// `SetEncodings` (RFC 6143 section 7.5.2), the dearest first. What is beyond 65535 is left out.
pub fn set_encodings(numbers: &[i32]) -> Vec<u8> {
    let count = u16::try_from(numbers.len()).unwrap_or(u16::MAX);
    let mut message = Vec::with_capacity(4 + 4 * usize::from(count));
    message.extend([2, 0]);
    message.extend(count.to_be_bytes());
    for number in numbers.iter().take(count.into()) {
        message.extend(number.to_be_bytes());
    }
    message
}

/// `FramebufferUpdateRequest` (RFC 6143 section 7.5.3).
pub fn update_request(incremental: bool, rect: Rect) -> [u8; 10] {
    let ([x0, x1], [y0, y1]) = (rect.x.to_be_bytes(), rect.y.to_be_bytes());
    let ([w0, w1], [h0, h1]) = (rect.width.to_be_bytes(), rect.height.to_be_bytes());
    [3, incremental.into(), x0, x1, y0, y1, w0, w1, h0, h1]
}

/// `KeyEvent` (RFC 6143 section 7.5.4), with an X11 keysym.
pub fn key(down: bool, keysym: u32) -> [u8; 8] {
    let [a, b, c, d] = keysym.to_be_bytes();
    [4, down.into(), 0, 0, a, b, c, d]
}

/// QEMU's key event with a scan code of the XT set (rfbproto.rst, "QEMU Extended Key Event Message"). Only a server
/// that has agreed to [`QEMU_EXTENDED_KEY`](crate::encoding::QEMU_EXTENDED_KEY) understands it.
pub fn qemu_key(down: bool, keysym: u32, scancode: u32) -> [u8; 12] {
    let ([k0, k1, k2, k3], [s0, s1, s2, s3]) = (keysym.to_be_bytes(), scancode.to_be_bytes());
    [255, 0, 0, down.into(), k0, k1, k2, k3, s0, s1, s2, s3]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_msg::{DEFAULT_MAX_CUT_TEXT, Event, Kind, Splitter, Step};

    fn read(bytes: &[u8]) -> (Kind, Event) {
        let mut splitter = Splitter::new(DEFAULT_MAX_CUT_TEXT);
        let Ok(Step::Message(message)) = splitter.next(bytes) else {
            panic!("no message: {bytes:?}")
        };
        assert_eq!((message.taken, message.is_whole()), (bytes.len(), true));
        (message.kind, message.event())
    }

    #[test]
    fn what_is_written_is_read_as_what_was_meant() {
        let rect = Rect {
            x: 1,
            y: 258,
            width: 800,
            height: 600,
        };
        for incremental in [false, true] {
            let asked = Event::UpdateRequest { incremental, rect };
            assert_eq!(
                read(&update_request(incremental, rect)),
                (Kind::UpdateRequest, asked)
            );
        }
        for down in [false, true] {
            let event = |scancode| Event::Key {
                down,
                keysym: 0xffe1,
                scancode,
            };
            assert_eq!(read(&key(down, 0xffe1)), (Kind::Key, event(None)));
            assert_eq!(
                read(&qemu_key(down, 0xffe1, 0xb8)),
                (Kind::QemuKey, event(Some(0xb8)))
            );
        }
        assert_eq!(
            read(&set_pixel_format(&PixelFormat::RGB32)).0,
            Kind::SetPixelFormat
        );
        let encodings = set_encodings(&[1, -258]);
        assert_eq!(encodings, [2, 0, 0, 2, 0, 0, 0, 1, 255, 255, 254, 254]);
        assert_eq!(read(&encodings).0, Kind::SetEncodings);
    }
}
