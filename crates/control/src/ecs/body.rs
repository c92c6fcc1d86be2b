//! What the calls ask for: bodies and queries.

use axum::body::Bytes;
use http::{HeaderMap, header};
use oriel_domain::ConsoleKind;
use serde_json::Value;

use super::fault::Fault;

/// The console that a body asks for: `{"remote_console": {"protocol": "vnc", "type": "novnc"}}`, the
/// only one that this call has. Properties beyond these are passed over, as Huawei's own clients add
/// some with time.
pub fn remote_console(headers: &HeaderMap, body: &Bytes) -> Result<ConsoleKind, Fault> {
    if body.is_empty() {
        return Err(Fault::EmptyBody);
    }
    if !is_json(headers) {
        return Err(Fault::NotJson);
    }
    let body: Value = serde_json::from_slice(body).map_err(|_| Fault::BadBody("the body is no JSON"))?;
    let wanted = &body["remote_console"];
    if !wanted.is_object() {
        return Err(Fault::BadBody("remote_console must be an object"));
    }
    if wanted["protocol"] != "vnc" {
        return Err(Fault::BadBody("remote_console.protocol must be \"vnc\""));
    }
    if wanted["type"] != "novnc" {
        return Err(Fault::BadBody("remote_console.type must be \"novnc\""));
    }
    Ok(ConsoleKind::Novnc)
}

/// How many lines of the log are asked for: all of them without a number, and with -1.
pub fn output_length(query: Option<&str>) -> Result<Option<usize>, Fault> {
    let length = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "length")
        .map(|(_, value)| value.into_owned());
    match length.as_deref() {
        None | Some("-1") => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Fault::BadBody("length must be a number of lines, or -1 for all")),
    }
}

/// No content type will do, as with Nova.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let essence = value
        .to_str()
        .unwrap_or("?")
        .split(';')
        .next()
        .unwrap_or_default();
    matches!(
        essence.trim().to_ascii_lowercase().as_str(),
        "" | "application/json"
    )
}
