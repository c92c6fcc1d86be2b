//! The gateway's two doors: the page's call that redeems its token, and the WebSocket.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, Version, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use oriel_domain::{BackEnd, ConsoleKind, ConsoleToken, EndReason, Fault, Protocol, Server};
use oriel_ws::Deframer;
use oriel_ws::handshake::{self, Accepted, HandshakeError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{OpenApi, ToSchema};

use crate::farewell::{Ended, farewell};
use crate::net::ClientStream;
use crate::redeem::{Claim, token_of};
use crate::relay::Relay;
use crate::screen::{self, Greeted, Screen};
use crate::session::{Failure, Session, log_end};
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

/// The subprotocol of our own page. It carries the same bytes as `binary`; who asks for it gets
/// ends told in close codes.
const CODED: &str = "oriel.v1";
/// The subprotocol of every other noVNC.
const BINARY: &str = "binary";
/// Largest message from a browser, in bytes: more than the largest clipboard that a back end takes.
const MAX_MESSAGE: u64 = 16 * 1024 * 1024;
/// Largest body of the page's call, in bytes.
const MAX_BODY: usize = 4096;
/// How long a page may take to send it.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What a page sends to redeem its token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OpenConsole {
    /// The token of the link.
    token: String,
}

/// The console that a page's token opens.
#[derive(Serialize, ToSchema)]
struct OpenedConsole {
    console: ConsoleFacts,
}

#[derive(Serialize, ToSchema)]
struct ConsoleFacts {
    server: ServerFacts,
    /// The protocol, such as `vnc`.
    protocol: &'static str,
    /// The type, such as `novnc`.
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize, ToSchema)]
struct ServerFacts {
    id: String,
    name: String,
}

/// Why a page's token opens nothing.
#[derive(Serialize, ToSchema)]
struct Refusal {
    error: RefusalReason,
}

#[derive(Serialize, ToSchema)]
struct RefusalReason {
    /// The reason's name, as page, log and audit trail know it.
    code: &'static str,
    message: String,
}

#[derive(OpenApi)]
#[openapi(paths(redeem_console))]
struct Document;

/// The gateway's part of `/openapi.json`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

impl Gateway {
    /// The gateway's routes, but for the WebSocket, which any path may open.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/oriel/v1/console", post(redeem_console))
            .with_state(self.clone())
    }

    /// Whether a request wants a WebSocket.
    pub fn wants_websocket(headers: &HeaderMap) -> bool {
        let upgrade = headers.get_all(header::UPGRADE);
        handshake::is_wanted(upgrade.iter().map(HeaderValue::as_bytes))
    }

    /// A session from its first request to its end.
    ///
    /// All that can fail is tried before the answer: a refusal is a plain HTTP status for programs
    /// and other pages, and a close code for our own page, since a browser hides the status of a
    /// refused WebSocket from the page that opened it.
    pub async fn open(&self, request: Request) -> Response {
        let inner = &self.inner;
        let accepted = match check_upgrade(&request) {
            Ok(accepted) => accepted,
            Err(error) => return refuse_upgrade(error),
        };
        let (mut parts, _) = request.into_parts();
        let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
            return StatusCode::UPGRADE_REQUIRED.into_response();
        };
        let client = client_of(&parts);
        let coded = accepted.subprotocol == Some(CODED);

        match inner.open(&parts.uri, &parts.headers, client).await {
            Ok(opened) => {
                let mut response = switching_protocols(&accepted);
                if let Some(cookie) = opened.cookie {
                    response.headers_mut().append(header::SET_COOKIE, cookie);
                }
                let run = run(Arc::clone(inner), upgrade, opened.session, opened.screen, coded);
                inner.sessions.spawn(run);
                response
            }
            Err(failure) => {
                log_refusal(&failure, client);
                if !coded {
                    return status(failure.reason).into_response();
                }
                inner.sessions.spawn(close_at_once(upgrade, failure.reason));
                switching_protocols(&accepted)
            }
        }
    }
}

