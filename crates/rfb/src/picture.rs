//! One picture of a screen, out of what a server sends.
//!
//! The [`Painter`] is a viewer that wants a single picture: [`Painter::opening`] is what it says after the
//! `ServerInit`, and [`Painter::feed`] paints what comes until every pixel of the screen has been drawn. What is
//! drawn lies between the ends that the [`Framer`] finds, which also keeps lengths and places within bounds. So
//! nothing here depends on how the bytes are cut, and a server costs no more memory than its screen.

mod canvas;
mod hextile;
mod raw;

#[cfg(test)]
mod tests;

use std::num::NonZeroU32;

use self::canvas::Canvas;
use self::hextile::Hextile;
use self::raw::Raw;
use crate::client_msg::{set_encodings, set_pixel_format, update_request};
use crate::server_init::ServerInit;
use crate::server_msg::{Framer, FramerError, Kind, Part, Rectangle, Step};
use crate::{PixelFormat, Rect, encoding};

/// What is asked for, the dearest first. Hextile costs a server next to nothing, and a screen of text shrinks to a tenth
/// in it. What only helps a viewer that stays is not here.
const ENCODINGS: [i32; 5] = [
    encoding::HEXTILE,
    encoding::RAW,
    encoding::DESKTOP_SIZE,
    encoding::EXTENDED_DESKTOP_SIZE,
    encoding::LAST_RECT,
];

/// How often a screen may change its size while its picture is taken.
const MAX_SIZES: u32 = 16;
/// Most updates that a server may take for one picture.
const MAX_UPDATES: u32 = 256;
/// How many bytes a server may send for each pixel of the largest screen: Hextile at its worst takes six.
const BYTES_PER_PIXEL: u64 = 8;
/// And how many besides: a guest's clipboard may come first.
const BYTES_BESIDES: u64 = 80 * 1024 * 1024;

/// A picture of a screen.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its width in pixels; at least one.
    pub width: u16,
    /// Its height in pixels; at least one.
    pub height: u16,
    /// Its pixels, row by row: red, green, blue, and 255 for opaque.
    pub pixels: Vec<[u8; 4]>,
}

impl std::fmt::Debug for Picture {
    /// Its size alone: what a screen shows is nobody's business but its viewer's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaintError {
    /// The screen has no pixels.
    #[error("a screen of {width}x{height}")]
    Empty {
        /// Its width in pixels.
        width: u16,
        /// Its height in pixels.
        height: u16,
    },
    /// The screen has more pixels than are painted.
    #[error("a screen of {width}x{height}, where at most {limit} pixels are taken")]
    TooLarge {
        /// Its width in pixels.
        width: u16,
        /// Its height in pixels.
        height: u16,
        /// The most pixels that are painted.
        limit: u32,
    },
    /// The server's bytes make no sense.
    #[error(transparent)]
    Framing(#[from] FramerError),
    /// A rectangle in an encoding that was not asked for.
    #[error("a rectangle in the encoding {0}, which nobody asked for")]
    Encoding(i32),
    /// A sub-rectangle reaches over the edge of its tile (RFC 6143 section 7.7.4).
    #[error("a hextile tile with a rectangle outside of it")]
    OutsideTile,
    /// The screen changes its size again and again.
    #[error("the screen changed its size {MAX_SIZES} times")]
    Restless,
    /// The server sends on and on, and never the whole screen.
    #[error("the whole screen does not come")]
    Endless,
}

/// A rectangle that is coming in.
#[derive(Debug)]
enum Brush {
    /// None, or one that shows nothing.
    Idle,
    Raw(Raw),
    Hextile(Hextile),
}

/// A viewer that wants one picture.
#[derive(Debug)]
pub struct Painter {
    framer: Framer,
    canvas: Canvas,
    brush: Brush,
    max_pixels: u32,
    /// Bytes that may still come.
    bytes_left: u64,
    updates: u32,
    sizes: u32,
    /// The screen has another size than when it was last asked for.
    resized: bool,
    drawn: bool,
}

impl Painter {
    /// A painter for what a server sends after this and [`opening`](Self::opening). Screens with more than `max_pixels`
    /// are refused, now and when one grows.
    pub fn new(init: &ServerInit, max_pixels: NonZeroU32) -> Result<Self, PaintError> {
        let max_pixels = max_pixels.get();
        let mut framer = Framer::new(init);
        framer.set_pixel_format(&PixelFormat::RGB32)?;
        framer.update_requested();
        Ok(Self {
            framer,
            canvas: canvas(init.width, init.height, max_pixels)?,
            brush: Brush::Idle,
            max_pixels,
            bytes_left: u64::from(max_pixels) * BYTES_PER_PIXEL + BYTES_BESIDES,
            updates: 0,
            sizes: 0,
            resized: false,
            drawn: false,
        })
    }

