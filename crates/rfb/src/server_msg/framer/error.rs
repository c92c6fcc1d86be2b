//! Why a server's bytes cannot be told apart any more.

use crate::Rect;

/// Why a server's bytes cannot be told apart any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramerError {
    /// No message of this type is known.
    #[error("an unknown server message {0}")]
    Message(u8),
    /// No QEMU message of this subtype is known.
    #[error("an unknown QEMU message {0} of the server")]
    Qemu(u8),
    /// No QEMU audio operation of this number is known.
    #[error("an unknown QEMU audio operation {0} of the server")]
    Audio(u16),
    /// A rectangle in an encoding that no viewer was let ask for, or that is none of rectangles.
    #[error("a rectangle in the encoding {0}, which nobody asked for")]
    Encoding(i32),
    /// A rectangle reaches over the screen's edge.
    #[error("a rectangle of {}x{} at {},{} on a screen of {width}x{height}", .rect.width, .rect.height, .rect.x, .rect.y)]
    Outside {
        /// The rectangle.
        rect: Rect,
        /// The screen's width in pixels.
        width: u16,
        /// The screen's height in pixels.
        height: u16,
    },
    /// A length that cannot be meant.
    #[error("{what} of {len}, where at most {limit} can be meant")]
    TooLong {
        /// Of what.
        what: &'static str,
        /// The length or number announced.
        len: u64,
        /// The most that is believed.
        limit: u64,
    },
    /// Tight knows no compression of this number.
    #[error("a Tight rectangle with the control byte {0:#04x}")]
    TightControl(u8),
    /// Tight knows no filter of this number.
    #[error("a Tight rectangle with the filter {0}")]
    TightFilter(u8),
    /// Servers disagree on how Tight writes a pixel of 32 bits in this format: three bytes, or four.
    #[error("Tight in a pixel format of which servers do not agree how long a pixel is")]
    TightPixel,
    /// A JPEG picture is none.
    #[error("a JPEG picture with the marker {0:#04x}")]
    Jpeg(u8),
    /// A VMware pointer is of no known type.
    #[error("a VMware pointer of the type {0}")]
    VmwareCursor(u8),
    /// A pixel of neither 8, 16 nor 32 bits.
    #[error("a pixel format of {0} bits")]
    BitsPerPixel(u8),
    /// A colour map with pixels of other than 8 bits, which servers do not agree on.
    #[error("a colour map for pixels of {0} bits")]
    ColourMap(u8),
    /// The viewer set another pixel format while pixels in the old one may be under way.
    #[error("the viewer set another pixel format while updates in the old one may be under way")]
    FormatInFlight,
}
