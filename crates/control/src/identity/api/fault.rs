//! Errors in Keystone's shape.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tracing::error;

use crate::identity::{IdentityError, LoginError};

/// An answer that is an error: `{"error": {"code", "message", "title"}}`.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    message: String,
}

impl Fault {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
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
            IdentityError::Store(_) | IdentityError::Password(_) | IdentityError::Randomness(_) => {
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
            LoginError::Identity(error) => error.into(),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = json!({
            "error": {"code": self.status.as_u16(), "message": self.message, "title": title}
        });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
