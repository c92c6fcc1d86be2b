//! Opening a screen: the RFB handshake, which ends at the gateway on both sides.
//!
//! The back end is brought all the way to its picture before the browser is answered, so that a
//! dead or strange hypervisor is told by HTTP and never shows as a hung page.

use std::time::Duration;

use oriel_domain::{BackEnd, EndReason};
use oriel_rfb::handshake::{self, ViewerStep};
use oriel_rfb::server_init::{ServerInit, ServerInitReader};
use oriel_ws::{ControlFrame, Deframer, Header};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::back_end::{CLIENT_INIT, Secured, reach, secure};
use crate::farewell::Ended;
use crate::net::BackEndStream;
use crate::session::Failure;

/// Most bytes read at once in a handshake. Its messages are far smaller.
const BUFFER: usize = 1024;

/// A back end that is ready to send its picture.
#[derive(Debug)]
pub(crate) struct Screen {
    pub stream: BackEndStream,
    pub init: ServerInit,
    /// What it sent after that.
    pub early: Vec<u8>,
}

/// Connects to a back end and brings it to its first picture.
pub(crate) async fn open(
    back_end: &BackEnd,
    connect: Duration,
    handshake: Duration,
) -> Result<Screen, Failure> {
    let enter = |stream| enter(stream, back_end);
    reach(back_end, connect, handshake, "no RFB handshake", enter).await
}

/// The gateway as the hypervisor's client: security, and the shared screen.
async fn enter(stream: BackEndStream, back_end: &BackEnd) -> Result<Screen, Failure> {
    let Secured {
        mut stream,
        begun,
        unread,
    } = secure(stream, back_end).await?;
    let mut buffer = vec![0; BUFFER];
    let mut unread = unread.as_slice();
    if !begun {
        let sent = stream.write_all(&CLIENT_INIT).await;
        sent.map_err(|error| Failure::of_back_end(&error))?;
    }
    let mut reader = ServerInitReader::new();
    loop {
        let done = reader
            .feed(&mut unread)
            .map_err(|error| Failure::new(EndReason::BackEndProtocol, error.to_string()))?;
        if let Some(init) = done {
            return Ok(Screen {
                early: unread.to_vec(),
                init,
                stream,
            });
        }
        let read = stream
            .read(&mut buffer)
            .await
            .map_err(|error| Failure::of_back_end(&error))?;
        if read == 0 {
            return Err(Failure::new(
                EndReason::BackEndClosed,
                "closed before its ServerInit",
            ));
        }
        unread = buffer.get(..read).unwrap_or_default();
    }
}

/// A browser that was greeted.
pub(crate) struct Greeted {
    /// Where its frames stand.
    pub deframer: Deframer,
    /// What it has sent for the back end already.
    pub early: Vec<u8>,
}

/// The gateway as the browser's server: 3.8, security None, and the screen that is already there.
/// Each message is a frame of its own: simple clients read one frame at a time. `received` is what
/// was read from the browser with its request.
pub(crate) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
    browser: &mut S,
    deframer: Deframer,
    received: Vec<u8>,
    init: ServerInit,
    limit: Duration,
) -> Result<Greeted, Ended> {
    in_time(
        limit,
        "no RFB handshake",
        greet_within(browser, deframer, received, init),
    )
    .await
}

/// A step of the browser's, which has so much time. `missing` says what there is not otherwise.
pub(crate) async fn in_time<T>(
    limit: Duration,
    missing: &str,
    step: impl Future<Output = Result<T, Ended>>,
) -> Result<T, Ended> {
    match tokio::time::timeout(limit, step).await {
        Ok(done) => done,
        Err(_) => {
            let detail = format!("{missing} within {limit:?}");
            Err(Failure::new(EndReason::ClientTimeout, detail).into())
        }
    }
}

async fn greet_within<S: AsyncRead + AsyncWrite + Unpin>(
    browser: &mut S,
    mut deframer: Deframer,
    mut received: Vec<u8>,
    init: ServerInit,
) -> Result<Greeted, Ended> {
    let mut viewer = handshake::Viewer::new();
    let mut early = Vec::new();
    loop {
        let decoded = deframer.push(&mut received);
        early.extend_from_slice(decoded.data);
        if let Some(ping) = &decoded.ping {
            write(browser, ControlFrame::pong(ping).as_bytes()).await?;
        }
        if let Some(end) = decoded.end {
            return Err(Ended::by_client(&end));
        }

        let mut unread = early.as_slice();
        loop {
            match viewer.feed(&mut unread) {
                Ok(ViewerStep::Need) => break,
                Ok(ViewerStep::Send(message)) => send(browser, message).await?,
                Ok(ViewerStep::Done { .. }) => {
                    send(browser, &init.with_short_name().to_bytes()).await?;
                    return Ok(Greeted {
                        deframer,
                        early: unread.to_vec(),
                    });
                }
                Err(error) => {
                    let farewell = error.farewell();
                    if !farewell.is_empty() {
                        send(browser, &farewell).await?;
                    }
                    return Err(Failure::new(EndReason::ClientProtocol, error.to_string()).into());
                }
            }
        }
        early = unread.to_vec();

        received.resize(BUFFER, 0);
        let read = browser
            .read(&mut received)
            .await
            .map_err(|error| Ended::client_lost(&error))?;
        if read == 0 {
            return Err(Failure::new(EndReason::ClientLost, "closed in the RFB handshake").into());
        }
        received.truncate(read);
    }
}

/// Sends one message in one frame.
pub(crate) async fn send<S: AsyncWrite + Unpin>(browser: &mut S, message: &[u8]) -> Result<(), Ended> {
    write(
        browser,
        &[Header::binary(message.len()).as_bytes(), message].concat(),
    )
    .await
}

/// Sends a frame.
pub(crate) async fn write<S: AsyncWrite + Unpin>(browser: &mut S, frame: &[u8]) -> Result<(), Ended> {
    let written = async {
        browser.write_all(frame).await?;
        browser.flush().await
    };
    written.await.map_err(|error| Ended::client_lost(&error))
}
