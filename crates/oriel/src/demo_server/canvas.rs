//! The pixels, and which parts of them changed when.

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::Range;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor as _};
use oriel_rfb::Rect;

/// Width of the picture in pixels.
pub const WIDTH: u16 = 1024;
/// Height of the picture in pixels.
pub const HEIGHT: u16 = 768;
/// Side of a tile, the smallest part that is sent.
const TILE: u16 = 64;
const TILES_X: u16 = WIDTH / TILE;
/// How many tiles the picture has.
pub const TILES: usize = TILES_X as usize * (HEIGHT / TILE) as usize;

/// A picture that knows what is new in it.
#[derive(Debug)]
pub struct Canvas {
    /// Each pixel as `0x00RRGGBB`.
    pixels: Vec<u32>,
    /// The version in which each tile changed last.
    tiles: Vec<u64>,
    version: u64,
}

/// Which version of each tile a viewer has.
#[derive(Debug)]
pub struct Seen(Vec<u64>);

impl Seen {
    /// A viewer that has seen nothing.
    pub fn nothing() -> Self {
        Self(vec![0; TILES])
    }
}

impl Canvas {
    /// A black picture.
    pub fn new() -> Self {
        Self {
            pixels: vec![0; usize::from(WIDTH) * usize::from(HEIGHT)],
            tiles: vec![1; TILES],
            version: 1,
        }
    }

    /// Begins a new version: what changes from now on belongs to it.
    pub fn begin_version(&mut self) {
        self.version += 1;
    }

    /// The colour of a pixel, if it lies in the picture.
    pub fn get(&self, at: Point) -> Option<Rgb888> {
        let [_, red, green, blue] = self.pixels.get(index(at)?)?.to_be_bytes();
        Some(Rgb888::new(red, green, blue))
    }

    fn set(&mut self, at: Point, colour: Rgb888) {
        let Some(index) = index(at) else { return };
        let colour = u32::from_be_bytes([0, colour.r(), colour.g(), colour.b()]);
        let Some(pixel) = self.pixels.get_mut(index).filter(|pixel| **pixel != colour) else {
            return;
        };
        *pixel = colour;
        let tile = index / (usize::from(WIDTH) * usize::from(TILE)) * usize::from(TILES_X)
            + index % usize::from(WIDTH) / usize::from(TILE);
        if let Some(version) = self.tiles.get_mut(tile) {
            *version = self.version;
        }
    }

    /// The tiles under `wanted` that are newer than what the viewer has seen, side by side ones as
    /// one; they count as seen from now on. Whole tiles are sent even where a part was asked for,
    /// so that one version a tile tells all that a viewer has.
    pub fn news(&self, wanted: Rect, seen: &mut Seen) -> Vec<(Rect, Cow<'_, [u32]>)> {
        let mut news = Vec::new();
        for y in tiles_under(wanted.y, wanted.height, HEIGHT) {
            let mut run: Option<Range<u16>> = None;
            for x in tiles_under(wanted.x, wanted.width, WIDTH) {
                let at = usize::from(y * TILES_X + x);
                let (Some(tile), Some(seen)) = (self.tiles.get(at), seen.0.get_mut(at)) else {
                    continue;
                };
                if *tile > *seen {
                    *seen = *tile;
                    run = Some(run.map_or(x, |run| run.start)..x + 1);
                } else if let Some(run) = run.take() {
                    news.push(self.tiles(y, run));
                }
            }
            news.extend(run.map(|run| self.tiles(y, run)));
        }
        news
    }

    /// A run of tiles with its pixels.
    fn tiles(&self, y: u16, x: Range<u16>) -> (Rect, Cow<'_, [u32]>) {
        let rect = Rect {
            x: x.start * TILE,
            y: y * TILE,
            width: (x.end - x.start) * TILE,
            height: TILE,
        };
        let row = usize::from(WIDTH);
        let band = usize::from(rect.y) * row..usize::from(rect.y + rect.height) * row;
        let band = self.pixels.get(band).unwrap_or_default();
        if rect.width == WIDTH {
            return (rect, Cow::Borrowed(band));
        }
        let part = usize::from(rect.x)..usize::from(rect.x + rect.width);
        let rows = band.chunks_exact(row).filter_map(|row| row.get(part.clone()));
        (rect, Cow::Owned(rows.flatten().copied().collect()))
    }
}

