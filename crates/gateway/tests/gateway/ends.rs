//! Every end has one reason, and everyone is told the same one.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::io::AsyncWriteExt as _;

use crate::kit::{
    BINARY, CLOSE, House, Hypervisor, MUCH, PING, PONG, PROJECT, SERVER, Script, USER, flood, frame, greet,
    hung_up, init, key, masked, noise, soon,
};

async fn house() -> (House, Hypervisor) {
    House::with_hypervisor(|_| {}).await
}

#[tokio::test]
async fn a_session_leaves_a_full_record() {
    let (house, mut hypervisor) = house().await;
    let before = OffsetDateTime::now_utc().unix_timestamp();
    let mut page = house.page().await;
    let mut wire = hypervisor.wire().await;
    wire.write_all(b"picture").await.unwrap();
    page.exactly(7).await;
    let live = house.trail_now().await;
    assert_eq!((live[0].ended_at, live[0].end_reason.as_deref()), (None, None));

    page.send(&key(0x61)).await;
    page.raw(&masked(CLOSE, &[&1000u16.to_be_bytes()[..], b"bye"].concat()))
        .await;
    assert_eq!(
        page.closed().await,
        (1000, "bye".into()),
        "the browser's own words come back"
    );
    assert_eq!(hung_up(wire).await, key(0x61));

    let trail = house.trail().await;
    let [session] = trail.as_slice() else {
        panic!("one session: {trail:?}")
    };
    assert_eq!(
        session.who,
        [USER, PROJECT, SERVER, "novnc", "127.0.0.1", "gateway-1"]
    );
    let after = OffsetDateTime::now_utc().unix_timestamp();
    assert!((before..=after).contains(&session.began_at), "{session:?}");
    assert!(
        (session.began_at..=after).contains(&session.ended_at.unwrap()),
        "{session:?}"
    );
    assert_eq!(session.end_reason.as_deref(), Some("client-closed"));
    assert_eq!(session.bytes, (7, 8));
}

#[tokio::test]
async fn a_hypervisor_that_closes_ends_the_session_after_its_last_word() {
    for coded in [true, false] {
        let (house, mut hypervisor) = house().await;
        let mut page = if coded {
            house.coded_page().await
        } else {
            house.page().await
        };
        let mut wire = hypervisor.wire().await;
        wire.write_all(&vec![1; 100_000]).await.unwrap();
        drop(wire);
        page.exactly(100_000).await;
        let (code, words) = page.closed().await;
        // Programs that do not know our codes would take one for their own failure.
        if coded {
            assert_eq!((code, &*words), (4024, "back-end-closed"));
        } else {
            assert_eq!((code, &*words), (1000, "the hypervisor closed the console"));
        }
        assert_eq!(house.only_end().await, "back-end-closed");
    }
}

#[tokio::test]
async fn a_hypervisor_that_resets_the_connection_has_closed_it() {
    let (house, mut hypervisor) = house().await;
    let page = house.coded_page().await;
    hypervisor.wire().await.reset();
    assert_eq!(page.closed().await, (4024, "back-end-closed".into()));
    assert_eq!(house.only_end().await, "back-end-closed");
}

#[tokio::test]
async fn a_browser_that_vanishes_ends_its_session() {
    let (house, mut hypervisor) = house().await;
    let page = house.page().await;
    let wire = hypervisor.wire().await;
    drop(page);
    hung_up(wire).await;
    assert_eq!(house.only_end().await, "client-lost");
}

#[tokio::test]
async fn a_browser_that_answers_no_ping_is_taken_for_lost() {
    let (house, mut hypervisor) =
        House::with_hypervisor(|settings| settings.ping_interval = Duration::from_millis(50)).await;
    let mut page = house.page().await;
    let wire = hypervisor.wire().await;
    assert_eq!(page.frame().await, (PING, vec![]));
    hung_up(wire).await;
    assert_eq!(house.only_end().await, "client-lost");
}

#[tokio::test]
async fn a_browser_that_answers_pings_stays_however_little_it_says() {
    let (house, mut hypervisor) =
        House::with_hypervisor(|settings| settings.ping_interval = Duration::from_millis(200)).await;
    let mut page = house.page().await;
    let mut wire = hypervisor.wire().await;
    for _ in 0..6 {
        assert_eq!(page.frame().await, (PING, vec![]));
        page.raw(&masked(PONG, &[])).await;
    }
    wire.write_all(b"still here").await.unwrap();
    assert_eq!(page.exactly(10).await, b"still here");
}

