//! Serial lines: shared by all who look at them, remembered for those who come later.

use std::time::Duration;

use oriel_domain::{ConsoleKind, Uses};
use socket2::SockRef;
use tokio::io::AsyncWriteExt as _;

use crate::kit::{BINARY, House, Hypervisor, MUCH, PING, Page, Script, hears, hung_up, masked, soon};

/// Opens the line as our own page does.
async fn open(house: &House) -> Page {
    let token = house.mint(|grant| grant.console = ConsoleKind::Serial).await;
    house.coded_knock(&token).send().await.page()
}

/// What stands between the past and what happens now, for our own page.
const LIVE: &[u8] = b"\x1b]8002;live\x1b\\";

/// Reads until this has come at the end. The mark after the past is left out.
async fn until(page: &mut Page, end: &str) -> Vec<u8> {
    let mut all = Vec::new();
    while !all.ends_with(end.as_bytes()) {
        match page.frame().await {
            (BINARY, output) => all.extend(output),
            (PING, _) => {}
            other => panic!("{other:?}"),
        }
        if let Some(at) = all.windows(LIVE.len()).position(|window| window == LIVE) {
            all.drain(at..at + LIVE.len());
        }
    }
    all
}

/// What is shown to somebody who comes later: a reset, and then this.
fn assert_replay(shown: &[u8], words: &str) {
    let shown = String::from_utf8(shown.to_vec()).unwrap();
    assert!(
        shown.starts_with("\x1b\\\x1b[!p") && shown.ends_with(&format!("\x1b[?2004l{words}")),
        "{shown:?}"
    );
}

#[tokio::test]
async fn two_share_one_line_and_the_second_sees_what_was_said_before() {
    let mut hypervisor = Hypervisor::tcp([Script::Silent]).await;
    let house = House::serial(&hypervisor.address, |_| {}).await;
    let mut first = open(&house).await;
    let mut wire = hypervisor.wire().await;
    wire.write_all(b"\x1b[6nlogin: ").await.unwrap();
    assert_eq!(until(&mut first, "login: ").await, b"\x1b[6nlogin: ");

    let mut second = open(&house).await;
    // The terminal was asked where its cursor is, and has answered: nobody asks again.
    assert_replay(&until(&mut second, "login: ").await, "login: ");
    assert!(hypervisor.is_idle(), "one connection serves both");

    first.send(b"ro").await;
    hears(&mut wire, b"ro").await;
    second.send(b"ot\r").await;
    hears(&mut wire, b"ot\r").await;
    wire.write_all(b"\r\n# ").await.unwrap();
    assert_eq!(until(&mut first, "# ").await, b"\r\n# ");
    assert_eq!(until(&mut second, "# ").await, b"\r\n# ");

    drop(wire);
    assert_eq!(first.closed().await, (4024, "back-end-closed".into()));
    assert_eq!(second.closed().await, (4024, "back-end-closed".into()));
    let trail = house.trail().await;
    assert_eq!(trail.len(), 2);
    assert!(trail.iter().all(|session| session.who[3] == "serial"));
    assert!(trail.iter().any(|session| session.bytes == (15, 2)), "{trail:?}");
}

#[tokio::test]
async fn a_message_reaches_the_line_in_one_piece() {
    let mut hypervisor = Hypervisor::tcp([Script::Silent]).await;
    let house = House::serial(&hypervisor.address, |_| {}).await;
    let (mut first, mut second) = (open(&house).await, open(&house).await);
    let mut wire = hypervisor.wire().await;
    let pasted = masked(BINARY, b"a long command");
    let (begin, rest) = pasted.split_at(12);
    first.raw(begin).await;
    // The gateway has read it once it answers what comes behind it on another connection.
    second.send(b"x").await;
    hears(&mut wire, b"x").await;
    first.raw(rest).await;
    hears(&mut wire, b"a long command").await;
    // And what is typed with the request itself is not lost.
    let token = house.mint(|grant| grant.console = ConsoleKind::Serial).await;
    let knock = house.knock(&format!("/?token={token}"));
    let _third = knock.start(&masked(BINARY, b"early")).await;
    hears(&mut wire, b"early").await;
}

