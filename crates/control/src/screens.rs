//! Who may see a server's screen without opening its console.
//!
//! Control decides that and no more: the picture is the gateway's to take, and neither knows of the other.

mod allowance;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::request::Parts;
use oriel_domain::{Principal, Server, ServerId};
use time::OffsetDateTime;

use self::allowance::Allowance;
use crate::Control;
use crate::body::BodyError;
use crate::consoles::ConsoleError;
use crate::identity::request::Nobody;
use crate::identity::signature::Refusal;
use crate::identity::{IdentityError, Locked};
use crate::policy::{Forbidden, Rule, Target};

/// Whose screens are shown: nobody's, unless the operator wants that.
#[derive(Debug, Clone, Default)]
pub(crate) struct Screens {
    allowance: Option<Arc<Allowance>>,
}

/// A screen that may be seen.
#[derive(Debug)]
pub struct SeenScreen {
    /// Who sees it.
    pub principal: Principal,
    /// The server whose it is. It has a screen, and is up as far as is known.
    pub server: Arc<Server>,
}

/// Why a screen is not shown.
#[derive(Debug, thiserror::Error)]
pub enum NotSeen {
    /// Neither a token nor a signature came, or one that is not good.
    #[error("{0}")]
    Unauthenticated(String),
    /// The access key has failed too often.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// Nobody can say who asks.
    #[error("nobody can say now who asks: try again in {} seconds", .0.as_secs())]
    IdentityBusy(Duration),
    /// The body was too long.
    #[error("the request's body is too long: the call needs none")]
    BodyTooLong,
    /// The body did not come.
    #[error("the request's body did not come: the call needs none")]
    BodyLost,
    /// The operator wants none of it.
    #[error("screenshots are switched off here (screenshots.enabled)")]
    Off,
    /// Who asks has asked too often.
    #[error("you have asked for as many screenshots as one user may: try again in {} seconds", .0.as_secs())]
    TooMany(Duration),
    /// There is no such server, as far as who asks may know.
    #[error("there is no such server")]
    NoSuchServer,
    /// A rule forbids it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The server shows nothing at this time.
    #[error("{0}")]
    NotUp(ConsoleError),
    /// The server has no screen.
    #[error("{0}")]
    NoScreen(ConsoleError),
    /// Something broke inside. The log has the cause.
    #[error("something broke inside")]
    Internal,
}

impl Control {
    /// The same control plane, which lets each user see so many screenshots a minute. Without, it lets nobody see any.
    #[must_use]
    pub fn showing_screens(mut self, per_minute: NonZeroU32) -> Self {
        self.screens.allowance = Some(Arc::new(Allowance::new(per_minute)));
        self
    }

    /// The server of this id, if whoever sent the request may see its screen now. Another project's server is as absent as
    /// one that never was.
    pub async fn may_see_screen(
        &self,
        parts: &Parts,
        body: Body,
        server: &str,
    ) -> Result<SeenScreen, NotSeen> {
        let now = OffsetDateTime::now_utc();
        // 1. Who asks?
        let (principal, _) = self.identity.caller_of(parts, body, now).await?;
        // 2. Are there screenshots at all, and for somebody who asks so often?
        let allowance = self.screens.allowance.as_ref().ok_or(NotSeen::Off)?;
        let spent = allowance.spend(&principal.user.id, Instant::now());
        spent.map_err(NotSeen::TooMany)?;
        // 3. Is it there, as far as they may know, and may they?
        let server = ServerId::from_canonical(server).and_then(|id| self.consoles.server(&principal, id));
        let server = server.ok_or(NotSeen::NoSuchServer)?;
        self.policy
            .check(Rule::Screenshot, &principal, Target::of(&server))?;
        // 4. Has it anything to show?
        match self.consoles.check_screen(&server) {
            Ok(()) => Ok(SeenScreen { principal, server }),
            Err(
                error @ (ConsoleError::NotServed(_)
                | ConsoleError::NoConsoles(_)
                | ConsoleError::NoSuchConsole(_)),
            ) => Err(NotSeen::NoScreen(error)),
            Err(error) => Err(NotSeen::NotUp(error)),
        }
    }

    /// Where to get a token, as a 401 has to say it in `WWW-Authenticate` (RFC 9110 section 11.6.1).
    pub fn challenge(&self) -> String {
        self.identity.challenge()
    }
}

impl From<Nobody> for NotSeen {
    fn from(nobody: Nobody) -> Self {
        match nobody {
            Nobody::Anonymous => {
                Self::Unauthenticated("no X-Auth-Token came along, and no signature: log in first".into())
            }
            Nobody::Token => {
                Self::Unauthenticated("the token in X-Auth-Token is not valid: log in again".into())
            }
            Nobody::Signature(Refusal::Locked(locked)) => locked.into(),
            Nobody::Signature(refusal) => Self::Unauthenticated(refusal.to_string()),
            Nobody::Body(BodyError::TooLong) => Self::BodyTooLong,
            Nobody::Body(BodyError::TooSlow | BodyError::Broken) => Self::BodyLost,
            Nobody::Identity(IdentityError::Busy) => Self::IdentityBusy(Duration::from_secs(1)),
            Nobody::Identity(IdentityError::Keystone(error)) => {
                tracing::warn!(%error, "a token could not be validated");
                Self::IdentityBusy(Duration::from_secs(1))
            }
            Nobody::Identity(error) => {
                tracing::error!(%error, "nobody could say who asks");
                Self::Internal
            }
        }
    }
}
