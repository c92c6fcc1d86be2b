//! Which APIs there are: the documents that clients negotiate from. None needs a token.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::JSON;
use super::openapi::{ComputeVersion, ComputeVersions};
use super::route::Api;
use super::version::Microversion;

/// The answer to a path outside of both APIs: at the root what there is, elsewhere where the path
/// may have been meant. Nova answers every method alike.
pub fn outside(path: &str, base: &str, max: Microversion) -> Response {
    if path == "/" || path.is_empty() {
        return root(base, max);
    }
    let choices: Vec<_> = [Api::V2, Api::V21]
        .map(|api| {
            let facts = facts(api, max);
            let path = path.trim_end_matches('/');
            json!({
                "id": facts["id"],
                "status": facts["status"],
                "links": [{ "rel": "self", "href": format!("{base}/{}{path}", api.name()) }],
                "media-types": [media_type(api)],
            })
        })
        .into();
    document_response(StatusCode::MULTIPLE_CHOICES, &json!({ "choices": choices }))
}

/// The APIs that there are.
///
/// A browser gets a page instead.
#[utoipa::path(get, path = "/", operation_id = "list_versions", tag = "compute", responses(
    (status = 200, description = "The APIs", content((ComputeVersions = "application/json"), (String = "text/html"))),
))]
fn root(base: &str, max: Microversion) -> Response {
    let versions: Vec<_> = [Api::V2, Api::V21]
        .map(|api| {
            let mut entry = facts(api, max);
            entry["links"] = json!([{ "rel": "self", "href": format!("{base}/{}/", api.name()) }]);
            entry
        })
        .into();
    document_response(StatusCode::OK, &json!({ "versions": versions }))
}

/// One API, and which versions of it are offered.
#[utoipa::path(get, path = "/", operation_id = "show_version", responses(
    (status = 200, description = "The API", body = ComputeVersion),
))]
pub fn document(api: Api, base: &str, max: Microversion) -> Value {
    let mut version = facts(api, max);
    version["links"] = json!([
        { "rel": "self", "href": format!("{base}/{}/", api.name()) },
        { "rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/" },
    ]);
    version["media-types"] = json!([media_type(api)]);
    json!({ "version": version })
}

fn facts(api: Api, max: Microversion) -> Value {
    match api {
        Api::V2 => json!({
            "id": "v2.0", "status": "DEPRECATED", "version": "", "min_version": "", "updated": "2025-07-04T12:00:00Z",
        }),
        Api::V21 => json!({
            "id": "v2.1", "status": "CURRENT", "version": max.to_string(),
            "min_version": Microversion::MIN.to_string(), "updated": "2013-07-23T11:33:21Z",
        }),
    }
}

fn media_type(api: Api) -> Value {
    let version = match api {
        Api::V2 => "2",
        Api::V21 => "2.1",
    };
    json!({
        "base": "application/json",
        "type": format!("application/vnd.openstack.compute+json;version={version}"),
    })
}

fn document_response(status: StatusCode, document: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, JSON)], document.to_string()).into_response()
}
