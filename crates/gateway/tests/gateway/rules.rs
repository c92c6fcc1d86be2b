//! What viewers may do, how many there may be, and for how long: enforced here, whatever a page sends.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use oriel_domain::{UserId, Uses, ViewerRole};
use oriel_gateway::{Clipboard, GatewaySettings, Viewers};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::kit::{House, Page, hears, hung_up, key, soon};

/// A page of ours with a grant that differs from the usual.
async fn page_of(house: &House, adjust: impl FnOnce(&mut oriel_domain::Grant)) -> Page {
    let token = house.mint(adjust).await;
    let mut page = open(house, &token, None).await;
    page.greet().await;
    page
}

async fn open(house: &House, token: &str, cookie: Option<&str>) -> Page {
    house.coded_knock(token).cookie(cookie).send().await.page()
}

/// Everything that does something to a guest, and a request for a picture behind it.
fn meddling() -> Vec<u8> {
    let mut all = Vec::new();
    all.extend(key(0x61));
    all.extend([5, 1, 0, 10, 0, 10]);
    // QEMU's key with its scan code.
    all.extend([255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0x1e]);
    all.extend([6, 0, 0, 0, 0, 0, 0, 4]);
    all.extend(b"text");
    // A cut text of the extended clipboard: its length is negative.
    all.extend([6, 0, 0, 0]);
    all.extend((-8_i32).to_be_bytes());
    all.extend([0x10, 0, 0, 1, 1, 2, 3, 4]);
    // SetDesktopSize, and a reset by xvp.
    all.extend([251, 0, 4, 0, 3, 0, 0, 0]);
    all.extend([250, 0, 1, 4]);
    all
}

const LOOK: [u8; 10] = [3, 0, 0, 0, 0, 0, 3, 32, 2, 88];

#[tokio::test]
async fn nothing_of_an_observer_reaches_the_machine_however_it_is_cut() {
    let (house, mut hypervisor) = House::with_hypervisor(|_| {}).await;
    let hostile = [meddling(), LOOK.to_vec(), meddling(), LOOK.to_vec()].concat();
    for size in [1, 2, 3, 5, 7, 11, hostile.len()] {
        let mut page = page_of(&house, |grant| grant.role = ViewerRole::Observer).await;
        let mut wire = hypervisor.wire().await;
        for piece in hostile.chunks(size) {
            page.send(piece).await;
        }
        hears(&mut wire, &[LOOK, LOOK].concat()).await;
        page.leave().await;
        page.closed().await;
        assert_eq!(hung_up(wire).await, b"");
    }
}

#[tokio::test]
async fn a_peer_types_and_neither_resets_nor_resizes() {
    let (house, mut hypervisor) = House::with_hypervisor(|settings| settings.rights.power = true).await;
    let mut page = page_of(&house, |grant| grant.role = ViewerRole::Peer).await;
    let mut wire = hypervisor.wire().await;
    page.send(&[&meddling()[..], &LOOK].concat()).await;
    let wanted = [&meddling()[..meddling().len() - 12], &LOOK].concat();
    hears(&mut wire, &wanted).await;
}

#[tokio::test]
async fn a_clipboard_that_is_off_takes_no_text_and_is_not_asked_for() {
    const EXTENDED: [u8; 4] = 0xc0a1_e5ce_u32.to_be_bytes();
    for (clipboard, passes) in [
        (Clipboard::Both, true),
        (Clipboard::ToServer, true),
        (Clipboard::ToClient, false),
        (Clipboard::Off, false),
    ] {
        let (house, mut hypervisor) =
            House::with_hypervisor(|settings| settings.rights.clipboard = clipboard).await;
        let mut page = page_of(&house, |_| {}).await;
        let mut wire = hypervisor.wire().await;
        let text = [6, 0, 0, 0, 0, 0, 0, 2, b'h', b'i'];
        let ask = [&[2, 0, 0, 2, 0, 0, 0, 0][..], &EXTENDED].concat();
        page.send(&[&text[..], &ask, &LOOK].concat()).await;
        let asked = if clipboard == Clipboard::Both {
            ask
        } else {
            vec![2, 0, 0, 1, 0, 0, 0, 0]
        };
        let text: &[u8] = if passes { &text } else { b"" };
        let wanted = [text, &asked, &LOOK].concat();
        let mut seen = vec![0; wanted.len()];
        soon(wire.read_exact(&mut seen)).await.unwrap();
        assert_eq!(seen, wanted, "{clipboard:?}");

        // The guest's own text, and a bell behind it.
        wire.write_all(&[&[3, 0, 0, 0, 0, 0, 0, 2, b'y', b'o'][..], &[2]].concat())
            .await
            .unwrap();
        let down = match clipboard {
            Clipboard::Both | Clipboard::ToClient => 11,
            Clipboard::ToServer | Clipboard::Off => 1,
        };
        assert_eq!(page.exactly(down).await.last(), Some(&2), "{clipboard:?}");
    }
}

