//! The calls that this project exists for: `os-getVNCConsole` and its sisters up to 2.5,
//! `remote-consoles` from 2.6 on.

use axum::body::Bytes;
use oriel_domain::{Address, ConsoleKind, ConsoleToken, Server};
use serde_json::{Value, json};

use super::fault::Fault;
use super::openapi::{
    ConsoleBackEnd, Faults, OldConsoleId, RemoteConsole, RemoteConsoleAnswer, ServerAction,
    ServerActionAnswer, ServerInPath, TokenInPath,
};
use super::schema::{Property, Schema};
use super::version::Microversion;
use super::{Context, parse_body};
use crate::consoles::Authorized;
use crate::policy::{Rule, Target};

/// An action on a server that Oriel answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `os-getVNCConsole`
    Vnc,
    /// `os-getSPICEConsole`
    Spice,
    /// `os-getSerialConsole`
    Serial,
    /// `os-getRDPConsole`, which Nova gave up: refused before anything is looked at.
    Rdp,
    /// `os-getConsoleOutput`: what the server wrote on its serial line.
    Output,
}

impl Action {
    const ALL: [Self; 5] = [Self::Vnc, Self::Spice, Self::Serial, Self::Rdp, Self::Output];

    fn name(self) -> &'static str {
        match self {
            Self::Vnc => "os-getVNCConsole",
            Self::Spice => "os-getSPICEConsole",
            Self::Serial => "os-getSerialConsole",
            Self::Rdp => "os-getRDPConsole",
            Self::Output => "os-getConsoleOutput",
        }
    }
}

/// The last version with console actions.
const LAST_WITH_ACTIONS: Microversion = Microversion::v2(5);
/// The first with `remote-consoles`.
const FIRST_REMOTE_CONSOLES: Microversion = Microversion::v2(6);
/// The first in which `os-console-auth-tokens` knows more than RDP.
const FIRST_AUTH_TOKENS: Microversion = Microversion::v2(31);
/// The first with `spice-direct`, and the first to refuse a query on `os-console-auth-tokens`.
const FIRST_SPICE_DIRECT: Microversion = Microversion::v2(99);

const fn one_of(choices: &'static [&'static str]) -> Schema {
    Schema::Enum(choices)
}

const VNC: Schema = Schema::Object(&[Property::required(
    "os-getVNCConsole",
    Schema::Object(&[Property::required("type", one_of(&["novnc", "xvpvnc"]))]),
)]);
const SPICE: Schema = Schema::Object(&[Property::required(
    "os-getSPICEConsole",
    Schema::Object(&[Property::required("type", one_of(&["spice-html5"]))]),
)]);
const SERIAL: Schema = Schema::Object(&[Property::required(
    "os-getSerialConsole",
    Schema::Object(&[Property::required("type", one_of(&["serial"]))]),
)]);
const OUTPUT: Schema = Schema::Object(&[Property::required(
    "os-getConsoleOutput",
    Schema::Object(&[Property::optional("length", Schema::Lines)]),
)]);

/// The actions whose bodies are looked at.
pub const ACTIONS: [&Schema; 4] = [&VNC, &SPICE, &SERIAL, &OUTPUT];

const REMOTE_2_6: Schema = Schema::Object(&[Property::required(
    "remote_console",
    Schema::Object(&[
        Property::required("protocol", one_of(&["vnc", "spice", "serial", "rdp"])),
        Property::required(
            "type",
            one_of(&["novnc", "xvpvnc", "spice-html5", "serial", "rdp-html5"]),
        ),
    ]),
)]);
const REMOTE_2_8: Schema = Schema::Object(&[Property::required(
    "remote_console",
    Schema::Object(&[
        Property::required("protocol", one_of(&["vnc", "spice", "serial", "rdp", "mks"])),
        Property::required(
            "type",
            one_of(&["novnc", "xvpvnc", "spice-html5", "serial", "rdp-html5", "webmks"]),
        ),
    ]),
)]);
pub const REMOTE_2_99: Schema = Schema::Object(&[Property::required(
    "remote_console",
    Schema::Object(&[
        Property::required("protocol", one_of(&["vnc", "spice", "serial", "rdp", "mks"])),
        Property::required(
            "type",
            one_of(&[
                "novnc",
                "xvpvnc",
                "spice-html5",
                "serial",
                "rdp-html5",
                "webmks",
                "spice-direct",
            ]),
        ),
    ]),
)]);

