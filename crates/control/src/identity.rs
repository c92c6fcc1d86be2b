//! Who asks: users, tokens and the API that trades one for the other.
//!
//! A request's way through here: the header `X-Auth-Token` becomes an [`AuthToken`],
//! [`Identity::validate`] turns that into a [`Caller`] or into nothing. Where the tokens come from
//! is the business of the kind of identity; [`Embedded`] keeps users and tokens in Oriel's own
//! store and speaks the part of Keystone's API (version 3) that unmodified clients log in with;
//! [`Keystone`] asks an OpenStack's own.

mod access;
mod api;
mod embedded;
pub mod keystone;
pub mod password;
mod person;
pub(crate) mod request;
pub mod signature;
mod throttle;
mod vault;

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use axum::Router;
use axum::response::Response;
use oriel_domain::{AuthToken, Principal};
use oriel_store::{AuthMethod, StoreError, TokenCredential};
use time::{Duration, OffsetDateTime};

use self::signature::Claim;

pub use access::SignatureError;
pub(crate) use api::openapi;
pub use embedded::{CredentialError, CredentialLogin, Embedded, Issued, LoginError, NewCredential, Scope};
pub use keystone::{Keystone, KeystoneError, KeystoneSettings};
pub use password::PasswordError;
pub use throttle::{LockOut, Locked};
pub use vault::{Vault, VaultError};

/// Where callers are looked up. Clones share it.
#[derive(Debug, Clone)]
pub enum Identity {
    /// Users, projects, roles and tokens in Oriel's own store.
    Embedded(Arc<Embedded>),
    /// An OpenStack's Keystone.
    Keystone(Arc<Keystone>),
}

impl Identity {
    /// Finds out who holds a token. None is a 401: the token is unknown, expired or revoked, its
    /// user or project is disabled, or the user has no role in the project any more.
    pub async fn validate(&self, token: &AuthToken) -> Result<Option<Caller>, IdentityError> {
        match self {
            Self::Embedded(embedded) => embedded.validate(token).await,
            Self::Keystone(keystone) => Ok(keystone.validate(token).await?),
        }
    }

    /// Finds out who holds a token that a service passes on with a token of its own. None where one of
    /// the two does not work, or the service is none: Oriel's own users never are.
    pub async fn validate_for_service(
        &self,
        token: &AuthToken,
        service: &AuthToken,
    ) -> Result<Option<Caller>, IdentityError> {
        match self {
            Self::Embedded(_) => Ok(None),
            Self::Keystone(keystone) => Ok(keystone.validate_for_service(token, service).await?),
        }
    }

    /// The identity API under its paths, or the word where it is to be had.
    pub fn router(&self) -> Router {
        match self {
            Self::Embedded(embedded) => api::router(Arc::clone(embedded)),
            Self::Keystone(keystone) => api::router_elsewhere(Arc::clone(keystone)),
        }
    }

    /// Keystone's 401, as every service behind it answers it too: it names where to get a token.
    pub fn unauthorized(&self) -> Response {
        match self {
            Self::Embedded(embedded) => api::unauthorized(&embedded.settings().url()),
            Self::Keystone(keystone) => api::unauthorized(&keystone.settings().public_url),
        }
    }

    /// What a 401 says of where to get a token, in `WWW-Authenticate`.
    pub fn challenge(&self) -> String {
        match self {
            Self::Embedded(embedded) => api::challenge_text(&embedded.settings().url()),
            Self::Keystone(keystone) => api::challenge_text(&keystone.settings().public_url),
        }
    }

    /// Finds out who signed a request. Where no access keys are kept, it is refused with
    /// [`Refusal::NotTaken`](signature::Refusal::NotTaken).
    pub async fn verify(&self, claim: &Claim, body: &[u8]) -> Result<Principal, SignatureError> {
        match self {
            Self::Embedded(embedded) => embedded.verify(claim, body).await,
            Self::Keystone(keystone) => keystone.verify(claim, body).await,
        }
    }
}

/// Who asks, and what their token says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user, the project and the roles there, implied ones included.
    pub principal: Principal,
    /// How the user proved who they are.
    pub methods: Vec<AuthMethod>,
    /// The application credential that they used, where the identity is Oriel's own.
    pub application_credential: Option<TokenCredential>,
    /// What names the token in logs, then the first token of its chain where there is one.
    pub audit_ids: Vec<String>,
    /// When the token was issued.
    pub issued_at: OffsetDateTime,
    /// When it stops working.
    pub expires_at: OffsetDateTime,
}

/// Why nobody could say who asks. None of these is the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// As many logins wait for their password check as may. Answered with 503.
    #[error("too many logins at once")]
    Busy,
    /// A password could not be checked.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The secret of an access key could not be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The operating system had no randomness for a token.
    #[error("the operating system gave no randomness for a token: {0}")]
    Randomness(#[from] getrandom::Error),
    /// Keystone could not be asked. Answered with 503.
    #[error(transparent)]
    Keystone(#[from] Arc<KeystoneError>),
}

/// What an operator sets about identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySettings {
    /// Where clients reach Oriel: scheme, host and port, without a slash at the end. The
    /// catalogue's and the documents' links start with it.
    pub public_url: String,
    /// The one region in the catalogue.
    pub region: String,
    /// How long a token works. One that was traded for another token ends with that.
    pub token_ttl: Duration,
    /// Password checks at once. Each takes one core and [`password::MEMORY_KIB`] of memory. 0
    /// counts as 1.
    pub password_workers: usize,
    /// Logins that may wait for a password check; one more is told to come back (503).
    pub password_queue: usize,
    /// When repeated failures of one user or access key slow it down and lock it.
    pub lock_out: LockOut,
    /// The file with the key that secrets of access keys are sealed with. None: signed requests are
    /// refused.
    pub credential_key: Option<PathBuf>,
}

impl IdentitySettings {
    /// Keystone's name for the region of a cloud that has one.
    pub const REGION: &str = "RegionOne";
    /// A working day and the night after it.
    pub const TOKEN_TTL: Duration = Duration::hours(24);
    /// At 25 ms a check, the last in the queue waits for under two seconds on one core.
    pub const PASSWORD_QUEUE: usize = 64;

    /// The settings that an operator who sets nothing but the URL gets.
    pub fn new(public_url: impl Into<String>) -> Self {
        let public_url = public_url.into();
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            region: Self::REGION.to_owned(),
            token_ttl: Self::TOKEN_TTL,
            password_workers: thread::available_parallelism().map_or(1, NonZero::get),
            password_queue: Self::PASSWORD_QUEUE,
            lock_out: LockOut::DEFAULT,
            credential_key: None,
        }
    }

    /// Where clients find the identity API.
    pub(crate) fn url(&self) -> String {
        format!("{}/identity", self.public_url)
    }
}