#[tokio::test]
async fn a_browser_that_breaks_the_protocol_is_told_which_rule() {
    let unmasked = [frame(BINARY, 0, 3), b"abc".to_vec()].concat();
    for (bytes, code) in [
        (masked(0x81, b"text"), 1003),
        (unmasked, 1002),
        (masked(0x83, b"?"), 1002),
        (masked(0x80, b"goes on with nothing"), 1002),
        (masked(0xc2, b"reserved bit"), 1002),
        ([frame(BINARY, 0x80, 17 * 1024 * 1024), vec![0; 4]].concat(), 1009),
        (masked(CLOSE, &[3]), 1002),
    ] {
        for coded in [true, false] {
            let (house, mut hypervisor) = house().await;
            let mut page = if coded {
                house.coded_page().await
            } else {
                house.page().await
            };
            let wire = hypervisor.wire().await;
            page.raw(&[masked(BINARY, &key(0x61)), bytes.clone()].concat())
                .await;
            assert_eq!(page.closed().await.0, code, "{bytes:x?}");
            assert_eq!(hung_up(wire).await, key(0x61), "what came before counts");
            assert_eq!(house.only_end().await, "client-protocol");
        }
    }
}

#[tokio::test]
async fn a_stop_tells_the_live_and_refuses_the_new() {
    let (house, mut hypervisor) = house().await;
    let (coded, plain) = (house.coded_page().await, house.page().await);
    let (first, second) = (hypervisor.wire().await, hypervisor.wire().await);
    let path = format!("/?token={}", house.token().await);

    let stopping = tokio::spawn({
        let gateway = house.gateway.clone();
        async move { gateway.stop(Duration::from_secs(20)).await }
    });
    assert_eq!(coded.closed().await, (4030, "stopping".into()));
    assert_eq!(plain.closed().await, (1000, "the gateway is stopping".into()));
    assert_eq!(soon(stopping).await.unwrap(), 0);
    hung_up(first).await;
    hung_up(second).await;

    assert_eq!(house.knock(&path).send().await.status, 503);
    let late = house.knock(&path).coded().send().await.page();
    assert_eq!(late.closed().await, (4030, "stopping".into()));
    assert!(
        hypervisor.is_idle(),
        "whoever is refused does not reach the hypervisor"
    );
    let trail = house.trail().await;
    assert_eq!(trail.len(), 2);
    assert!(
        trail
            .iter()
            .all(|session| session.end_reason.as_deref() == Some("stopping")),
        "{trail:?}"
    );
}

#[tokio::test]
async fn an_opening_that_a_stop_overtakes_is_refused() {
    let mut hypervisor = Hypervisor::tcp([Script::Silent]).await;
    let house = House::new(&hypervisor.address).await;
    let knock = house.knock(&format!("/?token={}", house.token().await));
    let opening = tokio::spawn(async move { knock.send().await });
    let mut wire = hypervisor.wire().await;
    house.gateway.stop(Duration::ZERO).await;
    greet(&mut wire, b"RFB 003.008\n", &init(b"web-1")).await;
    assert_eq!(soon(opening).await.unwrap().status, 503);
    assert!(house.trail_now().await.is_empty());
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_it_may() {
    let (house, _hypervisor) = house().await;
    let _stubborn = house.page().await;
    assert_eq!(soon(house.gateway.stop(Duration::from_millis(50))).await, 1);
}

#[tokio::test]
async fn a_session_that_lasts_too_long_is_ended() {
    let limit = Some(Duration::from_millis(100));
    let (house, mut hypervisor) = House::with_hypervisor(|settings| settings.longest_session = limit).await;
    let page = house.coded_page().await;
    let wire = hypervisor.wire().await;
    assert_eq!(page.closed().await, (4032, "session-too-long".into()));
    hung_up(wire).await;
    assert_eq!(house.only_end().await, "session-too-long");
}

#[tokio::test]
async fn a_close_frame_waits_for_the_frame_under_way() {
    let (house, mut hypervisor) = house().await;
    let mut page = house.coded_page().await;
    socket2::SockRef::from(&page.stream)
        .set_recv_buffer_size(64 * 1024)
        .unwrap();
    let mut wire = hypervisor.wire().await;
    // More than the browser's socket takes, so that a frame is cut when the end comes.
    flood(&mut wire, &noise(8, MUCH)).await;
    let stopping = tokio::spawn({
        let gateway = house.gateway.clone();
        async move { gateway.stop(Duration::from_secs(20)).await }
    });
    hung_up(wire).await;
    assert_eq!(page.close_frame().await, (4030, "stopping".into()));
    drop(page);
    assert_eq!(soon(stopping).await.unwrap(), 0);
}
