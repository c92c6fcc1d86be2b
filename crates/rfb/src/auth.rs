//! What a client answers when it is asked for a password.

use des::Des;
use des::cipher::{Block, BlockCipherEncrypt as _, KeyInit as _};

/// Longest user name and password of [`plain`], in bytes each. `TigerVNC` takes no longer ones.
pub const MAX_PLAIN: usize = 1024;

/// The answer to the challenge of VNC authentication (RFC 6143 section 7.2.2): both halves
/// encrypted with DES under the password.
///
/// Of the password only the first eight bytes count; a shorter one is filled up with zeros. Each of
/// its bytes is turned round, the lowest bit first: the RFC does not say so, but everybody does it.
pub fn vnc_answer(password: &[u8], challenge: &[u8; 16]) -> [u8; 16] {
    let mut key = [0; 8];
    for (to, from) in key.iter_mut().zip(password) {
        *to = from.reverse_bits();
    }
    let cipher = Des::new(&key.into());
    let mut answer = *challenge;
    for half in answer.chunks_exact_mut(8) {
        let mut block = Block::<Des>::default();
        block.copy_from_slice(half);
        cipher.encrypt_block(&mut block);
        half.copy_from_slice(&block);
    }
    answer
}

/// The message that carries user name and password (rfbproto.rst, `VeNCrypt` subtype Plain); none
/// if one of them is longer than [`MAX_PLAIN`].
pub fn plain(username: &[u8], password: &[u8]) -> Option<Vec<u8>> {
    let length = |text: &[u8]| {
        let fits = text.len() <= MAX_PLAIN;
        u32::try_from(text.len()).ok().filter(|_| fits)
    };
    // Allocated once, so that no copy of the password stays behind in an outgrown buffer.
    let mut message = Vec::with_capacity(8 + username.len() + password.len());
    message.extend(length(username)?.to_be_bytes());
    message.extend(length(password)?.to_be_bytes());
    message.extend(username);
    message.extend(password);
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: [(&[u8], &str, &str); 4] = [
        (
            b"COW",
            "000102030405060708090a0b0c0d0e0f",
            "dc72fe4da173cc3f3c684d6637ed8c28",
        ),
        (
            b"secret12",
            "8f3a6b1c0d5e7f90aa55ff00123456f7",
            "603cf233602b97b9adf4ca1d4410f057",
        ),
        (
            b"longer than eight",
            "00000000000000000000000000000000",
            "359b309cdcdf894e359b309cdcdf894e",
        ),
        (
            b"\xff\x80\x01",
            "ffffffffffffffffffffffffffffffff",
            "199685c707005a7c199685c707005a7c",
        ),
    ];

    fn hex(text: &str) -> [u8; 16] {
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        std::array::from_fn(|i| byte(2 * i))
    }

    /// Made with the `openssl` command: each byte of the password with its bits turned round as the
    /// key, `openssl enc -des-ecb -nopad -K KEY -provider legacy -provider default`.
    #[test]
    fn the_answer_is_that_of_openssl() {
        for (password, challenge, answer) in VECTORS {
            assert_eq!(vnc_answer(password, &hex(challenge)), hex(answer), "{password:?}");
        }
    }

    /// The form in which a VNC server keeps `password` on the disk, as published many times over: DES under a key that
    /// is the same everywhere.
    #[test]
    fn the_answer_is_that_of_every_vnc_server() {
        let kept = vnc_answer(&[23, 82, 107, 6, 35, 78, 88, 7], b"passwordpassword");
        assert_eq!(kept, hex("dbd83cfd727a1458dbd83cfd727a1458"));
    }

    #[test]
    fn eight_bytes_count_and_no_more() {
        let challenge = [7; 16];
        assert_eq!(
            vnc_answer(b"12345678", &challenge),
            vnc_answer(b"123456789", &challenge)
        );
        assert_eq!(vnc_answer(b"abc", &challenge), vnc_answer(b"abc\0\0", &challenge));
        assert_ne!(vnc_answer(b"abc", &challenge), vnc_answer(b"abd", &challenge));
    }

    #[test]
    fn name_and_password_follow_their_lengths() {
        assert_eq!(plain(b"ann", b"pw").unwrap(), b"\0\0\0\x03\0\0\0\x02annpw");
        assert!(plain(&[b'a'; MAX_PLAIN], &[b'b'; MAX_PLAIN]).is_some());
        assert_eq!(plain(b"ann", &[b'b'; MAX_PLAIN + 1]), None);
    }
}
