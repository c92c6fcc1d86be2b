//! One link, several consoles of its server: those of its grant, each a session, and together one viewer.

use std::time::{Duration, Instant};

use oriel_domain::{ConsoleKind, ConsoleKinds, Grant, ViewerRole};
use oriel_gateway::{GatewaySettings, Viewers};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::kit::{Answer, BINARY, House, Hypervisor, Knock, Page, Script, hears, key, soon};

const A: &str = "00000000000000aa";
const B: &str = "00000000000000bb";

/// A server with a screen and a line, and the hypervisor behind each.
struct Place {
    house: House,
    _screen: Hypervisor,
    line: Hypervisor,
}

impl Place {
    async fn new(adjust: impl FnOnce(&mut GatewaySettings)) -> Self {
        let screen = Hypervisor::tcp([Script::rfb()]).await;
        let line = Hypervisor::tcp([Script::Silent]).await;
        let consoles = format!(
            "[server.console.novnc]\nback_end = \"{}\"\n[server.console.serial]\nback_end = \"{}\"\n",
            screen.address,
            line.address.replace("tcp:", "telnet:")
        );
        Self {
            house: House::furnished(&consoles, adjust).await,
            _screen: screen,
            line,
        }
    }
}

/// A link in a browser.
struct Link<'a> {
    house: &'a House,
    token: String,
    cookie: Option<String>,
}

impl<'a> Link<'a> {
    /// A link to the screen that opens the line too, or another one.
    async fn of(house: &'a House, adjust: impl FnOnce(&mut Grant)) -> Self {
        let token = house.mint(|grant| {
            grant.further = [ConsoleKind::Serial].into_iter().collect();
            adjust(grant);
        });
        let token = token.await;
        Self {
            house,
            token,
            cookie: None,
        }
    }

    /// Asks for one of its consoles, by a page of this name.
    async fn knock(&mut self, page: &str, console: &str) -> Answer {
        let path = format!("/?token={}&page={page}{console}", self.token);
        let knock = self.house.knock(&path).coded().cookie(self.cookie.as_deref());
        let answer = knock.send().await;
        self.cookie = answer.cookie().map(ToOwned::to_owned).or(self.cookie.take());
        answer
    }

    async fn screen(&mut self, page: &str) -> Page {
        let mut screen = self.knock(page, "").await.page();
        screen.greet().await;
        screen
    }

    async fn line(&mut self, page: &str) -> Page {
        self.knock(page, "&console=serial").await.page()
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let mut body = body;
        body["token"] = self.token.as_str().into();
        let knock = Knock::post(self.house.address, path, body.to_string().as_bytes());
        knock.cookie(self.cookie.as_deref()).send().await
    }

    /// The first state that the side channel of one of its sessions tells.
    async fn state(&self, page: &str, console: &str) -> Value {
        let body = json!({ "page": page, "console": console });
        let mut answer = self.post("/oriel/v1/console/events", body).await;
        assert_eq!(answer.status, 200);
        let mut told = Vec::new();
        while !told.ends_with(b"\n\n") {
            told.push(soon(answer.stream.read_u8()).await.unwrap());
        }
        let told = String::from_utf8(told).unwrap();
        serde_json::from_str(told.split_once("data: ").unwrap().1).unwrap()
    }
}

