//! The RFB protocol (VNC) 3.3, 3.7 and 3.8, without I/O.
//!
//! This is the back end's half of the data path, after RFC 6143 and, for what came later, the
//! community's `rfbproto.rst`. A session takes the modules in this order: [`handshake`] ends the
//! security negotiation of both sides at the gateway (with what [`auth`] answers for a password), [`server_init`] brings the screen's size and
//! name, and from then on [`client_msg`] splits what the viewer sends while the server's bytes pass
//! unread. [`server_msg`] writes the few messages that a server of our own needs. [`picture`] alone decodes pixels: it takes one
//! picture of a screen.
//!
//! All numbers on the wire are big-endian (RFC 6143 section 7), pixels apart.

#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

pub mod auth;
pub mod client_msg;
pub mod encoding;
mod gather;
pub mod handshake;
mod hextile;
pub mod picture;
mod pixel;
mod security;
pub mod server_init;
pub mod server_msg;

pub use pixel::{Converter, PixelFormat, PixelFormatError};
pub use security::{Proof, Scheme, SecurityType, Subtype, Tls};

/// A part of the screen, in pixels from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Distance from the left.
    pub x: u16,
    /// Distance from the top.
    pub y: u16,
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
}
