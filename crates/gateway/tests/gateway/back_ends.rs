//! Back ends that are down, silent, strange or rude.

use crate::kit::{BRIEF, House, Hypervisor, Script, hung_up, soon};

/// What a back end says, and what the browser is told.
async fn refused(script: Script, status: u16, code: u16, name: &str) {
    // The first two openings meet the bad back end, the third a good one.
    let hypervisor = Hypervisor::tcp([script.clone(), script.clone(), Script::rfb()]).await;
    let house = House::with(&hypervisor.address, |s| s.handshake_timeout = BRIEF).await;
    let path = format!("/?token={}", house.token().await);
    let answer = house.knock(&path).send().await;
    assert_eq!(
        (answer.status, answer.body.len(), answer.cookie()),
        (status, 0, None),
        "{script:?}"
    );

    let answer = house.knock(&path).coded().send().await;
    assert_eq!(answer.cookie(), None);
    assert_eq!(
        answer.page().closed().await,
        (code, name.to_owned()),
        "{script:?}"
    );

    // The token is still good, since nobody saw a screen with it.
    house.knock(&path).send().await.page().greet().await;
    assert_eq!(house.trail().await.len(), 1);
}

#[tokio::test]
async fn a_back_end_that_is_down_does_not_use_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("vnc.sock");
    let house = House::new(&format!("unix:{}", socket.display())).await;
    let path = format!("/?token={}", house.token().await);
    assert_eq!(house.knock(&path).send().await.status, 502);
    let page = house.knock(&path).coded().send().await.page();
    assert_eq!(page.closed().await, (4020, "back-end-unreachable".into()));

    let _hypervisor = Hypervisor::unix(&socket, [Script::rfb()]);
    house.knock(&path).send().await.page().greet().await;
    assert_eq!(house.knock(&path).send().await.status, 403, "and now it is used");
}

#[tokio::test]
async fn a_closed_port_is_told_at_once() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let house = House::new(&format!("tcp:{free}")).await;
    assert_eq!(
        house
            .knock(&format!("/?token={}", house.token().await))
            .send()
            .await
            .status,
        502
    );
}

#[tokio::test]
async fn a_silent_back_end_is_given_up_in_time() {
    refused(Script::Silent, 504, 4021, "back-end-timeout").await;
    refused(Script::Says(b"RFB 003.0".to_vec()), 504, 4021, "back-end-timeout").await;
    refused(
        Script::Says(b"RFB 003.008\n\x01\x01\0\0\0\0\x03\x20".to_vec()),
        504,
        4021,
        "back-end-timeout",
    )
    .await;
}

#[tokio::test]
async fn a_browser_that_leaves_while_its_screen_is_opened_keeps_its_token() {
    let mut hypervisor = Hypervisor::tcp([Script::Silent, Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let path = format!("/?token={}", house.token().await);
    let browser = house.knock(&path).start(&[]).await;
    let wire = hypervisor.wire().await;
    drop(browser);
    hung_up(wire).await;
    // The token may be given back a moment after the back end was left.
    let answer = soon(async {
        loop {
            let answer = house.knock(&path).send().await;
            if answer.status != 403 {
                break answer;
            }
        }
    });
    answer.await.page().greet().await;
}

#[tokio::test]
async fn a_back_end_with_another_protocol_is_told_from_a_dead_one() {
    for banner in [
        &b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"RFB 000.000\n",
        b"RFB\n",
    ] {
        refused(Script::Says(banner.to_vec()), 502, 4022, "back-end-protocol").await;
    }
    // A name of 4 GiB.
    let endless = [&b"RFB 003.008\n\x01\x01\0\0\0\0"[..], &[0; 20], &[0xff; 4]].concat();
    refused(Script::Says(endless), 502, 4022, "back-end-protocol").await;
}

#[tokio::test]
async fn a_back_end_that_asks_for_a_password_is_told_so() {
    for words in [
        &b"RFB 003.008\n\x02\x02\x05"[..],
        b"RFB 003.003\n\0\0\0\x02",
        b"RFB 003.008\n\0\0\0\0\x08go away!",
    ] {
        refused(Script::Says(words.to_vec()), 502, 4023, "back-end-security").await;
    }
}

#[tokio::test]
async fn a_back_end_that_closes_half_way_is_told_so() {
    for words in [
        &b""[..],
        b"RFB 0",
        b"RFB 003.008\n",
        b"RFB 003.008\n\x01\x01",
        b"RFB 003.008\n\x01\x01\0\0\0\0",
        b"RFB 003.008\n\x01\x01\0\0\0\0\x03\x20\x02\x58",
    ] {
        refused(Script::Leaves(words.to_vec()), 502, 4024, "back-end-closed").await;
    }
}
