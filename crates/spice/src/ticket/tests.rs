use getrandom::SysRng;
use rsa::PrivateKey;
use rsa::pkcs8::EncodePublicKey as _;

use super::*;

fn key() -> (PrivateKey, Vec<u8>) {
    let key = PrivateKey::new(&mut SysRng, 1024).unwrap();
    let public = key.to_public_key().to_public_key_der().unwrap().into_vec();
    (key, public)
}

fn secret(text: &[u8]) -> SecretSlice<u8> {
    text.to_vec().into()
}

#[test]
fn the_server_reads_the_password_as_a_string_of_c() {
    let (key, public) = key();
    let public: [u8; PUBLIC_KEY] = public.try_into().unwrap();
    for password in [b"".as_slice(), b"hunter2", &[b'x'; MAX_PASSWORD]] {
        let sealed = ticket(&public, &secret(password)).unwrap();
        assert_eq!(
            key.oaep_decrypt::<Sha1>(&sealed).unwrap(),
            [password, b"\0"].concat()
        );
        assert_ne!(
            ticket(&public, &secret(password)).unwrap(),
            sealed,
            "each is its own"
        );
    }
    assert_eq!(
        ticket(&public, &secret(&[b'x'; MAX_PASSWORD + 1])),
        Err(TicketError::TooLong)
    );
}

#[test]
fn a_key_that_is_none_is_refused() {
    assert_eq!(ticket(&[0; PUBLIC_KEY], &secret(b"")), Err(TicketError::Key));
    let (_, mut public) = key();
    public[20] ^= 0x40;
    assert_eq!(
        ticket(&public.try_into().unwrap(), &secret(b"")),
        Err(TicketError::Key)
    );
}
