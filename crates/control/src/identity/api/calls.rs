//! The calls, one function each.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use oriel_domain::{AuthToken, Role, UserId};
use oriel_store::{Key, ProjectRecord};
use serde_json::Value;

use super::fault::Fault;
use super::login::{Login, LoginProof};
use super::openapi::{
    self, Catalog, Errors, IdentityVersion, IdentityVersions, NoCatalog, Project, ProjectId, ProjectQuery,
    Projects, SubjectToken, Token,
};
use super::parts::{Asker, Authenticated, query_value, read_json, subject_token};
use super::{X_SUBJECT_TOKEN, document};
use crate::identity::{Caller, Embedded, IdentityError};

type Server = State<Arc<Embedded>>;
type Answer = Result<Response, Fault>;

/// The versions that there are. 300, as Keystone's.
#[utoipa::path(get, path = "", operation_id = "list_versions", responses(
    (status = 300, description = "The versions", body = IdentityVersions, headers(("Location" = String))),
))]
pub(super) async fn versions(State(identity): Server) -> Response {
    let settings = identity.settings();
    let mut response = (StatusCode::MULTIPLE_CHOICES, Json(document::versions(settings))).into_response();
    if let Ok(preferred) = HeaderValue::from_str(&format!("{}/identity/v3/", settings.public_url)) {
        response.headers_mut().insert(LOCATION, preferred);
    }
    response
}

/// The version that this is.
#[utoipa::path(get, path = "", operation_id = "show_version", responses(
    (status = 200, description = "The version", body = IdentityVersion),
))]
pub(super) async fn version(State(identity): Server) -> Json<Value> {
    Json(document::version(identity.settings()))
}

/// Trades a password, a token or an application credential for a token, which `X-Subject-Token` carries.
#[utoipa::path(post, path = "/auth/tokens", operation_id = "log_in", params(NoCatalog),
    request_body(content = openapi::Login, example = json!({ "auth": {
        "identity": {
            "methods": ["password"],
            "password": { "user": { "name": "ann", "domain": { "id": "default" }, "password": "..." } },
        },
        "scope": { "project": { "name": "demo", "domain": { "id": "default" } } },
    } })),
    responses(
        (status = 201, description = "What the token says", body = Token, headers(("X-Subject-Token" = String))),
        Errors<400, 401, 408, 413, 429, 500, 503>,
    ),
)]
pub(super) async fn log_in(State(identity): Server, RawQuery(query): RawQuery, body: Body) -> Answer {
    let login = Login::read(&read_json(body).await?)?;
    let issued = match &login.proof {
        LoginProof::Password { user, password } => {
            identity.login_password(user, password, &login.scope).await?
        }
        LoginProof::Token(token) => identity.login_token(token, &login.scope).await?,
        LoginProof::ApplicationCredential { credential, secret } => {
            identity.login_application_credential(credential, secret).await?
        }
    };
    let body = document::token(
        identity.settings(),
        &issued.caller,
        wants_catalog(query.as_deref()),
    );
    Ok((StatusCode::CREATED, subject_header(&issued.token)?, Json(body)).into_response())
}

/// What a token says.
#[utoipa::path(method(get, head), path = "/auth/tokens", operation_id = "show_token", params(SubjectToken, NoCatalog),
    responses(
        (status = 200, description = "What the token says", body = Token, headers(("X-Subject-Token" = String))),
        Errors<401, 403, 404, 500>,
    ),
)]
pub(super) async fn show_token(
    State(identity): Server,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let subject = subject_token(&headers)?;
    let holder = identity
        .validate(&subject)
        .await?
        .ok_or_else(|| Fault::not_found("token"))?;
    if !is_own_or_admin(&caller, &holder.principal.user.id) {
        return Err(Fault::forbidden("identity:validate_token"));
    }
    let body = document::token(identity.settings(), &holder, wants_catalog(query.as_deref()));
    Ok((subject_header(&subject)?, Json(body)).into_response())
}

/// Makes a token stop working.
#[utoipa::path(delete, path = "/auth/tokens", operation_id = "revoke_token", params(SubjectToken), responses(
    (status = 204, description = "It works no more"),
    Errors<401, 403, 404, 500>,
))]
pub(super) async fn revoke_token(
    State(identity): Server,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Answer {
    let subject = subject_token(&headers)?;
    let holder = identity
        .validate(&subject)
        .await?
        .ok_or_else(|| Fault::not_found("token"))?;
    if !is_own_or_admin(&caller, &holder.principal.user.id) {
        return Err(Fault::forbidden("identity:revoke_token"));
    }
    identity.revoke(&subject).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The services, as a token for a project lists them.
#[utoipa::path(get, path = "/auth/catalog", operation_id = "show_catalog", responses(
    (status = 200, description = "The services", body = Catalog),
    Errors<401, 403, 500>,
))]
pub(super) async fn catalog(State(identity): Server, Authenticated(caller): Authenticated) -> Answer {
    if caller.principal.project.is_none() {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            "A project-scoped token is required to produce a service catalog.",
        ));
    }
    Ok(Json(document::catalog(identity.settings())).into_response())
}

