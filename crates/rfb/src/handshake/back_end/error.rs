//! Why a back end cannot be used, in words for the log.

use crate::{Scheme, SecurityType, Subtype};

/// The longest reason taken from a back end, in bytes. The protocol would allow 4 GiB.
pub const MAX_REASON: usize = 256;

/// Why the opening of a back end failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackEndError {
    /// What it sent is not RFB.
    #[error("the back end does not speak RFB")]
    NotRfb,
    /// It names a version before 3.3, as a repeater does with 0.0.
    #[error("the back end speaks RFB {major}.{minor}, which is older than any known here")]
    Version {
        /// The major number.
        major: u16,
        /// The minor number.
        minor: u16,
    },
    /// None of its security types leads to a scheme that may be used.
    #[error("the back end offers {}; what may be used is {}", list(.offered), list(.allowed))]
    SecurityUnsupported {
        /// What it offers: 1 to 255 types.
        offered: Vec<SecurityType>,
        /// What may be used.
        allowed: Vec<Scheme>,
    },
    /// None of its `VeNCrypt` subtypes is a scheme that may be used.
    #[error("the back end offers VeNCrypt with {}; what may be used is {}", list(.offered), list(.allowed))]
    SubtypesUnsupported {
        /// What it offers: up to 255 subtypes.
        offered: Vec<Subtype>,
        /// What may be used.
        allowed: Vec<Scheme>,
    },
    /// It speaks no `VeNCrypt` that is known here.
    #[error("the back end speaks VeNCrypt {major}.{minor}; only 0.2 is known here")]
    VencryptVersion {
        /// The major number.
        major: u8,
        /// The minor number.
        minor: u8,
    },
    /// It offered `VeNCrypt` and then would not go on with it: its TLS is often not set up.
    #[error("the back end offers {0} and then refuses it: is its TLS set up?")]
    VencryptRefused(&'static str),
    /// It turned the gateway down. The reason is the back end's own text, with control characters
    /// as blanks, of at most 256 bytes as sent; it may be empty.
    #[error("the back end refused: {}", words(.reason))]
    Refused {
        /// Its words, for the log and not for the page.
        reason: String,
    },
    /// It did not take the password.
    #[error(
        "the back end did not take the password, which may be wrong, expired, or not set there: {}",
        words(.reason)
    )]
    PasswordRefused {
        /// Its words, for the log and not for the page.
        reason: String,
    },
    /// It closed the connection during the handshake.
    #[error("the back end closed the connection during the handshake")]
    Closed,
}

/// The text goes to a log, where a line break of the back end's would forge a line.
pub(super) fn clean(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>();
    text.trim().to_owned()
}

fn words(reason: &str) -> &str {
    if reason.is_empty() {
        "no reason given"
    } else {
        reason
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    if items.is_empty() {
        return "nothing".to_owned();
    }
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
