//! What the demo screen shows.

use std::collections::{HashMap, VecDeque};

use embedded_graphics::Drawable;
use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::mono_font::iso_8859_15::{FONT_9X15, FONT_9X15_BOLD, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyleBuilder};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor as _};
use embedded_graphics::primitives::{Circle, Line, Primitive as _, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Baseline, Text};
use time::OffsetDateTime;

use super::canvas::{Canvas, Doubled, HEIGHT, WIDTH};
use super::keysym;

const BACKGROUND: Rgb888 = Rgb888::new(0x0f, 0x17, 0x2a);
const PANEL: Rgb888 = Rgb888::new(0x1b, 0x26, 0x3d);
const BAR: Rgb888 = Rgb888::new(0x15, 0x5e, 0x75);
const BRIGHT: Rgb888 = Rgb888::new(0xf1, 0xf5, 0xf9);
const DIM: Rgb888 = Rgb888::new(0x94, 0xa3, 0xb8);
const ACCENT: Rgb888 = Rgb888::new(0x67, 0xe8, 0xf9);

/// The bars of a television test picture, at 75 per cent.
const BARS: [Rgb888; 8] = [
    Rgb888::new(0xc0, 0xc0, 0xc0),
    Rgb888::new(0xc0, 0xc0, 0x00),
    Rgb888::new(0x00, 0xc0, 0xc0),
    Rgb888::new(0x00, 0xc0, 0x00),
    Rgb888::new(0xc0, 0x00, 0xc0),
    Rgb888::new(0xc0, 0x00, 0x00),
    Rgb888::new(0x00, 0x00, 0xc0),
    Rgb888::new(0x10, 0x10, 0x10),
];

const MARGIN: i32 = 24;
const TITLE_HEIGHT: i32 = 64;
const BARS_TOP: i32 = 88;
const BARS_HEIGHT: i32 = 120;
const RAMP_HEIGHT: i32 = 32;
const PANELS_TOP: i32 = 264;
const PANELS_HEIGHT: i32 = 416;
const LOG_LEFT: i32 = 400;
const LINE: i32 = 20;
/// Lines of the log.
const LOG_LINES: usize = 15;
/// Characters of a line in the log panel.
const LINE_WIDTH: usize = 64;

/// The shape of the pointer, from its tip: `#` is its edge, `.` its inside.
const ARROW: [&str; 17] = [
    "#",
    "##",
    "#.#",
    "#..#",
    "#...#",
    "#....#",
    "#.....#",
    "#......#",
    "#.......#",
    "#........#",
    "#.....#####",
    "#..#..#",
    "#.# #..#",
    "##  #..#",
    "#    #..#",
    "     #..#",
    "      ##",
];

/// The names of the pointer's buttons, from bit 0 on.
const BUTTONS: [&str; 9] = [
    "left",
    "middle",
    "right",
    "wheel up",
    "wheel down",
    "wheel left",
    "wheel right",
    "back",
    "forward",
];

/// The demo screen: a test picture, and what the viewers did.
#[derive(Debug)]
pub struct Picture {
    canvas: Canvas,
    log: VecDeque<String>,
    typed: String,
    pointer: Option<Point>,
    buttons: u16,
    viewers: usize,
    now: OffsetDateTime,
    blink: bool,
    /// The pixels that lie under the pointer.
    under: Vec<Pixel<Rgb888>>,
    /// The texts that may change as they are shown now, by their place: drawing is what costs.
    shown: HashMap<(i32, i32), (String, Rgb888)>,
}

impl Picture {
    /// The picture before anybody looks at it.
    pub fn new(now: OffsetDateTime) -> Self {
        let mut picture = Self {
            canvas: Canvas::new(),
            log: VecDeque::new(),
            typed: String::new(),
            pointer: None,
            buttons: 0,
            viewers: 0,
            now,
            blink: true,
            under: Vec::new(),
            shown: HashMap::new(),
        };
        picture.draw_still();
        picture.draw();
        picture
    }

    /// The pixels.
    pub fn canvas(&self) -> &Canvas {
        &self.canvas
    }

    /// What the log says, the newest last.
    #[cfg(test)]
    pub fn log(&self) -> impl Iterator<Item = &str> {
        self.log.iter().map(String::as_str)
    }

