//! Access keys: the pair with which a program signs its requests instead of logging in.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};

use crate::NotAToken;

/// Longest name of an access key and longest secret taken from outside, in bytes. Ours have 20 and
/// 40.
const MAX_KEY: usize = 64;

/// The public half (AK): it names the key in each request, and may be logged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId(Box<str>);

impl AccessKeyId {
    /// A new name in Huawei's form: 20 of `A-Z` and `0-9`. Fails only if the operating system has no
    /// randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        random_text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 20).map(|text| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that names no access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an access key's name is 1 to {MAX_KEY} characters of a-z, A-Z and 0-9")]
pub struct NotAnAccessKey;

impl FromStr for AccessKeyId {
    type Err = NotAnAccessKey;

    fn from_str(text: &str) -> Result<Self, NotAnAccessKey> {
        if fits(text) {
            Ok(Self(text.into()))
        } else {
            Err(NotAnAccessKey)
        }
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The secret half (SK): requests are signed with it, and it is never sent. A signature can only be
/// checked with the clear text, so that it is kept encrypted and not as a digest.
#[derive(Clone)]
pub struct SecretKey(SecretString);

impl SecretKey {
    /// A new secret: 40 of `a-z`, `A-Z` and `0-9`, 238 random bits. Fails only if the operating
    /// system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        random_text(alphabet, 40).map(|text| Self(text.into()))
    }

    /// The clear text. Only for its owner, once, and for checking a signature.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for SecretKey {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        if fits(text) {
            Ok(Self(text.into()))
        } else {
            Err(NotAToken)
        }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(***)")
    }
}

fn fits(text: &str) -> bool {
    (1..=MAX_KEY).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Random characters, each as likely as the others: a byte past the last whole multiple of the
/// alphabet's length is drawn anew.
fn random_text(alphabet: &[u8], length: usize) -> Result<String, getrandom::Error> {
    let fair = 256 / alphabet.len() * alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let drawn = bytes
            .iter()
            .map(|&byte| usize::from(byte))
            .filter(|&byte| byte < fair);
        let missing = length - text.len();
        text.extend(
            drawn
                .take(missing)
                .map(|byte| char::from(alphabet[byte % alphabet.len()])),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_huaweis_form_and_differ() {
        let (one, other) = (AccessKeyId::random().unwrap(), AccessKeyId::random().unwrap());
        assert_ne!(one, other);
        let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        assert!(one.as_str().len() == 20 && one.as_str().bytes().all(upper));
        assert_eq!(one.as_str().parse::<AccessKeyId>().unwrap(), one);
        let secret = SecretKey::random().unwrap();
        assert_eq!(secret.expose().len(), 40);
        assert_eq!(
            secret.expose().parse::<SecretKey>().unwrap().expose(),
            secret.expose()
        );
    }

    #[test]
    fn every_character_of_the_alphabet_is_drawn() {
        let text = random_text(b"abc", 1_000).unwrap();
        for character in ['a', 'b', 'c'] {
            let drawn = text.matches(character).count();
            assert!((200..470).contains(&drawn), "{character}: {drawn}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = SecretKey::random().unwrap();
        assert_eq!(format!("{secret:?}"), "SecretKey(***)");
    }

    #[test]
    fn what_could_break_a_header_or_a_log_line_is_no_key() {
        for bad in ["", "a b", "a/b", "a\n", "é", &"x".repeat(65)] {
            assert!(bad.parse::<AccessKeyId>().is_err(), "{bad:?}");
            assert!(bad.parse::<SecretKey>().is_err(), "{bad:?}");
        }
    }
}
