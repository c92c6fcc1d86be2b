//! Servers as the compute API shows them: lists, and one server in every version's form.

use oriel_domain::{Flavor, Server, ServerId, ServerStatus, TaskState, hex};
use regex::RegexBuilder;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha224};
use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;
use time::OffsetDateTime;
use time::macros::format_description;

use super::Context;
use super::fault::Fault;
use super::openapi::{Faults, ListQuery, ServerDetail, ServerDetails, ServerInPath, ServerSummaries};
use super::version::Microversion;
use crate::policy::{Rule, Target};

/// Most servers in one answer: Nova's `[api]max_limit`.
const MAX_LIMIT: usize = 1000;
/// Largest compiled `name` pattern, in bytes. A pattern beyond it is taken literally.
const MAX_PATTERN: usize = 64 * 1024;

/// Shows a server. What is shown depends on the version.
#[utoipa::path(get, path = "/servers/{server_id}", operation_id = "show_server", params(ServerInPath), responses(
    (status = 200, description = "The server", body = ServerDetail),
    Faults<403, 404>,
))]
pub fn show(context: &Context<'_>, id: &str) -> Result<Value, Fault> {
    let server = context.server(id)?;
    context.allow(Rule::ServersShow, Target::of(&server))?;
    Ok(json!({ "server": detail(context, &server, true) }))
}

/// Lists servers in short, newest first unless asked otherwise.
#[utoipa::path(get, path = "/servers", operation_id = "list_servers", params(ListQuery), responses(
    (status = 200, description = "One page of servers", body = ServerSummaries),
    Faults<400, 403>,
))]
pub fn index(context: &Context<'_>) -> Result<Value, Fault> {
    list(context, false)
}

/// Lists servers in full, newest first unless asked otherwise.
#[utoipa::path(get, path = "/servers/detail", operation_id = "list_server_details", params(ListQuery), responses(
    (status = 200, description = "One page of servers", body = ServerDetails),
    Faults<400, 403>,
))]
pub fn details(context: &Context<'_>) -> Result<Value, Fault> {
    list(context, true)
}

/// Changes or deletes a server: a matter for a cloud, not for a console service.
#[utoipa::path(method(put, delete), path = "/servers/{server_id}", operation_id = "change_server",
    params(ServerInPath), responses(Faults<404, 501>),
)]
pub fn change(context: &Context<'_>, id: &str) -> Result<Value, Fault> {
    context.server(id)?;
    Err(Fault::not_implemented())
}

fn list(context: &Context<'_>, detailed: bool) -> Result<Value, Fault> {
    let (one, all) = if detailed {
        (Rule::ServersDetail, Rule::ServersDetailAll)
    } else {
        (Rule::ServersIndex, Rule::ServersIndexAll)
    };
    context.allow(one, Target::own(context.principal))?;
    let query = Query::parse(context.query)?;
    if query.all_projects {
        context.allow(all, Target::own(context.principal))?;
    }

    let own = context.principal.project.as_ref().map(|project| &project.id);
    let mut servers = context
        .control
        .consoles
        .servers(own.filter(|_| !query.all_projects));
    servers.retain(|server| query.admits(server));
    query.sort(&mut servers);
    let (page, more) = query.page(&servers)?;

    let view = |server: &Arc<Server>| {
        if detailed {
            detail(context, server, false)
        } else {
            summary(context, server)
        }
    };
    let mut answer = json!({ "servers": page.iter().map(view).collect::<Vec<_>>() });
    if let (true, Some(last)) = (more, page.last()) {
        let path = if detailed { "servers/detail" } else { "servers" };
        let href = format!("{}/{path}?{}", api_base(context), query.next(last.id));
        answer["servers_links"] = json!([{ "rel": "next", "href": href }]);
    }
    Ok(answer)
}

/// What a list is asked for.
struct Query {
    pairs: Vec<(String, String)>,
    name: Option<regex::Regex>,
    status: Option<String>,
    uuid: Option<String>,
    host: Option<String>,
    project: Option<String>,
    all_projects: bool,
    limit: usize,
    marker: Option<String>,
    sort: Vec<(String, bool)>,
}