#[tokio::test]
async fn the_page_learns_which_consoles_its_link_opens_and_opens_each() {
    let mut place = Place::new(|_| {}).await;
    let mut link = Link::of(&place.house, |_| {}).await;
    let answer = link.post("/oriel/v1/console", json!({})).await;
    link.cookie = answer.cookie().map(ToOwned::to_owned);
    let console = &answer.json()["console"];
    assert_eq!(console["type"], "novnc", "the link's own");
    let both = json!([
        { "protocol": "vnc", "type": "novnc", "can_break": false },
        { "protocol": "serial", "type": "serial", "can_break": true },
    ]);
    assert_eq!(console["consoles"], both);
    let chosen = link
        .post("/oriel/v1/console", json!({ "console": "serial" }))
        .await;
    let chosen = &chosen.json()["console"];
    assert_eq!((&chosen["type"], &chosen["consoles"]), (&json!("serial"), &both));

    let screen = link.screen(A).await;
    let mut line = link.line(A).await;
    let mut wire = place.line.wire().await;
    line.send(b"ls").await;
    hears(&mut wire, b"ls").await;
    // One who looks at two consoles is one viewer, and each session has a side channel.
    let (of_screen, of_line) = (link.state(A, "novnc").await, link.state(A, "serial").await);
    assert_ne!(of_screen["session"], of_line["session"]);
    let one = json!([{ "name": "alice", "role": "owner", "own": true, "consoles": ["novnc", "serial"] }]);
    assert_eq!((&of_screen["viewers"], &of_line["viewers"]), (&one, &one));

    drop((screen, line));
    let mut kinds: Vec<_> = place
        .house
        .trail()
        .await
        .into_iter()
        .map(|session| session.who[3].clone())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["novnc", "serial"]);
}

#[tokio::test]
async fn a_console_that_is_not_in_the_grant_is_refused_and_uses_nothing() {
    let place = Place::new(|_| {}).await;
    let mut link = Link::of(&place.house, |grant| grant.further = ConsoleKinds::NONE).await;
    for console in [
        "serial",
        "spice-html5",
        "spice-direct",
        "telepathy",
        "tcp:127.0.0.1:22",
    ] {
        let refused = link.knock(A, &format!("&console={console}")).await;
        assert_eq!(refused.cookie(), None);
        assert_eq!(
            refused.page().closed().await,
            (4012, "console-not-granted".into())
        );
        let told = link
            .post("/oriel/v1/console", json!({ "console": console }))
            .await;
        assert_eq!((told.status, told.cookie()), (403, None));
        assert_eq!(told.json()["error"]["code"], "console-not-granted");
    }
    let answer = link.post("/oriel/v1/console", json!({})).await;
    assert_eq!(answer.json()["console"]["consoles"].as_array().unwrap().len(), 1);
    link.cookie = answer.cookie().map(ToOwned::to_owned);
    link.screen(A).await;
}

#[tokio::test]
async fn an_observer_is_one_on_every_tab() {
    let mut place = Place::new(|_| {}).await;
    let mut link = Link::of(&place.house, |grant| grant.role = ViewerRole::Observer).await;
    let _screen = link.screen(A).await;
    let mut line = link.line(A).await;
    let mut owner = Link::of(&place.house, |_| {}).await;
    let mut owners = owner.line(B).await;
    let mut wire = place.line.wire().await;
    line.send(b"rm -rf /\r").await;
    let asked = link
        .post(
            "/oriel/v1/console/break",
            json!({ "page": A, "console": "serial" }),
        )
        .await;
    assert_eq!(
        (asked.status, asked.json()["error"]["code"].as_str()),
        (403, Some("view-only"))
    );
    owners.send(b"x").await;
    hears(&mut wire, b"x").await;
    assert_eq!(link.state(A, "serial").await["role"], "observer");
}

#[tokio::test]
async fn where_a_server_has_one_viewer_its_tabs_come_and_go_together() {
    let place = Place::new(|settings| settings.limits.viewers = Viewers::TakeOver).await;
    let mut first = Link::of(&place.house, |_| {}).await;
    let (screen, line) = (first.screen(A).await, first.line(A).await);
    assert_eq!(
        first.state(A, "serial").await["end"],
        Value::Null,
        "its own tabs leave it alone"
    );
    // The same link in another tab of the browser is another page.
    let (again, again_line) = (first.screen(B).await, first.line(B).await);
    for page in [screen, line] {
        assert_eq!(page.closed().await, (4041, "taken-over".into()));
    }
    let mut second = Link::of(&place.house, |_| {}).await;
    let _line = second.line(A).await;
    for page in [again, again_line] {
        assert_eq!(page.closed().await, (4041, "taken-over".into()));
    }
    let refusing = Place::new(|settings| settings.limits.viewers = Viewers::Refuse).await;
    let mut first = Link::of(&refusing.house, |_| {}).await;
    let (_screen, _line) = (first.screen(A).await, first.line(A).await);
    let mut second = Link::of(&refusing.house, |_| {}).await;
    let refused = second.knock(B, "&console=serial").await.page();
    assert_eq!(refused.closed().await, (4042, "server-in-use".into()));
}

