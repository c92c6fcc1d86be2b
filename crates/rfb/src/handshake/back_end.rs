//! The client's role, toward the hypervisor.

use std::borrow::Cow;

use super::{VERSION_3_8, may_be_version, parse_version};
use crate::gather::{Gather, front};
use crate::{Proof, Scheme, SecurityType, Subtype, Tls};

mod error;
#[cfg(test)]
mod tests;

use error::clean;
pub use error::{BackEndError, MAX_REASON};

/// The opening of one back end, up to where `ClientInit` is sent.
///
/// Each state names what is read next. No secret comes in here: where one is needed, the step
/// [`BackEndStep::Prove`] asks the driver to send it. Nothing is kept but the field that is coming
/// in, at most 1 KiB.
#[derive(Debug)]
pub struct BackEnd {
    version: Version,
    /// What may be used: anything else is refused, whatever the back end says.
    allowed: Vec<Scheme>,
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
    /// The newest `VeNCrypt` that the server speaks.
    VencryptVersion(Gather<2>),
    /// Whether it goes on with the version that it was answered: 0 if so.
    VencryptVersionTaken,
    SubtypeCount,
    Subtypes {
        left: usize,
        word: Gather<4>,
        offered: Vec<Subtype>,
    },
    /// Whether it goes on with the subtype that it was answered: 1 if so, unlike the other.
    SubtypeTaken(Scheme, Tls),
    /// The line is secured, or needs no securing.
    Secured(Scheme),
    Challenge(Scheme, Gather<16>),
    SecurityResult(Scheme, Gather<4>),
    ReasonLength(About, Gather<4>),
    Reason {
        about: About,
        left: usize,
        text: Vec<u8>,
    },
    Agreed(Scheme),
    Over,
}

/// What a back end that refuses gives its reason for.
#[derive(Debug, Clone, Copy)]
enum About {
    Connection,
    Password,
}

impl About {
    fn error(self, text: &[u8]) -> BackEndError {
        let reason = clean(text);
        match self {
            Self::Connection => BackEndError::Refused { reason },
            Self::Password => BackEndError::PasswordRefused { reason },
        }
    }
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
    /// How the connection is secured.
    pub scheme: Scheme,
}

/// What a back end wants to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// The [answer](crate::auth::vnc_answer) to this challenge.
    Challenge([u8; 16]),
    /// User name and password, [as they are](crate::auth::plain).
    Plain,
}

/// What to do next for the back end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackEndStep {
    /// Read more bytes from the back end; all those given were taken.
    Need,
    /// Send this, then feed again.
    Send(Cow<'static, [u8]>),
    /// Begin TLS as its client, then feed again with what comes inside. A back end says nothing more
    /// before it: if bytes are left, somebody else put them there.
    StartTls(Tls),
    /// Send what is demanded, then feed again.
    Prove(Demand),
    /// Go on with [`client_init`](crate::server_init::client_init); what is left of the bytes comes
    /// after the handshake.
    Done(Agreed),
}

