//! A small server that answers as Keystone does. How a real one does is tested end to end.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{any, get};
use http::HeaderMap;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

const SECRET: &str = "the-service-users-secret";

/// What it answers, in place of the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Well,
    Status(u16),
    Redirect(SocketAddr),
    Silent,
}

#[derive(Debug)]
struct Script {
    mood: Mutex<Mood>,
    /// What `logins` comes to with the next service token that works; earlier ones do not.
    first_good_login: AtomicU64,
    logins: AtomicU64,
    questions: AtomicU64,
    known: Mutex<Vec<String>>,
}

struct FakeKeystone {
    address: SocketAddr,
    script: Arc<Script>,
    server: JoinHandle<()>,
}

impl FakeKeystone {
    async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    async fn start_at(address: SocketAddr) -> Self {
        let script = Arc::new(Script {
            mood: Mutex::new(Mood::Well),
            first_good_login: AtomicU64::new(1),
            logins: AtomicU64::new(0),
            questions: AtomicU64::new(0),
            known: Mutex::new(vec!["good".into()]),
        });
        let listener = TcpListener::bind(address).await.unwrap();
        let router = Router::new()
            .route("/v3/auth/tokens", get(show).post(log_in))
            .with_state(Arc::clone(&script));
        Self {
            address: listener.local_addr().unwrap(),
            script,
            server: tokio::spawn(async { axum::serve(listener, router).await.unwrap() }),
        }
    }

    fn ask_with(&self, change: impl FnOnce(&mut KeystoneSettings)) -> Keystone {
        ask_at(self.address, change)
    }

    fn set(&self, mood: Mood) {
        *self.script.mood.lock().unwrap() = mood;
    }

    fn questions(&self) -> u64 {
        self.script.questions.load(Ordering::SeqCst)
    }

    fn logins(&self) -> u64 {
        self.script.logins.load(Ordering::SeqCst)
    }
}

fn ask_at(address: SocketAddr, change: impl FnOnce(&mut KeystoneSettings)) -> Keystone {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let login = ServiceLogin::Password {
        user: "oriel".into(),
        user_domain: "Default".into(),
        project: "service".into(),
        project_domain: "Default".into(),
        password: SecretSource::File(file),
    };
    let url = format!("http://{address}/v3/").parse().unwrap();
    let mut settings = KeystoneSettings::new(&url, login).unwrap();
    change(&mut settings);
    let patience = Patience {
        tries: [Duration::from_millis(5); 3],
        failures: 3,
        rest: Duration::from_millis(300),
    };
    let keystone = Keystone::with_patience(settings, patience).unwrap();
    // The secret is read at each login.
    std::mem::forget(folder);
    keystone
}

async fn log_in(State(script): State<Arc<Script>>, body: String) -> Response {
    assert!(body.contains(SECRET));
    if let Some(answer) = out_of(*script.mood.lock().unwrap()) {
        return answer;
    }
    let n = script.logins.fetch_add(1, Ordering::SeqCst) + 1;
    let token = format!("own-{n}");
    (
        StatusCode::CREATED,
        [("x-subject-token", token)],
        token_document(),
    )
        .into_response()
}

async fn show(State(script): State<Arc<Script>>, uri: http::Uri, headers: HeaderMap) -> Response {
    script.questions.fetch_add(1, Ordering::SeqCst);
    let mood = *script.mood.lock().unwrap();
    if mood == Mood::Silent {
        std::future::pending::<()>().await;
    }
    if let Some(answer) = out_of(mood) {
        return answer;
    }
    let header = |name| headers.get(name).map_or("", |value| value.to_str().unwrap());
    let own: u64 = header("x-auth-token").trim_start_matches("own-").parse().unwrap();
    if own < script.first_good_login.load(Ordering::SeqCst) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let subject = header("x-subject-token");
    let ended = subject == "ended" && uri.query().is_some_and(|query| query.contains("allow_expired=1"));
    if ended
        || subject.starts_with("own-")
        || script.known.lock().unwrap().iter().any(|known| known == subject)
    {
        token_document().into_response()
    } else {
        (StatusCode::NOT_FOUND, json!({"error": {"code": 404}}).to_string()).into_response()
    }
}

fn out_of(mood: Mood) -> Option<Response> {
    match mood {
        Mood::Well | Mood::Silent => None,
        Mood::Status(status) => Some(StatusCode::from_u16(status).unwrap().into_response()),
        Mood::Redirect(to) => {
            Some(Redirect::temporary(&format!("http://{to}/v3/auth/tokens")).into_response())
        }
    }
}

