//! From the back end to the browser.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use oriel_domain::EndReason;
use oriel_ws::{Header, MAX_HEADER};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::{ROUNDS, Relay, back_end_lost};
use crate::farewell::Ended;

impl<B, H> Relay<'_, B, H>
where
    B: AsyncRead + AsyncWrite + Unpin,
    H: AsyncRead + AsyncWrite + Unpin,
{
    pub(super) fn poll_down(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<Ended> {
        for round in 0..ROUNDS {
            let waiting = self.down.progress();
            let written = self.down.poll_write(cx, &mut self.browser);
            if round == 0 && self.down.progress() != waiting {
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
            self.unflushed = true;
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
