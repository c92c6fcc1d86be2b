//! The call that sends a break to a serial line, which no byte of a WebSocket can say.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use oriel_domain::ConsoleKind;

use super::client_of;
use super::page_call::{OpenConsole, Refusal, no_store, refusal, refuse};
use crate::Gateway;
use crate::rules::Rules;
use crate::serial::can_break;

/// Sends a break to the serial line of a page's session.
///
/// Linux takes it for the start of a magic `SysRq` command, and boot loaders and switches have uses of their own for it. Only a
/// line that is reached by Telnet has it: `can_break` of the page's call says which. An observer may not.
#[utoipa::path(post, path = "/oriel/v1/console/break", operation_id = "send_break", tag = "gateway",
    request_body = OpenConsole,
    responses(
        (status = 204, description = "It is sent, behind what was typed before", headers(("Cache-Control" = String))),
        (status = 400, description = "The body is not what the call asks for", body = Refusal),
        (status = 401, description = "No token came, or nobody was given it, or its time is over", body = Refusal),
        (status = 403, description = "The page is not one that may, another browser has used the token, or the viewer may \
            only look", body = Refusal),
        (status = 404, description = "The page has no live session, or its server is gone", body = Refusal),
        (status = 408, description = "The body did not come in time", body = Refusal),
        (status = 409, description = "The session is of no line that knows a break", body = Refusal),
        (status = 500, description = "Something broke inside", body = Refusal),
        (status = 504, description = "The hypervisor takes no input", body = Refusal),
    ),
)]
pub(super) async fn send_break(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let client = client_of(&parts);
    let inner = &gateway.inner;
    let live = match inner.session_of(&parts, body).await {
        Ok(live) => live,
        Err(failure) => return refuse(failure, client),
    };
    if !Rules::of(inner.settings.rights, live.grant.role).input {
        return refusal(
            StatusCode::FORBIDDEN,
            "view-only",
            "this viewer may only look".to_owned(),
        );
    }
    let (server, back_end) = match inner.locate(&live.grant) {
        Ok(found) => found,
        Err(reason) => return refuse(reason.into(), client),
    };
    if live.grant.console != ConsoleKind::Serial || !can_break(&back_end) {
        return refusal(
            StatusCode::CONFLICT,
            "no-break",
            "a break is sent to serial lines that are reached by Telnet alone".to_owned(),
        );
    }
    live.traffic.touch();
    let timeout = inner.settings.handshake_timeout;
    match inner.lines.send_break(&server, &back_end, timeout).await {
        Ok(()) => {
            tracing::info!(session_id = %live.id, %client, "a break was sent to a serial line");
            no_store(StatusCode::NO_CONTENT.into_response())
        }
        Err(failure) => refuse(failure, client),
    }
}
