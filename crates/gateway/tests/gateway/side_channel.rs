//! `POST /oriel/v1/console/events`: what a page is told of its session.

use std::time::Duration;

use oriel_domain::{UserId, Uses};
use oriel_gateway::Viewers;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;

use crate::kit::{Answer, House, Knock, Page, key, soon};

const EVENTS: &str = "/oriel/v1/console/events";
const STAY: &str = "/oriel/v1/console/stay";

/// A browser that has opened a console, and may ask about it.
struct Browser {
    token: String,
    cookie: String,
    page: Page,
}

impl Browser {
    async fn open(house: &House, adjust: impl FnOnce(&mut oriel_domain::Grant)) -> Self {
        let token = house.mint(adjust).await;
        Self::again(house, token, None, "00000000000000aa").await
    }

    async fn again(house: &House, token: String, cookie: Option<String>, page: &str) -> Self {
        let knock = house.knock(&format!("/?token={token}&page={page}"));
        let answer = knock.coded().cookie(cookie.as_deref()).send().await;
        let cookie = cookie
            .or(answer.cookie().map(ToOwned::to_owned))
            .unwrap_or_default();
        let mut page = answer.page();
        page.greet().await;
        Self { token, cookie, page }
    }

    fn ask(&self, house: &House, path: &str, page: &str) -> Knock {
        let body = json!({ "token": self.token, "page": page }).to_string();
        Knock::post(house.address, path, body.as_bytes()).header("Cookie", &self.cookie)
    }

    async fn events(&self, house: &House) -> Events {
        Events::of(self.ask(house, EVENTS, "00000000000000aa").send().await)
    }
}

struct Events(BufReader<TcpStream>);

impl Events {
    fn of(answer: Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        Self(BufReader::new(answer.stream))
    }

    /// The next state, none after the last.
    async fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            if soon(self.0.read_line(&mut line))
                .await
                .is_ok_and(|read| read == 0)
                || line == "0\r\n"
            {
                return None;
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return serde_json::from_str(data).ok();
            }
        }
    }

    async fn until(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.next().await {
                Some(state) if is(&state) => return state,
                Some(_) => {}
                None => panic!("the side channel ended"),
            }
        }
    }
}

