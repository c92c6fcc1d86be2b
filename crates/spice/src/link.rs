//! The messages of a link.

use std::fmt;

use crate::{Capabilities, Channel};

#[cfg(test)]
mod tests;

/// What every link message begins with.
const MAGIC: [u8; 4] = *b"REDQ";
/// The major version of the protocol. The one before it died out in 2010.
const MAJOR: u32 = 2;
const MINOR: u32 = 2;

/// Length of what is in front of each link message: magic, version (major and minor) and how long the rest is.
pub const HEADER: usize = 16;
/// Longest link message, in bytes, with its header. Real ones have some two hundred.
pub const MAX_MESSAGE: usize = 4096;
/// Length of the server's public key: the `SubjectPublicKeyInfo` of an RSA key of 1024 bits, in DER.
pub const PUBLIC_KEY: usize = 162;

/// Length of a request without its capabilities.
const REQUEST: usize = 18;
/// Length of a reply without its capabilities.
const REPLY: usize = 4 + PUBLIC_KEY + 12;

/// Why bytes are no link message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// They do not begin with `REDQ`.
    #[error("it does not speak SPICE")]
    NotSpice,
    /// Another version of the protocol.
    #[error("it speaks version {0} of SPICE, and only 2 is known")]
    Version(u32),
    /// Longer than any link message.
    #[error("a link message of {0} bytes: longer than any is")]
    TooLong(u32),
    /// Shorter than its fields, or its capabilities lie outside it.
    #[error("a link message that is shorter than what it is said to hold")]
    TooShort,
}

/// How long the link message is that begins so, with its header; `None` until that can be told.
///
/// # Errors
///
/// It is none, as soon as that can be told.
pub fn message_length(bytes: &[u8]) -> Result<Option<usize>, LinkError> {
    if bytes.iter().zip(MAGIC).any(|(byte, magic)| *byte != magic) {
        return Err(LinkError::NotSpice);
    }
    let mut fields = Fields(bytes.get(MAGIC.len()..).unwrap_or_default());
    match fields.u32() {
        Err(_) => return Ok(None),
        Ok(MAJOR) => {}
        Ok(other) => return Err(LinkError::Version(other)),
    }
    let (Ok(_minor), Ok(size)) = (fields.u32(), fields.u32()) else {
        return Ok(None);
    };
    match usize::try_from(size) {
        Ok(length) if length <= MAX_MESSAGE - HEADER => Ok(Some(HEADER + length)),
        _ => Err(LinkError::TooLong(size)),
    }
}

/// What a client wants of a connection (`SpiceLinkMess`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// 0 for the first connection of a console, then the number that its server gave it.
    pub connection: u32,
    /// What the connection is for.
    pub channel: Channel,
    /// Which one of those.
    pub number: u8,
    /// What the client can do on any channel.
    pub common: Capabilities,
    /// What it can do on this kind of channel.
    pub own: Capabilities,
}

impl Request {
    /// Takes a whole message apart, header and all.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(message: &[u8]) -> Result<Self, LinkError> {
        let body = body(message)?;
        let mut fields = Fields(body);
        let connection = fields.u32()?;
        let (channel, number) = (Channel(fields.u8()?), fields.u8()?);
        let (common, own) = fields.capabilities(body)?;
        Ok(Self {
            connection,
            channel,
            number,
            common,
            own,
        })
    }

    /// The message as it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(REQUEST);
        body.extend(self.connection.to_le_bytes());
        body.extend([self.channel.0, self.number]);
        message(body, &self.common, &self.own)
    }
}

/// What a server answers to a [`Request`] (`SpiceLinkReply`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Whether it goes on.
    pub status: Status,
    /// What the password is to be encrypted with.
    pub key: [u8; PUBLIC_KEY],
    /// What the server can do on any channel.
    pub common: Capabilities,
    /// What it can do on this kind of channel.
    pub own: Capabilities,
}

