use proptest::prelude::*;

use super::*;

const GOOD: &[u8] = b"RFB 003.008\n\x01\x01rest";

/// All that a viewer was sent, each message by itself, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    sent: Vec<Vec<u8>>,
    end: Option<Result<bool, ViewerError>>,
    left: Vec<u8>,
}

fn drive<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let mut viewer = Viewer::new();
    let mut told = Told {
        sent: Vec::new(),
        end: None,
        left: Vec::new(),
    };
    for read in [&[][..]].into_iter().chain(reads) {
        let mut input = read;
        while told.end.is_none() {
            match viewer.feed(&mut input) {
                Ok(ViewerStep::Need) => break,
                Ok(ViewerStep::Send(message)) => told.sent.push(message.to_vec()),
                Ok(ViewerStep::Done { shared }) => told.end = Some(Ok(shared)),
                Err(error) => told.end = Some(Err(error)),
            }
        }
        told.left.extend(input);
    }
    told
}

fn error(bytes: &[u8]) -> ViewerError {
    let told = drive([bytes]);
    assert_eq!(drive(bytes.chunks(1)).end, told.end);
    told.end.unwrap().unwrap_err()
}

#[test]
fn the_viewer_is_asked_for_nothing() {
    let told = drive([GOOD]);
    assert_eq!(told.sent, [&b"RFB 003.008\n"[..], &[1, 1], &[0, 0, 0, 0]]);
    assert_eq!(told.end, Some(Ok(true)));
    assert_eq!(told.left, b"rest");
    assert_eq!(drive(GOOD.chunks(1)), told);
    assert_eq!(drive([&b"RFB 003.008\n\x01\x00"[..]]).end, Some(Ok(false)));
}

#[test]
fn each_message_waits_for_its_turn() {
    assert_eq!(drive([]).sent.len(), 1);
    assert_eq!(drive([&GOOD[..11]]).sent.len(), 1);
    assert_eq!(drive([&GOOD[..12]]).sent.len(), 2);
    assert_eq!(drive([&GOOD[..13]]).sent.len(), 3);
    assert_eq!(drive([&GOOD[..13]]).end, None);
}

#[test]
fn other_versions_are_told_so_in_their_own_shape() {
    let old = error(b"RFB 003.003\n");
    assert_eq!(old, ViewerError::Version { major: 3, minor: 3 });
    let text = b"only RFB 3.8 is spoken here, not 3.3";
    let length = u8::try_from(text.len()).unwrap();
    assert_eq!(
        old.farewell(),
        [&[0, 0, 0, 0, 0, 0, 0, length][..], text].concat()
    );
    let newer = error(b"RFB 003.007\n");
    assert_eq!(newer.farewell()[..5], [0, 0, 0, 0, 36]);
    assert_eq!(error(b"RFB 004.001\n").farewell()[0], 0);
}

#[test]
fn other_protocols_are_told_nothing() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"RFB 003.00x\n",
        b"RFB 003.008\r",
        b"\xff",
    ] {
        assert_eq!(error(bytes), ViewerError::NotRfb);
    }
    assert_eq!(ViewerError::NotRfb.farewell(), b"");
    assert_eq!(
        drive([&b"RFX"[..]]).end,
        Some(Err(ViewerError::NotRfb)),
        "before all 12 came"
    );
    assert_eq!(drive([&b"RFB"[..]]).end, None);
}

#[test]
fn another_security_type_is_refused() {
    for choice in [0, 2, 16, 255] {
        let refused = error(&[&b"RFB 003.008\n"[..], &[choice]].concat());
        assert_eq!(refused, ViewerError::Security(SecurityType(choice)));
        let farewell = refused.farewell();
        assert_eq!(farewell[..4], [0, 0, 0, 1]);
        assert_eq!(usize::from(farewell[7]), farewell.len() - 8);
    }
    let text = ViewerError::Security(SecurityType::VNC).to_string();
    assert_eq!(
        text,
        "only the security type None (1) is offered here, not VNC authentication (2)"
    );
}

#[test]
fn a_reason_of_ours_goes_where_the_protocol_has_a_place() {
    let mut viewer = Viewer::new();
    assert_eq!(viewer.refuse("early"), b"");
    let mut viewer = Viewer::new();
    viewer.feed(&mut &[][..]).unwrap();
    viewer.feed(&mut &GOOD[..12]).unwrap();
    assert_eq!(viewer.refuse("no screen"), b"\0\0\0\x01\0\0\0\x09no screen");
    assert_eq!(viewer.feed(&mut &b"\x01"[..]), Ok(ViewerStep::Need));
    assert_eq!(viewer.refuse("twice"), b"");
    let mut viewer = Viewer::new();
    viewer.feed(&mut &[][..]).unwrap();
    viewer.feed(&mut &GOOD[..12]).unwrap();
    // 85 signs of 3 bytes make 255; the 86th would straddle the limit.
    assert_eq!(viewer.refuse(&"€".repeat(100)).len(), 8 + 255);
}

proptest! {
    #[test]
    fn any_cut_gives_the_same(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            prop::collection::vec(any::<u8>(), 0..4).prop_map(|tail| [GOOD, &tail].concat()),
            (0..GOOD.len(), any::<u8>()).prop_map(|(at, byte)| {
                let mut bytes = GOOD.to_vec();
                bytes[at] = byte;
                bytes
            }),
        ],
        size in 1usize..20,
    ) {
        let (whole, cut) = (drive([&bytes[..]]), drive(bytes.chunks(size)));
        prop_assert_eq!((&whole.sent, whole.end), (&cut.sent, cut.end));
        if matches!(whole.end, Some(Ok(_)) | None) {
            prop_assert_eq!(whole.left, cut.left);
        }
    }
}