fn token_document() -> String {
    let now = OffsetDateTime::now_utc();
    let default = json!({"id": "default", "name": "Default"});
    json!({"token": {
        "user": {"id": "u1", "name": "ann", "domain": default},
        "project": {"id": "p1", "name": "demo", "domain": default},
        "roles": [{"name": "member"}],
        "issued_at": now.format(&Rfc3339).unwrap(),
        "expires_at": (now + Duration::from_hours(1)).format(&Rfc3339).unwrap(),
    }})
    .to_string()
}

fn token(text: &str) -> AuthToken {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_hundred_callers_with_one_token_ask_once() {
    let fake = FakeKeystone::start().await;
    let keystone = Arc::new(fake.ask_with(|_| {}));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let keystone = Arc::clone(&keystone);
            tokio::spawn(async move { keystone.validate(&token("good")).await.unwrap().unwrap() })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().principal.user.name, "ann");
    }
    assert_eq!((fake.questions(), fake.logins()), (1, 1));
}

#[tokio::test]
async fn what_is_known_is_believed_for_its_time_only() {
    let fake = FakeKeystone::start().await;
    let lasting = fake.ask_with(|_| {});
    let ttl = Duration::from_millis(200);
    let brief = fake.ask_with(|settings| (settings.cache_ttl, settings.negative_ttl) = (ttl, ttl));
    for keystone in [&lasting, &brief] {
        assert!(keystone.validate(&token("good")).await.unwrap().is_some());
        assert!(keystone.validate(&token("bad")).await.unwrap().is_none());
    }
    *fake.script.known.lock().unwrap() = vec!["bad".into()];
    let asked = fake.questions();
    for _ in 0..3 {
        assert!(lasting.validate(&token("good")).await.unwrap().is_some());
        assert!(lasting.validate(&token("bad")).await.unwrap().is_none());
    }
    assert_eq!(fake.questions(), asked);
    sleep(ttl + Duration::from_millis(50)).await;
    assert!(brief.validate(&token("good")).await.unwrap().is_none());
    assert!(brief.validate(&token("bad")).await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_is_believed_beyond_the_end_of_the_token() {
    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|_| {});
    let caller = keystone.validate(&token("good")).await.unwrap().unwrap();
    let lives = Lives {
        positive: Duration::from_mins(1),
        negative: Duration::from_secs(10),
    };
    let end = caller.expires_at;
    let known = Some(Arc::new(caller));
    assert_eq!(
        lives.of(false, &known, end - Duration::from_hours(1)),
        Duration::from_mins(1)
    );
    assert_eq!(
        lives.of(false, &known, end - Duration::from_secs(5)),
        Duration::from_secs(5)
    );
    assert_eq!(
        lives.of(false, &known, end + Duration::from_secs(5)),
        Duration::ZERO
    );
    assert_eq!(lives.of(false, &None, end), Duration::from_secs(10));
    assert_eq!(
        lives.of(true, &known, end + Duration::from_secs(5)),
        Duration::from_mins(1)
    );
}

#[tokio::test]
async fn a_service_token_that_stopped_working_is_renewed_once() {
    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|_| {});
    keystone.validate(&token("bad")).await.unwrap();
    fake.script.first_good_login.store(2, Ordering::SeqCst);
    assert!(keystone.validate(&token("good")).await.unwrap().is_some());
    assert_eq!(fake.logins(), 2);

    fake.script.first_good_login.store(u64::MAX, Ordering::SeqCst);
    let error = keystone.validate(&token("other")).await.unwrap_err();
    assert!(matches!(*error, KeystoneError::OwnTokenUnknown), "{error}");
    assert_eq!(fake.logins(), 3);
}

#[tokio::test]
async fn a_token_that_has_ended_is_good_for_services_only() {
    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|_| {});
    let service = async |user: &str, service: &str| {
        let answer = keystone.validate_for_service(&token(user), &token(service)).await;
        answer.unwrap().is_some()
    };
    // The role of every token here is `member`.
    assert!(!service("good", "good").await, "no service");
    let keystone = fake.ask_with(|settings| settings.service_token_roles = vec!["Member".into()]);
    let service = async |user: &str, service: &str| {
        let answer = keystone.validate_for_service(&token(user), &token(service)).await;
        answer.unwrap().is_some()
    };
    assert!(keystone.validate(&token("ended")).await.unwrap().is_none());
    for (user, of_service, expected) in [
        ("good", "good", true),
        ("ended", "good", true),
        ("bad", "good", false),
        ("good", "bad", false),
        ("good", "ended", false),
    ] {
        assert_eq!(service(user, of_service).await, expected, "{user} {of_service}");
    }
    assert!(keystone.validate(&token("ended")).await.unwrap().is_none());
    let asked = fake.questions();
    assert!(service("ended", "good").await);
    assert_eq!(fake.questions(), asked, "it is remembered");
}

