//! The bodies of calls.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http::{HeaderMap, header};
use oriel_domain::EndReason;

use crate::session::Failure;

/// How long a page may take to send one.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The JSON that came with a call, of `max` bytes at most.
pub(super) async fn json(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Failure> {
    let wrong = |detail: &str| Failure::new(EndReason::ClientProtocol, detail);
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    // No other site can send this type without asking first, which is half of the defence.
    if !essence.trim().eq_ignore_ascii_case("application/json") {
        return Err(wrong("the Content-Type must be application/json"));
    }
    match tokio::time::timeout(TIMEOUT, axum::body::to_bytes(body, max)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(wrong("the body is too long, or broke off")),
        Err(_) => Err(EndReason::ClientTimeout.into()),
    }
}
