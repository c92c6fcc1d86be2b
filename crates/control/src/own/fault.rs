//! Refusals, in the words that the page's calls of the gateway have too: a name for programs, a sentence for people.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use oriel_domain::ConsoleKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::consoles::ConsoleError;
use crate::identity::{IdentityError, LoginError};
use crate::policy::Forbidden;

/// Why a call was not answered.
#[derive(Debug)]
pub(super) enum Fault {
    BadRequest(String),
    NoJson,
    TooLong(usize),
    TooSlow,
    WrongMethod,
    /// A page of another origin asks.
    OriginRefused,
    LoginRequired,
    LoginRefused,
    SecondProof,
    Locked(Duration),
    NoRole,
    Forbidden(Forbidden),
    NoSuchServer,
    NotRunning,
    Busy(&'static str),
    NoSuchConsole(ConsoleKind),
    NotServed(ConsoleKind),
    Unavailable(Duration),
    Internal,
}

/// The body of a refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnRefusal)]
pub(super) struct Refusal {
    error: Reason,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OwnReason)]
struct Reason {
    /// The reason's name, which stays.
    code: &'static str,
    /// The reason in a sentence, which may be worded anew.
    message: String,
}

impl Fault {
    pub(super) fn bad_request(message: &str) -> Self {
        Self::BadRequest(message.to_owned())
    }

    /// Something broke inside. The log has what.
    pub(super) fn internal(what: &str) -> Self {
        tracing::error!(what, "a call of Oriel's own failed");
        Self::Internal
    }

    fn told(&self) -> (StatusCode, &'static str, String) {
        let told = |status, code, message: &str| (status, code, message.to_owned());
        match self {
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, "bad-request", message.clone()),
            Self::NoJson => told(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "no-json",
                "The body must be application/json.",
            ),
            Self::TooLong(most) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-long",
                format!("The body is longer than {most} bytes."),
            ),
            Self::TooSlow => told(
                StatusCode::REQUEST_TIMEOUT,
                "too-slow",
                "The body did not arrive in time.",
            ),
            Self::WrongMethod => told(
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong-method",
                "There is no such call with this method.",
            ),
            Self::OriginRefused => told(
                StatusCode::FORBIDDEN,
                "origin-refused",
                "Only Oriel's own pages may log a person in.",
            ),
            Self::LoginRequired => told(
                StatusCode::UNAUTHORIZED,
                "login-required",
                "Nobody is logged in, or the login has ended: log in.",
            ),
            Self::LoginRefused => told(
                StatusCode::UNAUTHORIZED,
                "login-refused",
                "User and password do not fit, or the user may not log in.",
            ),
            Self::SecondProof => told(
                StatusCode::UNAUTHORIZED,
                "second-proof",
                "The password is right, but this user needs a second proof to log in, which cannot be given here.",
            ),
            Self::Locked(left) => (
                StatusCode::TOO_MANY_REQUESTS,
                "locked",
                format!(
                    "Too many failed logins of this user. Try again in {} seconds.",
                    left.as_secs()
                ),
            ),
            Self::NoRole => told(
                StatusCode::FORBIDDEN,
                "no-role",
                "You have no role in this project, or there is no such project.",
            ),
            Self::Forbidden(forbidden) => (StatusCode::FORBIDDEN, "forbidden", forbidden.to_string()),
            Self::NoSuchServer => told(
                StatusCode::NOT_FOUND,
                "no-such-server",
                "There is no such server in this project.",
            ),
            Self::NotRunning => told(
                StatusCode::CONFLICT,
                "not-running",
                "The server does not run: start it first.",
            ),
            Self::Busy(state) => (
                StatusCode::CONFLICT,
                "busy",
                format!("The server is {state}: try again when that is done."),
            ),
            Self::NoSuchConsole(kind) => (
                StatusCode::NOT_FOUND,
                "no-such-console",
                format!("The server has no console of type {kind}."),
            ),
            Self::NotServed(kind) => (
                StatusCode::NOT_FOUND,
                "not-served",
                format!("Consoles of type {kind} are not served here."),
            ),
            Self::Unavailable(_) => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The identity cannot answer now. Try again in a moment.",
            ),
            Self::Internal => told(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something broke inside. The log has the cause under this answer's request id.",
            ),
        }
    }
}

impl From<IdentityError> for Fault {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Busy => Self::Unavailable(Duration::from_secs(1)),
            IdentityError::Keystone(error) => {
                tracing::warn!(%error, "nobody could say who asks");
                Self::Unavailable(error.retry_after())
            }
            error => {
                tracing::error!(%error, "nobody could say who asks");
                Self::Internal
            }
        }
    }
}

impl From<LoginError> for Fault {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused => Self::LoginRefused,
            LoginError::SecondProof => Self::SecondProof,
            LoginError::NoRole(_) | LoginError::Delegated => Self::NoRole,
            LoginError::Locked(locked) => Self::Locked(locked.retry_after),
            LoginError::Identity(error) => error.into(),
        }
    }
}

impl From<Forbidden> for Fault {
    fn from(forbidden: Forbidden) -> Self {
        Self::Forbidden(forbidden)
    }
}

impl From<ConsoleError> for Fault {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::NotReady(_) => Self::NotRunning,
            ConsoleError::Busy { state, .. } => Self::Busy(state.name()),
            ConsoleError::Gone(_) => Self::NoSuchServer,
            ConsoleError::NotServed(kind) => Self::NotServed(kind),
            ConsoleError::NoSuchConsole(kind) => Self::NoSuchConsole(kind),
            ConsoleError::Forbidden(refusal) => refusal.into(),
            ConsoleError::AccessLost => Self::LoginRequired,
            error @ (ConsoleError::NoConsoles(_)
            | ConsoleError::NoOutput(_)
            | ConsoleError::Output { .. }
            | ConsoleError::Store(_)) => {
                tracing::error!(%error, "a console could not be granted");
                Self::Internal
            }
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, code, message) = self.told();
        let error = Reason { code, message };
        let mut response = (status, Json(Refusal { error })).into_response();
        if let Self::Locked(left) | Self::Unavailable(left) = self {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1)));
        }
        response
    }
}
