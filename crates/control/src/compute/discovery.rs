//! Which APIs there are: the documents that clients negotiate from. None needs a token.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::fault::Fault;
use super::json::text;
use super::openapi::{ComputeVersion, ComputeVersions, Faults, VersionInPath};
use super::route::{self, Api};
use super::version::Microversion;

/// The answer to a path outside of both APIs: at the root what there is, elsewhere where the path
/// may have been meant. Nova answers every method alike.
pub fn outside(path: &str, base: &str, max: Microversion, content_type: &'static str) -> Response {
    if path == "/" || path.is_empty() {
        return root(base, max, content_type);
    }
    let path = route::encode(path.trim_end_matches('/'));
    let choices: Vec<_> = [Api::V2, Api::V21]
        .map(|api| {
            let facts = facts(api, max);
            json!({
                "id": facts["id"],
                "status": facts["status"],
                "links": [{ "rel": "self", "href": format!("{base}/{}{path}", api.name()) }],
                "media-types": [media_type(api)],
            })
        })
        .into();
    document_response(
        StatusCode::MULTIPLE_CHOICES,
        &json!({ "choices": choices }),
        content_type,
    )
}

/// The APIs that there are.
///
/// A browser gets a page instead.
#[utoipa::path(get, path = "/", operation_id = "list_versions", tag = "compute", responses(
    (status = 200, description = "The APIs", content(
        (ComputeVersions = "application/json"),
        (ComputeVersions = "application/vnd.openstack.compute+json"),
        (ComputeVersions = "application/atom+xml"),
        (String = "text/html"),
    )),
    Faults<415>,
))]
fn root(base: &str, max: Microversion, content_type: &'static str) -> Response {
    let versions: Vec<_> = [Api::V2, Api::V21]
        .map(|api| {
            let mut entry = facts(api, max);
            entry["links"] = json!([{ "rel": "self", "href": format!("{base}/{}/", api.name()) }]);
            entry
        })
        .into();
    document_response(StatusCode::OK, &json!({ "versions": versions }), content_type)
}

/// One API, and which versions of it are offered.
#[utoipa::path(get, path = "/", operation_id = "show_version", responses(
    (status = 200, description = "The API", body = ComputeVersion),
    Faults<415>,
))]
pub fn document(api: Api, base: &str, max: Microversion) -> Value {
    described(api, api, base, max)
}

/// The API with this id, as told by another or by itself.
#[utoipa::path(get, path = "/versions/{id}", operation_id = "show_version_by_id", params(VersionInPath), responses(
    (status = 200, description = "The API", body = ComputeVersion),
    Faults<404>,
))]
pub fn document_by_id(id: &str, teller: Api, base: &str, max: Microversion) -> Result<Value, Fault> {
    let api = match (teller, id) {
        // The old API knows of itself alone.
        (Api::V2, _) | (Api::V21, "v2.0") => Api::V2,
        (Api::V21, "v2.1") => Api::V21,
        (Api::V21, _) => return Err(Fault::no_such_resource()),
    };
    Ok(described(api, teller, base, max))
}

fn described(api: Api, teller: Api, base: &str, max: Microversion) -> Value {
    let mut version = facts(api, max);
    version["links"] = json!([
        { "rel": "self", "href": format!("{base}/{}/", teller.name()) },
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

fn document_response(status: StatusCode, document: &Value, content_type: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, content_type)], text(document)).into_response()
}
