//! The viewer's messages (RFC 6143 section 7.5 and the extensions of rfbproto.rst).
//!
//! Messages do not match WebSocket frames: a viewer puts many in one, or one in many. The
//! [`Splitter`] finds where each begins and ends, so that a policy can pass or drop it whole. It
//! keeps no more than the first 20 bytes of one message, and passes the body of a long one on as
//! it comes.

mod event;
mod measure;
mod write;

pub use event::{Event, event};
pub use measure::{ClientMsgError, DEFAULT_MAX_CUT_TEXT, Kind, MAX_FENCE};
pub use write::{key, qemu_key, set_encodings, set_pixel_format, update_request};

use measure::{Length, measure};

#[cfg(test)]
mod tests;

/// How many bytes at the front of a message are kept together: the whole of every message that
/// has a fixed length.
pub const HEAD: usize = 20;

/// What the front of the viewer's bytes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// All bytes were taken and are kept; nothing can be said before more come.
    Need,
    /// A message begins. If it is longer than what was taken, its body follows.
    Message(Message),
    /// The message that began last goes on. It shares the fate that was decided for it.
    Body {
        /// What kind of message it is.
        kind: Kind,
        /// How many bytes of those given belong to it.
        taken: usize,
        /// Whether the message ends with them.
        last: bool,
    },
}

/// A message that begins.
///
/// To pass it on is to send [`Message::held`], and then the first [`Message::taken`] of the bytes
/// that were given; to drop it is to send neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// What kind of message it is.
    pub kind: Kind,
    /// How many bytes of those given belong to it.
    pub taken: usize,
    /// How long the whole message is, in bytes.
    pub total: usize,
    head: Head,
    held: usize,
}

impl Message {
    /// Its bytes from earlier calls, which were kept until it could be told what they are. Most
    /// often empty; below [`HEAD`] bytes.
    pub fn held(&self) -> &[u8] {
        self.head().get(..self.held).unwrap_or_default()
    }

    /// Its first [`HEAD`] bytes, or all if it is shorter, however they came.
    pub fn head(&self) -> &[u8] {
        self.head.as_slice()
    }

    /// Whether all of it is here, so that no body follows.
    pub fn is_whole(&self) -> bool {
        self.held + self.taken == self.total
    }

    /// What it says, if it is a message of which that can be told from the head.
    pub fn event(&self) -> Event {
        event(self.kind, self.head())
    }
}

/// The first bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    bytes: [u8; HEAD],
    len: usize,
}

impl Head {
    const EMPTY: Self = Self {
        bytes: [0; HEAD],
        len: 0,
    };

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Appends what fits.
    fn extend(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
            self.len += 1;
        }
    }

    /// Keeps the first `len` bytes only, and nothing behind them that a comparison would see.
    fn truncate(&mut self, len: usize) {
        self.bytes.get_mut(len..).unwrap_or_default().fill(0);
        self.len = self.len.min(len);
    }
}

/// Splits a viewer's bytes into messages, cut anywhere.
#[derive(Debug)]
pub struct Splitter {
    max_cut_text: u32,
    extended_pointer: bool,
    /// The message whose head is not whole yet.
    held: Head,
    /// The message whose body is coming: its kind, and how many bytes are still to come.
    body: Option<(Kind, usize)>,
}

impl Splitter {
    /// A splitter for the bytes after `ClientInit`. A clipboard text of more than `max_cut_text`
    /// bytes is an error as soon as it is announced.
    pub const fn new(max_cut_text: u32) -> Self {
        Self {
            max_cut_text,
            extended_pointer: false,
            held: Head::EMPTY,
            body: None,
        }
    }

    /// Whether both sides have agreed on extended mouse buttons (pseudo-encoding -316): from then
    /// on, the top bit of a pointer event's mask means that it is one byte longer, and is no button.
    pub fn set_extended_pointer(&mut self, agreed: bool) {
        self.extended_pointer = agreed;
    }

    /// Says what the front of `bytes` is. The caller takes that much off and calls again, until
    /// [`Step::Need`].
    ///
    /// After an error the viewer's bytes make no sense any more, and the session should end.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Step, ClientMsgError> {
        if let Some((kind, left)) = self.body
            && !bytes.is_empty()
        {
            let taken = left.min(bytes.len());
            let last = taken == left;
            self.body = if last { None } else { Some((kind, left - taken)) };
            return Ok(Step::Body { kind, taken, last });
        }
        let mut head = self.held;
        head.extend(bytes);
        let known = match measure(head.as_slice(), self.extended_pointer, self.max_cut_text)? {
            Length::Known { kind, total } if head.len >= total.min(HEAD) => Some((kind, total)),
            Length::Known { .. } | Length::Unknown => None,
        };
        let Some((kind, total)) = known else {
            self.held = head;
            return Ok(Step::Need);
        };
        let earlier = self.held.len;
        self.held = Head::EMPTY;
        head.truncate(total);
        let taken = bytes.len().min(total - earlier);
        let left = total - earlier - taken;
        self.body = (left > 0).then_some((kind, left));
        Ok(Step::Message(Message {
            kind,
            taken,
            total,
            head,
            held: earlier,
        }))
    }
}
