//! Version and security (RFC 6143 sections 7.1 and 7.2), once in each role.
//!
//! The gateway ends both negotiations: to the browser it is a server that asks for nothing
//! ([`Viewer`]), since the console token was the proof; to the hypervisor it is a client
//! ([`BackEnd`]) that uses the strongest scheme that both know and the operator allows. So no secret
//! of the back end ever reaches a page.
//!
//! Both are driven in the same way. `feed` takes from the front of the bytes given and returns one
//! step; the driver does it and calls again with what is left, until a step asks for more bytes.
//! An empty first call starts the side that speaks first. Time limits are the driver's.

mod back_end;
mod viewer;

pub use back_end::{Agreed, BackEnd, BackEndError, BackEndStep, Demand, MAX_REASON, Version};
pub use viewer::{Viewer, ViewerError, ViewerStep};

/// What every version message begins with (RFC 6143 section 7.1.1).
const MAGIC: &[u8] = b"RFB ";

/// The version that the gateway speaks to browsers, and to back ends if they can.
const VERSION_3_8: &[u8; 12] = b"RFB 003.008\n";

/// Whether the front of a version message can still become one.
fn may_be_version(so_far: &[u8]) -> bool {
    so_far.iter().zip(MAGIC).all(|(a, b)| a == b)
}

/// The major and minor number of a version message (RFC 6143 section 7.1.1).
fn parse_version(message: &[u8; 12]) -> Option<(u16, u16)> {
    let [b'R', b'F', b'B', b' ', major @ .., b'.', a, b, c, b'\n'] = message else {
        return None;
    };
    Some((number(*major)?, number([*a, *b, *c])?))
}

fn number(digits: [u8; 3]) -> Option<u16> {
    digits.into_iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u16::from(digit - b'0'))
    })
}

/// A reason as it stands on the wire: length in 32 bits, text (RFC 6143 section 7.1.2).
fn reason_bytes(reason: &str) -> Vec<u8> {
    let reason = reason
        .get(..reason.floor_char_boundary(MAX_REASON))
        .unwrap_or_default();
    let len = u32::try_from(reason.len()).unwrap_or_default();
    [&len.to_be_bytes(), reason.as_bytes()].concat()
}
