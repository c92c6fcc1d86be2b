//! The server's messages (RFC 6143 section 7.6): the [`Framer`] finds where each begins and ends, and the few that a
//! server of our own sends are written here.

mod framer;

pub use framer::{Framer, FramerError, Kind, Part, Rectangle, Step};

use crate::encoding::RAW;
use crate::{Converter, Rect};

#[cfg(test)]
mod tests;

/// `Bell` (RFC 6143 section 7.6.3).
pub const BELL: [u8; 1] = [2];

/// One rectangle of an update with its pixels, row by row, each `0x00RRGGBB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRect<'a> {
    /// Where it is.
    pub rect: Rect,
    /// Its pixels: width times height of them.
    pub pixels: &'a [u32],
}

/// Why an update cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// A rectangle has more or fewer pixels than its size says.
    #[error("a rectangle of {width} by {height} with {pixels} pixels")]
    Pixels {
        /// Its width in pixels.
        width: u16,
        /// Its height in pixels.
        height: u16,
        /// How many pixels it came with.
        pixels: usize,
    },
    /// More rectangles than an update can count: 65534, since 65535 means an unknown number.
    #[error("an update of {0} rectangles")]
    Rectangles(usize),
}

/// Appends a `FramebufferUpdate` with Raw rectangles (RFC 6143 sections 7.6.1 and 7.7.1), its
/// pixels in the client's format. On an error, nothing is appended.
pub fn write_update(
    rects: &[RawRect<'_>],
    converter: &Converter,
    out: &mut Vec<u8>,
) -> Result<(), UpdateError> {
    let count = u16::try_from(rects.len()).ok().filter(|count| *count < u16::MAX);
    let count = count.ok_or(UpdateError::Rectangles(rects.len()))?;
    for RawRect {
        rect: Rect { width, height, .. },
        pixels,
    } in rects
    {
        if pixels.len() != usize::from(*width) * usize::from(*height) {
            let (width, height, pixels) = (*width, *height, pixels.len());
            return Err(UpdateError::Pixels {
                width,
                height,
                pixels,
            });
        }
    }
    out.extend([0, 0]);
    out.extend(count.to_be_bytes());
    for RawRect { rect, pixels } in rects {
        for field in [rect.x, rect.y, rect.width, rect.height] {
            out.extend(field.to_be_bytes());
        }
        out.extend(RAW.to_be_bytes());
        converter.write(pixels, out);
    }
    Ok(())
}
