//! The page's call: it redeems its token and learns what it opens.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use oriel_domain::{ConsoleKind, ConsoleToken, EndReason, Grant, Server};
use oriel_keyboard::Layout;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{ClientAddress, body, client_of, log_refusal, status, tell_when_to_retry};
use crate::redeem::{Claim, chosen};
use crate::rules::Rules;
use crate::serial;
use crate::session::{Failure, PageId};
use crate::{Gateway, Inner};

/// Largest body of the page's call, in bytes.
const MAX_BODY: usize = 4096;

/// What a page sends to redeem its token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenConsole {
    /// The token of the link.
    token: String,
    /// What the page calls itself: 16 hexadecimal digits, the same as in its WebSocket's `page`. It tells the pages of
    /// one browser apart.
    #[serde(default)]
    page: Option<String>,
    /// The type of the console that is meant, such as `serial`, where the token opens several. Without it that is the
    /// link's own.
    #[serde(default)]
    console: Option<String>,
}

/// The same, read.
pub(super) struct Call {
    pub token: ConsoleToken,
    pub page: Option<PageId>,
    pub console: Option<ConsoleKind>,
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
    /// What the viewer is to it: `owner`, `peer` or `observer`.
    role: &'static str,
    /// All that the token opens, this one among them, as far as the server has them now: a page may show each in a tab.
    /// A WebSocket says with `console=` and the type which of them it is for.
    consoles: Vec<ConsoleFact>,
    /// Seconds that a page goes on trying to come back to a console that broke.
    reconnect_for: u64,
    /// What the viewer may do.
    may: RightsFacts,
    /// How text is typed for the viewer, where it is.
    typing: Option<TypingFacts>,
}

/// What a viewer may do, as its role and the operator have it. The gateway sees to it; a page shows it.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a right of its own")]
struct RightsFacts {
    /// Press keys and move the pointer.
    input: bool,
    /// Put text into the guest's clipboard.
    clipboard_to_server: bool,
    /// Get the guest's clipboard.
    clipboard_to_client: bool,
    /// Most bytes of one clipboard text to the guest. A longer one ends the session.
    max_clipboard: u32,
    /// Change the size of the guest's screen.
    resize: bool,
    /// Shut the machine down, reboot or reset it by the screen's protocol.
    power: bool,
    /// Hear the guest.
    audio: bool,
}

#[derive(Serialize, ToSchema)]
struct TypingFacts {
    /// The keyboard layouts that a guest may have, in the order of their names.
    layouts: Vec<&'static str>,
    /// Longest text, in characters.
    max_characters: usize,
    /// Most key events a second: a character is two, with Shift up to four.
    max_rate: u32,
}

/// One console that a token opens.
#[derive(Serialize, ToSchema)]
struct ConsoleFact {
    /// The protocol, such as `serial`.
    protocol: &'static str,
    /// The type, such as `serial`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Whether a break can be sent to it.
    can_break: bool,
}

#[derive(Serialize, ToSchema)]
struct ServerFacts {
    id: String,
    name: String,
}

/// Why a page's token opens nothing.
#[derive(Serialize, ToSchema)]
pub(super) struct Refusal {
    error: RefusalReason,
}

#[derive(Serialize, ToSchema)]
struct RefusalReason {
    /// The reason's name, as page, log and audit trail know it.
    code: &'static str,
    message: String,
}

#[derive(OpenApi)]
#[openapi(paths(
    redeem_console,
    super::events::events,
    super::events::stay,
    super::line_break::send_break,
    super::typing::start,
    super::typing::progress,
    super::typing::cancel
))]
struct Document;

/// The gateway's part of `/openapi.json`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

impl Inner {
    /// What the page's call does: origin, token, and whether the console is still there.
    async fn redeem_for_page(&self, parts: &Parts, body: Body) -> Result<(Claim, Arc<Server>), Failure> {
        self.check_origin(parts)?;
        self.sessions.check_open()?;
        let call = read_call(&parts.headers, body).await?;
        let claim = self.redeem_apart(&call.token, &parts.headers).await?;
        let claim = claim.choose(call.console).await?;
        match self.locate(&claim.grant) {
            Ok((server, _)) => Ok((claim, server)),
            Err(reason) => {
                claim.give_back().await;
                Err(reason.into())
            }
        }
    }

