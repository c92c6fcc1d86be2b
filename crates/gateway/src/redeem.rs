//! From a request to the grant that it may use: find the token, find the browser's secret, redeem.

use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use oriel_domain::{ConsoleKind, ConsoleToken, Digest, EndReason, Grant, ResumeSecret, SessionId, Uses};
use oriel_store::{Opening, Store};
use time::OffsetDateTime;
use tokio_util::task::TaskTracker;

use crate::Inner;
use crate::session::{Failure, Live, PageId};

/// A grant in use. Unless it is kept, its drop gives the token back: an opening that fails, or whose
/// browser leaves in the middle of it, must not use up somebody's link.
#[derive(Debug)]
pub(crate) struct Claim {
    pub token: Digest,
    pub grant: Grant,
    /// The session that was recorded as the token was redeemed for it.
    pub recorded: Option<SessionId>,
    /// The secret that was made for this browser just now, where one was.
    fresh: Option<ResumeSecret>,
    store: Store,
    tasks: TaskTracker,
}

impl Claim {
    /// Which of the grant's consoles it is for: from here on that is the console of its grant. Without a choice it is
    /// the link's own. A choice that the grant does not have is refused, and nothing is used up.
    pub async fn choose(mut self, console: Option<ConsoleKind>) -> Result<Self, EndReason> {
        if self.grant.choose(console) {
            return Ok(self);
        }
        self.give_back().await;
        Err(EndReason::ConsoleNotGranted)
    }

    /// Keeps the token used, and returns the secret that the browser must be handed.
    pub fn keep(mut self) -> Option<ResumeSecret> {
        self.fresh.take()
    }

    /// Gives the token back, if this request was the one that used it.
    pub async fn give_back(mut self) {
        if let Some(fresh) = self.fresh.take() {
            give_back(&self.store, &self.token, &fresh, self.recorded).await;
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(fresh) = self.fresh.take() {
            let (store, token, recorded) = (self.store.clone(), self.token, self.recorded);
            self.tasks
                .spawn(async move { give_back(&store, &token, &fresh, recorded).await });
        }
    }
}

async fn give_back(store: &Store, token: &Digest, fresh: &ResumeSecret, recorded: Option<SessionId>) {
    if let Err(error) = store.unredeem(token, &fresh.digest(), recorded).await {
        tracing::error!(grant = %token.short(), %error, "a token could not be given back");
    }
}

impl Inner {
    /// Redeems the token of a request, or lets the browser that has redeemed it come back.
    ///
    /// The session that it is for, if any, is recorded in the same step where it is the first of its token. This must not
    /// be dropped half way, since the store would go on without anybody to give the token back.
    pub(crate) fn redeem(
        &self,
        token: &ConsoleToken,
        headers: &HeaderMap,
        opening: Option<Opening>,
    ) -> impl Future<Output = Result<Claim, Failure>> + Send + 'static {
        let token = token.digest();
        let resume = self.resume_of(&token, headers);
        let (store, resume_for) = (self.store.clone(), self.settings.resume_for);
        let tasks = self.sessions.tasks();
        async move {
            let now = OffsetDateTime::now_utc();
            let session = opening.as_ref().map(|opening| opening.id);
            let redeemed = store
                .redeem(&token, resume.as_ref(), resume_for, now, opening)
                .await?
                .map_err(EndReason::from)?;
            Ok(Claim {
                token,
                grant: redeemed.grant,
                recorded: session.filter(|_| redeemed.recorded),
                fresh: redeemed.resume,
                store,
                tasks,
            })
        }
    }

    /// The same for a request whose future goes with a browser that leaves: on its own, and the claim that nobody waits
    /// for gives the token back when it is dropped.
    pub(crate) async fn redeem_apart(
        &self,
        token: &ConsoleToken,
        headers: &HeaderMap,
    ) -> Result<Claim, Failure> {
        let redeeming = self.sessions.tasks().spawn(self.redeem(token, headers, None));
        redeeming
            .await
            .map_err(|error| Failure::new(EndReason::Internal, error.to_string()))?
    }

    /// Whether a request comes from whom a session belongs to: the browser that has redeemed its token, or, where a
    /// token is good for many openings and no browser is told from another, whoever has the token.
    pub(crate) async fn check_owner(&self, live: &Live, parts: &Parts) -> Result<(), Failure> {
        if live.grant.uses == Uses::Many {
            let token = token_of(parts.uri.query(), &parts.headers)?;
            return if token.digest() == live.token {
                Ok(())
            } else {
                Err(EndReason::TokenUnknown.into())
            };
        }
        let resume = self.resume_of(&live.token, &parts.headers);
        let resume = resume.ok_or(EndReason::TokenUsed)?;
        let now = OffsetDateTime::now_utc();
        let redeemed = self
            .store
            .redeem(&live.token, Some(&resume), self.settings.resume_for, now, None)
            .await?;
        redeemed
            .map(drop)
            .map_err(|refused| EndReason::from(refused).into())
    }

