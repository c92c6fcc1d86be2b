//! Which pages may open consoles: the defence against cross-site WebSocket hijacking
//! (CVE-2015-0259 in Nova).

use http::uri::Scheme;
use http::{HeaderMap, Uri, header};
use serde::{Deserialize, Serialize};
use url::{Host, Origin, Url};

#[cfg(test)]
mod tests;

/// How exactly a page's origin must be a known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OriginCheck {
    /// The host counts, as in Nova. The host that the request itself was sent to is a known one.
    Host,
    /// Scheme, host and port count, and what the request says of itself does not.
    Exact,
}

/// Which pages may open consoles.
///
/// A request without `Origin` comes from no page and may: it still needs a token. Names in the list
/// of allowed ones mean that host at any port, under the public scheme, as in Nova's
/// `allowed_origins`; full origins mean exactly themselves.
#[derive(Debug, Clone)]
pub struct OriginRules {
    public: Url,
    hosts: Vec<String>,
    origins: Vec<Origin>,
    check: OriginCheck,
}

impl OriginRules {
    /// Rules for a gateway that browsers know under `public`, with further hosts or origins whose
    /// pages may open consoles.
    pub fn new(public: Url, allowed: &[String]) -> Self {
        let full: Vec<_> = allowed.iter().map(|text| parse_origin(text)).collect();
        let hosts = allowed.iter().zip(&full).filter(|(_, full)| full.is_none());
        Self {
            public,
            hosts: hosts.map(|(host, _)| host.to_ascii_lowercase()).collect(),
            origins: full.into_iter().flatten().map(|url| url.origin()).collect(),
            check: OriginCheck::Host,
        }
    }

    /// The same with this check.
    #[must_use]
    pub fn checked(self, check: OriginCheck) -> Self {
        Self { check, ..self }
    }

    /// Whether the page that sent this request may. `reached_by` is how the browser came, where a
    /// trusted proxy says so.
    pub(crate) fn admit(&self, uri: &Uri, headers: &HeaderMap, reached_by: Option<&Scheme>) -> bool {
        let mut sent = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = sent.next() else {
            return true;
        };
        if sent.next().is_some() {
            return false;
        }
        let Some(page) = origin.to_str().ok().and_then(parse_origin) else {
            return false;
        };
        let origin = page.origin();
        if origin == self.public.origin() || self.origins.contains(&origin) {
            return true;
        }
        if self.check == OriginCheck::Exact {
            return false;
        }
        let Some(host) = page.host() else { return false };
        let known = self.public.host() == Some(host.clone()) || self.hosts.contains(&host.to_string());
        let scheme = reached_by.map_or(self.public.scheme(), Scheme::as_str);
        let is_own = || requested_host(uri, headers).is_some_and(|own| own == host.to_owned());
        known && page.scheme() == self.public.scheme() || page.scheme() == scheme && is_own()
    }
}

/// A web page's origin as a browser writes it: scheme, host and port, and nothing else. Whether the
/// letters are small and the scheme's own port is there does not matter.
fn parse_origin(text: &str) -> Option<Url> {
    // The parser would forgive all that, and more.
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let (scheme, authority) = text.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let bare = !authority.is_empty() && !authority.contains(['/', '?', '#', '@']);
    (plain && known && bare)
        .then(|| Url::parse(text).ok())
        .flatten()
        .filter(Url::has_host)
}

/// The host that the request was sent to, without its port. HTTP/2 says it in the URI, which counts
/// before the header (RFC 9112 section 3.2.2).
fn requested_host(uri: &Uri, headers: &HeaderMap) -> Option<Host> {
    let mut sent = headers.get_all(header::HOST).iter();
    let host = match (uri.authority(), sent.next(), sent.next()) {
        (Some(authority), ..) => authority.as_str(),
        (None, Some(host), None) => host.to_str().ok()?,
        _ => return None,
    };
    if host.contains(['/', '?', '#', '@', '\\']) {
        return None;
    }
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    url.host().map(|host| host.to_owned())
}
