//! Hextile (RFC 6143 section 7.7.4): from tile to tile.

use super::error::FramerError;
use super::plan::{Plan, Reader};
use crate::hextile::{BACKGROUND, COLOURED, FOREGROUND, RAW, SUB_RECTANGLES, TILE};

/// The next byte of a rectangle in Hextile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hextile {
    width: u16,
    /// Pixels of the rectangle to the right of where this tile begins.
    right: u16,
    /// Pixels of the rectangle below where this tile begins.
    below: u16,
    /// Bytes of a pixel.
    bytes: u8,
    /// What the byte is: how a tile goes on, or how many sub-rectangles of so many bytes it has.
    each: Option<u8>,
}

impl Hextile {
    pub const fn begin(width: u16, height: u16, bytes: u8) -> Plan {
        if width == 0 || height == 0 {
            return Plan::END;
        }
        Plan::read(Reader::Hextile(Self {
            width,
            right: width,
            below: height,
            bytes,
            each: None,
        }))
    }

    #[expect(clippy::unnecessary_wraps, reason = "one form for all fields")]
    pub fn read(self, byte: u8) -> Result<Plan, FramerError> {
        if let Some(each) = self.each {
            return Ok(self.next_tile(u64::from(byte) * u64::from(each)));
        }
        let pixel = u64::from(self.bytes);
        if byte & RAW != 0 {
            let pixels = u64::from(self.right.min(TILE)) * u64::from(self.below.min(TILE));
            return Ok(self.next_tile(pixels * pixel));
        }
        let mut colours = 0;
        for flag in [BACKGROUND, FOREGROUND] {
            colours += if byte & flag != 0 { pixel } else { 0 };
        }
        if byte & SUB_RECTANGLES == 0 {
            return Ok(self.next_tile(colours));
        }
        let each = if byte & COLOURED != 0 { self.bytes + 2 } else { 2 };
        let count = Self {
            each: Some(each),
            ..self
        };
        Ok(Plan::skip_and_read(colours, Reader::Hextile(count)))
    }

    /// This tile ends after so many bytes.
    fn next_tile(self, skip: u64) -> Plan {
        let (right, below) = if self.right > TILE {
            (self.right - TILE, self.below)
        } else if self.below > TILE {
            (self.width, self.below - TILE)
        } else {
            return Plan::rest(skip);
        };
        let next = Self {
            right,
            below,
            each: None,
            ..self
        };
        Plan::skip_and_read(skip, Reader::Hextile(next))
    }
}
