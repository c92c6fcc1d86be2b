//! Pixels as they are (RFC 6143 section 7.7.1).

use super::canvas::{Canvas, pixel};
use crate::Rect;
use crate::gather::Gather;

/// A rectangle of pixels that is coming in.
#[derive(Debug)]
pub(super) struct Raw {
    rect: Rect,
    /// The next pixel's place in it.
    column: usize,
    row: usize,
    /// A pixel that was cut.
    cut: Gather<4>,
}

impl Raw {
    pub const fn new(rect: Rect) -> Self {
        Self {
            rect,
            column: 0,
            row: 0,
            cut: Gather::new(),
        }
    }

    pub fn paint(&mut self, mut bytes: &[u8], canvas: &mut Canvas) {
        while !bytes.is_empty() {
            let room = canvas.row(self.rect, self.column, self.row);
            let (whole, _) = bytes.as_chunks::<4>();
            let painted = if self.cut.so_far().is_empty() && !whole.is_empty() {
                let run = room.len().min(whole.len());
                for (to, from) in room.iter_mut().zip(whole) {
                    *to = pixel(*from);
                }
                bytes = bytes.get(4 * run..).unwrap_or_default();
                run
            } else {
                let Some(last) = self.cut.take(&mut bytes) else {
                    return;
                };
                self.cut = Gather::new();
                room.first_mut().map_or(0, |to| {
                    *to = pixel(last);
                    1
                })
            };
            self.column += painted;
            if self.column == self.rect.width.into() {
                (self.column, self.row) = (0, self.row + 1);
            }
            if painted == 0 {
                return;
            }
        }
    }
}
