//! The calls that this project exists for: `os-getVNCConsole` and its sisters up to 2.5,
//! `remote-consoles` from 2.6 on.

use axum::body::Bytes;
use oriel_domain::{ConsoleKind, Protocol, Server, ServerId};
use serde_json::{Value, json};
use std::sync::Arc;

use super::fault::Fault;
use super::schema::Schema;
use super::version::Microversion;
use super::{Context, parse_body};
use crate::policy::{self, Rule};

/// An action on a server that Oriel answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A console of this protocol.
    Console(Protocol),
    /// RDP, which Nova gave up: refused before anything is looked at.
    Rdp,
}

/// The last version with console actions.
const LAST_WITH_ACTIONS: Microversion = Microversion::v2(5);
/// The first with `remote-consoles`.
const FIRST_REMOTE_CONSOLES: Microversion = Microversion::v2(6);

const VNC: Schema = Schema::Object(&[(
    "os-getVNCConsole",
    Schema::Object(&[("type", Schema::Enum(&["novnc", "xvpvnc"]))]),
)]);
const SPICE: Schema = Schema::Object(&[(
    "os-getSPICEConsole",
    Schema::Object(&[("type", Schema::Enum(&["spice-html5"]))]),
)]);
const SERIAL: Schema = Schema::Object(&[(
    "os-getSerialConsole",
    Schema::Object(&[("type", Schema::Enum(&["serial"]))]),
)]);