impl Query {
    fn parse(query: &str) -> Result<Self, Fault> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let last = |name: &str| {
            pairs
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        for (name, value) in pairs.iter().filter(|(name, _)| name == "limit") {
            let rule = if value.is_empty() {
                "'' should be non-empty".to_owned()
            } else if value.bytes().all(|b| b.is_ascii_digit()) {
                continue;
            } else {
                format!("'{value}' does not match '^[0-9]*$'")
            };
            let message = format!("Invalid input for query parameters {name}. Value: {value}. {rule}");
            return Err(Fault::bad_request(message));
        }
        let directions: Vec<_> = pairs
            .iter()
            .filter(|(key, _)| key == "sort_dir")
            .map(|(_, value)| value)
            .collect();
        if directions
            .iter()
            .any(|dir| !matches!(dir.as_str(), "asc" | "desc"))
        {
            return Err(Fault::bad_request(
                "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'",
            ));
        }
        let sort = pairs
            .iter()
            .filter(|(key, _)| key == "sort_key")
            .enumerate()
            .map(|(at, (_, key))| {
                (
                    key.clone(),
                    directions
                        .get(at)
                        .or(directions.last())
                        .is_none_or(|d| *d == "desc"),
                )
            })
            .collect();
        Ok(Self {
            name: last("name").map(pattern),
            status: last("status").map(str::to_ascii_uppercase),
            uuid: last("uuid").map(str::to_owned),
            host: last("host").map(str::to_owned),
            project: last("project_id")
                .or_else(|| last("tenant_id"))
                .map(str::to_owned),
            all_projects: last("all_tenants").is_some_and(truthy),
            limit: last("limit").map_or(MAX_LIMIT, |limit| {
                limit.parse().unwrap_or(MAX_LIMIT).min(MAX_LIMIT)
            }),
            marker: last("marker").map(str::to_owned),
            sort,
            pairs,
        })
    }

    fn admits(&self, server: &Server) -> bool {
        self.name.as_ref().is_none_or(|name| name.is_match(&server.name))
            && self
                .status
                .as_ref()
                .is_none_or(|status| status == server.status.name())
            && self
                .uuid
                .as_ref()
                .is_none_or(|uuid| *uuid == server.id.to_string())
            && self
                .host
                .as_ref()
                .is_none_or(|host| server.host.as_ref() == Some(host))
            && self
                .project
                .as_ref()
                .is_none_or(|project| !self.all_projects || project == server.project.as_str())
    }

    /// Newest first unless asked otherwise. The order is stable: servers alike in every key keep
    /// the inventory's.
    fn sort(&self, servers: &mut [Arc<Server>]) {
        if self.sort.is_empty() {
            servers.sort_by_key(|server| std::cmp::Reverse(server.created));
            return;
        }
        servers.sort_by(|a, b| {
            self.sort
                .iter()
                .fold(Ordering::Equal, |order, (key, descending)| {
                    order.then_with(|| {
                        let order = match key.as_str() {
                            "display_name" => a.name.cmp(&b.name),
                            "created_at" => a.created.cmp(&b.created),
                            "updated_at" => a.updated.cmp(&b.updated),
                            "uuid" => a.id.cmp(&b.id),
                            "host" => a.host.cmp(&b.host),
                            "project_id" => a.project.cmp(&b.project),
                            "vm_state" => a.status.cmp(&b.status),
                            _ => Ordering::Equal,
                        };
                        if *descending { order.reverse() } else { order }
                    })
                })
        });
    }

    /// The page after the marker, and whether there may be one more.
    fn page<'a>(&self, servers: &'a [Arc<Server>]) -> Result<(&'a [Arc<Server>], bool), Fault> {
        let rest = match &self.marker {
            None => servers,
            Some(marker) => {
                let at = servers
                    .iter()
                    .position(|server| server.id.to_string() == *marker)
                    .ok_or_else(|| Fault::bad_request(format!("marker [{marker}] not found")))?;
                servers.get(at + 1..).unwrap_or_default()
            }
        };
        let page = rest.get(..self.limit).unwrap_or(rest);
        Ok((page, rest.len() > page.len()))
    }

    /// The query of the next page.
    fn next(&self, marker: ServerId) -> String {
        let mut pairs: Vec<_> = self.pairs.iter().filter(|(key, _)| key != "marker").collect();
        pairs.sort();
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .append_pair("marker", &marker.to_string())
            .finish()
    }
}

/// Nova takes `name` for a regular expression. What is none is looked for as it stands.
fn pattern(text: &str) -> regex::Regex {
    let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_PATTERN).build().ok();
    build(text)
        .or_else(|| build(&regex::escape(text)))
        // Only a name of many kilobytes comes here, and no server has one.
        .unwrap_or_else(|| {
            RegexBuilder::new("$^")
                .build()
                .unwrap_or_else(|_| unreachable!("a constant pattern"))
        })
}