    /// A moment passes.
    pub fn tick(&mut self, now: OffsetDateTime) {
        self.now = now;
        self.blink = !self.blink;
        self.redraw();
    }

    /// A viewer came or left.
    pub fn set_viewers(&mut self, viewers: usize) {
        self.viewers = viewers;
        self.redraw();
    }

    /// A key went down or up.
    pub fn key(&mut self, down: bool, keysym: u32, scancode: Option<u32>) {
        let movement = if down { "down" } else { "up" };
        let scancode = scancode.map_or_else(String::new, |code| format!("  scancode {code:#04x}"));
        self.note(format!(
            "key    {movement:<5} {:<18} keysym {keysym:#06x}{scancode}",
            keysym::name(keysym)
        ));
        if down {
            match keysym {
                0xff08 => {
                    self.typed.pop();
                }
                0xff0d | 0xff8d => self.typed.clear(),
                _ => self.typed.extend(keysym::character(keysym)),
            }
        }
        // What does not fit the line is not kept either.
        while self.typed.chars().count() > LINE_WIDTH - "> _".len() {
            self.typed.remove(0);
        }
        self.redraw();
    }

    /// The pointer moved, or its buttons changed.
    pub fn pointer(&mut self, buttons: u16, x: u16, y: u16) {
        for (bit, name) in BUTTONS.iter().enumerate() {
            let mask = 1 << bit;
            if buttons & mask != self.buttons & mask {
                let movement = if buttons & mask == 0 { "up" } else { "down" };
                self.note(format!("button {movement:<5} {name:<18} at {x}, {y}"));
            }
        }
        self.buttons = buttons;
        self.pointer = Some(Point::new(x.into(), y.into()));
        self.redraw();
    }

    /// A viewer sent its clipboard, this many bytes with the message's head.
    pub fn clipboard(&mut self, bytes: usize) {
        self.note(format!("clipboard    {bytes} bytes"));
        self.redraw();
    }

    fn note(&mut self, line: String) {
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }

    fn redraw(&mut self) {
        self.canvas.begin_version();
        let Ok(()) = self.canvas.draw_iter(std::mem::take(&mut self.under));
        self.draw();
    }

    /// Draws what never changes.
    fn draw_still(&mut self) {
        let (width, height) = (i32::from(WIDTH), i32::from(HEIGHT));
        self.fill(0, 0, width, height, BACKGROUND);
        self.fill(0, 0, width, TITLE_HEIGHT, BAR);
        let style = MonoTextStyleBuilder::new()
            .font(&FONT_10X20)
            .text_color(BRIGHT)
            .build();
        let title = Text::with_baseline(
            "Oriel demo screen",
            Point::new(MARGIN / 2, 6),
            style,
            Baseline::Top,
        );
        let Ok(_) = title.draw(&mut Doubled(&mut self.canvas));

        let inner = width - 2 * MARGIN;
        for (bar, colour) in (0..).zip(BARS) {
            self.fill(MARGIN + bar * inner / 8, BARS_TOP, inner / 8, BARS_HEIGHT, colour);
        }
        for x in 0..inner {
            let level = u8::try_from(x * 255 / (inner - 1)).unwrap_or(u8::MAX);
            self.fill(
                MARGIN + x,
                BARS_TOP + BARS_HEIGHT,
                1,
                RAMP_HEIGHT,
                Rgb888::new(level, level, level),
            );
        }
        self.draw_grid();
        self.fill(
            LOG_LEFT,
            PANELS_TOP,
            width - MARGIN - LOG_LEFT,
            PANELS_HEIGHT,
            PANEL,
        );
        self.text(
            "Keys and clicks",
            LOG_LEFT + 16,
            PANELS_TOP + 12,
            &FONT_9X15_BOLD,
            ACCENT,
            PANEL,
        );
        self.text(
            "What you type",
            LOG_LEFT + 16,
            PANELS_TOP + PANELS_HEIGHT - 64,
            &FONT_9X15_BOLD,
            ACCENT,
            PANEL,
        );
        let foot = "A test picture: there is no virtual machine behind it.";
        self.text(foot, MARGIN, height - 32, &FONT_9X15, DIM, BACKGROUND);
    }