impl Reply {
    /// A refusal.
    pub fn refusal(status: Status) -> Self {
        Self {
            status,
            key: [0; PUBLIC_KEY],
            common: Capabilities::default(),
            own: Capabilities::default(),
        }
    }

    /// Takes a whole message apart, header and all.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(message: &[u8]) -> Result<Self, LinkError> {
        let body = body(message)?;
        let mut fields = Fields(body);
        let status = Status(fields.u32()?);
        let key = *fields.take::<PUBLIC_KEY>()?;
        let (common, own) = fields.capabilities(body)?;
        Ok(Self {
            status,
            key,
            common,
            own,
        })
    }

    /// The message as it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(REPLY);
        body.extend(self.status.0.to_le_bytes());
        body.extend(self.key);
        message(body, &self.common, &self.own)
    }
}

/// How a server decided (`SPICE_LINK_ERR_*`): in its reply and as the result at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u32);

impl Status {
    /// It goes on.
    pub const OK: Self = Self(0);
    /// It does not, for no reason that has a number.
    pub const ERROR: Self = Self(1);
    /// The channel is to be had inside TLS alone.
    pub const NEED_SECURED: Self = Self(5);
    /// The password is wrong, or its time is over.
    pub const PERMISSION_DENIED: Self = Self(7);
    /// No console has this number of a connection.
    pub const BAD_CONNECTION: Self = Self(8);
    /// The server has no such channel.
    pub const NO_CHANNEL: Self = Self(9);
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "no error",
            1 => "an error",
            2 => "a wrong magic",
            3 => "wrong data",
            4 => "another version",
            5 => "TLS is needed",
            6 => "TLS is not wanted",
            7 => "permission denied",
            8 => "no such connection",
            9 => "no such channel",
            other => return write!(f, "error {other}"),
        })
    }
}

/// A whole message without its header.
fn body(message: &[u8]) -> Result<&[u8], LinkError> {
    let length = message_length(message)?.ok_or(LinkError::TooShort)?;
    message.get(HEADER..length).ok_or(LinkError::TooShort)
}

/// A message that ends with capabilities: how many words of each kind, where they are, and they.
fn message(mut body: Vec<u8>, common: &Capabilities, own: &Capabilities) -> Vec<u8> {
    let count = |words: &[u32]| u32::try_from(words.len()).unwrap_or_default().to_le_bytes();
    let start = u32::try_from(body.len() + 12).unwrap_or_default();
    body.extend(count(common.words()));
    body.extend(count(own.words()));
    body.extend(start.to_le_bytes());
    for word in common.words().iter().chain(own.words()) {
        body.extend(word.to_le_bytes());
    }
    let mut message = Vec::with_capacity(HEADER + body.len());
    message.extend(MAGIC);
    message.extend(MAJOR.to_le_bytes());
    message.extend(MINOR.to_le_bytes());
    message.extend(u32::try_from(body.len()).unwrap_or_default().to_le_bytes());
    message.extend(body);
    message
}

/// What is still to be read of a message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], LinkError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(LinkError::TooShort)?;
        self.0 = rest;
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8, LinkError> {
        self.take::<1>().map(|[byte]| *byte)
    }

    fn u32(&mut self) -> Result<u32, LinkError> {
        self.take().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// Both sets, which lie anywhere in the message.
    fn capabilities(mut self, body: &[u8]) -> Result<(Capabilities, Capabilities), LinkError> {
        let (common, own, start) = (self.u32()?, self.u32()?, self.u32()?);
        let [common, own, start] =
            [common, own, start].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        let (words, _) = body.get(start..).ok_or(LinkError::TooShort)?.as_chunks();
        let (common, rest) = words.split_at_checked(common).ok_or(LinkError::TooShort)?;
        let own = rest.get(..own).ok_or(LinkError::TooShort)?;
        let set = |words: &[[u8; 4]]| {
            Capabilities::from_words(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
        };
        Ok((set(common), set(own)))
    }
}