#[tokio::test]
async fn who_joins_reads_the_whole_state_and_then_what_changes() {
    let (house, _hypervisor) =
        House::with_hypervisor(|settings| settings.longest_session = Some(Duration::from_hours(1))).await;
    let alice = Browser::open(&house, |_| {}).await;
    let mut events = alice.events(&house).await;
    let state = events.next().await.unwrap();
    assert_eq!(state["role"], "owner");
    assert!(state["remaining"].as_u64().unwrap() > 3500, "{state}");
    assert_eq!(
        state["viewers"],
        json!([{ "name": "alice", "role": "owner", "own": true, "consoles": ["novnc"] }])
    );
    assert_eq!(
        (&state["idle"], &state["end"], &state["round_trip"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );

    // An administrator of another project comes by, and is not named.
    let mut admin = Browser::open(&house, |grant| {
        grant.user = UserId::random();
        grant.user_name = None;
    })
    .await;
    let state = events
        .until(|state| state["viewers"].as_array().unwrap().len() == 2)
        .await;
    assert_eq!(
        state["viewers"][1],
        json!({ "name": null, "role": "owner", "own": false, "consoles": ["novnc"] })
    );
    admin
        .page
        .raw(&crate::kit::masked(crate::kit::CLOSE, &1000_u16.to_be_bytes()))
        .await;
    events
        .until(|state| state["viewers"].as_array().unwrap().len() == 1)
        .await;

    let mut page = alice.page;
    page.raw(&crate::kit::masked(crate::kit::CLOSE, &1000_u16.to_be_bytes()))
        .await;
    let last = events.until(|state| !state["end"].is_null()).await;
    assert_eq!(last["end"]["reason"], "client-closed");
    assert_eq!(events.next().await, None, "the end is the last");
}

#[tokio::test]
async fn the_loser_of_a_take_over_reads_by_whom_and_takes_back() {
    let (house, _hypervisor) =
        House::with_hypervisor(|settings| settings.limits.viewers = Viewers::TakeOver).await;
    let alice = Browser::open(&house, |_| {}).await;
    let mut events = alice.events(&house).await;
    let bob = Browser::open(&house, |grant| grant.user_name = Some("bob".into())).await;
    let end = events.until(|state| !state["end"].is_null()).await["end"].clone();
    assert_eq!(
        (&end["reason"], &end["by"]),
        (&json!("taken-over"), &json!("bob"))
    );
    assert!(end["at"].as_str().unwrap().ends_with('Z'), "{end}");
    assert_eq!(events.next().await, None);
    assert_eq!(alice.page.closed().await.1, "taken-over");

    let mut bobs = bob.events(&house).await;
    Browser::again(&house, alice.token, Some(alice.cookie), "00000000000000ab").await;
    let end = bobs.until(|state| !state["end"].is_null()).await["end"].clone();
    assert_eq!(end["by"], "alice");
}

#[tokio::test]
async fn an_idle_viewer_is_warned_and_may_stay() {
    let (house, mut hypervisor) = House::with_hypervisor(|settings| {
        // The calm before the warning is long enough for a slow machine to see it.
        settings.idle_timeout = Some(Duration::from_mins(1));
        settings.idle_warning = Duration::from_secs(55);
    })
    .await;
    let mut alice = Browser::open(&house, |_| {}).await;
    let _wire = hypervisor.wire().await;
    let mut events = alice.events(&house).await;
    let warned = events.until(|state| !state["idle"].is_null()).await;
    assert!((1..=55).contains(&warned["idle"].as_u64().unwrap()), "{warned}");
    let stay = alice.ask(&house, STAY, "00000000000000aa").send().await;
    assert_eq!(stay.status, 204);
    assert_eq!(events.next().await.unwrap()["idle"], Value::Null);
    // A key does as well.
    events.until(|state| !state["idle"].is_null()).await;
    alice.page.send(&key(0x61)).await;
    events.until(|state| state["idle"].is_null()).await;
}

#[tokio::test]
async fn nobody_else_is_told_and_nobody_is_told_too_often() {
    let (house, _hypervisor) = House::with_hypervisor(|_| {}).await;
    let alice = Browser::open(&house, |_| {}).await;
    let page = "00000000000000aa";
    for path in [EVENTS, STAY] {
        let without = Knock::post(
            house.address,
            path,
            json!({ "token": alice.token }).to_string().as_bytes(),
        );
        assert_eq!(without.send().await.status, 403, "no cookie");
        let other = alice
            .ask(&house, path, page)
            .header("Origin", "http://evil.example");
        assert_eq!(other.send().await.status, 403, "another origin");
        assert_eq!(
            alice.ask(&house, path, "00000000000000bb").send().await.status,
            404
        );
        assert_eq!(alice.ask(&house, path, "not a page").send().await.status, 400);
        // A link that nobody has opened has no session, and still opens one afterwards.
        let unused = house.token().await;
        let body = json!({ "token": unused }).to_string();
        let asked = Knock::post(house.address, path, body.as_bytes()).send().await;
        assert_eq!((asked.status, asked.cookie()), (404, None));
        Browser::again(&house, unused, None, page).await;
    }
    let open = [alice.events(&house).await, alice.events(&house).await];
    assert_eq!(alice.ask(&house, EVENTS, page).send().await.status, 429);
    drop(open);
    let opened = async { while alice.ask(&house, EVENTS, page).send().await.status != 200 {} };
    soon(opened).await;
}

#[tokio::test]
async fn the_pages_of_a_link_for_many_openings_are_told_apart() {
    let (house, _hypervisor) = House::with_hypervisor(|_| {}).await;
    let token = house.mint(|grant| grant.uses = Uses::Many).await;
    let first = Browser::again(&house, token.clone(), None, "00000000000000aa").await;
    let _second = Browser::again(&house, token, None, "00000000000000bb").await;
    let mut ids = Vec::new();
    for page in ["00000000000000aa", "00000000000000bb"] {
        let mut events = Events::of(first.ask(&house, EVENTS, page).send().await);
        ids.push(events.next().await.unwrap()["session"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn the_round_trip_is_measured_by_the_gateways_own_pings() {
    let (house, _hypervisor) =
        House::with_hypervisor(|settings| settings.ping_interval = Duration::from_millis(200)).await;
    let mut alice = Browser::open(&house, |_| {}).await;
    let mut events = alice.events(&house).await;
    let answering = tokio::spawn(async move {
        loop {
            if let (crate::kit::PING, words) = alice.page.frame().await {
                alice
                    .page
                    .raw(&crate::kit::masked(crate::kit::PONG, &words))
                    .await;
            }
        }
    });
    let state = events.until(|state| !state["round_trip"].is_null()).await;
    assert!(state["round_trip"].as_f64().unwrap() >= 0.0);
    answering.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_are_told_of_one_another_do_not_stand_in_each_others_way() {
    let (house, mut hypervisor) = House::with_hypervisor(|_| {}).await;
    let holding = tokio::spawn(async move {
        let mut wires = Vec::new();
        loop {
            wires.push(hypervisor.wire_at_last().await);
        }
    });
    let mut stayers = Vec::new();
    for _ in 0..8 {
        let stayer = Browser::open(&house, |_| {}).await;
        let mut events = stayer.events(&house).await;
        let told =
            tokio::spawn(
                async move { while events.next().await.is_some_and(|told| told["end"].is_null()) {} },
            );
        stayers.push((stayer, told));
    }
    for _ in 0..10 {
        let mut guests = Vec::new();
        for _ in 0..6 {
            guests.push(Browser::open(&house, |_| {}).await);
        }
    }
    assert_eq!(soon(house.gateway.stop(Duration::from_secs(10))).await, 0);
    for (_, told) in stayers {
        soon(told).await.unwrap();
    }
    holding.abort();
}
