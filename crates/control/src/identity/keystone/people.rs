//! People who log in at the servers page: what their browser, which may speak to Oriel alone, would ask of
//! Keystone itself. A password is shown to the configured Keystone once, and to nobody else; it is never tried
//! again by itself, since Keystone counts failures too.

use std::time::Instant;

use http::{HeaderName, StatusCode};
use oriel_domain::{AuthToken, ProjectId, ProjectRef};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tracing::info;

use super::client::{Answer, Login};
use super::{Keystone, KeystoneError, Question, document};
use crate::identity::{IdentityError, LoginError};

/// Keystone's way to say that a password was right and not enough.
const RECEIPT: HeaderName = HeaderName::from_static("openstack-auth-receipt");

impl Keystone {
    /// Trades a password for a token that is good nowhere yet. The domain goes by its name; without one, the user is
    /// looked for in the domain that every Keystone has. Repeated failures of one user are slowed down, then locked,
    /// before Keystone hears of more of them.
    pub async fn log_in_person(
        &self,
        user: &str,
        domain: Option<&str>,
        password: &SecretString,
    ) -> Result<AuthToken, LoginError> {
        // A Keystone's database may find a name in any case and with blanks behind it; and a domain's id is most often
        // its name in small letters.
        let plain = |name: &str| name.trim_end().to_lowercase();
        let claimed = (plain(user), plain(domain.unwrap_or("default")));
        let attempt = self.failed_logins.admit(&claimed, Instant::now())?;
        let asked = async {
            let _slot = self.logins.acquire().await;
            let body = by_password(user, domain, password.expose_secret()).to_string();
            self.client.log_in(body).await
        };
        let answer = self.within_time(asked).await.map_err(unavailable)?;
        match answer.status {
            StatusCode::CREATED => {}
            StatusCode::UNAUTHORIZED if answer.headers.contains_key(RECEIPT) => {
                attempt.succeeded(Instant::now())?;
                return Err(LoginError::SecondProof);
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                // What was typed as the name is not logged: it may well be the password.
                attempt.failed(Instant::now());
                info!("Keystone refused a person's login");
                return Err(LoginError::Refused);
            }
            // A name or a password that Keystone's schema does not even look at.
            StatusCode::BAD_REQUEST => {
                attempt.failed(Instant::now());
                return Err(LoginError::Refused);
            }
            status => return Err(unavailable(KeystoneError::unexpected(status))),
        }
        attempt.succeeded(Instant::now())?;
        info!("Keystone took a person's login");
        read_token(&answer)
    }

    /// Trades a person's token for one that is good in this project.
    pub async fn enter(&self, token: &AuthToken, project: &ProjectId) -> Result<AuthToken, LoginError> {
        let body = json!({"auth": {
            "identity": {"methods": ["token"], "token": {"id": token.expose()}},
            "scope": {"project": {"id": project.as_str()}},
        }});
        let asked = async {
            let _slot = self.questions.acquire().await;
            self.client.log_in(body.to_string()).await
        };
        let answer = self.within_time(asked).await.map_err(unavailable)?;
        match answer.status {
            StatusCode::CREATED => read_token(&answer),
            StatusCode::FORBIDDEN => Err(LoginError::Delegated),
            StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => Err(LoginError::NoRole(
                "You have no role in this project, or there is no such project.",
            )),
            status => Err(unavailable(KeystoneError::unexpected(status))),
        }
    }

    /// The projects that a person's token can be traded for. None: the token does not work any more.
    pub async fn projects_of(&self, token: &AuthToken) -> Result<Option<Vec<ProjectRef>>, IdentityError> {
        let answer = self.ask_patiently(|| self.client.projects(token)).await;
        let answer = answer.map_err(to_identity)?;
        match answer.status {
            StatusCode::OK => {
                let mut projects = document::read_projects(&answer.body).map_err(to_identity)?;
                projects.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
                Ok(Some(projects))
            }
            StatusCode::UNAUTHORIZED => Ok(None),
            status => Err(to_identity(KeystoneError::unexpected(status))),
        }
    }

    /// Makes a person's token stop working, there and here.
    pub async fn revoke(&self, token: &AuthToken) -> Result<(), IdentityError> {
        let answer = self.ask_patiently(|| self.client.revoke(token)).await;
        // Afterwards, or who asks meanwhile would have it remembered as good.
        for may_have_ended in [false, true] {
            let token = *token.digest().as_bytes();
            self.cache
                .invalidate(&Question {
                    token,
                    may_have_ended,
                })
                .await;
        }
        let status = answer.map_err(to_identity)?.status;
        match status {
            // One that has ended by itself is as good.
            StatusCode::NO_CONTENT | StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => Ok(()),
            status => Err(to_identity(KeystoneError::unexpected(status))),
        }
    }
}

fn by_password(user: &str, domain: Option<&str>, password: &str) -> Value {
    let domain = match domain {
        Some(name) => json!({ "name": name }),
        None => json!({ "id": "default" }),
    };
    json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": user, "domain": domain, "password": password,
        }}},
        // A user's default project would decide otherwise.
        "scope": "unscoped",
    }})
}

fn read_token(answer: &Answer) -> Result<AuthToken, LoginError> {
    let Login { token, .. } = answer.login().map_err(unavailable)?;
    Ok(token)
}

fn unavailable(error: KeystoneError) -> LoginError {
    LoginError::Identity(to_identity(error))
}

fn to_identity(error: KeystoneError) -> IdentityError {
    IdentityError::Keystone(error.into())
}
