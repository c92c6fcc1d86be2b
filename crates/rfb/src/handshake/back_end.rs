//! The client's role, toward the hypervisor.

use std::borrow::Cow;

use super::{VERSION_3_8, may_be_version, parse_version};
use crate::SecurityType;
use crate::gather::{Gather, front};

#[cfg(test)]
mod tests;

/// The longest reason taken from a back end, in bytes. The protocol would allow 4 GiB.
pub const MAX_REASON: usize = 256;

/// The opening of one back end, up to where `ClientInit` is sent.
///
/// Each state names what is read next, and every secret-bearing scheme that is added gets states of
/// its own behind the choice of the type. Nothing is kept but the field that is coming in, at most
/// 256 bytes.
#[derive(Debug)]
pub struct BackEnd {
    version: Version,
    state: State,
}

#[derive(Debug)]
enum State {
    Version(Gather<12>),
    /// 3.3: the server decides, in 32 bits.
    TypeWord(Gather<4>),
    /// 3.7 on: the server offers a list.
    TypeCount,
    Types {
        left: usize,
        offered: Vec<SecurityType>,
    },
    /// 3.8: the outcome comes even where nothing was checked.
    SecurityResult(Gather<4>),
    ReasonLength(Gather<4>),
    Reason {
        left: usize,
        text: Vec<u8>,
    },
    Agreed,
    Over,
}

/// The version that both sides speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 3.3, and everything older than 3.7 (RFC 6143 appendix A).
    V3_3,
    /// 3.7.
    V3_7,
    /// 3.8, and everything that calls itself newer.
    V3_8,
}

impl Version {
    /// What to answer to a server's version; none if it is older than any RFB in use.
    fn agreed(major: u16, minor: u16) -> Option<Self> {
        match (major, minor) {
            (3, 3..=6) => Some(Self::V3_3),
            (3, 7) => Some(Self::V3_7),
            // Apple says 3.889, RealVNC 4.1 and 5.0: all go on as 3.8.
            (3, 8..) | (4.., _) => Some(Self::V3_8),
            _ => None,
        }
    }

    fn message(self) -> &'static [u8] {
        match self {
            Self::V3_3 => b"RFB 003.003\n",
            Self::V3_7 => b"RFB 003.007\n",
            Self::V3_8 => VERSION_3_8,
        }
    }
}

/// What was agreed with a back end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// The version.
    pub version: Version,
    /// The security type.
    pub security: SecurityType,
}

/// What to do next for the back end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackEndStep {
    /// Read more bytes from the back end; all those given were taken.
    Need,
    /// Send this, then feed again.
    Send(Cow<'static, [u8]>),
    /// Go on with [`client_init`](crate::server_init::client_init); what is left of the bytes comes
    /// after the handshake.
    Done(Agreed),
}

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
    /// It asks for security that is not spoken here.
    #[error("the back end offers no security type that is spoken here, only {}", list(.offered))]
    SecurityUnsupported {
        /// What it offers: 1 to 255 types.
        offered: Vec<SecurityType>,
    },
    /// It turned the gateway down. The reason is the back end's own text, with control characters
    /// as blanks, of at most 256 bytes as sent; it may be empty.
    #[error("the back end refused: {}", if .reason.is_empty() { "no reason given" } else { .reason })]
    Refused {
        /// Its words, for the log and not for the page.
        reason: String,
    },
    /// It closed the connection during the handshake.
    #[error("the back end closed the connection during the handshake")]
    Closed,
}

impl BackEnd {
    /// A back end that has just been connected. It speaks first.
    pub const fn new() -> Self {
        Self {
            version: Version::V3_8,
            state: State::Version(Gather::new()),
        }
    }