#[tokio::test]
async fn a_service_user_who_may_not_is_told_so_and_not_tried_again() {
    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|_| {});
    keystone.check().await.unwrap();
    fake.set(Mood::Status(403));
    let error = keystone.validate(&token("good")).await.unwrap_err();
    assert!(matches!(*error, KeystoneError::NotAllowed), "{error}");

    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|_| {});
    fake.set(Mood::Status(401));
    let error = keystone.check().await.unwrap_err();
    assert!(matches!(error, KeystoneError::LoginRefused), "{error}");
    assert_eq!(fake.questions(), 0);
}

#[tokio::test]
async fn a_redirect_is_followed_by_no_token() {
    let elsewhere = FakeKeystone::start().await;
    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|_| {});
    for logged_in in [false, true] {
        if logged_in {
            fake.set(Mood::Well);
            keystone.check().await.unwrap();
        }
        fake.set(Mood::Redirect(elsewhere.address));
        let error = keystone.validate(&token("good")).await.unwrap_err();
        assert!(matches!(*error, KeystoneError::Redirected(_)), "{error}");
    }
    assert_eq!((elsewhere.questions(), elsewhere.logins()), (0, 0));
}

#[tokio::test]
async fn an_outage_is_waited_out_then_answered_at_once_and_ends() {
    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|_| {});
    assert!(keystone.validate(&token("good")).await.unwrap().is_some());

    fake.set(Mood::Status(503));
    let before = fake.questions();
    let error = keystone.validate(&token("one")).await.unwrap_err();
    assert!(matches!(*error, KeystoneError::Unexpected(_)), "{error}");
    assert_eq!(fake.questions() - before, 4, "the first try and three more");
    for name in ["two", "three"] {
        keystone.validate(&token(name)).await.unwrap_err();
    }
    let before = fake.questions();
    let error = keystone.validate(&token("four")).await.unwrap_err();
    assert!(matches!(*error, KeystoneError::Resting(_)), "{error}");
    assert_eq!(fake.questions(), before, "it is left alone");
    assert!(
        keystone.validate(&token("good")).await.unwrap().is_some(),
        "what is known goes on working"
    );

    fake.set(Mood::Well);
    sleep(keystone.patience.rest).await;
    for name in ["five", "six"] {
        assert!(keystone.validate(&token(name)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_keystone_that_comes_back_within_the_tries_is_not_missed() {
    let fake = FakeKeystone::start().await;
    let address = fake.address;
    fake.server.abort();
    let _ = fake.server.await;
    let mut keystone = ask_at(address, |_| {});
    keystone.patience.tries = [Duration::from_millis(200); 3];
    let (answer, _fake) = tokio::join!(
        async { keystone.validate(&token("good")).await.unwrap() },
        async {
            sleep(Duration::from_millis(100)).await;
            FakeKeystone::start_at(address).await
        }
    );
    assert!(answer.is_some());
}

#[tokio::test]
async fn a_keystone_that_says_nothing_costs_the_set_time_and_no_more() {
    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|settings| settings.timeout = Duration::from_secs(2));
    keystone.check().await.unwrap();
    fake.set(Mood::Silent);
    let error = keystone.validate(&token("good")).await.unwrap_err();
    assert!(matches!(*error, KeystoneError::TimedOut(_)), "{error}");
}

#[tokio::test]
async fn what_keystone_never_made_is_not_shown_to_it() {
    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|_| {});
    for odd in ["a/b", "a%00b", "\"", "a;b", "a,b"] {
        assert!(keystone.validate(&token(odd)).await.unwrap().is_none());
    }
    assert_eq!((fake.questions(), fake.logins()), (0, 0));
}

#[tokio::test]
async fn another_servers_404_is_no_word_on_a_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v3/auth/tokens", any(|| async { StatusCode::NOT_FOUND }));
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let error = ask_at(address, |_| {})
        .validate(&token("good"))
        .await
        .unwrap_err();
    assert!(matches!(*error, KeystoneError::Unexpected(_)), "{error}");
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let fake = FakeKeystone::start().await;
    let keystone = fake.ask_with(|_| {});
    keystone.validate(&token("good")).await.unwrap();
    let shown = format!("{keystone:?} {:?} {:?}", keystone.service_user, keystone.settings);
    assert!(!shown.contains(SECRET) && !shown.contains("own-1"), "{shown}");
}
