//! `/openapi.json`: what every part of Oriel says of its calls, in one document.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header;
use oriel_control::Control;
use oriel_control::openapi::add;
use utoipa::OpenApi as _;

/// The binary's own part, and what the whole is called.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Oriel",
        description = "A console in a browser for every virtual machine.\n\nA head that is too large or no HTTP is \
            answered before any call: 400, 414 or 431, without a body.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(health, document, crate::screenshots::screenshot)
)]
struct Document;

/// The document, and whether Oriel is there.
pub fn router(control: &Control) -> Router {
    Router::new()
        .route("/openapi.json", get(document))
        .with_state(control.clone())
        .route("/healthz", get(health))
}

/// Whether Oriel answers at all.
#[utoipa::path(get, path = "/healthz", operation_id = "health", tag = "oriel", responses(
    (status = 200, description = "It does", body = String, content_type = "text/plain"),
))]
async fn health() -> &'static str {
    "ok\n"
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "oriel", responses(
    (status = 200, description = "The document", body = serde_json::Value),
))]
async fn document(State(control): State<Control>) -> Response {
    // Asked rarely and by programs: not worth its memory for the rest of the time.
    match whole(&control).to_json() {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => {
            tracing::error!(%error, "the OpenAPI document could not be written");
            http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn whole(control: &Control) -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    add(&mut document, oriel_gateway::openapi());
    add(&mut document, control.openapi());
    document
}