/// Finds the action that a body names: its one key. Nova counts the elements of whatever the
/// body is, so a list of one element is a resource that is not there, and so is what has none, such
/// as a number or null.
pub fn peek_action(bytes: &Bytes) -> Result<(Action, Value), Fault> {
    let body = parse_body(bytes)?;
    let name = match &body {
        Value::Object(object) if object.len() == 1 => object.keys().next().map(String::as_str),
        Value::Array(items) if items.len() == 1 => return Err(Fault::no_such_resource()),
        Value::Number(_) | Value::Bool(_) => return Err(Fault::no_such_resource()),
        Value::Null if !bytes.is_empty() => return Err(Fault::no_such_resource()),
        Value::String(text) if text.chars().count() == 1 => return Err(Fault::no_such_resource()),
        _ => None,
    };
    let name = name.ok_or_else(Fault::malformed_body)?;
    let action = Action::ALL.into_iter().find(|action| action.name() == name);
    let action = action.ok_or_else(|| Fault::bad_request(format!("There is no such action: {name}")))?;
    Ok((action, body))
}

/// Opens a console, up to version 2.5, or shows the server's output.
///
/// The body has one key, which names the action.
#[utoipa::path(post, path = "/servers/{server_id}/action", operation_id = "act_on_server",
    params(ServerInPath),
    request_body(content = ServerAction, example = json!({ "os-getVNCConsole": { "type": "novnc" } })),
    responses(
        (status = 200, description = "The console's link, or the output", body = ServerActionAnswer),
        Faults<400, 403, 404, 409, 500, 501>,
    ),
)]
pub async fn action(context: &Context<'_>, id: &str, action: Action, body: &Value) -> Result<Value, Fault> {
    if action == Action::Output {
        return output(context, id, body).await;
    }
    if context.version > LAST_WITH_ACTIONS {
        return Err(Fault::no_such_resource());
    }
    let (protocol, schema) = match action {
        Action::Vnc => ("vnc", VNC),
        Action::Spice => ("spice", SPICE),
        Action::Serial => ("serial", SERIAL),
        Action::Rdp | Action::Output => return Err(Fault::unspecific()),
    };
    schema.check(body, context.strictness())?;
    // For actions the rule is about the caller's own project, and is applied before the server is
    // looked up: who may open no console here does not learn whether the server exists.
    context.allow(Rule::RemoteConsoles, Target::own(context.principal))?;
    let server = context.server(id)?;
    let (kind, url) = grant(context, &server, protocol, text(body, &[action.name(), "type"])).await?;
    Ok(json!({ "console": { "type": kind.name(), "url": url } }))
}

/// `os-getConsoleOutput`
async fn output(context: &Context<'_>, id: &str, body: &Value) -> Result<Value, Fault> {
    OUTPUT.check(body, context.strictness())?;
    let server = context.server(id)?;
    context.allow(Rule::ConsoleOutput, Target::of(&server))?;
    // A number that is too large, or -1, asks for all.
    let lines = match &body[Action::Output.name()]["length"] {
        Value::Number(lines) => lines.as_f64().map(|lines| lines.to_string()),
        Value::String(lines) => Some(lines.trim_end().to_owned()),
        _ => None,
    };
    let lines = lines.and_then(|lines| lines.parse().ok());
    let output = context.control.consoles.output(&server, lines).await;
    let output = output.map_err(|error| Fault::of_console(&error, "get_console_output"))?;
    Ok(json!({ "output": output }))
}