/// The tiles that `length` pixels from `start` on touch, of a side `side` pixels long.
fn tiles_under(start: u16, length: u16, side: u16) -> Range<u16> {
    let end = start.saturating_add(length).min(side);
    if start >= end {
        0..0
    } else {
        start / TILE..end.div_ceil(TILE)
    }
}

fn index(at: Point) -> Option<usize> {
    let x = u16::try_from(at.x).ok().filter(|x| *x < WIDTH)?;
    let y = u16::try_from(at.y).ok().filter(|y| *y < HEIGHT)?;
    Some(usize::from(y) * usize::from(WIDTH) + usize::from(x))
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(WIDTH.into(), HEIGHT.into())
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            self.set(at, colour);
        }
        Ok(())
    }
}

/// Draws everything twice as large: the fonts at hand end at 20 pixels.
#[derive(Debug)]
pub struct Doubled<'a>(pub &'a mut Canvas);

impl OriginDimensions for Doubled<'_> {
    fn size(&self) -> Size {
        self.0.size() / 2
    }
}

impl DrawTarget for Doubled<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            for corner in [
                Point::zero(),
                Point::new(1, 0),
                Point::new(0, 1),
                Point::new(1, 1),
            ] {
                self.0.set(at * 2 + corner, colour);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Rect = Rect {
        x: 0,
        y: 0,
        width: WIDTH,
        height: HEIGHT,
    };

    fn rects(canvas: &Canvas, wanted: Rect, seen: &mut Seen) -> Vec<Rect> {
        let news = canvas.news(wanted, seen);
        for (rect, pixels) in &news {
            assert_eq!(pixels.len(), usize::from(rect.width) * usize::from(rect.height));
        }
        news.into_iter().map(|(rect, _)| rect).collect()
    }

    #[test]
    fn a_viewer_gets_all_once_and_then_what_changed() {
        let mut canvas = Canvas::new();
        let mut seen = Seen::nothing();
        let area: u32 = rects(&canvas, ALL, &mut seen)
            .iter()
            .map(|r| u32::from(r.width) * u32::from(r.height))
            .sum();
        assert_eq!(area, u32::from(WIDTH) * u32::from(HEIGHT));
        assert_eq!(rects(&canvas, ALL, &mut seen), []);

        canvas.begin_version();
        canvas.set(Point::new(63, 0), Rgb888::WHITE);
        canvas.set(Point::new(64, 0), Rgb888::WHITE);
        canvas.set(Point::new(1023, 767), Rgb888::WHITE);
        canvas.set(Point::new(500, 500), Rgb888::BLACK);
        canvas.set(Point::new(-1, 900), Rgb888::WHITE);
        let corner = Rect {
            x: 0,
            y: 0,
            width: 1,
            height: 1,
        };
        assert_eq!(
            rects(&canvas, corner, &mut seen),
            [Rect {
                x: 0,
                y: 0,
                width: 64,
                height: 64
            }]
        );
        assert_eq!(
            rects(&canvas, ALL, &mut seen),
            [
                Rect {
                    x: 64,
                    y: 0,
                    width: 64,
                    height: 64
                },
                Rect {
                    x: 960,
                    y: 704,
                    width: 64,
                    height: 64
                }
            ]
        );
        assert_eq!(rects(&canvas, ALL, &mut seen), []);
    }

    #[test]
    fn a_request_beyond_the_picture_is_cut() {
        let canvas = Canvas::new();
        let wanted = Rect {
            x: 1000,
            y: 760,
            width: u16::MAX,
            height: u16::MAX,
        };
        let last = Rect {
            x: 960,
            y: 704,
            width: 64,
            height: 64,
        };
        assert_eq!(rects(&canvas, wanted, &mut Seen::nothing()), [last]);
        let nothing = Rect {
            x: 5000,
            y: 0,
            width: 10,
            height: 10,
        };
        assert_eq!(rects(&canvas, nothing, &mut Seen::nothing()), []);
    }

    #[test]
    fn a_tile_comes_with_its_own_pixels() {
        let mut canvas = Canvas::new();
        let mut seen = Seen::nothing();
        canvas.news(ALL, &mut seen);
        canvas.begin_version();
        canvas.set(Point::new(130, 70), Rgb888::new(1, 2, 3));
        let news = canvas.news(ALL, &mut seen);
        let [(rect, pixels)] = news.as_slice() else {
            panic!("one tile: {news:?}")
        };
        assert_eq!((rect.x, rect.y), (128, 64));
        assert_eq!(
            pixels.iter().position(|pixel| *pixel == 0x0001_0203),
            Some(6 * 64 + 2)
        );
    }
}
