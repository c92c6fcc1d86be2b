//! How a rectangle goes on after its head, by its encoding (RFC 6143 sections 7.7 and 7.8, and rfbproto.rst).

use super::error::FramerError;
use super::format::Pixel;
use super::hextile::Hextile;
use super::plan::{Plan, Reader, at_most};
use super::tight::Tight;
use crate::encoding;
use crate::server_init::MAX_NAME;

/// Most pixels of a pointer's picture that are believed.
const MAX_CURSOR: u64 = 2048 * 2048;

/// Whether a rectangle in this encoding shows pixels at its place on the screen.
pub(super) const fn is_of_screen(number: i32) -> bool {
    matches!(
        number,
        encoding::RAW
            | encoding::COPY_RECT
            | encoding::RRE
            | encoding::CORRE
            | encoding::HEXTILE
            | encoding::ZLIB
            | encoding::TIGHT
            | encoding::TIGHT_PNG
            | encoding::ZRLE
            | encoding::ZYWRLE
            | encoding::JPEG
            | encoding::H264
    )
}

/// How a rectangle goes on.
pub(super) fn begin(
    number: i32,
    width: u16,
    height: u16,
    pixel: Result<Pixel, FramerError>,
) -> Result<Plan, FramerError> {
    if is_of_screen(number) {
        return of_screen(number, width, height, pixel?);
    }
    let area = u64::from(width) * u64::from(height);
    let mask = u64::from(width).div_ceil(8) * u64::from(height);
    match number {
        encoding::DESKTOP_SIZE
        | encoding::LAST_RECT
        | encoding::QEMU_POINTER_MOTION
        | encoding::QEMU_EXTENDED_KEY
        | encoding::QEMU_AUDIO
        | encoding::EXTENDED_MOUSE_BUTTONS => Ok(Plan::END),
        encoding::QEMU_LED_STATE => Ok(Plan::rest(1)),
        encoding::VMWARE_LED_STATE => Ok(Plan::rest(4)),
        encoding::DESKTOP_NAME => Ok(Plan::read(Reader::Length {
            what: "a desktop's name",
            limit: MAX_NAME as u64,
            more: 0,
        })),
        encoding::EXTENDED_DESKTOP_SIZE => Ok(Plan::read(Reader::Screens)),
        encoding::CURSOR => {
            let pixels = cursor(area)? * u64::from(pixel?.bytes);
            Ok(Plan::rest(pixels + mask))
        }
        encoding::X_CURSOR if cursor(area)? == 0 => Ok(Plan::END),
        encoding::X_CURSOR => Ok(Plan::rest(6 + 2 * mask)),
        encoding::CURSOR_WITH_ALPHA => {
            cursor(area)?;
            Ok(Plan::read(Reader::AlphaCursor { width, height }))
        }
        encoding::VMWARE_CURSOR => Ok(Plan::read(Reader::VmwareCursor {
            classic: cursor(area)? * u64::from(pixel?.bytes) * 2,
            alpha: area * 4,
        })),
        other => Err(FramerError::Encoding(other)),
    }
}

fn cursor(area: u64) -> Result<u64, FramerError> {
    at_most("a pointer with a number of pixels", area, MAX_CURSOR)
}

/// The picture of a pointer with transparency is in an encoding of its own, with pixels of four bytes.
pub(super) fn alpha_cursor(number: i32, width: u16, height: u16) -> Result<Plan, FramerError> {
    of_screen(number, width, height, Pixel::RGBA)
}

fn of_screen(number: i32, width: u16, height: u16, pixel: Pixel) -> Result<Plan, FramerError> {
    let area = u64::from(width) * u64::from(height);
    let bytes = pixel.bytes;
    match number {
        encoding::RAW => Ok(Plan::rest(area * u64::from(bytes))),
        encoding::COPY_RECT => Ok(Plan::rest(4)),
        encoding::RRE | encoding::CORRE => Ok(Plan::read(Reader::SubRectangles {
            each: bytes + if number == encoding::RRE { 8 } else { 4 },
            background: bytes,
            limit: area,
        })),
        encoding::HEXTILE => Ok(Hextile::begin(width, height, bytes)),
        encoding::ZLIB | encoding::ZRLE | encoding::ZYWRLE => {
            Ok(compressed("compressed pixels", 0, area, bytes))
        }
        // A length, flags, and the data.
        encoding::H264 => Ok(compressed("H.264 data", 4, area, bytes)),
        encoding::TIGHT | encoding::TIGHT_PNG => {
            Tight::begin(number == encoding::TIGHT_PNG, width, height, pixel)
        }
        encoding::JPEG => Ok(Plan::read(Reader::JpegMarker)),
        other => Err(FramerError::Encoding(other)),
    }
}

/// Data of an announced length. Even where nothing can be pressed together, a pixel costs no more than itself and the
/// length of its run, and a compressor not much on top.
fn compressed(what: &'static str, more: u8, area: u64, bytes: u8) -> Plan {
    Plan::read(Reader::Length {
        what,
        limit: area * 2 * (u64::from(bytes) + 1) + 64 * 1024,
        more,
    })
}
