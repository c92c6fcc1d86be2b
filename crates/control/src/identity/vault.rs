//! Seals the secret halves of access keys.
//!
//! A signature can only be checked with the secret itself, so that a one-way hash will not do. The
//! secrets lie in the database encrypted, with a key that lies in a file beside it: who reads the
//! database alone (a backup, a replica) can sign nothing.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use oriel_domain::{AccessKeyId, SecretKey, hex};
use secrecy::{ExposeSecret as _, SecretString};

/// The first byte of what was sealed: AES-256-GCM, a random nonce, the text and its tag; the access
/// key's name is authenticated with it, so that no row can lend its secret to another.
const FORM: u8 = 1;
/// Length of the key, in bytes. The file holds it as lower-case hex digits.
const KEY_BYTES: usize = 32;

/// Why a secret could not be sealed or unsealed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The file could not be read or made.
    #[error("cannot use {}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may read the file.
    #[error("{} can be read by others: run chmod 600 on it, and make new credentials if anyone may have read it", .0.display())]
    Exposed(PathBuf),
    /// The file holds no key.
    #[error("{} holds no key: expected {} hex digits. Put back the file that the credentials were made with", .0.display(), KEY_BYTES * 2)]
    NoKey(PathBuf),
    /// The secret was sealed with another key, or was tampered with.
    #[error("the secret of access key {key} does not open with {}: put back the file that it was made with, or make a new credential", file.display())]
    Unsealed {
        /// The access key.
        key: AccessKeyId,
        /// The file with the key.
        file: PathBuf,
    },
    /// Encryption failed, or there was no randomness for it.
    #[error("the secret could not be encrypted")]
    Encryption,
    /// There was no randomness for a key.
    #[error("the operating system gave no randomness for a key: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// The key that secrets are sealed with. It is read at the first use, and kept.
pub struct Vault {
    file: PathBuf,
    key: OnceLock<RandomizedNonceKey>,
}

impl Vault {
    /// A vault whose key lies in this file.
    pub fn at(file: PathBuf) -> Self {
        Self {
            file,
            key: OnceLock::new(),
        }
    }

    /// Makes the key if there is none. Its file is readable by its owner alone.
    pub fn make_if_missing(&self) -> Result<(), VaultError> {
        let failed = |source| VaultError::File {
            file: self.file.clone(),
            source,
        };
        if self.file.try_exists().map_err(failed)? {
            return Ok(());
        }
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)?;
        let mut suffix = [0; 8];
        getrandom::fill(&mut suffix)?;
        let draft = self.file.with_extension(hex(&suffix));
        let made = write_private(&draft, &format!("{}\n", hex(&key)))
            // A link, unlike a rename, never takes the place of a key that another process has just
            // made.
            .and_then(|()| match fs::hard_link(&draft, &self.file) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            });
        let tidied = fs::remove_file(&draft);
        made.and(tidied).map_err(failed)
    }

    /// Seals a secret under its access key's name.
    pub fn seal(&self, id: &AccessKeyId, secret: &SecretKey) -> Result<Vec<u8>, VaultError> {
        self.seal_text(id.as_str(), secret.expose())
    }

    /// Opens what was sealed under this name.
    pub fn open(&self, id: &AccessKeyId, sealed: &[u8]) -> Result<SecretKey, VaultError> {
        let secret = self.open_text(id, id.as_str(), sealed)?;
        let secret = secret.expose_secret().parse();
        secret.map_err(|_| self.unsealed(id))
    }

    /// Seals what Oriel logs in with elsewhere for an access key, under the key's name.
    pub fn seal_login(&self, id: &AccessKeyId, secret: &SecretString) -> Result<Vec<u8>, VaultError> {
        self.seal_text(&login_name(id), secret.expose_secret())
    }

    /// Opens what [`seal_login`](Self::seal_login) sealed under this name.
    pub fn open_login(&self, id: &AccessKeyId, sealed: &[u8]) -> Result<SecretString, VaultError> {
        self.open_text(id, &login_name(id), sealed)
    }

    fn seal_text(&self, name: &str, text: &str) -> Result<Vec<u8>, VaultError> {
        let mut text = text.as_bytes().to_vec();
        let nonce = self
            .key()?
            .seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut text)
            .map_err(|_| VaultError::Encryption)?;
        Ok([&[FORM], nonce.as_ref().as_slice(), &text].concat())
    }

    fn open_text(&self, id: &AccessKeyId, name: &str, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let unsealed = || self.unsealed(id);
        let (form, rest) = sealed.split_first().ok_or_else(unsealed)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or_else(unsealed)?;
        if *form != FORM {
            return Err(unsealed());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unsealed())?;
        let mut text = text.to_vec();
        let text = self
            .key()?
            .open_in_place(nonce, Aad::from(name.as_bytes()), &mut text)
            .map_err(|_| unsealed())?;
        let text = std::str::from_utf8(text).map_err(|_| unsealed())?;
        Ok(text.into())
    }

    fn unsealed(&self, id: &AccessKeyId) -> VaultError {
        VaultError::Unsealed {
            key: id.clone(),
            file: self.file.clone(),
        }
    }

    fn key(&self) -> Result<&RandomizedNonceKey, VaultError> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let key = read_key(&self.file)?;
        Ok(self.key.get_or_init(|| key))
    }
}