    /// The cookie that hands a browser its secret: for this origin alone (`__Host-`), out of reach
    /// of scripts, and never sent along from another site. Where other sites may show the console in
    /// a frame, a strict cookie would not be sent from there: it is then partitioned (CHIPS), so that
    /// a browser sends it from below the site where it was set and from no other.
    pub(crate) fn resume_cookie(&self, token: &Digest, secret: &ResumeSecret) -> Option<HeaderValue> {
        let name = self.cookie_name(token);
        let sent_from = match (self.settings.secure, self.settings.framed) {
            (true, true) => "SameSite=None; Secure; Partitioned",
            (true, false) => "SameSite=Strict; Secure",
            (false, _) => "SameSite=Strict",
        };
        let max_age = self.settings.resume_for.whole_seconds();
        let text = format!(
            "{name}={}; Path=/; Max-Age={max_age}; HttpOnly; {sent_from}",
            secret.expose()
        );
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The digest of the secret with which a browser comes back to a token.
    fn resume_of(&self, token: &Digest, headers: &HeaderMap) -> Option<Digest> {
        let secret: ResumeSecret = cookie(headers, &self.cookie_name(token))?.parse().ok()?;
        Some(secret.digest())
    }

    /// One cookie a grant, so that consoles of several servers live side by side in a browser.
    fn cookie_name(&self, token: &Digest) -> String {
        let prefix = if self.settings.secure { "__Host-" } else { "" };
        format!("{prefix}oriel-{}", token.short())
    }
}

/// The token of a WebSocket request, where existing pages and programs put it: the last `token`
/// of the query, else the last `token` cookie.
pub(crate) fn token_of(query: Option<&str>, headers: &HeaderMap) -> Result<ConsoleToken, EndReason> {
    let in_query = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .filter(|(name, value)| name == "token" && !value.is_empty())
        .last()
        .map(|(_, value)| value.into_owned());
    // Some clients send the whole query of the link as the cookie.
    let token = in_query.or_else(|| {
        cookie(headers, "token").map(|value| value.split('&').next().unwrap_or_default().to_owned())
    });
    token
        .ok_or(EndReason::TokenMissing)?
        .parse()
        .map_err(|_| EndReason::TokenUnknown)
}

/// Which console a WebSocket's address chooses: the last `console` of the query.
pub(crate) fn choice_of(query: Option<&str>) -> Result<Option<ConsoleKind>, EndReason> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .filter(|(name, value)| name == "console" && !value.is_empty())
        .last()
        .map(|(_, value)| chosen(&value))
        .transpose()
}

/// The console that a request chooses by its type, such as `serial`. No grant has one that has no name.
pub(crate) fn chosen(name: &str) -> Result<ConsoleKind, EndReason> {
    name.parse().map_err(|_| EndReason::ConsoleNotGranted)
}

/// What a page calls itself in its WebSocket's address.
pub(crate) fn page_of(query: Option<&str>) -> Option<PageId> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .filter(|(name, _)| name == "page")
        .last()
        .and_then(|(_, value)| PageId::parse(&value))
}

/// The last cookie of this name.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"'))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df";
    const B: &str = "11111111-2222-4333-8444-555555555555";

    fn token(query: Option<&str>, cookie: Option<&str>) -> Result<String, EndReason> {
        let mut headers = HeaderMap::new();
        if let Some(cookie) = cookie {
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        token_of(query, &headers).map(|token| token.expose().to_owned())
    }

    #[test]
    fn a_token_is_found_where_pages_and_programs_put_it() {
        assert_eq!(
            token(Some(&format!("token={B}&token={A}")), None).as_deref(),
            Ok(A)
        );
        assert_eq!(
            token(Some("lang=EN"), Some(&format!("x=y; token={A}"))).as_deref(),
            Ok(A)
        );
        assert_eq!(token(None, Some(&format!("token={A}&lang=EN"))).as_deref(), Ok(A));
        assert_eq!(
            token(Some(&format!("token={A}")), Some(&format!("token={B}"))).as_deref(),
            Ok(A)
        );
        assert_eq!(token(None, None), Err(EndReason::TokenMissing));
        assert_eq!(token(Some("token="), None), Err(EndReason::TokenMissing));
        assert_eq!(token(Some("token=nonsense"), None), Err(EndReason::TokenUnknown));
    }
}