#[tokio::test]
async fn a_viewer_that_wants_the_screen_alone_throws_nobody_out() {
    let (house, mut hypervisor) = House::with_hypervisor(|_| {}).await;
    let mut first = house.page().await;
    let mut wire = hypervisor.wire().await;
    let token = house.token().await;
    let mut second = open(&house, &token, None).await;
    for (told, said) in [
        (&b"RFB 003.008\n"[..], &b"RFB 003.008\n"[..]),
        (&[1, 1], &[1]),
        // ClientInit: not shared. The test's back end fails if the gateway hands that on.
        (&[0; 4], &[0]),
    ] {
        assert_eq!(second.data().await, told);
        second.send(said).await;
    }
    hypervisor.wire().await;
    wire.write_all(b"still here").await.unwrap();
    assert_eq!(first.exactly(10).await, b"still here");
}

#[tokio::test]
async fn an_idle_session_ends_and_one_that_looks_on_is_idle_too() {
    let (house, _hypervisor) =
        House::with_hypervisor(|settings| settings.idle_timeout = Some(Duration::from_secs(1))).await;
    let mut page = house.coded_page().await;
    // Pictures are asked for by the page, not by a person.
    page.send(&LOOK).await;
    assert_eq!(page.closed().await, (4040, "idle".into()));
    assert_eq!(house.only_end().await, "idle");
}

#[tokio::test]
async fn one_user_project_or_server_has_no_more_than_its_share() {
    type Adjust = fn(&mut GatewaySettings);
    let cases: [(Adjust, u16, &str); 3] = [
        (
            |settings| settings.limits.per_user = Some(1),
            4033,
            "too-many-of-user",
        ),
        (
            |settings| settings.limits.per_project = Some(1),
            4034,
            "too-many-of-project",
        ),
        (
            |settings| settings.limits.per_server = Some(1),
            4035,
            "too-many-of-server",
        ),
    ];
    for (adjust, code, name) in cases {
        let (house, mut hypervisor) = House::with_hypervisor(adjust).await;
        let mut first = house.coded_page().await;
        let wire = hypervisor.wire().await;
        let token = house.token().await;
        assert_eq!(
            open(&house, &token, None).await.closed().await,
            (code, name.into())
        );
        assert!(hypervisor.is_idle(), "the hypervisor is not asked in vain");
        let other = house.mint(|grant| grant.user = UserId::random()).await;
        let mut other = open(&house, &other, None).await;
        if name == "too-many-of-user" {
            other.greet().await;
        } else {
            assert_eq!(other.close_frame().await.0, code);
        }
        first.leave().await;
        first.closed().await;
        hung_up(wire).await;
        // The refusal has used up nothing, and the end made room.
        if name != "too-many-of-user" {
            open(&house, &token, None).await.greet().await;
        }
    }
}

