//! The compute API's part of `/openapi.json`: its calls under each of the paths that they have, and
//! the answers that they share.

use std::collections::BTreeMap;

use http::StatusCode;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Components, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi as Document, RefOr, Required, Response};
use utoipa::{IntoParams, IntoResponses, OpenApi};

use super::accept::{ATOM, VENDOR_JSON};
use super::fault::Fault;
use super::route::Api;
use super::schema::Schema;
use super::{console_calls, discovery, query, servers};
use crate::identity::openapi::keystone_error;
use crate::openapi::{
    Shape, add, answer, anything, boolean, closed, either, formatted, header, integer, list, map, nest,
    object, of_components, only, or_null, shapes, shared, shared_answers, text, word,
};

/// The calls of both APIs.
#[derive(OpenApi)]
#[openapi(paths(
    discovery::document,
    servers::index,
    servers::details,
    servers::show,
    servers::create,
    servers::change,
    servers::delete,
    discovery::document_by_id,
    console_calls::action,
    console_calls::old_consoles,
    console_calls::old_console,
))]
struct Calls;

/// The calls of microversions that `/v2`, pinned at the first, never reaches.
#[derive(OpenApi)]
#[openapi(paths(console_calls::remote_consoles, console_calls::console_auth_token))]
struct LaterCalls;

/// What needs no version.
#[derive(OpenApi)]
#[openapi(paths(discovery::root))]
struct Root;

/// What becomes of every call whatever it is about.
const EVERY_CALL: [u16; 6] = [400, 401, 408, 413, 415, 503];
/// The rest of it where there are microversions.
const EVERY_VERSIONED_CALL: [u16; 2] = [400, 406];

/// The compute API's paths and what they refer to.
pub fn document() -> Document {
    let mut document = Root::openapi();
    add(&mut document, of_components(components()));
    for api in [Api::V2, Api::V21] {
        for project in ["", "/{project_id}"] {
            let mut calls = Calls::openapi();
            if api == Api::V21 {
                add(&mut calls, LaterCalls::openapi());
            }
            let prefix = format!("/{}{project}", api.name());
            let family = if project.is_empty() {
                api.name().to_owned()
            } else {
                format!("{}.project", api.name())
            };
            nest(&mut document, calls, (&prefix, &family), |path, call| {
                place(path, call, api);
            });
        }
    }
    document
}

/// Gives a call what it has by the path under which it lies.
fn place(path: &str, call: &mut Operation, api: Api) {
    // The document of a version is told to everyone, but not below a project.
    let public = matches!(path, "/v2/" | "/v2.1/");
    let mut parameters = Vec::new();
    let mut statuses = if public {
        vec![400, 413, 415]
    } else {
        EVERY_CALL.to_vec()
    };
    if api == Api::V21 {
        parameters.extend(["ComputeVersion", "NovaVersion"]);
        statuses.extend(EVERY_VERSIONED_CALL);
    }
    if path.contains("{project_id}") {
        parameters.push("ProjectId");
    }
    if path.contains('{') {
        // What is no id can make a path that leads nowhere.
        statuses.push(404);
    }
    let parameters = parameters
        .iter()
        .map(|name| RefOr::Ref(shared("parameters", name)));
    call.parameters.get_or_insert_default().extend(parameters);
    for (name, response) in statuses
        .iter()
        .flat_map(|status| shared_answers("Compute", [*status]))
    {
        call.responses.responses.entry(name).or_insert(response);
    }
    for response in call.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.headers.extend(headers(api));
            // Nova's own names for JSON, for who asks for them.
            if let Some(json) = response.content.get("application/json").cloned() {
                if path.ends_with('/') && !path.contains('{') {
                    response.content.insert(ATOM.to_owned(), json.clone());
                }
                response.content.insert(VENDOR_JSON.to_owned(), json);
            }
        }
    }
    if !public {
        call.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
    }
    call.tags = Some(vec!["compute".to_owned()]);
}

/// A call's own faults, by status; those that it shares with every other call need no mention.
pub struct Faults<
    const A: u16 = 0,
    const B: u16 = 0,
    const C: u16 = 0,
    const D: u16 = 0,
    const E: u16 = 0,
    const F: u16 = 0,