/// A session that is ready to relay.
struct Opened {
    session: Session,
    screen: Screen,
    cookie: Option<HeaderValue>,
}

impl Inner {
    /// Origin, token, back end: the steps before the first byte is relayed.
    async fn open(&self, uri: &Uri, headers: &HeaderMap, client: ClientAddress) -> Result<Opened, Failure> {
        let slot = self.sessions.admit()?;
        self.check_origin(uri, headers)?;
        let token = token_of(uri.query(), headers)?;
        let claim = self.redeem(&token, headers).await?;
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

    /// What the page's call does: origin, token, and whether the console is still there.
    async fn redeem_for_page(&self, parts: &Parts, body: Body) -> Result<(Claim, Arc<Server>), Failure> {
        self.check_origin(&parts.uri, &parts.headers)?;
        let token = read_token(&parts.headers, body).await?;
        let claim = self.redeem(&token, &parts.headers).await?;
        match self.locate(&claim) {
            Ok((server, _)) => Ok((claim, server)),
            Err(reason) => {
                claim.give_back().await;
                Err(reason.into())
            }
        }
    }

    /// The grant's server, if it is still there and still belongs to whom it belonged.
    fn locate(&self, claim: &Claim) -> Result<(Arc<Server>, BackEnd), EndReason> {
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

    fn check_origin(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
        if self.settings.origins.admit(uri, headers) {
            return Ok(());
        }
        let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
        let origin = String::from_utf8_lossy(origin.unwrap_or_default());
        Err(Failure::new(EndReason::OriginRefused, format!("{origin:.200}")))
    }
}

/// The page redeems its token and learns what it opens.
///
/// Only now is the token used up; fetching the page is free. The browser that redeemed it gets a cookie, with which it
/// may come back. The console itself is a WebSocket, at any path: `/websockify?token=...`.
#[utoipa::path(post, path = "/oriel/v1/console", operation_id = "redeem_console", tag = "gateway",
    request_body = OpenConsole,
    responses(
        (status = 200, description = "The console that the token opens", body = OpenedConsole,
            headers(("Set-Cookie" = String, description = "Lets this browser come back"), ("Cache-Control" = String))),
        (status = 400, description = "The body is not what the call asks for", body = Refusal),
        (status = 401, description = "No token came, or nobody was given it, or its time is over", body = Refusal),
        (status = 403, description = "The page is not one that may, or another browser has used the token", body = Refusal),
        (status = 404, description = "The server or its console is not there any more", body = Refusal),
        (status = 408, description = "The body did not come in time", body = Refusal),
        (status = 500, description = "Something broke inside", body = Refusal),
    ),
)]
async fn redeem_console(State(gateway): State<Gateway>, request: Request) -> Response {
    let inner = &gateway.inner;
    let (parts, body) = request.into_parts();
    match inner.redeem_for_page(&parts, body).await {
        Ok((claim, server)) => {
            let mut response = Json(describe(&server, claim.grant.console)).into_response();
            let token = claim.token;
            let cookie = claim
                .keep()
                .and_then(|secret| inner.resume_cookie(&token, &secret));
            if let Some(cookie) = cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            no_store(response)
        }
        Err(failure) => {
            log_refusal(&failure, client_of(&parts));
            // The details of what was sent wrongly help whoever sent it; those of what broke inside
            // are for the log alone.
            let message = match failure.reason {
                EndReason::ClientProtocol => failure.detail,
                reason => reason.describe().to_owned(),
            };
            let code = failure.reason.name();
            let refusal = Refusal {
                error: RefusalReason { code, message },
            };
            no_store((status(failure.reason), Json(refusal)).into_response())
        }
    }
}

