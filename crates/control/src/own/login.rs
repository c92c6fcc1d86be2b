//! A person logs in at the servers page, goes from project to project, and logs out.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use oriel_domain::{AuthToken, LoginKey, ProjectId, ProjectRef, Role};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use super::fault::{Fault, Refusal};
use super::halves::{self, Halves};
use super::read_json;
use crate::Control;
use crate::identity::{Caller, Identity};

/// Longest name of a user, a domain or a project, in bytes: Keystone's columns hold 255 characters.
const MAX_NAME: usize = 1024;
/// Longest password, in bytes: Keystone's default is as long.
const MAX_PASSWORD: usize = 4096;
/// How long calls that were begun before a change of the project may take.
const UNDER_WAY: Duration = if cfg!(test) {
    Duration::from_millis(100)
} else {
    Duration::from_secs(30)
};

/// What a person types to log in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    user: String,
    #[schema(value_type = String)]
    password: SecretString,
    /// The name of the user's domain; by default the one that every identity has.
    #[serde(default)]
    domain: Option<String>,
    /// The id of the project to go to, such as the last one. By default, and where that cannot be, the first.
    #[serde(default)]
    project: Option<String>,
}

/// The project to go to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Destination {
    /// Its id.
    project: String,
}

/// How people log in here, and who has.
#[derive(Serialize, ToSchema)]
pub(super) struct LoginState {
    /// `embedded`, or `keystone`.
    identity: &'static str,
    /// Whether a user's name alone may not say who it is.
    asks_for_domain: bool,
    /// There is nobody yet who could log in: `oriel bootstrap` makes the first user.
    first_run: bool,
    /// Null: nobody has.
    login: Option<LoginFacts>,
}

/// A login that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct NewLogin {
    login: LoginFacts,
    /// The page's half of it, for the header `X-Oriel-Login`. The other one is a cookie.
    key: String,
}

/// A login that went to another project.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangedLogin {
    login: LoginFacts,
}

/// Who is logged in, and where.
#[derive(Serialize, ToSchema)]
struct LoginFacts {
    user: NamedPlace,
    /// Null: the person has a role in no project.
    project: Option<NamedPlace>,
    /// All that the person can go to.
    projects: Vec<NamedPlace>,
    /// Whether the person is an admin there, and so sees the servers of all projects.
    admin: bool,
    /// When the login ends by itself, as RFC 3339 says it.
    expires_at: String,
}

/// A user or a project.
#[derive(Serialize, ToSchema)]
struct NamedPlace {
    id: String,
    name: String,
    /// The name of its domain.
    domain: String,
}

/// How people log in here, and who has.
#[utoipa::path(get, path = "/login", operation_id = "show_login", responses(
    (status = 200, description = "How people log in, and who has", body = LoginState),
    (status = 500, description = "Something broke inside", body = Refusal),
    (status = 503, description = "The identity cannot answer", body = Refusal, headers(("Retry-After" = u32))),
))]
pub(super) async fn show(
    State(control): State<Control>,
    request: Request,
) -> Result<Json<LoginState>, Fault> {
    let login = match Halves::of(&control, request.headers()) {
        Some(halves) => facts(&control, &halves).await?,
        None => None,
    };
    Ok(Json(LoginState {
        identity: match control.identity {
            Identity::Embedded(_) => "embedded",
            Identity::Keystone(_) => "keystone",
        },
        asks_for_domain: control.identity.asks_for_domain().await?,
        first_run: login.is_none() && control.identity.is_empty().await?,
        login,
    }))
}

/// A person logs in with a password.
///
/// For Oriel's own page: the answer is one half of the login, a cookie the other. Programs log in with the identity.
#[utoipa::path(post, path = "/login", operation_id = "log_in_person", request_body = Credentials, responses(
    (status = 200, description = "Who is logged in, and the page's half of the login", body = NewLogin,
        headers(("Set-Cookie" = String, description = "The browser's half"))),
    (status = 400, description = "The body is not what the call asks for", body = Refusal),
    (status = 401, description = "User and password do not fit, or are not enough", body = Refusal),
    (status = 403, description = "A page of another origin asks", body = Refusal),
    (status = 408, description = "The body did not come in time", body = Refusal),
    (status = 413, description = "The body is too long", body = Refusal),
    (status = 415, description = "The body is not JSON", body = Refusal),
    (status = 429, description = "The user has failed too often", body = Refusal, headers(("Retry-After" = u32))),
    (status = 500, description = "Something broke inside", body = Refusal),
    (status = 503, description = "The identity cannot answer", body = Refusal, headers(("Retry-After" = u32))),
))]
pub(super) async fn log_in(State(control): State<Control>, request: Request) -> Result<Response, Fault> {
    let credentials: Credentials = read_own(&control, request).await?;
    let domain = credentials.domain.as_deref().filter(|name| !name.is_empty());
    check(&credentials, domain)?;
    let identity = &control.identity;
    let person = identity
        .log_in_person(&credentials.user, domain, &credentials.password)
        .await?;
    let projects = projects(identity, &person).await?;
    let wanted = credentials.project.as_deref();
    let project = projects
        .iter()
        .find(|project| Some(project.id.as_str()) == wanted)
        .or(projects.first());
    let project = match project {
        Some(project) => Some(identity.enter(&person, &project.id).await?),
        None => None,
    };
    let halves = Halves {
        person,
        project,
        key: LoginKey::random().map_err(|_| Fault::internal("there is no randomness for a login"))?,
    };
    let caller = identity.validate(halves.token()).await?;
    let caller = caller.ok_or(Fault::LoginRefused)?;
    let body = NewLogin {
        login: describe(&caller, &projects),
        key: halves.key.expose().to_owned(),
    };
    Ok(([(header::SET_COOKIE, halves.cookie(&control)?)], Json(body)).into_response())
}

