//! Where a server's messages and rectangles begin and end (RFC 6143 sections 7.6 to 7.8, and rfbproto.rst).
//!
//! No pixel is decoded: most lengths are announced, some follow from the size of the rectangle and of a pixel, and a
//! few encodings are walked from one small field to the next. What makes this total is that the viewer asks only for
//! encodings in [`crate::encoding`]. Nothing is held back and nothing is allocated: the bytes may go on as they come,
//! and a field that was cut costs the few bytes that it has so far.

mod error;
mod format;
mod hextile;
mod jpeg;
mod message;
mod plan;
mod rectangle;
mod tight;

pub use error::FramerError;
pub use message::Kind;

use self::format::Format;
use self::plan::{Field, MAX_FIELD, Plan, Reader, Then};
use crate::gather::front;
use crate::server_init::ServerInit;
use crate::{PixelFormat, Rect, encoding};

#[cfg(test)]
mod tests;

/// What the front of the server's bytes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There are no bytes.
    Need,
    /// So many bytes belong to one message, and to one rectangle of it at most.
    Part(Part),
}

/// Bytes of one message. They reach up to the end of a rectangle, of the message, or of what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The message that they belong to. Its first byte tells.
    pub kind: Kind,
    /// How many of the bytes given they are; at least one.
    pub taken: usize,
    /// Whether the message begins with them.
    pub begins: bool,
    /// Whether the message ends with them. What comes next stands between two messages.
    pub ends: bool,
    /// A rectangle whose head became whole with them.
    pub rectangle: Option<Rectangle>,
    /// How many of them are before what that rectangle holds; 0 without one.
    pub head: usize,
    /// Whether a rectangle ends with them.
    pub ends_rectangle: bool,
}

/// The head of a rectangle (RFC 6143 section 7.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    /// Where it is. Some pseudo-encodings give these numbers another meaning.
    pub rect: Rect,
    /// One of the numbers in [`crate::encoding`].
    pub encoding: i32,
}

/// Follows a server's bytes after its `ServerInit`, cut anywhere.
///
/// Two things it cannot see have to be told, since a server's bytes mean something else after them: the pixel format
/// that the viewer sets, and what the viewer has asked for when it does.
#[derive(Debug, Clone)]
pub struct Framer {
    width: u16,
    height: u16,
    format: Format,
    kind: Kind,
    /// Bytes that are passed over before what comes then.
    skip: u64,
    then: Then,
    /// What has come of the field that is read.
    field: Field,
    /// Rectangles of this update that are not whole yet; none where only `LastRect` ends it.
    left: Option<u16>,
    extended_mouse: bool,
    broken: Option<FramerError>,
}

impl Framer {
    /// A framer for what a server sends after this.
    pub const fn new(init: &ServerInit) -> Self {
        Self {
            width: init.width,
            height: init.height,
            format: Format::new(&init.format),
            kind: Kind::Bell,
            skip: 0,
            then: Then::Message,
            field: Field::EMPTY,
            left: None,
            extended_mouse: false,
            broken: None,
        }
    }

