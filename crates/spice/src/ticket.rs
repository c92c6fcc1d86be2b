//! The password, on its way from a client to a server.

use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretSlice};
use sha1::Sha1;

use crate::PUBLIC_KEY;

/// Length of a ticket.
pub const TICKET: usize = 128;
/// Longest password, in bytes (`SPICE_MAX_PASSWORD_LENGTH`).
pub const MAX_PASSWORD: usize = 60;

/// What a client says in front of its ticket, if both sides can [select](crate::common::AUTH_SELECTION): that a ticket
/// is what follows.
pub const MECHANISM: [u8; 4] = crate::common::AUTH_SPICE.to_le_bytes();

/// Why there is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// The server's key is none, or none of 1024 bits.
    #[error("its public key is not an RSA key of 1024 bits")]
    Key,
    /// No server takes such a password.
    #[error("the password is longer than {MAX_PASSWORD} bytes, which is the most that SPICE takes")]
    TooLong,
    /// The system gave no random numbers.
    #[error("the system gave no random numbers")]
    Random,
}

/// The password, encrypted so that whoever has the other half of this key can read it: RSA with OAEP and SHA-1, which
/// is what SPICE has. A server that asks for no password takes an empty one.
///
/// # Errors
///
/// See [`TicketError`].
pub fn ticket(key: &[u8; PUBLIC_KEY], password: &SecretSlice<u8>) -> Result<[u8; TICKET], TicketError> {
    let password = password.expose_secret();
    if password.len() > MAX_PASSWORD {
        return Err(TicketError::TooLong);
    }
    let key = PublicKey::from_public_key_der(key).map_err(|_| TicketError::Key)?;
    if key.size() != TICKET {
        return Err(TicketError::Key);
    }
    // A server reads it as a string of C.
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD + 1));
    text.extend_from_slice(password);
    text.push(0);
    let ticket = key.oaep_encrypt::<Sha1>(&text).map_err(|_| TicketError::Random)?;
    ticket.try_into().map_err(|_| TicketError::Key)
}

#[cfg(test)]
mod tests;
