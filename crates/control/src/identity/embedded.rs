//! Users and tokens in Oriel's own store.

mod application_credentials;

use std::time::Instant;

use oriel_domain::{AuthToken, Digest, Evidence, Principal, ProjectId, ProjectRef, Roles, UserId};
use oriel_store::{
    AuthMethod, DomainKey, Key, NewToken, ProjectKey, ProjectRecord, Proof, Store, StoreError, TokenRecord,
    UserKey,
};
use secrecy::SecretString;
use time::OffsetDateTime;
use tracing::info;
use uuid::Uuid;

pub(super) use application_credentials::check_unrestricted;
pub use application_credentials::{CredentialError, CredentialLogin, NewCredential};

use super::access::Signatures;
use super::password::Workers;
use super::throttle::{Locked, Throttle};
use super::{Caller, IdentityError, IdentitySettings};

/// Where a new token is to be good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Nowhere yet. Such a token lists its user's projects and is traded for one with a scope.
    Unscoped,
    /// In one project.
    Project(ProjectKey),
    /// In a domain. Nobody has roles there.
    Domain,
    /// In the whole system. Nobody has roles there.
    System,
}

/// A token that was just issued, and what it says.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token, for its owner's eyes.
    pub token: AuthToken,
    /// What it says.
    pub caller: Caller,
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown user, disabled user, wrong password, or a token that does not work: one answer for
    /// all of them.
    #[error("The request you have made requires authentication.")]
    Refused,
    /// The user is who they say, but has no role where the token is to be good, or that place does
    /// not exist, or is disabled: one answer for all of them.
    #[error("{0}")]
    NoRole(&'static str),
    /// The user has failed too often, by whoever's hand, and whether or not there is such a user.
    #[error("Too many failed logins of this user. Try again in {} seconds.", .0.retry_after.as_secs())]
    Locked(#[from] Locked),
    /// The token that was brought may not be traded for another one.
    #[error(
        "You are not authorized to perform the requested action: Using a delegated token to create another token is not allowed.."
    )]
    Delegated,
    /// The password is right, and the identity wants a second proof, which only its own clients can ask for.
    #[error("This user needs more than a password to log in.")]
    SecondProof,
    /// Nobody could say.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        Self::Identity(error.into())
    }
}

/// Users and tokens in Oriel's own store.
#[derive(Debug)]
pub struct Embedded {
    pub(super) store: Store,
    settings: IdentitySettings,
    workers: Workers,
    /// Failed logins, by user.
    logins: Throttle,
    /// What signatures are checked with, if they are taken.
    pub(super) signatures: Option<Signatures>,
}

impl Embedded {
    /// Starts with a store and settings. Takes as long as one password check.
    pub fn new(store: Store, settings: IdentitySettings) -> Result<Self, IdentityError> {
        let workers = Workers::new(settings.password_workers, settings.password_queue)?;
        let credential_key = settings.credential_key.clone();
        let signatures = credential_key.map(|file| Signatures::new(file, settings.lock_out));
        Ok(Self {
            store,
            workers,
            logins: Throttle::new(settings.lock_out),
            signatures: signatures.transpose()?,
            settings,
        })
    }

    /// What the operator set.
    pub fn settings(&self) -> &IdentitySettings {
        &self.settings
    }

    /// How many passwords were checked since the start, for users known and unknown. Each check
    /// costs about 25 ms of a core.
    pub fn password_checks(&self) -> u64 {
        self.workers.checks()
    }

    /// The projects where this user has a role and that are not disabled, in the order of their names.
    pub async fn projects_of(&self, user: &UserId) -> Result<Vec<ProjectRef>, IdentityError> {
        let projects = self.store.projects_of(user).await?;
        let enabled = projects.iter().filter(|project| project.enabled);
        Ok(enabled.map(ProjectRecord::to_ref).collect())
    }

    /// Whether a user's name alone may not say who it is.
    pub async fn has_several_domains(&self) -> Result<bool, IdentityError> {
        Ok(self.store.domains().await?.len() > 1)
    }

