//! The canonical form of a request: what both sides hash.

use std::borrow::Cow;

use http::request::Parts;
use http::{HeaderName, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Refusal;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The canonical request up to the hash of its body: method, path, query, headers, the names of the
/// headers; each ends in a line feed, and the headers in one more.
pub(super) fn head(parts: &Parts, signed_headers: &[HeaderName]) -> Result<Vec<u8>, Refusal> {
    let mut head = format!(
        "{}\n{}\n{}\n",
        parts.method,
        path(parts.uri.path()),
        query(parts.uri.query().unwrap_or_default())
    )
    .into_bytes();
    for name in signed_headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.push(b':');
        head.extend_from_slice(header(parts, name)?);
        head.push(b'\n');
    }
    head.push(b'\n');
    let names: Vec<_> = signed_headers.iter().map(HeaderName::as_str).collect();
    head.extend_from_slice(names.join(";").as_bytes());
    head.push(b'\n');
    Ok(head)
}

/// The one value of a header, without blanks around it. HTTP/2 has the host in the request's target.
pub(super) fn header<'a>(parts: &'a Parts, name: &HeaderName) -> Result<&'a [u8], Refusal> {
    let mut values = parts.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value.as_bytes().trim_ascii()),
        (None, None) if *name == header::HOST => parts
            .uri
            .authority()
            .map(|authority| authority.as_str().as_bytes())
            .ok_or_else(|| Refusal::Header(name.clone())),
        _ => Err(Refusal::Header(name.clone())),
    }
}

/// Decoded as the routes read it, cut at `/`, and each part encoded in the one way; with a `/` at
/// the end, which the request itself need not have.
fn path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let parts: Vec<_> = decoded.split('/').map(encode).collect();
    let mut path = parts.join("/");
    if !path.ends_with('/') {
        path.push('/');
    }
    path
}

/// Decoded as the calls read it, sorted by name and then value, and encoded in the one way.
fn query(query: &str) -> String {
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    pairs.sort();
    let encoded: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    encoded.join("&")
}

fn encode(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, RESERVED).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_is_one() {
        assert_eq!(path("/v3/projects"), "/v3/projects/");
        assert_eq!(path("/v3/projects/"), "/v3/projects/");
        assert_eq!(path("/"), "/");
        assert_eq!(path("/%76%33/pro%6Aects"), "/v3/projects/");
        assert_eq!(path("/a b/%e4%bd%a0/~-_.+"), "/a%20b/%E4%BD%A0/~-_.%2B/");
        assert_eq!(path("/%ff"), "/%EF%BF%BD/");
    }

    #[test]
    fn a_query_is_sorted_by_name_then_value() {
        assert_eq!(query(""), "");
        assert_eq!(query("b=2&a=1&b=1&c"), "a=1&b=1&b=2&c=");
        assert_eq!(query("n=a%2fb&n=~&n=%E4%BD%A0"), "n=a%2Fb&n=~&n=%E4%BD%A0");
        // As the calls read it: a plus is a blank.
        assert_eq!(query("n=a+b"), query("n=a%20b"));
    }
}