/// No access key has this name, so that neither secret can stand in for the other.
fn login_name(id: &AccessKeyId) -> String {
    format!("{id}/login")
}

fn read_key(file: &Path) -> Result<RandomizedNonceKey, VaultError> {
    let failed = |source| VaultError::File {
        file: file.to_owned(),
        source,
    };
    let metadata = fs::metadata(file).map_err(failed)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(VaultError::Exposed(file.to_owned()));
    }
    let text = fs::read(file).map_err(failed)?;
    let key = unhex(text.trim_ascii()).ok_or_else(|| VaultError::NoKey(file.to_owned()))?;
    RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| VaultError::Encryption)
}

/// Reads the hex digits of 32 bytes.
pub(super) fn unhex(text: &[u8]) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if text.len() != bytes.len() * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let mut new: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    fn vault() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::at(folder.path().join("credential.key"));
        (folder, vault)
    }

    #[test]
    fn a_secret_opens_under_its_name_and_no_other() {
        let (_folder, vault) = vault();
        vault.make_if_missing().unwrap();
        let (id, other) = (AccessKeyId::random().unwrap(), AccessKeyId::random().unwrap());
        let secret = SecretKey::random().unwrap();
        let sealed = vault.seal(&id, &secret).unwrap();
        assert_eq!(vault.open(&id, &sealed).unwrap().expose(), secret.expose());
        assert!(
            !sealed
                .windows(8)
                .any(|part| secret.expose().as_bytes().starts_with(part))
        );
        assert_ne!(
            sealed,
            vault.seal(&id, &secret).unwrap(),
            "each has its own nonce"
        );
        assert!(matches!(
            vault.open(&other, &sealed),
            Err(VaultError::Unsealed { .. })
        ));
        for n in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[n] ^= 1;
            assert!(vault.open(&id, &tampered).is_err());
            assert!(vault.open(&id, &sealed[..n]).is_err());
        }
    }

    #[test]
    fn a_keys_two_secrets_do_not_stand_in_for_each_other() {
        let (_folder, vault) = vault();
        vault.make_if_missing().unwrap();
        let id = AccessKeyId::random().unwrap();
        let (secret, login) = (SecretKey::random().unwrap(), SecretString::from("a-login_secret"));
        let sealed = vault.seal(&id, &secret).unwrap();
        let login_sealed = vault.seal_login(&id, &login).unwrap();
        let opened = vault.open_login(&id, &login_sealed).unwrap();
        assert_eq!(opened.expose_secret(), login.expose_secret());
        assert!(vault.open(&id, &login_sealed).is_err());
        assert!(vault.open_login(&id, &sealed).is_err());
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_alone_and_read_back() {
        let (folder, first) = vault();
        first.make_if_missing().unwrap();
        let (id, secret) = (AccessKeyId::random().unwrap(), SecretKey::random().unwrap());
        let sealed = first.seal(&id, &secret).unwrap();
        first.make_if_missing().unwrap();
        let file = folder.path().join("credential.key");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no draft is left"
        );
        let again = Vault::at(file.clone());
        assert_eq!(again.open(&id, &sealed).unwrap().expose(), secret.expose());

        fs::remove_file(&file).unwrap();
        let other = Vault::at(file);
        assert!(matches!(other.open(&id, &sealed), Err(VaultError::File { .. })));
        other.make_if_missing().unwrap();
        assert!(matches!(
            other.open(&id, &sealed),
            Err(VaultError::Unsealed { .. })
        ));
    }

    #[test]
    fn a_key_that_others_may_read_or_that_is_none_is_refused() {
        let (folder, vault) = vault();
        vault.make_if_missing().unwrap();
        let file = folder.path().join("credential.key");
        let (id, secret) = (AccessKeyId::random().unwrap(), SecretKey::random().unwrap());
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(vault.seal(&id, &secret), Err(VaultError::Exposed(_))));
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        for bad in ["", "short", &"g".repeat(64), &"a".repeat(65)] {
            fs::write(&file, bad).unwrap();
            assert!(matches!(vault.seal(&id, &secret), Err(VaultError::NoKey(_))));
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let (folder, vault) = vault();
        vault.make_if_missing().unwrap();
        let (id, secret) = (AccessKeyId::random().unwrap(), SecretKey::random().unwrap());
        vault.seal(&id, &secret).unwrap();
        let key = fs::read_to_string(folder.path().join("credential.key")).unwrap();
        assert!(!format!("{vault:?}").contains(key.trim()));
    }
}