#[tokio::test]
async fn where_a_server_has_one_viewer_the_second_takes_over_or_is_refused() {
    let (house, mut hypervisor) =
        House::with_hypervisor(|settings| settings.limits.viewers = Viewers::TakeOver).await;
    let first = house.coded_page().await;
    let wire = hypervisor.wire().await;
    let mut second = house.coded_page().await;
    assert_eq!(first.closed().await, (4041, "taken-over".into()));
    hung_up(wire).await;
    // An observer takes over from nobody.
    let token = house.mint(|grant| grant.role = ViewerRole::Observer).await;
    let observer = open(&house, &token, None).await;
    assert_eq!(observer.closed().await, (4042, "server-in-use".into()));
    second.send(&key(0x61)).await;
    let mut seen = [0; 8];
    let mut wire = hypervisor.wire().await;
    soon(wire.read_exact(&mut seen)).await.unwrap();
    // No grant, no take-over.
    let stranger = house
        .knock("/?token=11111111-2222-4333-8444-555555555555")
        .send()
        .await;
    assert_eq!(stranger.status, 401);
    second.send(&key(0x62)).await;

    let (house, mut hypervisor) =
        House::with_hypervisor(|settings| settings.limits.viewers = Viewers::Refuse).await;
    let token = house.token().await;
    let knock = house.knock(&format!("/?token={token}")).coded();
    let answer = knock.send().await;
    let cookie = answer.cookie().unwrap().to_owned();
    let mut first = answer.page();
    first.greet().await;
    let _wire = hypervisor.wire().await;
    let other = house.token().await;
    assert_eq!(
        open(&house, &other, None).await.closed().await,
        (4042, "server-in-use".into())
    );
    // The same browser with the same link comes back before its old connection is known to be dead.
    let mut again = open(&house, &token, Some(&cookie)).await;
    again.greet().await;
    assert_eq!(first.closed().await.1, "taken-over");
}

#[tokio::test]
async fn a_link_for_many_openings_takes_over_from_itself_alone() {
    let (house, _hypervisor) =
        House::with_hypervisor(|settings| settings.limits.viewers = Viewers::Refuse).await;
    let token = house.mint(|grant| grant.uses = Uses::Many).await;
    let mut first = open(&house, &token, None).await;
    first.greet().await;
    open(&house, &token, None).await.greet().await;
    assert_eq!(first.closed().await.1, "taken-over");
}

#[tokio::test]
async fn the_rate_is_held_and_keys_do_not_wait_for_it() {
    const RATE: u32 = 200_000;
    const PICTURE: u32 = 300_000;
    let (house, mut hypervisor) =
        House::with_hypervisor(|settings| settings.max_rate = NonZeroU32::new(RATE)).await;
    let mut page = house.page().await;
    let mut wire = hypervisor.wire().await;
    let began = Instant::now();
    soon(wire.write_all(&vec![7; PICTURE as usize])).await.unwrap();
    page.send(&key(0x61)).await;
    let mut seen = [0; 8];
    soon(wire.read_exact(&mut seen)).await.unwrap();
    page.exactly(PICTURE as usize).await;
    // What the bucket holds may come at once; the rest takes its time, and a slow machine only makes it longer.
    let least = Duration::from_secs_f64((f64::from(PICTURE) - f64::from(RATE) / 20.0) / f64::from(RATE));
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_gateway_that_is_drained_sends_its_pages_elsewhere_and_takes_no_more() {
    let (house, _hypervisor) = House::with_hypervisor(|_| {}).await;
    let page = house.coded_page().await;
    let now = time::OffsetDateTime::now_utc();
    house.store.ask_to_drain("another", true, now).await.unwrap();
    house.store.ask_to_drain("gateway-1", true, now).await.unwrap();
    assert_eq!(page.closed().await, (4036, "drained".into()));
    let token = house.token().await;
    let refused = house.knock(&format!("/?token={token}")).send().await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    let call = crate::kit::Knock::post(
        house.address,
        "/oriel/v1/console",
        format!("{{\"token\": \"{token}\"}}").as_bytes(),
    );
    let refused = call.send().await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert_eq!(refused.json()["error"]["code"], "drained");

    house.store.ask_to_drain("gateway-1", false, now).await.unwrap();
    let opened = async {
        loop {
            let answer = house.knock(&format!("/?token={token}")).send().await;
            if answer.status == 101 {
                return answer;
            }
            assert_eq!(answer.status, 503);
        }
    };
    soon(opened).await.page().greet().await;
}
