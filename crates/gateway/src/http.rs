//! The gateway's doors: the page's call that redeems its token, the WebSocket, and the text that is to be typed.

mod body;
mod events;
mod line_break;
mod page_call;
mod typing;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderValue, Method, Request as HttpRequest, StatusCode, Version, header};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use oriel_domain::EndReason;
use oriel_ws::handshake::{self, Accepted, HandshakeError};
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

pub use self::page_call::{openapi, refusal};
use crate::run::{close_at_once, run};
use crate::session::{Failure, log_end};
use crate::{Gateway, Inner};

/// The address of the browser, as the listener knows it. A listener puts it into each request's
/// extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// How the browser reached the first proxy in front, where a trusted one says so. A listener puts it
/// into a request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachedBy(pub Scheme);

/// The subprotocol of our own page. It carries the same bytes as `binary`; who asks for it gets
/// ends told in close codes.
const CODED: &str = "oriel.v1";
/// The subprotocol of every other noVNC.
const BINARY: &str = "binary";

impl Gateway {
    /// The gateway's routes, but for the WebSocket, which any path may open.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/oriel/v1/console", post(page_call::redeem_console))
            .route(
                "/oriel/v1/sessions/{id}/type",
                post(typing::start).get(typing::progress).delete(typing::cancel),
            )
            .route("/oriel/v1/console/events", post(events::events))
            .route("/oriel/v1/console/stay", post(events::stay))
            .route("/oriel/v1/console/break", post(line_break::send_break))
            .with_state(self.clone())
    }

    /// Whether a request wants a WebSocket.
    pub fn wants_websocket<B>(request: &HttpRequest<B>) -> bool {
        let upgrade = request.headers().get_all(header::UPGRADE);
        is_connect(request) || handshake::is_wanted(upgrade.iter().map(HeaderValue::as_bytes))
    }

    /// A session from its first request to its end.
    ///
    /// All that can fail is tried before the answer: a refusal is a plain HTTP status for programs
    /// and other pages, and a close code for our own page, since a browser hides the status of a
    /// refused WebSocket from the page that opened it.
    pub async fn open(&self, request: Request) -> Response {
        let accepted = match check_upgrade(&request) {
            Ok(accepted) => accepted,
            Err(error) => return refuse_upgrade(error),
        };
        let (mut parts, _) = request.into_parts();
        let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
            return StatusCode::UPGRADE_REQUIRED.into_response();
        };
        let (answer, answered) = oneshot::channel();
        let span = Span::current();
        let opening = open_apart(Arc::clone(&self.inner), parts, upgrade, accepted, answer, span);
        self.inner.sessions.spawn(opening);
        let lost = |_| status(EndReason::Internal).into_response();
        answered.await.unwrap_or_else(lost)
    }
}

/// The opening of a session in a task of its own, so that what it waits for wakes nothing else, and the session in
/// another, which keeps nothing of the room that this took. The browser's request waits for the `answer`; `span` is
/// its span.
async fn open_apart(
    inner: Arc<Inner>,
    parts: Parts,
    upgrade: OnUpgrade,
    accepted: Accepted,
    mut answer: oneshot::Sender<Response>,
    span: Span,
) {
    let client = client_of(&parts);
    let coded = accepted.subprotocol == Some(CODED);
    // Boxed, since a task is moved about before it runs, with all the room that it may need.
    let opening = inner
        .open(&parts, client, answer.closed())
        .instrument(span.clone());
    let opened = Box::pin(opening).await;
    // A browser that has left meanwhile takes no answer, and is found gone in the next step.
    match opened {
        Ok(opened) => {
            let mut response = switching_protocols(&accepted);
            if let Some(cookie) = opened.cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            let _ = answer.send(response);
            let run = run(Arc::clone(&inner), upgrade, opened.session, opened.console, coded);
            inner.sessions.spawn(run);
        }
        Err(failure) => {
            span.in_scope(|| log_refusal(&failure, client));
            if coded {
                let _ = answer.send(switching_protocols(&accepted));
                close_at_once(upgrade, failure.reason).await;
            } else {
                let mut response = status(failure.reason).into_response();
                tell_when_to_retry(&mut response);
                let _ = answer.send(response);
            }
        }
    }
}

/// The browser's address, as the listener put it there.
fn client_of(parts: &Parts) -> ClientAddress {
    let unknown = ClientAddress(IpAddr::from([0, 0, 0, 0]));
    parts.extensions.get().copied().unwrap_or(unknown)
}

/// Whether this is HTTP/2's way to a WebSocket: an extended CONNECT (RFC 8441).
fn is_connect<B>(request: &HttpRequest<B>) -> bool {
    let protocol = request.extensions().get::<Protocol>();
    request.method() == Method::CONNECT && protocol.is_some_and(|name| name.as_str() == handshake::UPGRADE)
}

fn check_upgrade(request: &Request) -> Result<Accepted, HandshakeError> {
    let headers = request.headers();
    let header = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let spoken = [CODED, BINARY];
    if is_connect(request) {
        return handshake::check_connect(header, &spoken);
    }
    let http_11 = request.version() == Version::HTTP_11;
    handshake::check(request.method().as_str(), http_11, header, &spoken)
}

fn refuse_upgrade(error: HandshakeError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, error.to_string()).into_response();
    if status == StatusCode::UPGRADE_REQUIRED {
        let version = HeaderValue::from_static(handshake::VERSION);
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_VERSION, version);
    }
    response
}

fn switching_protocols(accepted: &Accepted) -> Response {
    let mut response = Response::new(Body::empty());
    if let Some(accept) = &accepted.accept {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static(handshake::UPGRADE));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        if let Ok(accept) = HeaderValue::from_str(accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
    }
    let headers = response.headers_mut();
    if let Some(subprotocol) = accepted.subprotocol {
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(subprotocol),
        );
    }
    response
}

/// The status of a refusal for this reason.
pub fn status(reason: EndReason) -> StatusCode {
    StatusCode::from_u16(reason.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// When to come back to a gateway that takes nothing at this time, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

fn tell_when_to_retry(response: &mut Response) {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
}

fn log_refusal(failure: &Failure, client: ClientAddress) {
    let (reason, detail) = (failure.reason, &failure.detail);
    log_end!(reason, %reason, detail, %client, "a console was refused");
}