#[tokio::test]
async fn the_line_is_kept_for_a_while_for_who_comes_back() {
    let mut hypervisor = Hypervisor::tcp([Script::Silent]).await;
    let house = House::serial(&hypervisor.address, |_| {}).await;
    let page = open(&house).await;
    let mut wire = hypervisor.wire().await;
    drop(page);
    soon(async { while house.trail_now().await[0].ended_at.is_none() {} }).await;
    wire.write_all(b"meanwhile\r\n").await.unwrap();
    // It comes with what is shown first, or right behind it.
    let mut back = open(&house).await;
    let shown = until(&mut back, "meanwhile\r\n").await;
    assert!(shown.ends_with(b"meanwhile\r\n"));
    assert!(hypervisor.is_idle(), "the connection is still the first");
    back.send(b"here").await;
    hears(&mut wire, b"here").await;
}

#[tokio::test]
async fn a_line_that_nobody_looks_at_is_given_up() {
    // At once by choice, or since there are enough such lines.
    for (linger, most) in [(Duration::ZERO, 10), (Duration::from_hours(1), 0)] {
        let mut hypervisor = Hypervisor::tcp([Script::Silent]).await;
        let house = House::serial(&hypervisor.address, |settings| {
            settings.serial.linger = linger;
            settings.serial.max_lingering = most;
        })
        .await;
        let page = open(&house).await;
        let wire = hypervisor.wire().await;
        drop(page);
        assert_eq!(hung_up(wire).await, b"");
        let mut again = open(&house).await;
        let mut wire = hypervisor.wire().await;
        wire.write_all(b"fresh").await.unwrap();
        assert_eq!(until(&mut again, "fresh").await, b"fresh");
    }
}

#[tokio::test]
async fn a_stalled_viewer_stalls_nobody_and_is_told_what_it_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut hypervisor = Hypervisor::unix(&folder.path().join("serial.sock"), [Script::Silent]);
    let house = House::serial(&hypervisor.address, |_| {}).await;
    let mut slow = open(&house).await;
    SockRef::from(&slow.stream)
        .set_recv_buffer_size(64 * 1024)
        .unwrap();
    let mut wire = hypervisor.wire().await;
    let line = b"the quick brown fox jumps over the lazy dog, and so on and on..\r\n";
    let output = line.repeat(MUCH / line.len());
    soon(wire.write_all(&output)).await.unwrap();
    wire.write_all(b"the end").await.unwrap();
    // It is all taken, though nobody reads. Who comes now is shown the last of it.
    let mut quick = open(&house).await;
    let shown = until(&mut quick, "the end").await;
    assert!(shown.len() < 80 * 1024, "{} bytes", shown.len());
    quick.send(b"\x03").await;
    hears(&mut wire, b"\x03").await;

    let seen = until(&mut slow, "the end").await;
    assert!(seen.len() < output.len());
    let seen = String::from_utf8(seen).unwrap();
    assert!(seen.contains("bytes of output are left out"));
    slow.send(b"q").await;
    hears(&mut wire, b"q").await;
}

#[tokio::test]
async fn a_line_that_takes_no_input_still_shows_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let mut hypervisor = Hypervisor::unix(&folder.path().join("serial.sock"), [Script::Silent]);
    let house = House::serial(&hypervisor.address, |settings| {
        // Whoever is not listened to must not be taken for silent.
        settings.ping_interval = Duration::from_millis(100);
    })
    .await;
    let Page { mut stream } = open(&house).await;
    let mut wire = hypervisor.wire().await;
    let pasted = masked(BINARY, &vec![b'x'; 60_000]).repeat(MUCH / 60_000);
    crate::kit::flood(&mut stream, &pasted).await;
    wire.write_all(b"busy").await.unwrap();
    assert_eq!(until(&mut Page { stream }, "busy").await, b"busy");
}

