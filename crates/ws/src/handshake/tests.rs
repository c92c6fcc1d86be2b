use super::*;

const GOOD: &[(&str, &str)] = &[
    ("upgrade", "websocket"),
    ("connection", "Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];
const OURS: &[&str] = &["oriel.v1", "binary"];

fn ask(headers: &[(&str, &str)]) -> Result<Accepted, HandshakeError> {
    let header = |name| {
        headers
            .iter()
            .filter(move |(n, _)| *n == name)
            .map(|(_, value)| value.as_bytes())
    };
    check("GET", true, header, OURS)
}

/// The good request with one header field left out and others put in.
fn with(out: &str, more: &[(&'static str, &'static str)]) -> Result<Accepted, HandshakeError> {
    let kept = GOOD.iter().filter(|(name, _)| *name != out);
    ask(&kept.chain(more).copied().collect::<Vec<_>>())
}

#[test]
fn the_rfc_example() {
    assert_eq!(
        accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    let accepted = ask(GOOD).unwrap();
    assert_eq!(accepted.accept.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(accepted.subprotocol, None);
}

#[test]
fn an_ordinary_request_is_told_from_a_bad_upgrade() {
    assert_eq!(with("upgrade", &[]), Err(HandshakeError::NotWebSocket));
    assert_eq!(
        with("upgrade", &[("upgrade", "h2c")]),
        Err(HandshakeError::NotWebSocket)
    );
    let none = |_| std::iter::empty();
    assert_eq!(
        check("POST", false, none, OURS),
        Err(HandshakeError::NotWebSocket)
    );
}

#[test]
fn tokens_are_found_in_lists_in_any_case() {
    assert!(with("upgrade", &[("upgrade", "h2c, WebSocket")]).is_ok());
    assert!(with("upgrade", &[("upgrade", "h2c"), ("upgrade", "websocket")]).is_ok());
    assert!(with("connection", &[("connection", "keep-alive, Upgrade")]).is_ok());
    assert!(with("connection", &[("connection", "keep-alive")]).is_err());
    assert_eq!(with("connection", &[]), Err(HandshakeError::Connection));
    assert_eq!(
        with("connection", &[("connection", "upgrades")]),
        Err(HandshakeError::Connection)
    );
}

#[test]
fn only_get_over_http_1_1() {
    let header = |name| {
        GOOD.iter()
            .filter(move |(n, _)| *n == name)
            .map(|(_, value)| value.as_bytes())
    };
    assert_eq!(check("POST", true, header, OURS), Err(HandshakeError::Method));
    assert_eq!(check("get", true, header, OURS), Err(HandshakeError::Method));
    assert_eq!(
        check("GET", false, header, OURS),
        Err(HandshakeError::HttpVersion)
    );
}

#[test]
fn versions_13_and_8_once() {
    const NAME: &str = "sec-websocket-version";
    assert!(with(NAME, &[(NAME, "8")]).is_ok());
    assert!(with(NAME, &[(NAME, " 13 ")]).is_ok());
    for bad in ["7", "12", "14", "013", "", "13, 8"] {
        assert_eq!(
            with(NAME, &[(NAME, bad)]),
            Err(HandshakeError::Version),
            "{bad:?}"
        );
    }
    assert_eq!(with(NAME, &[]), Err(HandshakeError::Version));
    assert_eq!(with("", &[(NAME, "13")]), Err(HandshakeError::Version));
    assert_eq!(HandshakeError::Version.status(), 426);
}

#[test]
fn a_key_is_16_bytes_once() {
    const NAME: &str = "sec-websocket-key";
    for good in ["AAAAAAAAAAAAAAAAAAAAAA==", "++++////++++////++++//=="] {
        assert!(with(NAME, &[(NAME, good)]).is_ok(), "{good:?}");
    }
    for bad in [
        "",
        "==",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZQAA",
        "dGhlIHNhbXBsZSBub25j====",
        "dGhlIHNhbXBsZSBub25j-_==",
        "AAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "SGVsbG8sIHdvcmxkIQ==",
    ] {
        assert_eq!(with(NAME, &[(NAME, bad)]), Err(HandshakeError::Key), "{bad:?}");
    }
    assert_eq!(with(NAME, &[]), Err(HandshakeError::Key));
    assert_eq!(with("", &[GOOD[3]]), Err(HandshakeError::Key));
}

#[test]
fn our_best_subprotocol_of_those_offered() {
    const NAME: &str = "sec-websocket-protocol";
    for (offers, chosen) in [
        (&["binary"][..], Ok(Some("binary"))),
        (&["binary, base64"], Ok(Some("binary"))),
        (&["base64 ,\tbinary "], Ok(Some("binary"))),
        (&["base64,binary"], Ok(Some("binary"))),
        (&["binary, oriel.v1"], Ok(Some("oriel.v1"))),
        (&["oriel.v1, binary"], Ok(Some("oriel.v1"))),
        (&["binary", "oriel.v1"], Ok(Some("oriel.v1"))),
        (&["chat"], Err(HandshakeError::Subprotocol)),
        // Names are compared as they are (RFC 6455 section 4.2.2).
        (&["Binary"], Err(HandshakeError::Subprotocol)),
        (&[""], Ok(None)),
        (&[","], Ok(None)),
        (&[], Ok(None)),
    ] {
        let headers: Vec<_> = offers.iter().map(|offer| (NAME, *offer)).collect();
        assert_eq!(with("", &headers).map(|a| a.subprotocol), chosen, "{offers:?}");
    }
}
