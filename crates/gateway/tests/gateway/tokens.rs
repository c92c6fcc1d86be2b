//! Who gets in with which token.

use oriel_domain::{ConsoleKind, ProjectId, ServerId, Uses};
use time::{Duration, OffsetDateTime};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::kit::{House, Hypervisor, Script, echo, key};

const NOBODYS: &str = "11111111-2222-4333-8444-555555555555";

#[tokio::test]
async fn a_token_is_taken_from_the_query_or_the_cookie() {
    let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    for (path, cookie) in [
        ("/?token=TOKEN", None),
        ("/?token=TOKEN&lang=EN", None),
        (&*format!("/?token={NOBODYS}&token=TOKEN"), None),
        ("/websockify", Some("token=TOKEN".to_owned())),
        ("/websockify?token=", Some("token=TOKEN".to_owned())),
        ("/", Some("token=TOKEN&lang=EN".to_owned())),
        ("/", Some(format!("token={NOBODYS}; theme=dark; token=TOKEN"))),
        ("/?token=TOKEN", Some(format!("token={NOBODYS}"))),
    ] {
        let token = house.token().await;
        let mut knock = house.knock(&path.replace("TOKEN", &token));
        if let Some(cookie) = &cookie {
            knock = knock.header("Cookie", &cookie.replace("TOKEN", &token));
        }
        let answer = knock.send().await;
        assert_eq!(answer.status, 101, "{path} {cookie:?}");
        let mut page = answer.page();
        page.greet().await;
        echo(hypervisor.wire().await);
        page.send(&key(0x61)).await;
        assert_eq!(page.exactly(8).await, key(0x61));
    }
}

#[tokio::test]
async fn what_grants_nothing_is_refused_by_status_or_close_code() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let used = house.token().await;
    house
        .knock(&format!("/?token={used}"))
        .send()
        .await
        .page()
        .greet()
        .await;
    let expired = house
        .mint(|grant| grant.expires_at = OffsetDateTime::now_utc() - Duration::SECOND)
        .await;
    let gone = house.mint(|grant| grant.server = ServerId::random()).await;
    let moved = house.mint(|grant| grant.project = ProjectId::random()).await;
    let serial = house.mint(|grant| grant.console = ConsoleKind::Serial).await;
    for (path, status, code, name) in [
        ("/", 401, 4001, "token-missing"),
        ("/?token=", 401, 4001, "token-missing"),
        (&*format!("/?token={NOBODYS}"), 401, 4002, "token-unknown"),
        ("/?token=nonsense", 401, 4002, "token-unknown"),
        ("/?token=%00%ff", 401, 4002, "token-unknown"),
        (&*format!("/?token={expired}"), 401, 4003, "token-expired"),
        (&*format!("/?token={used}"), 403, 4004, "token-used"),
        (&*format!("/?token={gone}"), 404, 4010, "server-gone"),
        (&*format!("/?token={moved}"), 404, 4010, "server-gone"),
        (&*format!("/?token={serial}"), 404, 4011, "console-gone"),
    ] {
        let refused = house.knock(path).send().await;
        assert_eq!(
            (refused.status, refused.body.as_slice()),
            (status, &b""[..]),
            "{path}"
        );
        assert_eq!(refused.cookie(), None);
        let answer = house.knock(path).coded().send().await;
        assert_eq!(answer.header("sec-websocket-protocol"), Some("oriel.v1"));
        assert_eq!(answer.cookie(), None);
        assert_eq!(answer.page().closed().await, (code, name.to_owned()), "{path}");
    }
    assert_eq!(house.trail().await.len(), 1, "only what opened is a session");
}

#[tokio::test]
async fn a_token_opens_once_and_then_only_for_the_browser_that_opened_it() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let path = format!("/?token={}", house.token().await);
    let first = house.knock(&path).send().await;
    let cookie = first.cookie().unwrap().to_owned();
    first.page().greet().await;

    assert_eq!(house.knock(&path).send().await.status, 403);
    let (name, secret) = cookie.split_once('=').unwrap();
    let forged = format!("{name}={}", "A".repeat(secret.len()));
    assert_eq!(
        house.knock(&path).header("Cookie", &forged).send().await.status,
        403
    );
    for _ in 0..3 {
        let again = house.knock(&path).header("Cookie", &cookie).send().await;
        assert_eq!(again.cookie(), None, "the cookie that it has is good");
        again.page().greet().await;
    }
    // The secret opens nothing but what it was given for.
    let other = format!("/?token={}", house.token().await);
    house.knock(&other).send().await.page().greet().await;
    assert_eq!(
        house.knock(&other).header("Cookie", &cookie).send().await.status,
        403
    );
}

#[tokio::test]
async fn a_browser_may_come_back_after_the_token_expired_but_not_for_ever() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let lasting = House::new(&hypervisor.address).await;
    let brief = House::with(&hypervisor.address, |settings| {
        settings.resume_for = Duration::ZERO;
    })
    .await;
    for (house, status) in [(&lasting, 101), (&brief, 403)] {
        let path = format!("/?token={}", house.token().await);
        let first = house.knock(&path).send().await;
        let cookie = first.cookie().unwrap().to_owned();
        first.page().greet().await;
        assert_eq!(
            house.knock(&path).header("Cookie", &cookie).send().await.status,
            status
        );
    }
}

#[tokio::test]
async fn a_token_for_many_openings_opens_for_everyone() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let token = house.mint(|grant| grant.uses = Uses::Many).await;
    for _ in 0..3 {
        let answer = house.knock(&format!("/?token={token}")).send().await;
        assert_eq!(answer.cookie(), None);
        answer.page().greet().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_the_same_moment_exactly_one_gets_in() {
    const RIVALS: usize = 20;
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    for round in 0..5 {
        let path = format!("/?token={}", house.token().await);
        let start = std::sync::Arc::new(Barrier::new(RIVALS));
        let mut rivals = JoinSet::new();
        for _ in 0..RIVALS {
            let (knock, start) = (house.knock(&path), std::sync::Arc::clone(&start));
            rivals.spawn(async move {
                start.wait().await;
                knock.send().await
            });
        }
        let answers = rivals.join_all().await;
        let (inside, outside): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 101);
        assert_eq!(inside.len(), 1, "round {round}");
        assert!(outside.iter().all(|answer| answer.status == 403), "{outside:?}");
    }
}
