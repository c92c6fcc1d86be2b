//! Who signed a request: access keys in Oriel's own store.

use std::time::Instant;

use oriel_domain::{Evidence, Principal, Roles};
use tracing::info;

use super::signature::{Claim, Refusal};
use super::throttle::Locked;
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

impl Embedded {
    /// Finds out who signed a request, and what they may do now. A key that does not exist, one that
    /// is disabled, one whose user or project is disabled or whose user has no role any more, and a
    /// wrong signature are refused alike.
    pub async fn verify(&self, claim: &Claim, body: &[u8]) -> Result<Principal, SignatureError> {
        let vault = self.vault.as_ref().ok_or(Refusal::NotTaken)?;
        let key = claim.key();
        let attempt = self.signatures.admit(key, Instant::now())?;
        let holder = self
            .store
            .access_key_holder(key)
            .await
            .map_err(IdentityError::from)?;
        let matches = match &holder {
            Some(holder) => {
                let secret = vault.open(key, &holder.sealed).map_err(IdentityError::from)?;
                claim.matches(&secret, body)
            }
            None => {
                // So that a key that does not exist costs as much.
                let opened = vault.open(key, &DECOY).is_ok();
                claim.matches(&self.decoy, body) && opened
            }
        };
        match holder {
            Some(holder) if matches && holder.enabled && !holder.roles.is_empty() => {
                attempt.succeeded(Instant::now())?;
                Ok(Principal {
                    user: holder.user,
                    project: Some(holder.project),
                    roles: holder
                        .roles
                        .last()
                        .map_or_else(Roles::default, |greatest| greatest.with_implied().collect()),
                    evidence: Some(Evidence::AccessKey(key.clone())),
                })
            }
            holder => {
                // Who has the right secret of a disabled key does not guess.
                if !matches {
                    attempt.failed(Instant::now());
                }
                info!(
                    access_key = %key, known = holder.is_some(), matches,
                    enabled = holder.as_ref().is_some_and(|holder| holder.enabled),
                    "signature refused"
                );
                Err(claim.mismatch(body).into())
            }
        }
    }
}
