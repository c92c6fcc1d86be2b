//! What is said at the identity API's paths where the identity is a Keystone's.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;

use super::fault::Fault;
use crate::request_id::{self, RequestId};

/// Tells whoever looks for the identity API here where it is.
pub fn router(url: &str) -> Router {
    let message = format!("Users and tokens are Keystone's here. Ask for a token at {url}.");
    let paths = [
        "/identity",
        "/identity/",
        "/identity/{*rest}",
        "/v3",
        "/v3/",
        "/v3/{*rest}",
    ];
    paths.into_iter().fold(Router::new(), |router, path| {
        let message = message.clone();
        router.route(
            path,
            any(move |request: Request| async move { not_here(&request, message) }),
        )
    })
}

fn not_here(request: &Request, message: String) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    let mut response = Fault::new(StatusCode::NOT_FOUND, message).into_response();
    let id = id.unwrap_or_else(RequestId::random).to_header();
    response.headers_mut().insert(request_id::HEADER, id);
    response
}
