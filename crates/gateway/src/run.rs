//! The session after its answer: greet the browser, relay, say farewell.

use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use oriel_domain::EndReason;
use oriel_spice::Channel;
use oriel_ws::Deframer;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::farewell::{Ended, farewell};
use crate::net::ClientStream;
use crate::open::Console;
use crate::relay::{Down, MaybeRaw, Relay, Unread};
use crate::rules::{Filter, Rules};
use crate::screen::{self, Greeted, Screen, in_time};
use crate::serial::Viewer;
use crate::session::{Failure, Live, Session};
use crate::spice::{self, Linked, Waiting};
use crate::{GatewaySettings, Inner};

/// Largest message from a browser, in bytes: more than the largest clipboard that a back end takes.
const MAX_MESSAGE: u64 = 16 * 1024 * 1024;

/// The session after its answer: greet the browser, relay, say farewell.
pub(crate) async fn run(
    inner: Arc<Inner>,
    upgrade: OnUpgrade,
    session: Session,
    console: Console,
    coded: bool,
) {
    // A client that reads none of its answers must not keep the session from whatever ends it.
    let limit = inner.settings.handshake_timeout;
    let handed_over = in_time(limit, "no WebSocket", browser_stream(upgrade));
    let (browser, received) = match unless_told(&session.live, handed_over).await {
        Ok(browser) => browser,
        Err(ended) => return session.end(ended.failure),
    };
    let parts = Parts {
        browser,
        received,
        settings: &inner.settings,
        live: &session.live,
    };
    let (ended, browser, unsent) = match console {
        Console::Screen(screen) => parts.show(screen).await,
        Console::Serial(mut viewer) => {
            if coded {
                viewer.mark_past();
            }
            parts.join(viewer).await
        }
        Console::Spice(waiting) => parts.link(waiting).await,
    };
    farewell(browser, unsent, &ended, coded).await;
    session.end(ended.failure);
}

/// How a session ended, the browser, and the rest of the frame that it must get before any other.
type Outcome = (Ended, ClientStream, Vec<u8>);

/// What a session is made of, whatever it shows.
struct Parts<'a> {
    browser: ClientStream,
    /// What was read from the browser with its request.
    received: Vec<u8>,
    settings: &'a GatewaySettings,
    live: &'a Live,
}

impl Parts<'_> {
    /// A screen: greeted first, and held to its rules.
    async fn show(mut self, screen: Screen) -> Outcome {
        let deframer = Deframer::new(MAX_MESSAGE);
        let rules = Rules::of(self.settings.rights, self.live.grant.role);
        let form = Down::new(&rules, &screen.init);
        let limit = self.settings.handshake_timeout;
        let greeted = screen::greet(&mut self.browser, deframer, self.received, screen.init, limit);
        let Greeted { deframer, early } = match unless_told(self.live, greeted).await {
            Ok(greeted) => greeted,
            Err(ended) => return (ended, self.browser, Vec::new()),
        };
        let relay = relay(self.settings, self.live, self.browser, screen.stream, deframer);
        let mut relay = relay.of_screen(Filter::new(rules), form);
        let ended = relay.start_with(screen.early, &early).err().map(Ended::from);
        relay_to_end(self.live, relay, ended).await
    }

    /// A serial line, whose bytes are no messages.
    async fn join(mut self, viewer: Viewer) -> Outcome {
        let deframer = Deframer::new(MAX_MESSAGE);
        let mut relay = relay(self.settings, self.live, self.browser, viewer, deframer);
        let ended = relay.start_with_frames(&mut self.received);
        relay_to_end(self.live, relay, ended).await
    }

    /// A channel of SPICE, which passes unread behind its link.
    async fn link(mut self, waiting: Waiting) -> Outcome {
        let deframer = Deframer::new(MAX_MESSAGE);
        let limit = self.settings.handshake_timeout;
        let linked = spice::link(&mut self.browser, deframer, self.received, waiting, limit);
        let Linked {
            stream,
            channel,
            deframer,
            early,
        } = match unless_told(self.live, linked).await {
            Ok(linked) => linked,
            Err(ended) => return (ended, self.browser, Vec::new()),
        };
        let unread = if channel == Channel::INPUTS {
            Unread::Hand
        } else {
            Unread::Page
        };
        let mut relay = relay(self.settings, self.live, self.browser, stream, deframer).of_unread(unread);
        let ended = relay.start_with(Vec::new(), &early).err().map(Ended::from);
        relay_to_end(self.live, relay, ended).await
    }
}

/// A step on the way to the relay, unless the session is told to end meanwhile.
async fn unless_told<T>(live: &Live, step: impl Future<Output = Result<T, Ended>>) -> Result<T, Ended> {
    tokio::select! {
        done = step => done,
        reason = live.told_to_end() => Err(reason.into()),
    }
}

/// A browser and a back end, joined as the operator's settings say.
fn relay<'a, H: AsyncRead + AsyncWrite + MaybeRaw + Unpin>(
    settings: &GatewaySettings,
    live: &'a Live,
    browser: ClientStream,
    back_end: H,
    deframer: Deframer,
) -> Relay<'a, ClientStream, H> {
    Relay::new(browser, back_end, deframer, settings.ping_interval, &live.traffic).limited(settings.max_rate)
}

/// Relays until one side ends it, or somebody else does.
async fn relay_to_end<H: AsyncRead + AsyncWrite + MaybeRaw + Unpin>(
    live: &Live,
    mut relay: Relay<'_, ClientStream, H>,
    ended: Option<Ended>,
) -> Outcome {
    let ended = match ended {
        Some(ended) => ended,
        None => tokio::select! {
            ended = relay.run() => ended,
            reason = live.told_to_end() => reason.into(),
        },
    };
    let (browser, unsent) = relay.into_browser();
    (ended, browser, unsent)
}

/// Tells our own page at once why nothing opens.
pub(crate) async fn close_at_once(upgrade: OnUpgrade, reason: EndReason) {
    if let Ok((browser, _)) = browser_stream(upgrade).await {
        farewell(browser, Vec::new(), &Ended::from(reason), true).await;
    }
}

/// The browser's socket itself, out of the hands of HTTP, and what was read from it already.
async fn browser_stream(upgrade: OnUpgrade) -> Result<(ClientStream, Vec<u8>), Ended> {
    let upgraded = upgrade
        .await
        .map_err(|error| Failure::new(EndReason::ClientLost, error.to_string()))?;
    Ok(match downcast::<TokioIo<ClientStream>>(upgraded) {
        Ok(parts) => (parts.io.into_inner(), parts.read_buf.to_vec()),
        // One stream of several on an HTTP/2 connection, which stays in the hands of HTTP.
        Err(stream) => (ClientStream::Http2(Box::new(TokioIo::new(stream))), Vec::new()),
    })
}
