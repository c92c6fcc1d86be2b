//! The side channel: what a page learns of its session beside the console's own bytes.
//!
//! It tells states and not events: each message is the whole of what is known, so that whoever joins late, or misses
//! one, knows as much as everyone else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{HeaderValue, StatusCode};
use oriel_domain::EndReason;
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::client_of;
use super::page_call::{self, Refusal, no_store, read_call, refuse};
use crate::session::{Failure, Live, Status};
use crate::supervisor::look;
use crate::{Gateway, Inner};

/// How often a quiet side channel is written to, so that nothing on the way takes it for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Most side channels of one session: the page's, and one that it has lost and the gateway has not yet.
const MAX_STREAMS: u8 = 2;

/// What a page is told of its session.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionState {
    /// The session's id, as log and audit trail have it.
    session: String,
    /// `owner`, `peer` or `observer`.
    role: &'static str,
    /// Seconds until the session has lasted as long as one may, where there is a limit.
    remaining: Option<u64>,
    /// Seconds until it ends for want of use, once its viewer has to be warned.
    idle: Option<u64>,
    /// Milliseconds that the page's last answer to a ping took.
    round_trip: Option<f64>,
    /// Everyone who looks at the server through this gateway.
    viewers: Vec<Viewer>,
    /// Its end, which is the last that is told.
    end: Option<SessionEnd>,
}

#[derive(Serialize, ToSchema)]
struct Viewer {
    /// Missing where the user is of another project than the server.
    name: Option<Box<str>>,
    role: &'static str,
    /// Whether it is this page.
    own: bool,
    /// What it looks at: the types, such as `novnc`.
    consoles: Vec<&'static str>,
}

impl Viewer {
    /// Those who have these sessions. A page is one viewer, whatever it has open.
    fn all(sessions: &[Arc<Live>], own: &Live) -> Vec<Self> {
        let mut pages: Vec<(&Live, Self)> = Vec::new();
        for live in sessions {
            let kind = live.grant.console;
            let is_own = live.id == own.id;
            let of_page = |(other, _): &&mut (&Live, Self)| other.is_of_page(&live.token, live.page, kind);
            if let Some((_, viewer)) = pages.iter_mut().find(of_page) {
                viewer.own |= is_own;
                if !viewer.consoles.contains(&kind.name()) {
                    viewer.consoles.push(kind.name());
                }
            } else {
                let viewer = Self {
                    name: live.grant.user_name.clone(),
                    role: live.grant.role.name(),
                    own: is_own,
                    consoles: vec![kind.name()],
                };
                pages.push((live, viewer));
            }
        }
        pages.into_iter().map(|(_, viewer)| viewer).collect()
    }
}

#[derive(Serialize, ToSchema)]
struct SessionEnd {
    /// The reason's name.
    reason: &'static str,
    /// Who took over, where somebody did and may be named.
    by: Option<Box<str>>,
    /// When, in RFC 3339.
    at: String,
}

/// A place among a session's side channels.
struct Place(Arc<Live>);