>;

impl<const A: u16, const B: u16, const C: u16, const D: u16, const E: u16, const F: u16> IntoResponses
    for Faults<A, B, C, D, E, F>
{
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        shared_answers("Compute", [A, B, C, D, E, F])
    }
}

const REQUEST_IDS: [&str; 2] = ["X-Openstack-Request-Id", "X-Compute-Request-Id"];
const VERSIONS: [&str; 3] = ["OpenStack-API-Version", "X-OpenStack-Nova-API-Version", "Vary"];

fn headers(api: Api) -> impl Iterator<Item = (String, RefOr<utoipa::openapi::Header>)> {
    let versions = if api == Api::V21 { &VERSIONS[..] } else { &[] };
    let names = REQUEST_IDS.iter().chain(versions);
    names.map(|name| ((*name).to_owned(), RefOr::Ref(shared("headers", name))))
}

fn components() -> Components {
    let mut components = Components::new();
    for (status, about) in [
        (
            400,
            "The request is not what the call asks for, or its version cannot be read. A broken body answers with a page",
        ),
        (401, "No token came, or none that is good"),
        (403, "A rule of the policy forbids it"),
        (
            404,
            "There is no such server, token, path, or call in this version. A path that leads nowhere answers with a page",
        ),
        (406, "The version is not offered"),
        (408, "The body did not come in time"),
        (409, "The server is in no state for it"),
        (410, "Nova gave this up"),
        (413, "The body is too large"),
        (415, "The body is of a kind that is not read"),
        (500, "Something broke inside"),
        (501, "The server has no console, or Oriel does not do this"),
        (503, "Nobody could say who asks; try again"),
    ] {
        let mut response = match status {
            401 => answer(about, [("application/json", keystone_error(401).into())])
                .header_ref("WWW-Authenticate", shared("headers", "WWW-Authenticate")),
            400 | 404 => {
                let json = either([fault(status), page().into()]).into();
                answer(
                    about,
                    [
                        ("application/json", json),
                        ("text/html", text().into()),
                        ("text/plain", text().into()),
                    ],
                )
            }
            408 | 413 | 503 => {
                let json = page().into();
                answer(
                    about,
                    [
                        ("application/json", json),
                        ("text/html", text().into()),
                        ("text/plain", text().into()),
                    ],
                )
            }
            _ => answer(about, [("application/json", fault(status))]),
        }
        .build();
        // Of the two APIs only one has versions; both share these answers.
        response.headers.extend(headers(Api::V21));
        components
            .responses
            .insert(format!("Compute{status}"), response.into());
    }
    for (name, about) in [
        ("X-Openstack-Request-Id", "Names the request in the log"),
        ("X-Compute-Request-Id", "The same, under Nova's older name"),
        (
            "OpenStack-API-Version",
            "`compute` and the version that was settled, where one was",
        ),
        (
            "X-OpenStack-Nova-API-Version",
            "The same version, under Nova's older name",
        ),
        ("Vary", "Names the headers that choose the version"),
        (
            "WWW-Authenticate",
            "`Keystone uri=\"...\"`: where tokens are given",
        ),
    ] {
        components.headers.insert(name.to_owned(), header(about).into());
    }
    for (name, parameter) in [
        ("ProjectId", project_id()),
        (
            "ComputeVersion",
            version(
                "OpenStack-API-Version",
                "^compute (latest|[1-9][0-9]*\\.(0|[1-9][0-9]*))$",
            ),
        ),
        (
            "NovaVersion",
            version(
                "X-OpenStack-Nova-API-Version",
                "^(latest|[1-9][0-9]*\\.(0|[1-9][0-9]*))$",
            ),
        ),
    ] {
        components.parameters.insert(name.to_owned(), parameter.into());
    }
    components
}

fn in_path(name: &str, about: &str, shape: impl Into<Shape>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(shape))
        .build()
}

fn project_id() -> Parameter {
    let shape = text().pattern(Some("^[0-9a-f-]+$"));
    in_path(
        "project_id",
        "The project of the token. It may be left out",
        shape,
    )
}