fn truthy(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "" | "1" | "t" | "true" | "on" | "y" | "yes"
    )
}

fn summary(context: &Context<'_>, server: &Server) -> Value {
    json!({ "id": server.id.to_string(), "name": server.name, "links": links(context, server) })
}

/// A server with all that the negotiated version shows of it.
fn detail(context: &Context<'_>, server: &Server, alone: bool) -> Value {
    let since = |minor| context.version >= Microversion::v2(minor);
    let target = Target::of(server);
    let about_host = context.may(Rule::ExtendedAttributes, target);
    let host = server.host.as_deref();
    let facts = &server.details;
    let mut view = Map::new();
    let mut put = |name: &str, value: Value| {
        view.insert(name.to_owned(), value);
    };

    put("id", json!(server.id.to_string()));
    put("name", json!(server.name));
    put("status", json!(server.status.name()));
    put("tenant_id", json!(server.project.as_str()));
    put(
        "user_id",
        json!(facts.user.as_ref().map_or("", |user| user.as_str())),
    );
    put("created", json!(timestamp(server.created)));
    put("updated", json!(timestamp(server.updated)));
    put("links", links(context, server));
    put(
        "hostId",
        json!(host.map_or_else(String::new, |host| host_id(server, host))),
    );
    put("metadata", json!(facts.metadata));
    put("addresses", addresses(server));
    put("accessIPv4", json!(""));
    put("accessIPv6", json!(""));
    put("image", image(context, server, since(98)));
    put("flavor", flavor(context, server, since(47)));
    put("key_name", Value::Null);
    put("config_drive", json!(""));
    put("OS-DCF:diskConfig", json!("MANUAL"));
    put(
        "OS-EXT-AZ:availability_zone",
        json!(if host.is_some() { "nova" } else { "" }),
    );
    put(
        "OS-EXT-STS:task_state",
        json!(server.task_state.map(TaskState::name)),
    );
    put("OS-EXT-STS:vm_state", json!(vm_state(server.status)));
    put("OS-EXT-STS:power_state", json!(power_state(server.status)));
    put(
        "OS-SRV-USG:launched_at",
        json!(host.map(|_| launched(server.created))),
    );
    put("OS-SRV-USG:terminated_at", Value::Null);
    put("os-extended-volumes:volumes_attached", json!([]));
    if !facts.addresses.is_empty() {
        // A security group belongs to a port, and an address to one too.
        put("security_groups", json!([{ "name": "default" }]));
    }
    if matches!(
        server.status,
        ServerStatus::Active | ServerStatus::Build | ServerStatus::VerifyResize
    ) {
        put("progress", json!(0));
    }
    if let Some(fault) = &facts.fault {
        put(
            "fault",
            json!({ "code": 500, "created": timestamp(server.updated), "message": fault }),
        );
    }
    if about_host {
        put("OS-EXT-SRV-ATTR:host", json!(host));
        put("OS-EXT-SRV-ATTR:hypervisor_hostname", json!(host));
        let number = server.id.to_string();
        put(
            "OS-EXT-SRV-ATTR:instance_name",
            json!(format!("instance-{}", number.get(..8).unwrap_or_default())),
        );
    }
    if about_host && since(3) {
        put("OS-EXT-SRV-ATTR:kernel_id", json!(""));
        put("OS-EXT-SRV-ATTR:launch_index", json!(0));
        put("OS-EXT-SRV-ATTR:ramdisk_id", json!(""));
        put("OS-EXT-SRV-ATTR:reservation_id", json!(""));
        put("OS-EXT-SRV-ATTR:root_device_name", Value::Null);
        put("OS-EXT-SRV-ATTR:user_data", Value::Null);
    }
    if (about_host && since(3)) || since(90) {
        put("OS-EXT-SRV-ATTR:hostname", json!(server.name.to_lowercase()));
    }
    if since(9) {
        put("locked", json!(facts.locked));
    }
    if since(16) && context.may(Rule::HostStatus, target) {
        put("host_status", json!(if host.is_some() { "UP" } else { "" }));
    }
    if since(19) {
        put("description", Value::Null);
    }
    if since(26) {
        put("tags", json!([]));
    }
    if since(63) {
        put("trusted_image_certificates", Value::Null);
    }
    if since(71) && alone {
        put("server_groups", json!([]));
    }
    if since(73) {
        put("locked_reason", Value::Null);
    }
    if since(96) {
        put("pinned_availability_zone", Value::Null);
    }
    if since(100) {
        put("scheduler_hints", json!({}));
    }
    Value::Object(view)
}

