//! The part of Keystone's API, version 3, that unmodified clients log in with.
//!
//! It lies at `/identity`, with its own list of versions, and again at `/v3`, since some clients
//! ask for it at the root. Every answer is JSON in Keystone's shapes and carries a request id.
//!
//! Two things are friendlier than Keystone: a user or project that is named without a domain is
//! looked for in the default one, where Keystone asks for a domain; and whoever is no admin may
//! list projects, and gets their own.

mod application_credentials;
mod calls;
mod document;
mod elsewhere;
mod fault;
mod login;
pub(crate) mod openapi;
mod parts;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, get, post};
use http::header::{VARY, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};

pub use self::elsewhere::router as router_elsewhere;
use self::fault::Fault;
use super::Embedded;
use crate::request_id::{self, RequestId};

/// The header that carries a caller's token.
const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
/// The header that carries the token that a call is about.
const X_SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// The identity API under its full paths, to be merged into the server's router.
///
/// It takes the [`RequestId`] that an outer layer has put into the request's extensions, or makes
/// one.
pub fn router(identity: Arc<Embedded>) -> Router {
    let mut router = Router::new()
        .route("/identity", get(calls::versions))
        .route("/identity/", get(calls::versions))
        .route("/identity/{*rest}", any(calls::not_found));
    for root in ["/identity/v3", "/v3"] {
        router = router.route(&format!("{root}/"), get(calls::version));
        for (path, methods) in version_3() {
            router = router.route(&format!("{root}{path}"), methods);
        }
        router = router.route(&format!("{root}/{{*rest}}"), any(calls::not_found));
    }
    router
        .method_not_allowed_fallback(calls::method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&identity), finish))
        .with_state(identity)
}

/// The calls of version 3 by their paths, named as in `/openapi.json`.
fn version_3() -> [(&'static str, MethodRouter<Arc<Embedded>>); 9] {
    use application_credentials as credentials;
    [
        ("", get(calls::version)),
        (
            "/auth/tokens",
            post(calls::log_in)
                .get(calls::show_token)
                .delete(calls::revoke_token),
        ),
        ("/auth/catalog", get(calls::catalog)),
        ("/auth/projects", get(calls::own_projects)),
        ("/projects", get(calls::projects)),
        ("/projects/{project_id}", get(calls::project)),
        ("/users/{user_id}/projects", get(calls::projects_of_user)),
        (
            "/users/{user_id}/application_credentials",
            get(credentials::list).post(credentials::create),
        ),
        (
            "/users/{user_id}/application_credentials/{credential_id}",
            get(credentials::show).delete(credentials::delete),
        ),
    ]
}

/// Keystone's 401. `url` is where to get a token.
pub fn unauthorized(url: &str) -> Response {
    let mut response = Fault::unauthorized().into_response();
    challenge(&mut response, url);
    response
}

/// Gives the request its id, and the answer what every answer carries.
async fn finish(State(identity): State<Arc<Embedded>>, mut request: Request, next: Next) -> Response {
    let id = *request.extensions_mut().get_or_insert_with(RequestId::random);
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("X-Auth-Token"));
    dress(&mut response, id, &identity.settings().url());
    response
}

/// What every answer carries. `url` is where to get a token.
fn dress(response: &mut Response, id: RequestId, url: &str) {
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.to_header());
    headers.insert(request_id::HUAWEI_HEADER, id.to_header());
    if response.status() == StatusCode::UNAUTHORIZED {
        challenge(response, url);
    }
}

/// Keystone's challenge: `url` is where to get a token.
pub(super) fn challenge_text(url: &str) -> String {
    format!("Keystone uri=\"{url}\"")
}

fn challenge(response: &mut Response, url: &str) {
    if let Ok(value) = HeaderValue::from_str(&challenge_text(url)) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
}

#[cfg(test)]
mod tests;
