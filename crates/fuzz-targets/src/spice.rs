//! What either side of a SPICE channel's link sends.

use oriel_spice::{HEADER, MAX_MESSAGE, Reply, Request, message_length};

/// A link message: its length is known from its header alone and bounded, and what reads writes back the same.
pub fn spice(bytes: &[u8]) {
    let mut length = Ok(None);
    for end in 0..=bytes.len().min(HEADER) {
        let told = message_length(bytes.get(..end).unwrap_or_default());
        assert!(length == Ok(None) || told == length, "what is known stays so");
        length = told;
    }
    if let Ok(Some(length)) = length {
        assert!((HEADER..=MAX_MESSAGE).contains(&length));
    }
    if let Ok(request) = Request::parse(bytes) {
        assert_eq!(Request::parse(&request.to_bytes()).as_ref(), Ok(&request));
    }
    if let Ok(reply) = Reply::parse(bytes) {
        assert_eq!(Reply::parse(&reply.to_bytes()).as_ref(), Ok(&reply));
    }
}
