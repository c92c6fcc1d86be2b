//! The server's role, toward the browser.

use super::{VERSION_3_8, may_be_version, parse_version, reason_bytes};
use crate::SecurityType;
use crate::gather::{Gather, front};

#[cfg(test)]
mod tests;

/// The opening of one viewer's session, up to and with its `ClientInit`.
///
/// The viewer sees `RFB 003.008` and exactly one security type, None. Each message to send must be
/// a WebSocket frame of its own, since the simplest clients read the handshake frame by frame.
#[derive(Debug)]
pub struct Viewer {
    state: State,
}

#[derive(Debug)]
enum State {
    Greeting,
    Version(Gather<12>),
    Choice,
    ClientInit,
    Over,
}

/// What to do next for the viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewerStep {
    /// Read more bytes from the viewer; all those given were taken.
    Need,
    /// Send this as one message, then feed again.
    Send(&'static [u8]),
    /// `ClientInit` has come; what is left of the bytes is for the relay.
    Done {
        /// The viewer would share the screen with others (RFC 6143 section 7.3.1). It is for the
        /// log alone: the gateway always asks the back end to share.
        shared: bool,
    },
}

/// Why a viewer's opening failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ViewerError {
    /// The first bytes are no RFB version.
    #[error("the viewer does not speak RFB")]
    NotRfb,
    /// The viewer answered with another version than 3.8.
    #[error("only RFB 3.8 is spoken here, not {major}.{minor}")]
    Version {
        /// The major number.
        major: u16,
        /// The minor number.
        minor: u16,
    },
    /// The viewer chose a security type that was not offered.
    #[error("only the security type None (1) is offered here, not {0}")]
    Security(SecurityType),
}

impl ViewerError {
    /// What to send as one message before the connection is closed: the failure with its reason, in
    /// the shape that the viewer's version has for it. Empty if the viewer would not understand it.
    pub fn farewell(&self) -> Vec<u8> {
        match self {
            Self::NotRfb => Vec::new(),
            // Before 3.7 the server alone names the type, in 32 bits (RFC 6143 appendix A.1).
            Self::Version {
                major: 0..=3,
                minor: 0..=6,
            } => failure(&[0; 4], &self.to_string()),
            Self::Version { .. } => failure(&[0], &self.to_string()),
            Self::Security(_) => failure(&1u32.to_be_bytes(), &self.to_string()),
        }
    }
}

impl Viewer {
    /// A viewer that has not been spoken to.
    pub const fn new() -> Self {
        Self {
            state: State::Greeting,
        }
    }

    /// Takes bytes of the viewer off the front of `input` and says what to do next.
    ///
    /// After [`ViewerStep::Done`] or an error nothing more is taken. At most 12 bytes are kept.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<ViewerStep, ViewerError> {
        match &mut self.state {
            State::Greeting => {
                self.state = State::Version(Gather::new());
                Ok(ViewerStep::Send(VERSION_3_8))
            }
            State::Version(gather) => {
                let Some(version) = gather.take(input) else {
                    return if may_be_version(gather.so_far()) {
                        Ok(ViewerStep::Need)
                    } else {
                        self.fail(ViewerError::NotRfb)
                    };
                };
                match parse_version(&version) {
                    Some((3, 8)) => {
                        self.state = State::Choice;
                        Ok(ViewerStep::Send(&[1, SecurityType::NONE.0]))
                    }
                    Some((major, minor)) => self.fail(ViewerError::Version { major, minor }),
                    None => self.fail(ViewerError::NotRfb),
                }
            }
            State::Choice => match front(input, 1) {
                [] => Ok(ViewerStep::Need),
                [choice, ..] if *choice == SecurityType::NONE.0 => {
                    self.state = State::ClientInit;
                    Ok(ViewerStep::Send(&[0, 0, 0, 0]))
                }
                [choice, ..] => self.fail(ViewerError::Security(SecurityType(*choice))),
            },
            State::ClientInit => match front(input, 1) {
                [] => Ok(ViewerStep::Need),
                [shared, ..] => {
                    self.state = State::Over;
                    Ok(ViewerStep::Done { shared: *shared != 0 })
                }
            },
            State::Over => Ok(ViewerStep::Need),
        }
    }

    /// What to send as one message to a viewer that must go for a reason of ours, such as a back
    /// end that refused. Of `reason`, the first 256 bytes are sent.
    ///
    /// Empty where the protocol has no place for it: before the viewer's version has come, and once
    /// it was told that all is well.
    pub fn refuse(&mut self, reason: &str) -> Vec<u8> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Choice => failure(&1u32.to_be_bytes(), reason),
            State::Greeting | State::Version(_) | State::ClientInit | State::Over => Vec::new(),
        }
    }

    fn fail(&mut self, error: ViewerError) -> Result<ViewerStep, ViewerError> {
        self.state = State::Over;
        Err(error)
    }
}

impl Default for Viewer {
    fn default() -> Self {
        Self::new()
    }
}

/// A failure: a code, or no security types at all, and the reason (RFC 6143 sections 7.1.2, 7.1.3).
fn failure(code: &[u8], reason: &str) -> Vec<u8> {
    [code, &reason_bytes(reason)].concat()
}
