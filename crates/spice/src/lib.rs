//! The link of a SPICE channel, in both roles, without I/O.
//!
//! A SPICE client opens a connection for each channel: main, display, inputs, cursor and more. Each begins with the same
//! four messages, of which all numbers are little-endian: what the client wants ([`Request`]), what the server answers
//! ([`Reply`]), a password that is encrypted with a key from that answer ([`ticket`]), and a result. From then on the
//! bytes are the channel's own, and nothing here reads them.
//!
//! The gateway is a server to the page and a client to the hypervisor, so that the page needs no password and the two
//! agree on how the bytes behind the link are to be read. Source: the header files of spice-protocol
//! (`spice/protocol.h`, `spice/enums.h`, `spice/error_codes.h`).

#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod capabilities;
mod channel;
mod link;
pub mod ticket;

pub use capabilities::{Capabilities, common};
pub use channel::Channel;
pub use link::{HEADER, LinkError, MAX_MESSAGE, PUBLIC_KEY, Reply, Request, Status, message_length};
