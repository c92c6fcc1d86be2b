//! Pictures of screens: how many viewers it takes, and what becomes of servers that draw badly or not at all.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use oriel_domain::EndReason;
use oriel_gateway::{GatewaySettings, NoScreenshot, PictureForm, Screenshot};
use oriel_rfb::encoding;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::kit::{House, Hypervisor, SERVER, Script, Wire, hung_up, soon};

/// What the gateway says before it looks: pixel format, encodings, and the wish for all of the screen.
const OPENING: usize = 20 + 4 + 4 * 5 + 10;

impl House {
    async fn shot(&self, width: Option<u32>, form: PictureForm) -> Result<Arc<Screenshot>, NoScreenshot> {
        let server = self.inventory.server(SERVER.parse().unwrap()).unwrap();
        let width = width.map(|width| NonZeroU32::new(width).unwrap());
        soon(self.gateway.screenshot(&server, width, form)).await
    }
}

/// Reads what the gateway wishes.
async fn asked(wire: &mut Wire) {
    soon(wire.read_exact(&mut [0; OPENING])).await.unwrap();
}

/// An update with one rectangle.
fn update(place: [u16; 4], number: i32, body: &[u8]) -> Vec<u8> {
    let place = place.map(u16::to_be_bytes);
    [&[0, 0, 0, 1][..], &place.concat(), &number.to_be_bytes(), body].concat()
}

/// All of the screen in one colour: blue, green, red.
fn plain(colour: [u8; 3]) -> Vec<u8> {
    let tile = [&[2][..], &colour, &[0]].concat();
    // 800 by 600: 50 by 38 tiles, of which all but the first take the colour over.
    let tiles = [tile, vec![0; 50 * 38 - 1]].concat();
    update([0, 0, 800, 600], encoding::HEXTILE, &tiles)
}

/// Plays a server for the next viewer, to its end.
async fn draw(hypervisor: &mut Hypervisor, bytes: Vec<u8>) {
    let mut wire = hypervisor.wire().await;
    asked(&mut wire).await;
    wire.write_all(&bytes).await.unwrap();
    let more = hung_up(wire).await;
    assert!(more.is_empty(), "it says nothing more, and leaves: {more:?}");
}

async fn failed(bytes: &[u8]) -> NoScreenshot {
    let (house, mut hypervisor) = House::with_hypervisor(|settings| {
        settings.screenshots.timeout = Duration::from_millis(1500);
    })
    .await;
    let serve = async {
        let mut wire = hypervisor.wire().await;
        asked(&mut wire).await;
        wire.write_all(bytes).await.unwrap();
        hung_up(wire).await;
    };
    let (shot, ()) = tokio::join!(house.shot(None, PictureForm::Png), serve);
    let error = shot.unwrap_err();
    // It is not tried again at once.
    assert_eq!(house.shot(None, PictureForm::Png).await.unwrap_err(), error);
    assert!(hypervisor.is_idle());
    error
}

