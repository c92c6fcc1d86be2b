//! The API asked as clients ask it, through the router.

mod application_credentials;
mod bad_input;
mod discovery;
mod lock_out;
mod login;
mod openapi;
mod projects;
mod secrets;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use oriel_domain::{ProjectId, Role, UserId};
use oriel_store::{DEFAULT_DOMAIN, NewProject, NewUser, Store};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tower::ServiceExt as _;

use crate::identity::{Embedded, IdentitySettings, LockOut, password};

const URL: &str = "https://oriel.example:8002";
/// The password of every user here.
const PASSWORD: &str = "correct horse battery staple";

/// A server with `ann` (member of `demo`, reader of `lab`), `bob` (nothing) and `root` (admin of
/// `ops`).
struct Api {
    _folder: TempDir,
    store: Store,
    embedded: Arc<Embedded>,
    router: Router,
    ann: UserId,
    bob: UserId,
    demo: ProjectId,
    lab: ProjectId,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Api {
    async fn new() -> Self {
        Self::with(IdentitySettings::new(URL)).await
    }

    async fn with(settings: IdentitySettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("oriel.db")).await.unwrap();
        let hash = password::hash(&SecretString::from(PASSWORD)).unwrap();
        let mut users = Vec::new();
        for name in ["ann", "bob", "root"] {
            let domain = DEFAULT_DOMAIN.parse().unwrap();
            let new = NewUser {
                domain,
                name: name.into(),
                password: hash.clone(),
            };
            users.push(store.create_user(&new, OffsetDateTime::now_utc()).await.unwrap());
        }
        let mut projects = Vec::new();
        for name in ["demo", "lab", "ops"] {
            let domain = DEFAULT_DOMAIN.parse().unwrap();
            let new = NewProject {
                domain,
                name: name.into(),
                description: String::new(),
            };
            projects.push(store.create_project(&new).await.unwrap());
        }
        let [ann, bob, root] = users.try_into().unwrap();
        let [demo, lab, ops] = projects.try_into().unwrap();
        store.assign_role(&ann, &demo, Role::Member).await.unwrap();
        store.assign_role(&ann, &lab, Role::Reader).await.unwrap();
        store.assign_role(&root, &ops, Role::Admin).await.unwrap();
        let embedded = Arc::new(Embedded::new(store.clone(), settings).unwrap());
        let router = super::router(Arc::clone(&embedded));
        Self {
            _folder: folder,
            store,
            embedded,
            router,
            ann,
            bob,
            demo,
            lab,
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self
            .router
            .clone()
            .oneshot(request.body(body.into()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(Method::GET, path, &[("X-Auth-Token", token)], Body::empty())
            .await
    }

    async fn log_in(&self, body: &Value) -> Answer {
        self.send(Method::POST, "/v3/auth/tokens", &[], body.to_string())
            .await
    }

    /// A call about a token.
    async fn about(&self, method: Method, caller: &str, subject: &str) -> Answer {
        let headers = [("X-Auth-Token", caller), ("X-Subject-Token", subject)];
        self.send(method, "/identity/v3/auth/tokens", &headers, Body::empty())
            .await
    }

    /// A token of a user in a project, or in none.
    async fn token(&self, user: &str, project: Option<&str>) -> String {
        let mut body = password_login(user, PASSWORD);
        if let Some(project) = project {
            body["auth"]["scope"] = json!({"project": {"name": project, "domain": {"id": "default"}}});
        }
        let answer = self.log_in(&body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.token()
    }
}

impl Answer {
    /// The token in the header.
    fn token(&self) -> String {
        self.headers["X-Subject-Token"].to_str().unwrap().to_owned()
    }

    /// Holds the answer to Keystone's shape of an error, and gives its message.
    fn fault(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.body);
        let error = self.body["error"].as_object().unwrap();
        assert_eq!(error["code"], status);
        assert_eq!(
            error["title"],
            StatusCode::from_u16(status).unwrap().canonical_reason().unwrap()
        );
        assert_eq!(self.headers["content-type"], "application/json");
        error["message"].as_str().unwrap()
    }

    /// The names in a list of projects.
    fn names(&self) -> Vec<&str> {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["projects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|project| project["name"].as_str().unwrap())
            .collect()
    }
}

fn password_login(user: &str, password: &str) -> Value {
    let user = json!({"name": user, "password": password, "domain": {"name": "Default"}});
    json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}})
}

fn token_login(token: &str) -> Value {
    json!({"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}})
}
