//! The Nova dialect: `/`, `/v2` and `/v2.1`.
//!
//! `handle` is one request from top to bottom. The order of its steps is part of the contract:
//! where a request is wrong in two ways, it decides which of the two the client is told.

mod accept;
mod console_calls;
mod discovery;
mod fault;
mod json;
pub(crate) mod openapi;
mod python;
mod query;
mod route;
mod schema;
mod servers;
mod version;
mod webob;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use oriel_domain::{AuthToken, Principal, Server, ServerId};
use serde_json::Value;
use time::OffsetDateTime;

use self::accept::Accepted;
use self::fault::{AnnouncedVersion, Fault};
use self::route::{Api, Call, Route};
use self::schema::{Schema, Strictness};
pub use self::version::Microversion;
use crate::Control;
use crate::body::{self, BodyError, MAX_BODY};
use crate::identity::IdentityError;
use crate::policy::{Rule, Target};
use crate::read_header;
use crate::request_id::RequestId;

/// What an operator decides about the compute API.
#[derive(Debug, Clone)]
pub struct ComputeSettings {
    /// The newest microversion to offer. It decides which dialect a client chooses.
    pub max_microversion: Microversion,
    /// What links in answers start with, where it is not what the request was sent to.
    pub link_prefix: Option<String>,
    /// The scheme of such links: what clients speak, whatever does TLS for the listener.
    pub scheme: String,
    /// What links start with where a request names no host.
    pub public_url: String,
}

const OPENSTACK_REQUEST_ID: HeaderName = HeaderName::from_static("x-openstack-request-id");
const COMPUTE_REQUEST_ID: HeaderName = HeaderName::from_static("x-compute-request-id");
/// Where a token comes; the second is a name of old that Keystone's middleware still takes.
const TOKEN_HEADERS: [&str; 2] = ["x-auth-token", "x-storage-token"];

/// Where the token of a service comes that passes a user's on.
const SERVICE_TOKEN: &str = "x-service-token";

/// What every call gets: the request, understood.
struct Context<'a> {
    control: &'a Control,
    api: Api,
    version: Microversion,
    principal: &'a Principal,
    /// What links start with, up to and without the API's name.
    base: String,
    /// The project segment of the path, where there is one.
    project: Option<&'a str>,
    query: &'a str,
    now: OffsetDateTime,
}

impl Context<'_> {
    fn strictness(&self) -> Strictness {
        match self.api {
            Api::V2 => Strictness::Lenient,
            Api::V21 => Strictness::Strict,
        }
    }

    /// Whether the negotiated version is 2.`minor` or newer.
    fn since(&self, minor: u32) -> bool {
        self.version >= Microversion::v2(minor)
    }

    /// Turns the caller down unless a rule allows it.
    fn allow(&self, rule: Rule, target: Target<'_>) -> Result<(), Fault> {
        Ok(self.control.policy.check(rule, self.principal, target)?)
    }

    /// Whether a rule allows it.
    fn may(&self, rule: Rule, target: Target<'_>) -> bool {
        self.allow(rule, target).is_ok()
    }

    /// The query, name by name.
    fn query(&self) -> Result<Vec<(String, String)>, Fault> {
        query::pairs(self.query)
    }

    /// Whether this version refuses names in the query that the call does not know.
    fn refuse_query(&self) -> Result<(), Fault> {
        let names = self
            .query()?
            .into_iter()
            .map(|(name, value)| (name, Value::from(value)));
        Schema::Object(&[]).check(&Value::Object(names.collect()), Strictness::Strict)
    }

    /// The server with this id, in the one spelling that Nova finds it by.
    fn server(&self, given: &str) -> Result<Arc<Server>, Fault> {
        ServerId::from_canonical(given)
            .and_then(|id| self.control.consoles.server(self.principal, id))
            .ok_or_else(|| Fault::no_such_server(given))
    }
}

