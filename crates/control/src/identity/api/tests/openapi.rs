//! The document and the calls say the same: paths, methods, and every status.

use std::collections::BTreeSet;

use super::super::openapi::document;
use super::*;

const METHODS: [Method; 5] = [
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::POST,
    Method::DELETE,
];

/// A call that the document tells of.
struct Told {
    path: String,
    method: Method,
    statuses: BTreeSet<u16>,
}

fn told() -> Vec<Told> {
    let document = serde_json::to_value(document()).unwrap();
    let mut told = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            let statuses = call["responses"].as_object().unwrap().keys();
            told.push(Told {
                path: path.clone(),
                method: method.to_uppercase().parse().unwrap(),
                statuses: statuses.map(|status| status.parse().unwrap()).collect(),
            });
        }
    }
    told
}

fn filled(path: &str, project: &str, user: &str, credential: &str) -> String {
    path.replace("{project_id}", project)
        .replace("{user_id}", user)
        .replace("{credential_id}", credential)
}

fn new_credential(name: &str) -> String {
    json!({"application_credential": {"name": name}}).to_string()
}

#[tokio::test]
async fn every_path_has_the_methods_that_the_document_tells() {
    let api = Api::new().await;
    let told = told();
    for root in ["/identity/v3", "/v3"] {
        for (path, _) in super::super::version_3() {
            let path = format!("{root}{path}");
            assert!(told.iter().any(|told| told.path == path), "{path} is not told of");
        }
    }
    for Told { path, .. } in &told {
        let is_told = |method| {
            told.iter()
                .any(|told| told.path == *path && told.method == method)
        };
        for method in METHODS {
            // Where something can be got, its head can be too.
            let expected = is_told(method.clone()) || method == Method::HEAD && is_told(Method::GET);
            let answer = api
                .send(method.clone(), &filled(path, "x", "x", "x"), &[], Body::empty())
                .await;
            assert_eq!(
                answer.status != StatusCode::METHOD_NOT_ALLOWED,
                expected,
                "{method} {path} answered {}",
                answer.status
            );
            // A path that leads nowhere is not found before anyone asks for a token.
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn calls_answer_what_the_document_tells_and_nothing_else() {
    // One failure is the last one for a while.
    let lock_out = LockOut {
        after: 1,
        ..LockOut::DEFAULT
    };
    let settings = IdentitySettings {
        lock_out,
        ..IdentitySettings::new(URL)
    };
    let api = Api::with(settings).await;
    let ann = api.token("ann", Some("demo")).await;
    let unscoped = api.token("ann", None).await;
    let root = api.token("root", Some("ops")).await;
    let login = password_login("ann", PASSWORD).to_string();
    let long = " ".repeat(114_689);
    let mut all = told();
    let mut all_seen = Vec::new();
    for (at, Told { path, method, .. }) in all.iter().enumerate() {
        let mut seen = BTreeSet::new();
        let credentials = format!("/v3/users/{}/application_credentials", api.ann);
        let headers = [("x-auth-token", ann.as_str())];
        let made = new_credential(&format!("made-{at}"));
        let made = api.send(Method::POST, &credentials, &headers, made).await;
        let credential = made.body["application_credential"]["id"].as_str().unwrap();
        for uri in [
            filled(path, "nobody", api.bob.as_str(), "nothing"),
            filled(path, api.demo.as_str(), api.ann.as_str(), "nothing"),
            filled(path, api.demo.as_str(), api.ann.as_str(), credential),
            filled(path, "a%20b", "a%20b", "a%20b"),
        ] {
            let spare = api.token("ann", Some("demo")).await;
            for headers in [
                &[][..],
                &[("x-auth-token", ann.as_str())],
                &[("x-auth-token", unscoped.as_str())],
                &[("x-auth-token", ann.as_str()), ("x-subject-token", root.as_str())],
                &[
                    ("x-auth-token", root.as_str()),
                    ("x-subject-token", spare.as_str()),
                ],
            ] {
                let answer = api.send(method.clone(), &uri, headers, Body::empty()).await;
                seen.insert(answer.status.as_u16());
            }
        }
        if *method == Method::POST {
            // Logins, a wrong one of whom nobody is twice, and a credential, twice of one name.
            let wrong = login.replace(PASSWORD, "wrong").replace("ann", path);
            let new = new_credential("another").replace("another", path);
            let uri = filled(path, "", api.ann.as_str(), "");
            for body in ["{", &login, &wrong, &wrong, &new, &new, &long] {
                let answer = api.send(Method::POST, &uri, &headers, body.to_owned()).await;
                seen.insert(answer.status.as_u16());
            }
        }
        all_seen.push(seen);
    }

    api.store.close().await;
    for (
        Told {
            path,
            method,
            statuses,
        },
        seen,
    ) in all.iter_mut().zip(all_seen)
    {
        let headers = [("x-auth-token", ann.as_str()), ("x-subject-token", ann.as_str())];
        let uri = filled(path, "x", "x", "x");
        let broken = api.send(method.clone(), &uri, &headers, login.clone()).await;
        let mut seen = seen;
        seen.insert(broken.status.as_u16());
        if *method == Method::POST {
            // Elsewhere: a body that never ends is waited for too long for here, and who is turned
            // away for want of room is among the tests of logins.
            assert!(statuses.remove(&408));
            statuses.remove(&503);
        }
        assert_eq!(*statuses, seen, "{method} {path}");
    }
}
