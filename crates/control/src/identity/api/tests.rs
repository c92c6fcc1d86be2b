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
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use oriel_domain::{ProjectId, Role, UserId};
use oriel_store::Store;
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::identity::{Embedded, IdentitySettings, LockOut, password};
use crate::testing::{self, Ground, PASSWORD};

const URL: &str = "https://oriel.example:8002";

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
        let ground = Ground::new().await;
        let [ann, bob, root] = [
            ground.user("ann").await,
            ground.user("bob").await,
            ground.user("root").await,
        ];
        let [demo, lab, ops] = [
            ground.project("demo").await,
            ground.project("lab").await,
            ground.project("ops").await,
        ];
        let Ground { folder, store, .. } = ground;
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
        let (status, headers, bytes) = testing::ask(&self.router, request.body(body.into()).unwrap()).await;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        Answer {
            status,
            headers,
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