impl Place {
    fn take(live: &Arc<Live>) -> Option<Self> {
        let one_more = |streams| (streams < MAX_STREAMS).then_some(streams + 1);
        let streams: &AtomicU8 = &live.streams;
        streams
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()
            .map(|_| Self(Arc::clone(live)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One open side channel.
struct Channel {
    inner: Arc<Inner>,
    place: Place,
    status: watch::Receiver<Status>,
    ended: bool,
}

impl Channel {
    /// What is written next, and none after the end.
    async fn next(mut self) -> Option<(Result<Event, axum::Error>, Self)> {
        if self.ended {
            return None;
        }
        self.status.changed().await.ok()?;
        // Copied: whoever changes a status holds the register, which is asked for the other viewers.
        let status = self.status.borrow_and_update().clone();
        self.ended = status.told.is_some();
        let told = self.inner.describe(&self.place.0, &status);
        Some((Event::default().json_data(told), self))
    }
}

impl Inner {
    fn describe(&self, live: &Live, status: &Status) -> SessionState {
        let longest = self.settings.longest_session;
        let viewers = self.sessions.viewers(live.grant.server);
        SessionState {
            session: live.id.to_string(),
            role: live.grant.role.name(),
            remaining: longest.map(|longest| longest.saturating_sub(live.traffic.age()).as_secs()),
            idle: status
                .idle_until
                .map(|until| until.saturating_duration_since(Instant::now()).as_secs()),
            round_trip: status.round_trip.map(|took| took.as_secs_f64() * 1000.0),
            viewers: Viewer::all(&viewers, live),
            end: status.told.as_ref().map(|told| SessionEnd {
                reason: told.reason.name(),
                by: told.by.clone(),
                at: told.at.format(&Rfc3339).unwrap_or_default(),
            }),
        }
    }

    /// The live session of the page that asks. It has to show the same as for its console: the link's token, and the
    /// cookie of the browser that used it.
    pub(super) async fn session_of(
        &self,
        parts: &http::request::Parts,
        body: Body,
    ) -> Result<Arc<Live>, Failure> {
        self.check_origin(parts)?;
        let call = read_call(&parts.headers, body).await?;
        let claim = self.redeem_apart(&call.token, &parts.headers).await?;
        let live = self
            .sessions
            .of_page(claim.grant.server, &claim.token, call.page, call.console);
        // A token that nobody has used yet has no session, and must not be used up by this.
        claim.give_back().await;
        live.ok_or_else(|| EndReason::NoSession.into())
    }
}

/// What happens to a page's session, as it happens.
///
/// A stream of server-sent events without names. Each `data` is the whole state; the last one has `end`, and then the
/// stream ends. Only the browser that has the console may ask.
#[utoipa::path(post, path = "/oriel/v1/console/events", operation_id = "console_events", tag = "gateway",
    request_body = page_call::OpenConsole,
    responses(
        (status = 200, description = "The states, one after the other", body = SessionState, content_type = "text/event-stream",
            headers(("Cache-Control" = String))),
        (status = 400, description = "The body is not what the call asks for", body = Refusal),
        (status = 401, description = "No token came, or nobody was given it, or its time is over", body = Refusal),
        (status = 403, description = "The page is not one that may, or another browser has used the token", body = Refusal),
        (status = 404, description = "The page has no live session", body = Refusal),
        (status = 408, description = "The body did not come in time", body = Refusal),
        (status = 429, description = "The session has as many side channels as it may", body = Refusal),
        (status = 500, description = "Something broke inside", body = Refusal),
    ),
)]
pub(super) async fn events(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let opened = gateway.inner.session_of(&parts, body).await.and_then(|live| {
        let place = Place::take(&live).ok_or(EndReason::TooManyStreams)?;
        let mut status = live.status.subscribe();
        // The state as it is comes first.
        status.mark_changed();
        Ok(Channel {
            inner: Arc::clone(&gateway.inner),
            place,
            status,
            ended: false,
        })
    });
    match opened {
        Ok(channel) => {
            let states = Sse::new(stream::unfold(channel, Channel::next))
                .keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
            let mut response = no_store(states.into_response());
            // nginx would keep it back otherwise.
            let headers = response.headers_mut();
            headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
            response
        }
        Err(failure) => refuse(failure, client_of(&parts)),
    }
}

/// The page's viewer is there, though quiet: the session is not idle.
#[utoipa::path(post, path = "/oriel/v1/console/stay", operation_id = "console_stay", tag = "gateway",
    request_body = page_call::OpenConsole,
    responses(
        (status = 204, description = "The session goes on", headers(("Cache-Control" = String))),
        (status = 400, description = "The body is not what the call asks for", body = Refusal),
        (status = 401, description = "No token came, or nobody was given it, or its time is over", body = Refusal),
        (status = 403, description = "The page is not one that may, or another browser has used the token", body = Refusal),
        (status = 404, description = "The page has no live session", body = Refusal),
        (status = 408, description = "The body did not come in time", body = Refusal),
        (status = 500, description = "Something broke inside", body = Refusal),
    ),
)]
pub(super) async fn stay(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match gateway.inner.session_of(&parts, body).await {
        Ok(live) => {
            live.traffic.touch();
            look(&live, &gateway.inner.settings, Instant::now());
            no_store(StatusCode::NO_CONTENT.into_response())
        }
        Err(failure) => refuse(failure, client_of(&parts)),
    }
}