/// What links to this API start with.
fn api_base(context: &Context<'_>) -> String {
    let project = context
        .project
        .map(|project| format!("/{project}"))
        .unwrap_or_default();
    format!("{}/{}{project}", context.base, context.api.name())
}

fn links(context: &Context<'_>, server: &Server) -> Value {
    let id = server.id.to_string();
    json!([
        { "rel": "self", "href": format!("{}/servers/{id}", api_base(context)) },
        { "rel": "bookmark", "href": bookmark(context, "servers", &id) },
    ])
}

fn addresses(server: &Server) -> Value {
    let network = |addresses: &Vec<IpAddr>| -> Value {
        let entry = |address: &IpAddr| {
            json!({
                "version": if address.is_ipv4() { 4 } else { 6 },
                "addr": address.to_string(),
                "OS-EXT-IPS:type": "fixed",
                // The inventory does not know it; the first of the private range says nothing.
                "OS-EXT-IPS-MAC:mac_addr": "02:00:00:00:00:00",
            })
        };
        addresses.iter().map(entry).collect()
    };
    let networks = server.details.addresses.iter();
    Value::Object(
        networks
            .map(|(name, addresses)| (name.clone(), network(addresses)))
            .collect(),
    )
}

/// The image, or an empty text, which is what Nova says of a server that boots from a volume.
fn image(context: &Context<'_>, server: &Server, with_properties: bool) -> Value {
    let Some(id) = &server.details.image else {
        return json!("");
    };
    let mut image =
        json!({ "id": id, "links": [{ "rel": "bookmark", "href": bookmark(context, "images", id) }] });
    if with_properties {
        image["properties"] = json!({});
    }
    image
}

/// The size. Where the inventory knows none, a flavor of no size stands in: clients expect one.
fn flavor(context: &Context<'_>, server: &Server, embedded: bool) -> Value {
    let unknown = Flavor {
        name: "unknown".to_owned(),
        vcpus: 0,
        ram: 0,
        disk: 0,
    };
    let flavor = server.details.flavor.as_ref().unwrap_or(&unknown);
    if embedded {
        json!({
            "original_name": flavor.name, "vcpus": flavor.vcpus, "ram": flavor.ram, "disk": flavor.disk,
            "ephemeral": 0, "swap": 0, "extra_specs": {},
        })
    } else {
        let href = bookmark(context, "flavors", &flavor.name);
        json!({ "id": flavor.name, "links": [{ "rel": "bookmark", "href": href }] })
    }
}

/// A link to a resource whatever the version of the API.
fn bookmark(context: &Context<'_>, kind: &str, id: &str) -> String {
    let project = context
        .project
        .map(|project| format!("/{project}"))
        .unwrap_or_default();
    format!("{}{project}/{kind}/{id}", context.base)
}

/// Nova's way to tell two servers' hosts apart without naming them.
fn host_id(server: &Server, host: &str) -> String {
    hex(&Sha224::digest(format!("{}{host}", server.project).as_bytes()))
}

fn timestamp(time: OffsetDateTime) -> String {
    time.format(format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second]Z"
    ))
    .unwrap_or_default()
}

fn launched(time: OffsetDateTime) -> String {
    time.format(format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].000000"
    ))
    .unwrap_or_default()
}

fn vm_state(status: ServerStatus) -> &'static str {
    match status {
        ServerStatus::Active | ServerStatus::Unknown => "active",
        ServerStatus::Build => "building",
        ServerStatus::Shutoff => "stopped",
        ServerStatus::Paused => "paused",
        ServerStatus::Suspended => "suspended",
        ServerStatus::Rescue => "rescued",
        ServerStatus::VerifyResize => "resized",
        ServerStatus::Shelved => "shelved",
        ServerStatus::ShelvedOffloaded => "shelved_offloaded",
        ServerStatus::Error => "error",
        ServerStatus::SoftDeleted => "soft-delete",
    }
}

/// Nova's numbers: 0 not known, 1 running, 3 paused, 4 off, 7 suspended.
fn power_state(status: ServerStatus) -> u8 {
    match status {
        ServerStatus::Active | ServerStatus::Rescue | ServerStatus::VerifyResize => 1,
        ServerStatus::Paused => 3,
        ServerStatus::Shutoff
        | ServerStatus::Shelved
        | ServerStatus::ShelvedOffloaded
        | ServerStatus::SoftDeleted => 4,
        ServerStatus::Suspended => 7,
        ServerStatus::Build | ServerStatus::Error | ServerStatus::Unknown => 0,
    }
}
