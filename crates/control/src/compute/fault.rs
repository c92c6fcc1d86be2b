//! What the compute API answers when it cannot do what was asked, in Nova's shapes.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::json::text;
use super::version::Microversion;
use crate::consoles::ConsoleError;
use crate::policy::Forbidden;

/// A fault: `{"<key>": {"code": N, "message": "..."}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    status: StatusCode,
    message: String,
    /// The version to announce where it is not the negotiated one.
    pub(super) version: AnnouncedVersion,
}

/// Which version a fault's headers name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AnnouncedVersion {
    /// The one that was settled.
    Negotiated,
    /// The one that was refused.
    Refused(String),
    /// None: it could not even be read.
    None,
}

/// Nova's words where it has nothing more to say about a 400.
const UNSPECIFIC: &str =
    "The server could not comply with the request since it is either malformed or otherwise incorrect.";

impl Fault {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            version: AnnouncedVersion::Negotiated,
        }
    }

    /// 400 with a message of its own.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 400 for a body that is no JSON, or no action.
    pub fn malformed_body() -> Self {
        Self::bad_request("Malformed request body")
    }

    /// 400 in general words: Nova's answer for what it gave up, such as RDP.
    pub fn unspecific() -> Self {
        Self::bad_request(UNSPECIFIC)
    }

    /// 401. It is told in the words of whoever issues tokens, not in Nova's.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "")
    }

    /// Whether it is one of those.
    pub fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// 403 in a rule's words.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404 for a resource that this version does not have.
    pub fn no_such_resource() -> Self {
        Self::new(StatusCode::NOT_FOUND, "The resource could not be found.")
    }

    /// 404 for a server, named as the caller named it.
    pub fn no_such_server(given: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            format!("Instance {given} could not be found."),
        )
    }

    /// 410 for what Nova no longer has.
    pub fn gone() -> Self {
        Self::new(
            StatusCode::GONE,
            "This resource is no longer available. No forwarding address is given.",
        )
    }

    /// 415 for a body of another kind.
    pub fn unsupported_media_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Content-Type")
    }

    /// 400 for a version that cannot be read.
    pub fn malformed_version(text: &str) -> Self {
        let message =
            format!("API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum.");
        Self {
            version: AnnouncedVersion::None,
            ..Self::bad_request(message)
        }
    }

    /// 406 for a version that is not offered.
    pub fn version_out_of_range(version: &str, max: Microversion) -> Self {
        let message = format!(
            "Version {version} is not supported by the API. Minimum is {} and maximum is {max}.",
            Microversion::MIN
        );
        Self {
            version: AnnouncedVersion::Refused(version.to_owned()),
            ..Self::new(StatusCode::NOT_ACCEPTABLE, message)
        }
    }

    /// 404 for a console token that opens nothing.
    pub fn no_such_token() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Token not found")
    }

    /// 501 for what the server or Oriel has not.
    pub fn not_implemented() -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "The requested functionality is not supported.",
        )
    }

    /// 500: something broke inside. The log has the cause, the caller the request id.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Unexpected API Error. Give the operator this answer's request id.",
        )
    }

    /// Nova's answer for a console that was not granted. `action` names the call, as Nova's
    /// driver does in its words for a conflict.
    pub fn of_console(error: &ConsoleError, action: &str) -> Self {
        match error {
            ConsoleError::NotServed(kind) => {
                Self::bad_request(format!("Unavailable console type {}.", kind.name()))
            }
            ConsoleError::NoSuchConsole(kind) => {
                Self::bad_request(format!("Unavailable console type {}.", kind.protocol().name()))
            }
            ConsoleError::Gone(server) => Self::no_such_server(&server.to_string()),
            ConsoleError::NoConsoles(_) => Self::not_implemented(),
            ConsoleError::NoOutput(_) => {
                Self::new(StatusCode::NOT_FOUND, "Guest does not have a console available.")
            }
            ConsoleError::NotReady(server) => {
                Self::new(StatusCode::CONFLICT, format!("Instance {server} is not ready"))
            }
            ConsoleError::Busy { server, state } => Self::new(
                StatusCode::CONFLICT,
                format!("Cannot '{action}' instance {server} while it is in task_state {state}"),
            ),
            ConsoleError::Forbidden(refusal) => Self::forbidden(refusal.to_string()),
            ConsoleError::AccessLost => Self::unauthorized(),
            ConsoleError::Output { .. } | ConsoleError::Store(_) => {
                tracing::error!(%error, action, "a call about a console failed");
                Self::internal()
            }
        }
    }

    /// The key under which a fault with this status stands.
    pub fn key_of(status: StatusCode) -> &'static str {
        match status.as_u16() {
            400 => "badRequest",
            401 => "unauthorized",
            403 => "forbidden",
            404 => "itemNotFound",
            405 => "badMethod",
            409 => "conflictingRequest",
            413 | 429 => "overLimit",
            415 => "badMediaType",
            501 => "notImplemented",
            503 => "serviceUnavailable",
            _ => "computeFault",
        }
    }
}

impl From<Forbidden> for Fault {
    fn from(refusal: Forbidden) -> Self {
        Self::forbidden(refusal.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body =
            json!({ Self::key_of(self.status): { "code": self.status.as_u16(), "message": self.message } });
        let content_type = HeaderValue::from_static("application/json; charset=UTF-8");
        (self.status, [(header::CONTENT_TYPE, content_type)], text(&body)).into_response()
    }
}
