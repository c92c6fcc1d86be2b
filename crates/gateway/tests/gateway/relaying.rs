//! Bytes between browser and hypervisor.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_websockets::Message;

use crate::kit::{
    BINARY, CLOSE, House, Hypervisor, MUCH, PING, PONG, Page, Random, Script, echo, flood, hung_up, key,
    keys, masked, noise, soon,
};

#[tokio::test]
async fn much_passes_down_unharmed() {
    let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut page = house.page().await;
    let mut wire = hypervisor.wire().await;
    let sent = noise(1, MUCH);
    let picture = sent.clone();
    let writing = tokio::spawn(async move {
        let (mut random, mut rest) = (Random::new(2), picture.as_slice());
        while !rest.is_empty() {
            let most = if random.up_to(10) == 1 { 10 } else { 200_000 };
            let (part, after) = rest.split_at(random.up_to(most).min(rest.len()));
            wire.write_all(part).await.unwrap();
            rest = after;
        }
        wire
    });
    assert!(page.exactly(MUCH).await == sent);
    drop(soon(writing).await.unwrap());
    page.closed().await;
    assert_eq!(house.trail().await[0].bytes, (MUCH.try_into().unwrap(), 0));
}

#[tokio::test]
async fn much_passes_up_unharmed_however_it_is_cut() {
    let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut page = house.page().await;
    let mut wire = hypervisor.wire().await;
    let sent = keys(3, MUCH / 4);
    // Frames of all sizes, some in fragments, pings among them; and the whole cut anywhere.
    let mut bytes = Vec::new();
    let (mut random, mut rest) = (Random::new(4), sent.as_slice());
    while !rest.is_empty() {
        let most = [1, 125, 126, 4000, 70_000][random.up_to(5) - 1];
        let (message, after) = rest.split_at(random.up_to(most).min(rest.len()));
        if random.up_to(4) == 1 {
            let (a, b) = message.split_at(message.len() / 2);
            bytes.extend(masked(0x02, a));
            bytes.extend(masked(PING, b"between"));
            bytes.extend(masked(0x00, &[]));
            bytes.extend(masked(0x80, b));
        } else {
            bytes.extend(masked(BINARY, message));
        }
        rest = after;
    }
    let mut arrived = vec![0; sent.len()];
    let writing = async {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(random.up_to(90_000).min(rest.len()));
            page.raw(part).await;
            rest = after;
        }
        page
    };
    let (mut page, read) = tokio::join!(writing, soon(wire.read_exact(&mut arrived)));
    read.unwrap();
    assert!(arrived == sent);
    assert_eq!(page.frame().await, (PONG, b"between".to_vec()));
    drop(page);
    hung_up(wire).await;
    assert_eq!(house.trail().await[0].bytes, (0, sent.len().try_into().unwrap()));
}

#[tokio::test]
async fn another_websocket_implementation_agrees_both_ways_at_once() {
    const EACH: usize = 4 * 1024 * 1024;
    let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    for frame_size in [3000, 4 * 1024 * 1024] {
        let (mut sink, mut stream) = house.page().await.library(frame_size).split();
        let echoing = echo(hypervisor.wire().await);
        let sent = keys(5, EACH);
        let sending = async {
            for part in sent.chunks(1_000_001) {
                sink.send(Message::binary(part.to_vec())).await.unwrap();
            }
        };
        let receiving = async {
            let mut all = Vec::new();
            while all.len() < EACH {
                all.extend_from_slice(stream.next().await.unwrap().unwrap().as_payload());
            }
            all
        };
        let ((), back) = soon(async { tokio::join!(sending, receiving) }).await;
        assert!(back == sent);
        sink.send(Message::close(None, "")).await.unwrap();
        assert!(stream.next().await.is_none_or(|last| last.unwrap().is_close()));
        soon(echoing).await.unwrap();
    }
    let ends: Vec<_> = house
        .trail()
        .await
        .into_iter()
        .map(|session| session.end_reason.unwrap())
        .collect();
    assert_eq!(ends, ["client-closed", "client-closed"]);
}

#[tokio::test]
async fn pings_are_answered_with_their_own_words() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut page = house.page().await;
    for words in [&b""[..], b"still there?", &[0xff; 125]] {
        page.raw(&masked(PING, words)).await;
        assert_eq!(page.frame().await, (PONG, words.to_vec()));
    }
    // A pong that nobody asked for needs no answer.
    page.raw(&[masked(PONG, b"x"), masked(PING, b"y")].concat()).await;
    assert_eq!(page.frame().await, (PONG, b"y".to_vec()));
}

#[tokio::test]
async fn a_stalled_browser_costs_little_and_can_still_type() {
    let folder = tempfile::tempdir().unwrap();
    let mut hypervisor = Hypervisor::unix(&folder.path().join("vnc.sock"), [Script::rfb()]);
    let house = House::new(&hypervisor.address).await;
    let mut page = house.page().await;
    SockRef::from(&page.stream)
        .set_recv_buffer_size(64 * 1024)
        .unwrap();
    let mut wire = hypervisor.wire().await;
    let picture = noise(6, MUCH);
    let taken = flood(&mut wire, &picture).await;

    for key in 0..100u8 {
        page.send(&[4, 1, 0, 0, 0, 0, 0, key]).await;
        let mut arrived = [0; 8];
        soon(wire.read_exact(&mut arrived)).await.unwrap();
        assert_eq!(arrived, [4, 1, 0, 0, 0, 0, 0, key]);
    }
    // And when it wakes up, all is there.
    let rest = tokio::spawn({
        let picture = picture.clone();
        async move {
            wire.write_all(&picture[taken..]).await.unwrap();
            wire
        }
    });
    assert!(page.exactly(MUCH).await == picture);
    drop(rest.await.unwrap());
}