/// Shows what a console token opens, from version 2.31 on: for proxies that are not Oriel's own.
#[utoipa::path(get, path = "/os-console-auth-tokens/{token}", operation_id = "show_console_auth_token",
    params(TokenInPath),
    responses(
        (status = 200, description = "Where the console's back end is", body = ConsoleBackEnd),
        Faults<400, 403, 404, 500>,
    ),
)]
pub async fn console_auth_token(context: &Context<'_>, token: &str) -> Result<Value, Fault> {
    context.query()?;
    if context.version < FIRST_AUTH_TOKENS {
        return Err(Fault::unspecific());
    }
    if context.version >= FIRST_SPICE_DIRECT {
        context.refuse_query()?;
    }
    context.allow(Rule::ConsoleAuthTokens, Target::own(context.principal))?;
    let token: ConsoleToken = token.parse().map_err(|_| Fault::no_such_token())?;
    let authorized = context
        .control
        .consoles
        .authorized(&token, context.now)
        .await
        .map_err(|error| {
            tracing::error!(%error, "a console token could not be looked up");
            Fault::internal()
        })?;
    let Authorized { grant, back_end } = authorized.ok_or_else(Fault::no_such_token)?;
    let (host, port) = match back_end.address {
        Address::Tcp { host, port } | Address::Telnet { host, port } => (host, port),
        unix @ Address::Unix(_) => (unix.to_string(), 0),
    };
    let mut console = json!({
        "instance_uuid": grant.server.to_string(), "host": host, "port": port,
        "internal_access_path": back_end.access_path,
    });
    if context.version >= FIRST_SPICE_DIRECT && grant.console == ConsoleKind::SpiceDirect {
        console["tls_port"] = Value::Null;
    }
    Ok(json!({ "console": console }))
}

/// Opens a console, from version 2.6 on.
///
/// `mks` and `webmks` are there from 2.8 on, `spice-direct` from 2.99 on.
#[utoipa::path(post, path = "/servers/{server_id}/remote-consoles", operation_id = "make_remote_console",
    params(ServerInPath),
    request_body(
        content = RemoteConsole,
        example = json!({ "remote_console": { "protocol": "vnc", "type": "novnc" } }),
    ),
    responses(
        (status = 200, description = "The console's link", body = RemoteConsoleAnswer),
        Faults<400, 403, 404, 409, 500, 501>,
    ),
)]
pub async fn remote_consoles(context: &Context<'_>, id: &str, body: &Value) -> Result<Value, Fault> {
    if context.version < FIRST_REMOTE_CONSOLES {
        return Err(Fault::no_such_resource());
    }
    let schema = match context.version {
        version if version >= FIRST_SPICE_DIRECT => REMOTE_2_99,
        version if version >= Microversion::v2(8) => REMOTE_2_8,
        _ => REMOTE_2_6,
    };
    schema.check(body, context.strictness())?;
    // Here the server is found first, and the rule is about its project.
    let server = context.server(id)?;
    context.allow(Rule::RemoteConsoles, Target::of(&server))?;
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

/// The consoles of Xen, which Nova once had: gone.
#[utoipa::path(method(get, post), path = "/servers/{server_id}/consoles", operation_id = "old_consoles",
    params(ServerInPath), responses(Faults<410>),
)]
pub fn old_consoles() -> Result<Value, Fault> {
    Err(old_console())
}

/// One of the consoles of Xen: gone.
#[utoipa::path(method(get, delete), path = "/servers/{server_id}/consoles/{console_id}", operation_id = "old_console",
    params(ServerInPath, OldConsoleId), responses(Faults<410>),
)]
fn old_console() -> Fault {
    Fault::gone()
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
        // The server's state is told before what is wrong with the type.
        _ => {
            consoles.check_ready(server).map_err(told)?;
            return Err(Fault::bad_request(if consoles.serves(protocol) {
                format!("Invalid console type {console_type}")
            } else {
                format!("Unavailable console type {console_type}.")
            }));
        }
    };
    let granted = consoles
        .grant(context.principal, server, kind, context.now)
        .await
        .map_err(told)?;
    Ok((kind, granted.url))
}

/// A text that the schema has found to be there.
fn text<'a>(body: &'a Value, path: &[&str]) -> &'a str {
    path.iter()
        .fold(body, |value, key| &value[*key])
        .as_str()
        .unwrap_or_default()
}
