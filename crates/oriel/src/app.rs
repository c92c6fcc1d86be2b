//! Wiring: both planes, the page and the port, put together from the configuration.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::{Method, StatusCode};
use oriel_control::Control;
use oriel_control::compute::{ComputeSettings, Microversion};
use oriel_control::consoles::{ConsoleLink, ConsoleSettings, LinkForm};
use oriel_control::identity::{Embedded, Identity, IdentityError, IdentitySettings};
use oriel_control::policy::{Policy, PolicyError};
use oriel_control::request_id::RequestId;
use oriel_domain::{ConsoleKind, Uses};
use oriel_gateway::{Gateway, GatewaySettings, OriginRules};
use oriel_inventory::{FileInventory, Inventory, LoadError};
use oriel_store::{Store, StoreError};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config, TlsMode};
use crate::listen::{ListenSettings, Listener};
use crate::page;
use crate::tls::{CertificateFiles, TlsError, host_name};

/// Why Oriel could not start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The inventory.
    #[error("{0}")]
    Inventory(#[from] LoadError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The identity.
    #[error("the identity could not be set up: {0}")]
    Identity(#[from] IdentityError),
    /// The port.
    #[error("cannot listen on {address}: {source}; is another program using the port?")]
    Bind {
        /// What was asked for.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// How often what has expired is swept out of the database.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// How long an expired grant is kept, so that a late click reads "expired" and not "unknown".
const KEEP_EXPIRED: time::Duration = time::Duration::days(1);

/// Oriel, ready to serve.
pub struct App {
    store: Store,
    inventory: Arc<FileInventory>,
    gateway: Gateway,
    listener: Listener,
    router: Router,
    poll_interval: Duration,
    stop_grace: Duration,
}

impl App {
    /// Opens everything that Oriel works with. Nothing is served before all of it is there.
    pub async fn open(config: &Config) -> Result<Self, AppError> {
        let store = Store::open(&config.database()).await?;
        let file = Arc::new(FileInventory::open(&config.inventory.file)?);
        let inventory = Inventory::File(Arc::clone(&file));
        let gateway_settings = gateway_settings(config);
        let abandoned = store
            .end_abandoned_sessions(&gateway_settings.name, OffsetDateTime::now_utc())
            .await?;
        if abandoned > 0 {
            tracing::warn!(
                abandoned,
                "sessions that the last run left open are recorded as ended"
            );
        }
        let gateway = Gateway::new(inventory.clone(), store.clone(), gateway_settings);
        let embedded = Arc::new(Embedded::new(store.clone(), identity_settings(config))?);
        let control = Control::new(
            Identity::Embedded(Arc::clone(&embedded)),
            inventory,
            store.clone(),
            Policy::load(config.policy.file.as_deref())?,
            console_settings(config),
            compute_settings(config),
        );
        let listener = bind(config).await?;
        let router = router(&control, embedded, &gateway);
        Ok(Self {
            store,
            inventory: file,
            gateway,
            listener,
            router,
            poll_interval: config.inventory.poll_interval.0,
            stop_grace: config.gateway.stop_grace.0,
        })
    }

    /// Where Oriel listens.
    pub fn address(&self) -> std::io::Result<std::net::SocketAddr> {
        self.listener.address()
    }

    /// Serves until `stop` resolves; then takes no new session, tells the live ones, and gives
    /// them the configured time to end.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let watch = tokio::spawn(self.inventory.watch(self.poll_interval));
        let sweep = tokio::spawn(sweep(self.store.clone()));
        let stopping = CancellationToken::new();
        let serving = tokio::spawn(self.listener.serve(self.router, stopping.clone()));

        stop.await;
        tracing::info!(grace = ?self.stop_grace, "stopping: no new sessions, live ones are told");
        let deadline = tokio::time::Instant::now() + self.stop_grace;
        // The sessions first, so that whoever knocks meanwhile is told "stopping" and not refused.
        let left = self.gateway.stop(self.stop_grace).await;
        stopping.cancel();
        if left > 0 || tokio::time::timeout_at(deadline, serving).await.is_err() {
            tracing::warn!(
                sessions = left,
                "the time to stop is over; what is still open is cut"
            );
        }
        watch.abort();
        sweep.abort();
        self.store.close().await;
        tracing::info!("stopped");
    }
}

/// One port for everything: any path that wants a WebSocket is the gateway's, the page's files and
/// the gateway's call come next, and all else is an API's.
fn router(control: &Control, embedded: Arc<Embedded>, gateway: &Gateway) -> Router {
    let sockets = gateway.clone();
    Router::new()
        .merge(page::router())
        .merge(gateway.router())
        .route("/healthz", axum::routing::get(|| async { "ok\n" }))
        .merge(control.router(embedded))
        .layer(from_fn(move |request: Request, next: Next| {
            let gateway = sockets.clone();
            async move {
                if Gateway::wants_websocket(request.headers()) {
                    gateway.open(request).await
                } else if request.uri().path() == "/"
                    && page::wants_page(request.headers())
                    && request.method() == Method::GET
                {
                    page::landing(request.headers())
                } else {
                    next.run(request).await
                }
            }
        }))
        .layer(from_fn(log_request))
}

/// One line a request. The path is logged without its query, which may carry a token.
async fn log_request(mut request: Request, next: Next) -> Response {
    let request_id = RequestId::random();
    request.extensions_mut().insert(request_id);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status();
    let milliseconds = began.elapsed().as_millis();
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(%request_id, %method, path, status = status.as_u16(), milliseconds, "request");
    } else {
        tracing::info!(%request_id, %method, path, status = status.as_u16(), milliseconds, "request");
    }
    response
}

async fn sweep(store: Store) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let now = OffsetDateTime::now_utc();
        let swept = async {
            store.forget_expired_grants(now, KEEP_EXPIRED).await?;
            store.forget_expired_tokens(now).await
        };
        if let Err(error) = swept.await {
            tracing::error!(%error, "expired grants and tokens could not be swept");
        }
    }
}

