//! Oriel's own dialect, `/oriel/v1`: what the servers page works with, and what a portal may want that Nova has no
//! words for. It holds no rules of its own either.
//!
//! A person at the page has no token to show. The [`login`] calls trade a password for one and hand it to the
//! browser in two halves ([`halves`]); [`admit`] puts them together again, and from there on every call of every
//! dialect sees `X-Auth-Token` as it does from a program.

mod fault;
mod halves;
mod login;
pub(crate) mod openapi;
mod servers;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use oriel_domain::{AuthToken, Principal};
use serde::de::DeserializeOwned;

use self::fault::Fault;
use self::halves::Halves;
use crate::body::{BodyError, MAX_BODY};
use crate::request_id::{self, RequestId};
use crate::{Control, read_header};

const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The calls under their paths.
pub(crate) fn router(control: &Control) -> Router {
    Router::new()
        .route(
            "/oriel/v1/login",
            get(login::show).post(login::log_in).delete(login::log_out),
        )
        .route("/oriel/v1/login/project", post(login::enter))
        .route("/oriel/v1/servers", get(servers::list))
        .route("/oriel/v1/servers/{server_id}/console", post(servers::grant))
        .method_not_allowed_fallback(async || Fault::WrongMethod)
        .layer(middleware::from_fn(dress))
        .with_state(control.clone())
}

/// Puts the two halves of a page's login together: the call goes on with the token that they hold. One that brings a
/// token of its own goes on with that.
pub(crate) async fn admit(State(control): State<Control>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !headers.contains_key(&AUTH_TOKEN)
        && let Some(halves) = Halves::of(&control, headers)
        && let Ok(mut token) = HeaderValue::from_str(halves.token().expose())
    {
        token.set_sensitive(true);
        request.headers_mut().insert(AUTH_TOKEN, token);
    }
    next.run(request).await
}

/// What every answer carries. None may be kept: they are about one person.
async fn dress(mut request: Request, next: Next) -> Response {
    let id = *request.extensions_mut().get_or_insert_with(RequestId::random);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(request_id::HUAWEI_HEADER, id.to_header());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Who asks.
async fn authenticate(control: &Control, headers: &HeaderMap) -> Result<Principal, Fault> {
    let token: AuthToken = read_header(headers, AUTH_TOKEN).ok_or(Fault::LoginRequired)?;
    let caller = control.identity.validate(&token).await?;
    Ok(caller.ok_or(Fault::LoginRequired)?.principal)
}

/// A body that is JSON of this shape. A page of another site can send no JSON without being asked first whether it
/// may, and is never told so.
async fn read_json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Fault> {
    let kind: Option<String> = read_header(headers, header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| {
        let name = kind.split(';').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case("application/json")
    });
    if !is_json {
        return Err(Fault::NoJson);
    }
    let bytes: Bytes = crate::body::read(body).await.map_err(|error| match error {
        BodyError::TooLong => Fault::TooLong(MAX_BODY),
        BodyError::TooSlow => Fault::TooSlow,
        BodyError::Broken => Fault::bad_request("the body broke off"),
    })?;
    // The place is told and no value: it might be a password.
    serde_json::from_slice(&bytes).map_err(|error| {
        Fault::BadRequest(format!(
            "the body is not what the call asks for (line {}, column {})",
            error.line(),
            error.column()
        ))
    })
}
