//! Opening a console: origin, token, back end. All that can fail is tried here, before the browser is answered.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, header};
use oriel_domain::{BackEnd, EndReason, Protocol, Server};

use crate::Inner;
use crate::http::{ClientAddress, ReachedBy};
use crate::redeem::{Claim, token_of};
use crate::screen::{self, Screen};
use crate::session::{Failure, Session};

/// A session that is ready to relay.
pub(crate) struct Opened {
    pub session: Session,
    pub screen: Screen,
    pub cookie: Option<HeaderValue>,
}

impl Inner {
    /// Origin, token, back end: the steps before the first byte is relayed.
    pub(crate) async fn open(&self, parts: &Parts, client: ClientAddress) -> Result<Opened, Failure> {
        let slot = self.sessions.admit()?;
        self.check_origin(parts)?;
        let token = token_of(parts.uri.query(), &parts.headers)?;
        let claim = self.redeem(&token, &parts.headers).await?;
        let connected = async {
            let (_, back_end) = self.locate(&claim)?;
            let settings = &self.settings;
            let screen =
                screen::open(&back_end, settings.connect_timeout, settings.handshake_timeout).await?;
            let session = self
                .sessions
                .begin(slot, claim.token, claim.grant.clone(), client)
                .await?;
            Ok((session, screen))
        };
        match connected.await {
            Ok((session, screen)) => {
                let token = claim.token;
                let cookie = claim
                    .keep()
                    .and_then(|secret| self.resume_cookie(&token, &secret));
                Ok(Opened {
                    session,
                    screen,
                    cookie,
                })
            }
            Err(failure) => {
                claim.give_back().await;
                Err(failure)
            }
        }
    }

    /// The grant's server, if it is still there and still belongs to whom it belonged.
    pub(crate) fn locate(&self, claim: &Claim) -> Result<(Arc<Server>, BackEnd), EndReason> {
        let server = self
            .inventory
            .server(claim.grant.server)
            .ok_or(EndReason::ServerGone)?;
        if server.project != claim.grant.project || !server.present || server.host.is_none() {
            return Err(EndReason::ServerGone);
        }
        match (
            claim.grant.console.protocol(),
            server.consoles.get(&claim.grant.console),
        ) {
            (Protocol::Vnc, Some(back_end)) => Ok((Arc::clone(&server), back_end.clone())),
            _ => Err(EndReason::ConsoleGone),
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
