//! Oriel's own user in Keystone, and its token.

use std::time::Duration;

use http::StatusCode;
use oriel_domain::AuthToken;
use secrecy::ExposeSecret as _;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::info;

use super::client::{Client, Login};
use super::{KeystoneError, ServiceLogin};

/// How long before its end a token is renewed, at most; one that lives shortly, at three quarters
/// of its life.
const RENEW_BEFORE: Duration = Duration::from_mins(2);

/// Oriel's own user in Keystone. It logs in when its token is first needed.
#[derive(Debug)]
pub(super) struct ServiceUser {
    login: ServiceLogin,
    /// Locked while logging in: whoever needs the token waits for that one login.
    current: Mutex<Option<Current>>,
}

#[derive(Debug)]
struct Current {
    token: AuthToken,
    renew_at: Instant,
}

impl ServiceUser {
    pub(super) fn new(login: ServiceLogin) -> Self {
        Self {
            login,
            current: Mutex::default(),
        }
    }

    /// A token that works, as far as is known.
    pub(super) async fn token(&self, client: &Client) -> Result<AuthToken, KeystoneError> {
        let mut current = self.current.lock().await;
        if let Some(current) = &*current
            && Instant::now() < current.renew_at
        {
            return Ok(current.token.clone());
        }
        let (token, life) = self.log_in(client).await?;
        *current = Some(Current {
            token: token.clone(),
            renew_at: Instant::now() + life.saturating_sub(RENEW_BEFORE.min(life / 4)),
        });
        Ok(token)
    }

    /// Takes note that a token does not work any more, unless another one has come since.
    pub(super) async fn forget(&self, token: &AuthToken) {
        let mut current = self.current.lock().await;
        if current
            .as_ref()
            .is_some_and(|own| own.token.digest() == token.digest())
        {
            *current = None;
        }
    }

    /// Gets a token, and how long it lives.
    async fn log_in(&self, client: &Client) -> Result<(AuthToken, Duration), KeystoneError> {
        let secret = self.login.read_secret()?;
        let body = self.login.body(secret.expose_secret()).to_string();
        let answer = client.log_in(body).await?;
        match answer.status {
            StatusCode::CREATED => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(KeystoneError::LoginRefused),
            status => return Err(KeystoneError::unexpected(status)),
        }
        let Login { token, expires_at } = answer.login()?;
        let life = Duration::try_from(expires_at - OffsetDateTime::now_utc()).unwrap_or_default();
        info!(%expires_at, "the service user has logged in to Keystone");
        Ok((token, life))
    }
}
