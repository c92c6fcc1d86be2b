//! From the back end to the browser.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use oriel_domain::EndReason;
use oriel_ws::{Header, MAX_HEADER};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::pipe::{MaybeRaw, Pipe};
use super::{CHUNK, ROUNDS, Relay, back_end_lost};
use crate::farewell::Ended;

/// Most bytes moved by one splice.
const SPLICE: usize = 256 * 1024;
/// A read that brings less than this is copied again: what follows may well be small.
const WORTH_SPLICING: usize = 32 * 1024;

impl<B, H> Relay<'_, B, H>
where
    B: AsyncRead + AsyncWrite + MaybeRaw + Unpin,
    H: AsyncRead + AsyncWrite + MaybeRaw + Unpin,
{
    pub(super) fn poll_down(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<Ended> {
        for round in 0..ROUNDS {
            let waiting = self.waiting_down();
            let written = self.poll_rest_down(cx);
            if round == 0 && self.waiting_down() != waiting {
                // On a thin line a pong waits behind a large picture; taking that is a sign of life.
                // A ping that its socket swallows at once, in a later round, is none.
                self.last_heard = Instant::now();
            }
            if let Err(error) = ready!(written) {
                return Poll::Ready(Ended::client_lost(&error));
            }
            if let Some(frame) = self.control.take() {
                self.down.keep(frame.as_bytes());
                self.unflushed = true;
                continue;
            }
            if self.pipe.is_some() {
                match ready!(self.poll_splice(cx)) {
                    Ok(()) => continue,
                    Err(ended) => return Poll::Ready(ended),
                }
            }
            let (room, mut payload) = scratch.split_at_mut(MAX_HEADER);
            if let Some(throttle) = &mut self.throttle {
                match throttle.poll_room(cx) {
                    Poll::Ready(most) if most < payload.len() => (payload, _) = payload.split_at_mut(most),
                    Poll::Ready(_) => {}
                    Poll::Pending => return self.poll_flush(cx),
                }
            }
            let mut buffer = ReadBuf::new(payload);
            match Pin::new(&mut self.back_end).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(back_end_lost(&error)),
                Poll::Pending => return self.poll_flush(cx),
            }
            let length = buffer.filled().len();
            if length == 0 {
                return Poll::Ready(EndReason::BackEndClosed.into());
            }
            self.traffic.add_down(length);
            if let Some(throttle) = &mut self.throttle {
                throttle.spend(length);
            }
            let length = match self.form.pass(buffer.filled_mut()) {
                Ok(0) => continue,
                Ok(length) => length,
                Err(failure) => return Poll::Ready(failure.into()),
            };
            self.unflushed = true;
            if length == CHUNK
                && self.throttle.is_none()
                && self.form.is_opaque()
                && self.browser.raw().is_some()
                && self.back_end.raw().is_some()
            {
                self.pipe = Pipe::take();
            }
            let mut header = [0; MAX_HEADER];
            let start = Header::binary(length).write_before(&mut header);
            room.copy_from_slice(&header);
            let frame = scratch.get(start..MAX_HEADER + length).unwrap_or_default();
            match Pin::new(&mut self.browser).poll_write(cx, frame) {
                Poll::Ready(Ok(written)) => self.down.keep(frame.get(written..).unwrap_or_default()),
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::client_lost(&error)),
                Poll::Pending => self.down.keep(frame),
            }
        }
        cx.waker().wake_by_ref();
        self.poll_flush(cx)
    }

    /// What the browser has not taken yet. It changes with all that it takes.
    fn waiting_down(&self) -> (usize, usize, usize) {
        let (written, of) = self.down.progress();
        (written, of, self.pipe.as_ref().map_or(0, Pipe::holds))
    }

    /// Writes what the browser would not take before: the rest of a frame, in front of what the pipe holds.
    fn poll_rest_down(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.down.poll_write(cx, &mut self.browser))?;
        match (&mut self.pipe, self.browser.raw()) {
            (Some(pipe), Some(browser)) => pipe.poll_empty(cx, browser),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Moves one frame whose payload does not enter this program. Pending: there is nothing to move.
    fn poll_splice(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let (Some(pipe), Some(browser), Some(back_end)) =
            (&mut self.pipe, self.browser.raw(), self.back_end.raw())
        else {
            return Poll::Ready(Ok(()));
        };
        let length = match pipe.poll_fill(cx, back_end, SPLICE) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(EndReason::BackEndClosed.into())),
            Poll::Ready(Ok(length)) => length,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(back_end_lost(&error))),
            Poll::Pending => {
                self.stop_splicing();
                return Poll::Pending;
            }
        };
        self.traffic.add_down(length);
        let header = Header::binary(length);
        let header = header.as_bytes();
        let sent = browser.send_before_more(header);
        self.down.keep(header.get(sent..).unwrap_or_default());
        match self.poll_rest_down(cx) {
            Poll::Ready(Ok(())) if length < WORTH_SPLICING => self.stop_splicing(),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(Ended::client_lost(&error))),
            // What is left goes first in the next round.
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        Poll::Ready(Ok(()))
    }

    fn stop_splicing(&mut self) {
        if let Some(pipe) = self.pipe.take() {
            pipe.give_back();
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if !self.unflushed {
            return Poll::Pending;
        }
        match ready!(Pin::new(&mut self.browser).poll_flush(cx)) {
            Ok(()) => {
                self.unflushed = false;
                Poll::Pending
            }
            Err(error) => Poll::Ready(Ended::client_lost(&error)),
        }
    }
}
