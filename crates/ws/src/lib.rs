//! RFC 6455 WebSocket frames, server side, without I/O.
//!
//! This is the browser's half of the data path. [`handshake`] judges the upgrade request,
//! [`Deframer`] turns what one read brought into one run of payload for the back end, and
//! [`Header`] and [`ControlFrame`] put back-end bytes and answers into frames. Nothing here reads,
//! writes, waits or allocates per frame, so a relay can call it from inside `poll` with a borrowed
//! buffer.
//!
//! Only binary messages are carried, and no extension is ever negotiated: console data is
//! compressed already, and a deflate pair would cost some 300 KiB a session.

#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

pub mod close_code;
mod control;
mod deframe;
mod error;
pub mod handshake;
mod header;
mod mask;
mod write;

pub use control::{CloseFrame, ControlPayload, MAX_CONTROL};
pub use deframe::{Decoded, Deframer, End};
pub use error::FrameError;
pub use write::{ControlFrame, Header, MAX_HEADER};
