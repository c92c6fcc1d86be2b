//! The encodings that are known here, by their numbers (RFC 6143 section 7.7 and rfbproto.rst).
//!
//! A server may use an encoding only if the viewer named it in `SetEncodings`; a pseudo-encoding (below zero, most of
//! them) switches a feature on in the same way. So a gateway that knows these, and takes all others out of what the
//! viewer asks for, can find its way in all that the server sends.

/// Pixels as they are (RFC 6143 section 7.7.1). A viewer need not ask for it.
pub const RAW: i32 = 0;
/// A copy from elsewhere on the screen (RFC 6143 section 7.7.2).
pub const COPY_RECT: i32 = 1;
/// Sub-rectangles on a background (RFC 6143 section 7.7.3).
pub const RRE: i32 = 2;
/// RRE with small coordinates.
pub const CORRE: i32 = 4;
/// Tiles of 16 pixels (RFC 6143 section 7.7.4).
pub const HEXTILE: i32 = 5;
/// Pixels in one zlib stream.
pub const ZLIB: i32 = 6;
/// Tight.
pub const TIGHT: i32 = 7;
/// ZRLE (RFC 6143 section 7.7.6).
pub const ZRLE: i32 = 16;
/// ZRLE with a lossy transform before it.
pub const ZYWRLE: i32 = 17;
/// JPEG without Tight around it.
pub const JPEG: i32 = 21;
/// A stream of H.264.
pub const H264: i32 = 50;
/// Tight with PNG instead of zlib.
pub const TIGHT_PNG: i32 = -260;

/// The size of the screen may change.
pub const DESKTOP_SIZE: i32 = -223;
/// An update may end before its announced number of rectangles.
pub const LAST_RECT: i32 = -224;
/// The pointer's picture (RFC 6143 section 7.8.1).
pub const CURSOR: i32 = -239;
/// The pointer's picture in two colours.
pub const X_CURSOR: i32 = -240;
/// The pointer's picture with transparency.
pub const CURSOR_WITH_ALPHA: i32 = -314;
/// The pointer's picture as VMware sends it.
pub const VMWARE_CURSOR: i32 = 0x574d_5664;
/// QEMU: whether the pointer is absolute.
pub const QEMU_POINTER_MOTION: i32 = -257;
/// QEMU: keys with their scan codes.
pub const QEMU_EXTENDED_KEY: i32 = -258;
/// QEMU: sound.
pub const QEMU_AUDIO: i32 = -259;
/// QEMU: the keyboard's lamps.
pub const QEMU_LED_STATE: i32 = -261;
/// VMware: the keyboard's lamps.
pub const VMWARE_LED_STATE: i32 = 0x574d_5668;
/// General input devices.
pub const GII: i32 = -305;
/// The desktop's name may change.
pub const DESKTOP_NAME: i32 = -307;
/// The viewer may change the size of the screen.
pub const EXTENDED_DESKTOP_SIZE: i32 = -308;
/// Power control.
pub const XVP: i32 = -309;
/// Fences.
pub const FENCE: i32 = -312;
/// Updates without requests.
pub const CONTINUOUS_UPDATES: i32 = -313;
/// More than eight mouse buttons.
pub const EXTENDED_MOUSE_BUTTONS: i32 = -316;
/// The clipboard in several formats, both ways (0xC0A1E5CE).
pub const EXTENDED_CLIPBOARD: i32 = 0xc0a1_e5ce_u32.cast_signed();

/// Whether this number is one of the above, or a level of quality or compression.
pub fn is_known(number: i32) -> bool {
    matches!(
        number,
        RAW | COPY_RECT
            | RRE
            | CORRE
            | HEXTILE
            | ZLIB
            | TIGHT
            | ZRLE
            | ZYWRLE
            | JPEG
            | H264
            | TIGHT_PNG
            | DESKTOP_SIZE
            | LAST_RECT
            | CURSOR
            | X_CURSOR
            | CURSOR_WITH_ALPHA
            | VMWARE_CURSOR
            | QEMU_POINTER_MOTION
            | QEMU_EXTENDED_KEY
            | QEMU_AUDIO
            | QEMU_LED_STATE
            | VMWARE_LED_STATE
            | GII
            | DESKTOP_NAME
            | EXTENDED_DESKTOP_SIZE
            | XVP
            | FENCE
            | CONTINUOUS_UPDATES
            | EXTENDED_MOUSE_BUTTONS
            | EXTENDED_CLIPBOARD
    ) || is_level(number)
}

/// Whether this is a wish about quality or compression, to which a server answers nothing: JPEG quality (-32 to -23),
/// compression (-256 to -247), fine quality (-512 to -412) and subsampling (-768 to -763).
fn is_level(number: i32) -> bool {
    matches!(number, -32..=-23 | -256..=-247 | -512..=-412 | -768..=-763)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_novnc_asks_for_is_known_and_what_has_no_end_is_not() {
        // noVNC 1.7, in its order.
        let novnc = [
            1,
            50,
            7,
            -260,
            16,
            21,
            5,
            2,
            6,
            0,
            -23,
            -254,
            -223,
            -224,
            -258,
            -261,
            -308,
            -309,
            -312,
            -313,
            -307,
            -1_063_131_698,
            -316,
            0x574d_5664,
            -239,
        ];
        assert!(novnc.into_iter().all(is_known));
        // TRLE carries no length, Ultra and what nobody has named are nobody's promise.
        for stranger in [15, 9, 22, -1, -33, i32::MIN, i32::MAX] {
            assert!(!is_known(stranger), "{stranger}");
        }
    }
}