    /// Takes bytes of the back end off the front of `input` and says what to do next.
    ///
    /// After [`BackEndStep::Done`] or an error nothing more is taken.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<BackEndStep, BackEndError> {
        let step = self.step(input);
        if step.is_err() {
            self.state = State::Over;
        }
        step
    }

    /// The error for a back end that closed the connection before [`BackEndStep::Done`]: a reason
    /// that it had begun to give is not lost.
    pub fn closed(&self) -> BackEndError {
        match &self.state {
            State::ReasonLength(_) => refused(&[]),
            State::Reason { text, .. } => refused(text),
            _ => BackEndError::Closed,
        }
    }

    fn step(&mut self, input: &mut &[u8]) -> Result<BackEndStep, BackEndError> {
        // A turn without an answer goes on to the next field of the same bytes.
        loop {
            match &mut self.state {
                State::Version(gather) => {
                    let Some(message) = gather.take(input) else {
                        return if may_be_version(gather.so_far()) {
                            Ok(BackEndStep::Need)
                        } else {
                            Err(BackEndError::NotRfb)
                        };
                    };
                    return self.version(&message);
                }
                State::TypeWord(gather) => {
                    let Some(word) = gather.take(input) else {
                        return Ok(BackEndStep::Need);
                    };
                    self.type_word(u32::from_be_bytes(word))?;
                }
                State::TypeCount => match front(input, 1) {
                    [] => return Ok(BackEndStep::Need),
                    [0, ..] => self.state = State::ReasonLength(Gather::new()),
                    [count, ..] => {
                        self.state = State::Types {
                            left: (*count).into(),
                            offered: Vec::new(),
                        };
                    }
                },
                State::Types { left, offered } => {
                    let part = front(input, *left);
                    offered.extend(part.iter().copied().map(SecurityType));
                    *left -= part.len();
                    if *left > 0 {
                        return Ok(BackEndStep::Need);
                    }
                    let offered = std::mem::take(offered);
                    return self.choose(offered);
                }
                State::SecurityResult(gather) => {
                    let Some(result) = gather.take(input) else {
                        return Ok(BackEndStep::Need);
                    };
                    self.state = match u32::from_be_bytes(result) {
                        0 => State::Agreed,
                        _ => State::ReasonLength(Gather::new()),
                    };
                }
                State::ReasonLength(gather) => {
                    let Some(len) = gather.take(input) else {
                        return Ok(BackEndStep::Need);
                    };
                    let len = usize::try_from(u32::from_be_bytes(len)).unwrap_or(MAX_REASON);
                    self.state = State::Reason {
                        left: len.min(MAX_REASON),
                        text: Vec::new(),
                    };
                }
                State::Reason { left, text } => {
                    let part = front(input, *left);
                    text.extend_from_slice(part);
                    *left -= part.len();
                    return if *left > 0 {
                        Ok(BackEndStep::Need)
                    } else {
                        Err(refused(text))
                    };
                }
                State::Agreed => {
                    self.state = State::Over;
                    return Ok(BackEndStep::Done(Agreed {
                        version: self.version,
                        security: SecurityType::NONE,
                    }));
                }
                State::Over => return Ok(BackEndStep::Need),
            }
        }
    }

    /// RFC 6143 section 7.1.1.
    fn version(&mut self, message: &[u8; 12]) -> Result<BackEndStep, BackEndError> {
        let (major, minor) = parse_version(message).ok_or(BackEndError::NotRfb)?;
        self.version = Version::agreed(major, minor).ok_or(BackEndError::Version { major, minor })?;
        self.state = match self.version {
            Version::V3_3 => State::TypeWord(Gather::new()),
            Version::V3_7 | Version::V3_8 => State::TypeCount,
        };
        Ok(BackEndStep::Send(self.version.message().into()))
    }

    /// RFC 6143 appendix A.1: no choice is sent, and None has no outcome.
    fn type_word(&mut self, word: u32) -> Result<(), BackEndError> {
        self.state = match u8::try_from(word).map(SecurityType) {
            Ok(SecurityType(0)) => State::ReasonLength(Gather::new()),
            Ok(SecurityType::NONE) => State::Agreed,
            Ok(other) => {
                return Err(BackEndError::SecurityUnsupported { offered: vec![other] });
            }
            Err(_) => return Err(BackEndError::NotRfb),
        };
        Ok(())
    }

    /// RFC 6143 section 7.1.2; in 3.7, None has no outcome (appendix A.2).
    fn choose(&mut self, offered: Vec<SecurityType>) -> Result<BackEndStep, BackEndError> {
        if !offered.contains(&SecurityType::NONE) {
            return Err(BackEndError::SecurityUnsupported { offered });
        }
        self.state = match self.version {
            Version::V3_3 | Version::V3_7 => State::Agreed,
            Version::V3_8 => State::SecurityResult(Gather::new()),
        };
        Ok(BackEndStep::Send(vec![SecurityType::NONE.0].into()))
    }
}

impl Default for BackEnd {
    fn default() -> Self {
        Self::new()
    }
}

/// The text goes to a log, where a line break of the back end's would forge a line.
fn refused(text: &[u8]) -> BackEndError {
    let text = String::from_utf8_lossy(text);
    let reason = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>();
    BackEndError::Refused {
        reason: reason.trim().to_owned(),
    }
}

fn list(types: &[SecurityType]) -> String {
    types
        .iter()
        .map(SecurityType::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