    fn describe_console(&self, server: &Server, grant: &Grant) -> OpenedConsole {
        let kind = grant.console;
        let rules = Rules::of(self.settings.rights, grant.role);
        let typing = self.settings.typing;
        let all = server.consoles.iter().map(|(&kind, back_end)| (kind, back_end));
        let open = all.filter(|&(kind, _)| grant.admits(kind) && self.keeps_rules(grant, kind));
        OpenedConsole {
            console: ConsoleFacts {
                server: ServerFacts {
                    id: server.id.to_string(),
                    name: server.name.clone(),
                },
                protocol: kind.protocol().name(),
                kind: kind.name(),
                role: grant.role.name(),
                consoles: open
                    .map(|(kind, back_end)| ConsoleFact {
                        protocol: kind.protocol().name(),
                        kind: kind.name(),
                        can_break: serial::can_break(back_end),
                    })
                    .collect(),
                reconnect_for: self.settings.reconnect_for.as_secs(),
                may: RightsFacts {
                    input: rules.input,
                    clipboard_to_server: rules.clipboard_to_server,
                    clipboard_to_client: rules.clipboard_to_client,
                    max_clipboard: rules.max_cut_text,
                    resize: rules.resize,
                    power: rules.power,
                    audio: rules.audio,
                },
                typing: typing.serves(rules, kind).is_ok().then(|| TypingFacts {
                    layouts: Layout::ALL.iter().map(|layout| layout.name()).collect(),
                    max_characters: typing.max_characters,
                    max_rate: typing.max_rate,
                }),
            },
        }
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
        (status = 503, description = "The gateway takes no new console, or not at this time", body = Refusal,
            headers(("Retry-After" = u32))),
    ),
)]
pub(super) async fn redeem_console(State(gateway): State<Gateway>, request: Request) -> Response {
    let inner = &gateway.inner;
    let (parts, body) = request.into_parts();
    match inner.redeem_for_page(&parts, body).await {
        Ok((claim, server)) => {
            let mut response = Json(inner.describe_console(&server, &claim.grant)).into_response();
            let token = claim.token;
            let cookie = claim
                .keep()
                .and_then(|secret| inner.resume_cookie(&token, &secret));
            if let Some(cookie) = cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            no_store(response)
        }
        Err(failure) => refuse(failure, client_of(&parts)),
    }
}

/// Tells a page why not.
pub(super) fn refuse(failure: Failure, client: ClientAddress) -> Response {
    log_refusal(&failure, client);
    // The details of what was sent wrongly help whoever sent it; those of what broke inside are for the log alone.
    let message = match failure.reason {
        EndReason::ClientProtocol => failure.detail,
        reason => reason.describe().to_owned(),
    };
    let mut response = refusal(status(failure.reason), failure.reason.name(), message);
    tell_when_to_retry(&mut response);
    response
}

/// A refusal, as Oriel's own API tells it: its name and what happened. It is not to be kept by anyone.
pub fn refusal(status: StatusCode, code: &'static str, message: String) -> Response {
    let error = RefusalReason { code, message };
    no_store((status, Json(Refusal { error })).into_response())
}

/// The token in the body of a page's call, and what the page calls itself.
pub(super) async fn read_call(headers: &HeaderMap, body: Body) -> Result<Call, Failure> {
    let wrong = |detail: &str| Failure::new(EndReason::ClientProtocol, detail);
    let body: OpenConsole = body::json(headers, body, MAX_BODY, r#"{"token": "..."}"#).await?;
    if body.token.is_empty() {
        return Err(EndReason::TokenMissing.into());
    }
    let page = match body.page.as_deref().map(PageId::parse) {
        Some(None) => return Err(wrong("page must be 16 hexadecimal digits")),
        page => page.flatten(),
    };
    let console = body.console.as_deref().map(chosen).transpose()?;
    Ok(Call {
        token: body.token.parse().map_err(|_| EndReason::TokenUnknown)?,
        page,
        console,
    })
}

pub(super) fn no_store(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