fn version(name: &str, pattern: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some("The version of the API to be answered in; without one, 2.1"))
        .schema(Some(text().pattern(Some(pattern))))
        .build()
}

/// The server in a path.
pub struct ServerInPath;

impl IntoParams for ServerInPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let shape = formatted("uuid");
        vec![in_path(
            "server_id",
            "The server's id, in lower case with dashes",
            shape,
        )]
    }
}

/// The id of an API in a path.
pub struct VersionInPath;

impl IntoParams for VersionInPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path("id", "The API's id: v2.0 or v2.1", text())]
    }
}

/// The console token in a path.
pub struct TokenInPath;

impl IntoParams for TokenInPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path(
            "token",
            "The token of a console's link",
            formatted("uuid"),
        )]
    }
}

/// A console of the API that Nova once had.
pub struct OldConsoleId;

impl IntoParams for OldConsoleId {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path("console_id", "Anything", text().min_length(Some(1)))]
    }
}

/// What a list of servers can be asked for: the most used of the names that Nova has.
pub struct ListQuery;

impl IntoParams for ListQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = |(name, about, shape): (&str, &str, Shape)| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .description(Some(about))
                .schema(Some(shape))
                .build()
        };
        let any = || Shape::from(text());
        [
            ("name", "A regular expression that names must match", any()),
            ("status", "The one status to list", any()),
            ("uuid", "The one server to list", any()),
            ("host", "The one host whose servers to list", any()),
            ("project_id", "With `all_tenants`: the one project to list", any()),
            ("tenant_id", "The same, under its older name", any()),
            (
                "all_tenants",
                "`1` lists every project's servers, for admins",
                any(),
            ),
            (
                "limit",
                "Most servers to list",
                text().pattern(Some("^[0-9]+$")).into(),
            ),
            ("marker", "The last server of the page before", any()),
            ("sort_key", "What to sort by", word(query::SORT_KEYS).into()),
            ("sort_dir", "In which direction", word(&["asc", "desc"]).into()),
        ]
        .map(parameter)
        .into()
    }
}

/// A fault with this status, in the shape that the calls make it in.
fn fault(status: u16) -> Shape {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let code = integer().enum_values(Some([status.as_u16()]));
    let fault =
        object([("code", code.into()), ("message", text().into())]).additional_properties(Some(closed()));
    only(Fault::key_of(status), fault).into()
}

/// A page for a program.
fn page() -> utoipa::openapi::ObjectBuilder {
    object([
        ("message", text().into()),
        ("code", text().into()),
        ("title", text().into()),
    ])
    .additional_properties(Some(closed()))
}

impl From<&Schema> for Shape {
    fn from(schema: &Schema) -> Self {
        match schema {
            Schema::Enum(choices) => word(choices).into(),
            Schema::AnyObject => object([]).into(),
            Schema::Lines => utoipa::openapi::ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Type::Integer, Type::String, Type::Null]))
                .minimum(Some(-1))
                .pattern(Some("^-?[0-9]+$"))
                .into(),
            Schema::Object(properties) => properties
                .iter()
                .fold(
                    object([]).additional_properties(Some(closed())),
                    |object, property| {
                        let object = object.property(property.name, Shape::from(&property.schema));
                        if property.required {
                            object.required(property.name)
                        } else {
                            object
                        }
                    },
                )
                .into(),
        }
    }
}

fn link() -> Shape {
    object([("rel", text().into()), ("href", text().into())]).into()
}

fn media_types() -> Shape {
    list(object([("base", text().into()), ("type", text().into())])).into()
}

fn version_facts() -> utoipa::openapi::ObjectBuilder {
    object([
        ("id", text().into()),
        ("status", word(&["CURRENT", "DEPRECATED"]).into()),
        ("version", text().into()),
        ("min_version", text().into()),
        ("updated", formatted("date-time").into()),
        ("links", list(link()).into()),
    ])
}

fn console<const N: usize>(members: [(&str, Shape); N]) -> Shape {
    object(members)
        .property(
            "url",
            formatted("uri").description(Some("The link. It carries a token: keep it secret")),
        )
        .required("url")
        .additional_properties(Some(closed()))
        .into()
}

