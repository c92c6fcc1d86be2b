//! What a serial line's Telnet server sends.

use oriel_telnet::Telnet;

use crate::cut;

/// A Telnet server: the line's bytes and the answers are the same however its own are cut, and never more than those.
pub fn telnet(bytes: &[u8]) {
    let (size, bytes) = cut(bytes);
    let whole = decode(bytes.chunks(bytes.len().max(1)));
    assert_eq!(decode(bytes.chunks(size)), whole);
    let (data, reply) = whole;
    assert!(data.len() <= bytes.len() && reply.len() <= bytes.len());
}

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<u8>) {
    let (mut telnet, mut data, mut reply) = (Telnet::new(), Vec::new(), Vec::new());
    for piece in pieces {
        telnet.decode(piece, &mut data, &mut reply);
    }
    (data, reply)
}
