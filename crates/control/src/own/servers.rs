//! Servers with the consoles that the caller can open of each, and those consoles.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, Request, State};
use http::HeaderMap;
use oriel_domain::{ConsoleKind, Principal, Server, ServerId, TaskState};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::fault::{Fault, Refusal};
use super::login::rfc3339;
use super::openapi::OwnListQuery;
use super::{authenticate, read_json};
use crate::Control;
use crate::policy::{Rule, Target};

/// Most servers in one answer.
const MAX_LIMIT: usize = 1000;
/// Longest name of a language.
const MAX_LANG: usize = 12;

/// One page of servers.
#[derive(Serialize, ToSchema)]
pub(super) struct ServerPage {
    servers: Vec<ServerFacts>,
    /// The marker of the next page; null: there is none.
    next: Option<String>,
    /// How many there are in all.
    total: usize,
}

/// A server, as the page shows it.
#[derive(Serialize, ToSchema)]
struct ServerFacts {
    id: String,
    name: String,
    /// As in Nova: `ACTIVE`, `SHUTOFF`, ...
    status: &'static str,
    /// What is being done to it, as in Nova: `rebooting`, ... Null: nothing.
    task_state: Option<&'static str>,
    /// The id of its project.
    project: String,
    /// Its size, where that is known.
    flavor: Option<FlavorFacts>,
    /// Its addresses by the names of its networks.
    addresses: BTreeMap<String, Vec<String>>,
    /// The types of the consoles that the caller can open.
    consoles: Vec<&'static str>,
    /// What broke it, where it is broken and that is known.
    fault: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct FlavorFacts {
    name: String,
    vcpus: u32,
    /// In MiB.
    ram: u32,
    /// In GiB.
    disk: u32,
}

/// The console that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// The console's type: `novnc`, `serial`, `spice-html5`, ...
    #[serde(rename = "type")]
    kind: String,
    /// `page`, by default: a link for a browser. `websocket`: the bare WebSocket, for a client of one's own.
    #[serde(default)]
    form: Form,
    /// The language of the page that the link opens.
    #[serde(default)]
    lang: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Form {
    #[default]
    Page,
    Websocket,
}

/// A console that was granted.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnConsole {
    console: OwnConsoleFacts,
}

#[derive(Serialize, ToSchema)]
struct OwnConsoleFacts {
    protocol: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// The link. It opens the console for whoever has it: show it to nobody else.
    url: String,
    /// Until when it can be opened, as RFC 3339 says it. A session that is open goes on.
    expires_at: String,
}

