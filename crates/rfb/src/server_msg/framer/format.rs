//! How many bytes a pixel has, and from which message on.

use super::error::FramerError;
use super::message::Kind;
use crate::PixelFormat;

/// How many bytes a pixel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pixel {
    /// In most encodings: 1, 2 or 4.
    pub bytes: u8,
    /// In Tight, if servers agree on it.
    pub tight: Option<u8>,
}

impl Pixel {
    /// Four bytes, and in Tight too: the pixels of a pointer with transparency.
    pub const RGBA: Self = Self {
        bytes: 4,
        tight: Some(4),
    };

    const fn of(format: &PixelFormat) -> Result<Self, FramerError> {
        let bytes = match format.bits_per_pixel {
            8 => 1,
            16 => 2,
            32 => 4,
            other => return Err(FramerError::BitsPerPixel(other)),
        };
        // QEMU takes any colour map for one of 8 bits.
        if !format.true_colour && bytes != 1 {
            return Err(FramerError::ColourMap(format.bits_per_pixel));
        }
        let all_255 = format.red_max == 255 && format.green_max == 255 && format.blue_max == 255;
        let tight = match (bytes, all_255, format.depth) {
            // rfbproto.rst, "Tight encoding": TPIXEL.
            (4, true, 24) => Some(3),
            // QEMU does not look at the depth, TigerVNC does.
            (4, true, _) => None,
            _ => Some(bytes),
        };
        Ok(Self { bytes, tight })
    }
}

/// The pixel format in force, and how the next one comes into force.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    pixel: Result<Pixel, FramerError>,
    /// What takes its place at the end of the message that is coming in, or of continuous updates.
    next: Option<Pixel>,
    /// Updates that were asked for and have not come. A server may answer several at once: it is the most that can be
    /// under way, not how many are.
    requested: u32,
    /// Whether the update that is coming in has been taken for the answer to a request.
    answered: bool,
    continuous: Continuous,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Continuous {
    Off,
    On,
    /// Switched off by the viewer. The server's `EndOfContinuousUpdates` is still to come.
    Ending,
}

impl Format {
    pub const fn new(format: &PixelFormat) -> Self {
        Self {
            pixel: Pixel::of(format),
            next: None,
            requested: 0,
            answered: false,
            continuous: Continuous::Off,
        }
    }

    /// The size of a pixel in the message that is coming in.
    pub const fn pixel(&self) -> Result<Pixel, FramerError> {
        self.pixel
    }

    pub fn update_requested(&mut self) {
        self.requested = self.requested.saturating_add(1);
    }

    pub fn continuous_updates(&mut self, on: bool) {
        self.continuous = match (on, self.continuous) {
            (true, _) => Continuous::On,
            (false, Continuous::On) => Continuous::Ending,
            (false, as_it_was) => as_it_was,
        };
    }

    /// Sets the format; `between` two messages at once.
    pub fn set(&mut self, format: &PixelFormat, between: bool) -> Result<(), FramerError> {
        let pixel = Pixel::of(format)?;
        let same = match (self.next, self.pixel) {
            (Some(next), _) => next == pixel,
            (None, now) => now == Ok(pixel),
        };
        if same {
            return Ok(());
        }
        match self.continuous {
            _ if self.requested > 0 || self.next.is_some() => Err(FramerError::FormatInFlight),
            Continuous::On => Err(FramerError::FormatInFlight),
            Continuous::Off if between => {
                self.pixel = Ok(pixel);
                Ok(())
            }
            Continuous::Off | Continuous::Ending => {
                self.next = Some(pixel);
                Ok(())
            }
        }
    }

    pub fn message_begins(&mut self, kind: Kind) {
        if kind == Kind::Update {
            self.answered = false;
        }
    }

    /// Pixels of the screen came: the answer to a request, as pointers and the like are not.
    pub fn pixels_came(&mut self) {
        if !self.answered {
            self.answered = true;
            self.requested = self.requested.saturating_sub(1);
        }
    }

    pub fn message_ended(&mut self, kind: Kind) {
        if kind == Kind::EndOfContinuousUpdates && self.continuous == Continuous::Ending {
            self.continuous = Continuous::Off;
        }
        if self.continuous != Continuous::Ending
            && let Some(next) = self.next.take()
        {
            self.pixel = Ok(next);
        }
    }
}
