//! The end of a session as the browser sees it.

use std::io;
use std::time::Duration;

use oriel_domain::EndReason;
use oriel_ws::{ControlFrame, End, close_code};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::session::Failure;

/// How long a browser may take to take its last frame and close.
const PATIENCE: Duration = Duration::from_secs(2);

/// An end, with the frame that the WebSocket protocol itself asks for where it does.
#[derive(Debug)]
pub(crate) struct Ended {
    pub failure: Failure,
    reply: Option<ControlFrame>,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self { failure, reply: None }
    }
}

impl From<EndReason> for Ended {
    fn from(reason: EndReason) -> Self {
        Failure::from(reason).into()
    }
}

impl Ended {
    /// The end that the browser's own frames made.
    pub fn by_client(end: &End) -> Self {
        let failure = match end {
            End::Closed(_) => EndReason::ClientClosed.into(),
            End::Broken(error) => Failure::new(EndReason::ClientProtocol, error.to_string()),
        };
        Self {
            failure,
            reply: Some(end.reply()),
        }
    }

    /// The end of a browser's connection that broke.
    pub fn client_lost(error: &io::Error) -> Self {
        Failure::new(EndReason::ClientLost, error.to_string()).into()
    }
}

/// The close frame for an end: our own page is told the reason, others a plain close, since native
/// clients take a code that they do not know for a failure of theirs.
fn close_frame(reason: EndReason, coded: bool) -> ControlFrame {
    if coded {
        ControlFrame::close(reason.close_code(), reason.name())
    } else {
        ControlFrame::close(close_code::NORMAL, reason.describe())
    }
}

/// Sends what is left of the last frame, then the close frame, and closes. Nobody waits longer for
/// a browser than [`PATIENCE`].
pub(crate) async fn farewell<B: AsyncRead + AsyncWrite + Unpin>(
    mut browser: B,
    mut unsent: Vec<u8>,
    ended: &Ended,
    coded: bool,
) {
    if ended.failure.reason == EndReason::ClientLost {
        return;
    }
    let frame = ended
        .reply
        .unwrap_or_else(|| close_frame(ended.failure.reason, coded));
    unsent.extend_from_slice(frame.as_bytes());
    let close = async {
        browser.write_all(&unsent).await?;
        browser.flush().await?;
        browser.shutdown().await?;
        // Who has said its own farewell says nothing more.
        if ended.failure.reason == EndReason::ClientClosed {
            return Ok(());
        }
        // A socket that is dropped with unread bytes is reset, and the reset may overtake the
        // close frame: read the browser's last words.
        let mut last_words = vec![0; 4096];
        while browser.read(&mut last_words).await? > 0 {}
        io::Result::Ok(())
    };
    // A browser that has gone meanwhile does not hear the frame, and need not.
    let _ = tokio::time::timeout(PATIENCE, close).await;
}
