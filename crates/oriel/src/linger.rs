//! Answers that come before a request's body has been read.
//!
//! A refusal often needs nothing of the body. If it were left unread, the connection would be torn
//! down under a client that still sends, and many clients then report a broken connection instead
//! of the answer that was waiting for them. So what nobody read is read away for a while.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// Most bytes that are read away: more than any call takes.
const MOST: usize = 256 * 1024;
/// For how long.
const TIME: Duration = Duration::from_secs(2);

/// Sees to it that a request's body is read by somebody.
pub fn linger(body: Body) -> Body {
    Body::new(Lingering { body, ended: false })
}

struct Lingering {
    body: Body,
    ended: bool,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.ended = true;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if self.is_end_stream() {
            return;
        }
        let mut body = std::mem::take(&mut self.body);
        let read_away = async move {
            let mut read = 0;
            while let Some(Ok(frame)) = body.frame().await {
                read += frame.data_ref().map_or(0, Bytes::len);
                if read > MOST {
                    break;
                }
            }
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(TIME, read_away));
        }
    }
}
