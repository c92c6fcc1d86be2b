//! The paths of the ECS API.

use http::Method;
use percent_encoding::percent_decode_str;

/// What a request is about: a server, named as the caller wrote it.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// The project in the path.
    pub project: String,
    /// The server in the path.
    pub server: String,
    /// The call.
    pub call: Call,
}

/// The calls that Oriel answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `POST .../remote_console`: `ShowServerRemoteConsole`.
    RemoteConsole,
    /// `POST .../actions/serial-console`: `ShowSerialConsoleActions`.
    SerialConsole,
    /// `GET .../console-output`: `ShowServerConsoleOutput`.
    ConsoleOutput,
}

impl Route {
    /// Reads a path below `/v1`. `None` is a path or method that no call has.
    pub fn parse(method: &Method, path: &str) -> Option<Self> {
        let path = percent_decode_str(path).decode_utf8_lossy();
        let segments: Vec<&str> = path.strip_prefix("/v1/")?.split('/').collect();
        let (project, server, call) = match segments[..] {
            [project, "cloudservers", server, "remote_console"] if *method == Method::POST => {
                (project, server, Call::RemoteConsole)
            }
            [project, "cloudservers", server, "actions", "serial-console"] if *method == Method::POST => {
                (project, server, Call::SerialConsole)
            }
            [project, "cloudservers", server, "console-output"] if *method == Method::GET => {
                (project, server, Call::ConsoleOutput)
            }
            _ => return None,
        };
        (!project.is_empty() && !server.is_empty()).then(|| Self {
            project: project.to_owned(),
            server: server.to_owned(),
            call,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_one_path_and_method() {
        let call = |method: &Method, path: &str| {
            Route::parse(method, path).map(|route| {
                assert_eq!((route.project.as_str(), route.server.as_str()), ("p", "s"));
                route.call
            })
        };
        for (method, path, expected) in [
            (
                Method::POST,
                "/v1/p/cloudservers/s/remote_console",
                Call::RemoteConsole,
            ),
            (
                Method::POST,
                "/v1/p/cloudservers/s/actions/serial-console",
                Call::SerialConsole,
            ),
            (
                Method::GET,
                "/v1/p/cloudservers/s/console-output",
                Call::ConsoleOutput,
            ),
        ] {
            assert_eq!(call(&method, path), Some(expected));
            assert_eq!(
                call(&method, &path.replace("console", "c%6fnsole")),
                Some(expected)
            );
            assert_eq!(call(&Method::PUT, path), None);
            assert_eq!(call(&method, &format!("{path}/")), None);
            assert_eq!(call(&method, &path.replace("/s/", "//")), None);
            assert_eq!(call(&method, &path.replace("/p/", "//")), None);
            assert_eq!(call(&method, &path.replace("/v1/", "/v2/")), None);
        }
    }
}
