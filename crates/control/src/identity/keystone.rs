//! Users and tokens of an OpenStack Keystone.
//!
//! A caller's token is shown to Keystone with a token of Oriel's own service user, and what comes
//! back is kept for a short while. [`Keystone::validate`] is one token from top to bottom:
//!
//! 1. a text that cannot be a token of Keystone's is refused here;
//! 2. what is known of the token is taken from the cache, which knows its digest only;
//! 3. of all that ask about one token at once, one asks Keystone and the others wait for it;
//! 4. the breaker turns away at once while Keystone is known to be down;
//! 5. a question that did not get through is asked again, within one limit of time.

mod access_keys;
mod breaker;
mod client;
mod document;
mod error;
mod people;
mod service_user;
mod settings;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use moka::Expiry;
use moka::future::Cache;
use oriel_domain::AuthToken;
use oriel_store::Store;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

pub use self::error::{KeystoneError, KeystoneSetupError};
pub use self::settings::{KeystoneSettings, SecretSource, ServiceLogin};

use self::access_keys::AccessKeys;
use self::breaker::Breaker;
use self::client::Client;
use self::service_user::ServiceUser;
use super::throttle::Throttle;
use super::{Caller, IdentitySettings, LockOut};

/// Tokens that are remembered, good and bad together: about 1 KiB each. Beyond that, those that
/// are seldom asked about go first, so that a flood of made-up tokens drives no good one out.
const MAX_CACHED: u64 = 20_000;
/// Questions that Keystone is asked at once; further ones wait.
const MAX_QUESTIONS: usize = 32;
/// Passwords that Keystone is asked about at once: each costs it the work of a slow hash.
const MAX_LOGINS: usize = 4;
/// How often and how soon a Keystone that is down is asked again.
struct Patience {
    /// How long to wait before each further try.
    tries: [Duration; 3],
    /// Questions in a row that may fail, tries and all, before callers are turned away at once.
    failures: u32,
    /// How long they are turned away before one of them may ask.
    rest: Duration,
}

const PATIENCE: Patience = Patience {
    tries: [
        Duration::from_millis(100),
        Duration::from_millis(300),
        Duration::from_millis(900),
    ],
    failures: 3,
    rest: Duration::from_secs(3),
};

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Question {
    /// A token, by its digest.
    token: [u8; 32],
    /// Whether it may have ended a while ago.
    may_have_ended: bool,
}

/// What is known of a token: who holds it, or that it is good for nothing.
type Known = Option<Arc<Caller>>;

/// Users and tokens of an OpenStack Keystone.
pub struct Keystone {
    settings: KeystoneSettings,
    client: Client,
    service_user: ServiceUser,
    patience: Patience,
    breaker: Breaker,
    questions: Semaphore,
    cache: Cache<Question, Known>,
    /// What signed requests are checked with, if they are taken.
    access_keys: Option<AccessKeys>,
    /// Failed logins of people at the servers page, by user.
    failed_logins: Throttle,
    logins: Semaphore,
}

impl Keystone {
    /// Gets ready to ask Keystone, and asks nothing yet: Oriel starts while Keystone is down.
    pub fn new(settings: KeystoneSettings) -> Result<Self, KeystoneSetupError> {
        Self::with_patience(settings, PATIENCE)
    }

    fn with_patience(settings: KeystoneSettings, patience: Patience) -> Result<Self, KeystoneSetupError> {
        let client = Client::new(&settings)?;
        // A secret that is not there is told at the start, not at the first login.
        settings.login.read_secret()?;
        let lives = Lives {
            positive: settings.cache_ttl,
            negative: settings.negative_ttl,
        };
        Ok(Self {
            client,
            service_user: ServiceUser::new(settings.login.clone()),
            breaker: Breaker::new(patience.failures, patience.rest),
            patience,
            questions: Semaphore::new(MAX_QUESTIONS),
            cache: Cache::builder()
                .max_capacity(MAX_CACHED)
                .expire_after(lives)
                .build(),
            access_keys: None,
            failed_logins: Throttle::new(LockOut::DEFAULT),
            logins: Semaphore::new(MAX_LOGINS),
            settings,
        })
    }

    /// Takes signed requests too, if the settings name a file with the key to the secrets. The access
    /// keys are in this store.
    pub fn with_access_keys(
        mut self,
        store: Store,
        settings: IdentitySettings,
    ) -> Result<Self, getrandom::Error> {
        self.failed_logins = Throttle::new(settings.lock_out);
        self.access_keys = AccessKeys::new(store, settings, self.settings.negative_ttl)?;
        Ok(self)
    }

    /// The settings about access keys, where signed requests are taken.
    pub(super) fn key_settings(&self) -> Option<&IdentitySettings> {
        self.access_keys.as_ref().map(AccessKeys::settings)
    }

    /// What the operator set.
    pub fn settings(&self) -> &KeystoneSettings {
        &self.settings
    }

    /// Finds out who holds a token. None: Keystone does not know it, or no longer.
    pub async fn validate(&self, token: &AuthToken) -> Result<Option<Caller>, Arc<KeystoneError>> {
        let known = self.look_up(token, false).await?;
        let now = OffsetDateTime::now_utc();
        Ok(known.filter(|caller| caller.expires_at > now))
    }