/// Where the caller can go with a token.
#[utoipa::path(get, path = "/auth/projects", operation_id = "list_own_projects", responses(
    (status = 200, description = "The projects", body = Projects),
    Errors<401, 500>,
))]
pub(super) async fn own_projects(State(identity): Server, asker: Asker) -> Answer {
    let mut list = projects_with_role(&identity, &asker.principal().user.id).await?;
    list.retain(|project| project.enabled);
    Ok(Json(document::projects(identity.settings(), "/auth/projects", &list)).into_response())
}

/// Every project for an admin, their own for everyone else.
///
/// Huawei's SDKs ask it for the one project that has the region's name, where they were given no
/// project. For whoever signs with an access key that name stands for the project of the key.
#[utoipa::path(get, path = "/projects", operation_id = "list_projects", params(ProjectQuery), responses(
    (status = 200, description = "The projects", body = Projects),
    Errors<401, 500>,
))]
pub(super) async fn projects(State(identity): Server, asker: Asker, RawQuery(query): RawQuery) -> Answer {
    let principal = asker.principal();
    let mut list = if principal.has(Role::Admin) {
        identity.store().projects().await.map_err(IdentityError::from)?
    } else {
        projects_with_role(&identity, &principal.user.id).await?
    };
    if let Some(name) = query_value(query.as_deref(), "name") {
        if matches!(asker, Asker::Signer(_)) && name == identity.settings().region {
            list.retain(|project| principal.is_in(&project.id));
        } else {
            list.retain(|project| project.name == name);
        }
    }
    if let Some(domain) = query_value(query.as_deref(), "domain_id") {
        list.retain(|project| project.domain.id.as_str() == domain);
    }
    Ok(Json(document::projects(identity.settings(), "/projects", &list)).into_response())
}

/// One project. Clients ask for it by name first, and go on when it is not found.
#[utoipa::path(get, path = "/projects/{project_id}", operation_id = "show_project", params(ProjectId), responses(
    (status = 200, description = "The project", body = Project),
    Errors<401, 404, 500>,
))]
pub(super) async fn project(
    State(identity): Server,
    Authenticated(caller): Authenticated,
    id: Result<Path<String>, PathRejection>,
) -> Answer {
    let unknown = || Fault::not_found("project");
    let id = id.map_err(|_| unknown())?.parse().map_err(|_| unknown())?;
    let found = identity
        .store()
        .project(&Key::Id(id))
        .await
        .map_err(IdentityError::from)?
        .ok_or_else(unknown)?;
    if !caller.principal.has(Role::Admin) {
        let user = &caller.principal.user.id;
        let roles = identity
            .store()
            .roles_of(user, &found.id)
            .await
            .map_err(IdentityError::from)?;
        if roles.is_empty() {
            return Err(unknown());
        }
    }
    Ok(Json(document::project(identity.settings(), &found)).into_response())
}

/// The projects that a user has a role in.
#[utoipa::path(get, path = "/users/{user_id}/projects", operation_id = "list_projects_of_user", params(openapi::UserId),
    responses(
        (status = 200, description = "The projects", body = Projects),
        Errors<401, 403, 404, 500>,
    ),
)]
pub(super) async fn projects_of_user(
    State(identity): Server,
    Authenticated(caller): Authenticated,
    id: Result<Path<String>, PathRejection>,
) -> Answer {
    let unknown = || Fault::not_found("user");
    let id: UserId = id.map_err(|_| unknown())?.parse().map_err(|_| unknown())?;
    if !is_own_or_admin(&caller, &id) {
        return Err(Fault::forbidden("identity:list_user_projects"));
    }
    let user = Key::Id(id);
    let user = identity
        .store()
        .user(&user)
        .await
        .map_err(IdentityError::from)?
        .ok_or_else(unknown)?;
    let list = projects_with_role(&identity, &user.id).await?;
    let path = format!("/users/{}/projects", user.id);
    Ok(Json(document::projects(identity.settings(), &path, &list)).into_response())
}

/// Whatever else is asked below `/identity` and `/v3`.
pub(super) async fn not_found() -> Fault {
    Fault::new(StatusCode::NOT_FOUND, "The resource could not be found.")
}

/// A path that exists, asked with a method that does not.
pub(super) async fn method_not_allowed() -> Fault {
    Fault::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "The method is not allowed for the requested URL.",
    )
}

async fn projects_with_role(identity: &Embedded, user: &UserId) -> Result<Vec<ProjectRecord>, IdentityError> {
    Ok(identity.store().projects_of(user).await?)
}

pub(super) fn is_own_or_admin(caller: &Caller, user: &UserId) -> bool {
    caller.principal.user.id == *user || caller.principal.has(Role::Admin)
}

/// `nocatalog` leaves the catalogue out, with a value or without.
fn wants_catalog(query: Option<&str>) -> bool {
    query_value(query, "nocatalog").is_none()
}

fn subject_header(token: &AuthToken) -> Result<HeaderMap, Fault> {
    let mut value = HeaderValue::from_str(token.expose()).map_err(|_| Fault::not_found("token"))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(X_SUBJECT_TOKEN, value)]))
}