/// The token in the body of the page's call. What is told of a bad body repeats nothing of it: it
/// may well be a token in the wrong place.
async fn read_token(headers: &HeaderMap, body: Body) -> Result<ConsoleToken, Failure> {
    let wrong = |detail: &str| Failure::new(EndReason::ClientProtocol, detail);
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    // No other site can send this type without asking first, which is half of the defence.
    if !essence.trim().eq_ignore_ascii_case("application/json") {
        return Err(wrong("the Content-Type must be application/json"));
    }
    let body = match tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, MAX_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err(wrong("the body is too long, or broke off")),
        Err(_) => return Err(EndReason::ClientTimeout.into()),
    };
    let body: OpenConsole =
        serde_json::from_slice(&body).map_err(|_| wrong("the body must be {\"token\": \"...\"}"))?;
    if body.token.is_empty() {
        return Err(EndReason::TokenMissing.into());
    }
    Ok(body.token.parse().map_err(|_| EndReason::TokenUnknown)?)
}

/// The browser's address, as the listener put it there.
fn client_of(parts: &Parts) -> ClientAddress {
    let unknown = ClientAddress(IpAddr::from([0, 0, 0, 0]));
    parts.extensions.get().copied().unwrap_or(unknown)
}

fn describe(server: &Server, kind: ConsoleKind) -> OpenedConsole {
    OpenedConsole {
        console: ConsoleFacts {
            server: ServerFacts {
                id: server.id.to_string(),
                name: server.name.clone(),
            },
            protocol: kind.protocol().name(),
            kind: kind.name(),
        },
    }
}

fn no_store(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn check_upgrade(request: &Request) -> Result<Accepted, HandshakeError> {
    let headers = request.headers();
    handshake::check(
        request.method().as_str(),
        request.version() == Version::HTTP_11,
        |name| headers.get_all(name).iter().map(HeaderValue::as_bytes),
        &[CODED, BINARY],
    )
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
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static(handshake::UPGRADE));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(&accepted.accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(subprotocol) = accepted.subprotocol {
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(subprotocol),
        );
    }
    response
}

fn status(reason: EndReason) -> StatusCode {
    StatusCode::from_u16(reason.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn log_refusal(failure: &Failure, client: ClientAddress) {
    let (reason, detail) = (failure.reason, &failure.detail);
    log_end!(reason, %reason, detail, %client, "a console was refused");
}

/// The session after its answer: greet the browser, relay, say farewell.
async fn run(inner: Arc<Inner>, upgrade: OnUpgrade, mut session: Session, screen: Screen, coded: bool) {
    let (mut browser, received) = match browser_stream(upgrade).await {
        Ok(browser) => browser,
        Err(failure) => return session.end(failure),
    };
    let settings = &inner.settings;
    let deframer = Deframer::new(MAX_MESSAGE);
    let greeted = tokio::select! {
        greeted = screen::greet(&mut browser, deframer, received, screen.init, settings.handshake_timeout) => greeted,
        reason = session.told_to_end() => Err(reason.into()),
    };
    let (ended, browser, unsent) = match greeted {
        Err(ended) => (ended, browser, Vec::new()),
        Ok(Greeted { deframer, early }) => {
            let carried = Arc::clone(&session.carried);
            let mut relay = Relay::new(browser, screen.stream, deframer, settings.ping_interval, &carried);
            relay.start_with(&screen.early, &early);
            let ended = tokio::select! {
                ended = relay.run() => ended,
                reason = session.told_to_end() => reason.into(),
                reason = too_long(settings.longest_session) => reason.into(),
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
async fn close_at_once(upgrade: OnUpgrade, reason: EndReason) {
    if let Ok((browser, _)) = browser_stream(upgrade).await {
        farewell(browser, Vec::new(), &Ended::from(reason), true).await;
    }
}

/// The browser's socket itself, out of the hands of HTTP, and what was read from it already.
async fn browser_stream(upgrade: OnUpgrade) -> Result<(ClientStream, Vec<u8>), Failure> {
    let upgraded = upgrade
        .await
        .map_err(|error| Failure::new(EndReason::ClientLost, error.to_string()))?;
    let parts = downcast::<TokioIo<ClientStream>>(upgraded).map_err(|_| {
        Failure::new(
            EndReason::Internal,
            "the listener handed over a socket of a kind unknown here",
        )
    })?;
    Ok((parts.io.into_inner(), parts.read_buf.to_vec()))
}
