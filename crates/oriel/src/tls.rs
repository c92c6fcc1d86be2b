//! The listener's certificate: from files, or made on the first start.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use oriel_inventory::Changes;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use time::{Duration, OffsetDateTime};

use crate::config::MinTls;

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read or written.
    #[error("{what} {}: {source}", file.display())]
    File {
        /// What was being done.
        what: &'static str,
        /// To which file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds no PEM of the kind that it should.
    #[error("{} holds no {what} in PEM: {source}", file.display())]
    Pem {
        /// What it should hold.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not go together, or are of an unknown kind.
    #[error("the certificate {} cannot be served with its key: {source}", file.display())]
    Unusable {
        /// The certificate.
        file: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// TLS itself cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
    /// No certificate could be made.
    #[error("no certificate could be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// How long a self-made certificate is good for: the longest that every system accepts from a
/// private authority.
const VALIDITY: Duration = Duration::days(825);

/// How often to look whether the files of a certificate have changed.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(5);

/// The files of a certificate.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The chain, the server's own first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// What a client must trust, where the certificate is self-made.
    pub authority: Option<PathBuf>,
}

impl CertificateFiles {
    /// The files of the self-made certificate in this folder.
    pub fn self_made(folder: &Path) -> Self {
        Self {
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
            authority: Some(folder.join("ca.pem")),
        }
    }

    /// Makes the self-made certificate if it is not there yet, for the public host and this
    /// machine's own names. Says whether it did.
    pub fn make_if_missing(&self, public_host: &str) -> Result<bool, TlsError> {
        if self.certificate.exists() && self.key.exists() {
            return Ok(false);
        }
        let folder = self.certificate.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|source| TlsError::File {
            what: "cannot make the folder",
            file: folder.to_owned(),
            source,
        })?;

        let mut authority = CertificateParams::new(Vec::new())?;
        authority
            .distinguished_name
            .push(DnType::CommonName, "Oriel self-made authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.not_before = OffsetDateTime::now_utc() - Duration::days(1);
        authority.not_after = OffsetDateTime::now_utc() + VALIDITY;
        // The authority's key signs once and is forgotten: whoever trusts ca.pem trusts this one
        // certificate and nothing that could be made later.
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);

        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        names.extend([public_host.trim_matches(['[', ']']).to_owned(), host_name()]);
        names.retain(|name| {
            name.parse::<IpAddr>().is_ok()
                || name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
                    && !name.is_empty()
        });
        names.sort();
        names.dedup();
        let mut server = CertificateParams::new(names)?;
        server.distinguished_name.push(DnType::CommonName, "Oriel");
        server.use_authority_key_identifier_extension = true;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.not_before = OffsetDateTime::now_utc() - Duration::days(1);
        server.not_after = OffsetDateTime::now_utc() + VALIDITY;
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &issuer)?;

        if let Some(file) = &self.authority {
            write(file, &authority_certificate.pem(), 0o644)?;
        }
        write(&self.key, &key.serialize_pem(), 0o600)?;
        write(&self.certificate, &certificate.pem(), 0o644)?;
        Ok(true)
    }

    /// Reads the certificate and its key, and makes sure that they go together.
    pub fn read(&self) -> Result<CertifiedKey, TlsError> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|source| pem_error("certificate", &self.certificate, source))?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|source| pem_error("private key", &self.key, source))?;
        CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: rustls::Error) -> TlsError {
        TlsError::Unusable {
            file: self.certificate.clone(),
            source,
        }
    }
}

/// The certificate in force. A better one takes its place when the files change; sessions that
/// began with the old one go on.
#[derive(Debug)]
struct Certificate {
    files: CertificateFiles,
    changes: Changes,
    current: ArcSwap<CertifiedKey>,
}

impl Certificate {
    /// Reads the files for the first time.
    fn open(files: CertificateFiles) -> Result<Self, TlsError> {
        let changes = Changes::of(vec![files.certificate.clone(), files.key.clone()]);
        let current = ArcSwap::from_pointee(files.read()?);
        Ok(Self {
            files,
            changes,
            current,
        })
    }

    /// Whether it is good for this name, by the names that stand in it, `*.example` included.
    fn is_for(&self, name: &ServerName<'_>) -> bool {
        let key = self.current.load();
        let own = key.end_entity_cert().ok();
        own.and_then(|der| webpki::EndEntityCert::try_from(der).ok())
            .is_some_and(|own| own.verify_is_valid_for_subject_name(name).is_ok())
    }

    fn reload(&self) -> Result<bool, TlsError> {
        if !self.changes.at_rest() {
            return Ok(false);
        }
        self.current.store(Arc::new(self.files.read()?));
        Ok(true)
    }
}

/// The certificates in force. A client gets the first that is good for the name that it asks for,
/// else the first of all: whoever comes by address, or by a name that nobody has, is told so by its
/// own check.
#[derive(Debug)]
pub struct Certificates {
    all: Vec<Certificate>,
}

impl Certificates {
    /// Reads all files for the first time.
    pub fn open(files: Vec<CertificateFiles>) -> Result<Arc<Self>, TlsError> {
        let all = files.into_iter().map(Certificate::open);
        Ok(Arc::new(Self {
            all: all.collect::<Result<_, _>>()?,
        }))
    }

