//! The ECS dialect: `/v1/{project_id}/cloudservers/{server_id}/...`, as Huawei's cloud and its SDKs
//! speak it.
//!
//! `handle` is one request from top to bottom. The order of its steps is part of the contract:
//! where a request is wrong in two ways, it decides which of the two the client is told.

mod body;
mod fault;
mod language;
pub(crate) mod openapi;
mod route;

#[cfg(test)]
mod tests;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use oriel_domain::{ConsoleKind, Principal, ServerId};
use serde_json::{Value, json};
use time::OffsetDateTime;

use self::fault::Fault;
use self::language::link_language;
use self::openapi::{
    EcsConsole, EcsConsoleAnswer, EcsOutput, EcsSerialAnswer, Errors, InPath, Language, Length,
};
use self::route::{Call, Route};
use crate::Control;
use crate::body::MAX_BODY;
use crate::policy::{Rule, Target};
use crate::read_header;
use crate::request_id::{self, RequestId};

const PROJECT_ID: HeaderName = HeaderName::from_static("x-project-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers one request to the ECS API.
pub(crate) async fn handle(State(control): State<Control>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = parts
        .extensions
        .get::<RequestId>()
        .copied()
        .unwrap_or_else(RequestId::random);
    let mut response = match answer(&control, &parts, body).await {
        Ok(value) => ([(header::CONTENT_TYPE, JSON)], value.to_string()).into_response(),
        Err(fault) => fault.into_response(request_id),
    };
    response
        .headers_mut()
        .insert(request_id::HUAWEI_HEADER, request_id.to_header());
    response
}

async fn answer(control: &Control, parts: &Parts, body: Body) -> Result<Value, Fault> {
    let now = OffsetDateTime::now_utc();
    // 1. Which call is it, and may its body be read at all?
    let route = Route::parse(&parts.method, parts.uri.path()).ok_or(Fault::NoSuchApi)?;
    if read_header::<usize>(&parts.headers, header::CONTENT_LENGTH).is_some_and(|length| length > MAX_BODY) {
        return Err(Fault::BodyTooLarge);
    }
    // 2. Who asks? A token where there is one, else the signature over all of the request.
    let (principal, body) = control.identity.caller_of(parts, body, now).await?;
    // 3. In their own project?
    check_project(&principal, &route.project, &parts.headers)?;
    // 4. What for?
    let wanted = match route.call {
        Call::RemoteConsole => remote_console(&parts.headers, &body)?,
        Call::SerialConsole => serial_console(),
        Call::ConsoleOutput => console_output(parts.uri.query())?,
    };
    // 5. Is it there, as far as they may know, and may they?
    let server = ServerId::from_canonical(&route.server)
        .and_then(|id| control.consoles.server(&principal, id))
        .ok_or(Fault::NoSuchServer)?;
    let rule = match wanted {
        Wanted::Console(_) => Rule::RemoteConsoles,
        Wanted::Output(_) => Rule::ConsoleOutput,
    };
    control.policy.check(rule, &principal, Target::of(&server))?;
    // 6. The one operation, if the server is up.
    let kind = match wanted {
        Wanted::Console(kind) => kind,
        Wanted::Output(lines) => {
            return Ok(json!({ "output": control.consoles.output(&server, lines).await? }));
        }
    };
    control.consoles.check_up(&server)?;
    let lang = link_language(&parts.headers, kind);
    let granted = control
        .consoles
        .grant_page(&principal, &server, kind, lang, now)
        .await?;
    Ok(match route.call {
        Call::SerialConsole => json!({ "serial_console": { "url": granted.url } }),
        _ => json!({ "remote_console": {
            "type": kind.name(), "protocol": kind.protocol().name(), "url": granted.url,
        } }),
    })
}

/// What a call is after.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// A link to a console of this kind.
    Console(ConsoleKind),
    /// So many lines that the server wrote last, or all of them.
    Output(Option<usize>),
}

/// Opens a console (`ShowServerRemoteConsole`).
#[utoipa::path(post, path = "/{project_id}/cloudservers/{server_id}/remote_console",
    operation_id = "show_server_remote_console", params(InPath, Language),
    request_body(content = EcsConsole, example = json!({ "remote_console": { "protocol": "vnc", "type": "novnc" } })),
    responses((status = 200, description = "The console's link", body = EcsConsoleAnswer), Errors<415>),
)]
fn remote_console(headers: &HeaderMap, body: &Bytes) -> Result<Wanted, Fault> {
    Ok(Wanted::Console(body::remote_console(headers, body)?))
}

/// Opens a serial console (`ShowSerialConsoleActions`). A body is not looked at.
#[utoipa::path(post, path = "/{project_id}/cloudservers/{server_id}/actions/serial-console",
    operation_id = "show_serial_console_actions", params(InPath, Language),
    responses((status = 200, description = "The console's link", body = EcsSerialAnswer), Errors),
)]
fn serial_console() -> Wanted {
    Wanted::Console(ConsoleKind::Serial)
}

/// Shows what the server wrote on its serial line (`ShowServerConsoleOutput`).
#[utoipa::path(get, path = "/{project_id}/cloudservers/{server_id}/console-output",
    operation_id = "show_server_console_output", params(InPath, Length),
    responses((status = 200, description = "The output", body = EcsOutput), Errors),
)]
fn console_output(query: Option<&str>) -> Result<Wanted, Fault> {
    Ok(Wanted::Output(body::output_length(query)?))
}

/// The project of the path, and that of the header where there is one, must be the caller's, for
/// admins too.
fn check_project(principal: &Principal, given: &str, headers: &HeaderMap) -> Result<(), Fault> {
    let own = principal
        .project
        .as_ref()
        .map(|project| project.id.as_str())
        .ok_or(Fault::OtherProject)?;
    let in_header = headers
        .get(PROJECT_ID)
        .map_or(own.as_bytes(), HeaderValue::as_bytes);
    if given == own && in_header == own.as_bytes() {
        Ok(())
    } else {
        Err(Fault::OtherProject)
    }
}
