//! Opening a console: origin, token, back end. All that can fail is tried here, before the browser is answered.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, header};
use oriel_domain::{BackEnd, ConsoleKind, EndReason, Grant, Protocol, Server, ViewerRole};

use crate::Inner;
use crate::http::{ClientAddress, ReachedBy};
use crate::redeem::{Claim, choice_of, page_of, token_of};
use crate::rules::Rules;
use crate::screen::{self, Screen};
use crate::serial::Viewer;
use crate::session::{Failure, Live, Session};
use crate::spice::{self, Waiting};

/// A back end that is ready to be relayed, of any kind that the gateway carries.
pub(crate) enum Console {
    Screen(Screen),
    Serial(Viewer),
    Spice(Waiting),
}

/// A session that is ready to relay.
pub(crate) struct Opened {
    pub session: Session,
    pub console: Console,
    pub cookie: Option<HeaderValue>,
}

impl Inner {
    /// Origin, token, back end: the steps before the first byte is relayed. `left` resolves when the browser leaves.
    ///
    /// It must not be dropped half way: see [`redeem`](Self::redeem).
    pub(crate) async fn open(
        &self,
        parts: &Parts,
        client: ClientAddress,
        left: impl Future<Output = ()>,
    ) -> Result<Opened, Failure> {
        let slot = self.sessions.admit()?;
        self.check_origin(parts)?;
        let token = token_of(parts.uri.query(), &parts.headers)?;
        let console = choice_of(parts.uri.query())?;
        let opening = self.sessions.opening(client, console);
        let session = opening.id;
        let claim = self.redeem(&token, &parts.headers, Some(opening)).await?;
        let claim = claim.choose(console).await?;
        let page = page_of(parts.uri.query());
        let connected = async {
            self.sessions.check_room(&claim.token, page, &claim.grant)?;
            let console = self.reach(&claim).await?;
            let live = Live::new(session, claim.token, claim.grant.clone(), page, client);
            let recorded = claim.recorded.is_some();
            let session = self.sessions.begin(slot, live, recorded).await?;
            Ok((session, console))
        };
        let connected = tokio::select! {
            connected = connected => connected,
            () = left => Err(Failure::new(EndReason::ClientLost, "left before it was answered")),
        };
        match connected {
            Ok((session, console)) => {
                let token = claim.token;
                let cookie = claim
                    .keep()
                    .and_then(|secret| self.resume_cookie(&token, &secret));
                Ok(Opened {
                    session,
                    console,
                    cookie,
                })
            }
            Err(failure) => {
                claim.give_back().await;
                Err(failure)
            }
        }
    }

    /// Connects to the console that a claim is for.
    async fn reach(&self, claim: &Claim) -> Result<Console, Failure> {
        let (server, back_end) = self.locate(&claim.grant)?;
        let settings = &self.settings;
        let (connect, handshake) = (settings.connect_timeout, settings.handshake_timeout);
        match claim.grant.console {
            ConsoleKind::Novnc => Ok(Console::Screen(
                screen::open(&back_end, connect, handshake).await?,
            )),
            ConsoleKind::Serial => Ok(Console::Serial(
                self.lines
                    .join(
                        &server,
                        &back_end,
                        claim.grant.role != ViewerRole::Observer,
                        connect,
                    )
                    .await?,
            )),
            ConsoleKind::SpiceHtml5 => {
                if !self.keeps_rules(&claim.grant, ConsoleKind::SpiceHtml5) {
                    return Err(EndReason::RulesUnkept.into());
                }
                Ok(Console::Spice(spice::open(&back_end, connect, handshake).await?))
            }
            ConsoleKind::SpiceDirect | ConsoleKind::Webmks => Err(EndReason::ConsoleGone.into()),
        }
    }

    /// Whether all that this viewer may not do can be kept from a console of this kind.
    pub(crate) fn keeps_rules(&self, grant: &Grant, kind: ConsoleKind) -> bool {
        kind.protocol() != Protocol::Spice || Rules::of(self.settings.rights, grant.role).are_free()
    }

    /// The grant's server, if it is still there and still belongs to whom it belonged.
    pub(crate) fn locate(&self, grant: &Grant) -> Result<(Arc<Server>, BackEnd), EndReason> {
        let server = self.inventory.server(grant.server).ok_or(EndReason::ServerGone)?;
        if server.project != grant.project || !server.present || server.host.is_none() {
            return Err(EndReason::ServerGone);
        }
        let kind = grant.console;
        match server.consoles.get(&kind).filter(|_| kind.is_carried()) {
            Some(back_end) => Ok((Arc::clone(&server), back_end.clone())),
            None => Err(EndReason::ConsoleGone),
        }
    }

    pub(crate) fn check_origin(&self, parts: &Parts) -> Result<(), Failure> {
        let reached_by = parts.extensions.get::<ReachedBy>().map(|by| &by.0);
        let rules = &self.settings.origins;
        if rules.admit(&parts.uri, &parts.headers, reached_by) {
            return Ok(());
        }
        let origin = parts.headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
        let origin = String::from_utf8_lossy(origin.unwrap_or_default());
        Err(Failure::new(EndReason::OriginRefused, format!("{origin:.200}")))
    }
}
