//! What the servers page needs of an identity for the person before it, whichever kind it is.

use oriel_domain::{AuthToken, ProjectId, ProjectRef};
use oriel_store::{DEFAULT_DOMAIN, DomainKey, ProjectKey, UserKey};
use secrecy::SecretString;

use super::{Identity, IdentityError, LoginError, Scope};

impl Identity {
    /// Trades a password for a token that is good nowhere yet. A domain goes by its name; without one, the user is
    /// looked for in the default one.
    pub(crate) async fn log_in_person(
        &self,
        user: &str,
        domain: Option<&str>,
        password: &SecretString,
    ) -> Result<AuthToken, LoginError> {
        match self {
            Self::Embedded(embedded) => {
                let domain = domain.unwrap_or(DEFAULT_DOMAIN).to_owned();
                let user = UserKey::Name {
                    name: user.to_owned(),
                    domain: DomainKey::Name(domain),
                };
                let issued = embedded.login_password(&user, password, &Scope::Unscoped).await?;
                Ok(issued.token)
            }
            Self::Keystone(keystone) => keystone.log_in_person(user, domain, password).await,
        }
    }

    /// Trades a person's token for one that is good in this project.
    pub(crate) async fn enter(
        &self,
        token: &AuthToken,
        project: &ProjectId,
    ) -> Result<AuthToken, LoginError> {
        match self {
            Self::Embedded(embedded) => {
                let scope = Scope::Project(ProjectKey::Id(project.clone()));
                Ok(embedded.login_token(token, &scope).await?.token)
            }
            Self::Keystone(keystone) => keystone.enter(token, project).await,
        }
    }

    /// The projects that a person's token can be traded for, in the order of their names. None: it does not work any
    /// more.
    pub(crate) async fn projects_of(
        &self,
        token: &AuthToken,
    ) -> Result<Option<Vec<ProjectRef>>, IdentityError> {
        match self {
            Self::Embedded(embedded) => match embedded.validate(token).await? {
                Some(caller) => Ok(Some(embedded.projects_of(&caller.principal.user.id).await?)),
                None => Ok(None),
            },
            Self::Keystone(keystone) => keystone.projects_of(token).await,
        }
    }

    /// Makes a person's token stop working.
    pub(crate) async fn revoke(&self, token: &AuthToken) -> Result<(), IdentityError> {
        match self {
            Self::Embedded(embedded) => embedded.revoke(token).await.map(drop),
            Self::Keystone(keystone) => keystone.revoke(token).await,
        }
    }

    /// Whether who logs in may have to name a domain.
    pub(crate) async fn asks_for_domain(&self) -> Result<bool, IdentityError> {
        match self {
            Self::Embedded(embedded) => embedded.has_several_domains().await,
            // Whether it has several is for its admins to know.
            Self::Keystone(_) => Ok(true),
        }
    }

    /// Whether there is nobody yet who could log in.
    pub(crate) async fn is_empty(&self) -> Result<bool, IdentityError> {
        match self {
            Self::Embedded(embedded) => Ok(!embedded.has_users().await?),
            Self::Keystone(_) => Ok(false),
        }
    }
}
