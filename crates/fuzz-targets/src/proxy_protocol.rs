//! The header of the PROXY protocol.

use oriel_proxy_protocol::{MAX_V2, Start, parse};

/// The first bytes of a trusted proxy's connection, as far as they have come.
pub fn proxy_header(bytes: &[u8]) {
    let whole = parse(bytes);
    assert!(
        whole != Ok(Start::Partial) || bytes.len() < MAX_V2,
        "more is waited for without end"
    );
    if let Ok(Start::Header { length, .. }) = whole {
        assert!(length <= bytes.len() && length <= MAX_V2);
        assert_eq!(parse(&bytes[..length]), whole);
    }
    for length in 1..bytes.len().min(64) {
        let told = parse(&bytes[..length]);
        assert!(
            told == Ok(Start::Partial) || told == whole,
            "more bytes changed its mind"
        );
    }
}
