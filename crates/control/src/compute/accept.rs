//! What a client says that it accepts, read as Nova reads it and as the library below Nova does,
//! which are two ways.

use http::{HeaderMap, header};

use super::route::Api;

/// The form of a successful answer.
const JSON: &str = "application/json";
pub const VENDOR_JSON: &str = "application/vnd.openstack.compute+json";
/// Once a form of the list of versions. Nova still says so in the header, of what is JSON.
pub const ATOM: &str = "application/atom+xml";

/// What Nova makes of an `Accept` header.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The content type of a successful answer.
    pub content_type: &'static str,
    /// The API that `application/json;version=2.1` asks for, where the path names none.
    pub api: Option<Api>,
}

impl Accepted {
    /// Reads it. `root` tells that the path is that of a document of versions.
    pub fn read(headers: &HeaderMap, path: &str, root: bool) -> Self {
        let offers: &[&str] = if root {
            &[JSON, VENDOR_JSON, ATOM]
        } else {
            &[JSON, VENDOR_JSON]
        };
        let (best, version) = best_match(&header_text(headers), offers);
        // A path may ask for a form by its ending, and wins.
        let by_ending = path.rsplit_once('.').is_some_and(|(_, ending)| ending == "json");
        let content_type = if by_ending { JSON } else { best.unwrap_or(JSON) };
        Self {
            content_type,
            api: version.and_then(|version| api_of(&version)),
        }
    }
}

/// The API that the parameter of a `Content-Type` such as `application/json;version=2.1` names.
pub fn api_of_content_type(headers: &HeaderMap) -> Option<Api> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    options(value)
        .1
        .into_iter()
        .rev()
        .find(|(name, _)| name == "version")
        .and_then(|(_, version)| api_of(&version))
}

fn api_of(version: &str) -> Option<Api> {
    match version {
        "2.1" => Some(Api::V21),
        "2" => Some(Api::V2),
        _ => None,
    }
}

fn header_text(headers: &HeaderMap) -> String {
    let values: Vec<_> = headers
        .get_all(header::ACCEPT)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    values.join(",")
}

/// Nova's choice among what it offers: the best quality, then the mask with fewest stars.
fn best_match(accept: &str, offers: &[&'static str]) -> (Option<&'static str>, Option<String>) {
    let masks: Vec<_> = elements(accept).into_iter().map(options).collect();
    let stars = |mask: &str| mask.matches('*').count();
    let mut best = (-1.0, None, "*/*", None);
    for &offer in offers {
        for (mask, parameters) in &masks {
            let parameter = |wanted: &str| parameters.iter().rev().find(|(name, _)| name == wanted);
            let quality = match parameter("q").map(|(_, value)| value.trim().parse::<f64>()) {
                None => 1.0,
                Some(Ok(quality)) => quality,
                Some(Err(_)) => continue,
            };
            let (best_quality, _, best_mask, _) = best;
            let fits = match mask.as_str() {
                "*/*" => true,
                mask if mask.contains('*') => {
                    offer.split('/').next() == mask.get(..mask.len().saturating_sub(2))
                }
                mask => mask == offer,
            };
            #[expect(
                clippy::float_cmp,
                reason = "both were read from text, and equal texts are equal"
            )]
            let tie = quality == best_quality;
            if quality < best_quality || (tie && stars(best_mask) <= stars(mask)) || !fits {
                continue;
            }
            best = (
                quality,
                Some(offer),
                mask.as_str(),
                parameter("version").map(|(_, version)| version.clone()),
            );
        }
    }
    (best.1, best.3)
}

/// The elements of a list, which end at commas outside of quotes.
fn elements(list: &str) -> Vec<&str> {
    let mut quoted = false;
    list.split(|character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
    .map(str::trim)
    .collect()
}

/// `name;key=value;...` into its parts.
fn options(element: &str) -> (String, Vec<(String, String)>) {
    let mut parts = element.split(';');
    let name = parts.next().unwrap_or_default().trim();
    let parameters = parts
        .filter_map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let key = key.trim();
            (!key.is_empty()).then(|| (key.to_owned(), value.trim().trim_matches('"').to_owned()))
        })
        .collect();
    (name.to_owned(), parameters)
}

