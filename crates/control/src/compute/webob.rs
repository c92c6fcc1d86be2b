//! The plain error pages of the library below Nova: what a client gets where no fault is made.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::accept::PageForm;
use super::json::text;

/// A page for this status, in the form that the client's `Accept` asks for.
pub fn page(headers: &HeaderMap, status: StatusCode) -> Response {
    detailed_page(headers, status, "")
}

/// The 503 of `keystonemiddleware`, and when to come back.
pub fn keystone_unavailable(headers: &HeaderMap, retry_after: Duration) -> Response {
    let detail = "The Keystone service is temporarily unavailable.";
    let mut response = detailed_page(headers, StatusCode::SERVICE_UNAVAILABLE, detail);
    let seconds = retry_after.as_millis().div_ceil(1000).max(1);
    if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn detailed_page(headers: &HeaderMap, status: StatusCode, detail: &str) -> Response {
    let explanation = match status {
        StatusCode::BAD_REQUEST => {
            "The server could not comply with the request since it is either malformed or otherwise incorrect."
        }
        StatusCode::NOT_FOUND => "The resource could not be found.",
        StatusCode::PAYLOAD_TOO_LARGE => "Request is too large. Larger than max_request_body_size (114688).",
        StatusCode::REQUEST_TIMEOUT => {
            "The server has waited too long for the request to be sent by the client."
        }
        _ => "The server is currently unavailable. Please try again at a later time.",
    };
    let title = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
        _ => status.canonical_reason().unwrap_or("Error"),
    };
    let code = format!("{} {title}", status.as_u16());
    let (content_type, body) = match PageForm::wanted(headers) {
        PageForm::Json => (
            "application/json",
            text(
                &json!({ "message": format!("{explanation}<br /><br />\n{detail}\n\n"), "code": code, "title": title }),
            ),
        ),
        PageForm::Html => (
            "text/html; charset=UTF-8",
            format!(
                "<html>\n <head>\n  <title>{code}</title>\n </head>\n <body>\n  <h1>{code}</h1>\n  \
                 {explanation}<br /><br />\n{detail}\n\n\n </body>\n</html>"
            ),
        ),
        PageForm::Text => (
            "text/plain; charset=UTF-8",
            format!("{code}\n\n{explanation}\n\n {detail}  "),
        ),
    };
    (
        status,
        [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))],
        body,
    )
        .into_response()
}