    /// What the listener needs to serve with them: these versions of TLS, HTTP/2 and HTTP/1.1.
    pub fn server_config(self: &Arc<Self>, min_version: MinTls) -> Result<Arc<ServerConfig>, TlsError> {
        let versions: &[_] = match min_version {
            MinTls::V12 => &[&version::TLS13, &version::TLS12],
            MinTls::V13 => &[&version::TLS13],
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Looks at the files every [`LOOK_EVERY`], for ever. What cannot be served changes nothing.
    pub async fn watch(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            for certificate in &self.all {
                match certificate.reload() {
                    Ok(false) => {}
                    Ok(true) => {
                        tracing::info!(file = %certificate.files.certificate.display(), "the certificate was read again");
                    }
                    Err(error) => {
                        tracing::error!(%error, "a new certificate was refused; the one in force stays");
                    }
                }
            }
        }
    }

    fn choose(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        // A single one is the answer to every name: it need not be read for each handshake.
        let name = name.filter(|_| self.all.len() > 1);
        let name = name.and_then(|name| ServerName::try_from(name).ok());
        let good = name.and_then(|name| self.all.iter().find(|certificate| certificate.is_for(&name)));
        let chosen = good.or(self.all.first())?;
        Some(chosen.current.load_full())
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name())
    }
}

fn pem_error(what: &'static str, file: &Path, source: rustls::pki_types::pem::Error) -> TlsError {
    TlsError::Pem {
        what,
        file: file.to_owned(),
        source,
    }
}

/// The machine's own name, where it has one.
pub fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}

/// Writes a file whole or not at all, readable as `mode` says from its first byte on.
fn write(file: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let error = |source| TlsError::File {
        what: "cannot write",
        file: file.to_owned(),
        source,
    };
    let draft = file.with_extension("new");
    // A draft that an earlier try left behind may have other rights.
    let _ = std::fs::remove_file(&draft);
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&draft)
        .map_err(error)?;
    out.write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .map_err(error)?;
    std::fs::rename(&draft, file).map_err(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_certificate_is_made_once_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let files = CertificateFiles::self_made(&folder.path().join("tls"));
        assert!(files.make_if_missing("console.example").unwrap());
        let first = std::fs::read(&files.certificate).unwrap();
        assert!(!files.make_if_missing("console.example").unwrap());
        assert_eq!(std::fs::read(&files.certificate).unwrap(), first);
        assert_eq!(
            std::fs::metadata(&files.key).unwrap().permissions().mode() & 0o777,
            0o600
        );
        Certificates::open(vec![files])
            .unwrap()
            .server_config(MinTls::V12)
            .unwrap();
    }

    #[test]
    fn a_file_of_another_kind_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let files = CertificateFiles::self_made(folder.path());
        files.make_if_missing("h").unwrap();
        std::fs::write(&files.key, "nonsense").unwrap();
        let error = files.read().unwrap_err().to_string();
        assert!(
            error.contains("key.pem") && error.contains("private key"),
            "{error}"
        );
    }

    /// A certificate for these names.
    fn named(folder: &Path, names: &[&str]) -> CertificateFiles {
        let files = CertificateFiles {
            certificate: folder.join(format!("{}.pem", names[0])),
            key: folder.join(format!("{}.key", names[0])),
            authority: None,
        };
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn a_client_gets_the_certificate_of_the_name_that_it_asks_for() {
        let folder = tempfile::tempdir().unwrap();
        let first = named(folder.path(), &["console.example", "localhost"]);
        let second = named(folder.path(), &["*.cloud.example"]);
        let third = named(folder.path(), &["a.cloud.example", "portal.example"]);
        let certificates = Certificates::open(vec![first, second.clone(), third]).unwrap();
        let served = |name: Option<&str>| {
            let chosen = certificates.choose(name).unwrap();
            let is_it = |own: &Certificate| own.current.load().cert == chosen.cert;
            certificates.all.iter().position(is_it).unwrap()
        };
        for (name, place) in [
            (Some("console.example"), 0),
            (Some("CONSOLE.example"), 0),
            (Some("b.cloud.example"), 1),
            // The first that is good for it.
            (Some("a.cloud.example"), 1),
            (Some("portal.example"), 2),
            // A star is one label, and not none.
            (Some("c.b.cloud.example"), 0),
            (Some("cloud.example"), 0),
            (Some("elsewhere.example"), 0),
            (Some("192.0.2.7"), 0),
            (Some("not a name"), 0),
            (None, 0),
        ] {
            assert_eq!(served(name), place, "{name:?}");
        }
        // A broken one stays as it was, and the others with it.
        std::fs::write(&second.certificate, "half a certif").unwrap();
        assert!(!certificates.all[1].reload().unwrap());
        certificates.all[1].reload().unwrap_err();
        assert_eq!(served(Some("b.cloud.example")), 1);
    }

    #[test]
    fn a_new_certificate_is_served_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = CertificateFiles::self_made(folder.path());
        files.make_if_missing("h").unwrap();
        let certificate = Certificate::open(files.clone()).unwrap();
        let first = certificate.current.load_full();
        assert!(!certificate.reload().unwrap());

        std::fs::write(&files.certificate, "half a certif").unwrap();
        assert!(!certificate.reload().unwrap(), "it may still be being written");
        certificate.reload().unwrap_err();
        assert!(Arc::ptr_eq(&first, &certificate.current.load_full()));

        std::fs::remove_file(&files.certificate).unwrap();
        files.make_if_missing("h").unwrap();
        assert!(!certificate.reload().unwrap());
        assert!(certificate.reload().unwrap());
        assert_ne!(first.cert, certificate.current.load_full().cert);
    }
}