    /// Finds out who holds a token that a service passes on with a token of its own. The user's may
    /// have ended since the user asked that service for something long, as long ago as Keystone
    /// allows (two days by default). None: Keystone does not know one of the two, or the service has
    /// none of the roles that make it one.
    pub async fn validate_for_service(
        &self,
        token: &AuthToken,
        service: &AuthToken,
    ) -> Result<Option<Caller>, Arc<KeystoneError>> {
        let Some(service) = self.validate(service).await? else {
            return Ok(None);
        };
        let mut roles = self.settings.service_token_roles.iter();
        if !roles.any(|role| service.principal.roles.has_named(role)) {
            return Ok(None);
        }
        match self.validate(token).await? {
            Some(caller) => Ok(Some(caller)),
            None => self.look_up(token, true).await,
        }
    }

    async fn look_up(
        &self,
        token: &AuthToken,
        may_have_ended: bool,
    ) -> Result<Option<Caller>, Arc<KeystoneError>> {
        if !can_be_keystones(token) {
            return Ok(None);
        }
        let question = Question {
            token: *token.digest().as_bytes(),
            may_have_ended,
        };
        // Errors are told to those who wait and are not kept.
        let known = self
            .cache
            .try_get_with(question, self.ask(token, may_have_ended))
            .await?;
        Ok(known.map(|caller| Caller::clone(&caller)))
    }

    /// Logs the service user in and shows Keystone its own token: whether all that
    /// [`validate`](Self::validate) needs is there.
    pub async fn check(&self) -> Result<(), KeystoneError> {
        let own = self.within_time(self.service_user.token(&self.client)).await?;
        match self.within_time(self.ask_once(&own, false)).await? {
            Some(_) => Ok(()),
            None => Err(KeystoneError::OwnTokenUnknown),
        }
    }

    async fn ask(&self, token: &AuthToken, may_have_ended: bool) -> Result<Known, KeystoneError> {
        let answer = self
            .ask_patiently(|| self.ask_once(token, may_have_ended))
            .await?;
        Ok(answer.map(Arc::new))
    }

    /// Asks one question of Keystone, unless it is known to be down.
    async fn ask_patiently<T, Asked>(&self, question: impl Fn() -> Asked) -> Result<T, KeystoneError>
    where
        Asked: Future<Output = Result<T, KeystoneError>>,
    {
        self.breaker.admit(Instant::now())?;
        let answer = self
            .within_time(async {
                let _slot = self.questions.acquire().await;
                self.ask_again_and_again(question).await
            })
            .await;
        match &answer {
            Ok(_) => {
                if self.breaker.succeeded() {
                    info!(url = self.settings.url(), "Keystone answers again");
                }
            }
            Err(error) if error.is_keystones_fault() => {
                if self.breaker.failed(Instant::now()) {
                    warn!(
                        url = self.settings.url(),
                        pause = ?self.patience.rest,
                        "Keystone is given a rest: tokens that are not in the cache are turned away"
                    );
                }
            }
            Err(_) => {}
        }
        answer
    }

    async fn ask_again_and_again<T, Asked>(&self, question: impl Fn() -> Asked) -> Result<T, KeystoneError>
    where
        Asked: Future<Output = Result<T, KeystoneError>>,
    {
        for pause in self.patience.tries {
            match question().await {
                Err(error) if error.may_pass() => sleep(pause).await,
                answer => return answer,
            }
        }
        question().await
    }

    /// Shows Keystone a token. A service user's token that has stopped working is renewed once.
    async fn ask_once(
        &self,
        token: &AuthToken,
        may_have_ended: bool,
    ) -> Result<Option<Caller>, KeystoneError> {
        let mut renewed = false;
        loop {
            let own = self.service_user.token(&self.client).await?;
            let answer = self.client.show_token(&own, token, may_have_ended).await?;
            match answer.status {
                StatusCode::OK => return document::read(&answer.body).map(Some),
                StatusCode::NOT_FOUND if answer.is_keystones_404() => return Ok(None),
                StatusCode::UNAUTHORIZED if !renewed => {
                    self.service_user.forget(&own).await;
                    renewed = true;
                }
                StatusCode::UNAUTHORIZED => return Err(KeystoneError::OwnTokenUnknown),
                StatusCode::FORBIDDEN => return Err(KeystoneError::NotAllowed),
                status => return Err(KeystoneError::unexpected(status)),
            }
        }
    }

    async fn within_time<T>(
        &self,
        question: impl Future<Output = Result<T, KeystoneError>>,
    ) -> Result<T, KeystoneError> {
        let limit = self.settings.timeout;
        timeout(limit, question)
            .await
            .unwrap_or(Err(KeystoneError::TimedOut(limit)))
    }
}

impl fmt::Debug for Keystone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keystone")
            .field("url", &self.settings.url())
            .finish_non_exhaustive()
    }
}

/// Whether Keystone could have made this token: Fernet's, JWS's and the old UUIDs' characters.
/// Nothing else is sent on, so that nobody can have Keystone trip over it.
fn can_be_keystones(token: &AuthToken) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'=');
    token.expose().bytes().all(legal)
}

/// How long what Keystone said of a token is believed.
struct Lives {
    positive: Duration,
    negative: Duration,
}

impl Lives {
    /// Never beyond the end of the token itself, unless that does not matter.
    fn of(&self, may_have_ended: bool, known: &Known, now: OffsetDateTime) -> Duration {
        match known {
            None => self.negative,
            Some(_) if may_have_ended => self.positive,
            Some(caller) => {
                let left = Duration::try_from(caller.expires_at - now).unwrap_or_default();
                left.min(self.positive)
            }
        }
    }
}

impl Expiry<Question, Known> for Lives {
    fn expire_after_create(&self, question: &Question, known: &Known, _: Instant) -> Option<Duration> {
        Some(self.of(question.may_have_ended, known, OffsetDateTime::now_utc()))
    }
}
