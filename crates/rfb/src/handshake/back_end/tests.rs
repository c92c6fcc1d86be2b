use proptest::prelude::*;

use super::*;

/// What a back end was sent, and how its opening ended.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    sent: Vec<u8>,
    end: Option<Result<Agreed, BackEndError>>,
    left: Vec<u8>,
    closed: BackEndError,
}

fn drive<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let mut back_end = BackEnd::new();
    let (mut sent, mut end, mut left) = (Vec::new(), None, Vec::new());
    for read in reads {
        let mut input = read;
        while end.is_none() {
            match back_end.feed(&mut input) {
                Ok(BackEndStep::Need) => break,
                Ok(BackEndStep::Send(bytes)) => sent.extend_from_slice(&bytes),
                Ok(BackEndStep::Done(agreed)) => end = Some(Ok(agreed)),
                Err(error) => end = Some(Err(error)),
            }
        }
        left.extend(input);
    }
    Told {
        sent,
        end,
        left,
        closed: back_end.closed(),
    }
}

/// The same at once and byte by byte.
fn told(bytes: &[u8]) -> Told {
    let told = drive([bytes]);
    assert_eq!(drive(bytes.chunks(1)), told);
    told
}

fn error(bytes: &[u8]) -> BackEndError {
    let end = drive([bytes]).end;
    assert_eq!(drive(bytes.chunks(1)).end, end);
    end.unwrap().unwrap_err()
}

fn agreed(version: Version) -> Agreed {
    Agreed {
        version,
        security: SecurityType::NONE,
    }
}

#[test]
fn version_3_8_without_authentication() {
    let told = told(b"RFB 003.008\n\x01\x01\0\0\0\0rest");
    assert_eq!(told.sent, b"RFB 003.008\n\x01");
    assert_eq!(told.end, Some(Ok(agreed(Version::V3_8))));
    assert_eq!(told.left, b"rest");
}

#[test]
fn version_3_7_has_no_outcome() {
    let told = told(b"RFB 003.007\n\x02\x02\x01rest");
    assert_eq!(told.sent, b"RFB 003.007\n\x01");
    assert_eq!(told.end, Some(Ok(agreed(Version::V3_7))));
    assert_eq!(told.left, b"rest");
}

#[test]
fn version_3_3_has_neither_choice_nor_outcome() {
    for version in [&b"RFB 003.003\n"[..], b"RFB 003.005\n", b"RFB 003.006\n"] {
        let told = told(&[version, b"\0\0\0\x01rest"].concat());
        assert_eq!(told.sent, b"RFB 003.003\n");
        assert_eq!(told.end, Some(Ok(agreed(Version::V3_3))));
        assert_eq!(told.left, b"rest");
    }
}

#[test]
fn whatever_calls_itself_newer_goes_on_as_3_8() {
    for version in ["003.009", "003.889", "004.000", "004.001", "005.000", "999.999"] {
        let told = told(format!("RFB {version}\n\x01\x01\0\0\0\0").as_bytes());
        assert_eq!(told.sent, b"RFB 003.008\n\x01", "{version}");
        assert_eq!(told.end, Some(Ok(agreed(Version::V3_8))), "{version}");
    }
}

#[test]
fn versions_before_all_others() {
    assert_eq!(
        error(b"RFB 000.000\n"),
        BackEndError::Version { major: 0, minor: 0 }
    );
    assert_eq!(
        error(b"RFB 003.002\n"),
        BackEndError::Version { major: 3, minor: 2 }
    );
    assert_eq!(
        error(b"RFB 002.009\n"),
        BackEndError::Version { major: 2, minor: 9 }
    );
}

#[test]
fn other_protocols() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"HTTP/1.1 400 Bad Request\r\n",
        b"RFB 003,008\n",
        b"RFB 003.008 ",
        b"RFB 00 .008\n",
        b"RFB +03.008\n",
        b"\x16",
        b"RFX",
    ] {
        assert_eq!(error(bytes), BackEndError::NotRfb, "{bytes:?}");
    }
    assert_eq!(told(b"RFB 003").end, None);
}

#[test]
fn none_is_chosen_wherever_it_stands() {
    for types in [&[1][..], &[2, 1], &[19, 2, 16, 1, 30]] {
        let count = u8::try_from(types.len()).unwrap();
        let told = told(&[&b"RFB 003.008\n"[..], &[count], types, &[0; 4]].concat());
        assert_eq!(
            (told.sent.last(), told.end),
            (Some(&1), Some(Ok(agreed(Version::V3_8))))
        );
    }
}

