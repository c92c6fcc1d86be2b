//! The calls about application credentials. Who may do what is as in Keystone: one makes one's own
//! only; an admin may see and delete others'.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use oriel_domain::{Role, UserId};
use oriel_store::{ApplicationCredentialKey, ApplicationCredentialRecord};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::calls::is_own_or_admin;
use super::document;
use super::fault::Fault;
use super::openapi::{
    self, ApplicationCredential, ApplicationCredentials, CredentialId, CredentialQuery, Errors,
    NewApplicationCredential,
};
use super::parts::{Authenticated, Field, query_value, read_json};
use crate::identity::embedded::check_unrestricted;
use crate::identity::{Caller, Embedded, IdentityError, NewCredential};

type Server = State<Arc<Embedded>>;
type Answer = Result<Response, Fault>;
type OnePath = Result<Path<String>, PathRejection>;
type TwoPaths = Result<Path<(String, String)>, PathRejection>;

/// Longest description, in bytes: Keystone's column is a text without a limit of its own.
const MAX_DESCRIPTION: usize = 1024;
/// Longest secret that a user may choose, in bytes: what Keystone takes with its default hash.
const MAX_CHOSEN_SECRET: usize = 255;

/// Makes an application credential. This is the only answer with the secret.
#[utoipa::path(post, path = "/users/{user_id}/application_credentials", operation_id = "create_application_credential",
    params(openapi::UserId),
    request_body(content = NewApplicationCredential, example = json!({ "application_credential": { "name": "backup" } })),
    responses(
        (status = 201, description = "The credential, with its secret", body = ApplicationCredential),
        Errors<400, 401, 403, 404, 408, 409, 413, 500>,
    ),
)]
pub(super) async fn create(
    State(identity): Server,
    Authenticated(caller): Authenticated,
    id: OnePath,
    body: Body,
) -> Answer {
    let user = user_id(id.map(|Path(id)| id).as_deref().ok())?;
    if caller.principal.user.id != user {
        return Err(Fault::forbidden("identity:create_application_credential"));
    }
    let new = read(&read_json(body).await?, OffsetDateTime::now_utc())?;
    let (made, secret) = identity.create_application_credential(&caller, new).await?;
    let body = document::application_credential(identity.settings(), &made, Some(secret.expose_secret()));
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// The application credentials of a user.
#[utoipa::path(get, path = "/users/{user_id}/application_credentials", operation_id = "list_application_credentials",
    params(openapi::UserId, CredentialQuery),
    responses(
        (status = 200, description = "The credentials", body = ApplicationCredentials),
        Errors<401, 403, 404, 500>,
    ),
)]
pub(super) async fn list(
    State(identity): Server,
    Authenticated(caller): Authenticated,
    id: OnePath,
    RawQuery(query): RawQuery,
) -> Answer {
    let user = user_id(id.map(|Path(id)| id).as_deref().ok())?;
    if !is_own_or_admin(&caller, &user) {
        return Err(Fault::forbidden("identity:list_application_credentials"));
    }
    let mut list = identity
        .store()
        .application_credentials_of(&user)
        .await
        .map_err(IdentityError::from)?;
    if let Some(name) = query_value(query.as_deref(), "name") {
        list.retain(|credential| credential.name == name);
    }
    let path = format!("/users/{user}/application_credentials");
    Ok(Json(document::application_credentials(
        identity.settings(),
        &path,
        &list,
    ))
    .into_response())
}

/// One application credential. Clients ask for it by name first, and go on when it is not found.
#[utoipa::path(get, path = "/users/{user_id}/application_credentials/{credential_id}",
    operation_id = "show_application_credential", params(openapi::UserId, CredentialId),
    responses(
        (status = 200, description = "The credential", body = ApplicationCredential),
        Errors<401, 403, 404, 500>,
    ),
)]
pub(super) async fn show(
    State(identity): Server,
    Authenticated(caller): Authenticated,
    path: TwoPaths,
) -> Answer {
    let found = find(&identity, &caller, path, "identity:get_application_credential").await?;
    Ok(Json(document::application_credential(
        identity.settings(),
        &found,
        None,
    ))
    .into_response())
}

