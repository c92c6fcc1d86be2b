//! The paths of the compute API.

use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};

/// Which of Nova's two APIs a path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// `/v2`: pinned at 2.1, lenient about unknown properties.
    V2,
    /// `/v2.1`: microversions, strict.
    V21,
}

impl Api {
    /// Splits a decoded path into its API and what follows: nothing, or `/...`.
    pub fn of(path: &str) -> Option<(Self, &str)> {
        let (api, rest) = match path.strip_prefix("/v2.1") {
            Some(rest) => (Self::V21, rest),
            None => (Self::V2, path.strip_prefix("/v2")?),
        };
        (rest.is_empty() || rest.starts_with('/')).then_some((api, rest))
    }

    /// The path's first segment.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V21 => "v2.1",
        }
    }
}

/// What a request is about, and the project that its path names.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// The project in the path, where there is one.
    pub project: Option<String>,
    /// The call.
    pub call: Call,
}

/// The calls that Oriel answers. Server ids are as the caller wrote them.
#[derive(Debug, PartialEq, Eq)]
pub enum Call {
    /// `GET /servers`
    ListServers,
    /// `GET /servers/detail`
    ListServersDetail,
    /// `GET /servers/{id}`
    ShowServer(String),
    /// `POST /servers/{id}/action`
    Action(String),
    /// `POST /servers/{id}/remote-consoles`
    RemoteConsoles(String),
    /// `GET /os-console-auth-tokens/{token}`
    ConsoleAuthToken(String),
    /// `POST /servers`: for a cloud, not for a console service.
    CreateServer,
    /// `PUT /servers/{id}`: likewise.
    ChangeServer(String),
    /// `DELETE /servers/{id}`: likewise.
    DeleteServer(String),
    /// `GET /{project}/`, and `GET /versions/{id}` with that id: the API's document once more.
    Version(Option<String>),
    /// `/servers/{id}/consoles`, which Nova once had.
    OldConsoles,
}

impl Route {
    /// Reads what follows the API's name. `None` is a path or method that no call has.
    pub fn parse(method: &Method, rest: &str) -> Option<Self> {
        let segments: Vec<&str> = rest.strip_prefix('/')?.split('/').collect();
        let (project, segments) = match segments.split_first() {
            Some((first, tail)) if *first != "servers" && is_project(first) => {
                (Some((*first).to_owned()), tail)
            }
            _ => (None, segments.as_slice()),
        };
        let get = *method == Method::GET;
        let post = *method == Method::POST;
        let call = match segments {
            ["servers"] if get => Call::ListServers,
            ["servers", "detail"] if get => Call::ListServersDetail,
            ["servers", id] if get && !id.is_empty() => Call::ShowServer((*id).to_owned()),
            ["servers", id, "action"] if post && !id.is_empty() => Call::Action((*id).to_owned()),
            ["servers", id, "remote-consoles"] if post && !id.is_empty() => {
                Call::RemoteConsoles((*id).to_owned())
            }
            ["servers"] if post => Call::CreateServer,
            ["servers", id] if *method == Method::PUT && !id.is_empty() => {
                Call::ChangeServer((*id).to_owned())
            }
            ["servers", id] if *method == Method::DELETE && !id.is_empty() => {
                Call::DeleteServer((*id).to_owned())
            }
            ["os-console-auth-tokens", token] if get && !token.is_empty() => {
                Call::ConsoleAuthToken((*token).to_owned())
            }
            [""] if get && project.is_some() => Call::Version(None),
            ["versions", id] if get && !id.is_empty() => Call::Version(Some((*id).to_owned())),
            ["servers", id, "consoles"] if (get || post) && !id.is_empty() => Call::OldConsoles,
            ["servers", id, "consoles", console]
                if (get || *method == Method::DELETE) && !id.is_empty() && !console.is_empty() =>
            {
                Call::OldConsoles
            }
            _ => return None,
        };
        Some(Self { project, call })
    }
}

/// Nova takes a segment for a project id if it is made of hex digits and dashes.
fn is_project(segment: &str) -> bool {
    !segment.is_empty()
        && segment
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-')
}

/// A path with its percent-escapes read and its runs of slashes taken for one. Each byte becomes a
/// character of Latin-1, as in Nova, which quotes them so.
pub fn decode(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    for character in percent_decode_str(path).map(char::from) {
        if character != '/' || !decoded.ends_with('/') {
            decoded.push(character);
        }
    }
    decoded
}

/// What stays as it is in the path of a link.
const PATH: AsciiSet = CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A path that [`decode`] has read, as it is written in a link.
pub fn encode(path: &str) -> String {
    let bytes: Vec<u8> = path
        .chars()
        .filter_map(|c| u8::try_from(u32::from(c)).ok())
        .collect();
    percent_encode(&bytes, &PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &Method, path: &str) -> Option<(Option<String>, Call)> {
        let (_, rest) = Api::of(path)?;
        Route::parse(method, rest).map(|route| (route.project, route.call))
    }

    #[test]
    fn every_call_is_there_with_and_without_a_project() {
        let id = "47e9be4e-a7b9-471f-92d9-ffc83814e07a";
        for (project, prefix) in [(None, "/v2.1"), (Some("9c53a5".to_owned()), "/v2/9c53a5")] {
            let get = |path: &str| call(&Method::GET, &format!("{prefix}{path}"));
            let post = |path: &str| call(&Method::POST, &format!("{prefix}{path}"));
            assert_eq!(get("/servers"), Some((project.clone(), Call::ListServers)));
            assert_eq!(
                get("/servers/detail"),
                Some((project.clone(), Call::ListServersDetail))
            );
            assert_eq!(
                get(&format!("/servers/{id}")),
                Some((project.clone(), Call::ShowServer(id.into())))
            );
            assert_eq!(
                post(&format!("/servers/{id}/action")),
                Some((project.clone(), Call::Action(id.into())))
            );
            assert_eq!(
                post(&format!("/servers/{id}/remote-consoles")),
                Some((project.clone(), Call::RemoteConsoles(id.into())))
            );
        }
    }

    #[test]
    fn a_path_is_read_byte_by_byte_and_slash_by_slash() {
        for (path, decoded, encoded) in [
            ("//v2.1///servers//", "/v2.1/servers/", "/v2.1/servers/"),
            ("/a%20b%C3%A9", "/a b\u{c3}\u{a9}", "/a%20b%C3%A9"),
            ("/%76%32.1/", "/v2.1/", "/v2.1/"),
            ("/a;b=c,(d)@e", "/a;b=c,(d)@e", "/a;b=c,(d)@e"),
        ] {
            assert_eq!(decode(path), decoded);
            assert_eq!(encode(decoded), encoded);
        }
    }

    #[test]
    fn all_else_is_no_route() {
        for path in [
            "/v2.1/servers/",
            "/v2.1/servers/x/",
            "/v2.1/Servers/x",
            "/v2.1/a/b/servers/x",
            "/v2.1/demo/servers",
            "/v2.1/9c53/nope",
            "/v2.1/servers/x/remote-consoles",
        ] {
            assert_eq!(call(&Method::GET, path), None, "{path}");
        }
        for method in [Method::PUT, Method::HEAD, Method::DELETE] {
            assert_eq!(call(&method, "/v2.1/servers"), None, "{method}");
        }
        assert_eq!(Api::of("/v2.1x/servers"), None);
        assert_eq!(Api::of("/v21"), None);
    }
}