/// Answers one request to the compute API.
pub(crate) async fn handle(State(control): State<Control>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = route::decode(parts.uri.path());
    let base = control.compute.base(&parts);

    // 1. Which API? Without one, the caller is told what there is.
    let named = Api::of(&path);
    let root = path == "/" || named.is_some_and(|(_, rest)| rest == "/");
    let accepted = Accepted::read(&parts.headers, &path, root);
    let unnamed = || accept::api_of_content_type(&parts.headers).or(accepted.api);
    let found = named.or_else(|| unnamed().map(|api| (api, "/")));
    if parts.method == Method::OPTIONS && !root && !found.is_some_and(|(_, rest)| rest.is_empty()) {
        return StatusCode::OK.into_response();
    }
    let Some((api, rest)) = found else {
        return match check_content_type(&parts.headers) {
            Ok(()) => {
                let max = control.compute.max_microversion;
                discovery::outside(&path, &base, max, accepted.content_type)
            }
            Err(fault) => fault.into_response(),
        };
    };
    let request_id = parts
        .extensions
        .get::<RequestId>()
        .copied()
        .unwrap_or_else(RequestId::random);
    let mut response = answer(&control, &parts, body, (api, rest), base, &accepted).await;
    if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().insert(OPENSTACK_REQUEST_ID, value.clone());
        response.headers_mut().insert(COMPUTE_REQUEST_ID, value);
    }
    response
}

async fn answer(
    control: &Control,
    parts: &Parts,
    body: Body,
    (api, rest): (Api, &str),
    base: String,
    accepted: &Accepted,
) -> Response {
    let content_type = accepted.content_type;
    // 2. Is the body one that we would read at all?
    if read_header::<usize>(&parts.headers, header::CONTENT_LENGTH).is_some_and(|length| length > MAX_BODY) {
        return webob::page(&parts.headers, StatusCode::PAYLOAD_TOO_LARGE);
    }
    if matches!(rest, "" | "/") {
        let version = match settle_version(control, api, &parts.headers) {
            Ok(version) => version,
            Err(fault) => return fault_response(fault, api, Microversion::MIN),
        };
        let checked = check_content_type(&parts.headers)
            .and_then(|()| query::pairs(parts.uri.query().unwrap_or_default()));
        return match checked {
            Ok(_) => {
                let document = discovery::document(api, &base, control.compute.max_microversion);
                success(&document, api, version, content_type)
            }
            Err(fault) => fault_response(fault, api, version),
        };
    }
    // 3. Who asks?
    let principal = match authenticate(control, &parts.headers).await {
        Ok(principal) => principal,
        Err(response) => return response,
    };
    // 4. What for?
    let Some(route) = Route::parse(&parts.method, rest) else {
        return webob::page(&parts.headers, StatusCode::NOT_FOUND);
    };
    let body = match body::read(body).await {
        Ok(body) => body,
        Err(error) => {
            let status = match error {
                BodyError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
                BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
                BodyError::Broken => StatusCode::BAD_REQUEST,
            };
            return webob::page(&parts.headers, status);
        }
    };
    // 5. In which version? From here on, every answer names it.
    let version = match settle_version(control, api, &parts.headers) {
        Ok(version) => version,
        Err(fault) => return fault_response(fault, api, Microversion::MIN),
    };
    let context = Context {
        control,
        api,
        version,
        principal: &principal,
        base,
        project: route.project.as_deref(),
        query: parts.uri.query().unwrap_or_default(),
        now: OffsetDateTime::now_utc(),
    };
    match dispatch(&context, &route.call, &parts.headers, &body).await {
        Ok(value) => success(&value, api, version, content_type),
        Err(fault) if fault.is_unauthorized() => control.identity.unauthorized(),
        Err(fault) => fault_response(fault, api, version),
    }
}

