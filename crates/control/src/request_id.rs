//! The name of one request, in its answer and in every log line about it.

use std::fmt;

use http::{HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries it, as OpenStack's services name it.
pub const HEADER: &str = "x-openstack-request-id";

/// The same, as Huawei's services name it and its SDKs read it.
pub const HUAWEI_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A request's name: `req-` and a random UUID. Ours always; one that a client sends is not taken
/// over, since it could be made to look like another request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new name.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The value for [`HEADER`].
    pub fn to_header(self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).unwrap_or(HeaderValue::from_static(""))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "req-{}", self.0.hyphenated())
    }
}
