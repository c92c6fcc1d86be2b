//! Access keys where users are a Keystone's: each stands for an application credential there.
//!
//! The signature is checked here, with Oriel's own store; who signed is Keystone's word. Oriel logs in
//! with the application credential that the key stands for, and asks about the token that it gets as
//! it does about a caller's: a user who is disabled, a role that is lost, a project or a credential
//! that is gone closes the key within the cache's life.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;
use oriel_domain::{AccessKeyId, Principal};
use oriel_store::{KeystoneKeyHolder, Store};
use secrecy::SecretString;
use time::OffsetDateTime;

use super::client::Login;
use super::{Keystone, KeystoneError};
use crate::identity::access::Signatures;
use crate::identity::signature::{Claim, Refusal};
use crate::identity::{Caller, IdentityError, IdentitySettings, SignatureError};

/// Keys whose logins are remembered.
const MAX_LOGINS: u64 = 10_000;

/// What signed requests are checked with.
pub(super) struct AccessKeys {
    store: Store,
    signatures: Signatures,
    /// By key: the token that its application credential was traded for, or that it got none.
    logins: Cache<AccessKeyId, Option<Arc<Login>>>,
    settings: IdentitySettings,
}

impl AccessKeys {
    /// None where no file with the key to the secrets is set.
    pub(super) fn new(
        store: Store,
        settings: IdentitySettings,
        negative: Duration,
    ) -> Result<Option<Self>, getrandom::Error> {
        let Some(file) = settings.credential_key.clone() else {
            return Ok(None);
        };
        Ok(Some(Self {
            store,
            signatures: Signatures::new(file, settings.lock_out)?,
            logins: Cache::builder()
                .max_capacity(MAX_LOGINS)
                .expire_after(Lives { negative })
                .build(),
            settings,
        }))
    }

    pub(super) fn settings(&self) -> &IdentitySettings {
        &self.settings
    }
}

impl Keystone {
    /// Finds out who signed a request, and what they may do now. A key that does not exist, one that
    /// is disabled, one whose application credential Keystone does not take any more, and a wrong
    /// signature are refused alike.
    pub async fn verify(&self, claim: &Claim, body: &[u8]) -> Result<Principal, SignatureError> {
        let keys = self.access_keys.as_ref().ok_or(Refusal::NotTaken)?;
        let attempt = keys.signatures.admit(claim)?;
        let key = claim.key();
        let found = keys.store.keystone_key_holder(key).await;
        let holder = found.map_err(IdentityError::from)?;
        let sealed = holder.as_ref().map(|holder| holder.sealed.as_slice());
        let enabled = holder.as_ref().is_some_and(|holder| holder.enabled);
        let signer = async {
            let Some(holder) = &holder else {
                return Ok(None);
            };
            // Boxed: it is large, and only asked where the signature is right.
            let caller = Box::pin(self.signer(keys, key, holder)).await?;
            Ok(caller.map(|caller| caller.principal))
        };
        let known = (sealed, enabled);
        keys.signatures.settle(attempt, claim, body, known, signer).await
    }

    /// Who a key stands for now. None: Keystone takes its application credential no more.
    async fn signer(
        &self,
        keys: &AccessKeys,
        key: &AccessKeyId,
        holder: &KeystoneKeyHolder,
    ) -> Result<Option<Caller>, IdentityError> {
        // A token that has ended or was revoked is no last word on the credential.
        for _ in 0..2 {
            let login = match keys.logins.get(key).await {
                Some(known) => known,
                None => {
                    let secret = keys.signatures.vault.open_login(key, &holder.credential_sealed)?;
                    let log_in = self.log_in_with(&holder.credential, &secret);
                    keys.logins.try_get_with_by_ref(key, log_in).await?
                }
            };
            let Some(login) = login else {
                return Ok(None);
            };
            if let Some(caller) = self.validate(&login.token).await? {
                return Ok(Some(caller));
            }
            keys.logins.invalidate(key).await;
        }
        // Keystone gives a token and does not know it: one with access rules, for example.
        keys.logins.insert(key.clone(), None).await;
        Ok(None)
    }

    async fn log_in_with(
        &self,
        credential: &str,
        secret: &SecretString,
    ) -> Result<Option<Arc<Login>>, KeystoneError> {
        let login = self.ask_patiently(|| self.client.log_in_with(credential, secret));
        Ok(login.await?.map(Arc::new))
    }

    /// Logs in with an application credential: who it acts as, and where. None: Keystone does not take
    /// it, or not from Oriel, which applies no access rules.
    pub async fn try_application_credential(
        &self,
        credential: &str,
        secret: &SecretString,
    ) -> Result<Option<Caller>, Arc<KeystoneError>> {
        match self.log_in_with(credential, secret).await? {
            Some(login) => self.validate(&login.token).await,
            None => Ok(None),
        }
    }
}

/// How long a login is believed: to the end of its token; a refusal, as long as that of a token.
struct Lives {
    negative: Duration,
}

impl Expiry<AccessKeyId, Option<Arc<Login>>> for Lives {
    fn expire_after_create(
        &self,
        _: &AccessKeyId,
        login: &Option<Arc<Login>>,
        _: Instant,
    ) -> Option<Duration> {
        Some(login.as_ref().map_or(self.negative, |login| {
            Duration::try_from(login.expires_at - OffsetDateTime::now_utc()).unwrap_or_default()
        }))
    }
}

impl fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKeys")
            .field("signatures", &self.signatures)
            .finish_non_exhaustive()
    }
}