async fn bind(config: &Config) -> Result<Listener, AppError> {
    let files = certificate_files(config);
    if let Some(files) = &files
        && config.tls.mode == TlsMode::SelfSigned
        && files.make_if_missing(config.public_url.host_str().unwrap_or_default())?
    {
        tracing::info!(certificate = %files.certificate.display(), "made a certificate");
    }
    let settings = ListenSettings {
        max_connections: config.listen.max_connections,
        header_timeout: config.listen.header_timeout.0,
        tls: files.map(|files| files.server_config()).transpose()?,
    };
    let address = &config.listen.address;
    Listener::bind(address, settings)
        .await
        .map_err(|source| AppError::Bind {
            address: address.clone(),
            source,
        })
}

/// The listener's certificate, unless TLS is done in front.
pub fn certificate_files(config: &Config) -> Option<CertificateFiles> {
    match config.tls.mode {
        TlsMode::Off => None,
        TlsMode::SelfSigned => Some(CertificateFiles::self_made(&config.tls_folder())),
        TlsMode::Files => Some(CertificateFiles {
            certificate: config.tls.certificate.clone().unwrap_or_default(),
            key: config.tls.key.clone().unwrap_or_default(),
            authority: None,
        }),
    }
}

/// What a client must trust to speak to Oriel, where the certificate is self-made.
pub fn authority(config: &Config) -> Option<PathBuf> {
    certificate_files(config).and_then(|files| files.authority)
}

fn identity_settings(config: &Config) -> IdentitySettings {
    let mut settings = IdentitySettings::new(config.public_base());
    settings.region.clone_from(&config.identity.region);
    settings.token_ttl = config.identity.token_ttl.signed();
    settings.password_queue = config.identity.password_queue;
    settings
}

fn console_settings(config: &Config) -> ConsoleSettings {
    let novnc = &config.consoles.novnc;
    let mut links = BTreeMap::new();
    if novnc.enabled {
        let mut base_url = novnc
            .base_url
            .clone()
            .unwrap_or_else(|| config.public_url.clone());
        if novnc.base_url.is_none() {
            base_url.set_path("/vnc.auto.html");
        }
        let form = match novnc.link {
            config::LinkForm::Token => LinkForm::Token,
            config::LinkForm::Path => LinkForm::Path,
        };
        let lang = (!novnc.lang.is_empty()).then(|| novnc.lang.clone());
        links.insert(ConsoleKind::Novnc, ConsoleLink { base_url, form, lang });
    }
    let others = &config.consoles;
    for (kind, other) in [
        (ConsoleKind::Serial, &others.serial),
        (ConsoleKind::SpiceHtml5, &others.spice_html5),
        (ConsoleKind::SpiceDirect, &others.spice_direct),
        (ConsoleKind::Webmks, &others.webmks),
    ] {
        if let Some(base_url) = other.base_url.clone() {
            let form = LinkForm::Token;
            links.insert(kind, ConsoleLink { base_url, form, lang: None });
        }
    }
    let uses = match config.grants.uses {
        config::Uses::One => Uses::One,
        config::Uses::Many => Uses::Many,
    };
    ConsoleSettings {
        links,
        ttl: config.grants.ttl.signed(),
        uses,
    }
}

fn compute_settings(config: &Config) -> ComputeSettings {
    ComputeSettings {
        max_microversion: config.microversion().unwrap_or(Microversion::NEWEST),
        link_prefix: config.compute.link_prefix.as_ref().map(ToString::to_string),
        scheme: if config.tls.mode == TlsMode::Off {
            "http"
        } else {
            "https"
        },
        public_url: config.public_base().to_owned(),
    }
}

fn gateway_settings(config: &Config) -> GatewaySettings {
    let gateway = &config.gateway;
    GatewaySettings {
        name: gateway.name.clone().unwrap_or_else(host_name),
        origins: OriginRules::new(config.public_url.clone(), &gateway.allowed_origins),
        secure: config.public_url.scheme() == "https",
        resume_for: config.grants.resume.signed(),
        connect_timeout: gateway.connect_timeout.0,
        handshake_timeout: gateway.handshake_timeout.0,
        ping_interval: gateway.ping_interval.0,
        longest_session: gateway.longest_session.map(|span| span.0),
        max_sessions: gateway.max_sessions,
    }
}
