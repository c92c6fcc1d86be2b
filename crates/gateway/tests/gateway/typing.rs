//! `/oriel/v1/sessions/{id}/type`: a text is typed into the guest.

use oriel_domain::ViewerRole;
use oriel_gateway::GatewaySettings;
use oriel_rfb::client_msg::{DEFAULT_MAX_CUT_TEXT, Event, Splitter, Step};
use oriel_rfb::encoding;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::kit::{Answer, House, Hypervisor, Knock, Page, SERVER, Script, Wire, soon};

const SHIFT: u32 = 0x2a;
const CAPS_LOCK: u32 = 0x3a;

/// A gateway with a session, its browser, and the hypervisor.
struct Desk {
    house: House,
    hypervisor: Hypervisor,
    page: Page,
    viewer: Wire,
    cookie: String,
    path: String,
}

impl Desk {
    async fn new(adjust: impl FnOnce(&mut GatewaySettings)) -> Self {
        Self::of(ViewerRole::Owner, adjust).await
    }

    async fn of(role: ViewerRole, adjust: impl FnOnce(&mut GatewaySettings)) -> Self {
        let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
        let house = House::with(&hypervisor.address, adjust).await;
        let token = house.mint(|grant| grant.role = role).await;
        let answer = house.knock(&format!("/?token={token}")).send().await;
        let cookie = answer.cookie().unwrap().to_owned();
        let mut page = answer.page();
        page.greet().await;
        let viewer = hypervisor.wire().await;
        let path = format!("/oriel/v1/sessions/{}/type", house.session_id().await);
        Self {
            house,
            hypervisor,
            page,
            viewer,
            cookie,
            path,
        }
    }

    fn post(&self, text: &str, layout: &str) -> Knock {
        let body = json!({ "text": text, "layout": layout }).to_string();
        Knock::post(self.house.address, &self.path, body.as_bytes()).header("Cookie", &self.cookie)
    }

    async fn call(&self, method: &str) -> Answer {
        let knock = Knock::call(method, self.house.address, &self.path).header("Cookie", &self.cookie);
        knock.send().await
    }

    async fn progress(&self) -> Value {
        let answer = self.call("GET").await;
        assert_eq!(answer.status, 200);
        answer.json()["job"].clone()
    }

