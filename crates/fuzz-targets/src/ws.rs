//! The browser's frames, and its request for an upgrade.

use oriel_ws::{Deframer, End, handshake};

use crate::cut;

/// A browser's frames.
pub fn frames(bytes: &[u8]) {
    let (size, bytes) = cut(bytes);
    let run = |size: usize| {
        let (mut deframer, mut data) = (Deframer::new(1 << 20), Vec::new());
        for piece in bytes.chunks(size) {
            let mut piece = piece.to_vec();
            let decoded = deframer.push(&mut piece);
            data.extend_from_slice(decoded.data);
            assert!(data.len() <= bytes.len());
            if let Some(end) = decoded.end {
                let reply = end.reply();
                assert!(reply.as_bytes().len() <= 127);
                if let End::Closed(close) = end {
                    assert!(close.reason().len() <= 123);
                }
                return (data, Some(end));
            }
        }
        (data, None)
    };
    assert_eq!(run(size), run(bytes.len().max(1)));
}

/// A request's headers, one a line.
pub fn upgrade(bytes: &[u8]) {
    let header = |name: &'static str| {
        bytes.split(|byte| *byte == b'\n').filter_map(move |line| {
            let at = line.iter().position(|byte| *byte == b':')?;
            let (known, value) = line.split_at(at);
            known
                .eq_ignore_ascii_case(name.as_bytes())
                .then(|| value.get(1..).unwrap_or_default())
        })
    };
    match handshake::check("GET", true, header, &["oriel.v1", "binary"]) {
        Ok(accepted) => assert!(accepted.accept.is_some_and(|accept| accept.len() == 28)),
        Err(error) => assert!((400..500).contains(&error.status())),
    }
}