/// The form of a page of the library below Nova.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageForm {
    /// JSON with the keys `message`, `code` and `title`.
    Json,
    /// HTML.
    Html,
    /// Text.
    Text,
}

impl PageForm {
    /// The form that the client's `Accept` asks for: RFC 7231, where a header that is not well
    /// formed accepts everything.
    pub fn wanted(headers: &HeaderMap) -> Self {
        let text = header_text(headers);
        let Some(ranges) = ranges(&text) else {
            return Self::Html;
        };
        let quality = |kind: &str, subtype: &str| {
            [(kind, subtype), (kind, "*"), ("*", "*")]
                .into_iter()
                .find_map(|wanted| {
                    ranges
                        .iter()
                        .find(|(range, _)| *range == wanted)
                        .map(|(_, quality)| *quality)
                })
        };
        let html = quality("text", "html").unwrap_or(0);
        let json = quality("application", "json").unwrap_or(0);
        match (html, json) {
            (0, 0) => Self::Text,
            (html, json) if html >= json => Self::Html,
            _ => Self::Json,
        }
    }
}

/// Media ranges without parameters of their own, in lower case, with their qualities in
/// thousandths. None: not well formed.
fn ranges(accept: &str) -> Option<Vec<((&'static str, &'static str), u16)>> {
    let mut ranges = Vec::new();
    for element in elements(accept).into_iter().filter(|element| !element.is_empty()) {
        let (range, parameters) = options(element);
        let (kind, subtype) = range.split_once('/')?;
        if !is_token(kind) || !is_token(subtype) || (kind == "*" && subtype != "*") {
            return None;
        }
        let mut quality = 1000;
        let mut plain = true;
        for (name, value) in parameters {
            if !is_token(&name) {
                return None;
            }
            if name.eq_ignore_ascii_case("q") {
                quality = thousandths(&value)?;
                break;
            }
            plain = false;
        }
        let known = match (
            kind.to_ascii_lowercase().as_str(),
            subtype.to_ascii_lowercase().as_str(),
        ) {
            ("text", "html") => ("text", "html"),
            ("text", "*") => ("text", "*"),
            ("application", "json") => ("application", "json"),
            ("application", "*") => ("application", "*"),
            ("*", "*") => ("*", "*"),
            // Well formed, and nothing that is offered.
            _ => continue,
        };
        if plain {
            ranges.push((known, quality));
        }
    }
    Some(ranges)
}

/// A quality of RFC 7231: 0 to 1, with at most three digits.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(accept: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))])
    }

    #[test]
    fn nova_chooses_among_its_two_names_for_json() {
        let read = |accept| Accepted::read(&headers(accept), "/v2.1/servers", false);
        for accept in [
            "",
            "*/*",
            "application/xml",
            "application/*",
            "text/html",
            "garbage",
        ] {
            assert_eq!(read(accept).content_type, JSON, "{accept}");
        }
        assert_eq!(read(VENDOR_JSON).content_type, VENDOR_JSON);
        assert_eq!(
            read("application/json;q=0.1, application/vnd.openstack.compute+json").content_type,
            VENDOR_JSON
        );
        assert_eq!(read("application/json;version=2.1").api, Some(Api::V21));
        assert_eq!(read("application/json;version=9").api, None);
    }

    #[test]
    fn a_page_has_the_form_that_is_accepted_most() {
        for (accept, form) in [
            ("", PageForm::Text),
            ("*/*", PageForm::Html),
            ("application/json", PageForm::Json),
            ("application/json;q=0", PageForm::Text),
            ("text/html;q=0.1, application/json", PageForm::Json),
            ("text/html;level=1", PageForm::Text),
            ("application/json;q=abc", PageForm::Html),
            ("garbage", PageForm::Html),
            ("TEXT/HTML", PageForm::Html),
            ("*/*;q=0", PageForm::Text),
            (", ,", PageForm::Text),
            ("image/png, */*;q=0.1", PageForm::Html),
        ] {
            assert_eq!(PageForm::wanted(&headers(accept)), form, "{accept}");
        }
    }
}
