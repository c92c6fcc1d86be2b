//! One function for each parser of what strangers send. Each takes any bytes and panics if the parser breaks a promise:
//! that it never panics, ends, takes no more than there is, and says the same however the bytes are cut.
//!
//! `fuzz/` runs them under cargo-fuzz for as long as one likes; the tests here run each some thousand times on the same
//! mutations in every run.

#![expect(clippy::missing_panics_doc, reason = "to panic is how a target tells")]

mod gateway;
mod proxy_protocol;
mod rfb;
mod spice;
mod telnet;
mod ws;

#[cfg(test)]
mod tests;

pub use gateway::rules;
pub use proxy_protocol::proxy_header;
pub use rfb::{back_end, client_messages, framer, painter, server_init, viewer};
pub use spice::spice;
pub use telnet::telnet;
pub use ws::{frames, upgrade};

/// The first byte decides how the rest is cut: into pieces of this size.
fn cut(bytes: &[u8]) -> (usize, &[u8]) {
    match bytes {
        [size, rest @ ..] => (usize::from(*size).max(1), rest),
        [] => (1, bytes),
    }
}
