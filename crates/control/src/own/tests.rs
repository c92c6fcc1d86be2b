//! Oriel's own calls asked as its page asks them, through the router.

mod login;
mod openapi;
mod servers;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode, header};
use oriel_domain::{AuthToken, ConsoleKind, ProjectId, Role, UserId, Uses};
use oriel_inventory::{FileInventory, Inventory};
use oriel_store::{DEFAULT_DOMAIN, NewProject, NewUser, Store};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use tower::ServiceExt as _;

use crate::Control;
use crate::compute::{ComputeSettings, Microversion};
use crate::consoles::{ConsoleLink, ConsoleSettings, LinkForm};
use crate::identity::{Embedded, Identity, IdentitySettings, LockOut, password};
use crate::policy::Policy;

const PASSWORD: &str = "correct horse battery staple";
const WEB: &str = "47e9be4e-a7b9-471f-92d9-ffc83814e07a";
const OTHERS: &str = "11111111-1111-4111-8111-111111111111";
const STOPPED: &str = "22222222-2222-4222-8222-222222222222";
const MOVING: &str = "33333333-3333-4333-8333-333333333333";
const NEVER: &str = "deadbeef-dead-4bad-8bad-deadbeefdead";

/// A cloud with two projects, `demo` and `lab`. `ann` is a member of both, `eve` reads in `demo`, `root` is an admin of
/// `demo`, `nora` has a role nowhere.
struct Cloud {
    _folder: TempDir,
    store: Store,
    embedded: Arc<Embedded>,
    router: Router,
    demo: ProjectId,
    lab: ProjectId,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn told(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status.as_u16(), &self.body["error"]["code"]),
            (status, &json!(code)),
            "{}",
            self.body
        );
        assert!(self.body["error"]["message"].as_str().unwrap().ends_with('.') || status == 400);
    }
}

/// A browser with both halves of a login.
#[derive(Clone)]
struct Browser {
    cookie: String,
    key: String,
}

impl Browser {
    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("cookie", format!("theme=dark; {}", self.cookie)),
            ("x-oriel-login", self.key.clone()),
            ("sec-fetch-site", "same-origin".to_owned()),
        ]
    }
}

impl Cloud {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("oriel.db")).await.unwrap();
        let project_named = async |name: &str| {
            let new = NewProject {
                domain: DEFAULT_DOMAIN.parse().unwrap(),
                name: name.into(),
                description: String::new(),
            };
            store.create_project(&new).await.unwrap()
        };
        let (demo, lab) = (project_named("demo").await, project_named("lab").await);
        let mut settings = IdentitySettings::new("https://oriel.example");
        settings.lock_out = LockOut {
            after: 2,
            ..LockOut::DEFAULT
        };
        let embedded = Arc::new(Embedded::new(store.clone(), settings).unwrap());
        let file = folder.path().join("servers.toml");
        std::fs::write(&file, servers(&demo, &lab)).unwrap();
        let link = |url: &str| ConsoleLink {
            base_url: url.parse().unwrap(),
            form: LinkForm::Token,
            lang: Some("EN".into()),
            tabs: false,
        };
        let control = Control::new(
            Identity::Embedded(Arc::clone(&embedded)),
            Inventory::File(Arc::new(FileInventory::open(&file).unwrap())),
            store.clone(),
            Policy::load(None).unwrap(),
            ConsoleSettings {
                links: BTreeMap::from([
                    (ConsoleKind::Novnc, link("https://oriel.example/vnc.auto.html")),
                    (ConsoleKind::Serial, link("wss://oriel.example/")),
                ]),
                pages: BTreeMap::new(),
                socket: ConsoleLink::to_socket(&"https://oriel.example".parse().unwrap()),
                ttl: Duration::minutes(10),
                uses: Uses::One,
            },
            ComputeSettings {
                max_microversion: Microversion::v2(96),
                link_prefix: None,
                scheme: "https".into(),
                public_url: "https://oriel.example".into(),
            },
        );
        let cloud = Self {
            router: control.admitting(control.router()),
            _folder: folder,
            store,
            embedded,
            demo,
            lab,
        };
        for (name, roles) in [
            (
                "ann",
                vec![(&cloud.demo, Role::Member), (&cloud.lab, Role::Member)],
            ),
            ("eve", vec![(&cloud.demo, Role::Reader)]),
            ("root", vec![(&cloud.demo, Role::Admin)]),
            ("nora", vec![]),
        ] {
            let user = cloud.add_user(name).await;
            for (project, role) in roles {
                cloud.store.assign_role(&user, project, role).await.unwrap();
            }
        }
        cloud
    }

    async fn add_user(&self, name: &str) -> UserId {
        let new = NewUser {
            domain: DEFAULT_DOMAIN.parse().unwrap(),
            name: name.into(),
            password: password::hash(&SecretString::from(PASSWORD)).unwrap(),
        };
        let now = OffsetDateTime::now_utc();
        self.store.create_user(&new, now).await.unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 22).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }

    async fn ask(
        &self,
        method: Method,
        uri: &str,
        headers: Vec<(&'static str, String)>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    async fn get(&self, uri: &str, browser: &Browser) -> Answer {
        self.ask(Method::GET, uri, browser.headers(), None).await
    }

    async fn post(&self, uri: &str, browser: &Browser, body: Value) -> Answer {
        self.ask(Method::POST, uri, browser.headers(), Some(body)).await
    }

    async fn try_to_log_in(&self, user: &str, password: &str) -> Answer {
        let body = json!({"user": user, "password": password});
        self.ask(Method::POST, "/oriel/v1/login", vec![], Some(body))
            .await
    }

    async fn log_in(&self, user: &str) -> Browser {
        let answer = self.try_to_log_in(user, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Browser {
            cookie: cookie(&answer),
            key: answer.body["key"].as_str().unwrap().to_owned(),
        }
    }
}

/// The name and the value of the cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    let text = answer.headers[header::SET_COOKIE].to_str().unwrap();
    text.split(';').next().unwrap().to_owned()
}

fn servers(demo: &ProjectId, lab: &ProjectId) -> String {
    let server = |id: &str, name: &str, project: &ProjectId, more: &str| {
        format!(
            "[[server]]\nid = \"{id}\"\nname = \"{name}\"\nproject = \"{project}\"\nhost = \"h\"\n{more}\n\
             [server.console.novnc]\nback_end = \"tcp:127.0.0.1:5900\"\n"
        )
    };
    let running = "status = \"ACTIVE\"\nflavor = { name = \"small\", vcpus = 1, ram = 512, disk = 10 }\n\
                   addresses = { net = [\"10.0.0.5\"] }";
    [
        server(WEB, "web", demo, running),
        "[server.console.serial]\nback_end = \"tcp:127.0.0.1:5901\"\n".to_owned(),
        server(STOPPED, "Stopped", demo, "status = \"SHUTOFF\""),
        server(
            MOVING,
            "moving",
            demo,
            "status = \"ACTIVE\"\ntask_state = \"migrating\"",
        ),
        server(OTHERS, "others", lab, "status = \"ACTIVE\""),
    ]
    .concat()
}
