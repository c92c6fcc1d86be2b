//! Secrets that Oriel hands out, and the digests that it keeps of them.
//!
//! The clear text of a secret lives in these types alone: they have no `Display`, their `Debug`
//! prints nothing of it, and what is stored and compared is the SHA-256.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// The SHA-256 of a secret. Safe to store; compared in constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a secret's text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Reads back a stored digest.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes to store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A short name for logs and cookie names: the first 8 bytes in hex. It finds a grant in the
    /// log but, being a cut of a one-way function, gives nobody access.
    pub fn short(&self) -> String {
        hex(&self.0[..8])
    }
}

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 0xf)]);
    bytes
        .iter()
        .flat_map(|&byte| [digit(byte >> 4), digit(byte)])
        .collect()
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.short())
    }
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// The clear text. Only for the answer, link or cookie that carries it to its owner.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }

            /// What is stored in its place.
            pub fn digest(&self) -> Digest {
                Digest::of(self.expose())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    };
}

secret! {
    /// The secret in a console link: a random UUID v4 (122 random bits), as Nova makes it.
    ConsoleToken
}
secret! {
    /// What lets one browser come back to a console that it has opened: 256 random bits in a cookie.
    ResumeSecret
}
secret! {
    /// An identity token (`X-Auth-Token`): opaque, 256 random bits.
    AuthToken
}
secret! {
    /// A page's half of a login: 256 random bits, with which the other half, a cookie, is opened.
    LoginKey
}

impl ConsoleToken {
    /// Mints a new token.
    pub fn random() -> Self {
        Self(Uuid::new_v4().hyphenated().to_string().into())
    }
}

/// A text that cannot be a token of ours. It holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct NotAToken;

impl FromStr for ConsoleToken {
    type Err = NotAToken;

    /// Any spelling of the UUID will do; the canonical one is kept, since it is what was hashed.
    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let uuid = Uuid::parse_str(text).map_err(|_| NotAToken)?;
        Ok(Self(uuid.hyphenated().to_string().into()))
    }
}

/// 256 random bits in URL-safe base64.
fn random_text() -> Result<SecretString, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}

/// Longest secret taken from a header or cookie, in bytes. Keystone's tokens are the longest: about 200 as
/// Fernet, several hundred more as JWS.
const MAX_SECRET: usize = 2048;

macro_rules! opaque {
    ($name:ident) => {
        impl $name {
            /// Mints a new secret. Fails only if the operating system has no randomness to give.
            pub fn random() -> Result<Self, getrandom::Error> {
                random_text().map(Self)
            }
        }

        impl FromStr for $name {
            type Err = NotAToken;

            fn from_str(text: &str) -> Result<Self, NotAToken> {
                if (1..=MAX_SECRET).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
                    Ok(Self(text.into()))
                } else {
                    Err(NotAToken)
                }
            }
        }
    };
}

opaque!(ResumeSecret);
opaque!(AuthToken);
opaque!(LoginKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let token = ConsoleToken::random();
        assert_eq!(format!("{token:?}"), "ConsoleToken(***)");
        let auth = AuthToken::random().unwrap();
        assert!(!format!("{auth:?}").contains(auth.expose()));
    }

    #[test]
    fn every_spelling_of_a_console_token_has_one_digest() {
        let token: ConsoleToken = "80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df".parse().unwrap();
        let shouted: ConsoleToken = "80FA7C8D37FE451E8B08BFBD9FB6A4DF".parse().unwrap();
        assert_eq!(token.digest(), shouted.digest());
        // Nova's stored form: the SHA-256 of the dashed lower-case text.
        assert_eq!(token.digest(), Digest::of("80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df"));
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused() {
        assert!("".parse::<AuthToken>().is_err());
        assert!("with space".parse::<AuthToken>().is_err());
        assert!("x".repeat(2049).parse::<AuthToken>().is_err());
        assert!("nonsense".parse::<ConsoleToken>().is_err());
    }
}