#[tokio::test]
async fn telnet_is_taken_off_and_put_on() {
    const QEMU: &[u8] = &[255, 251, 1, 255, 251, 3, 255, 251, 0, 255, 253, 0];
    let mut hypervisor = Hypervisor::tcp([Script::Silent]).await;
    let address = hypervisor.address.replace("tcp:", "telnet:");
    let house = House::serial(&address, |_| {}).await;
    let mut page = open(&house).await;
    let mut wire = hypervisor.wire().await;
    // And a terminal type that nobody asked for, broken off in the middle of a command.
    let words = [QEMU, &[255, 253, 24], b"login\xff\xff: ", &[255]].concat();
    wire.write_all(&words).await.unwrap();
    hears(
        &mut wire,
        &[255, 253, 1, 255, 253, 3, 255, 253, 0, 255, 251, 0, 255, 252, 24],
    )
    .await;
    assert_eq!(until(&mut page, ": ").await, b"login\xff: ");
    page.send(b"a\xff\r").await;
    hears(&mut wire, b"a\xff\xff\r").await;
    wire.write_all(&[241, b'x']).await.unwrap();
    assert_eq!(until(&mut page, "x").await, b"x");
}

#[tokio::test]
async fn a_line_that_cannot_be_had_does_not_use_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("serial.sock");
    let house = House::serial(&format!("unix:{}", socket.display()), |_| {}).await;
    let token = house.mint(|grant| grant.console = ConsoleKind::Serial).await;
    let path = format!("/?token={token}");
    assert_eq!(house.knock(&path).send().await.status, 502);
    let mut hypervisor = Hypervisor::unix(&socket, [Script::Silent]);
    let mut page = house.knock(&path).send().await.page();
    hypervisor.wire().await.write_all(b"hello").await.unwrap();
    assert_eq!(until(&mut page, "hello").await, b"hello");
    assert_eq!(house.knock(&path).send().await.status, 403, "and now it is used");
}

#[tokio::test]
async fn what_was_said_before_the_first_opening_comes_from_the_console_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("console.log");
    std::fs::write(&log, "Booting\r\nlogin: ").unwrap();
    let hypervisor = Hypervisor::tcp([Script::Silent]).await;
    let consoles = format!(
        "console_log = \"{}\"\n[server.console.serial]\nback_end = \"{}\"\n",
        log.display(),
        hypervisor.address
    );
    let house = House::furnished(&consoles, |_| {}).await;
    let mut page = open(&house).await;
    assert_replay(&until(&mut page, "login: ").await, "Booting\r\nlogin: ");
}

#[tokio::test]
async fn many_who_open_a_line_at_once_and_leave_share_one_connection() {
    let mut hypervisor = Hypervisor::tcp([Script::Silent]).await;
    let house = House::serial(&hypervisor.address, |settings| settings.limits.sessions = 40).await;
    let token = house
        .mint(|grant| {
            grant.console = ConsoleKind::Serial;
            grant.uses = Uses::Many;
        })
        .await;
    let path = format!("/?token={token}");
    let opening = (0..40).map(|_| async { house.knock(&path).send().await.page() });
    let pages = futures_util::future::join_all(opening).await;
    let mut wire = hypervisor.wire().await;
    assert!(hypervisor.is_idle());
    assert_eq!(
        house.knock(&path).send().await.status,
        503,
        "they count as any other"
    );
    wire.write_all(b"to all").await.unwrap();
    for mut page in pages {
        assert_eq!(until(&mut page, "to all").await, b"to all");
    }
    assert_eq!(house.trail().await.len(), 40);
    // The gateway stops: nothing is kept any longer.
    assert_eq!(hung_up(wire).await, b"");
}