/// Deletes an application credential, and the tokens that it gave.
#[utoipa::path(delete, path = "/users/{user_id}/application_credentials/{credential_id}",
    operation_id = "delete_application_credential", params(openapi::UserId, CredentialId),
    responses((status = 204, description = "It is gone"), Errors<401, 403, 404, 500>),
)]
pub(super) async fn delete(
    State(identity): Server,
    Authenticated(caller): Authenticated,
    path: TwoPaths,
) -> Answer {
    let found = find(&identity, &caller, path, "identity:delete_application_credential").await?;
    check_unrestricted(&caller)?;
    let store = identity.store();
    let gone = store.delete_application_credential(&found.user, &found.id).await;
    if gone.map_err(IdentityError::from)? {
        tracing::info!(user_id = %found.user, credential_id = found.id, "application credential deleted");
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn find(
    identity: &Embedded,
    caller: &Caller,
    path: TwoPaths,
    action: &str,
) -> Result<ApplicationCredentialRecord, Fault> {
    let path = path.map(|Path(path)| path).ok();
    let user = user_id(path.as_ref().map(|(user, _)| user.as_str()))?;
    if !is_own_or_admin(caller, &user) {
        return Err(Fault::forbidden(action));
    }
    let id = path.map(|(_, id)| id).unwrap_or_default();
    let unknown = || Fault::not_found(&format!("Application Credential: {id}"));
    let key = ApplicationCredentialKey::Id(id.clone());
    let found = identity.store().application_credential(&key).await;
    match found.map_err(IdentityError::from)? {
        Some((credential, _)) if credential.user == user => Ok(credential),
        _ => Err(unknown()),
    }
}

fn user_id(given: Option<&str>) -> Result<UserId, Fault> {
    given
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| Fault::not_found("user"))
}

/// Reads the body of a creation. What would narrow the credential down is never passed over.
fn read(body: &Value, now: OffsetDateTime) -> Result<NewCredential, Fault> {
    let credential = Field::root(body).require("application_credential")?;
    if let Some(rules) = credential.get_some("access_rules")?
        && !rules.items()?.is_empty()
    {
        return Err(rules.fault("access rules are not supported: a credential without them may do more"));
    }
    let text = |name, longest: usize| -> Result<Option<&str>, Fault> {
        let Some(field) = credential.get_some(name)? else {
            return Ok(None);
        };
        let text = field.text()?;
        if text.len() > longest {
            return Err(field.fault(&format!("expected at most {longest} bytes")));
        }
        Ok(Some(text))
    };
    let secret = text("secret", MAX_CHOSEN_SECRET)?.filter(|secret| !secret.is_empty());
    let expires_at = match credential.get_some("expires_at")? {
        Some(field) => Some(read_time(&field, now)?),
        None => None,
    };
    let roles = match credential.get_some("roles")? {
        Some(roles) => Some(
            roles
                .items()?
                .iter()
                .map(read_role)
                .collect::<Result<Vec<_>, _>>()?,
        ),
        None => None,
    };
    Ok(NewCredential {
        name: credential.require("name")?.text()?.to_owned(),
        description: text("description", MAX_DESCRIPTION)?.map(str::to_owned),
        secret: secret.map(Into::into),
        roles: roles.filter(|roles| !roles.is_empty()),
        unrestricted: match credential.get_some("unrestricted")? {
            Some(field) => field.bool()?,
            None => false,
        },
        expires_at,
    })
}

/// Reads `{"id"}` or `{"name"}`; the id wins, as with Keystone.
fn read_role(field: &Field<'_>) -> Result<Role, Fault> {
    let by_id = field.get_some("id")?;
    let given = match &by_id {
        Some(id) => id.text()?,
        None => field.require("name")?.text()?,
    };
    let known = |role: &Role| match by_id {
        Some(_) => document::role_id(*role) == given,
        None => role.name() == given,
    };
    Role::ALL
        .into_iter()
        .find(known)
        .ok_or_else(|| Fault::not_found("role"))
}

/// Reads a time as Keystone takes it: with a zone, or in UTC without one.
fn read_time(field: &Field<'_>, now: OffsetDateTime) -> Result<OffsetDateTime, Fault> {
    let text = field.text()?;
    let plain = format_description!(
        version = 2,
        "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]"
    );
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| PrimitiveDateTime::parse(text, plain).map(PrimitiveDateTime::assume_utc))
        .map_err(|_| field.fault("expected a time such as 2027-01-31T12:00:00"))?;
    if time <= now {
        return Err(field.fault("must not be before now"));
    }
    Ok(time)
}
