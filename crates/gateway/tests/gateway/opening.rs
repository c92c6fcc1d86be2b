//! From the request to the picture.

use tokio::io::AsyncReadExt as _;

use crate::kit::{
    Answer, BINARY, BRIEF, CLOSE, House, Hypervisor, Knock, Page, Script, echo, init, key, keys, masked, soon,
};

#[tokio::test]
async fn the_handshake_comes_frame_by_frame_and_then_bytes_pass_both_ways() {
    let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut page = house.page().await;
    echo(hypervisor.wire().await);
    for message in [&key(0x61)[..], &keys(1, 128), &keys(2, 70_000)] {
        page.send(message).await;
        assert_eq!(page.exactly(message.len()).await, message);
    }
}

#[tokio::test]
async fn every_version_of_rfb_is_spoken_over_tcp_and_unix_sockets() {
    let folder = tempfile::tempdir().unwrap();
    for version in [
        b"RFB 003.003\n",
        b"RFB 003.005\n",
        b"RFB 003.007\n",
        b"RFB 003.008\n",
        b"RFB 003.889\n",
        b"RFB 005.000\n",
    ] {
        let script = Script::Rfb(version, Vec::new());
        let path = folder
            .path()
            .join(String::from_utf8_lossy(&version[4..11]).as_ref());
        for hypervisor in [
            Hypervisor::tcp([script.clone()]).await,
            Hypervisor::unix(&path, [script.clone()]),
        ] {
            let house = House::new(&hypervisor.address).await;
            hypervisor.echo_all();
            let mut page = house.page().await;
            page.send(&key(0x61)).await;
            assert_eq!(page.exactly(8).await, key(0x61));
        }
    }
}

#[tokio::test]
async fn a_long_name_is_cut_so_that_the_last_frame_of_the_handshake_is_short() {
    let hypervisor = Hypervisor::tcp([Script::Named("é".repeat(5000).into_bytes())]).await;
    let house = House::new(&hypervisor.address).await;
    let mut page = house
        .knock(&format!("/?token={}", house.token().await))
        .send()
        .await
        .page();
    for answer in [&b"RFB 003.008\n"[..], &[1], &[1]] {
        page.data().await;
        page.send(answer).await;
    }
    assert_eq!(page.data().await, init("é".repeat(50).as_bytes()));
}

#[tokio::test]
async fn what_either_side_sends_early_is_not_lost() {
    let early = b"the first picture".to_vec();
    let mut hypervisor = Hypervisor::tcp([Script::Rfb(b"RFB 003.008\n", early.clone())]).await;
    let house = House::new(&hypervisor.address).await;
    // The whole handshake and a key with the request, before any answer.
    let impatient = [&b"RFB 003.008\n"[..], &[1], &[1], &key(0x61)].concat();
    let stream = house
        .knock(&format!("/?token={}", house.token().await))
        .start(&masked(BINARY, &impatient))
        .await;
    let mut page = Answer::read(stream).await.page();
    let mut all = Vec::new();
    while !all.ends_with(&early) {
        all.extend(page.data().await);
    }
    assert_eq!(
        all,
        [&b"RFB 003.008\n"[..], &[1, 1], &[0; 4], &init(b"web-1"), &early].concat()
    );
    let mut arrived = [0; 8];
    soon(hypervisor.wire().await.read_exact(&mut arrived))
        .await
        .unwrap();
    assert_eq!(arrived, key(0x61));
}

#[tokio::test]
async fn the_handshake_may_come_byte_by_byte_with_pings_between() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut page = house
        .knock(&format!("/?token={}", house.token().await))
        .send()
        .await
        .page();
    assert_eq!(page.data().await, b"RFB 003.008\n");
    for byte in b"RFB 003.008\n" {
        page.raw(&masked(crate::kit::PING, &[*byte])).await;
        assert_eq!(page.frame().await, (crate::kit::PONG, vec![*byte]));
        for piece in masked(BINARY, &[*byte]) {
            page.raw(&[piece]).await;
        }
    }
    assert_eq!(page.data().await, [1, 1]);
}

#[tokio::test]
async fn any_path_and_the_known_subprotocols_open_a_screen() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    for (path, offered, chosen) in [
        ("/", None, None),
        ("/websockify", Some("binary"), Some("binary")),
        ("/x/y/z.html", Some("binary, base64"), Some("binary")),
        ("//", Some("chat, oriel.v1, binary"), Some("oriel.v1")),
    ] {
        let token = house.token().await;
        let mut knock = house.knock(&format!("{path}?lang=EN&token={token}"));
        if let Some(offered) = offered {
            knock = knock.header("Sec-WebSocket-Protocol", offered);
        }
        let answer = knock.send().await;
        assert_eq!(answer.header("sec-websocket-protocol"), chosen);
        answer.page().greet().await;
    }
}