/// Lists servers by their names, each with the consoles that the caller can open.
#[utoipa::path(get, path = "/servers", operation_id = "list_servers_with_consoles", params(OwnListQuery), responses(
    (status = 200, description = "One page of servers", body = ServerPage),
    (status = 400, description = "The query cannot be read", body = Refusal),
    (status = 401, description = "Nobody is logged in", body = Refusal),
    (status = 403, description = "A rule of the policy forbids it", body = Refusal),
    (status = 500, description = "Something broke inside", body = Refusal),
    (status = 503, description = "The identity cannot answer", body = Refusal, headers(("Retry-After" = u32))),
))]
pub(super) async fn list(
    State(control): State<Control>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<ServerPage>, Fault> {
    let principal = authenticate(&control, &headers).await?;
    let query = Query::read(query.as_deref().unwrap_or_default())?;
    let own = Target::own(&principal);
    control.policy.check(Rule::ServersDetail, &principal, own)?;
    if query.all_projects {
        control.policy.check(Rule::ServersDetailAll, &principal, own)?;
    }
    let project = principal.project.as_ref().map(|project| &project.id);
    let mut servers = control.consoles.servers(project.filter(|_| !query.all_projects));
    servers.sort_by_cached_key(|server| (server.name.to_lowercase(), server.id));
    let total = servers.len();
    let (page, more) = query.cut(&servers)?;
    let last = page.last().filter(|_| more);
    Ok(Json(ServerPage {
        next: last.map(|server| server.id.to_string()),
        servers: page
            .iter()
            .map(|server| describe(&control, &principal, server))
            .collect(),
        total,
    }))
}

/// Grants a console: a link for a browser, or the bare WebSocket for a client of one's own.
#[utoipa::path(post, path = "/servers/{server_id}/console", operation_id = "grant_console", request_body = Wish,
    params(("server_id" = String, Path, description = "The server")),
    responses(
        (status = 200, description = "The console's link", body = OwnConsole),
        (status = 400, description = "The body is not what the call asks for", body = Refusal),
        (status = 401, description = "Nobody is logged in", body = Refusal),
        (status = 403, description = "A rule of the policy forbids it", body = Refusal),
        (status = 404, description = "There is no such server, or it has no such console", body = Refusal),
        (status = 408, description = "The body did not come in time", body = Refusal),
        (status = 409, description = "The server does not run, or is being moved or deleted", body = Refusal),
        (status = 413, description = "The body is too long", body = Refusal),
        (status = 415, description = "The body is not JSON", body = Refusal),
        (status = 500, description = "Something broke inside", body = Refusal),
        (status = 503, description = "The identity cannot answer", body = Refusal, headers(("Retry-After" = u32))),
    ),
)]
pub(super) async fn grant(
    State(control): State<Control>,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
    request: Request,
) -> Result<Json<OwnConsole>, Fault> {
    let (parts, body) = request.into_parts();
    let principal = authenticate(&control, &parts.headers).await?;
    let wish: Wish = read_json(&parts.headers, body).await?;
    let kind: ConsoleKind = wish
        .kind
        .parse()
        .map_err(|_| Fault::bad_request("type is none that consoles have"))?;
    let lang = wish.lang.as_deref();
    if lang.is_some_and(|lang| !is_language(lang)) {
        return Err(Fault::bad_request("lang is no name of a language"));
    }
    let Path(id) = path.map_err(|_| Fault::NoSuchServer)?;
    let server = ServerId::from_canonical(&id)
        .and_then(|id| control.consoles.server(&principal, id))
        .ok_or(Fault::NoSuchServer)?;
    control
        .policy
        .check(Rule::RemoteConsoles, &principal, Target::of(&server))?;
    let consoles = &control.consoles;
    consoles.check_up(&server)?;
    if !server.consoles.contains_key(&kind) {
        return Err(Fault::NoSuchConsole(kind));
    }
    let now = OffsetDateTime::now_utc();
    let granted = match wish.form {
        Form::Page => consoles.grant_page(&principal, &server, kind, lang, now).await,
        Form::Websocket => consoles.grant_socket(&principal, &server, kind, now).await,
    }?;
    Ok(Json(OwnConsole {
        console: OwnConsoleFacts {
            protocol: kind.protocol().name(),
            kind: kind.name(),
            url: granted.url,
            expires_at: rfc3339(granted.expires_at),
        },
    }))
}

/// The query of a list, read.
struct Query {
    limit: usize,
    marker: Option<ServerId>,
    all_projects: bool,
}

impl Query {
    fn read(text: &str) -> Result<Self, Fault> {
        let mut query = Self {
            limit: MAX_LIMIT,
            marker: None,
            all_projects: false,
        };
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    query.limit = limit.ok_or_else(|| {
                        Fault::BadRequest(format!("limit must be a number from 1 to {MAX_LIMIT}"))
                    })?;
                }
                "marker" => {
                    let marker = ServerId::from_canonical(&value);
                    query.marker =
                        Some(marker.ok_or_else(|| Fault::bad_request("marker must be the id of a server"))?);
                }
                "all_projects" => query.all_projects = value == "1",
                // What a later version of the page asks for beside.
                _ => {}
            }
        }
        Ok(query)
    }

    /// The page after the marker, and whether there is one after it.
    fn cut<'a>(&self, servers: &'a [Arc<Server>]) -> Result<(&'a [Arc<Server>], bool), Fault> {
        let from = match self.marker {
            None => 0,
            Some(marker) => {
                let at = servers.iter().position(|server| server.id == marker);
                at.ok_or_else(|| Fault::bad_request("the server of marker is gone: begin anew"))? + 1
            }
        };
        let rest = servers.get(from..).unwrap_or_default();
        Ok(match rest.get(..self.limit) {
            Some(page) => (page, rest.len() > self.limit),
            None => (rest, false),
        })
    }
}

fn describe(control: &Control, principal: &Principal, server: &Server) -> ServerFacts {
    let details = &server.details;
    ServerFacts {
        id: server.id.to_string(),
        name: server.name.clone(),
        status: server.status.name(),
        task_state: server.task_state.map(TaskState::name),
        project: server.project.to_string(),
        flavor: details.flavor.as_ref().map(|flavor| FlavorFacts {
            name: flavor.name.clone(),
            vcpus: flavor.vcpus,
            ram: flavor.ram,
            disk: flavor.disk,
        }),
        addresses: details
            .addresses
            .iter()
            .map(|(network, all)| (network.clone(), all.iter().map(ToString::to_string).collect()))
            .collect(),
        consoles: control
            .consoles
            .openable(principal, server)
            .map(ConsoleKind::name)
            .collect(),
        fault: details.fault.clone(),
    }
}

fn is_language(lang: &str) -> bool {
    (1..=MAX_LANG).contains(&lang.len())
        && lang
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
