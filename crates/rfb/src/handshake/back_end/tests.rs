use proptest::prelude::*;

use super::*;

/// What a back end was sent, and how its opening ended. TLS and proofs stand as words in what was
/// sent.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    sent: Vec<u8>,
    end: Option<Result<Agreed, BackEndError>>,
    left: Vec<u8>,
    closed: BackEndError,
}

fn drive<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Told {
    drive_with(&[Scheme::None], reads)
}

fn drive_with<'a>(allowed: &[Scheme], reads: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let mut back_end = BackEnd::new(allowed.iter().copied());
    let (mut sent, mut end, mut left) = (Vec::new(), None, Vec::new());
    for read in reads {
        let mut input = read;
        while end.is_none() {
            match back_end.feed(&mut input) {
                Ok(BackEndStep::Need) => break,
                Ok(BackEndStep::Send(bytes)) => sent.extend_from_slice(&bytes),
                Ok(BackEndStep::StartTls(tls)) => sent.extend(format!("<{tls:?}>").bytes()),
                Ok(BackEndStep::Prove(Demand::Plain)) => sent.extend(b"<plain>"),
                Ok(BackEndStep::Prove(Demand::Challenge(challenge))) => {
                    sent.extend(b"<answer to ");
                    sent.extend(challenge);
                    sent.extend(b">");
                }
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

fn told_with(allowed: &[Scheme], bytes: &[u8]) -> Told {
    let told = drive_with(allowed, [bytes]);
    assert_eq!(drive_with(allowed, bytes.chunks(1)), told);
    told
}

fn error(bytes: &[u8]) -> BackEndError {
    error_with(&[Scheme::None], bytes)
}

fn error_with(allowed: &[Scheme], bytes: &[u8]) -> BackEndError {
    let end = drive_with(allowed, [bytes]).end;
    assert_eq!(drive_with(allowed, bytes.chunks(1)).end, end);
    end.unwrap().unwrap_err()
}

fn agreed(version: Version) -> Agreed {
    agreed_on(version, Scheme::None)
}

fn agreed_on(version: Version, scheme: Scheme) -> Agreed {
    Agreed { version, scheme }
}

/// A back end that offers `VeNCrypt` with these subtypes, and what it says after the choice.
fn vencrypt(subtypes: &[u32], then: &[u8]) -> Vec<u8> {
    let count = u8::try_from(subtypes.len()).unwrap();
    let list: Vec<u8> = subtypes
        .iter()
        .flat_map(|subtype| subtype.to_be_bytes())
        .collect();
    [b"RFB 003.008\n\x01\x13\0\x02\0", &[count][..], &list, then].concat()
}

const CHALLENGE: &[u8; 16] = b"0123456789abcdef";

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
fn the_password_challenge_in_every_version() {
    let vnc = [Scheme::Vnc];
    for (version, hello, choice, chosen) in [
        (Version::V3_3, &b"RFB 003.003\n"[..], &b"\0\0\0\x02"[..], &b""[..]),
        (Version::V3_7, b"RFB 003.007\n", b"\x02\x10\x02", b"\x02"),
        (Version::V3_8, b"RFB 003.008\n", b"\x01\x02", b"\x02"),
    ] {
        let good = told_with(&vnc, &[hello, choice, CHALLENGE, &[0; 4], b"rest"].concat());
        let sent = [hello, chosen, b"<answer to ", CHALLENGE, b">"].concat();
        assert_eq!(good.sent, sent, "{version:?}");
        assert_eq!(good.end, Some(Ok(agreed_on(version, Scheme::Vnc))));
        assert_eq!(good.left, b"rest");
    }
}

#[test]
fn a_password_that_is_not_taken_is_told_from_other_refusals() {
    let vnc = [Scheme::Vnc];
    let refused = |reason: &str| BackEndError::PasswordRefused {
        reason: reason.to_owned(),
    };
    // As QEMU says it, with a NUL at the end.
    let said = [
        &b"RFB 003.008\n\x01\x02"[..],
        CHALLENGE,
        b"\0\0\0\x01\0\0\0\x07Failed\0",
    ]
    .concat();
    assert_eq!(error_with(&vnc, &said), refused("Failed"));
    let cut = told_with(&vnc, &said[..said.len() - 3]);
    assert_eq!((cut.end, cut.closed), (None, refused("Fail")));
    // Older versions give no reason, and some close at once.
    for (hello, code, reason) in [
        (&b"RFB 003.003\n\0\0\0\x02"[..], 1, ""),
        (b"RFB 003.007\n\x01\x02", 1, ""),
        (b"RFB 003.007\n\x01\x02", 2, "too many attempts"),
    ] {
        let said = [hello, CHALLENGE, &[0, 0, 0, code]].concat();
        assert_eq!(error_with(&vnc, &said), refused(reason));
    }
}

#[test]
fn vencrypt_up_to_the_tls_and_inside() {
    let prefix = b"RFB 003.008\n\x13\0\x02";
    for (scheme, number, tls, proof, answer) in [
        (Scheme::TlsNone, 257u32, "<Anonymous>", &b""[..], ""),
        (
            Scheme::TlsVnc,
            258,
            "<Anonymous>",
            CHALLENGE,
            "<answer to 0123456789abcdef>",
        ),
        (Scheme::TlsPlain, 259, "<Anonymous>", b"", "<plain>"),
        (Scheme::X509None, 260, "<X509>", b"", ""),
        (
            Scheme::X509Vnc,
            261,
            "<X509>",
            CHALLENGE,
            "<answer to 0123456789abcdef>",
        ),
        (Scheme::X509Plain, 262, "<X509>", b"", "<plain>"),
    ] {
        let told = told_with(
            &[scheme],
            &vencrypt(&[number], &[b"\x01", proof, &[0; 4]].concat()),
        );
        let sent = [
            prefix,
            &number.to_be_bytes()[..],
            tls.as_bytes(),
            answer.as_bytes(),
        ]
        .concat();
        assert_eq!(told.sent, sent, "{scheme}");
        assert_eq!(told.end, Some(Ok(agreed_on(Version::V3_8, scheme))));
    }
}

/// In TLS there is an outcome in 3.7 too, as TigerVNC and QEMU do it.
#[test]
fn vencrypt_in_3_7() {
    let said = b"RFB 003.007\n\x01\x13\0\x02\0\x01\0\0\x01\x04\x01\0\0\0\0rest";
    let told = told_with(&[Scheme::X509None], said);
    assert_eq!(told.end, Some(Ok(agreed_on(Version::V3_7, Scheme::X509None))));
    assert_eq!(told.left, b"rest");
}

/// TigerVNC lists its plain types among the subtypes. They have no TLS, and so no word before it.
#[test]
fn the_strongest_that_may_be_used_is_chosen_wherever_it_stands() {
    let all = [1u32, 2, 256, 257, 259, 258, 260, 261, 262, 263];
    let backward: Vec<u32> = all.iter().rev().copied().collect();
    let mut allowed = Scheme::ALL.to_vec();
    while let Some(best) = allowed.last().copied() {
        for subtypes in [&all[..], &backward] {
            let told = drive_with(&allowed, [&vencrypt(subtypes, b"")[..]]);
            if best.tls().is_some() {
                assert!(told.sent.ends_with(&best.subtype().0.to_be_bytes()), "{best}");
            } else {
                // With nothing but these allowed, VeNCrypt is not even asked for.
                assert!(matches!(
                    told.end,
                    Some(Err(BackEndError::SecurityUnsupported { .. }))
                ));
            }
        }
        allowed.pop();
    }
    let mixed = told_with(
        &[Scheme::Vnc, Scheme::X509None],
        &vencrypt(&[258, 2], &[CHALLENGE, &[0; 4][..]].concat()),
    );
    assert_eq!(mixed.end, Some(Ok(agreed_on(Version::V3_8, Scheme::Vnc))));
}

#[test]
fn what_may_not_be_used_is_refused_whatever_the_back_end_says() {
    let strict = [Scheme::X509None, Scheme::X509Vnc];
    for bytes in [
        &b"RFB 003.008\n\x01\x01"[..],
        b"RFB 003.008\n\x02\x01\x02",
        b"RFB 003.007\n\x01\x02",
        b"RFB 003.003\n\0\0\0\x01",
        b"RFB 003.003\n\0\0\0\x02",
        // There is no list in 3.3 that it could stand in.
        b"RFB 003.003\n\0\0\0\x13",
    ] {
        assert!(
            matches!(
                error_with(&strict, bytes),
                BackEndError::SecurityUnsupported { .. }
            ),
            "{bytes:?}"
        );
    }
    let refused = error_with(&strict, &vencrypt(&[258, 257, 2, 1, 256], b""));
    assert_eq!(
        refused.to_string(),
        "the back end offers VeNCrypt with TLSVnc (258), TLSNone (257), VNC authentication (2), None (1), Plain (256); \
         what may be used is X509None (260), X509Vnc (261)"
    );
    let nothing = error_with(&strict, &vencrypt(&[], b""));
    assert!(matches!(nothing, BackEndError::SubtypesUnsupported { .. }));
    // And with nothing allowed, nothing is done.
    assert!(matches!(
        error_with(&[], b"RFB 003.008\n\x01\x01"),
        BackEndError::SecurityUnsupported { .. }
    ));
}

#[test]
fn vencrypt_that_goes_wrong() {
    let x509 = [Scheme::X509None];
    let version = |major, minor| BackEndError::VencryptVersion { major, minor };
    assert_eq!(error_with(&x509, b"RFB 003.008\n\x01\x13\0\x01"), version(0, 1));
    assert_eq!(error_with(&x509, b"RFB 003.008\n\x01\x13\0\0"), version(0, 0));
    // A newer one is answered with 0.2.
    let newer = told_with(&x509, b"RFB 003.008\n\x01\x13\x01\x07");
    assert_eq!(
        (newer.sent.as_slice(), newer.end),
        (&b"RFB 003.008\n\x13\0\x02"[..], None)
    );
    for bytes in [
        &b"RFB 003.008\n\x01\x13\0\x02\xff"[..],
        &vencrypt(&[260], b"\0"),
        &vencrypt(&[260], b"\x02"),
    ] {
        assert!(matches!(
            error_with(&x509, bytes),
            BackEndError::VencryptRefused(_)
        ));
    }
}

#[test]
fn security_that_is_not_spoken_here() {
    let unsupported = error(b"RFB 003.008\n\x03\x02\x13\x63");
    let allowed = vec![Scheme::None];
    let offered = vec![SecurityType::VNC, SecurityType::VENCRYPT, SecurityType(99)];
    assert_eq!(
        unsupported,
        BackEndError::SecurityUnsupported {
            offered,
            allowed: allowed.clone()
        }
    );
    assert_eq!(
        unsupported.to_string(),
        "the back end offers VNC authentication (2), VeNCrypt (19), type 99; what may be used is None (1)"
    );
    let offered = vec![SecurityType::VNC];
    assert_eq!(
        error(b"RFB 003.003\n\0\0\0\x02"),
        BackEndError::SecurityUnsupported { offered, allowed }
    );
    assert_eq!(error(b"RFB 003.003\n\0\0\x01\x01"), BackEndError::NotRfb);
    let all = [&b"RFB 003.008\n\xff"[..], &[2; 255]].concat();
    let BackEndError::SecurityUnsupported { offered, .. } = error(&all) else {
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
        allowed in prop::sample::subsequence(Scheme::ALL.to_vec(), 0..=8),
        size in 1usize..20,
    ) {
        let count = u8::try_from(types.len()).unwrap();
        let bytes =
            [b"RFB ", version.as_bytes(), b"\n", &[count], &types, &tail].concat();
        let whole = drive_with(&allowed, [&bytes[..]]);
        let cut = drive_with(&allowed, bytes.chunks(size));
        prop_assert_eq!(whole, cut);
    }

    /// Whatever a back end says, what is agreed is allowed.
    #[test]
    fn nothing_else_than_what_is_allowed_is_ever_agreed(
        subtypes in prop::collection::vec(prop::sample::select(vec![1u32, 2, 256, 257, 258, 259, 260, 261, 262]), 0..9),
        tail in prop::collection::vec(0u8..2, 0..30),
        allowed in prop::sample::subsequence(Scheme::ALL.to_vec(), 0..=8),
        size in 1usize..20,
    ) {
        let bytes = vencrypt(&subtypes, &tail);
        let whole = drive_with(&allowed, [&bytes[..]]);
        prop_assert_eq!(&whole, &drive_with(&allowed, bytes.chunks(size)));
        if let Some(Ok(agreed)) = whole.end {
            prop_assert!(allowed.contains(&agreed.scheme));
            let stronger = allowed.iter().filter(|scheme| **scheme > agreed.scheme);
            for scheme in stronger {
                prop_assert!(!subtypes.contains(&scheme.subtype().0));
            }
        }
    }

    #[test]
    fn garbage_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        head in 0usize..5,
        size in 1usize..20,
    ) {
        let head = [
            &b""[..],
            b"RFB 003.008\n",
            b"RFB 003.003\n",
            b"RFB 003.008\n\x01\x13\0\x02\0",
            b"RFB 003.008\n\x01\x02",
        ][head];
        let bytes = [head, &bytes].concat();
        let whole = drive_with(&Scheme::ALL, [&bytes[..]]).end;
        prop_assert_eq!(whole, drive_with(&Scheme::ALL, bytes.chunks(size)).end);
    }
}