#[tokio::test]
async fn a_hundred_who_ask_at_once_cost_one_viewer() {
    let (house, mut hypervisor) = House::with_hypervisor(|_| {}).await;
    let all = join_all((0..100).map(|n| {
        let form = if n % 2 == 0 {
            PictureForm::Png
        } else {
            PictureForm::Webp
        };
        house.shot(Some(100 + n % 3), form)
    }));
    let (shots, ()) = tokio::join!(all, draw(&mut hypervisor, plain([0, 0, 255])));
    for shot in &shots {
        assert!(!shot.as_ref().unwrap().bytes.is_empty());
    }
    let small = shots[0].as_ref().unwrap();
    assert_eq!(
        small.tag,
        shots[6].as_ref().unwrap().tag,
        "the same width and form"
    );
    assert_ne!(small.tag, shots[1].as_ref().unwrap().tag);
    // Who comes later, too, and at any width.
    let full = house.shot(None, PictureForm::Png).await.unwrap();
    assert_eq!(full.taken_at, small.taken_at);
    assert!(hypervisor.is_idle());
    assert!(small.bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    let webp = &shots[1].as_ref().unwrap().bytes;
    assert!(webp.starts_with(b"RIFF") && webp[8..].starts_with(b"WEBP"));
    // The width and height of its header.
    assert_eq!(small.bytes[16..24], [0, 0, 0, 100, 0, 0, 0, 75]);
    assert_eq!(full.bytes[16..24], [0, 0, 3, 32, 0, 0, 2, 88]);
    let wide = house.shot(Some(5000), PictureForm::Png).await.unwrap();
    assert_eq!(wide.tag, full.tag, "it is never made wider");
}

#[tokio::test]
async fn an_old_picture_is_taken_anew() {
    let (house, mut hypervisor) =
        House::with_hypervisor(|settings| settings.screenshots.max_age = Duration::from_millis(1)).await;
    let shoot = || house.shot(Some(10), PictureForm::Png);
    let (red, ()) = tokio::join!(shoot(), draw(&mut hypervisor, plain([0, 0, 255])));
    let (blue, ()) = tokio::join!(shoot(), draw(&mut hypervisor, plain([255, 0, 0])));
    let (red, blue) = (red.unwrap(), blue.unwrap());
    assert_ne!(red.tag, blue.tag);
    let (again, ()) = tokio::join!(shoot(), draw(&mut hypervisor, plain([255, 0, 0])));
    let again = again.unwrap();
    assert_eq!(again.tag, blue.tag, "what looks the same has the same tag");
    assert!(again.taken_at > blue.taken_at);
}

#[tokio::test]
async fn a_screen_that_comes_in_parts_and_changes_its_size_is_seen_whole() {
    let (house, mut hypervisor) = House::with_hypervisor(|_| {}).await;
    let serve = async {
        let mut wire = hypervisor.wire().await;
        asked(&mut wire).await;
        let size = update([0, 0, 32, 2], encoding::DESKTOP_SIZE, &[]);
        wire.write_all(&size).await.unwrap();
        let mut request = [0; 10];
        soon(wire.read_exact(&mut request)).await.unwrap();
        assert_eq!(request, [3, 0, 0, 0, 0, 0, 0, 32, 0, 2]);
        for row in 0..2 {
            let tiles = [2, 9, 9, 9, 0, 0];
            let part = update([0, row, 32, 1], encoding::HEXTILE, &tiles);
            wire.write_all(&part).await.unwrap();
        }
        hung_up(wire).await;
    };
    let (shot, ()) = tokio::join!(house.shot(None, PictureForm::Png), serve);
    assert_eq!(shot.unwrap().bytes[16..24], [0, 0, 0, 32, 0, 0, 0, 2]);
}

#[tokio::test]
async fn what_a_server_never_draws_is_black() {
    let (house, mut hypervisor) = House::with_hypervisor(|_| {}).await;
    let serve = async {
        let mut wire = hypervisor.wire().await;
        asked(&mut wire).await;
        let corner = update([0, 0, 1, 1], encoding::RAW, &[255; 4]);
        wire.write_all(&corner).await.unwrap();
        hung_up(wire).await;
    };
    let (shot, ()) = tokio::join!(house.shot(None, PictureForm::Png), serve);
    assert!(shot.is_ok(), "{shot:?}");
}

#[tokio::test]
async fn nonsense_and_silence_have_a_named_end() {
    let protocol = NoScreenshot::Failed(EndReason::BackEndProtocol);
    let timeout = NoScreenshot::Failed(EndReason::BackEndTimeout);
    assert_eq!(failed(b"HTTP/1.1 400").await, protocol);
    assert_eq!(
        failed(&update([0, 0, 1, 1], encoding::TIGHT, &[0x80, 0, 0, 0])).await,
        protocol
    );
    assert_eq!(
        failed(&update([799, 0, 2, 1], encoding::RAW, &[0; 8])).await,
        protocol
    );
    assert_eq!(failed(&[]).await, timeout);
    assert_eq!(
        failed(&update([0, 0, 800, 600], encoding::RAW, &[0; 100])).await,
        timeout
    );
    let grows = update([0, 0, 60_000, 60_000], encoding::DESKTOP_SIZE, &[]);
    assert_eq!(failed(&grows).await, NoScreenshot::Size);
}

#[tokio::test]
async fn a_back_end_that_is_down_or_leaves_is_told_apart() {
    let house = House::new("unix:/nonexistent/vnc.sock").await;
    let error = house.shot(None, PictureForm::Png).await.unwrap_err();
    assert_eq!(error, NoScreenshot::Failed(EndReason::BackEndUnreachable));
    let (house, mut hypervisor) = House::with_hypervisor(|_| {}).await;
    let leave = async { drop(hypervisor.wire().await) };
    let (shot, ()) = tokio::join!(house.shot(None, PictureForm::Png), leave);
    assert_eq!(shot.unwrap_err(), NoScreenshot::Failed(EndReason::BackEndClosed));
}

#[tokio::test]
async fn a_server_that_stalls_holds_up_no_other_and_who_waits_too_long_is_told() {
    let crowded = |settings: &mut GatewaySettings| {
        settings.screenshots.max_waiting = 1;
        settings.screenshots.timeout = Duration::from_millis(800);
    };
    let mut hypervisor = Hypervisor::tcp([Script::Silent]).await;
    let consoles = format!(
        "[server.console.novnc]\nback_end = \"{}\"\n[[server]]\nid = \"{OTHER}\"\nname = \"web-2\"\nproject = \
         \"9c53a566cb3443ab910cf0daebca90c4\"\n[server.console.novnc]\nback_end = \"{}\"\n",
        hypervisor.address, hypervisor.address
    );
    let house = House::furnished(&consoles, crowded).await;
    let other = house.inventory.server(OTHER.parse().unwrap()).unwrap();
    let waits = async {
        let wire = hypervisor.wire().await;
        let busy = house.gateway.screenshot(&other, None, PictureForm::Png).await;
        assert_eq!(busy.unwrap_err(), NoScreenshot::Busy);
        hung_up(wire).await;
    };
    let (shot, ()) = tokio::join!(house.shot(None, PictureForm::Png), waits);
    assert_eq!(shot.unwrap_err(), NoScreenshot::Failed(EndReason::BackEndTimeout));
    // There was no room, which is no property of the server: it is tried.
    let (shot, wire) = tokio::join!(
        house.gateway.screenshot(&other, None, PictureForm::Png),
        hypervisor.wire()
    );
    assert_eq!(shot.unwrap_err(), NoScreenshot::Failed(EndReason::BackEndTimeout));
    hung_up(wire).await;
}

const OTHER: &str = "5a1e5e0c-6f0e-4a53-8a0e-9f7ad37c0001";

#[tokio::test]
async fn a_gateway_that_stops_takes_no_picture() {
    let (house, _hypervisor) = House::with_hypervisor(|_| {}).await;
    house.gateway.stop(Duration::from_secs(1)).await;
    let error = house.shot(None, PictureForm::Png).await.unwrap_err();
    assert_eq!(error, NoScreenshot::Failed(EndReason::Stopping));
}