#[tokio::test]
async fn a_hand_on_one_tab_keeps_the_other() {
    let place = Place::new(|settings| {
        settings.idle_timeout = Some(Duration::from_secs(3));
    })
    .await;
    let mut link = Link::of(&place.house, |_| {}).await;
    let (mut screen, mut line) = (link.screen(A).await, link.line(A).await);
    // For longer than the line alone would have lasted.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        screen.send(&key(0x61)).await;
        assert_eq!(link.state(A, "serial").await["end"], Value::Null);
    }
    // And with nobody's hand on either, both end.
    assert_eq!(line.close_frame().await, (4040, "idle".into()));
    assert_eq!(screen.close_frame().await, (4040, "idle".into()));
}

#[tokio::test]
async fn a_break_is_sent_to_a_line_over_telnet_alone() {
    let mut place = Place::new(|_| {}).await;
    let mut link = Link::of(&place.house, |_| {}).await;
    let body = |console: &str| json!({ "page": A, "console": console });
    let _screen = link.screen(A).await;
    let path = "/oriel/v1/console/break";
    let none = link.post(path, body("serial")).await;
    assert_eq!(
        (none.status, none.json()["error"]["code"].as_str()),
        (404, Some("no-session"))
    );
    let mut line = link.line(A).await;
    let mut wire = place.line.wire().await;
    line.send(b"a").await;
    hears(&mut wire, b"a").await;
    assert_eq!(link.post(path, body("serial")).await.status, 204);
    line.send(b"h").await;
    hears(&mut wire, &[255, 243, b'h']).await;
    let screen = link.post(path, body("novnc")).await;
    assert_eq!(
        (screen.status, screen.json()["error"]["code"].as_str()),
        (409, Some("no-break"))
    );

    let plain = Hypervisor::tcp([Script::Silent]).await;
    let house = House::serial(&plain.address, |_| {}).await;
    let token = house.mint(|grant| grant.console = ConsoleKind::Serial).await;
    let mut link = Link {
        house: &house,
        token,
        cookie: None,
    };
    let _line = link.knock(A, "").await.page();
    let refused = link.post(path, body("serial")).await;
    assert_eq!(
        (refused.status, refused.json()["error"]["code"].as_str()),
        (409, Some("no-break"))
    );
}

#[tokio::test]
async fn our_own_page_can_tell_the_past_of_a_line_from_what_happens_now() {
    let mut place = Place::new(|_| {}).await;
    let mut first = Link::of(&place.house, |_| {}).await;
    let mut line = first.line(A).await;
    let mut wire = place.line.wire().await;
    wire.write_all(b"login: ").await.unwrap();
    assert_eq!(line.data().await, b"login: ", "there is no past yet");
    let mut second = Link::of(&place.house, |_| {}).await;
    let mut later = second.line(B).await;
    let (first, shown) = later.frame().await;
    assert_eq!(first, BINARY);
    assert!(shown.ends_with(b"login: \x1b]8002;live\x1b\\"), "{shown:?}");
    // Others get the line's bytes and no more.
    let token = place
        .house
        .mint(|grant| grant.console = ConsoleKind::Serial)
        .await;
    let mut other = place.house.knock(&format!("/?token={token}")).send().await.page();
    assert!(other.data().await.ends_with(b"login: "));
}
