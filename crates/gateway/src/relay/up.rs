//! From the browser to the back end.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use oriel_domain::EndReason;
use oriel_ws::ControlFrame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::pipe::MaybeRaw;
use super::rest::Rest;
use super::{ROUNDS, Relay, Unread, back_end_lost};
use crate::farewell::Ended;
use crate::session::Failure;

/// How long a back end may take to take the last bytes of a browser that is gone.
const PATIENCE: Duration = Duration::from_secs(2);

impl<B, H> Relay<'_, B, H>
where
    B: AsyncRead + AsyncWrite + MaybeRaw + Unpin,
    H: AsyncRead + AsyncWrite + MaybeRaw + Unpin,
{
    pub(super) fn poll_up(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<Ended> {
        for _ in 0..ROUNDS {
            if self.deaf {
                return Poll::Pending;
            }
            if let Err(error) = ready!(self.up.poll_write(cx, &mut self.back_end)) {
                return self.back_end_deaf(&error);
            }
            if let Err(error) = ready!(self.poll_settle(cx)) {
                return self.back_end_deaf(&error);
            }
            let mut buffer = ReadBuf::new(scratch);
            match Pin::new(&mut self.browser).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::client_lost(&error)),
                Poll::Pending => return Poll::Pending,
            }
            if buffer.filled().is_empty() {
                return Poll::Ready(
                    Failure::new(EndReason::ClientLost, "closed without a close frame").into(),
                );
            }
            self.last_heard = Instant::now();
            let decoded = self.deframer.push(buffer.filled_mut());
            if let Some(ping) = &decoded.ping {
                self.control = Some(ControlFrame::pong(ping));
            }
            if decoded.pong.is_some()
                && let Some(pinged) = self.pinged.take()
            {
                self.traffic.answered_after(pinged.elapsed());
            }
            let end = decoded.end;
            let data: &[u8] = decoded.data;
            if !data.is_empty() {
                self.traffic.add_up(data.len());
                let data = match &mut self.filter {
                    None => {
                        if self.unread == Unread::Hand {
                            self.traffic.touch();
                        }
                        data
                    }
                    Some(filter) => match filter.pass(data, self.up.end(), &mut self.form) {
                        Ok(passed) => {
                            if passed.input {
                                self.traffic.touch();
                            }
                            passed.rest
                        }
                        Err(error) => {
                            let failure = Failure::new(EndReason::ClientProtocol, error.to_string());
                            return Poll::Ready(failure.into());
                        }
                    },
                };
                if let Poll::Ready(ended) = self.send_up(cx, data) {
                    return Poll::Ready(ended);
                }
            }
            if let Some(end) = end {
                return Poll::Ready(Ended::by_client(&end));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Gives the back end what it has not taken yet of a browser that is gone: its last key stroke may be among it.
    pub(super) async fn last_words(&mut self) {
        if self.deaf || self.up.is_empty() {
            return;
        }
        let written = poll_fn(|cx| self.up.poll_write(cx, &mut self.back_end));
        // A back end that takes nothing more does not miss it.
        let _ = tokio::time::timeout(PATIENCE, written).await;
    }

    /// Tells the back end that what was written to it may go: on a line that several type on, at the end of each
    /// message, so that nothing comes in between.
    fn poll_settle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.may_settle() {
            ready!(Pin::new(&mut self.back_end).poll_flush(cx))?;
            self.unsettled = false;
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn may_settle(&self) -> bool {
        self.unsettled && (self.filter.is_some() || self.deframer.is_between_messages())
    }

    /// Writes as much as the back end takes now, and keeps the rest.
    fn send_up(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<Ended> {
        self.unsettled = true;
        let written = if !self.up.is_empty() {
            self.up.keep(data);
            self.up.poll_write(cx, &mut self.back_end)
        } else if data.is_empty() {
            return Poll::Pending;
        } else {
            match Pin::new(&mut self.back_end).poll_write(cx, data) {
                Poll::Ready(Ok(written)) => {
                    self.up.keep(data.get(written..).unwrap_or_default());
                    return Poll::Pending;
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.up.keep(data);
                    return Poll::Pending;
                }
            }
        };
        match written {
            Poll::Ready(Err(error)) => self.back_end_deaf(&error),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    /// A back end that has closed refuses what is sent to it before its own last bytes are read:
    /// they, and the end of its stream, tell better how it ended.
    fn back_end_deaf(&mut self, error: &io::Error) -> Poll<Ended> {
        match error.kind() {
            io::ErrorKind::BrokenPipe => {
                self.deaf = true;
                self.up = Rest::default();
                Poll::Pending
            }
            _ => Poll::Ready(back_end_lost(error)),
        }
    }
}
