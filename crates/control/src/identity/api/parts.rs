//! What the calls read of a request: the caller, the subject token, the query, the body.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use oriel_domain::{AuthToken, Principal};
use serde_json::Value;
use time::OffsetDateTime;

use super::fault::Fault;
use super::{X_AUTH_TOKEN, X_SUBJECT_TOKEN};
use crate::body::{self, BodyError, MAX_BODY};
use crate::identity::signature::Claim;
use crate::identity::{Caller, Embedded};
use crate::read_header;

/// Whoever holds the token in `X-Auth-Token`. Without one that works the call ends with a 401.
pub(super) struct Authenticated(pub(super) Caller);

impl FromRequestParts<Arc<Embedded>> for Authenticated {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, identity: &Arc<Embedded>) -> Result<Self, Fault> {
        let token = read_header(&parts.headers, X_AUTH_TOKEN.as_str()).ok_or_else(Fault::unauthorized)?;
        let caller = identity.validate(&token).await?.ok_or_else(Fault::unauthorized)?;
        Ok(Self(caller))
    }
}

/// Whoever holds the token in `X-Auth-Token` or, where there is none, signed the request.
pub(super) enum Asker {
    /// With a token.
    Holder(Principal),
    /// With an access key.
    Signer(Principal),
}

impl Asker {
    pub(super) fn principal(&self) -> &Principal {
        match self {
            Self::Holder(principal) | Self::Signer(principal) => principal,
        }
    }
}

impl FromRequestParts<Arc<Embedded>> for Asker {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, identity: &Arc<Embedded>) -> Result<Self, Fault> {
        if !parts.headers.contains_key(X_AUTH_TOKEN)
            && let Some(claim) = Claim::read(parts, OffsetDateTime::now_utc())?
        {
            // These calls have no body, and one that was sent is not read.
            return Ok(Self::Signer(identity.verify(&claim, b"").await?));
        }
        let Authenticated(caller) = Authenticated::from_request_parts(parts, identity).await?;
        Ok(Self::Holder(caller.principal))
    }
}

/// The token in `X-Subject-Token`. One that cannot be a token is one that nobody holds.
pub(super) fn subject_token(headers: &HeaderMap) -> Result<AuthToken, Fault> {
    if !headers.contains_key(X_SUBJECT_TOKEN) {
        return Err(Fault::new(
            StatusCode::NOT_FOUND,
            "No token in the request: X-Subject-Token is missing.",
        ));
    }
    read_header(headers, X_SUBJECT_TOKEN.as_str()).ok_or_else(|| Fault::not_found("token"))
}

/// The last value of a key in the query.
pub(super) fn query_value(query: Option<&str>, key: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(query?.as_bytes());
    pairs
        .filter(|(name, _)| name == key)
        .last()
        .map(|(_, value)| value.into_owned())
}

/// Reads a body as JSON, whatever its content type says, as Keystone does.
pub(super) async fn read_json(body: Body) -> Result<Value, Fault> {
    let bytes = body::read(body).await.map_err(|error| match error {
        BodyError::TooLong => Fault::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is longer than {MAX_BODY} bytes."),
        ),
        BodyError::TooSlow => Fault::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time."),
        BodyError::Broken => Fault::bad_request("The body ended before it was complete."),
    })?;
    if bytes.is_empty() {
        return Err(Fault::bad_request("The body is empty: expected a JSON object."));
    }
    // The parser's errors give a place and no text of the body.
    serde_json::from_slice(&bytes)
        .map_err(|error| Fault::bad_request(format!("The body is not valid JSON: {error}.")))
}

/// A value in a JSON body that knows where it lies, so that an error can say so. No error repeats
/// a value.
pub(super) struct Field<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self {
            path: String::new(),
            value,
        }
    }

    /// A member of this object, if it has it.
    pub(super) fn get(&self, name: &str) -> Result<Option<Self>, Fault> {
        let object = self.value.as_object().ok_or_else(|| self.wrong("an object"))?;
        Ok(object.get(name).map(|value| Self {
            path: self.path_to(name),
            value,
        }))
    }

    /// A member that this object must have.
    pub(super) fn require(&self, name: &str) -> Result<Self, Fault> {
        self.get(name)?
            .ok_or_else(|| Fault::bad_request(format!("{} is missing.", self.path_to(name))))
    }

    pub(super) fn text(&self) -> Result<&'a str, Fault> {
        self.value.as_str().ok_or_else(|| self.wrong("a string"))
    }

    /// A list of strings.
    pub(super) fn texts(&self) -> Result<Vec<&'a str>, Fault> {
        let list = self
            .value
            .as_array()
            .ok_or_else(|| self.wrong("a list of strings"))?;
        list.iter()
            .map(|item| item.as_str().ok_or_else(|| self.wrong("a list of strings")))
            .collect()
    }

    /// A member of this object, if it has it and it is not null.
    pub(super) fn get_some(&self, name: &str) -> Result<Option<Self>, Fault> {
        Ok(self.get(name)?.filter(|field| !field.value.is_null()))
    }

    pub(super) fn bool(&self) -> Result<bool, Fault> {
        self.value.as_bool().ok_or_else(|| self.wrong("a boolean"))
    }

    /// A list of anything.
    pub(super) fn items(&self) -> Result<Vec<Self>, Fault> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let item = |(n, value)| Self {
            path: format!("{}[{n}]", self.path),
            value,
        };
        Ok(list.iter().enumerate().map(item).collect())
    }

    pub(super) fn is_text(&self) -> bool {
        self.value.is_string()
    }

    /// An error about this value: `why` goes on after its path.
    pub(super) fn fault(&self, why: &str) -> Fault {
        let path = if self.path.is_empty() {
            "The body"
        } else {
            &self.path
        };
        Fault::bad_request(format!("{path}: {why}."))
    }

    fn wrong(&self, expected: &str) -> Fault {
        let got = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.fault(&format!("expected {expected}, got {got}"))
    }

    fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}
