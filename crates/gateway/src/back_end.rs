//! The gateway's way to a back end: reach it, ask for the console, secure the connection.

mod access;
mod dial;

pub(crate) use self::access::ask;
pub(crate) use self::dial::dial;
