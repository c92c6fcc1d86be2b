//! The bodies of calls.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, header};
use oriel_domain::EndReason;
use serde::de::DeserializeOwned;

use crate::session::Failure;

/// How long a page may take to send one.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What came with a call as JSON, in `max` bytes at most. `shape` is how it looks: what is told of a bad body repeats
/// nothing of it, since that may well be a secret in the wrong place.
pub(super) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    max: usize,
    shape: &str,
) -> Result<T, Failure> {
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
        Ok(Ok(body)) => {
            serde_json::from_slice(&body).map_err(|_| wrong(&format!("the body must be {shape}")))
        }
        Ok(Err(_)) => Err(wrong("the body is too long, or broke off")),
        Err(_) => Err(EndReason::ClientTimeout.into()),
    }
}