#[tokio::test]
async fn a_bad_upgrade_is_refused_and_uses_no_token() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let path = format!("/?token={}", house.token().await);
    let version = house
        .knock(&path)
        .header("Sec-WebSocket-Version", "9")
        .send()
        .await;
    assert_eq!(
        (version.status, version.header("sec-websocket-version")),
        (426, Some("13"))
    );
    for (header, value) in [
        ("Sec-WebSocket-Key", "short"),
        ("Sec-WebSocket-Protocol", "base64"),
        ("Connection", "keep-alive"),
    ] {
        assert_eq!(
            house.knock(&path).header(header, value).send().await.status,
            400,
            "{header}"
        );
    }
    let post = Knock::post(house.address, &path, b"")
        .header("Upgrade", "websocket")
        .send()
        .await;
    assert_eq!(post.status, 405);
    house.knock(&path).send().await.page().greet().await;
}

async fn silent_page(house: &House) -> Page {
    let knock = house.knock(&format!("/?token={}", house.token().await)).coded();
    let mut page = knock.send().await.page();
    assert_eq!(page.data().await, b"RFB 003.008\n");
    page
}

#[tokio::test]
async fn a_client_that_breaks_the_handshake_is_told_why() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut http = silent_page(&house).await;
    http.send(b"GET / HTTP/1.1\r\n").await;
    assert_eq!(http.closed().await, (4006, "client-protocol".into()));

    let mut old = silent_page(&house).await;
    old.send(b"RFB 003.003\n").await;
    // Before 3.7, a failure is a type of zero and a reason.
    let told = old.data().await;
    assert_eq!(told[..4], [0; 4]);
    assert!(String::from_utf8_lossy(&told).ends_with("only RFB 3.8 is spoken here, not 3.3"));
    assert_eq!(old.closed().await, (4006, "client-protocol".into()));

    let mut stubborn = silent_page(&house).await;
    stubborn.send(b"RFB 003.008\n").await;
    assert_eq!(stubborn.data().await, [1, 1]);
    stubborn.send(&[2]).await;
    assert_eq!(stubborn.data().await[..4], [0, 0, 0, 1]);
    assert_eq!(stubborn.closed().await, (4006, "client-protocol".into()));

    let mut leaver = silent_page(&house).await;
    leaver.raw(&masked(CLOSE, &1001u16.to_be_bytes())).await;
    assert_eq!(leaver.closed().await, (1001, String::new()));

    let reasons: Vec<_> = house
        .trail()
        .await
        .into_iter()
        .filter_map(|session| session.end_reason)
        .collect();
    assert_eq!(
        reasons
            .iter()
            .filter(|reason| *reason == "client-protocol")
            .count(),
        3,
        "{reasons:?}"
    );
    assert_eq!(
        reasons.iter().filter(|reason| *reason == "client-closed").count(),
        1,
        "{reasons:?}"
    );
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go_in_time() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::with(&hypervisor.address, |s| s.handshake_timeout = BRIEF).await;
    let page = silent_page(&house).await;
    assert_eq!(page.closed().await, (4007, "client-timeout".into()));
    assert_eq!(house.only_end().await, "client-timeout");
}

#[tokio::test]
async fn only_allowed_pages_may_open_a_screen() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let path = format!("/?token={}", house.token().await);
    for origin in [
        "https://evil.example",
        "http://evil.example",
        "https://console.example",
        "null",
    ] {
        let refused = house.knock(&path).header("Origin", origin).send().await;
        assert_eq!((refused.status, refused.body.len()), (403, 0), "{origin}");
    }
    let knock = house.knock(&path).header("Origin", "http://evil.example");
    let page = knock.coded().send().await.page();
    assert_eq!(page.closed().await, (4005, "origin-refused".into()));

    // None of that has used the token.
    house
        .knock(&path)
        .header("Origin", "http://portal.example")
        .send()
        .await
        .page()
        .greet()
        .await;
}

#[tokio::test]
async fn there_is_a_most_of_sessions_and_an_end_makes_room() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::with(&hypervisor.address, |settings| settings.limits.sessions = 1).await;
    let mut first = house.page().await;
    let path = format!("/?token={}", house.token().await);
    assert_eq!(house.knock(&path).send().await.status, 503);
    first.raw(&masked(CLOSE, &[])).await;
    assert_eq!(first.frame().await, (CLOSE, vec![]));
    drop(first);
    // The gateway may not have noticed yet that the browser has gone.
    let answer = soon(async {
        loop {
            let answer = house.knock(&path).send().await;
            if answer.status != 503 {
                break answer;
            }
        }
    });
    answer.await.page().greet().await;
}
