//! What has the right form but cannot work.

use std::ops::RangeInclusive;
use std::time::Duration;

use oriel_control::compute::Microversion;
use oriel_gateway::OriginCheck;
use url::{Host, Url};

use super::{Config, ConfigError, TlsMode};
use crate::listen::ProxyProtocol;
use crate::telemetry;

/// Most output that is kept of a serial console, in bytes.
const MAX_SERIAL_REPLAY: usize = 1024 * 1024;

/// Most characters that are typed at once.
const MAX_TYPED: usize = 1_000_000;

/// Key events a second that make sense.
const TYPING_RATES: RangeInclusive<u32> = 10..=1000;

/// The oldest that a picture of a screen may be, and the longest that it may take.
const MAX_SCREENSHOT: Duration = Duration::from_hours(1);

/// The shortest time that a browser may come back in: that of opening a console.
const MIN_RESUME: Duration = Duration::from_mins(1);

fn wrong<T>(key: &'static str, value: impl ToString, reason: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError::value(key, value, reason))
}

impl Config {
    /// Refuses what has the right form but cannot work.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !matches!(self.public_url.scheme(), "http" | "https") || self.public_url.host().is_none() {
            return wrong(
                "public_url",
                &self.public_url,
                "write https://HOST:PORT, as browsers reach Oriel",
            );
        }
        if self.public_url.path() != "/" || self.public_url.query().is_some() {
            return wrong(
                "public_url",
                &self.public_url,
                "Oriel lies at the root of its host: leave the path out",
            );
        }
        if self.microversion().is_none() {
            let reason = format!(
                "write a version from {} to {}",
                Microversion::MIN,
                Microversion::NEWEST
            );
            return wrong("compute.max_microversion", &self.compute.max_microversion, reason);
        }
        if self.tls.mode == TlsMode::Files && (self.tls.certificate.is_none() || self.tls.key.is_none()) {
            return wrong("tls.mode", "files", "give tls.certificate and tls.key too");
        }
        if self.identity.token_ttl.0 < Duration::from_secs(1) {
            return wrong(
                "identity.token_ttl",
                String::from(self.identity.token_ttl),
                "must be 1s or longer",
            );
        }
        if self.grants.resume.0 < MIN_RESUME {
            let reason = "the page needs its cookie to open the console: give it 1m or longer";
            return wrong("grants.resume", String::from(self.grants.resume), reason);
        }
        if self
            .listen
            .address
            .rsplit_once(':')
            .is_none_or(|(_, port)| port.parse::<u16>().is_err())
        {
            return wrong(
                "listen.address",
                &self.listen.address,
                "write ADDRESS:PORT, such as 0.0.0.0:8002 or [::]:8002",
            );
        }
        if self.public_url.scheme() == "http" && self.tls.mode != TlsMode::Off {
            let reason = "Oriel speaks TLS, so links that start with http:// would be dead: write https:// or set tls.mode";
            return wrong("public_url", &self.public_url, reason);
        }
        self.check_port()?;
        if let Err(reason) = telemetry::filter(&self.log) {
            return wrong("log.level", &self.log.level, reason);
        }
        let gateway = &self.gateway;
        for (key, span) in [
            ("identity.lock_for", Some(self.identity.lock_for)),
            ("gateway.ping_interval", Some(gateway.ping_interval)),
            ("gateway.connect_timeout", Some(gateway.connect_timeout)),
            ("gateway.handshake_timeout", Some(gateway.handshake_timeout)),
            ("gateway.longest_session", gateway.longest_session),
            ("typing.enter_wait", Some(self.typing.enter_wait)),
            ("typing.echo_wait", Some(self.typing.echo_wait)),
            ("screenshots.max_age", Some(self.screenshots.max_age)),
            ("screenshots.timeout", Some(self.screenshots.timeout)),
            ("gateway.idle_timeout", gateway.idle_timeout),
            ("inventory.poll_interval", Some(self.inventory.poll_interval)),
            ("listen.header_timeout", Some(self.listen.header_timeout)),
            ("grants.ttl", Some(self.grants.ttl)),
        ] {
            if span.is_some_and(|span| span.0.is_zero()) {
                return wrong(key, "0s", "must be longer than nothing");
            }
        }
        for (key, span) in [
            ("screenshots.max_age", self.screenshots.max_age),
            ("screenshots.timeout", self.screenshots.timeout),
        ] {
            if span.0 > MAX_SCREENSHOT {
                return wrong(key, String::from(span), "must be 1h or less");
            }
        }
        self.check_numbers()?;
        Ok(())
    }

    /// Refuses limits that would let nothing through.
    fn check_numbers(&self) -> Result<(), ConfigError> {
        let gateway = &self.gateway;
        for (key, number) in [
            ("gateway.max_sessions", Some(gateway.max_sessions)),
            ("typing.max_characters", Some(self.typing.max_characters)),
            ("screenshots.max_at_once", Some(self.screenshots.max_at_once)),
            ("screenshots.max_waiting", Some(self.screenshots.max_waiting)),
            ("gateway.max_sessions_per_user", gateway.max_sessions_per_user),
            (
                "gateway.max_sessions_per_project",
                gateway.max_sessions_per_project,
            ),
            ("gateway.max_sessions_per_server", gateway.max_sessions_per_server),
            ("listen.max_connections", Some(self.listen.max_connections)),
        ] {
            if number == Some(0) {
                return wrong(key, 0, "must be 1 or more");
            }
        }
        if self.typing.max_characters > MAX_TYPED {
            let reason = "must be 1000000 or less: that takes half a day";
            return wrong("typing.max_characters", self.typing.max_characters, reason);
        }
        if !TYPING_RATES.contains(&self.typing.max_rate) {
            let reason = "must be from 10 to 1000 key events a second";
            return wrong("typing.max_rate", self.typing.max_rate, reason);
        }
        if gateway.serial_replay > MAX_SERIAL_REPLAY {
            let reason = "must be 1048576 (1 MiB) or less: it is held in memory for each serial console";
            return wrong("gateway.serial_replay", gateway.serial_replay, reason);
        }
        Ok(())
    }

    /// The same for what other machines and sites may.
    fn check_port(&self) -> Result<(), ConfigError> {
        let exact = self.gateway.origin_check == OriginCheck::Exact;
        for allowed in &self.gateway.allowed_origins {
            let is_host = Host::parse(allowed).is_ok();
            if !is_origin(allowed) && (exact || !is_host) {
                let reason = if is_host {
                    "with gateway.origin_check = \"exact\" write the whole origin, such as https://portal.example"
                } else {
                    "write a host's name or address alone, without a port (IPv6 in brackets), or a whole origin such \
                     as https://portal.example:8443"
                };
                return wrong("gateway.allowed_origins", allowed, reason);
            }
        }
        for ancestor in &self.page.frame_ancestors {
            if !is_origin(ancestor) {
                let reason = "write a whole origin, such as https://portal.example";
                return wrong("page.frame_ancestors", ancestor, reason);
            }
        }
        if self.listen.proxy_protocol != ProxyProtocol::Off && self.listen.trusted_proxies.is_empty() {
            let reason = "say in listen.trusted_proxies whose connections begin with it";
            return wrong("listen.proxy_protocol", "on", reason);
        }
        if !self.tls.further.is_empty() && self.tls.mode != TlsMode::Files {
            let reason = "goes with tls.mode = \"files\" alone";
            return wrong("tls.further", "[...]", reason);
        }
        Ok(())
    }
}

/// Whether this is an origin as browsers write it, small letters and all: it is compared as it stands.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}
