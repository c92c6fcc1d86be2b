//! The requests that Keystone gets, over HTTP.
//!
//! hyper's own client knows no redirects, no proxies and no cookies, and looks at nothing in the
//! environment: a token goes to the configured host or nowhere.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use axum::body::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use oriel_domain::AuthToken;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use time::OffsetDateTime;

use super::{KeystoneError, KeystoneSettings, KeystoneSetupError, document, settings};

/// Longest answer that is read, in bytes. A token without its catalogue has about 1 KiB, a project in a
/// list a third of that.
const MAX_ANSWER: usize = 1_048_576;
/// How long a connection may take. Less than a question may, so that a second address is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an unused connection is kept: less than servers do.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
const MAX_IDLE: usize = 8;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const X_SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// What Keystone answered, whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// Whether a 404 is Keystone's word on what was asked about, and not that of a proxy before it
    /// that does not know the path.
    pub(super) fn is_keystones_404(&self) -> bool {
        serde_json::from_slice::<Value>(&self.body).is_ok_and(|body| body["error"]["code"] == 404)
    }

    /// The token of a login's answer, and when it ends.
    pub(super) fn login(&self) -> Result<Login, KeystoneError> {
        let unreadable = || KeystoneError::Unreadable("a login's answer has no X-Subject-Token".into());
        let header = self.headers.get(X_SUBJECT_TOKEN).ok_or_else(unreadable)?;
        let text = header.to_str().map_err(|_| unreadable())?;
        Ok(Login {
            token: text.parse().map_err(|_| unreadable())?,
            expires_at: document::read_expiry(&self.body)?,
        })
    }
}

/// A token that Oriel itself was given.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) token: AuthToken,
    pub(super) expires_at: OffsetDateTime,
}

/// Speaks to one Keystone.
pub(super) struct Client {
    http: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// What every path begins with: the configured address.
    url: String,
}

/// Without the catalogue, which nobody here follows.
const TOKENS: &str = "/v3/auth/tokens?nocatalog";

impl Client {
    pub(super) fn new(settings: &KeystoneSettings) -> Result<Self, KeystoneSetupError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT.min(settings.timeout)));
        let builder = HttpsConnectorBuilder::new();
        let connector = if settings.url().starts_with("https:") {
            builder
                .with_tls_config(tls(settings.ca_file.as_deref())?)
                .https_only()
                .enable_http1()
                .wrap_connector(tcp)
        } else {
            // Never used; the connector wants one.
            builder
                .with_tls_config(tls_with(RootCertStore::empty())?)
                .https_or_http()
                .enable_http1()
                .wrap_connector(tcp)
        };
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            .build(connector);
        let url = settings.url().to_owned();
        Ok(Self { http, url })
    }

    /// `GET /v3/auth/tokens`: what a token says, whether or not it may have ended. `own` is the token
    /// of who asks.
    pub(super) async fn show_token(
        &self,
        own: &AuthToken,
        subject: &AuthToken,
        may_have_ended: bool,
    ) -> Result<Answer, KeystoneError> {
        let headers = [(X_AUTH_TOKEN, secret(own)?), (X_SUBJECT_TOKEN, secret(subject)?)];
        let query = if may_have_ended { "&allow_expired=1" } else { "" };
        let path = format!("{TOKENS}{query}");
        self.send(Method::GET, &path, HeaderMap::from_iter(headers), Bytes::new())
            .await
    }

    /// `GET /v3/auth/projects`: where the holder of a token can go with it.
    pub(super) async fn projects(&self, own: &AuthToken) -> Result<Answer, KeystoneError> {
        let headers = HeaderMap::from_iter([(X_AUTH_TOKEN, secret(own)?)]);
        self.send(Method::GET, "/v3/auth/projects", headers, Bytes::new())
            .await
    }

    /// `DELETE /v3/auth/tokens`: a token ends by its holder's wish.
    pub(super) async fn revoke(&self, own: &AuthToken) -> Result<Answer, KeystoneError> {
        let headers = [(X_AUTH_TOKEN, secret(own)?), (X_SUBJECT_TOKEN, secret(own)?)];
        self.send(
            Method::DELETE,
            TOKENS,
            HeaderMap::from_iter(headers),
            Bytes::new(),
        )
        .await
    }

    /// `POST /v3/auth/tokens`: a token for whoever the body names.
    pub(super) async fn log_in(&self, body: String) -> Result<Answer, KeystoneError> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON)]);
        self.send(Method::POST, TOKENS, headers, body.into()).await
    }

    /// Logs in with an application credential. None: Keystone does not take it.
    pub(super) async fn log_in_with(
        &self,
        credential: &str,
        secret: &SecretString,
    ) -> Result<Option<Login>, KeystoneError> {
        let body = settings::by_application_credential(credential, secret.expose_secret());
        let answer = self.log_in(body.to_string()).await?;
        match answer.status {
            StatusCode::CREATED => answer.login().map(Some),
            StatusCode::UNAUTHORIZED => Ok(None),
            // One that is not there any more.
            StatusCode::NOT_FOUND if answer.is_keystones_404() => Ok(None),
            status => Err(KeystoneError::unexpected(status)),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, KeystoneError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        let url = format!("{}{path}", self.url);
        *request.uri_mut() = url
            .parse()
            .map_err(|error| KeystoneError::Unreachable(format!("{url}: {error}")))?;
        *request.headers_mut() = headers;
        request.headers_mut().insert(ACCEPT, JSON);
        let response = self
            .http
            .request(request)
            .await
            .map_err(|error| unreachable(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(|error| unreachable(&*error))?;
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// A token as a header. Marked, so that nothing on the way prints it.
fn secret(token: &AuthToken) -> Result<HeaderValue, KeystoneError> {
    let mut value = HeaderValue::from_str(token.expose())
        .map_err(|_| KeystoneError::Unreadable("a token that is no header".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The error with its causes: the outermost one says no more than "client error".
fn unreachable(error: &(dyn Error + 'static)) -> KeystoneError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    KeystoneError::Unreachable(text)
}

/// TLS that trusts the certificates in this file, or else those that the system trusts.
fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, KeystoneSetupError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            let wrong = |reason: String| KeystoneSetupError::Authority {
                file: file.to_owned(),
                reason,
            };
            let certificates =
                CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("it holds no certificate".into()));
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(KeystoneSetupError::Authority {
                    file: "the system's own".into(),
                    reason: "there are none: set identity.keystone.ca_file".into(),
                });
            }
        }
    }
    tls_with(roots)
}

fn tls_with(roots: RootCertStore) -> Result<ClientConfig, KeystoneSetupError> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    Ok(ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