    /// Waits until nothing is typed any more.
    async fn ended(&self) -> Value {
        soon(async {
            loop {
                let job = self.progress().await;
                if job["state"] != "typing" {
                    return job;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Has a text typed, and plays the server meanwhile.
    async fn type_into(&mut self, text: &str, layout: &str, server: Server) -> (Answer, Typed) {
        let knock = self.post(text, layout);
        let asked = tokio::spawn(async move { knock.send().await });
        let typed = server.serve(self.hypervisor.wire().await);
        (soon(asked).await.unwrap(), typed)
    }
}

/// A key event: down or up, keysym, scan code.
type Key = (bool, u32, Option<u32>);

/// What a server does with a typist.
#[derive(Debug, Clone, Copy)]
struct Server {
    scancodes: bool,
    caps_lock: bool,
    echoes: bool,
    /// After how many key events it hangs up.
    leaves_after: usize,
}

const QEMU: Server = Server {
    scancodes: true,
    caps_lock: false,
    echoes: true,
    leaves_after: usize::MAX,
};

/// What comes in.
struct Typed {
    events: watch::Receiver<Vec<Key>>,
    /// Ends when the gateway has hung up.
    serving: JoinHandle<()>,
}

impl Typed {
    async fn at_least(&mut self, count: usize) {
        soon(self.events.wait_for(|events| events.len() >= count))
            .await
            .unwrap();
    }

    /// All of it, once the gateway has hung up.
    async fn all(self) -> Vec<Key> {
        soon(self.serving).await.unwrap();
        self.events.borrow().clone()
    }
}

impl Server {
    fn serve(self, wire: Wire) -> Typed {
        let (sender, events) = watch::channel(Vec::new());
        Typed {
            events,
            serving: tokio::spawn(self.act(wire, sender)),
        }
    }

    async fn act(mut self, mut wire: Wire, typed: watch::Sender<Vec<Key>>) {
        let mut splitter = Splitter::new(DEFAULT_MAX_CUT_TEXT);
        let mut buffer = [0; 4096];
        let (mut greeted, mut drawn) = (false, 0_u16);
        loop {
            let read = match wire.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(read) => read,
            };
            let mut unread = &buffer[..read];
            let mut answer = Vec::new();
            loop {
                let (taken, event) = match splitter.next(unread).unwrap() {
                    Step::Need => break,
                    Step::Message(message) => (message.taken, message.event()),
                    Step::Body { taken, .. } => (taken, Event::Other),
                };
                unread = &unread[taken..];
                match event {
                    Event::UpdateRequest { .. } if !greeted => {
                        greeted = true;
                        if self.scancodes {
                            answer.extend(update(0, 0, encoding::QEMU_EXTENDED_KEY, &[]));
                            answer.extend(self.lamps());
                        }
                        answer.extend(update(0, 1, encoding::RAW, &[0; 4]));
                    }
                    Event::Key {
                        down,
                        keysym,
                        scancode,
                    } => {
                        typed.send_modify(|events| events.push((down, keysym, scancode)));
                        if typed.borrow().len() >= self.leaves_after {
                            return;
                        }
                        if down && scancode == Some(CAPS_LOCK) {
                            self.caps_lock = !self.caps_lock;
                            answer.extend(self.lamps());
                        }
                        if down && self.echoes {
                            drawn = (drawn + 1) % 700;
                            answer.extend(update(drawn, 1, encoding::RAW, &[0; 4]));
                        }
                    }
                    _ => {}
                }
            }
            if wire.write_all(&answer).await.is_err() {
                return;
            }
        }
    }

    fn lamps(self) -> Vec<u8> {
        update(0, 0, encoding::QEMU_LED_STATE, &[u8::from(self.caps_lock) << 2])
    }
}

/// An update of one rectangle, as wide as high.
fn update(x: u16, size: u16, number: i32, rest: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 0, 0, 1];
    for field in [x, 0, size, size] {
        message.extend(field.to_be_bytes());
    }
    message.extend(number.to_be_bytes());
    message.extend(rest);
    message
}

fn codes(events: &[Key]) -> Vec<(bool, u32)> {
    events
        .iter()
        .map(|(down, _, code)| (*down, code.unwrap()))
        .collect()
}

fn assert_all_let_go(events: &[Key]) {
    for (_, _, code) in events {
        let last = events.iter().rfind(|(_, _, other)| other == code).unwrap();
        assert!(!last.0, "{last:x?} is still held");
    }
}

#[tokio::test]
async fn a_text_is_typed_by_the_keys_of_the_layout() {
    let mut desk = Desk::new(|_| {}).await;
    let (answer, typed) = desk.type_into("Yz\n", "de", QEMU).await;
    assert_eq!(answer.status, 202, "{}", answer.json());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.json()["job"]["total"], 3);
    let events = typed.all().await;
    let expected = [
        (true, SHIFT),
        (true, 0x2c),
        (false, 0x2c),
        (false, SHIFT),
        (true, 0x15),
        (false, 0x15),
        (true, 0x1c),
        (false, 0x1c),
    ];
    assert_eq!(codes(&events), expected);
    assert_eq!(
        desk.ended().await,
        json!({ "typed": 3, "total": 3, "state": "done" })
    );
    // The viewer's own connection knows nothing of it.
    desk.page.send(b"\x04\x01\0\0\0\0\0\x61").await;
    let mut key = [0; 8];
    soon(desk.viewer.read_exact(&mut key)).await.unwrap();
    assert_eq!(&key, b"\x04\x01\0\0\0\0\0\x61");
    // And the next text has a connection of its own.
    let (answer, typed) = desk.type_into("a", "en-us", QEMU).await;
    assert_eq!(answer.status, 202);
    assert_eq!(codes(&typed.all().await), [(true, 0x1e), (false, 0x1e)]);
}

#[tokio::test]
async fn caps_lock_is_off_while_it_is_typed() {
    let mut desk = Desk::new(|_| {}).await;
    let server = Server {
        caps_lock: true,
        ..QEMU
    };
    let (_, typed) = desk.type_into("a", "en-us", server).await;
    let expected = [
        (true, CAPS_LOCK),
        (false, CAPS_LOCK),
        (true, 0x1e),
        (false, 0x1e),
        (true, CAPS_LOCK),
        (false, CAPS_LOCK),
    ];
    assert_eq!(codes(&typed.all().await), expected);
}

#[tokio::test]
async fn a_server_without_scan_codes_is_told_the_characters() {
    let mut desk = Desk::new(|_| {}).await;
    let server = Server {
        scancodes: false,
        ..QEMU
    };
    // No American key has the euro, but such a server need not know of keys.
    let (answer, typed) = desk.type_into("A\u{20ac}", "en-us", server).await;
    assert_eq!(answer.status, 202);
    let keysyms: Vec<_> = typed.all().await;
    let expected = [0x41, 0x41, 0x0100_20ac, 0x0100_20ac];
    assert_eq!(
        keysyms.iter().map(|(_, keysym, _)| *keysym).collect::<Vec<_>>(),
        expected
    );
    assert!(keysyms.iter().all(|(_, _, code)| code.is_none()));
}

#[tokio::test]
async fn what_has_no_key_is_named_before_anything_is_typed() {
    let mut desk = Desk::new(|_| {}).await;
    let (answer, typed) = desk
        .type_into("ab\nc\u{20ac}d\u{20ac}\u{a0}", "en-us", QEMU)
        .await;
    assert_eq!(answer.status, 422);
    let error = &answer.json()["error"];
    assert_eq!(error["code"], "untypable");
    let expected = json!([
        { "character": "\u{20ac}", "code_point": "U+20AC", "offset": 4, "line": 2, "column": 2, "count": 2 },
        { "character": "\u{a0}", "code_point": "U+00A0", "name": "no-break space", "offset": 7, "line": 2, "column": 5,
          "count": 1 },
    ]);
    assert_eq!(error["lacking"], expected);
    assert!(typed.all().await.is_empty());
    // A character that no server has is not even a reason to connect.
    assert_eq!(desk.post("\u{1b}[A", "en-us").send().await.status, 422);
    assert!(desk.hypervisor.is_idle());
    assert_eq!(desk.call("GET").await.status, 404, "nothing was typed");
}

#[tokio::test]
async fn only_the_sessions_own_browser_may() {
    let desk = Desk::new(|_| {}).await;
    let good = desk.post("a", "en-us");
    let other = House::new("unix:/nonexistent").await;
    let token = other.token().await;
    let body = json!({ "token": token }).to_string();
    let wrong = Knock::post(desk.house.address, "/oriel/v1/console", body.as_bytes())
        .send()
        .await;
    assert_eq!(wrong.status, 401);
    let (name, _) = desk.cookie.split_once('=').unwrap();
    let forged = format!("{name}=80fa7c8d37fe451e8b08bfbd9fb6a4df80fa7c8d37fe451e8b08bfbd9fb6a4df");
    let missing = desk.post("a", "en-us").header("Cookie", "x=y");
    for (knock, status) in [
        (good.header("Origin", "http://evil.example"), 403),
        (missing, 403),
        (desk.post("a", "en-us").header("Cookie", &forged), 403),
        (
            Knock::call("GET", desk.house.address, &desk.path).header("Cookie", &forged),
            403,
        ),
        (
            Knock::call("DELETE", desk.house.address, &desk.path).header("Cookie", &forged),
            403,
        ),
        (
            Knock::post(
                desk.house.address,
                &format!("/oriel/v1/sessions/{SERVER}/type"),
                b"{}",
            ),
            404,
        ),
        (
            Knock::post(desk.house.address, "/oriel/v1/sessions/nonsense/type", b"{}"),
            404,
        ),
    ] {
        assert_eq!(knock.send().await.status, status);
    }
    assert!(desk.hypervisor.is_idle());
}

#[tokio::test]
async fn a_call_that_cannot_be_is_told_why() {
    let desk = Desk::new(|_| {}).await;
    let raw = |body: &str| {
        Knock::post(desk.house.address, &desk.path, body.as_bytes()).header("Cookie", &desk.cookie)
    };
    for (knock, status, code) in [
        (raw("{}"), 400, "client-protocol"),
        (
            raw(r#"{"text": "a", "layout": "de", "more": 1}"#),
            400,
            "client-protocol",
        ),
        (desk.post("a", "klingon"), 400, "client-protocol"),
        (desk.post(&"a".repeat(1001), "de"), 413, "text-too-long"),
    ] {
        let answer = knock.send().await;
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].as_str()),
            (status, Some(code))
        );
    }
    let observer = Desk::of(ViewerRole::Observer, |_| {}).await;
    let answer = observer.post("a", "de").send().await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (403, Some("view-only"))
    );
    let off = Desk::new(|settings| settings.typing.enabled = false).await;
    let answer = off.post("a", "de").send().await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (403, Some("typing-off"))
    );
}

