//! The page: the files that Vite built, carried in the binary and served with the headers that
//! keep a console safe.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Files;

/// The names under which clouds link to a console's page. People have bookmarked all of them.
const CONSOLE_NAMES: [&str; 6] = [
    "/vnc.auto.html",
    "/vnc_auto.html",
    "/vnc_lite.html",
    "/vnc.html",
    "/serial.html",
    "/spice_auto.html",
];

/// Scripts, styles and pictures from here alone, no inline code, no plug-ins.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'";

/// What a console has no use for. Full screen and the clipboard are the page's; a site that shows it in
/// a frame hands them on with `allow`.
const PERMISSIONS_POLICY: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";

/// Forms of a file made at build time, best first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The element for pages of other sites.
const ELEMENT: &str = "oriel-console.js";

/// The pages, with the policy that goes with each of their files. Clones share it.
#[derive(Debug, Clone)]
pub struct Page {
    /// The consoles' policy.
    policy: Arc<str>,
    /// The policy of the page where people log in: no other page may show it.
    alone: Arc<str>,
}

impl Page {
    /// A page that only pages from here, and from these origins, may show in a frame.
    pub fn new(frame_ancestors: &[String]) -> Self {
        let ancestors: Vec<_> = frame_ancestors
            .iter()
            .map(|origin| format!(" {origin}"))
            .collect();
        let ancestors = ancestors.concat();
        Self {
            policy: format!("{CONTENT_SECURITY_POLICY}; frame-ancestors 'self'{ancestors}").into(),
            alone: format!("{CONTENT_SECURITY_POLICY}; frame-ancestors 'none'").into(),
        }
    }

    /// The page's routes.
    pub fn router(&self) -> Router {
        let serve = |page: Self, name: &'static str| {
            get(move |headers: HeaderMap| async move { page.file(name, &headers) })
        };
        let assets = |State(page): State<Self>, uri: Uri, headers: HeaderMap| async move {
            page.file(uri.path(), &headers)
        };
        let mut router = Router::new()
            .route("/assets/{*file}", get(assets))
            .route("/licenses.md", serve(self.clone(), "/licenses.md"))
            .route("/oriel-console.js", serve(self.clone(), "/oriel-console.js"));
        for name in CONSOLE_NAMES {
            router = router.route(name, serve(self.clone(), "/console.html"));
        }
        router.with_state(self.clone())
    }

    /// The page for a browser that comes to the root: a login, and the servers of who has logged in.
    pub fn servers(&self, headers: &HeaderMap) -> Response {
        self.file("/index.html", headers)
    }

    fn file(&self, path: &str, headers: &HeaderMap) -> Response {
        let path = path.trim_start_matches('/');
        let Some(plain) = Files::get(path) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let (encoding, chosen) =
            encoded(path, headers).map_or((None, plain.clone()), |(name, file)| (Some(name), file));
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(chosen.metadata.sha256_hash()));

        let mut response = if headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|held| held.as_bytes() == tag.as_bytes())
        {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            chosen.data.into_response()
        };
        let out = response.headers_mut();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                out.insert(name, value);
            }
        };
        set(header::CONTENT_TYPE, plain.metadata.mimetype());
        set(header::ETAG, &tag);
        set(header::VARY, "Accept-Encoding");
        // A hashed name never changes its content; the pages themselves must show an upgrade at once.
        set(
            header::CACHE_CONTROL,
            if path.starts_with("assets/") {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            },
        );
        if let Some(encoding) = encoding {
            set(header::CONTENT_ENCODING, encoding);
        }
        let policy = if path == "index.html" {
            &self.alone
        } else {
            &self.policy
        };
        set(header::CONTENT_SECURITY_POLICY, policy);
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
        // The address of a console carries its token: it goes to no other site.
        set(header::REFERRER_POLICY, "no-referrer");
        set(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        );
        // The element is for pages of any site; it holds nothing that is not public.
        let readers = if path == ELEMENT {
            set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
            "cross-origin"
        } else {
            "same-origin"
        };
        set(HeaderName::from_static("cross-origin-resource-policy"), readers);
        response
    }
}

/// Whether the console's page is what this path leads to.
pub fn is_console(path: &str) -> bool {
    CONSOLE_NAMES.contains(&path)
}

/// Whether a request comes from a person's browser rather than from a program.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    accept.split(',').any(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim() == "text/html")
    })
}

/// The smallest form of a file that the browser takes.
fn encoded(path: &str, headers: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |name: &str| {
        accepted.split(',').any(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts.next() == Some(name) && parts.all(|weight| weight.replace(' ', "") != "q=0")
        })
    };
    ENCODINGS
        .into_iter()
        .filter(|(name, _)| takes(name))
        .find_map(|(name, suffix)| Files::get(&format!("{path}{suffix}")).map(|file| (name, file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get_with(path: &str, accept_encoding: &str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, accept_encoding.parse().unwrap());
        Page::new(&["https://portal.example".into()]).file(path, &headers)
    }

    #[test]
    fn the_page_is_there_in_every_form_with_its_guards() {
        for (accepted, sent) in [
            ("br, gzip", Some("br")),
            ("gzip", Some("gzip")),
            ("br;q=0, gzip", Some("gzip")),
            ("identity", None),
        ] {
            let response = get_with("/console.html", accepted);
            assert_eq!(response.status(), StatusCode::OK);
            let header = |name| {
                response
                    .headers()
                    .get(name)
                    .map(|value: &HeaderValue| value.to_str().unwrap())
            };
            assert_eq!(header(header::CONTENT_ENCODING), sent, "{accepted}");
            assert_eq!(header(header::CONTENT_TYPE), Some("text/html"));
            assert!(
                !header(header::CONTENT_SECURITY_POLICY)
                    .unwrap()
                    .contains("unsafe")
            );
            assert!(
                header(header::CONTENT_SECURITY_POLICY)
                    .unwrap()
                    .ends_with("; frame-ancestors 'self' https://portal.example")
            );
            assert_eq!(header(header::REFERRER_POLICY), Some("no-referrer"));
        }
        assert_eq!(get_with("/nothing", "br").status(), StatusCode::NOT_FOUND);
        assert_eq!(get_with("/../Cargo.toml", "br").status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn only_the_element_is_for_other_sites_and_the_login_is_in_no_frame() {
        let header = |path: &str, name: &str| {
            let response = get_with(path, "identity");
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let (origin, policy) = ("access-control-allow-origin", "cross-origin-resource-policy");
        assert_eq!(header("/oriel-console.js", origin).as_deref(), Some("*"));
        assert_eq!(
            header("/oriel-console.js", policy).as_deref(),
            Some("cross-origin")
        );
        assert_eq!(
            header("/oriel-console.js", "cache-control").as_deref(),
            Some("no-cache")
        );
        for path in ["/index.html", "/console.html"] {
            assert_eq!(header(path, origin), None);
            assert_eq!(header(path, policy).as_deref(), Some("same-origin"));
        }
        let frames = header("/index.html", "content-security-policy").unwrap();
        assert!(frames.ends_with("; frame-ancestors 'none'"), "{frames}");
    }

    #[test]
    fn a_browser_is_told_from_a_program() {
        let wants = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            wants_page(&headers)
        };
        assert!(wants(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        ));
        assert!(!wants("*/*"));
        assert!(!wants("application/json"));
    }
}
