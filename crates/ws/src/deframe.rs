//! The browser's frames become payload (RFC 6455 sections 5.2 to 5.5).

use std::ops::Range;

use crate::header::{Data, FrameHeader, Kind, MAX_CLIENT_HEADER};
use crate::mask::Mask;
use crate::{CloseFrame, ControlFrame, ControlPayload, FrameError};

#[cfg(test)]
mod tests;

/// Takes a client's frames apart as their bytes come, cut anywhere.
///
/// It keeps no payload but that of a control frame which is not whole yet, so a session without
/// traffic costs the size of this struct (below 200 bytes) and no buffer. Data flows on as it
/// comes; whole frames are never waited for.
#[derive(Debug)]
pub struct Deframer {
    max_message: u64,
    /// Bytes announced so far for the message that is under way; none between messages.
    message: Option<u64>,
    state: State,
    /// The front of a head that the last read cut, as long as the state says.
    head: [u8; MAX_CLIENT_HEADER],
    /// The control frame that is coming in. Apart from the state, since a control frame may come
    /// between two fragments but never inside another control frame.
    control: ControlPayload,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// A head comes next, or goes on after `have` bytes.
    Head { have: usize },
    /// `left` more bytes of payload belong to this data frame.
    Data { left: u64, mask: Mask, last: bool },
    /// `left` more bytes of payload belong to this control frame.
    Control { kind: Kind, left: u64, mask: Mask },
    /// The client closed, or broke a rule; nothing more counts.
    Ended,
}

/// What the front of the bytes turned out to be.
enum Piece {
    /// Nothing to act on yet.
    Nothing,
    /// Unmasked payload, to the end of the bytes used.
    Data,
    /// A control frame is whole, its payload in [`Deframer::control`].
    Control(Kind),
}

/// What one read brought.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The payload of all its data frames, unmasked, in order and without gaps: one write to the
    /// back end. Empty if there was none. It counts even if `end` is set, since it came before.
    pub data: &'a mut [u8],
    /// The last ping; earlier ones in the same read need no answer (RFC 6455 section 5.5.3).
    pub ping: Option<ControlPayload>,
    /// The last pong, asked for or not (RFC 6455 section 5.5.3).
    pub pong: Option<ControlPayload>,
    /// Set once, when nothing more will come of this client.
    pub end: Option<End>,
}

/// Why no more frames are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The client sent its close frame (RFC 6455 section 5.5.1).
    Closed(CloseFrame),
    /// The client broke a rule (RFC 6455 section 7.1.7).
    Broken(FrameError),
}

impl End {
    /// The close frame to answer with: the client's own words, or the error's code and text.
    pub fn reply(&self) -> ControlFrame {
        match self {
            Self::Closed(close) => ControlFrame::close_echo(close),
            Self::Broken(error) => ControlFrame::close(error.close_code(), &error.to_string()),
        }
    }
}

impl Deframer {
    /// A deframer for a connection that has just been upgraded.
    ///
    /// A message longer than `max_message` bytes, all its fragments taken together, ends the
    /// connection as soon as it is announced. The limit guards no memory here, since nothing is
    /// gathered; `u64::MAX` means none.
    pub const fn new(max_message: u64) -> Self {
        Self {
            max_message,
            message: None,
            state: State::Head { have: 0 },
            head: [0; MAX_CLIENT_HEADER],
            control: ControlPayload::EMPTY,
        }
    }

    /// Whether what came so far ends with a whole data message, or none has come yet.
    pub const fn is_between_messages(&self) -> bool {
        self.message.is_none()
    }

