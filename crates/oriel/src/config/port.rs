//! The port, and what makes it safe.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Span;

section! {
    /// The port.
    Listen {
        /// Address and port.
        address: String = "0.0.0.0:8002".into(),
        /// Most connections at once.
        max_connections: usize = 20_000,
        /// How long a client may take for TLS and for its request's head.
        header_timeout: Span = Span::seconds(10),
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

section! {
    /// TLS.
    Tls {
        /// How.
        mode: TlsMode = TlsMode::SelfSigned,
        /// The certificate chain, in PEM.
        certificate: Option<PathBuf> = None,
        /// Its private key, in PEM.
        key: Option<PathBuf> = None,
    }
}
