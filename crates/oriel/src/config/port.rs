//! The port, and what makes it safe.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Span;
use crate::listen::{ForwardedHeaders, Network, ProxyProtocol};

section! {
    /// The port.
    Listen {
        /// Address and port.
        address: String = "0.0.0.0:8002".into(),
        /// Most connections at once.
        max_connections: usize = 20_000,
        /// How long a client may take for TLS and for its request's head.
        header_timeout: Span = Span::seconds(10),
        /// The proxies in front whose word is taken about where a client comes from.
        trusted_proxies: Vec<Network> = Vec::new(),
        /// Whether their connections begin with a header of the PROXY protocol.
        proxy_protocol: ProxyProtocol = ProxyProtocol::Off,
        /// Which headers they set.
        forwarded_headers: ForwardedHeaders = ForwardedHeaders::XForwarded,
        /// Whether browsers may open consoles on the HTTP/2 connections that they have.
        http2_websockets: bool = true,
    }
}

/// How the port is made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// With a certificate that Oriel makes on its first start.
    SelfSigned,
    /// With a certificate from files.
    Files,
    /// Not at all: something in front does it.
    Off,
}

/// The oldest version of TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MinTls {
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    V12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    V13,
}

/// A certificate for further names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FurtherCertificate {
    /// The chain, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

section! {
    /// TLS.
    Tls {
        /// How.
        mode: TlsMode = TlsMode::SelfSigned,
        /// The certificate chain, in PEM.
        certificate: Option<PathBuf> = None,
        /// Its private key, in PEM.
        key: Option<PathBuf> = None,
        /// Certificates for further names.
        further: Vec<FurtherCertificate> = Vec::new(),
        /// The oldest version that is spoken.
        min_version: MinTls = MinTls::V12,
    }
}

section! {
    /// The page, as other sites may use it.
    Page {
        /// Origins of sites that may show the console in a frame.
        frame_ancestors: Vec<String> = Vec::new(),
        /// How long browsers are to insist on TLS for this host.
        hsts: Option<Span> = None,
    }
}
