//! The pixels of a screen, and which of them have been drawn.

use super::Picture;
use crate::Rect;

/// Red, green, blue, and 255 once it was drawn.
pub(super) type Pixel = [u8; 4];

const UNDRAWN: Pixel = [0; 4];
const DRAWN: u8 = 255;

/// A pixel of [`PixelFormat::RGB32`](crate::PixelFormat::RGB32), as it stands on the wire.
pub(super) const fn pixel([blue, green, red, _]: [u8; 4]) -> Pixel {
    [red, green, blue, DRAWN]
}

/// A screen that is being drawn.
pub(super) struct Canvas {
    width: u16,
    height: u16,
    pixels: Vec<Pixel>,
}

impl Canvas {
    pub fn new(width: u16, height: u16) -> Self {
        let pixels = vec![UNDRAWN; usize::from(width) * usize::from(height)];
        Self {
            width,
            height,
            pixels,
        }
    }

    pub const fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    pub fn is_whole(&self) -> bool {
        self.pixels.iter().all(|[.., drawn]| *drawn == DRAWN)
    }

    /// The row `row` of a part of the screen, from its column `column` on. Nothing, where the screen has none.
    pub fn row(&mut self, rect: Rect, column: usize, row: usize) -> &mut [Pixel] {
        let left = usize::from(rect.x) + column;
        let end = usize::from(rect.x) + usize::from(rect.width);
        let width = usize::from(self.width);
        if end > width {
            return &mut [];
        }
        let begin = (usize::from(rect.y) + row) * width;
        self.pixels.get_mut(begin + left..begin + end).unwrap_or_default()
    }

    pub fn fill(&mut self, rect: Rect, colour: Pixel) {
        for row in 0..rect.height.into() {
            self.row(rect, 0, row).fill(colour);
        }
    }

    pub fn into_picture(mut self) -> Picture {
        for [.., drawn] in &mut self.pixels {
            *drawn = DRAWN;
        }
        Picture {
            width: self.width,
            height: self.height,
            pixels: self.pixels,
        }
    }
}

impl std::fmt::Debug for Canvas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Canvas({}x{})", self.width, self.height)
    }
}
