//! Wiring: both planes, the page and the port, put together from the configuration.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use oriel_control::Control;
use oriel_control::compute::{ComputeSettings, Microversion};
use oriel_control::consoles::{ConsoleLink, ConsoleSettings, LinkForm};
use oriel_control::identity::keystone::KeystoneSetupError;
use oriel_control::identity::{Embedded, Identity, IdentityError, IdentitySettings, Keystone, LockOut};
use oriel_control::policy::{Policy, PolicyError};
use oriel_domain::{ConsoleKind, EndReason};
use oriel_gateway::{
    Gateway, GatewaySettings, Limits, OriginRules, Rights, ScreenshotSettings, SerialSettings,
    TypingSettings, Viewers,
};
use oriel_inventory::{FileInventory, Inventory, LoadError};
use oriel_store::{Store, StoreError};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::{
    Config, ConfigError, Consoles, IdentityMode, SecondViewer, SerialLink, TlsMode, ViewersAtOnce,
};
use crate::doors::Doors;
use crate::listen::{ListenSettings, Listener, Networks};
use crate::page::{self, Page};
use crate::tls::{CertificateFiles, Certificates, TlsError, host_name};

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
    /// Keystone's settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What is needed to speak to Keystone.
    #[error("identity.keystone: {0}")]
    Keystone(#[from] KeystoneSetupError),
    /// The port.
    #[error("cannot listen on {address}: {source}{}", bind_hint(source))]
    Bind {
        /// What was asked for.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
}

fn bind_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::AddrInUse => "; is another program, or another Oriel, using the port?",
        ErrorKind::PermissionDenied => "; ports below 1024 need root or CAP_NET_BIND_SERVICE",
        ErrorKind::InvalidInput => "; write ADDRESS:PORT, such as 0.0.0.0:8002 or [::]:8002",
        ErrorKind::AddrNotAvailable => "; this machine does not have that address",
        _ => "",
    }
}

/// Makes room for what the configuration promises: a connection needs a descriptor, a session one
/// more for its back end.
fn raise_descriptor_limit(config: &Config) {
    let pictures = if config.screenshots.enabled {
        config.screenshots.max_waiting
    } else {
        0
    };
    let needed = config.listen.max_connections + 2 * config.gateway.max_sessions + pictures + 256;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit >= needed as u64 => {}
        Ok(limit) => tracing::warn!(
            limit,
            needed,
            "fewer open files are allowed than max_connections and max_sessions may need: raise the limit (ulimit -n, \
             LimitNOFILE) or lower them"
        ),
        Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
    }
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
    certificates: Option<Arc<Certificates>>,
    doors: Doors,
    poll_interval: Duration,
    stop_grace: Duration,
}

