//! The ECS API asked as clients ask it, through the router.

mod bad_input;
mod calls;
mod openapi;
mod screens;
mod signing;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use oriel_domain::{AccessKeyId, AuthToken, ConsoleKind, ProjectId, Role, SecretKey, UserId};
use oriel_store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::Control;
use crate::identity::signature::tests::sign;
use crate::identity::{Embedded, IdentitySettings, LockOut, Vault};
use crate::policy::Policy;
use crate::testing::{self, Ground, URL, link};

const WEB: &str = "47e9be4e-a7b9-471f-92d9-ffc83814e07a";
const OTHERS: &str = "11111111-1111-4111-8111-111111111111";
const STOPPED: &str = "22222222-2222-4222-8222-222222222222";
const MOVING: &str = "33333333-3333-4333-8333-333333333333";
const HEADLESS: &str = "44444444-4444-4444-8444-444444444444";
const HOSTLESS: &str = "55555555-5555-4555-8555-555555555555";
const NEVER: &str = "deadbeef-dead-4bad-8bad-deadbeefdead";
const VNC: &str = r#"{"remote_console": {"protocol": "vnc", "type": "novnc"}}"#;

/// A cloud with one project of ours, one of somebody else's, servers in every state, and a member
/// and a reader with a token and an access key each.
struct Cloud {
    folder: TempDir,
    store: Store,
    control: Control,
    router: Router,
    project: ProjectId,
    other: ProjectId,
    member: Person,
    reader: Person,
    /// How often a console's name lay in the database before any was granted.
    names: usize,
}

struct Person {
    user: UserId,
    token: AuthToken,
    key: Key,
}

#[derive(Clone)]
struct Key {
    id: AccessKeyId,
    secret: SecretKey,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

/// A request that is not sent yet.
struct Call {
    parts: http::request::Parts,
    body: Vec<u8>,
}

impl Cloud {
    async fn new() -> Self {
        let ground = Ground::new().await;
        let (project, other) = (ground.project("ours").await, ground.project("theirs").await);

        let vault = Vault::at(ground.folder.path().join("credential.key"));
        vault.make_if_missing().unwrap();
        let mut settings = IdentitySettings::new(URL);
        settings.region = "cn-north-4".into();
        settings.credential_key = Some(ground.folder.path().join("credential.key"));
        settings.lock_out = LockOut {
            after: 3,
            ..LockOut::DEFAULT
        };
        let embedded = Arc::new(Embedded::new(ground.store.clone(), settings).unwrap());
        let person = async |role: Role| {
            let user = ground.user(role.name()).await;
            ground.store.assign_role(&user, &project, role).await.unwrap();
            let token = testing::log_in(&embedded, &user, &project).await;
            let key = new_key(&ground.store, &vault, &user, &project).await;
            Person { user, token, key }
        };
        let (member, reader) = (person(Role::Member).await, person(Role::Reader).await);

        let mut consoles = testing::consoles([
            (
                ConsoleKind::Novnc,
                link("https://oriel.example/vnc.auto.html", Some("EN")),
            ),
            (ConsoleKind::Serial, link("wss://serial.example/", None)),
        ]);
        consoles.pages = BTreeMap::from([(
            ConsoleKind::Serial,
            link("https://oriel.example/serial.html", Some("EN")),
        )]);
        let servers = servers(&ground.folder, &project, &other);
        let control = ground.control(&embedded, &servers, Policy::load(None).unwrap(), consoles);
        Self {
            router: control.router(),
            control,
            names: console_names(&ground.folder),
            folder: ground.folder,
            store: ground.store,
            project,
            other,
            member,
            reader,
        }
    }

    /// The path of a call about a server in our project.
    fn path(&self, server: &str, call: &str) -> String {
        format!("/v1/{}/cloudservers/{server}/{call}", self.project)
    }

    /// The console call about a server.
    fn console(&self, server: &str) -> Call {
        Call::new(Method::POST, &self.path(server, "remote_console"), VNC)
    }

    async fn send(&self, call: Call) -> Answer {
        let request = Request::from_parts(call.parts, Body::from(call.body));
        let (status, headers, body) = testing::ask(&self.router, request).await;
        let body = serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)));
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Whether any console was granted since the start.
    fn has_granted(&self) -> bool {
        console_names(&self.folder) != self.names
    }
}