#[test]
fn security_that_is_not_spoken_here() {
    let unsupported = error(b"RFB 003.008\n\x03\x02\x13\x63");
    let offered = vec![SecurityType::VNC, SecurityType::VENCRYPT, SecurityType(99)];
    assert_eq!(unsupported, BackEndError::SecurityUnsupported { offered });
    assert_eq!(
        unsupported.to_string(),
        "the back end offers no security type that is spoken here, \
         only VNC authentication (2), VeNCrypt (19), type 99"
    );
    let offered = vec![SecurityType::VNC];
    assert_eq!(
        error(b"RFB 003.003\n\0\0\0\x02"),
        BackEndError::SecurityUnsupported { offered }
    );
    assert_eq!(error(b"RFB 003.003\n\0\0\x01\x01"), BackEndError::NotRfb);
    let all = [&b"RFB 003.008\n\xff"[..], &[2; 255]].concat();
    let BackEndError::SecurityUnsupported { offered } = error(&all) else {
        panic!("supported")
    };
    assert_eq!(offered.len(), 255);
}

#[test]
fn a_refusal_in_place_of_security_types() {
    let refused = BackEndError::Refused {
        reason: "Too many".to_owned(),
    };
    assert_eq!(error(b"RFB 003.008\n\0\0\0\0\x08Too many"), refused);
    assert_eq!(error(b"RFB 003.007\n\0\0\0\0\x08Too many"), refused);
    assert_eq!(error(b"RFB 003.003\n\0\0\0\0\0\0\0\x08Too many"), refused);
}

#[test]
fn a_refusal_as_the_outcome() {
    for code in 1..=2 {
        let bytes = [&b"RFB 003.008\n\x01\x01\0\0\0"[..], &[code], b"\0\0\0\x02no"].concat();
        assert_eq!(
            error(&bytes),
            BackEndError::Refused {
                reason: "no".to_owned()
            }
        );
    }
    let silent = error(b"RFB 003.008\n\x01\x01\0\0\0\x01\0\0\0\0");
    assert_eq!(silent.to_string(), "the back end refused: no reason given");
}

#[test]
fn a_reason_is_cut_and_cleaned() {
    for length in [256u32, 257, 100_000, u32::MAX] {
        let text = vec![b'x'; 300];
        let bytes = [&b"RFB 003.008\n\0"[..], &length.to_be_bytes(), &text].concat();
        assert_eq!(drive([&bytes[..]]).end, drive(bytes.chunks(1)).end);
        let Some(Err(BackEndError::Refused { reason })) = drive([&bytes[..]]).end else {
            panic!("not refused")
        };
        assert_eq!(reason, "x".repeat(MAX_REASON));
    }
    let forged = error(b"RFB 003.008\n\0\0\0\0\x0ba\r\nb\x1b[0m\xff\xc2 ");
    assert_eq!(
        forged,
        BackEndError::Refused {
            reason: "a  b [0m\u{fffd}\u{fffd}".to_owned()
        }
    );
}

#[test]
fn a_connection_closed_in_the_middle() {
    for bytes in [&b""[..], b"RFB 003.0", b"RFB 003.008\n", b"RFB 003.008\n\x02\x02"] {
        assert_eq!(told(bytes).closed, BackEndError::Closed, "{bytes:?}");
    }
    let refused = |reason: &str| BackEndError::Refused {
        reason: reason.to_owned(),
    };
    assert_eq!(told(b"RFB 003.008\n\0").closed, refused(""));
    assert_eq!(told(b"RFB 003.008\n\x01\x01\0\0\0\x01").closed, refused(""));
    assert_eq!(
        told(b"RFB 003.008\n\0\xff\xff\xff\xffgo aw").closed,
        refused("go aw")
    );
}

proptest! {
    #[test]
    fn any_cut_gives_the_same(
        version in prop::sample::select(vec!["003.003", "003.007", "003.008", "004.000"]),
        types in prop::collection::vec(any::<u8>(), 0..6),
        tail in prop::collection::vec(0u8..3, 0..20),
        size in 1usize..20,
    ) {
        let count = u8::try_from(types.len()).unwrap();
        let bytes =
            [b"RFB ", version.as_bytes(), b"\n", &[count], &types, &tail].concat();
        let (whole, cut) = (drive([&bytes[..]]), drive(bytes.chunks(size)));
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn garbage_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        head in 0..3,
        size in 1usize..20,
    ) {
        let head = [&b""[..], b"RFB 003.008\n", b"RFB 003.003\n"][usize::try_from(head).unwrap()];
        let bytes = [head, &bytes].concat();
        prop_assert_eq!(drive([&bytes[..]]).end, drive(bytes.chunks(size)).end);
    }
}
