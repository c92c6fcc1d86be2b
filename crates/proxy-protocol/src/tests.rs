use proptest::prelude::*;

use super::*;

#[allow(clippy::unnecessary_wraps)] // what it is compared with
fn header(length: usize, source: &str) -> Result<Start, HeaderError> {
    let source = (!source.is_empty()).then(|| source.parse().unwrap());
    Ok(Start::Header { length, source })
}

/// A header of version 2.
fn v2(version: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [SIGNATURE.as_slice(), &[version, family], &length, body].concat()
}

const TCP4: [u8; 12] = [192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x90, 0x01, 0xbb];

fn tcp6(source: [u8; 16]) -> Vec<u8> {
    [source.as_slice(), &[0; 16], &[0x1f, 0x90, 0x01, 0xbb]].concat()
}

#[test]
fn version_1_names_the_client() {
    for (line, source) in [
        ("PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\n", "192.0.2.7"),
        (
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            "255.255.255.255",
        ),
        ("PROXY TCP6 2001:db8::7 ::1 8080 443\r\n", "2001:db8::7"),
        ("PROXY TCP6 ::ffff:192.0.2.7 ::1 8080 443\r\n", "192.0.2.7"),
        ("PROXY UNKNOWN\r\n", ""),
        ("PROXY UNKNOWN ffff::1 ::1 65535 65535\r\n", ""),
    ] {
        assert_eq!(parse(line.as_bytes()), header(line.len(), source), "{line}");
        let followed = [line, "GET / HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(parse(followed.as_bytes()), header(line.len(), source), "{line}");
    }
}

#[test]
fn version_2_names_the_client() {
    for (bytes, source) in [
        (v2(0x21, 0x11, &TCP4), "192.0.2.7"),
        (
            v2(0x21, 0x11, &[&TCP4[..], &[0x04, 0, 1, 0]].concat()),
            "192.0.2.7",
        ),
        (
            v2(0x21, 0x21, &tcp6([0xfd; 16])),
            "fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd",
        ),
        (v2(0x20, 0x00, &[]), ""),
        (v2(0x20, 0x11, &TCP4), ""),
        (v2(0x21, 0x00, &[1, 2, 3]), ""),
        (v2(0x21, 0x31, &[b'/'; 216]), ""),
    ] {
        assert_eq!(parse(&bytes), header(bytes.len(), source), "{bytes:x?}");
        let followed = [&bytes[..], b"\x16\x03\x01"].concat();
        assert_eq!(parse(&followed), header(bytes.len(), source), "{bytes:x?}");
    }
}

#[test]
fn every_piece_of_a_header_is_the_beginning_of_one() {
    for whole in [
        b"PROXY TCP6 2001:db8::7 ::1 8080 443\r\n".to_vec(),
        v2(0x21, 0x11, &TCP4),
        v2(0x21, 0x21, &tcp6([1; 16])),
    ] {
        for length in 1..whole.len() {
            assert_eq!(
                parse(&whole[..length]),
                Ok(Start::Partial),
                "{length} of {whole:x?}"
            );
        }
    }
}

#[test]
fn what_is_no_header_is_left_alone() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"POST / HTTP/1.1\r\n",
        b"PROXY\tTCP4 1.2.3.4",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"\r\n\r\nGET / HTTP/1.1",
        b"\0",
    ] {
        assert_eq!(parse(bytes), Ok(Start::Other), "{bytes:x?}");
    }
}

#[test]
fn a_broken_header_is_an_error() {
    for line in [
        "PROXY \r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n",
        "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n",
        "PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n\r\n",
        "PROXY \u{fc}\r\n",
    ] {
        assert_eq!(parse(line.as_bytes()), Err(HeaderError::Line), "{line:?}");
    }
    assert_eq!(
        parse(&[b"PROXY ".as_slice(), &[b'x'; 101]].concat()),
        Err(HeaderError::TooLong)
    );
    // The line's end is the 107th byte and the one after it.
    let late = [b"PROXY UNKNOWN".as_slice(), &[b' '; 93], b"\r\n"].concat();
    assert_eq!(parse(&late), Err(HeaderError::TooLong));

    let mut long = v2(0x21, 0x11, &TCP4);
    long[14..16].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(parse(&long), Err(HeaderError::TooLong));
    assert_eq!(parse(&v2(0x21, 0x11, &TCP4[..11])), Err(HeaderError::Short));
    assert_eq!(parse(&v2(0x21, 0x21, &TCP4)), Err(HeaderError::Short));
    for (version, family) in [
        (0x11, 0x11),
        (0x31, 0x11),
        (0x22, 0x11),
        (0x21, 0x12),
        (0x21, 0x41),
        (0x21, 0xff),
    ] {
        assert_eq!(
            parse(&v2(version, family, &TCP4)),
            Err(HeaderError::Kind),
            "{version:x} {family:x}"
        );
    }
}

/// Bytes that get past the first checks.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let any = || prop::collection::vec(any::<u8>(), 0..300);
    let words = prop::collection::vec("TCP4|TCP6|UNKNOWN|[0-9a-f.:]{0,9}|\r\n| ", 0..12);
    prop_oneof![
        any(),
        words.prop_map(|words| ["PROXY ", &words.join(" ")].concat().into_bytes()),
        any().prop_map(|body| [SIGNATURE.as_slice(), &body].concat()),
        (
            0x1f..0x23u8,
            prop::sample::select(vec![0x00, 0x11, 0x21, 0x31, 0x99]),
            any()
        )
            .prop_map(|(version, family, body)| v2(version, family, &body)),
    ]
}

proptest! {
    #[test]
    fn nothing_breaks_it_and_more_bytes_never_change_its_mind(bytes in nearly(), more in nearly()) {
        let first = parse(&bytes);
        if let Ok(Start::Header { length, .. }) = first {
            prop_assert!(length <= bytes.len() && length <= MAX_V2);
            prop_assert_eq!(parse(&bytes[..length]), first);
        }
        if first != Ok(Start::Partial) && !bytes.is_empty() {
            prop_assert_eq!(parse(&[bytes.as_slice(), &more].concat()), first);
        } else if bytes.len() > MAX_V2 {
            prop_assert!(false, "it would be waited for without end");
        }
    }

    #[test]
    fn any_address_survives(v4 in any::<[u8; 4]>(), v6 in any::<[u8; 16]>(), port in any::<u16>()) {
        let (v4, v6) = (Ipv4Addr::from(v4), Ipv6Addr::from(v6));
        let line = format!("PROXY TCP4 {v4} 10.0.0.1 {port} 443\r\n");
        prop_assert_eq!(parse(line.as_bytes()), header(line.len(), &v4.to_string()));
        let source = IpAddr::from(v6).to_canonical().to_string();
        let line = format!("PROXY TCP6 {v6} ::1 {port} 443\r\n");
        prop_assert_eq!(parse(line.as_bytes()), header(line.len(), &source));
        let binary = v2(0x21, 0x21, &tcp6(v6.octets()));
        prop_assert_eq!(parse(&binary), header(binary.len(), &source));
    }
}
