//! Application credentials: made by their user, and traded for tokens.

use std::time::Instant;

use oriel_domain::{Digest, Role};
use oriel_store::{
    ApplicationCredentialKey, ApplicationCredentialRecord, AuthMethod, Key, MAX_APPLICATION_CREDENTIALS,
    NewApplicationCredential, NewToken, Proof, SecretCheck, StoreError, UserKey,
};
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;
use tracing::info;

use super::{Embedded, Issued, LoginError, new_audit_id, new_token};
use crate::identity::{Caller, IdentityError};

/// How a login names an application credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialLogin {
    /// By its id.
    Id(String),
    /// By its name and its user.
    Name(String, UserKey),
}

/// An application credential that a user asks for.
#[derive(Debug)]
pub struct NewCredential {
    /// Its name, 1 to 255 characters, unique among its user's.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its secret, where the user chose one.
    pub secret: Option<SecretString>,
    /// The roles that it is to give; none: all that the token has.
    pub roles: Option<Vec<Role>>,
    /// Whether it may make and delete others.
    pub unrestricted: bool,
    /// When it is to stop working, if ever.
    pub expires_at: Option<OffsetDateTime>,
}

/// Why no application credential was made or deleted.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The caller's token was itself got with one that may not.
    #[error(
        "You are not authorized to perform the requested action: Using method 'application_credential' is not allowed for managing additional application credentials.."
    )]
    Restricted,
    /// The caller's token is good in no project.
    #[error("A project-scoped token is required to create an application credential.")]
    NoProject,
    /// It was to give more than its user has.
    #[error("Invalid application credential: Cannot create an application credential with unassigned role")]
    UnassignedRole,
    /// The user has as many as one may have.
    #[error(
        "Unable to create additional application credentials, maximum of {MAX_APPLICATION_CREDENTIALS} already exceeded for user."
    )]
    TooMany,
    /// Nobody could say.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<StoreError> for CredentialError {
    fn from(error: StoreError) -> Self {
        Self::Identity(error.into())
    }
}

/// Refuses a token that was got with a credential which may not manage others.
pub(in crate::identity) fn check_unrestricted(caller: &Caller) -> Result<(), CredentialError> {
    match &caller.application_credential {
        Some(credential) if !credential.unrestricted => Err(CredentialError::Restricted),
        _ => Ok(()),
    }
}

impl Embedded {
    /// Makes an application credential for the caller, in the project of their token. The secret is
    /// told this once.
    pub async fn create_application_credential(
        &self,
        caller: &Caller,
        new: NewCredential,
    ) -> Result<(ApplicationCredentialRecord, SecretString), CredentialError> {
        check_unrestricted(caller)?;
        let principal = &caller.principal;
        let Some(project) = &principal.project else {
            return Err(CredentialError::NoProject);
        };
        // Each role implies the lesser ones, so that the greatest says it all.
        let own = principal.roles.known().max();
        let wanted = match new.roles {
            Some(roles) => roles.into_iter().max(),
            None => own,
        };
        let role = wanted
            .filter(|role| principal.has(*role))
            .ok_or(CredentialError::UnassignedRole)?;
        let (secret, check) = self.keep_secret(new.secret).await?;
        let made = self
            .store
            .create_application_credential(&NewApplicationCredential {
                user: principal.user.id.clone(),
                project: project.id.clone(),
                name: new.name,
                description: new.description,
                secret: check,
                role,
                unrestricted: new.unrestricted,
                created_at: OffsetDateTime::now_utc(),
                expires_at: new.expires_at,
            })
            .await?
            .ok_or(CredentialError::TooMany)?;
        info!(
            user_id = %made.user, project_id = %made.project, credential_id = made.id, %role,
            "application credential made"
        );
        Ok((made, secret))
    }

    /// Trades an application credential's secret for a token in its project.
    pub async fn login_application_credential(
        &self,
        login: &CredentialLogin,
        secret: &SecretString,
    ) -> Result<Issued, LoginError> {
        let now = OffsetDateTime::now_utc();
        let Some((credential, check)) = self.find_credential(login).await? else {
            info!(credential_id = "unknown", "login refused");
            return Err(LoginError::Refused);
        };
        let matches = match &check {
            // Nobody guesses 256 random bits: a lock would only serve who wants to lock its owner out.
            SecretCheck::Random(digest) => Digest::of(secret.expose_secret()) == *digest,
            SecretCheck::Chosen(hash) => {
                let attempt = self.logins.admit(&credential.id, Instant::now())?;
                let matches = self.workers.check(secret, Some(hash)).await?;
                if matches {
                    attempt.succeeded(Instant::now())?;
                } else {
                    attempt.failed(Instant::now());
                }
                matches
            }
        };
        let expired = credential.expires_at.is_some_and(|end| end <= now);
        if !matches || expired {
            info!(credential_id = credential.id, matches, expired, "login refused");
            return Err(LoginError::Refused);
        }
        let end = now.saturating_add(self.settings.token_ttl);
        let new = NewToken {
            user: credential.user,
            project: Some(credential.project),
            application_credential: Some(credential.id.clone()),
            methods: vec![AuthMethod::ApplicationCredential],
            audit_id: new_audit_id(),
            parent_audit_id: None,
            issued_at: now,
            expires_at: credential.expires_at.map_or(end, |own| own.min(end)),
        };
        // Whether user and project are enabled is seen when the new token is read back.
        self.issue(new, Proof::ApplicationCredential(&credential.id))
            .await
    }

    async fn find_credential(
        &self,
        login: &CredentialLogin,
    ) -> Result<Option<(ApplicationCredentialRecord, SecretCheck)>, StoreError> {
        let key = match login {
            CredentialLogin::Id(id) => ApplicationCredentialKey::Id(id.clone()),
            CredentialLogin::Name(name, user) => {
                let user = match user {
                    Key::Id(id) => id.clone(),
                    Key::Name { .. } => match self.store.user(user).await? {
                        Some(user) => user.id,
                        None => return Ok(None),
                    },
                };
                ApplicationCredentialKey::Name(name.clone(), user)
            }
        };
        self.store.application_credential(&key).await
    }

    /// The secret, and what it is checked against later: one that a person chose needs a slow hash,
    /// one of 256 random bits does not, and programs log in often.
    async fn keep_secret(
        &self,
        chosen: Option<SecretString>,
    ) -> Result<(SecretString, SecretCheck), IdentityError> {
        if let Some(secret) = chosen {
            let hash = self.workers.hash(&secret).await?;
            return Ok((secret, SecretCheck::Chosen(hash)));
        }
        let secret = new_token()?;
        let check = SecretCheck::Random(secret.digest());
        Ok((secret.expose().into(), check))
    }
}
