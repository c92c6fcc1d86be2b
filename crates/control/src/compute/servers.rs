//! Servers as the compute API shows them: lists, and one server in every version's form.

mod list;

use oriel_domain::{Flavor, Server, ServerStatus, TaskState, hex};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha224};
use std::net::IpAddr;
use time::OffsetDateTime;
use time::macros::format_description;

use super::Context;
use super::fault::Fault;
use super::openapi::{
    Faults, ListQuery, ServerDetail, ServerDetails, ServerInPath, ServerSummaries, ServerWish,
};
use super::schema::{Property, Schema};
use super::version::Microversion;
use crate::policy::{Rule, Target};

pub use self::list::list;

/// The first version that refuses a query on one server.
const FIRST_WITHOUT_QUERY: Microversion = Microversion::v2(102);

/// Shows a server. What is shown depends on the version.
#[utoipa::path(get, path = "/servers/{server_id}", operation_id = "show_server", params(ServerInPath), responses(
    (status = 200, description = "The server", body = ServerDetail),
    Faults<403, 404>,
))]
pub fn show(context: &Context<'_>, id: &str) -> Result<Value, Fault> {
    if context.version >= FIRST_WITHOUT_QUERY {
        context.refuse_query()?;
    } else {
        context.query()?;
    }
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

/// As much of the bodies of calls that are refused as decides which error the caller is told.
pub const SERVER: Schema = Schema::Object(&[Property::required("server", Schema::AnyObject)]);

/// Makes a server: a matter for a cloud, not for a console service.
#[utoipa::path(post, path = "/servers", operation_id = "create_server", request_body = ServerWish,
    responses(Faults<400, 501>),
)]
pub fn create(context: &Context<'_>, body: &Value) -> Result<Value, Fault> {
    SERVER.check(body, context.strictness())?;
    Err(Fault::not_implemented())
}

/// Changes a server: likewise.
#[utoipa::path(put, path = "/servers/{server_id}", operation_id = "change_server", params(ServerInPath),
    request_body = ServerWish, responses(Faults<400, 404, 501>),
)]
pub fn change(context: &Context<'_>, id: &str, body: &Value) -> Result<Value, Fault> {
    SERVER.check(body, context.strictness())?;
    context.server(id)?;
    Err(Fault::not_implemented())
}

/// Deletes a server: likewise.
#[utoipa::path(delete, path = "/servers/{server_id}", operation_id = "delete_server", params(ServerInPath),
    responses(Faults<404, 501>),
)]
pub fn delete(context: &Context<'_>, id: &str) -> Result<Value, Fault> {
    context.server(id)?;
    Err(Fault::not_implemented())
}

fn summary(context: &Context<'_>, server: &Server) -> Value {
    json!({ "id": server.id.to_string(), "name": server.name, "links": links(context, server) })
}

/// A server with all that the negotiated version shows of it.
fn detail(context: &Context<'_>, server: &Server, alone: bool) -> Value {
    let host = server.host.as_deref();
    let facts = &server.details;
    let mut view = Map::new();
    let mut put = |name: &str, value: Value| {
        view.insert(name.to_owned(), value);
    };

    put("id", json!(server.id.to_string()));
    put("name", json!(server.name));
    put("status", json!(status(server)));
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
    put("image", image(context, server, context.since(98)));
    put("flavor", flavor(context, server, context.since(47)));
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
    if matches!(status(server), "ACTIVE" | "BUILD" | "VERIFY_RESIZE" | "MIGRATING") {
        put("progress", json!(0));
    }
    if let Some(fault) = &facts.fault {
        put(
            "fault",
            json!({ "code": 500, "created": timestamp(server.updated), "message": fault }),
        );
    }
    add_host(&mut view, context, server);
    add_later(&mut view, context, server, alone);
    Value::Object(view)
}

/// Where a server lies, for who may know.
fn add_host(view: &mut Map<String, Value>, context: &Context<'_>, server: &Server) {
    let mut put = |name: &str, value: Value| {
        view.insert(name.to_owned(), value);
    };
    let host = server.host.as_deref();
    let about_host = context.may(Rule::ExtendedAttributes, Target::of(server));
    if about_host {
        put("OS-EXT-SRV-ATTR:host", json!(host));
        put("OS-EXT-SRV-ATTR:hypervisor_hostname", json!(host));
        let number = server.id.to_string();
        put(
            "OS-EXT-SRV-ATTR:instance_name",
            json!(format!("instance-{}", number.get(..8).unwrap_or_default())),
        );
    }
    if about_host && context.since(3) {
        put("OS-EXT-SRV-ATTR:kernel_id", json!(""));
        put("OS-EXT-SRV-ATTR:launch_index", json!(0));
        put("OS-EXT-SRV-ATTR:ramdisk_id", json!(""));
        put("OS-EXT-SRV-ATTR:reservation_id", json!(""));
        put("OS-EXT-SRV-ATTR:root_device_name", Value::Null);
        put("OS-EXT-SRV-ATTR:user_data", Value::Null);
    }
    if (about_host && context.since(3)) || context.since(90) {
        put("OS-EXT-SRV-ATTR:hostname", json!(server.name.to_lowercase()));
    }
}

/// What later versions added.
fn add_later(view: &mut Map<String, Value>, context: &Context<'_>, server: &Server, alone: bool) {
    let mut put = |name: &str, value: Value| {
        view.insert(name.to_owned(), value);
    };
    if context.since(9) {
        put("locked", json!(server.details.locked));
    }
    if context.since(16) && context.may(Rule::HostStatus, Target::of(server)) {
        put(
            "host_status",
            json!(if server.host.is_some() { "UP" } else { "" }),
        );
    }
    if context.since(19) {
        put("description", Value::Null);
    }
    if context.since(26) {
        put("tags", json!([]));
    }
    if context.since(63) {
        put("trusted_image_certificates", Value::Null);
    }
    if context.since(71) && alone {
        put("server_groups", json!([]));
    }
    if context.since(73) {
        put("locked_reason", Value::Null);
    }
    if context.since(96) {
        put("pinned_availability_zone", Value::Null);
    }
    if context.since(100) {
        put("scheduler_hints", json!({}));
    }
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

/// The status that the API shows: what is being done to a server counts too.
fn status(server: &Server) -> &'static str {
    match (server.status, server.task_state) {
        (ServerStatus::Active | ServerStatus::Paused, Some(TaskState::Migrating)) => "MIGRATING",
        (ServerStatus::Active, Some(TaskState::Rebooting)) => "REBOOT",
        (status, _) => status.name(),
    }
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