    /// Whether there is anybody who could log in.
    pub async fn has_users(&self) -> Result<bool, IdentityError> {
        Ok(self.store.has_users().await?)
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Finds out who holds a token, and what they may do now.
    pub async fn validate(&self, token: &AuthToken) -> Result<Option<Caller>, IdentityError> {
        self.validate_at(token, OffsetDateTime::now_utc()).await
    }

    async fn validate_at(
        &self,
        token: &AuthToken,
        now: OffsetDateTime,
    ) -> Result<Option<Caller>, IdentityError> {
        let digest = token.digest();
        let found = self.store.token(&digest, now).await?;
        Ok(found.map(|record| read_caller(digest, record)))
    }

    /// Trades a password for a token. Repeated failures of one user are slowed down, then locked.
    pub async fn login_password(
        &self,
        user: &UserKey,
        password: &SecretString,
        scope: &Scope,
    ) -> Result<Issued, LoginError> {
        let attempt = self.logins.admit(&claimed_name(user), Instant::now())?;
        let known = self.store.credentials(user).await?;
        let matches = self
            .workers
            .check(password, known.as_ref().map(|(_, hash)| hash))
            .await?;
        let Some((user, hash)) = known else {
            // What was typed as the name is not logged: it may well be the password.
            attempt.failed(Instant::now());
            info!(user_id = "unknown", "login refused");
            return Err(LoginError::Refused);
        };
        if !matches || !user.enabled {
            attempt.failed(Instant::now());
            info!(user_id = %user.id, enabled = user.enabled, "login refused");
            return Err(LoginError::Refused);
        }
        attempt.succeeded(Instant::now())?;
        let issued_at = OffsetDateTime::now_utc();
        let new = NewToken {
            project: self.scoped_project(&user.id, scope).await?,
            application_credential: None,
            user: user.id,
            methods: vec![AuthMethod::Password],
            audit_id: new_audit_id(),
            parent_audit_id: None,
            issued_at,
            expires_at: issued_at.saturating_add(self.settings.token_ttl),
        };
        self.issue(new, Proof::Password(&hash)).await
    }

    /// Trades a token for another one, in another project perhaps. It ends when the first would.
    pub async fn login_token(&self, token: &AuthToken, scope: &Scope) -> Result<Issued, LoginError> {
        let digest = token.digest();
        let issued_at = OffsetDateTime::now_utc();
        let Some(parent) = self.store.token(&digest, issued_at).await? else {
            info!("token refused at login");
            return Err(LoginError::Refused);
        };
        // It would lead out of the credential's project, and past its role.
        if parent.application_credential.is_some() {
            return Err(LoginError::Delegated);
        }
        let mut methods = vec![AuthMethod::Token];
        methods.extend(
            parent
                .methods
                .into_iter()
                .filter(|method| *method != AuthMethod::Token),
        );
        let new = NewToken {
            project: self.scoped_project(&parent.user.id, scope).await?,
            application_credential: None,
            user: parent.user.id,
            methods,
            audit_id: new_audit_id(),
            parent_audit_id: parent.parent_audit_id.or(Some(parent.audit_id)),
            issued_at,
            expires_at: parent.expires_at,
        };
        self.issue(new, Proof::Token(&digest)).await
    }

    /// Makes a token stop working. False: it did not work before.
    pub async fn revoke(&self, token: &AuthToken) -> Result<bool, IdentityError> {
        Ok(self.store.revoke_token(&token.digest()).await?)
    }

    /// The project that a token is to be good in, provided that the user has a role there.
    async fn scoped_project(&self, user: &UserId, scope: &Scope) -> Result<Option<ProjectId>, LoginError> {
        let key = match scope {
            Scope::Unscoped => return Ok(None),
            Scope::Project(key) => key,
            Scope::Domain => {
                return Err(LoginError::NoRole(
                    "You have no role in this domain: name a project instead.",
                ));
            }
            Scope::System => {
                return Err(LoginError::NoRole(
                    "You have no role in the system: name a project instead.",
                ));
            }
        };
        let no_role = LoginError::NoRole("You have no role in this project, or there is no such project.");
        let Some(project) = self.store.project(key).await?.filter(|project| project.enabled) else {
            return Err(no_role);
        };
        if self.store.roles_of(user, &project.id).await?.is_empty() {
            return Err(no_role);
        }
        Ok(Some(project.id))
    }

    async fn issue(&self, new: NewToken, proof: Proof<'_>) -> Result<Issued, LoginError> {
        let token = new_token().map_err(IdentityError::from)?;
        if !self.store.issue_token(&token.digest(), &new, proof).await? {
            return Err(LoginError::Refused);
        }
        // Read back, so that a new token says exactly what it will say at each use.
        let caller = self
            .validate_at(&token, new.issued_at)
            .await?
            .ok_or(LoginError::Refused)?;
        info!(
            user_id = %new.user,
            project_id = new.project.as_ref().map(ProjectId::as_str),
            audit_id = new.audit_id,
            "token issued"
        );
        Ok(Issued { token, caller })
    }
}

/// What a user's failures are counted under: as the user was named, so that nothing is learned of
/// whether there is one. The default domain has the same id and name; with that, a user has two
/// such names, its id being the other.
fn claimed_name(user: &UserKey) -> (&str, String) {
    match user {
        Key::Id(id) => (id.as_str(), String::new()),
        Key::Name {
            name,
            domain: DomainKey::Id(domain),
        } => (name, format!("@{}", domain.as_str().to_lowercase())),
        Key::Name {
            name,
            domain: DomainKey::Name(domain),
        } => (name, format!("@{}", domain.to_lowercase())),
    }
}

/// A random token. One that began with a dash would read as an option to
/// `openstack token revoke`.
fn new_token() -> Result<AuthToken, getrandom::Error> {
    loop {
        let token = AuthToken::random()?;
        if !token.expose().starts_with('-') {
            return Ok(token);
        }
    }
}

fn new_audit_id() -> String {
    Uuid::new_v4().simple().to_string()
}

fn read_caller(digest: Digest, token: TokenRecord) -> Caller {
    let roles = Roles::implied_by(&token.roles);
    Caller {
        principal: Principal {
            user: token.user,
            project: token.project,
            roles,
            evidence: Some(Evidence::Token(digest)),
        },
        methods: token.methods,
        application_credential: token.application_credential,
        audit_ids: [Some(token.audit_id), token.parent_audit_id]
            .into_iter()
            .flatten()
            .collect(),
        issued_at: token.issued_at,
        expires_at: token.expires_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_reads_as_an_option() {
        assert!((0..1_000).all(|_| !new_token().unwrap().expose().starts_with('-')));
    }
}
