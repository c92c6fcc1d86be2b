//! Oriel's own calls asked as its page asks them, through the router.

mod login;
mod openapi;
mod servers;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use oriel_domain::{AuthToken, ConsoleKind, ProjectId, Role, UserId};
use oriel_store::Store;
use serde_json::{Value, json};

use crate::identity::{Embedded, IdentitySettings, LockOut};
use crate::policy::Policy;
use crate::testing::{self, Ground, PASSWORD, URL, link};

const WEB: &str = "47e9be4e-a7b9-471f-92d9-ffc83814e07a";
const OTHERS: &str = "11111111-1111-4111-8111-111111111111";
const STOPPED: &str = "22222222-2222-4222-8222-222222222222";
const MOVING: &str = "33333333-3333-4333-8333-333333333333";
const NEVER: &str = "deadbeef-dead-4bad-8bad-deadbeefdead";

/// A cloud with two projects, `demo` and `lab`. `ann` is a member of both, `eve` reads in `demo`, `root` is an admin of
/// `demo`, `nora` has a role nowhere.
struct Cloud {
    ground: Ground,
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
        let ground = Ground::new().await;
        let store = ground.store.clone();
        let (demo, lab) = (ground.project("demo").await, ground.project("lab").await);
        let mut settings = IdentitySettings::new(URL);
        settings.lock_out = LockOut {
            after: 2,
            ..LockOut::DEFAULT
        };
        let embedded = Arc::new(Embedded::new(store.clone(), settings).unwrap());
        let consoles = testing::consoles([
            (
                ConsoleKind::Novnc,
                link("https://oriel.example/vnc.auto.html", Some("EN")),
            ),
            (ConsoleKind::Serial, link("wss://oriel.example/", Some("EN"))),
        ]);
        let policy = Policy::load(None).unwrap();
        let control = ground.control(&embedded, &servers(&demo, &lab), policy, consoles);
        let cloud = Self {
            router: control.admitting(control.router()),
            ground,
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
        self.ground.user(name).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (status, headers, body) = testing::ask(&self.router, request).await;
        Answer {
            status,
            headers,
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