    /// A grid with a circle, which shows whether a viewer scales evenly and where its edges are.
    fn draw_grid(&mut self) {
        const SQUARE: i32 = 32;
        let width = LOG_LEFT - 2 * MARGIN;
        self.fill(MARGIN, PANELS_TOP, width, PANELS_HEIGHT, PANEL);
        let lines = PrimitiveStyle::with_stroke(Rgb888::new(0x33, 0x41, 0x55), 1);
        for x in (0..=width).step_by(32) {
            let top = Point::new(MARGIN + x, PANELS_TOP);
            let line = Line::new(top, top + Point::new(0, PANELS_HEIGHT - 1)).into_styled(lines);
            let Ok(()) = line.draw(&mut self.canvas);
        }
        for y in (0..=PANELS_HEIGHT).step_by(32) {
            let left = Point::new(MARGIN, PANELS_TOP + y);
            let line = Line::new(left, left + Point::new(width - 1, 0)).into_styled(lines);
            let Ok(()) = line.draw(&mut self.canvas);
        }
        let middle = Point::new(
            MARGIN + 5 * SQUARE + SQUARE / 2,
            PANELS_TOP + 6 * SQUARE + SQUARE / 2,
        );
        for (diameter, colour) in [(320, ACCENT), (192, BRIGHT), (64, DIM)] {
            let circle =
                Circle::with_center(middle, diameter).into_styled(PrimitiveStyle::with_stroke(colour, 2));
            let Ok(()) = circle.draw(&mut self.canvas);
        }
        let size = format!("{WIDTH} x {HEIGHT}");
        self.text(
            &size,
            MARGIN + 12,
            PANELS_TOP + PANELS_HEIGHT - 28,
            &FONT_9X15,
            DIM,
            PANEL,
        );
    }

    /// Draws what may change. Every text has its own background and its full width, so that a
    /// pixel which stays the same is never touched.
    fn draw(&mut self) {
        let (hour, minute, second) = self.now.to_hms();
        let clock = format!("{hour:02}:{minute:02}:{second:02} UTC");
        let clock_left = i32::from(WIDTH) - MARGIN - 12 * 10;
        self.changing_text(clock, clock_left, 22, &FONT_10X20, BRIGHT, BAR);
        let beat = if self.blink { ACCENT } else { BAR };
        self.fill(clock_left - 28, 26, 12, 12, beat);

        let left = LOG_LEFT + 16;
        for line in 0..LOG_LINES {
            let text = fit(self.log.get(line).map_or("", String::as_str), LINE_WIDTH);
            // The newest line is the one that is looked for.
            let colour = if line + 1 == self.log.len() { BRIGHT } else { DIM };
            let top = PANELS_TOP + 40 + LINE * i32::try_from(line).unwrap_or_default();
            self.changing_text(text, left, top, &FONT_9X15, colour, PANEL);
        }
        let typed = fit(
            &format!("> {}{}", self.typed, if self.blink { '_' } else { ' ' }),
            LINE_WIDTH,
        );
        self.changing_text(
            typed,
            left,
            PANELS_TOP + PANELS_HEIGHT - 36,
            &FONT_9X15,
            BRIGHT,
            PANEL,
        );

        let pointer = match self.pointer {
            Some(Point { x, y }) => format!("pointer at {x}, {y}"),
            None => "no pointer yet".to_owned(),
        };
        let viewers = if self.viewers == 1 { "viewer" } else { "viewers" };
        let foot = format!("{:>36}", format!("{pointer}   {} {viewers}", self.viewers));
        let foot_left = i32::from(WIDTH) - MARGIN - 36 * 9;
        self.changing_text(
            foot,
            foot_left,
            i32::from(HEIGHT) - 32,
            &FONT_9X15,
            DIM,
            BACKGROUND,
        );
        self.draw_pointer();
    }

    fn draw_pointer(&mut self) {
        let Some(tip) = self.pointer else { return };
        let inside = if self.buttons == 0 { Rgb888::WHITE } else { ACCENT };
        let shape = (0..).zip(ARROW).flat_map(|(y, row)| {
            (0..).zip(row.chars()).filter_map(move |(x, mark)| {
                let colour = match mark {
                    '#' => Rgb888::BLACK,
                    '.' => inside,
                    _ => return None,
                };
                Some(Pixel(tip + Point::new(x, y), colour))
            })
        });
        let shape: Vec<_> = shape.collect();
        self.under = shape
            .iter()
            .filter_map(|Pixel(at, _)| Some(Pixel(*at, self.canvas.get(*at)?)))
            .collect();
        let Ok(()) = self.canvas.draw_iter(shape);
    }