    /// What to send first: the pixel format, the encodings, and the wish for all of the screen.
    pub fn opening(&self) -> Vec<u8> {
        let mut messages = set_pixel_format(&PixelFormat::RGB32).to_vec();
        messages.extend(set_encodings(&ENCODINGS));
        messages.extend(update_request(false, self.whole()));
        messages
    }

    /// Paints what came, and appends to `out` what is to be sent in return. Whether every pixel has been drawn: then the
    /// picture is there, and what else came was not looked at.
    pub fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<bool, PaintError> {
        let left = self.bytes_left.checked_sub(bytes.len() as u64);
        self.bytes_left = left.ok_or(PaintError::Endless)?;
        while let Step::Part(part) = self.framer.next(bytes)? {
            let (here, rest) = bytes.split_at_checked(part.taken).unwrap_or((bytes, &[]));
            bytes = rest;
            self.take(&part, here)?;
            if part.ends && part.kind == Kind::Update {
                if self.canvas.is_whole() {
                    return Ok(true);
                }
                self.ask_again(out)?;
            }
        }
        Ok(false)
    }

    /// Whether something was drawn and nothing is under way, so that what there is may be taken for the picture if no more
    /// comes.
    pub fn is_at_rest(&self) -> bool {
        self.drawn && self.framer.is_between_messages()
    }

    /// The picture. What was never drawn is black.
    pub fn into_picture(self) -> Picture {
        self.canvas.into_picture()
    }

    fn take(&mut self, part: &Part, bytes: &[u8]) -> Result<(), PaintError> {
        let body = match part.rectangle {
            Some(head) => {
                self.begin(head)?;
                bytes.get(part.head..).unwrap_or_default()
            }
            None => bytes,
        };
        match &mut self.brush {
            Brush::Idle => {}
            Brush::Raw(raw) => raw.paint(body, &mut self.canvas),
            Brush::Hextile(hextile) => hextile.paint(body, &mut self.canvas)?,
        }
        if part.ends_rectangle {
            self.brush = Brush::Idle;
        }
        Ok(())
    }

    fn begin(&mut self, head: Rectangle) -> Result<(), PaintError> {
        self.brush = match head.encoding {
            encoding::RAW => Brush::Raw(Raw::new(head.rect)),
            encoding::HEXTILE => Brush::Hextile(Hextile::new(head.rect)),
            encoding::DESKTOP_SIZE | encoding::EXTENDED_DESKTOP_SIZE => {
                self.follow_size()?;
                Brush::Idle
            }
            encoding::LAST_RECT => Brush::Idle,
            other => return Err(PaintError::Encoding(other)),
        };
        self.drawn |= !matches!(self.brush, Brush::Idle);
        Ok(())
    }

    /// What was drawn on a screen of another size is not of this one.
    fn follow_size(&mut self) -> Result<(), PaintError> {
        let (width, height) = self.framer.screen();
        if self.canvas.size() == (width, height) {
            return Ok(());
        }
        self.sizes += 1;
        if self.sizes >= MAX_SIZES {
            return Err(PaintError::Restless);
        }
        self.canvas = canvas(width, height, self.max_pixels)?;
        (self.resized, self.drawn) = (true, false);
        Ok(())
    }

    /// An update that left something out answers the wish all the same, with servers that go by the letter.
    fn ask_again(&mut self, out: &mut Vec<u8>) -> Result<(), PaintError> {
        self.updates += 1;
        if self.updates >= MAX_UPDATES {
            return Err(PaintError::Endless);
        }
        let incremental = !std::mem::take(&mut self.resized);
        out.extend(update_request(incremental, self.whole()));
        self.framer.update_requested();
        Ok(())
    }

    fn whole(&self) -> Rect {
        let (width, height) = self.canvas.size();
        Rect {
            x: 0,
            y: 0,
            width,
            height,
        }
    }
}

fn canvas(width: u16, height: u16, limit: u32) -> Result<Canvas, PaintError> {
    match u32::from(width) * u32::from(height) {
        0 => Err(PaintError::Empty { width, height }),
        pixels if pixels > limit => Err(PaintError::TooLarge { width, height, limit }),
        _ => Ok(Canvas::new(width, height)),
    }
}