    /// Says what the front of `bytes` is. The caller takes that much off and calls again, until [`Step::Need`].
    ///
    /// After an error the server's bytes make no sense any more, and every further call gives the same error.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Step, FramerError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let step = self.step(bytes);
        if let Err(error) = step {
            self.broken = Some(error);
        }
        step
    }

    /// Whether what comes next stands between two messages: what goes to the viewer may be cut here.
    pub fn is_between_messages(&self) -> bool {
        matches!(self.then, Then::Message) && self.skip == 0 && self.broken.is_none()
    }

    /// Width and height of the screen in pixels, as the server last said.
    pub const fn screen(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// Whether the server has agreed to extended mouse buttons (pseudo-encoding -316).
    pub const fn has_extended_mouse(&self) -> bool {
        self.extended_mouse
    }

    /// The viewer asks for an update (RFC 6143 section 7.5.3).
    pub fn update_requested(&mut self) {
        self.format.update_requested();
    }

    /// The viewer switches updates without requests on or off (`EnableContinuousUpdates`).
    pub fn continuous_updates(&mut self, on: bool) {
        self.format.continuous_updates(on);
    }

    /// The viewer sets another pixel format (RFC 6143 section 7.5.1).
    ///
    /// A server uses it from some update on, and nothing in its bytes says from which. So a format with pixels of
    /// another size is followed only where no pixels in the old one can be under way behind the message that is coming
    /// in: nothing was asked for, and continuous updates were never on or are being switched off, the end of which the
    /// server tells. Else the framing ends here, and [`Framer::next`] says so too.
    pub fn set_pixel_format(&mut self, format: &PixelFormat) -> Result<(), FramerError> {
        let between = self.is_between_messages();
        let set = self.format.set(format, between);
        if let Err(error) = set {
            self.broken.get_or_insert(error);
        }
        set
    }

    fn step(&mut self, bytes: &[u8]) -> Result<Step, FramerError> {
        if bytes.is_empty() {
            return Ok(Step::Need);
        }
        let begins = self.is_between_messages();
        let (mut rectangle, mut head_ends, mut ends_rectangle) = (None, 0, false);
        let mut rest = bytes;
        let ends = loop {
            self.pass_over(&mut rest);
            if self.skip > 0 {
                break false;
            }
            match self.then {
                Then::Message => {
                    let Some([kind, ..]) = self.field.take(1, &mut rest) else {
                        break false;
                    };
                    self.begin_message(kind)?;
                }
                Then::Read(reader) => {
                    let Some(field) = self.field.take(reader.len(), &mut rest) else {
                        break false;
                    };
                    let plan = reader.read(field.get(..reader.len()).unwrap_or_default())?;
                    self.follow(plan);
                }
                Then::Mark => match rest.iter().position(|byte| *byte == 0xff) {
                    Some(at) => {
                        let _ = rest.split_off(..=at);
                        self.then = Then::Read(Reader::JpegMark);
                    }
                    None => {
                        rest = &[];
                        break false;
                    }
                },
                Then::Update => {
                    let Some([_, high, low, ..]) = self.field.take(3, &mut rest) else {
                        break false;
                    };
                    let count = u16::from_be_bytes([high, low]);
                    self.left = (count != u16::MAX).then_some(count);
                    if count == 0 {
                        break self.end_message();
                    }
                    self.then = Then::Rectangle;
                }
                Then::Rectangle => {
                    let Some(head) = self.field.take(MAX_FIELD, &mut rest) else {
                        break false;
                    };
                    let head = parse_head(&head);
                    rectangle = Some(head);
                    head_ends = bytes.len() - rest.len();
                    self.begin_rectangle(head)?;
                }
                Then::End => {
                    ends_rectangle = self.kind == Kind::Update;
                    break match (self.kind, &mut self.left) {
                        (Kind::Update, Some(left)) if *left > 1 => {
                            *left -= 1;
                            self.then = Then::Rectangle;
                            false
                        }
                        (Kind::Update, None) => {
                            self.then = Then::Rectangle;
                            false
                        }
                        _ => self.end_message(),
                    };
                }
            }
        };
        Ok(Step::Part(Part {
            kind: self.kind,
            taken: bytes.len() - rest.len(),
            begins,
            ends,
            rectangle,
            head: head_ends,
            ends_rectangle,
        }))
    }

    /// Passes over what says nothing, by its length alone.
    fn pass_over(&mut self, rest: &mut &[u8]) {
        let here = front(rest, usize::try_from(self.skip).unwrap_or(usize::MAX));
        self.skip -= here.len() as u64;
    }

    fn follow(&mut self, plan: Plan) {
        self.skip = plan.skip;
        self.then = plan.then;
    }

    fn begin_message(&mut self, first: u8) -> Result<(), FramerError> {
        self.kind = Kind::of(first)?;
        self.format.message_begins(self.kind);
        self.then = message::begin(self.kind).unwrap_or(Then::End);
        Ok(())
    }

    /// A message is whole: true, as an answer to whether it ends.
    fn end_message(&mut self) -> bool {
        self.then = Then::Message;
        self.format.message_ended(self.kind);
        true
    }

    fn begin_rectangle(&mut self, head: Rectangle) -> Result<(), FramerError> {
        let Rectangle { rect, encoding } = head;
        match encoding {
            encoding::LAST_RECT => self.left = Some(0),
            // What the viewer itself has asked for may have been refused.
            encoding::EXTENDED_DESKTOP_SIZE if rect.x == 1 && rect.y != 0 => {}
            encoding::DESKTOP_SIZE | encoding::EXTENDED_DESKTOP_SIZE => {
                (self.width, self.height) = (rect.width, rect.height);
            }
            encoding::EXTENDED_MOUSE_BUTTONS => self.extended_mouse = true,
            _ => {}
        }
        if rectangle::is_of_screen(encoding) {
            self.format.pixels_came();
            let inside = |at: u16, len: u16, all: u16| u32::from(at) + u32::from(len) <= u32::from(all);
            if !inside(rect.x, rect.width, self.width) || !inside(rect.y, rect.height, self.height) {
                let (width, height) = (self.width, self.height);
                return Err(FramerError::Outside { rect, width, height });
            }
        }
        let plan = rectangle::begin(encoding, rect.width, rect.height, self.format.pixel())?;
        self.follow(plan);
        Ok(())
    }
}

fn parse_head(head: &[u8; MAX_FIELD]) -> Rectangle {
    let [x0, x1, y0, y1, w0, w1, h0, h1, e0, e1, e2, e3] = *head;
    Rectangle {
        rect: Rect {
            x: u16::from_be_bytes([x0, x1]),
            y: u16::from_be_bytes([y0, y1]),
            width: u16::from_be_bytes([w0, w1]),
            height: u16::from_be_bytes([h0, h1]),
        },
        encoding: i32::from_be_bytes([e0, e1, e2, e3]),
    }
}

// A session of which the messages are told apart carries one of these.
const _: () = assert!(size_of::<Framer>() <= 160 && MAX_FIELD == 12);