/// Steps 6 to 15, which a negotiated request goes through.
async fn dispatch(
    context: &Context<'_>,
    call: &Call,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Value, Fault> {
    check_content_type(headers)?;
    match call {
        Call::ListServers => {
            check_project(context)?;
            servers::index(context)
        }
        Call::ListServersDetail => {
            check_project(context)?;
            servers::details(context)
        }
        Call::ShowServer(id) => {
            check_project(context)?;
            servers::show(context, id)
        }
        Call::Action(id) => {
            let (action, body) = console_calls::peek_action(body)?;
            check_project(context)?;
            console_calls::action(context, id, action, &body).await
        }
        Call::RemoteConsoles(id) => {
            let body = parse_body(body)?;
            check_project(context)?;
            console_calls::remote_consoles(context, id, &body).await
        }
        Call::ConsoleAuthToken(token) => {
            check_project(context)?;
            console_calls::console_auth_token(context, token).await
        }
        Call::CreateServer => {
            let body = parse_body(body)?;
            check_project(context)?;
            servers::create(context, &body)
        }
        Call::ChangeServer(id) => {
            let body = parse_body(body)?;
            check_project(context)?;
            servers::change(context, id, &body)
        }
        Call::DeleteServer(id) => {
            check_project(context)?;
            servers::delete(context, id)
        }
        Call::Version(id) => {
            check_project(context)?;
            context.query()?;
            let max = context.control.compute.max_microversion;
            match id {
                None => Ok(discovery::document(context.api, &context.base, max)),
                Some(id) => discovery::document_by_id(id, context.api, &context.base, max),
            }
        }
        Call::OldConsoles => {
            check_project(context)?;
            console_calls::old_consoles()
        }
    }
}

/// The caller of this token, or Keystone's answer to one without. Where a service passes it on, its own
/// token must be good too.
async fn authenticate(control: &Control, headers: &HeaderMap) -> Result<Principal, Response> {
    let refused = || control.identity.unauthorized();
    let token = |name| read_header::<AuthToken>(headers, name);
    let named = TOKEN_HEADERS.into_iter().find(|name| headers.contains_key(*name));
    let user = named.and_then(token).ok_or_else(refused)?;
    let passed_on = headers.get(SERVICE_TOKEN).is_some_and(|value| !value.is_empty());
    let validated = if passed_on {
        let service = token(SERVICE_TOKEN).ok_or_else(refused)?;
        control.identity.validate_for_service(&user, &service).await
    } else {
        control.identity.validate(&user).await
    };
    match validated {
        Ok(Some(caller)) => Ok(caller.principal),
        Ok(None) => Err(refused()),
        Err(IdentityError::Keystone(error)) => {
            tracing::warn!(%error, "a token could not be validated");
            Err(webob::keystone_unavailable(headers, error.retry_after()))
        }
        Err(error) => {
            tracing::error!(%error, "a token could not be validated");
            Err(webob::page(headers, StatusCode::SERVICE_UNAVAILABLE))
        }
    }
}

/// `/v2` is pinned at the minimum whatever its headers say.
fn settle_version(control: &Control, api: Api, headers: &HeaderMap) -> Result<Microversion, Fault> {
    match api {
        Api::V2 => Ok(Microversion::MIN),
        Api::V21 => version::negotiate(headers, control.compute.max_microversion),
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Fault> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    // Nova compares letter by letter.
    match value.to_str().unwrap_or("?").split(';').next() {
        Some("" | "application/json" | "application/vnd.openstack.compute+json" | "text/plain") => Ok(()),
        _ => Err(Fault::unsupported_media_type()),
    }
}

/// An empty body stands for `null`, as in Nova.
fn parse_body(body: &Bytes) -> Result<Value, Fault> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|_| Fault::malformed_body())
}

/// A project in the path must be the one of the token, for admins too.
fn check_project(context: &Context<'_>) -> Result<(), Fault> {
    let own = context
        .principal
        .project
        .as_ref()
        .map_or("None", |project| project.id.as_str());
    match context.project {
        Some(given) if given != own => Err(Fault::bad_request(format!(
            "Malformed request URL: URL's project_id '{given}' doesn't match Context's project_id '{own}'"
        ))),
        _ => Ok(()),
    }
}

fn success(value: &Value, api: Api, version: Microversion, content_type: &'static str) -> Response {
    let mut response = ([(header::CONTENT_TYPE, content_type)], json::text(value)).into_response();
    if api == Api::V21 {
        version::announce(response.headers_mut(), &version.to_string());
    }
    response
}

fn fault_response(fault: Fault, api: Api, negotiated: Microversion) -> Response {
    let announced = match fault.version {
        AnnouncedVersion::Negotiated => Some(negotiated.to_string()),
        AnnouncedVersion::Refused(ref version) => Some(version.clone()),
        AnnouncedVersion::None => None,
    };
    let mut response = fault.into_response();
    if let (Api::V21, Some(version)) = (api, announced) {
        version::announce(response.headers_mut(), &version);
    }
    response
}

impl ComputeSettings {
    /// What links in the answer to this request start with: the configured prefix, or what the
    /// client itself sent the request to, as Nova does.
    fn base(&self, parts: &Parts) -> String {
        if let Some(prefix) = &self.link_prefix {
            return prefix.trim_end_matches('/').to_owned();
        }
        let host = parts
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
        match host {
            Some(host) => {
                let default_port = if self.scheme == "https" { ":443" } else { ":80" };
                format!(
                    "{}://{}",
                    self.scheme,
                    host.strip_suffix(default_port).unwrap_or(host)
                )
            }
            None => self.public_url.clone(),
        }
    }
}
