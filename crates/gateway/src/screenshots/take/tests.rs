//! Pictures of the screens of real servers.

use std::collections::HashSet;

use oriel_domain::BackEndSecurity;
use tokio::io::AsyncReadExt as _;

use super::*;
use crate::back_end::tests::servers::{On, Server};

const LONG: Duration = Duration::from_secs(30);
const LIMITS: Limits = Limits {
    connect: LONG,
    handshake: LONG,
    all: LONG,
    max_pixels: NonZeroU32::new(4_000_000).unwrap(),
};

fn back_end(server: &Server) -> BackEnd {
    BackEnd {
        address: server.address.clone(),
        security: BackEndSecurity::default(),
        access_path: None,
    }
}

async fn take_of(server: &Server) -> Picture {
    take(&back_end(server), LIMITS, &Semaphore::new(1))
        .await
        .expect("a picture")
}

/// How many colours it has.
fn colours(picture: &Picture) -> usize {
    assert!(picture.pixels.iter().all(|[.., opaque]| *opaque == 255));
    picture.pixels.iter().collect::<HashSet<_>>().len()
}

#[tokio::test]
async fn qemu_shows_its_words_and_throws_nobody_out() {
    for options in ["", ",share=force-shared"] {
        let qemu = Server::qemu(On::Unix, &[], options).await;
        let viewer = screen::open(&back_end(&qemu), LONG, LONG).await;
        let mut viewer = viewer.expect("a viewer that is there before");
        let picture = take_of(&qemu).await;
        assert_eq!(
            (picture.width, picture.height),
            (viewer.init.width, viewer.init.height)
        );
        // White words on black, and whatever softens their edges.
        assert!(colours(&picture) > 1, "the screen is empty");
        let again = take_of(&qemu).await;
        assert_eq!(picture, again);

        // Whoever looked on is still shown what there is.
        let asked = oriel_rfb::client_msg::update_request(
            false,
            oriel_rfb::Rect {
                x: 0,
                y: 0,
                width: 16,
                height: 16,
            },
        );
        viewer.stream.write_all(&asked).await.unwrap();
        let first = viewer.early.first().copied();
        let first = match first {
            Some(first) => first,
            None => timeout(LONG, viewer.stream.read_u8()).await.unwrap().unwrap(),
        };
        assert_eq!(first, 0, "an update");
    }
}

#[tokio::test]
async fn xvnc_in_any_format_of_its_own() {
    for depth in ["24", "16"] {
        let arguments = ["-geometry", "333x222", "-depth", depth];
        let xvnc = Server::xvnc(On::Unix, "None", &arguments).await;
        let picture = take_of(&xvnc).await;
        assert_eq!((picture.width, picture.height), (333, 222));
        // The root window's pattern of old, or one colour: no pixel is left out.
        assert!(colours(&picture) >= 1);
    }
}

#[tokio::test]
async fn a_screen_that_is_too_large_is_named() {
    let xvnc = Server::xvnc(On::Unix, "None", &["-geometry", "3000x2000"]).await;
    match take(&back_end(&xvnc), LIMITS, &Semaphore::new(1)).await {
        Err(Missed::Size(error)) => assert!(error.to_string().contains("3000x2000"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_gets_no_turn_in_time_is_no_failure_of_the_server() {
    let qemu = Server::qemu(On::Unix, &[], "").await;
    let short = Limits {
        all: Duration::from_secs(2),
        ..LIMITS
    };
    match take(&back_end(&qemu), short, &Semaphore::new(0)).await {
        Err(Missed::NoTurn) => {}
        other => panic!("{other:?}"),
    }
}
