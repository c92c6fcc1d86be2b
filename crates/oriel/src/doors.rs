//! The doors behind the port: which part of Oriel answers a request, and one line of the log for each.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use oriel_control::Control;
use oriel_control::request_id::RequestId;
use oriel_gateway::{ClientAddress, Gateway};
use percent_encoding::percent_decode_str;
use tower::ServiceExt as _;
use tracing::Instrument as _;

use crate::linger::linger;
use crate::listen::Answer;
use crate::openapi;
use crate::page::{self, Page};
use crate::screenshots;

/// One port for everything: any path that wants a WebSocket is the gateway's, the page's files and
/// the gateway's calls come next, and all else is an API's. Clones share them.
#[derive(Clone)]
pub struct Doors {
    shared: Arc<Shared>,
}

struct Shared {
    gateway: Gateway,
    page: Page,
    /// What is told apart by its path.
    paths: Router,
    /// The header by which browsers insist on TLS, where they are told to.
    hsts: Option<HeaderValue>,
}

impl Doors {
    pub fn new(control: &Control, gateway: &Gateway, page: Page, hsts: Option<HeaderValue>) -> Self {
        let calls = Router::new()
            .merge(page.router())
            .merge(gateway.router())
            .merge(screenshots::router(control, gateway))
            .merge(openapi::router(control))
            .merge(control.router());
        let paths = control.admitting(calls);
        Self {
            shared: Arc::new(Shared {
                gateway: gateway.clone(),
                page,
                paths,
                hsts,
            }),
        }
    }
}

impl Answer for Doors {
    async fn answer(&self, request: http::Request<Incoming>) -> Response {
        let mut response = logged(request, async |request| self.shared.open(request).await).await;
        if let Some(hsts) = &self.shared.hsts {
            let headers = response.headers_mut();
            headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        response
    }
}

impl Shared {
    /// What is told apart by headers comes first.
    async fn open(&self, request: http::Request<Incoming>) -> Response {
        if Gateway::wants_websocket(&request) {
            return self.gateway.open(request.map(body)).await;
        }
        let headers = request.headers();
        if request.uri().path() == "/" && request.method() == Method::GET && page::wants_page(headers) {
            return self.page.servers(headers);
        }
        let answered = self.paths.clone().oneshot(request.map(body)).await;
        answered.unwrap_or_else(|never| match never {})
    }
}

/// A request's body, which somebody will read; most have none.
fn body(incoming: Incoming) -> Body {
    if incoming.is_end_stream() {
        Body::empty()
    } else {
        linger(Body::new(incoming))
    }
}

/// One line a request.
async fn logged(
    mut request: http::Request<Incoming>,
    open: impl AsyncFnOnce(http::Request<Incoming>) -> Response,
) -> Response {
    let request_id = RequestId::random();
    let client = request.extensions().get::<ClientAddress>().copied();
    request.extensions_mut().insert(request_id);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let began = Instant::now();
    let span = tracing::info_span!("request", %request_id);
    let response = open(request).instrument(span.clone()).await;
    let _entered = span.enter();
    let status = response.status();
    let milliseconds = began.elapsed().as_millis();
    let path = || loggable_path(uri.path());
    let client = || client.map(|client| client.to_string());
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(%method, path = path(), client = client(), status = status.as_u16(), milliseconds, "answered");
    } else {
        tracing::info!(%method, path = path(), client = client(), status = status.as_u16(), milliseconds, "answered");
    }
    response
}

/// What of a path may be logged: not its query, and not the console token that one call has in it.
fn loggable_path(path: &str) -> String {
    const CALL: &str = "/os-console-auth-tokens/";
    let path = percent_decode_str(path).decode_utf8_lossy();
    match path.find(CALL) {
        Some(at) => format!("{}***", path.get(..at + CALL.len()).unwrap_or_default()),
        None => path.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::loggable_path;

    #[test]
    fn a_console_token_in_a_path_is_not_logged() {
        for path in [
            "/v2.1/os-console-auth-tokens/80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df",
            "/v2.1/p/os%2Dconsole-auth-tokens/80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df/",
            "/os-console-auth-tokens/80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df.json",
        ] {
            let logged = loggable_path(path);
            assert!(logged.ends_with("/os-console-auth-tokens/***"), "{logged}");
        }
        assert_eq!(loggable_path("/v2.1/servers/x"), "/v2.1/servers/x");
    }
}