fn address() -> Shape {
    object([
        ("version", integer().enum_values(Some([4, 6])).into()),
        ("addr", text().into()),
        ("OS-EXT-IPS:type", text().into()),
        ("OS-EXT-IPS-MAC:mac_addr", text().into()),
    ])
    .into()
}

/// What every version shows of a server. Later ones add to it.
fn server() -> Shape {
    let members = |shape: fn() -> Shape, names: &[&'static str]| -> Vec<(&'static str, Shape)> {
        names.iter().map(|name| (*name, shape())).collect()
    };
    let texts = members(
        || text().into(),
        &[
            "name",
            "status",
            "tenant_id",
            "user_id",
            "hostId",
            "config_drive",
            "OS-DCF:diskConfig",
            "OS-EXT-AZ:availability_zone",
            "OS-EXT-STS:vm_state",
        ],
    );
    let maybe_texts = members(
        || or_null(Type::String).into(),
        &[
            "key_name",
            "OS-EXT-STS:task_state",
            "OS-SRV-USG:launched_at",
            "OS-SRV-USG:terminated_at",
        ],
    );
    let times = members(|| formatted("date-time").into(), &["created", "updated"]);
    let rest = [
        ("id", formatted("uuid").into()),
        ("links", list(link()).into()),
        ("metadata", map(text()).into()),
        ("addresses", map(list(address())).into()),
        (
            "image",
            anything().description(Some("An object, or an empty text")).into(),
        ),
        ("flavor", object([]).into()),
        ("OS-EXT-STS:power_state", integer().into()),
        ("os-extended-volumes:volumes_attached", list(anything()).into()),
    ];
    object(texts.into_iter().chain(maybe_texts).chain(times).chain(rest))
        .property("locked", boolean())
        .property("host_status", text())
        .property("description", or_null(Type::String))
        .property("tags", list(text()))
        .property("progress", integer())
        .property("OS-EXT-SRV-ATTR:host", or_null(Type::String))
        .property("OS-EXT-SRV-ATTR:hypervisor_hostname", or_null(Type::String))
        .property("OS-EXT-SRV-ATTR:instance_name", text())
        .property("OS-EXT-SRV-ATTR:hostname", text())
        .into()
}

fn servers(of: Shape) -> utoipa::openapi::ObjectBuilder {
    object([("servers", list(of).into())])
        .property("servers_links", list(link()))
        .additional_properties(Some(closed()))
}

shapes! {
    /// The APIs that there are.
    ComputeVersions = object([("versions", list(version_facts()).into())]);
    /// One API.
    ComputeVersion = only("version", version_facts().property("media-types", media_types()));
    /// Servers in short.
    ServerSummaries = servers(object([
        ("id", formatted("uuid").into()), ("name", text().into()), ("links", list(link()).into()),
    ]).into());
    /// Servers in full.
    ServerDetails = servers(server());
    /// One server.
    ServerDetail = only("server", server());
    /// One action, by its name.
    ServerAction = either(console_calls::ACTIONS.map(Shape::from).into_iter().chain([
        only("os-getRDPConsole", anything().description(Some("Refused always: Nova gave it up"))).into(),
    ]));
    /// A console's link, or the server's output.
    ServerActionAnswer = either([
        only("console", console([("type", text().into())])).into(),
        only("output", text()).into(),
    ]);
    /// What a server should be.
    ServerWish = Shape::from(&servers::SERVER);
    /// Which console to open.
    RemoteConsole = Shape::from(&console_calls::REMOTE_2_99);
    /// A console's link.
    RemoteConsoleAnswer = only("remote_console", console([("protocol", text().into()), ("type", text().into())]));
    /// Where a console's back end is.
    ConsoleBackEnd = only("console", object([
        ("instance_uuid", formatted("uuid").into()), ("host", text().into()), ("port", integer().into()),
        ("internal_access_path", or_null(Type::String).into()),
    ]).property("tls_port", or_null(Type::Integer)).additional_properties(Some(closed())));
}
