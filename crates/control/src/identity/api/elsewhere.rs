//! What is said at the identity API's paths where the identity is a Keystone's: where that is.
//!
//! One call is answered all the same. Huawei's SDKs ask for the project of a region with a signature,
//! which no Keystone reads.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Json, Router};
use http::request::Parts;
use http::{Method, StatusCode};
use oriel_domain::Principal;
use oriel_store::ProjectRecord;
use time::OffsetDateTime;

use super::fault::Fault;
use super::parts::query_value;
use super::{document, dress};
use crate::identity::signature::Claim;
use crate::identity::{IdentitySettings, Keystone};
use crate::request_id::RequestId;

/// The paths of the identity API.
pub fn router(keystone: Arc<Keystone>) -> Router {
    let mut router = Router::new();
    for root in ["/identity/v3", "/v3"] {
        router = router.route(&format!("{root}/projects"), any(projects));
    }
    for path in [
        "/identity",
        "/identity/",
        "/identity/{*rest}",
        "/v3",
        "/v3/",
        "/v3/{*rest}",
    ] {
        router = router.route(path, any(not_here));
    }
    router.with_state(keystone)
}

async fn not_here(State(keystone): State<Arc<Keystone>>, request: Request) -> Response {
    finish(&keystone, &request.into_parts().0, Err(elsewhere(&keystone)))
}

/// `GET /v3/projects?name={region}`, signed with an access key: the key's project.
async fn projects(State(keystone): State<Arc<Keystone>>, request: Request) -> Response {
    let parts = request.into_parts().0;
    let answer = projects_of_signer(&keystone, &parts).await;
    finish(&keystone, &parts, answer)
}

async fn projects_of_signer(keystone: &Keystone, parts: &Parts) -> Result<Response, Fault> {
    let claim = match (&parts.method, keystone.key_settings()) {
        (&Method::GET, Some(settings)) => {
            Claim::read(parts, OffsetDateTime::now_utc())?.map(|claim| (claim, settings))
        }
        _ => None,
    };
    let (claim, settings) = claim.ok_or_else(|| elsewhere(keystone))?;
    // The call has no body, and one that was sent is not read.
    let signer = keystone.verify(&claim, b"").await?;
    let list: Vec<_> = project_of(signer, settings, parts.uri.query())
        .into_iter()
        .collect();
    Ok(Json(document::projects(settings, "/projects", &list)).into_response())
}

/// The signer's project, if the query is about it. The region's name stands for it too.
fn project_of(signer: Principal, settings: &IdentitySettings, query: Option<&str>) -> Option<ProjectRecord> {
    let project = signer.project?;
    let asks = |key| query_value(query, key);
    let named = asks("name").is_none_or(|name| name == settings.region || name == project.name);
    let there = asks("domain_id").is_none_or(|id| id == project.domain.id.as_str());
    (named && there).then_some(ProjectRecord {
        id: project.id,
        domain: project.domain,
        name: project.name,
        description: String::new(),
        enabled: true,
    })
}

fn elsewhere(keystone: &Keystone) -> Fault {
    let url = &keystone.settings().public_url;
    let message = format!("Users and tokens are Keystone's here. Ask for a token at {url}.");
    Fault::new(StatusCode::NOT_FOUND, message)
}

fn finish(keystone: &Keystone, parts: &Parts, answer: Result<Response, Fault>) -> Response {
    let id = parts.extensions.get::<RequestId>().copied();
    let id = id.unwrap_or_else(RequestId::random);
    let mut response = answer.unwrap_or_else(Fault::into_response);
    dress(&mut response, id, &keystone.settings().public_url);
    response
}
