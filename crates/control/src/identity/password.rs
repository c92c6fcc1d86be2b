//! Passwords: Argon2id, and a bound on how many are checked at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use oriel_store::PasswordHash;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task;

use super::IdentityError;

/// Memory of one hash, in KiB. This and the next two are the first choice of OWASP's Password
/// Storage Cheat Sheet with a single lane: about 25 ms on one core, and so little memory that a
/// small machine can check as many passwords as it has cores.
pub const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
pub const PASSES: u32 = 2;
/// Lanes. More would only pay with threads inside one hash.
pub const LANES: u32 = 1;
/// Length of a hash, in bytes.
const HASH_BYTES: usize = 32;

/// Why a password could not be hashed or checked. It never holds the password or the hash.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Argon2 refused, or the operating system had no randomness for the salt.
    #[error("the password could not be hashed: {0}")]
    Hash(password_hash::Error),
    /// The kept hash is no PHC string that Argon2 understands.
    #[error("the stored hash of a password cannot be read ({0}): set that user's password anew")]
    Stored(password_hash::Error),
    /// The runtime is shutting down.
    #[error("the password check was stopped")]
    Stopped,
}

/// Hashes a new password with a random salt. Takes about 25 ms of a core: in a server, only on a
/// blocking thread.
pub fn hash(password: &SecretString) -> Result<PasswordHash, PasswordError> {
    let phc = argon2()
        .and_then(|argon2| argon2.hash_password(password.expose_secret().as_bytes()))
        .map_err(PasswordError::Hash)?;
    Ok(PasswordHash::new(phc.to_string()))
}

/// Whether a password is the one that was hashed. Takes as long as [`hash`].
pub fn verify(password: &SecretString, stored: &PasswordHash) -> Result<bool, PasswordError> {
    let argon2 = argon2().map_err(PasswordError::Hash)?;
    match argon2.verify_password(password.expose_secret().as_bytes(), stored.expose()) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(PasswordError::Stored(error)),
    }
}

/// A random password for a person to copy: 24 characters without look-alikes, 136 random bits.
pub fn generate() -> Result<SecretString, getrandom::Error> {
    // 255 is 5 times 51: with the value 255 drawn anew, each character is as likely as the others.
    const ALPHABET: &[u8; 51] = b"23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUV";
    let mut password = String::with_capacity(24);
    while password.len() < 24 {
        let mut byte = [0];
        getrandom::fill(&mut byte)?;
        let [byte] = byte;
        if byte != u8::MAX {
            password.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        }
    }
    Ok(password.into())
}

fn argon2() -> Result<Argon2<'static>, password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Checks passwords on blocking threads, so many at once and no more.
#[derive(Debug)]
pub(super) struct Workers {
    /// One for each login that is checked or waits. Who gets none is turned away.
    admitted: Arc<Semaphore>,
    /// One for each login that is checked.
    running: Arc<Semaphore>,
    /// What the password of an unknown user is checked against, so that they cost the same.
    decoy: PasswordHash,
    /// How many checks were done.
    checks: Arc<AtomicU64>,
}

impl Workers {
    pub(super) fn new(workers: usize, queue: usize) -> Result<Self, IdentityError> {
        let workers = workers.clamp(1, Semaphore::MAX_PERMITS);
        let admitted = workers.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        Ok(Self {
            admitted: Arc::new(Semaphore::new(admitted)),
            running: Arc::new(Semaphore::new(workers)),
            decoy: hash(&generate()?)?,
            checks: Arc::default(),
        })
    }

    pub(super) fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// Whether a password is the one that was hashed. With no hash it never is, after as much work.
    ///
    /// [`IdentityError::Busy`] where the queue is full.
    pub(super) async fn check(
        &self,
        password: &SecretString,
        stored: Option<&PasswordHash>,
    ) -> Result<bool, IdentityError> {
        let slot = self.slot().await?;
        let password = password.clone();
        let against = stored.unwrap_or(&self.decoy).clone();
        let checks = Arc::clone(&self.checks);
        let matches = task::spawn_blocking(move || {
            let matches = verify(&password, &against);
            checks.fetch_add(1, Ordering::Relaxed);
            // Held to here even when the client has gone: the thread works on regardless.
            drop(slot);
            matches
        });
        let matches = matches.await.map_err(|_| PasswordError::Stopped)??;
        Ok(matches && stored.is_some())
    }

    /// Hashes a new password. It waits in line with the checks.
    ///
    /// [`IdentityError::Busy`] where the queue is full.
    pub(super) async fn hash(&self, password: &SecretString) -> Result<PasswordHash, IdentityError> {
        let slot = self.slot().await?;
        let password = password.clone();
        let hash = task::spawn_blocking(move || {
            let hash = hash(&password);
            drop(slot);
            hash
        });
        Ok(hash.await.map_err(|_| PasswordError::Stopped)??)
    }

    async fn slot(&self) -> Result<[OwnedSemaphorePermit; 2], IdentityError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned();
        let admitted = admitted.map_err(|_| IdentityError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|_| IdentityError::Busy)?;
        Ok([admitted, running])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_password_is_known_by_its_hash_and_by_no_other() {
        let secret = SecretString::from("correct horse");
        let kept = hash(&secret).unwrap();
        assert!(
            kept.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            kept.expose()
        );
        assert!(verify(&secret, &kept).unwrap());
        assert!(!verify(&"correct horse ".into(), &kept).unwrap());
        assert_ne!(kept, hash(&secret).unwrap(), "each has its own salt");
    }

    #[test]
    fn a_hash_that_cannot_be_read_is_an_error_and_no_refusal() {
        let broken = PasswordHash::new("plain".into());
        assert!(matches!(
            verify(&"plain".into(), &broken),
            Err(PasswordError::Stored(_))
        ));
    }

    #[test]
    fn generated_passwords_differ() {
        let made: HashSet<_> = (0..50)
            .map(|_| generate().unwrap().expose_secret().to_owned())
            .collect();
        assert_eq!(made.len(), 50);
        assert!(made.iter().all(|one| one.len() == 24));
    }

    #[tokio::test]
    async fn an_unknown_user_never_matches() {
        let workers = Workers::new(0, 0).unwrap();
        let secret = SecretString::from("x");
        let kept = hash(&secret).unwrap();
        assert!(workers.check(&secret, Some(&kept)).await.unwrap());
        assert!(!workers.check(&secret, None).await.unwrap());
    }

    #[tokio::test]
    async fn one_login_too_many_is_turned_away_and_the_next_is_not() {
        let workers = Workers::new(1, 1).unwrap();
        let secret = SecretString::from("x");
        let (first, second, third) = tokio::join!(
            workers.check(&secret, None),
            workers.check(&secret, None),
            workers.check(&secret, None)
        );
        assert!(first.is_ok() && second.is_ok());
        assert!(matches!(third, Err(IdentityError::Busy)));
        assert!(workers.check(&secret, None).await.is_ok());
    }
}