/// How often the name of the console is in the database's files.
fn console_names(folder: &TempDir) -> usize {
    let files = ["oriel.db", "oriel.db-wal"].map(|name| std::fs::read(folder.path().join(name)).unwrap());
    let bytes = files.concat();
    bytes.windows(5).filter(|part| part == b"novnc").count()
}

async fn new_key(store: &Store, vault: &Vault, user: &UserId, project: &ProjectId) -> Key {
    let key = Key {
        id: AccessKeyId::random().unwrap(),
        secret: SecretKey::random().unwrap(),
    };
    let sealed = vault.seal(&key.id, &key.secret).unwrap();
    let now = OffsetDateTime::now_utc();
    let kept = store.create_access_key(&key.id, user, project, &sealed, now);
    kept.await.unwrap();
    key
}

fn servers(folder: &TempDir, project: &ProjectId, other: &ProjectId) -> String {
    let console = "[server.console.novnc]\nback_end = \"tcp:127.0.0.1:5900\"\n";
    let serial = "[server.console.serial]\nback_end = \"tcp:127.0.0.1:4555\"\n";
    let log = folder.path().join("web.log");
    std::fs::write(&log, "one\ntwo\nthree\n").unwrap();
    let log = format!("console_log = \"{}\"\n", log.display());
    let server = |id: &str, project: &ProjectId, more: &str| {
        format!("[[server]]\nid = \"{id}\"\nname = \"vm\"\nproject = \"{project}\"\n{more}\n")
    };
    [
        server(WEB, project, &format!("{log}{console}{serial}")),
        server(OTHERS, other, console),
        server(STOPPED, project, &format!("status = \"SHUTOFF\"\n{console}")),
        server(MOVING, project, &format!("task_state = \"migrating\"\n{console}")),
        server(HEADLESS, project, ""),
        server(HOSTLESS, project, "status = \"BUILD\"\nhost = \"\""),
    ]
    .concat()
}

impl Call {
    fn new(method: Method, uri: &str, body: impl Into<Vec<u8>>) -> Self {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "oriel.example")
            .header("content-type", "application/json;charset=utf-8");
        Self {
            parts: request.body(()).unwrap().into_parts().0,
            body: body.into(),
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.parts.headers.insert(name, value.parse().unwrap());
        self
    }

    fn token(self, token: &AuthToken) -> Self {
        self.with("x-auth-token", token.expose())
    }

    /// Signs the request as it is now.
    fn signed(self, key: &Key) -> Self {
        self.signed_by(key, None)
    }

    fn signed_by(mut self, key: &Key, derived: Option<&str>) -> Self {
        if !self.parts.headers.contains_key("x-sdk-date") {
            self = self.with("x-sdk-date", &sdk_date(OffsetDateTime::now_utc()));
        }
        sign(&mut self.parts, &key.id, &key.secret, &self.body, derived);
        self
    }
}

fn sdk_date(time: OffsetDateTime) -> String {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    time.format(format).unwrap()
}

impl Answer {
    /// Holds the answer to the service's or the gateway's shape of an error; its status, code and
    /// message.
    fn fault(&self) -> (u16, &str, &str) {
        assert_eq!(self.headers["content-type"], "application/json");
        let id = self.headers["x-request-id"].to_str().unwrap();
        assert!(id.starts_with("req-"));
        let (code, message) = match self.body.get("error") {
            Some(error) => (&error["code"], &error["message"]),
            None => {
                assert_eq!(self.body["request_id"], id);
                (&self.body["error_code"], &self.body["error_msg"])
            }
        };
        (
            self.status.as_u16(),
            code.as_str().unwrap(),
            message.as_str().unwrap(),
        )
    }

    fn code(&self) -> (u16, &str) {
        let (status, code, _) = self.fault();
        (status, code)
    }

    fn url(&self, call: &str) -> &str {
        assert_eq!(self.status, 200, "{}", self.body);
        assert!(self.headers.contains_key("x-request-id"));
        self.body[call]["url"].as_str().unwrap()
    }
}
