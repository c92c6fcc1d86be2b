//! What the ECS API answers when it cannot do what was asked.
//!
//! What Huawei's API gateway would have stopped has the gateway's shape, all else the service's. The
//! SDKs read both. Codes are those of Huawei's tables (ECS "error codes", API Gateway "error codes").

use axum::response::{IntoResponse as _, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::body::BodyError;
use crate::consoles::ConsoleError;
use crate::identity::IdentityError;
use crate::identity::request::Nobody;
use crate::identity::signature::Refusal;
use crate::policy::Forbidden;
use crate::request_id::RequestId;

/// A call that failed.
#[derive(Debug)]
pub enum Fault {
    /// No call has this path and method.
    NoSuchApi,
    /// The body is longer than is read.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// Neither a token nor a signature.
    Anonymous,
    /// The token is unknown, expired or revoked.
    TokenRefused,
    /// The signature was not taken.
    SignatureRefused(Refusal),
    /// Nobody can say who asks, for now.
    IdentityBusy,
    /// The project of the path or header is not the caller's.
    OtherProject,
    /// A body was needed.
    EmptyBody,
    /// A body of another kind.
    NotJson,
    /// The body or the query does not ask for anything that there is.
    BadBody(&'static str),
    /// The caller may not.
    Forbidden,
    /// No such server, as far as the caller may know.
    NoSuchServer,
    /// The server is not up, or has no such console.
    State(String),
    /// Nothing keeps what the server writes on its serial line, or it cannot be read.
    NoLog,
    /// Something broke inside. The log has the cause, the caller the request id.
    Internal,
}

impl Fault {
    /// The answer. Each is logged with the request id by the layer around it.
    pub fn into_response(self, request_id: RequestId) -> Response {
        let (status, code, message) = self.parts();
        let body = if code.starts_with("APIGW.") {
            json!({ "error_code": code, "error_msg": message, "request_id": request_id.to_string() })
        } else {
            json!({ "error": { "code": code, "message": message } })
        };
        let content_type = HeaderValue::from_static("application/json");
        let mut response = (status, [(header::CONTENT_TYPE, content_type)], body.to_string()).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("SDK-HMAC-SHA256"));
        }
        match self {
            Self::SignatureRefused(Refusal::Locked(locked)) => {
                headers.insert(RETRY_AFTER, locked.retry_after.as_secs().into());
            }
            Self::IdentityBusy => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }

    fn parts(&self) -> (StatusCode, &'static str, String) {
        let unauthorized = |reason: &dyn std::fmt::Display| {
            let message = format!("Incorrect IAM authentication information: {reason}");
            (StatusCode::UNAUTHORIZED, "APIGW.0301", message)
        };
        let fault = |status, code, message: &str| (status, code, message.to_owned());
        match self {
            Self::NoSuchApi => fault(
                StatusCode::NOT_FOUND,
                "APIGW.0101",
                "The API does not exist: check the path and the method.",
            ),
            Self::BodyTooLarge => fault(
                StatusCode::PAYLOAD_TOO_LARGE,
                "APIGW.0201",
                "The request body is too large.",
            ),
            Self::BodyTooSlow => fault(
                StatusCode::REQUEST_TIMEOUT,
                "APIGW.0201",
                "The request body did not arrive in time.",
            ),
            Self::Anonymous => unauthorized(&"x-auth-token not found"),
            Self::SignatureRefused(refusal) => unauthorized(refusal),
            Self::TokenRefused => fault(
                StatusCode::UNAUTHORIZED,
                "APIGW.0307",
                "The token must be updated.",
            ),
            Self::IdentityBusy => fault(
                StatusCode::SERVICE_UNAVAILABLE,
                "APIGW.0613",
                "The identity service cannot answer now. Try again in a second.",
            ),
            Self::OtherProject => fault(
                StatusCode::BAD_REQUEST,
                "Ecs.0023",
                "project_id in token mismatches with project_id in url.",
            ),
            Self::EmptyBody => fault(
                StatusCode::BAD_REQUEST,
                "Common.0002",
                "The request body cannot be left blank.",
            ),
            Self::NotJson => fault(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Ecs.0005",
                "Invalid parameter values: Content-Type must be application/json.",
            ),
            Self::BadBody(why) => (
                StatusCode::BAD_REQUEST,
                "Ecs.0005",
                format!("Invalid parameter values: {why}."),
            ),
            Self::Forbidden => fault(
                StatusCode::FORBIDDEN,
                "Pdp.0001",
                "Policy doesn't allow ecs:cloudServers:vnc to be performed.",
            ),
            Self::NoSuchServer => fault(StatusCode::NOT_FOUND, "Ecs.0114", "The ECS does not exist."),
            Self::State(why) => (
                StatusCode::BAD_REQUEST,
                "Ecs.0100",
                format!("The ECS status does not meet requirements: {why}."),
            ),
            Self::NoLog => fault(
                StatusCode::BAD_REQUEST,
                "Ecs.0321",
                "Failed to query the console logs of this ECS.",
            ),
            Self::Internal => fault(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Common.0001",
                "System exception. Give the operator this answer's request id.",
            ),
        }
    }
}

impl From<Nobody> for Fault {
    fn from(nobody: Nobody) -> Self {
        match nobody {
            Nobody::Anonymous => Self::Anonymous,
            Nobody::Token => Self::TokenRefused,
            Nobody::Signature(refusal) => Self::SignatureRefused(refusal),
            Nobody::Body(BodyError::TooLong) => Self::BodyTooLarge,
            Nobody::Body(BodyError::TooSlow) => Self::BodyTooSlow,
            Nobody::Body(BodyError::Broken) => Self::BadBody("the request body broke off"),
            Nobody::Identity(error) => error.into(),
        }
    }
}

impl From<IdentityError> for Fault {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Busy => Self::IdentityBusy,
            IdentityError::Keystone(error) => {
                tracing::warn!(%error, "a token could not be validated");
                Self::IdentityBusy
            }
            error => {
                tracing::error!(%error, "nobody could say who asks");
                Self::Internal
            }
        }
    }
}

impl From<Forbidden> for Fault {
    fn from(_: Forbidden) -> Self {
        Self::Forbidden
    }
}

impl From<ConsoleError> for Fault {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::Store(error) => {
                tracing::error!(%error, "a grant could not be kept");
                Self::Internal
            }
            ConsoleError::Forbidden(_) => Self::Forbidden,
            ConsoleError::AccessLost => Self::TokenRefused,
            ConsoleError::NoOutput(_) => Self::NoLog,
            error @ ConsoleError::Output { .. } => {
                tracing::error!(%error, "a console's output could not be read");
                Self::NoLog
            }
            error @ (ConsoleError::NotServed(_)
            | ConsoleError::NotReady(_)
            | ConsoleError::Busy { .. }
            | ConsoleError::Gone(_)
            | ConsoleError::NoConsoles(_)
            | ConsoleError::NoSuchConsole(_)) => Self::State(error.to_string()),
        }
    }
}