    /// Takes what one read brought, unmasks it in place and closes the gaps that heads leave.
    ///
    /// Data and control frames are given apart, so their order among each other is lost; it has no
    /// meaning for a stream. After [`Decoded::end`] was set, all further bytes are ignored.
    #[expect(clippy::similar_names, reason = "ping and pong are the protocol's words")]
    pub fn push<'a>(&mut self, bytes: &'a mut [u8]) -> Decoded<'a> {
        let mut data = 0..0;
        let (mut ping, mut pong, mut end) = (None, None, None);
        let mut at = 0;
        while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty())
            && end.is_none()
        {
            let (used, piece) = self.step(rest);
            match piece {
                Ok(Piece::Nothing) => {}
                Ok(Piece::Data) => data = join(bytes, data, at..at + used),
                Ok(Piece::Control(kind)) => match kind {
                    Kind::Ping => ping = Some(self.control),
                    Kind::Pong => pong = Some(self.control),
                    Kind::Close | Kind::Data(_) => end = Some(self.closed()),
                },
                Err(error) => {
                    self.state = State::Ended;
                    end = Some(End::Broken(error));
                }
            }
            at += used;
        }
        Decoded {
            data: bytes.get_mut(data).unwrap_or_default(),
            ping,
            pong,
            end,
        }
    }

    /// Takes one piece off the front of `rest`, which is not empty: how many bytes, and what it is.
    fn step(&mut self, rest: &mut [u8]) -> (usize, Result<Piece, FrameError>) {
        match self.state {
            State::Head { have: 0 } => match FrameHeader::parse(rest) {
                Ok(Some((header, used))) => (used, self.begin(header)),
                Ok(None) => (self.keep(0, rest), Ok(Piece::Nothing)),
                Err(error) => (0, Err(error)),
            },
            State::Head { have } => {
                let copied = self.keep(have, rest);
                let head = self.head.get(..have + copied).unwrap_or_default();
                match FrameHeader::parse(head) {
                    Ok(Some((header, len))) => (len.saturating_sub(have), self.begin(header)),
                    Ok(None) => (copied, Ok(Piece::Nothing)),
                    Err(error) => (0, Err(error)),
                }
            }
            State::Data { left, mut mask, last } => {
                let part = front(rest, left);
                mask.apply(part);
                let left = left - part.len() as u64;
                self.state = State::Data { left, mask, last };
                if left == 0 {
                    self.data_ended(last);
                }
                (part.len(), Ok(Piece::Data))
            }
            State::Control { kind, left, mut mask } => {
                let part = front(rest, left);
                mask.apply(self.control.extend(part));
                let left = left - part.len() as u64;
                self.state = State::Control { kind, left, mask };
                let piece = if left == 0 {
                    self.control_ended(kind)
                } else {
                    Piece::Nothing
                };
                (part.len(), Ok(piece))
            }
            State::Ended => (rest.len(), Ok(Piece::Nothing)),
        }
    }

    /// Keeps the front of a cut head: how many bytes were taken.
    fn keep(&mut self, have: usize, rest: &[u8]) -> usize {
        let room = self.head.get_mut(have..).unwrap_or_default();
        let copied = room.len().min(rest.len());
        for (to, from) in room.iter_mut().zip(rest) {
            *to = *from;
        }
        self.state = State::Head { have: have + copied };
        copied
    }

    /// A frame begins. One without payload ends as well: no byte of it is left to wait for.
    fn begin(&mut self, header: FrameHeader) -> Result<Piece, FrameError> {
        let FrameHeader { kind, len, mask } = header;
        let Kind::Data(data) = kind else {
            self.control = ControlPayload::EMPTY;
            self.state = State::Control {
                kind,
                left: len,
                mask,
            };
            return Ok(if len == 0 {
                self.control_ended(kind)
            } else {
                Piece::Nothing
            });
        };
        self.count(data, len)?;
        self.state = State::Data {
            left: len,
            mask,
            last: data.last,
        };
        if len == 0 {
            self.data_ended(data.last);
        }
        Ok(Piece::Nothing)
    }

    /// Checks a data frame's place in its message (RFC 6455 section 5.4) and the message's length.
    fn count(&mut self, data: Data, len: u64) -> Result<(), FrameError> {
        let before = match (data.first, self.message) {
            (true, None) => 0,
            (true, Some(_)) => return Err(FrameError::InterruptedMessage),
            (false, None) => return Err(FrameError::OrphanContinuation),
            (false, Some(before)) => before,
        };
        let total = before.saturating_add(len);
        if total > self.max_message {
            return Err(FrameError::TooBig {
                limit: self.max_message,
            });
        }
        self.message = Some(total);
        Ok(())
    }

    fn data_ended(&mut self, last: bool) {
        if last {
            self.message = None;
        }
        self.state = State::Head { have: 0 };
    }

    fn control_ended(&mut self, kind: Kind) -> Piece {
        self.state = State::Head { have: 0 };
        Piece::Control(kind)
    }

    fn closed(&mut self) -> End {
        self.state = State::Ended;
        CloseFrame::parse(self.control).map_or_else(End::Broken, End::Closed)
    }
}

/// The part of `rest` that belongs to a frame of which `left` bytes are still to come.
fn front(rest: &mut [u8], left: u64) -> &mut [u8] {
    let len = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
    rest.get_mut(..len).unwrap_or_default()
}

/// Makes one run of two that lie in order in `bytes`, and says where it is.
fn join(bytes: &mut [u8], run: Range<usize>, next: Range<usize>) -> Range<usize> {
    if run.is_empty() {
        next
    } else if run.len() <= next.len() {
        // A key stroke in front of a pasted megabyte: the shorter one moves.
        let start = next.start - run.len();
        bytes.copy_within(run, start);
        start..next.end
    } else {
        let end = run.end + next.len();
        bytes.copy_within(next, run.end);
        run.start..end
    }
}