#[tokio::test]
async fn one_text_at_a_time_and_it_can_be_stopped() {
    let mut desk = Desk::new(|_| {}).await;
    let quiet = Server {
        echoes: false,
        ..QEMU
    };
    let text = "A".repeat(1000);
    let (answer, mut typed) = desk.type_into(&text, "en-us", quiet).await;
    assert_eq!(answer.status, 202);
    typed.at_least(4).await;
    let second = desk.post("b", "en-us").send().await;
    assert_eq!(
        (second.status, second.json()["error"]["code"].as_str()),
        (409, Some("typing-busy"))
    );
    let stopped = desk.call("DELETE").await;
    assert_eq!(stopped.status, 200);
    let job = &stopped.json()["job"];
    assert_eq!(job["state"], "cancelled");
    let events = typed.all().await;
    assert_all_let_go(&events);
    let presses = events
        .iter()
        .filter(|(down, _, code)| *down && *code == Some(0x1e))
        .count();
    assert_eq!(job["typed"], presses);
    assert!(presses < 1000);
    let (answer, typed) = desk.type_into("b", "en-us", QEMU).await;
    assert_eq!(answer.status, 202, "the keyboard is free again");
    assert_eq!(typed.all().await.len(), 2);
}

#[tokio::test]
async fn the_end_of_the_session_is_the_end_of_it() {
    let mut desk = Desk::new(|_| {}).await;
    let quiet = Server {
        echoes: false,
        ..QEMU
    };
    let (_, mut typed) = desk.type_into(&"A".repeat(1000), "en-us", quiet).await;
    typed.at_least(4).await;
    drop(desk.page);
    let events = typed.all().await;
    assert_all_let_go(&events);
    assert!(events.len() < 1000);
    let gone = Knock::call("GET", desk.house.address, &desk.path).header("Cookie", &desk.cookie);
    assert_eq!(gone.send().await.status, 404);
    assert_eq!(desk.house.trail().await.len(), 1, "and nothing of it is left");
}

#[tokio::test]
async fn a_server_that_leaves_is_told_as_what_it_is() {
    let mut desk = Desk::new(|_| {}).await;
    let server = Server {
        leaves_after: 10,
        ..QEMU
    };
    let (_, typed) = desk.type_into(&"a".repeat(100), "en-us", server).await;
    typed.all().await;
    let job = desk.ended().await;
    assert_eq!(
        (job["state"].as_str(), job["reason"].as_str()),
        (Some("failed"), Some("back-end-closed"))
    );
    // The old one is gone with that, and nobody listens at its address.
    desk.hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    assert_eq!(desk.post("a", "en-us").send().await.status, 502);
}
