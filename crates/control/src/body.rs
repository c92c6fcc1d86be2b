//! Reads the bodies of requests: so much, for so long.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use http_body_util::LengthLimitError;
use tokio::time::timeout;

/// Longest body, in bytes: what OpenStack's own services read (`oslo_middleware.max_request_body_size`).
pub(crate) const MAX_BODY: usize = 114_688;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Why a body could not be read. All are the client's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is longer than [`MAX_BODY`].
    TooLong,
    /// It did not arrive in time.
    TooSlow,
    /// It ended early, or its parts are not told apart as HTTP does.
    Broken,
}

/// Reads a body whole.
pub(crate) async fn read(body: Body) -> Result<Bytes, BodyError> {
    match timeout(BODY_TIME, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(BodyError::TooLong),
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => Err(BodyError::TooSlow),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    error
        .source()
        .is_some_and(<dyn Error + 'static>::is::<LengthLimitError>)
}