    fn fill(&mut self, left: i32, top: i32, width: i32, height: i32, colour: Rgb888) {
        let size = Size::new(width.unsigned_abs(), height.unsigned_abs());
        let Ok(()) = self
            .canvas
            .fill_solid(&Rectangle::new(Point::new(left, top), size), colour);
    }

    /// Shows a text, unless it is shown already.
    fn changing_text(
        &mut self,
        text: String,
        left: i32,
        top: i32,
        font: &MonoFont<'_>,
        colour: Rgb888,
        background: Rgb888,
    ) {
        if self
            .shown
            .get(&(left, top))
            .is_none_or(|(shown, was)| (shown, *was) != (&text, colour))
        {
            self.text(&text, left, top, font, colour, background);
            self.shown.insert((left, top), (text, colour));
        }
    }

    fn text(
        &mut self,
        text: &str,
        left: i32,
        top: i32,
        font: &MonoFont<'_>,
        colour: Rgb888,
        background: Rgb888,
    ) {
        let style = MonoTextStyleBuilder::new()
            .font(font)
            .text_color(colour)
            .background_color(background)
            .build();
        let Ok(_) =
            Text::with_baseline(text, Point::new(left, top), style, Baseline::Top).draw(&mut self.canvas);
    }
}

/// A text cut or filled to so many characters.
fn fit(text: &str, width: usize) -> String {
    format!("{text:<width$.width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        Picture::new(OffsetDateTime::UNIX_EPOCH)
    }

    fn pixels(picture: &Picture) -> Vec<Rgb888> {
        let (width, height) = (i32::from(WIDTH), i32::from(HEIGHT));
        (0..height)
            .flat_map(|y| (0..width).map(move |x| Point::new(x, y)))
            .filter_map(|at| picture.canvas.get(at))
            .collect()
    }

    #[test]
    fn keys_and_clicks_are_told_with_all_that_was_sent() {
        let mut picture = picture();
        picture.key(true, 0xff53, Some(0xe04d));
        picture.key(false, 0x61, None);
        picture.pointer(0b101, 30, 40);
        picture.pointer(0b100, 30, 40);
        picture.clipboard(13);
        let told = [
            "key    down  Right              keysym 0xff53  scancode 0xe04d",
            "key    up    a                  keysym 0x0061",
            "button down  left               at 30, 40",
            "button down  right              at 30, 40",
            "button up    left               at 30, 40",
            "clipboard    13 bytes",
        ];
        assert_eq!(picture.log, told);
        assert!(told.iter().all(|line| line.len() <= LINE_WIDTH));
    }

    #[test]
    fn the_log_and_the_typed_line_stay_small() {
        let mut picture = picture();
        for _ in 0..70 {
            picture.key(true, 0x0100_20ac, None);
        }
        assert_eq!(picture.log.len(), LOG_LINES);
        assert_eq!(picture.typed.chars().count(), LINE_WIDTH - 3);
        picture.key(true, 0xff08, None);
        assert_eq!(picture.typed.chars().count(), LINE_WIDTH - 4);
        picture.key(true, 0xff0d, None);
        assert_eq!(picture.typed, "");
    }

    #[test]
    fn the_pointer_leaves_no_trace() {
        let mut picture = picture();
        // Away from everything that tells where it is.
        picture.pointer(0, 500, 100);
        let before = pixels(&picture);
        picture.pointer(0, 1020, 764);
        picture.pointer(0, u16::MAX, u16::MAX);
        assert_ne!(pixels(&picture), before);
        picture.pointer(0, 500, 100);
        assert!(pixels(&picture) == before);
    }

    #[test]
    fn each_moment_looks_different() {
        let mut picture = picture();
        let before = pixels(&picture);
        picture.tick(OffsetDateTime::UNIX_EPOCH);
        assert!(pixels(&picture) != before, "the cursor blinks");
        picture.tick(OffsetDateTime::UNIX_EPOCH);
        assert!(pixels(&picture) == before);
        picture.set_viewers(2);
        assert!(pixels(&picture) != before);
    }
}
