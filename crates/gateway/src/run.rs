//! The session after its answer: greet the browser, relay, say farewell.

use std::sync::Arc;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use oriel_domain::EndReason;
use oriel_rfb::client_msg::DEFAULT_MAX_CUT_TEXT;
use oriel_ws::Deframer;

use crate::Inner;
use crate::farewell::{Ended, farewell};
use crate::net::ClientStream;
use crate::relay::Relay;
use crate::rules::{Filter, Rules};
use crate::screen::{self, Greeted, Screen};
use crate::session::{Failure, Session};

/// Largest message from a browser, in bytes: more than the largest clipboard that a back end takes.
const MAX_MESSAGE: u64 = 16 * 1024 * 1024;

/// What every viewer may do.
const RULES: Rules = Rules {
    input: true,
    clipboard_to_server: true,
    clipboard_to_client: true,
    resize: true,
    power: false,
    audio: true,
    max_cut_text: DEFAULT_MAX_CUT_TEXT,
};

/// The session after its answer: greet the browser, relay, say farewell.
pub(crate) async fn run(
    inner: Arc<Inner>,
    upgrade: OnUpgrade,
    session: Session,
    screen: Screen,
    coded: bool,
) {
    let (mut browser, received) = match browser_stream(upgrade).await {
        Ok(browser) => browser,
        Err(failure) => return session.end(failure),
    };
    let settings = &inner.settings;
    let live = Arc::clone(&session.live);
    let deframer = Deframer::new(MAX_MESSAGE);
    let greeted = tokio::select! {
        greeted = screen::greet(&mut browser, deframer, received, screen.init, settings.handshake_timeout) => greeted,
        reason = live.told_to_end() => Err(reason.into()),
    };
    let (ended, browser, unsent) = match greeted {
        Err(ended) => (ended, browser, Vec::new()),
        Ok(Greeted { deframer, early }) => {
            let filter = Some(Filter::new(RULES));
            let mut relay = Relay::new(
                browser,
                screen.stream,
                deframer,
                filter,
                settings.ping_interval,
                &live.traffic,
            );
            let ended = match relay.start_with(&screen.early, &early) {
                Err(failure) => failure.into(),
                Ok(()) => tokio::select! {
                    ended = relay.run() => ended,
                    reason = live.told_to_end() => reason.into(),
                    reason = too_long(settings.longest_session) => reason.into(),
                },
            };
            let (browser, unsent) = relay.into_browser();
            (ended, browser, unsent)
        }
    };
    farewell(browser, unsent, &ended, coded).await;
    session.end(ended.failure);
}

async fn too_long(longest: Option<Duration>) -> EndReason {
    match longest {
        Some(longest) => tokio::time::sleep(longest).await,
        None => std::future::pending().await,
    }
    EndReason::SessionTooLong
}

/// Tells our own page at once why nothing opens.
pub(crate) async fn close_at_once(upgrade: OnUpgrade, reason: EndReason) {
    if let Ok((browser, _)) = browser_stream(upgrade).await {
        farewell(browser, Vec::new(), &Ended::from(reason), true).await;
    }
}

/// The browser's socket itself, out of the hands of HTTP, and what was read from it already.
async fn browser_stream(upgrade: OnUpgrade) -> Result<(ClientStream, Vec<u8>), Failure> {
    let upgraded = upgrade
        .await
        .map_err(|error| Failure::new(EndReason::ClientLost, error.to_string()))?;
    Ok(match downcast::<TokioIo<ClientStream>>(upgraded) {
        Ok(parts) => (parts.io.into_inner(), parts.read_buf.to_vec()),
        // One stream of several on an HTTP/2 connection, which stays in the hands of HTTP.
        Err(stream) => (ClientStream::Http2(Box::new(TokioIo::new(stream))), Vec::new()),
    })
}
