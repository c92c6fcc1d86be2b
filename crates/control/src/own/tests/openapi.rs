//! The document and the calls say the same: paths, methods, and every status.

use std::collections::{BTreeMap, BTreeSet};

use super::super::openapi::document;
use super::*;

#[tokio::test]
async fn calls_answer_what_the_document_tells_and_nothing_else() {
    let cloud = Cloud::new().await;
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
    assert_eq!(told.len(), 6);

    let (ann, eve) = (cloud.log_in("ann").await, cloud.log_in("eve").await);
    let leaving = cloud.log_in("ann").await;
    cloud.try_to_log_in("locked", "wrong").await;
    let from = |browser: &Browser| browser.headers();
    let elsewhere = || vec![("sec-fetch-site", "cross-site".to_owned())];
    let nobody = Vec::new;
    let long = || Some(json!({"user": "x".repeat(200_000)}));
    let mut seen: BTreeMap<(String, String), BTreeSet<u16>> = BTreeMap::new();
    let console = "/oriel/v1/servers/{server_id}/console";
    let vnc = || Some(json!({"type": "novnc"}));
    let credentials = |user: &str, password: &str| Some(json!({"user": user, "password": password}));
    let lab = || Some(json!({ "project": cloud.lab.as_str() }));
    let calls = [
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
        ("POST", "/oriel/v1/login/project", "", from(&eve), lab()),
        ("POST", "/oriel/v1/login/project", "", from(&eve), Some(json!({}))),
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
        ("GET", "/oriel/v1/servers", "", from(&ann), None),
        ("GET", "/oriel/v1/servers?limit=x", "", from(&ann), None),
        ("GET", "/oriel/v1/servers?all_projects=1", "", from(&ann), None),
        ("GET", "/oriel/v1/servers", "", nobody(), None),
        ("POST", console, WEB, from(&ann), vnc()),
        ("POST", console, WEB, from(&ann), Some(json!({}))),
        ("POST", console, WEB, from(&eve), vnc()),
        ("POST", console, NEVER, from(&ann), vnc()),
        ("POST", console, STOPPED, from(&ann), vnc()),
        ("POST", console, WEB, from(&ann), long()),
        ("POST", console, WEB, from(&ann), None),
        ("POST", console, WEB, nobody(), vnc()),
    ];
    for (method, path, server, headers, body) in calls {
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
            ("POST", "/oriel/v1/login") => (nobody(), credentials("ann", PASSWORD)),
            ("POST", "/oriel/v1/login/project") => (from(&ann), lab()),
            ("POST", _) => (from(&ann), vnc()),
            _ => (from(&ann), None),
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
