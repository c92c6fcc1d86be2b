//! Errors in Keystone's shape.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tracing::{error, warn};

use oriel_store::StoreError;

use crate::identity::signature::Refusal;
use crate::identity::{CredentialError, IdentityError, LoginError, SignatureError};

/// An answer that is an error: `{"error": {"code", "message", "title"}}`.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    message: String,
    /// When to come back, in seconds.
    retry_after: Option<u64>,
}

impl Fault {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        }
    }

    /// The body or a header cannot be read. The message names where, and repeats no value: it
    /// might be a password.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, LoginError::Refused.to_string())
    }

    /// The caller is known and may not do this. `action` is the name of Keystone's policy.
    pub(super) fn forbidden(action: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            format!("You are not authorized to perform the requested action: {action}."),
        )
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Could not find {what}."))
    }
}

impl From<IdentityError> for Fault {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many logins are waiting for their password to be checked. Try again in a second.",
            ),
            IdentityError::Keystone(error) => {
                warn!(%error, "nobody could say who signed a request");
                Self {
                    retry_after: Some(error.retry_after().as_secs().max(1)),
                    ..Self::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "The Keystone service is temporarily unavailable.",
                    )
                }
            }
            IdentityError::Store(_)
            | IdentityError::Password(_)
            | IdentityError::Vault(_)
            | IdentityError::Randomness(_) => {
                error!(error = %error, "the identity API failed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "An unexpected error prevented the server from fulfilling your request.",
                )
            }
        }
    }
}

impl From<LoginError> for Fault {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused => Self::unauthorized(),
            LoginError::NoRole(why) => Self::new(StatusCode::UNAUTHORIZED, why),
            LoginError::SecondProof => Self::new(StatusCode::UNAUTHORIZED, error.to_string()),
            LoginError::Locked(locked) => Self {
                retry_after: Some(locked.retry_after.as_secs()),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string())
            },
            LoginError::Delegated => Self::new(StatusCode::FORBIDDEN, error.to_string()),
            LoginError::Identity(error) => error.into(),
        }
    }
}

impl From<SignatureError> for Fault {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Refused(refusal) => refusal.into(),
            SignatureError::Identity(error) => error.into(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let retry_after = match &refusal {
            Refusal::Locked(locked) => Some(locked.retry_after.as_secs()),
            _ => None,
        };
        let message = format!("Incorrect IAM authentication information: {refusal}");
        Self {
            retry_after,
            ..Self::new(StatusCode::UNAUTHORIZED, message)
        }
    }
}

impl From<CredentialError> for Fault {
    fn from(error: CredentialError) -> Self {
        let status = match error {
            CredentialError::Restricted | CredentialError::TooMany => StatusCode::FORBIDDEN,
            CredentialError::NoProject | CredentialError::UnassignedRole => StatusCode::BAD_REQUEST,
            CredentialError::Identity(IdentityError::Store(StoreError::Exists { name, .. })) => {
                return Self::new(
                    StatusCode::CONFLICT,
                    format!(
                        "Conflict occurred attempting to store application_credential - Duplicate entry found with name {name}."
                    ),
                );
            }
            CredentialError::Identity(IdentityError::Store(error @ StoreError::BadName { .. })) => {
                return Self::bad_request(format!("Invalid application credential: {error}."));
            }
            CredentialError::Identity(error) => return error.into(),
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = json!({
            "error": {"code": self.status.as_u16(), "message": self.message, "title": title}
        });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