impl BackEnd {
    /// A back end that has just been connected, and how it may be secured. It speaks first.
    pub fn new(allowed: impl IntoIterator<Item = Scheme>) -> Self {
        Self {
            version: Version::V3_8,
            allowed: allowed.into_iter().collect(),
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

    /// Whether the back end was asked for no more than to go on without security: `ClientInit` may then
    /// be sent with the choice, ahead of an outcome that can hardly be bad.
    pub fn may_begin(&self) -> bool {
        matches!(
            self.state,
            State::Secured(Scheme::None) | State::SecurityResult(Scheme::None, _)
        )
    }

    /// The error for a back end that closed the connection before [`BackEndStep::Done`]: a reason
    /// that it had begun to give is not lost.
    pub fn closed(&self) -> BackEndError {
        match &self.state {
            State::ReasonLength(about, _) => about.error(&[]),
            State::Reason { about, text, .. } => about.error(text),
            _ => BackEndError::Closed,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one state after the other, as they come")]
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
                    [0, ..] => self.state = State::ReasonLength(About::Connection, Gather::new()),
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
                    return self.choose_type(offered);
                }
                State::VencryptVersion(gather) => {
                    let Some([major, minor]) = gather.take(input) else {
                        return Ok(BackEndStep::Need);
                    };
                    if (major, minor) < (0, 2) {
                        return Err(BackEndError::VencryptVersion { major, minor });
                    }
                    self.state = State::VencryptVersionTaken;
                    return Ok(BackEndStep::Send([0, 2].as_slice().into()));
                }
                State::VencryptVersionTaken => match front(input, 1) {
                    [] => return Ok(BackEndStep::Need),
                    [0, ..] => self.state = State::SubtypeCount,
                    _ => return Err(BackEndError::VencryptRefused("VeNCrypt")),
                },
                State::SubtypeCount => match front(input, 1) {
                    [] => return Ok(BackEndStep::Need),
                    [count, ..] => {
                        self.state = State::Subtypes {
                            left: (*count).into(),
                            word: Gather::new(),
                            offered: Vec::new(),
                        };
                    }
                },
                State::Subtypes { left, word, offered } => {
                    while *left > 0 {
                        let Some(subtype) = word.take(input) else {
                            return Ok(BackEndStep::Need);
                        };
                        offered.push(Subtype(u32::from_be_bytes(subtype)));
                        *word = Gather::new();
                        *left -= 1;
                    }
                    let offered = std::mem::take(offered);
                    return self.choose_subtype(offered);
                }
                State::SubtypeTaken(scheme, tls) => match front(input, 1) {
                    [] => return Ok(BackEndStep::Need),
                    [1, ..] => {
                        let tls = *tls;
                        self.state = State::Secured(*scheme);
                        return Ok(BackEndStep::StartTls(tls));
                    }
                    _ => return Err(BackEndError::VencryptRefused("VeNCrypt with TLS")),
                },
                State::Secured(scheme) => {
                    let scheme = *scheme;
                    match scheme.proof() {
                        Proof::Nothing => self.state = self.after_no_proof(scheme),
                        Proof::Vnc => self.state = State::Challenge(scheme, Gather::new()),
                        Proof::Plain => {
                            self.state = State::SecurityResult(scheme, Gather::new());
                            return Ok(BackEndStep::Prove(Demand::Plain));
                        }
                    }
                }
                State::Challenge(scheme, gather) => {
                    let Some(challenge) = gather.take(input) else {
                        return Ok(BackEndStep::Need);
                    };
                    self.state = State::SecurityResult(*scheme, Gather::new());
                    return Ok(BackEndStep::Prove(Demand::Challenge(challenge)));
                }
                State::SecurityResult(scheme, gather) => {
                    let Some(result) = gather.take(input) else {
                        return Ok(BackEndStep::Need);
                    };
                    let scheme = *scheme;
                    self.security_result(scheme, u32::from_be_bytes(result))?;
                }
                State::ReasonLength(about, gather) => {
                    let Some(len) = gather.take(input) else {
                        return Ok(BackEndStep::Need);
                    };
                    let len = usize::try_from(u32::from_be_bytes(len)).unwrap_or(MAX_REASON);
                    self.state = State::Reason {
                        about: *about,
                        left: len.min(MAX_REASON),
                        text: Vec::new(),
                    };
                }
                State::Reason { about, left, text } => {
                    let part = front(input, *left);
                    text.extend_from_slice(part);
                    *left -= part.len();
                    return if *left > 0 {
                        Ok(BackEndStep::Need)
                    } else {
                        Err(about.error(text))
                    };
                }
                State::Agreed(scheme) => {
                    let agreed = Agreed {
                        version: self.version,
                        scheme: *scheme,
                    };
                    self.state = State::Over;
                    return Ok(BackEndStep::Done(agreed));
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

    /// RFC 6143 appendix A.1: no choice is sent. There is no list either, so nothing but the first
    /// two types can be.
    fn type_word(&mut self, word: u32) -> Result<(), BackEndError> {
        let offered = match u8::try_from(word).map(SecurityType) {
            Ok(SecurityType(0)) => {
                self.state = State::ReasonLength(About::Connection, Gather::new());
                return Ok(());
            }
            Ok(offered) => offered,
            Err(_) => return Err(BackEndError::NotRfb),
        };
        let leads = |scheme: Scheme| offered != SecurityType::VENCRYPT && scheme.security_type() == offered;
        let Some(scheme) = self.strongest(leads) else {
            return Err(self.unsupported(vec![offered]));
        };
        self.state = State::Secured(scheme);
        Ok(())
    }

    /// The strongest scheme that may be used, of those that this leads to.
    fn strongest(&self, leads: impl Fn(Scheme) -> bool) -> Option<Scheme> {
        let schemes = self.allowed.iter().copied();
        schemes.filter(|&scheme| leads(scheme)).max()
    }

    fn unsupported(&self, offered: Vec<SecurityType>) -> BackEndError {
        let allowed = self.allowed.clone();
        BackEndError::SecurityUnsupported { offered, allowed }
    }

    /// RFC 6143 section 7.1.2: the type that leads to the strongest scheme that may be used. Which
    /// subtypes `VeNCrypt` has is not known yet; the worst of them is no worse than the others.
    fn choose_type(&mut self, offered: Vec<SecurityType>) -> Result<BackEndStep, BackEndError> {
        let Some(best) = self.strongest(|scheme| offered.contains(&scheme.security_type())) else {
            return Err(self.unsupported(offered));
        };
        let chosen = best.security_type();
        self.state = match chosen {
            SecurityType::VENCRYPT => State::VencryptVersion(Gather::new()),
            _ => State::Secured(best),
        };
        Ok(BackEndStep::Send(vec![chosen.0].into()))
    }

    /// The strongest of the subtypes that may be used.
    fn choose_subtype(&mut self, offered: Vec<Subtype>) -> Result<BackEndStep, BackEndError> {
        let Some(scheme) = self.strongest(|scheme| offered.contains(&scheme.subtype())) else {
            let allowed = self.allowed.clone();
            return Err(BackEndError::SubtypesUnsupported { offered, allowed });
        };
        self.state = match scheme.tls() {
            Some(tls) => State::SubtypeTaken(scheme, tls),
            None => State::Secured(scheme),
        };
        Ok(BackEndStep::Send(
            scheme.subtype().0.to_be_bytes().to_vec().into(),
        ))
    }

    /// What follows where nothing is to be proved: before 3.8, None by itself has no outcome (RFC
    /// 6143 appendix A). Inside TLS there always is one.
    fn after_no_proof(&self, scheme: Scheme) -> State {
        match (scheme, self.version) {
            (Scheme::None, Version::V3_3 | Version::V3_7) => State::Agreed(scheme),
            _ => State::SecurityResult(scheme, Gather::new()),
        }
    }

    /// RFC 6143 section 7.1.3; before 3.8 no reason is given.
    fn security_result(&mut self, scheme: Scheme, result: u32) -> Result<(), BackEndError> {
        let about = match scheme.proof() {
            Proof::Nothing => About::Connection,
            Proof::Vnc | Proof::Plain => About::Password,
        };
        self.state = match (result, self.version) {
            (0, _) => State::Agreed(scheme),
            (_, Version::V3_8) => State::ReasonLength(about, Gather::new()),
            (2, _) => return Err(about.error(b"too many attempts")),
            _ => return Err(about.error(b"")),
        };
        Ok(())
    }
}
