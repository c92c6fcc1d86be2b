//! One of those who look at a line, as the relay sees it: a stream of its own.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio_util::sync::PollSender;

use super::line::{Input, Line};
use crate::relay::{MaybeRaw, RawSocket};

/// The longest message that reaches the line in one piece, in bytes.
const MAX_PIECE: usize = 64 * 1024;

/// What Oriel's page finds at the end of the past.
const END_OF_PAST: &[u8] = b"\x1b]8002;live\x1b\\";

/// One of those who look at a line. What is read from it is the line's output, first the last of it; what is written
/// to it is the line's input once it is flushed, and nothing comes in between. It holds no output of its own: who
/// reads too slowly is told what is left out.
#[derive(Debug)]
pub(crate) struct Viewer {
    line: Arc<Line>,
    number: u64,
    /// What it is given ahead of the line's next output.
    ahead: Vec<u8>,
    given: usize,
    /// Where it stands in the line's output.
    place: u64,
    /// None, where it may only look.
    input: Option<PollSender<Input>>,
    message: Vec<u8>,
}

impl Viewer {
    pub(super) fn new(
        line: Arc<Line>,
        number: u64,
        ahead: Vec<u8>,
        place: u64,
        input: Option<mpsc::Sender<Input>>,
    ) -> Self {
        Self {
            line,
            number,
            ahead,
            given: 0,
            place,
            input: input.map(PollSender::new),
            message: Vec::new(),
        }
    }

    /// Where what it is given of the past is not all that it will see, marks the end of that, so that a page can tell
    /// the past from what happens now: by an operating system command that terminals pass over.
    pub fn mark_past(&mut self) {
        if !self.ahead.is_empty() {
            self.ahead.extend_from_slice(END_OF_PAST);
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(input) = self.input.as_mut().filter(|_| !self.message.is_empty()) else {
            return Poll::Ready(Ok(()));
        };
        let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        ready!(input.poll_reserve(cx)).map_err(closed)?;
        let message = Input::Bytes(std::mem::take(&mut self.message));
        Poll::Ready(input.send_item(message).map_err(closed))
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // Whoever types and leaves at once is heard, unless the line takes nothing.
        let message = std::mem::take(&mut self.message);
        if !message.is_empty()
            && let Some(input) = self.input.as_ref().and_then(PollSender::get_ref)
        {
            let _ = input.try_send(Input::Bytes(message));
        }
        self.line.leave(self.number);
    }
}

/// The socket belongs to the line.
impl MaybeRaw for Viewer {
    fn raw(&self) -> Option<RawSocket<'_>> {
        None
    }
}

impl AsyncRead for Viewer {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match this.ahead.get(this.given..) {
                Some(ahead) if !ahead.is_empty() => {
                    let taken = ahead.len().min(buf.remaining());
                    buf.put_slice(ahead.get(..taken).unwrap_or_default());
                    this.given += taken;
                    return Poll::Ready(Ok(()));
                }
                _ => (this.ahead, this.given) = (Vec::new(), 0),
            }
            let output = this
                .line
                .poll_output(this.number, &mut this.place, cx.waker(), |output| {
                    let taken = output.len().min(buf.remaining());
                    buf.put_slice(output.get(..taken).unwrap_or_default());
                    taken
                });
            match ready!(output)? {
                None => return Poll::Ready(Ok(())),
                Some(told) => this.ahead = told,
            }
        }
    }
}

impl AsyncWrite for Viewer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.input.is_none() {
            return Poll::Ready(Ok(buf.len()));
        }
        if this.message.len() >= MAX_PIECE {
            ready!(this.poll_send(cx))?;
        }
        let taken = buf.len().min(MAX_PIECE - this.message.len());
        this.message
            .extend_from_slice(buf.get(..taken).unwrap_or_default());
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
