//! Tiles of 16 by 16 pixels (RFC 6143 section 7.7.4).

use super::PaintError;
use super::canvas::{Canvas, Pixel, pixel};
use crate::Rect;
use crate::hextile::{BACKGROUND, COLOURED, FOREGROUND, RAW, SUB_RECTANGLES, TILE};

/// A rectangle of tiles that is coming in.
#[derive(Debug)]
pub(super) struct Hextile {
    rect: Rect,
    /// The next tile's upper left corner, in pixels from the rectangle's.
    x: u16,
    y: u16,
    background: Pixel,
    foreground: Pixel,
    /// A tile that was cut: below two KiB.
    cut: Vec<u8>,
}

impl Hextile {
    pub fn new(rect: Rect) -> Self {
        Self {
            rect,
            x: 0,
            y: 0,
            background: pixel([0; 4]),
            foreground: pixel([0; 4]),
            cut: Vec::new(),
        }
    }

    pub fn paint(&mut self, mut bytes: &[u8], canvas: &mut Canvas) -> Result<(), PaintError> {
        // What was cut goes on byte by byte only as far as its length is not known.
        while !self.cut.is_empty() && !bytes.is_empty() {
            let missing = match self.length(&self.cut) {
                Some(length) => length - self.cut.len(),
                None => 1,
            };
            let more = bytes.split_off(..missing.min(bytes.len())).unwrap_or_default();
            self.cut.extend_from_slice(more);
            if self.length(&self.cut) == Some(self.cut.len()) {
                let tile = std::mem::take(&mut self.cut);
                self.tile(&tile, canvas)?;
            }
        }
        while !bytes.is_empty() && self.y < self.rect.height {
            let length = self.length(bytes);
            let Some(tile) = length.and_then(|length| bytes.split_off(..length)) else {
                self.cut = bytes.to_vec();
                break;
            };
            self.tile(tile, canvas)?;
        }
        Ok(())
    }

    /// The place of the next tile on the screen.
    fn place(&self) -> Rect {
        Rect {
            x: self.rect.x.saturating_add(self.x),
            y: self.rect.y.saturating_add(self.y),
            width: TILE.min(self.rect.width.saturating_sub(self.x)),
            height: TILE.min(self.rect.height.saturating_sub(self.y)),
        }
    }

    /// How long the tile is that begins with these bytes, if they tell.
    fn length(&self, bytes: &[u8]) -> Option<usize> {
        let mask = *bytes.first()?;
        if mask & RAW != 0 {
            let Rect { width, height, .. } = self.place();
            return Some(1 + 4 * usize::from(width) * usize::from(height));
        }
        let colours = usize::from(mask & BACKGROUND != 0) + usize::from(mask & FOREGROUND != 0);
        let head = 1 + 4 * colours;
        if mask & SUB_RECTANGLES == 0 {
            return Some(head);
        }
        let each = if mask & COLOURED == 0 { 2 } else { 6 };
        Some(head + 1 + each * usize::from(*bytes.get(head)?))
    }

    /// Paints one tile, of which all bytes are here.
    fn tile(&mut self, bytes: &[u8], canvas: &mut Canvas) -> Result<(), PaintError> {
        let place = self.place();
        self.x += TILE;
        if self.x >= self.rect.width {
            (self.x, self.y) = (0, self.y.saturating_add(TILE));
        }
        let Some((mask, mut bytes)) = bytes.split_first() else {
            return Ok(());
        };
        if mask & RAW != 0 {
            let (pixels, _) = bytes.as_chunks::<4>();
            for (row, pixels) in pixels.chunks(place.width.max(1).into()).enumerate() {
                for (to, from) in canvas.row(place, 0, row).iter_mut().zip(pixels) {
                    *to = pixel(*from);
                }
            }
            return Ok(());
        }
        if mask & BACKGROUND != 0 {
            self.background = colour(&mut bytes);
        }
        if mask & FOREGROUND != 0 {
            self.foreground = colour(&mut bytes);
        }
        canvas.fill(place, self.background);
        if mask & SUB_RECTANGLES == 0 {
            return Ok(());
        }
        let count = bytes.split_off_first().copied().unwrap_or_default();
        for _ in 0..count {
            let colour = if mask & COLOURED == 0 {
                self.foreground
            } else {
                colour(&mut bytes)
            };
            let [xy, size] = field(&mut bytes);
            let (x, y) = (u16::from(xy >> 4), u16::from(xy & 15));
            let (width, height) = (u16::from(size >> 4) + 1, u16::from(size & 15) + 1);
            if x + width > place.width || y + height > place.height {
                return Err(PaintError::OutsideTile);
            }
            let rect = Rect {
                x: place.x + x,
                y: place.y + y,
                width,
                height,
            };
            canvas.fill(rect, colour);
        }
        Ok(())
    }
}

fn colour(bytes: &mut &[u8]) -> Pixel {
    pixel(field(bytes))
}

fn field<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let field = bytes.split_off(..N).and_then(|field| field.try_into().ok());
    field.unwrap_or([0; N])
}