const fn remote_console(
    protocols: &'static [&'static str],
    types: &'static [&'static str],
) -> [(&'static str, Schema); 2] {
    [
        ("protocol", Schema::Enum(protocols)),
        ("type", Schema::Enum(types)),
    ]
}
const REMOTE_2_6: &[(&str, Schema)] = &remote_console(
    &["vnc", "spice", "serial", "rdp"],
    &["novnc", "xvpvnc", "spice-html5", "serial", "rdp-html5"],
);
const REMOTE_2_8: &[(&str, Schema)] = &remote_console(
    &["vnc", "spice", "serial", "rdp", "mks"],
    &["novnc", "xvpvnc", "spice-html5", "serial", "rdp-html5", "webmks"],
);
const REMOTE_2_99: &[(&str, Schema)] = &remote_console(
    &["vnc", "spice", "serial", "rdp", "mks"],
    &[
        "novnc",
        "xvpvnc",
        "spice-html5",
        "serial",
        "rdp-html5",
        "webmks",
        "spice-direct",
    ],
);
const BODY_2_6: Schema = Schema::Object(&[("remote_console", Schema::Object(REMOTE_2_6))]);
const BODY_2_8: Schema = Schema::Object(&[("remote_console", Schema::Object(REMOTE_2_8))]);
const BODY_2_99: Schema = Schema::Object(&[("remote_console", Schema::Object(REMOTE_2_99))]);

/// Finds the action that a body names: its one key. Nova counts the elements of whatever the
/// body is, so a list of one element, or a number, is a resource that is not there.
pub fn peek_action(body: &Bytes) -> Result<(Action, Value), Fault> {
    let body = parse_body(body)?;
    let name = match &body {
        Value::Object(object) if object.len() == 1 => object.keys().next().map(String::as_str),
        Value::Array(items) if items.len() == 1 => return Err(Fault::no_such_resource()),
        Value::Number(_) | Value::Bool(_) => return Err(Fault::no_such_resource()),
        Value::String(text) if text.chars().count() == 1 => return Err(Fault::no_such_resource()),
        _ => None,
    };
    let action = match name.ok_or_else(Fault::malformed_body)? {
        "os-getVNCConsole" => Action::Console(Protocol::Vnc),
        "os-getSPICEConsole" => Action::Console(Protocol::Spice),
        "os-getSerialConsole" => Action::Console(Protocol::Serial),
        "os-getRDPConsole" => Action::Rdp,
        other => return Err(Fault::bad_request(format!("There is no such action: {other}"))),
    };
    Ok((action, body))
}

/// `POST /servers/{id}/action`
pub async fn action(context: &Context<'_>, id: &str, action: Action, body: &Value) -> Result<Value, Fault> {
    if context.version > LAST_WITH_ACTIONS {
        return Err(Fault::no_such_resource());
    }
    let (protocol, schema, key) = match action {
        Action::Rdp => return Err(Fault::unspecific()),
        Action::Console(Protocol::Vnc) => (Protocol::Vnc, VNC, "os-getVNCConsole"),
        Action::Console(Protocol::Spice) => (Protocol::Spice, SPICE, "os-getSPICEConsole"),
        Action::Console(Protocol::Serial) => (Protocol::Serial, SERIAL, "os-getSerialConsole"),
    };
    schema.check(body, context.strictness())?;
    // For actions the rule is about the caller's own project, and is applied before the server is
    // looked up: who may open no console here does not learn whether the server exists.
    let own = context.principal.project.as_ref().map(|project| &project.id);
    policy::check(Rule::RemoteConsoles, context.principal, own)?;
    let server = find_server(context, id)?;
    let (kind, url) = grant(context, &server, protocol.name(), text(body, &[key, "type"])).await?;
    Ok(json!({ "console": { "type": kind.name(), "url": url } }))
}

/// `POST /servers/{id}/remote-consoles`
pub async fn remote_consoles(context: &Context<'_>, id: &str, body: &Value) -> Result<Value, Fault> {
    if context.version < FIRST_REMOTE_CONSOLES {
        return Err(Fault::no_such_resource());
    }
    let schema = match context.version {
        version if version >= Microversion::v2(99) => BODY_2_99,
        version if version >= Microversion::v2(8) => BODY_2_8,
        _ => BODY_2_6,
    };
    schema.check(body, context.strictness())?;
    // Here the server is found first, and the rule is about its project.
    let server = find_server(context, id)?;
    policy::check(Rule::RemoteConsoles, context.principal, Some(&server.project))?;
    let protocol = text(body, &["remote_console", "protocol"]);
    let (kind, url) = grant(
        context,
        &server,
        protocol,
        text(body, &["remote_console", "type"]),
    )
    .await?;
    Ok(json!({ "remote_console": { "protocol": kind.protocol().name(), "type": kind.name(), "url": url } }))
}

/// The one operation, in Nova's words.
async fn grant(
    context: &Context<'_>,
    server: &Server,
    protocol: &str,
    console_type: &str,
) -> Result<(ConsoleKind, String), Fault> {
    if protocol == "rdp" {
        return Err(Fault::unspecific());
    }
    let consoles = &context.control.consoles;
    let method = format!("get_{protocol}_console");
    let told = |error| Fault::of_console(&error, &method);
    let kind = match console_type.parse::<ConsoleKind>() {
        Ok(kind) if kind.protocol().name() == protocol => kind,
        // The server's state is told before the console's type.
        _ => {
            consoles.check_ready(server).map_err(told)?;
            let message = match console_type {
                "webmks" if protocol == "mks" => "Unavailable console type webmks.".to_owned(),
                "spice-direct" if protocol == "spice" => "Unavailable console type spice-direct.".to_owned(),
                other => format!("Invalid console type {other}"),
            };
            return Err(Fault::bad_request(message));
        }
    };
    let granted = consoles
        .grant(context.principal, server, kind, context.now)
        .await
        .map_err(told)?;
    Ok((kind, granted.url))
}

/// The server with this id, in the one spelling that Nova finds it by.
pub fn find_server(context: &Context<'_>, given: &str) -> Result<Arc<Server>, Fault> {
    ServerId::from_canonical(given)
        .and_then(|id| context.control.consoles.server(context.principal, id))
        .ok_or_else(|| Fault::no_such_server(given))
}

/// A text that the schema has found to be there.
fn text<'a>(body: &'a Value, path: &[&str]) -> &'a str {
    path.iter()
        .fold(body, |value, key| &value[*key])
        .as_str()
        .unwrap_or_default()
}
