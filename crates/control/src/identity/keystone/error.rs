//! Why Keystone could not be asked.

use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;

/// Why Keystone did not say who holds a token. None of these is the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum KeystoneError {
    /// It could not be reached, or broke off.
    #[error("Keystone could not be asked: {0}")]
    Unreachable(String),
    /// It took too long, all tries together.
    #[error("Keystone did not answer within {0:?}")]
    TimedOut(Duration),
    /// It failed, or something that is no Keystone answered.
    #[error("Keystone answered with {0}: is identity.keystone.url the address of a Keystone?")]
    Unexpected(StatusCode),
    /// It sent Oriel elsewhere. Tokens are shown to the configured Keystone and to nobody else.
    #[error(
        "Keystone answered with a redirect ({0}), which is not followed: set identity.keystone.url to where it leads"
    )]
    Redirected(StatusCode),
    /// Its answer is no token document.
    #[error("Keystone's answer cannot be read: {0}")]
    Unreadable(String),
    /// The service user may not log in.
    #[error(
        "Keystone refused the service user: check identity.keystone.user, its project, domains and password"
    )]
    LoginRefused,
    /// The service user logged in, but its token does not work.
    #[error("Keystone does not know the token that it gave to the service user")]
    OwnTokenUnknown,
    /// The service user may not see other users' tokens.
    #[error("Keystone does not let the service user validate tokens: give it the role service or admin")]
    NotAllowed,
    /// The service user's secret cannot be read.
    #[error(transparent)]
    Secret(#[from] KeystoneSetupError),
    /// It failed a moment ago and is not asked just now.
    #[error("Keystone failed a moment ago and is asked again in {0:?}")]
    Resting(Duration),
}

impl KeystoneError {
    /// For a status that no Keystone answers this question with.
    pub(super) fn unexpected(status: StatusCode) -> Self {
        if status.is_redirection() {
            Self::Redirected(status)
        } else {
            Self::Unexpected(status)
        }
    }

    /// When it makes sense for a caller to come back.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Resting(left) => *left,
            _ => Duration::from_secs(1),
        }
    }

    /// Whether the same question may be answered in a moment.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            // What a proxy says while the Keystone behind it starts.
            Self::Unexpected(status) => matches!(status.as_u16(), 502..=504),
            _ => false,
        }
    }

    /// Whether the next caller would fare no better. A 4xx is about one token.
    pub(super) fn is_keystones_fault(&self) -> bool {
        match self {
            Self::Resting(_) => false,
            Self::Unexpected(status) => !status.is_client_error(),
            _ => true,
        }
    }
}

/// Why Oriel cannot get ready to ask Keystone.
#[derive(Debug, thiserror::Error)]
pub enum KeystoneSetupError {
    /// The address is none.
    #[error("{url:?} is no address of a Keystone: {reason}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The certificates to trust cannot be read.
    #[error("the certificates to trust Keystone by, {}: {reason}", file.display())]
    Authority {
        /// The file, or where the system keeps its own.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The service user's secret cannot be read.
    #[error("the service user's password, from {from}: {reason}")]
    Secret {
        /// The file or the variable.
        from: String,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}