/// Goes to another project. The login that was good in the last one ends.
#[utoipa::path(post, path = "/login/project", operation_id = "enter_project", request_body = Destination, responses(
    (status = 200, description = "Who is logged in, and where", body = ChangedLogin,
        headers(("Set-Cookie" = String, description = "The browser's half of the login"))),
    (status = 400, description = "The body is not what the call asks for", body = Refusal),
    (status = 401, description = "Nobody is logged in", body = Refusal),
    (status = 403, description = "The person has no role there, or a page of another origin asks", body = Refusal),
    (status = 408, description = "The body did not come in time", body = Refusal),
    (status = 413, description = "The body is too long", body = Refusal),
    (status = 415, description = "The body is not JSON", body = Refusal),
    (status = 500, description = "Something broke inside", body = Refusal),
    (status = 503, description = "The identity cannot answer", body = Refusal, headers(("Retry-After" = u32))),
))]
pub(super) async fn enter(State(control): State<Control>, request: Request) -> Result<Response, Fault> {
    let halves = Halves::of(&control, request.headers());
    let Destination { project } = read_own(&control, request).await?;
    let mut halves = halves.ok_or(Fault::LoginRequired)?;
    let identity = &control.identity;
    let projects = projects(identity, &halves.person).await?;
    let project: ProjectId = project.parse().map_err(|_| Fault::NoRole)?;
    let entered = identity.enter(&halves.person, &project).await?;
    let caller = identity.validate(&entered).await?.ok_or(Fault::LoginRequired)?;
    let left = halves.project.replace(entered);
    let cookie = halves.cookie(&control)?;
    if let Some(left) = left {
        tokio::spawn(end_later(identity.clone(), left));
    }
    let body = ChangedLogin {
        login: describe(&caller, &projects),
    };
    Ok(([(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

/// Ends a token that no browser uses any more, once what was asked with it has been answered: a call that is under way with
/// the old cookie would else be told that nobody is logged in.
async fn end_later(identity: Identity, token: AuthToken) {
    tokio::time::sleep(UNDER_WAY).await;
    if let Err(error) = identity.revoke(&token).await {
        tracing::warn!(%error, "a token that a person needs no more could not be ended");
    }
}

/// Logs the person out: the tokens end, and the cookie goes. Nobody being logged in is no error.
#[utoipa::path(delete, path = "/login", operation_id = "log_out_person", responses(
    (status = 204, description = "Nobody is logged in any more",
        headers(("Set-Cookie" = String, description = "Takes the browser's half of the login away"))),
    (status = 403, description = "A page of another origin asks", body = Refusal),
    (status = 500, description = "Something broke inside", body = Refusal),
    (status = 503, description = "This browser is logged out, but the identity could not be told to end the tokens",
        body = Refusal, headers(("Retry-After" = u32))),
))]
pub(super) async fn log_out(State(control): State<Control>, request: Request) -> Result<Response, Fault> {
    if !halves::is_from_here(&control, request.headers()) {
        return Err(Fault::OriginRefused);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(Halves { person, project, .. }) = Halves::of(&control, request.headers()) {
        for token in project.iter().chain([&person]) {
            if let Err(error) = control.identity.revoke(token).await {
                response = Fault::from(error).into_response();
            }
        }
    }
    let cookie = halves::no_cookie(&control)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// The body of a call that only a page of this origin makes.
async fn read_own<T: serde::de::DeserializeOwned>(control: &Control, request: Request) -> Result<T, Fault> {
    if !halves::is_from_here(control, request.headers()) {
        return Err(Fault::OriginRefused);
    }
    let (parts, body): (_, Body) = request.into_parts();
    read_json(&parts.headers, body).await
}

fn check(credentials: &Credentials, domain: Option<&str>) -> Result<(), Fault> {
    use secrecy::ExposeSecret as _;
    let names = [
        Some(credentials.user.as_str()),
        domain,
        credentials.project.as_deref(),
    ];
    if names.into_iter().flatten().any(|name| name.len() > MAX_NAME) {
        return Err(Fault::bad_request("a name is too long"));
    }
    if credentials.user.is_empty() {
        return Err(Fault::bad_request("user is empty"));
    }
    if credentials.password.expose_secret().len() > MAX_PASSWORD {
        return Err(Fault::bad_request("the password is too long"));
    }
    Ok(())
}

async fn projects(identity: &Identity, person: &AuthToken) -> Result<Vec<ProjectRef>, Fault> {
    identity.projects_of(person).await?.ok_or(Fault::LoginRequired)
}

/// None: the login works no more.
async fn facts(control: &Control, halves: &Halves) -> Result<Option<LoginFacts>, Fault> {
    let identity = &control.identity;
    let (Some(caller), Some(projects)) = (
        identity.validate(halves.token()).await?,
        identity.projects_of(&halves.person).await?,
    ) else {
        return Ok(None);
    };
    Ok(Some(describe(&caller, &projects)))
}

fn describe(caller: &Caller, projects: &[ProjectRef]) -> LoginFacts {
    let principal = &caller.principal;
    let place = |project: &ProjectRef| NamedPlace {
        id: project.id.to_string(),
        name: project.name.clone(),
        domain: project.domain.name.clone(),
    };
    LoginFacts {
        user: NamedPlace {
            id: principal.user.id.to_string(),
            name: principal.user.name.clone(),
            domain: principal.user.domain.name.clone(),
        },
        project: principal.project.as_ref().map(place),
        projects: projects.iter().map(place).collect(),
        admin: principal.project.is_some() && principal.has(Role::Admin),
        expires_at: rfc3339(caller.expires_at),
    }
}

pub(super) fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