#[tokio::test]
async fn a_stalled_back_end_costs_little_and_its_picture_still_comes() {
    let folder = tempfile::tempdir().unwrap();
    let mut hypervisor = Hypervisor::unix(&folder.path().join("vnc.sock"), [Script::rfb()]);
    // Whoever is not listened to must not be taken for silent.
    let house = House::with(&hypervisor.address, |settings| {
        settings.ping_interval = Duration::from_millis(500);
    })
    .await;
    let Page { mut stream } = house.page().await;
    let mut wire = hypervisor.wire().await;
    let pasted = keys(7, 60_000);
    let frames = masked(BINARY, &pasted).repeat(MUCH / pasted.len());
    let taken = flood(&mut stream, &frames).await;

    let mut page = Page { stream };
    wire.write_all(b"a picture").await.unwrap();
    let picture = soon(async {
        loop {
            let (first, payload) = page.frame().await;
            if first != PING {
                break (first, payload);
            }
        }
    });
    assert_eq!(picture.await, (BINARY, b"a picture".to_vec()));
    let rest = tokio::spawn(async move {
        page.raw(&frames[taken..]).await;
        page
    });
    let mut arrived = vec![0; pasted.len()];
    for _ in 0..MUCH / pasted.len() {
        soon(wire.read_exact(&mut arrived)).await.unwrap();
        assert!(arrived == pasted);
    }
    drop(rest.await.unwrap());
}

#[tokio::test]
async fn what_the_gateway_cannot_read_ends_the_session_and_what_it_forbids_does_not() {
    let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut page = house.coded_page().await;
    let mut wire = hypervisor.wire().await;
    // A reset of the machine (xvp) is a right of its own; an encoding that nobody knows is not asked for.
    let encodings = [2, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0x12, 0x34];
    page.send(&[&[250, 0, 1, 4], &encodings[..], &key(0x61)].concat())
        .await;
    let mut arrived = [0; 16];
    soon(wire.read_exact(&mut arrived)).await.unwrap();
    assert_eq!(arrived[..], [&[2, 0, 0, 1, 0, 0, 0, 7], &key(0x61)[..]].concat());
    page.send(&[77]).await;
    assert_eq!(page.closed().await, (4006, "client-protocol".into()));
    assert_eq!(hung_up(wire).await, b"");
}

#[tokio::test]
async fn what_a_browser_typed_before_it_closed_reaches_a_slow_back_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut hypervisor = Hypervisor::unix(&folder.path().join("vnc.sock"), [Script::rfb()]);
    let house = House::new(&hypervisor.address).await;
    let Page { mut stream } = house.page().await;
    let mut wire = hypervisor.wire().await;
    let pasted = keys(9, 60_000);
    let frame = masked(BINARY, &pasted);
    let frames = frame.repeat(MUCH / pasted.len());
    let taken = flood(&mut stream, &frames).await;
    // The rest of a frame that is cut, a last key, and the close: all in one read of the gateway.
    let whole = taken.div_ceil(frame.len());
    let rest = [
        &frames[taken..whole * frame.len()],
        &masked(BINARY, &key(0xff0d)),
        &masked(CLOSE, &1000_u16.to_be_bytes()),
    ]
    .concat();
    let writing = tokio::spawn(async move {
        stream.write_all(&rest).await.unwrap();
        stream
    });
    let (mut arrived, mut piece) = (Vec::new(), vec![0; 4096]);
    loop {
        match soon(wire.read(&mut piece)).await {
            Ok(0) | Err(_) => break,
            Ok(length) => arrived.extend_from_slice(&piece[..length]),
        }
    }
    drop(writing.await.unwrap());
    assert!(arrived == [pasted.repeat(whole), key(0xff0d).to_vec()].concat());
    assert_eq!(house.only_end().await, "client-closed");
}

#[tokio::test]
async fn extended_mouse_buttons_work_where_the_back_end_agrees() {
    let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut page = house.page().await;
    let mut wire = hypervisor.wire().await;
    let ask = [2, 0, 0, 1, 0xff, 0xff, 0xfe, 0xc4];
    page.send(&ask).await;
    let mut arrived = [0; 8];
    soon(wire.read_exact(&mut arrived)).await.unwrap();
    assert_eq!(arrived, ask, "it is asked for");
    let ack = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xfe, 0xc4];
    wire.write_all(&ack).await.unwrap();
    assert_eq!(page.exactly(ack.len()).await, ack);
    // Seven bytes, of which the last holds the side buttons.
    let pointer = [5, 0x80, 0, 9, 0, 9, 1];
    page.send(&[&pointer[..], &key(0x61)].concat()).await;
    let mut arrived = [0; 15];
    soon(wire.read_exact(&mut arrived)).await.unwrap();
    assert_eq!(arrived[..], [&pointer[..], &key(0x61)].concat());
}
