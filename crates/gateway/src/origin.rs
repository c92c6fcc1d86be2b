//! Which pages may open consoles: the defence against cross-site WebSocket hijacking
//! (CVE-2015-0259 in Nova).

use http::{HeaderMap, Uri, header};
use url::{Host, Url};

/// Which pages may open consoles.
///
/// A request without `Origin` comes from no page and may: it still needs a token. A page may if
/// its scheme is the public one and its host is the public host, an allowed one, or the one that
/// the request itself was sent to. Ports do not matter, as in Nova's `allowed_origins`.
#[derive(Debug, Clone)]
pub struct OriginRules {
    public: Url,
    allowed: Vec<String>,
}

impl OriginRules {
    /// Rules for a gateway that browsers know under `public`, with further host names whose pages
    /// may open consoles.
    pub fn new(public: Url, allowed: &[String]) -> Self {
        Self {
            public,
            allowed: allowed.iter().map(|host| host.to_ascii_lowercase()).collect(),
        }
    }

    /// Whether the page that sent this request may.
    pub(crate) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return true;
        };
        let Some(origin) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else {
            return false;
        };
        let Some(host) = origin.host() else { return false };
        if origin.scheme() != self.public.scheme() {
            return false;
        }
        let name = host.to_string();
        self.public
            .host()
            .is_some_and(|public| public.to_string() == name)
            || self.allowed.contains(&name)
            || requested_host(uri, headers).is_some_and(|requested| requested.to_string() == name)
    }
}

/// The host that the request was sent to, without its port. HTTP/2 says it in the URI.
fn requested_host(uri: &Uri, headers: &HeaderMap) -> Option<Host> {
    let host = match headers.get(header::HOST) {
        Some(host) => host.to_str().ok()?,
        None => uri.authority()?.as_str(),
    };
    Url::parse(&format!("http://{host}/"))
        .ok()?
        .host()
        .map(|host| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(origin: Option<&'static str>, host: &'static str) -> bool {
        let rules = OriginRules::new(
            "https://console.example:8002".parse().unwrap(),
            &["Portal.Example".into()],
        );
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        rules.admit(&Uri::from_static("/"), &headers)
    }

    #[test]
    fn own_pages_allowed_pages_and_programs_may() {
        assert!(admits(None, "console.example:8002"));
        assert!(admits(Some("https://console.example:8002"), "gateway.internal"));
        assert!(admits(Some("https://CONSOLE.example"), "gateway.internal"));
        assert!(admits(Some("https://portal.example"), "console.example"));
        assert!(admits(Some("https://10.0.0.7:8002"), "10.0.0.7:8002"));
        assert!(admits(Some("https://[::1]:8002"), "[::1]:8002"));
    }

    #[test]
    fn over_http_2_the_host_stands_in_the_uri() {
        let rules = OriginRules::new("https://console.example".parse().unwrap(), &[]);
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, "https://10.0.0.7:8002".parse().unwrap());
        assert!(rules.admit(
            &Uri::from_static("https://10.0.0.7:8002/oriel/v1/console"),
            &headers
        ));
        assert!(!rules.admit(
            &Uri::from_static("https://10.0.0.8:8002/oriel/v1/console"),
            &headers
        ));
        assert!(!rules.admit(&Uri::from_static("/oriel/v1/console"), &headers));
    }

    #[test]
    fn every_other_page_may_not() {
        for origin in [
            "https://evil.example",
            "http://console.example:8002",
            "null",
            "",
            "https://console.example.evil.example",
            "https://evilconsole.example",
            "file://",
            "https://",
            "data:text/html,x",
        ] {
            assert!(!admits(Some(origin), "console.example:8002"), "{origin:?}");
        }
        assert!(!admits(Some("https://evil.example"), ""));
    }
}
