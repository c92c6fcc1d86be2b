//! The document and the calls say the same: paths, methods, and every status.

use std::collections::{BTreeMap, BTreeSet};

use super::super::openapi::document;
use super::*;

/// The statuses that the document tells of each call.
fn told() -> BTreeMap<(String, String), BTreeSet<u16>> {
    let document = serde_json::to_value(document()).unwrap();
    let mut told = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            let statuses: BTreeSet<u16> = call["responses"]
                .as_object()
                .unwrap()
                .keys()
                .map(|status| status.parse().unwrap())
                .collect();
            told.insert((method.to_uppercase(), path.clone()), statuses);
        }
    }
    told
}

/// A request: method, path, the server in it, headers and body.
type Wanted = (
    &'static str,
    &'static str,
    &'static str,
    Vec<(&'static str, String)>,
    Option<Value>,
);

fn vnc() -> Option<Value> {
    Some(json!({"type": "novnc"}))
}

fn credentials(user: &str, password: &str) -> Option<Value> {
    Some(json!({"user": user, "password": password}))
}

/// Requests that bring every call to every status that it tells but for those of success, and some of these.
async fn wanted(cloud: &Cloud, ann: &Browser, eve: &Browser) -> Vec<Wanted> {
    let leaving = cloud.log_in("ann").await;
    cloud.try_to_log_in("locked", "wrong").await;
    let from = |browser: &Browser| browser.headers();
    let elsewhere = || vec![("sec-fetch-site", "cross-site".to_owned())];
    let nobody = Vec::new;
    let long = || Some(json!({"user": "x".repeat(200_000)}));
    let console = "/oriel/v1/servers/{server_id}/console";
    let lab = || Some(json!({ "project": cloud.lab.as_str() }));
    vec![
        ("GET", "/oriel/v1/login", "", nobody(), None),
        (
            "POST",
            "/oriel/v1/login",
            "",
            nobody(),
            credentials("ann", PASSWORD),
        ),
        ("POST", "/oriel/v1/login", "", nobody(), Some(json!([]))),
        (
            "POST",
            "/oriel/v1/login",
            "",
            nobody(),
            credentials("eve", "wrong"),
        ),
        (
            "POST",
            "/oriel/v1/login",
            "",
            nobody(),
            credentials("locked", "wrong"),
        ),
        (
            "POST",
            "/oriel/v1/login",
            "",
            nobody(),
            credentials("locked", "wrong"),
        ),
        (
            "POST",
            "/oriel/v1/login",
            "",
            elsewhere(),
            credentials("ann", PASSWORD),
        ),
        ("POST", "/oriel/v1/login", "", nobody(), long()),
        ("POST", "/oriel/v1/login", "", nobody(), None),
        ("POST", "/oriel/v1/login/project", "", from(eve), lab()),
        ("POST", "/oriel/v1/login/project", "", from(eve), Some(json!({}))),
        ("POST", "/oriel/v1/login/project", "", nobody(), lab()),
        ("POST", "/oriel/v1/login/project", "", nobody(), long()),
        ("POST", "/oriel/v1/login/project", "", nobody(), None),
        (
            "POST",
            "/oriel/v1/login/project",
            "",
            from(&cloud.log_in("ann").await),
            lab(),
        ),
        ("DELETE", "/oriel/v1/login", "", from(&leaving), None),
        ("DELETE", "/oriel/v1/login", "", elsewhere(), None),
        ("GET", "/oriel/v1/servers", "", from(ann), None),
        ("GET", "/oriel/v1/servers?limit=x", "", from(ann), None),
        ("GET", "/oriel/v1/servers?all_projects=1", "", from(ann), None),
        ("GET", "/oriel/v1/servers", "", nobody(), None),
        ("POST", console, WEB, from(ann), vnc()),
        ("POST", console, WEB, from(ann), Some(json!({}))),
        ("POST", console, WEB, from(eve), vnc()),
        ("POST", console, NEVER, from(ann), vnc()),
        ("POST", console, STOPPED, from(ann), vnc()),
        ("POST", console, WEB, from(ann), long()),
        ("POST", console, WEB, from(ann), None),
        ("POST", console, WEB, nobody(), vnc()),
    ]
}

#[tokio::test]
async fn calls_answer_what_the_document_tells_and_nothing_else() {
    let cloud = Cloud::new().await;
    let mut told = told();
    assert_eq!(told.len(), 6);
    let (ann, eve) = (cloud.log_in("ann").await, cloud.log_in("eve").await);
    let mut seen: BTreeMap<(String, String), BTreeSet<u16>> = BTreeMap::new();
    for (method, path, server, headers, body) in wanted(&cloud, &ann, &eve).await {
        let uri = path.replace("{server_id}", server);
        let answer = cloud.ask(method.parse().unwrap(), &uri, headers, body).await;
        let name = path.split('?').next().unwrap().to_owned();
        seen.entry((method.to_owned(), name))
            .or_default()
            .insert(answer.status.as_u16());
    }
    cloud.store.close().await;
    for ((method, path), statuses) in &mut seen {
        let uri = path.replace("{server_id}", WEB);
        let (headers, body) = match (method.as_str(), path.as_str()) {
            ("POST", "/oriel/v1/login") => (Vec::new(), credentials("ann", PASSWORD)),
            ("POST", "/oriel/v1/login/project") => {
                (ann.headers(), Some(json!({ "project": cloud.lab.as_str() })))
            }
            ("POST", _) => (ann.headers(), vnc()),
            _ => (ann.headers(), None),
        };
        let answer = cloud.ask(method.parse().unwrap(), &uri, headers, body).await;
        statuses.insert(answer.status.as_u16());
    }
    for (call, statuses) in &mut told {
        // A body that never ends is waited for too long for here, and only an identity elsewhere has times when it
        // cannot answer.
        statuses.remove(&408);
        assert!(statuses.remove(&503), "{call:?}");
        assert_eq!(Some(&*statuses), seen.get(call), "{call:?}");
    }
}