impl App {
    /// Opens everything that Oriel works with. Nothing is served before all of it is there.
    pub async fn open(config: &Config) -> Result<Self, AppError> {
        raise_descriptor_limit(config);
        // The port first: a second Oriel by mistake ends here and touches nothing of the first's.
        let (listener, certificates) = bind(config).await?;
        let store = Store::open(&config.database()).await?;
        let file = Arc::new(FileInventory::open_with(
            &config.inventory.file,
            config.back_end.settings()?,
        )?);
        let inventory = Inventory::File(Arc::clone(&file));
        let gateway_settings = gateway_settings(config);
        let abandoned = store
            .end_abandoned_sessions(EndReason::Internal, OffsetDateTime::now_utc())
            .await?;
        if abandoned > 0 {
            tracing::warn!(
                abandoned,
                "sessions that the last run left open are recorded as ended"
            );
        }
        // Who starts a gateway wants it to serve.
        store
            .ask_to_drain(&gateway_settings.name, false, OffsetDateTime::now_utc())
            .await?;
        let gateway = Gateway::new(inventory.clone(), store.clone(), gateway_settings);
        let mut control = Control::new(
            identity(config, &store)?,
            inventory,
            store.clone(),
            Policy::load(config.policy.file.as_deref())?,
            console_settings(config),
            compute_settings(config),
        );
        if config.screenshots.enabled {
            control = control.showing_screens(config.screenshots.max_per_minute);
        }
        let doors = Doors::new(&control, &gateway, page(config), hsts(config));
        Ok(Self {
            store,
            inventory: file,
            gateway,
            listener,
            certificates,
            doors,
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
        let mut chores = JoinSet::new();
        chores.spawn(self.inventory.watch(self.poll_interval));
        chores.spawn(sweep(self.store.clone()));
        chores.spawn(self.gateway.clone().supervise());
        if let Some(certificates) = self.certificates {
            chores.spawn(certificates.watch());
        }
        let stopping = CancellationToken::new();
        let serving = tokio::spawn(self.listener.serve(self.doors, stopping.clone()));

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
        chores.shutdown().await;
        if left > 0
            && let Err(error) = self
                .store
                .end_abandoned_sessions(EndReason::Stopping, OffsetDateTime::now_utc())
                .await
        {
            tracing::error!(%error, "the ends of the sessions that are cut could not be recorded");
        }
        self.store.close().await;
        tracing::info!("stopped");
    }
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

async fn bind(config: &Config) -> Result<(Listener, Option<Arc<Certificates>>), AppError> {
    let files = certificate_files(config);
    if let Some(files) = &files
        && config.tls.mode == TlsMode::SelfSigned
        && files.make_if_missing(config.public_url.host_str().unwrap_or_default())?
    {
        tracing::info!(certificate = %files.certificate.display(), "made a certificate");
    }
    let certificates = files
        .map(|first| {
            let further = config.tls.further.iter().map(|pair| CertificateFiles {
                certificate: pair.certificate.clone(),
                key: pair.key.clone(),
                authority: None,
            });
            Certificates::open(std::iter::once(first).chain(further).collect())
        })
        .transpose()?;
    let settings = ListenSettings {
        max_connections: config.listen.max_connections,
        header_timeout: config.listen.header_timeout.0,
        tls: certificates
            .as_ref()
            .map(|all| all.server_config(config.tls.min_version))
            .transpose()?,
        trusted_proxies: Networks::from(config.listen.trusted_proxies.as_slice()),
        proxy_protocol: config.listen.proxy_protocol,
        forwarded_headers: config.listen.forwarded_headers,
        http2_websockets: config.listen.http2_websockets,
    };
    let address = &config.listen.address;
    let bound = Listener::bind(address, settings).await;
    let listener = bound.map_err(|source| AppError::Bind {
        address: address.clone(),
        source,
    })?;
    Ok((listener, certificates))
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

fn page(config: &Config) -> Page {
    Page::new(&config.page.frame_ancestors)
}

/// The header by which browsers insist on TLS, where the operator wants that and they come over TLS.
fn hsts(config: &Config) -> Option<HeaderValue> {
    let span = config
        .page
        .hsts
        .filter(|_| config.public_url.scheme() == "https")?;
    HeaderValue::from_str(&format!("max-age={}", span.0.as_secs())).ok()
}

fn identity(config: &Config, store: &Store) -> Result<Identity, AppError> {
    Ok(match config.identity.mode {
        IdentityMode::Embedded => {
            Identity::Embedded(Arc::new(Embedded::new(store.clone(), identity_settings(config))?))
        }
        IdentityMode::Keystone => {
            let keystone = keystone(config)?.with_access_keys(store.clone(), identity_settings(config));
            let keystone = Arc::new(keystone.map_err(IdentityError::from)?);
            tokio::spawn(look_for(Arc::clone(&keystone)));
            Identity::Keystone(keystone)
        }
    })
}

/// The Keystone of the configuration, not spoken to yet.
pub fn keystone(config: &Config) -> Result<Keystone, AppError> {
    Ok(Keystone::new(config.identity.keystone.settings()?)?)
}

/// Tells the operator at the start what the first caller would find. Oriel serves either way.
async fn look_for(keystone: Arc<Keystone>) {
    let settings = keystone.settings();
    if settings.is_in_the_clear() {
        tracing::warn!(
            url = settings.url(),
            "tokens go to Keystone in the clear: use https"
        );
    }
    match keystone.check().await {
        Ok(()) => tracing::info!(url = settings.url(), service_user = %settings.login, "Keystone answers"),
        Err(error) => tracing::error!(%error, url = settings.url(), "Keystone cannot be used yet"),
    }
}

fn identity_settings(config: &Config) -> IdentitySettings {
    let mut settings = IdentitySettings::new(config.public_base());
    settings.region.clone_from(&config.identity.region);
    settings.token_ttl = config.identity.token_ttl.signed();
    settings.password_queue = config.identity.password_queue;
    settings.lock_out = LockOut {
        after: config.identity.lock_after,
        lasts: config.identity.lock_for.0,
    };
    settings.credential_key = Some(config.credential_key());
    settings
}

fn console_settings(config: &Config) -> ConsoleSettings {
    let Consoles {
        novnc,
        serial,
        spice_html5,
        spice_direct,
        webmks,
    } = &config.consoles;
    let mut links = BTreeMap::new();
    let mut pages = BTreeMap::new();
    if novnc.enabled {
        let base_url = novnc.base_url.clone();
        let base_url = base_url.unwrap_or_else(|| public_page(config, "/vnc.auto.html"));
        let link = console_link(config, base_url, novnc.link, &novnc.lang);
        links.insert(ConsoleKind::Novnc, link);
    }
    if serial.enabled {
        let page = || public_page(config, "/serial.html");
        let (base_url, lang) = match (serial.link, serial.base_url.clone()) {
            (SerialLink::Page, base_url) => (base_url.unwrap_or_else(page), serial.lang.as_str()),
            (SerialLink::Socket, Some(base_url)) => (base_url, ""),
            (SerialLink::Socket, None) => {
                // Nova's clients look for a WebSocket here; who is free to choose sends people to the page.
                let link = console_link(config, page(), LinkForm::Token, &serial.lang);
                pages.insert(ConsoleKind::Serial, link);
                (public_socket(config), "")
            }
        };
        let link = console_link(config, base_url, LinkForm::Token, lang);
        links.insert(ConsoleKind::Serial, link);
    }
    for (kind, other) in [
        (ConsoleKind::SpiceHtml5, spice_html5),
        (ConsoleKind::SpiceDirect, spice_direct),
        (ConsoleKind::Webmks, webmks),
    ] {
        if let Some(base_url) = other.base_url.clone() {
            links.insert(kind, console_link(config, base_url, LinkForm::Token, ""));
        }
    }
    ConsoleSettings {
        links,
        pages,
        socket: ConsoleLink::to_socket(&config.public_url),
        ttl: config.grants.ttl.signed(),
        uses: config.grants.uses,
    }
}

/// A page of Oriel's own, as browsers reach it.
fn public_page(config: &Config, path: &str) -> Url {
    let mut url = config.public_url.clone();
    url.set_path(path);
    url
}

/// The WebSocket of a console, as programs reach it.
fn public_socket(config: &Config) -> Url {
    let mut url = config.public_url.clone();
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    // These schemes are of one kind, so that one can stand for the other.
    let _ = url.set_scheme(scheme);
    url
}

/// A link with tabs, where these are wanted and the page is Oriel's, which has some.
fn console_link(config: &Config, base_url: Url, form: LinkForm, lang: &str) -> ConsoleLink {
    let own = base_url.origin() == config.public_url.origin() && page::is_console(base_url.path());
    ConsoleLink {
        tabs: config.grants.tabs && own,
        base_url,
        form,
        lang: (!lang.is_empty()).then(|| lang.to_owned()),
    }
}

fn compute_settings(config: &Config) -> ComputeSettings {
    ComputeSettings {
        max_microversion: config.microversion().unwrap_or(Microversion::NEWEST),
        link_prefix: config.compute.link_prefix.as_ref().map(ToString::to_string),
        scheme: config.public_url.scheme().to_owned(),
        public_url: config.public_base().to_owned(),
    }
}

/// The gateway's name in the audit trail, and the one that it is drained by.
pub fn gateway_name(config: &Config) -> String {
    config.gateway.name.clone().unwrap_or_else(host_name)
}

fn gateway_settings(config: &Config) -> GatewaySettings {
    let gateway = &config.gateway;
    GatewaySettings {
        name: gateway_name(config),
        origins: OriginRules::new(config.public_url.clone(), &gateway.allowed_origins)
            .checked(gateway.origin_check),
        framed: !config.page.frame_ancestors.is_empty(),
        secure: config.public_url.scheme() == "https",
        resume_for: config.grants.resume.signed(),
        connect_timeout: gateway.connect_timeout.0,
        handshake_timeout: gateway.handshake_timeout.0,
        ping_interval: gateway.ping_interval.0,
        longest_session: gateway.longest_session.map(|span| span.0),
        typing: TypingSettings {
            enabled: config.typing.enabled,
            max_characters: config.typing.max_characters,
            max_rate: config.typing.max_rate,
            enter_wait: config.typing.enter_wait.0,
            echo_wait: config.typing.echo_wait.0,
        },
        screenshots: ScreenshotSettings {
            max_age: config.screenshots.max_age.0,
            timeout: config.screenshots.timeout.0,
            max_at_once: config.screenshots.max_at_once,
            max_waiting: config.screenshots.max_waiting,
            max_pixels: config.screenshots.max_pixels,
            memory: config.screenshots.memory,
        },
        idle_timeout: gateway.idle_timeout.map(|span| span.0),
        idle_warning: gateway.idle_warning.0,
        limits: Limits {
            sessions: gateway.max_sessions,
            per_user: gateway.max_sessions_per_user,
            per_project: gateway.max_sessions_per_project,
            per_server: gateway.max_sessions_per_server,
            viewers: match (gateway.viewers, gateway.second_viewer) {
                (ViewersAtOnce::Many, _) => Viewers::Many,
                (ViewersAtOnce::One, SecondViewer::TakeOver) => Viewers::TakeOver,
                (ViewersAtOnce::One, SecondViewer::Refuse) => Viewers::Refuse,
            },
        },
        max_rate: gateway.max_rate,
        rights: Rights {
            clipboard: gateway.clipboard,
            resize: gateway.resize,
            power: gateway.power,
            audio: gateway.audio,
        },
        reconnect_for: gateway.reconnect_for.0,
        serial: SerialSettings {
            replay: gateway.serial_replay,
            linger: gateway.serial_linger.0,
            max_lingering: gateway.serial_max_lingering,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(toml: &str) -> Vec<(ConsoleKind, String, bool)> {
        let settings = console_settings(&toml::from_str(toml).unwrap());
        let links = settings.links.into_iter().chain(settings.pages);
        links
            .map(|(kind, link)| (kind, link.base_url.into(), link.tabs))
            .collect()
    }

    #[test]
    fn links_open_the_page_or_the_line_and_tabs_go_with_our_own_page() {
        let own = "https://localhost:8002";
        let novnc = || (ConsoleKind::Novnc, format!("{own}/vnc.auto.html"), true);
        let serial = |url: &str, tabs| (ConsoleKind::Serial, url.to_owned(), tabs);
        let page = || serial(&format!("{own}/serial.html"), true);
        let socket = || serial("wss://localhost:8002/", false);
        assert_eq!(links(""), [novnc(), socket(), page()]);
        assert_eq!(links("[consoles.serial]\nlink = \"page\""), [novnc(), page()]);
        assert_eq!(
            links("[consoles.serial]\nbase_url = \"wss://other.example/\""),
            [novnc(), serial("wss://other.example/", false)]
        );
        assert_eq!(links("[consoles.serial]\nenabled = false"), [novnc()]);
        let elsewhere = "https://portal.example/vnc.html";
        let toml =
            format!("[consoles.novnc]\nbase_url = \"{elsewhere}\"\n[consoles.serial]\nenabled = false");
        assert_eq!(links(&toml), [(ConsoleKind::Novnc, elsewhere.into(), false)]);
        let without = links("[grants]\ntabs = false");
        assert!(without.iter().all(|(_, _, tabs)| !tabs));
    }
}
