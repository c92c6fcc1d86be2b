//! Who signed a request: access keys in Oriel's own store, whosever the users are.

use std::path::PathBuf;
use std::time::Instant;
use std::{fmt, mem};

use oriel_domain::{Evidence, Principal, Roles, SecretKey};
use tracing::info;

use super::signature::{Claim, Refusal};
use super::throttle::{Attempt, LockOut, Locked, Throttle};
use super::vault::Vault;
use super::{Embedded, IdentityError};

/// Why nobody is taken for the signer of a request.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The request itself, or what it was signed with.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody could say.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<Locked> for SignatureError {
    fn from(locked: Locked) -> Self {
        Self::Refused(locked.into())
    }
}

/// As long as what a secret of ours is sealed to, and opens with no key.
const DECOY: [u8; 69] = [1; 69];

/// What signatures are checked with. A key that does not exist, one that may not be used and a wrong
/// signature cost the same time and are refused alike.
pub(super) struct Signatures {
    /// Where the secrets of access keys are opened.
    pub(super) vault: Vault,
    /// Wrong signatures, by access key.
    failures: Throttle,
    /// What a signature is checked against whose key does not exist.
    decoy: SecretKey,
}

impl Signatures {
    pub(super) fn new(credential_key: PathBuf, lock_out: LockOut) -> Result<Self, getrandom::Error> {
        Ok(Self {
            vault: Vault::at(credential_key),
            failures: Throttle::new(lock_out),
            decoy: SecretKey::random()?,
        })
    }

    /// Lets a key try, unless it has failed too often. Ask before any work is done for it.
    pub(super) fn admit(&self, claim: &Claim) -> Result<Attempt<'_>, Locked> {
        self.failures.admit(claim.key(), Instant::now())
    }

    /// Whether the request was signed with the secret that is sealed under its key's name; none where
    /// there is no such key.
    fn matches(&self, claim: &Claim, body: &[u8], sealed: Option<&[u8]>) -> Result<bool, IdentityError> {
        let key = claim.key();
        match sealed {
            Some(sealed) => Ok(claim.matches(&self.vault.open(key, sealed)?, body)),
            None => {
                let opened = self.vault.open(key, &DECOY).is_ok();
                Ok(claim.matches(&self.decoy, body) && opened)
            }
        }
    }

    /// Closes an attempt: whoever signed well and may act is let in. `sealed` and `enabled` are the key's,
    /// where there is such a key; `signer` finds out who it stands for, and is only asked where the
    /// signature is right. Who has the right secret of a key that may not be used does not guess, and is
    /// not counted.
    pub(super) async fn settle(
        &self,
        attempt: Attempt<'_>,
        claim: &Claim,
        body: &[u8],
        (sealed, enabled): (Option<&[u8]>, bool),
        signer: impl Future<Output = Result<Option<Principal>, IdentityError>>,
    ) -> Result<Principal, SignatureError> {
        let matches = self.matches(claim, body, sealed)?;
        let signer = if matches && enabled { signer.await? } else { None };
        if let Some(signer) = signer {
            attempt.succeeded(Instant::now())?;
            return Ok(signer);
        }
        if !matches {
            attempt.failed(Instant::now());
        }
        info!(access_key = %claim.key(), known = sealed.is_some(), matches, enabled, "signature refused");
        Err(claim.mismatch(body).into())
    }
}

impl Embedded {
    /// Finds out who signed a request, and what they may do now. A key that does not exist, one that
    /// is disabled, one whose user or project is disabled or whose user has no role any more, and a
    /// wrong signature are refused alike.
    pub async fn verify(&self, claim: &Claim, body: &[u8]) -> Result<Principal, SignatureError> {
        let signatures = self.signatures.as_ref().ok_or(Refusal::NotTaken)?;
        let attempt = signatures.admit(claim)?;
        let key = claim.key();
        let found = self.store.access_key_holder(key).await;
        let mut holder = found.map_err(IdentityError::from)?;
        let sealed = holder.as_mut().map(|holder| mem::take(&mut holder.sealed));
        let enabled = holder.as_ref().is_some_and(|holder| holder.enabled);
        let signer = async {
            let holder = holder.filter(|holder| !holder.roles.is_empty());
            Ok(holder.map(|holder| Principal {
                user: holder.user,
                project: Some(holder.project),
                roles: Roles::implied_by(&holder.roles),
                evidence: Some(Evidence::AccessKey(key.clone())),
            }))
        };
        let known = (sealed.as_deref(), enabled);
        signatures.settle(attempt, claim, body, known, signer).await
    }
}

impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signatures")
            .field("vault", &self.vault)
            .finish_non_exhaustive()
    }
}
