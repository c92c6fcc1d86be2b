//! TLS with certificates, for the `X509*` subtypes of `VeNCrypt`.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use oriel_domain::{Address, BackEnd, ClientCertificate};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{
    ResolvesClientCert, verify_server_cert_signed_by_trust_anchor, verify_server_name,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::files::{self, insecure};
use super::tls::{TlsStream, Unanswered};
use crate::net::BackEndStream;
use crate::session::Failure;

/// Begins TLS 1.2 or 1.3 and makes sure that the back end is who it should be.
pub(super) async fn connect(
    stream: BackEndStream,
    back_end: &BackEnd,
    unanswered: &Unanswered,
) -> Result<TlsStream, Failure> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = verifier(back_end, &provider).await?;
    let name = verifier.name.clone();
    let answer = Answer {
        key: match &back_end.security.certificate {
            Some(certificate) => Some(Arc::new(key(certificate, &provider).await?)),
            None => None,
        },
        unanswered: unanswered.clone(),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| insecure(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(answer));
    // For the ClientHello alone; an address is not sent.
    let hello = name
        .or_else(|| host_of(&back_end.address))
        .unwrap_or(ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into()));
    let connected = TlsConnector::from(Arc::new(config)).connect(hello, stream).await;
    connected.map(TlsStream::new).map_err(|error| {
        let why = describe(&error, unanswered);
        insecure(format!("TLS with {} failed: {why}", back_end.address))
    })
}

fn host_of(address: &Address) -> Option<ServerName<'static>> {
    match address {
        Address::Tcp { host, .. } | Address::Telnet { host, .. } => ServerName::try_from(host.clone()).ok(),
        Address::Unix(_) => None,
    }
}

async fn verifier(back_end: &BackEnd, provider: &CryptoProvider) -> Result<Verifier, Failure> {
    let security = &back_end.security;
    let Some(file) = &security.authority else {
        return Err(insecure(
            "there is no ca_file to check the back end's certificate with",
        ));
    };
    let bytes = files::pem(file).await?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let added = certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
        added.map_err(|error| {
            insecure(format!(
                "{} holds what is no certificate: {error}",
                file.display()
            ))
        })?;
    }
    if roots.is_empty() {
        return Err(insecure(format!(
            "{} holds no certificate in PEM",
            file.display()
        )));
    }
    let name = security
        .name_to_check(&back_end.address)
        .map_err(|error| insecure(error.to_string()))?
        .map(|name| {
            ServerName::try_from(name.to_owned())
                .map_err(|_| insecure(format!("{name:?} can be in no certificate: give tls_name")))
        })
        .transpose()?;
    Ok(Verifier {
        roots,
        name,
        algorithms: provider.signature_verification_algorithms,
    })
}

async fn key(files: &ClientCertificate, provider: &CryptoProvider) -> Result<CertifiedKey, Failure> {
    let wrong = |file: &std::path::Path, error: &dyn std::fmt::Display| {
        insecure(format!("{} cannot be used: {error}", file.display()))
    };
    let chain = files::pem(&files.certificate).await?;
    let chain = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(&files.certificate, &error))?;
    if chain.is_empty() {
        return Err(wrong(&files.certificate, &"it holds no certificate in PEM"));
    }
    let key = files::pem(&files.key).await?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| wrong(&files.key, &error))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| wrong(&files.certificate, &error))
}

/// Looks at the back end's certificate: who has signed it, whether its time is now, and whether it names the back
/// end, if that is to be checked.
#[derive(Debug)]
struct Verifier {
    roots: RootCertStore,
    name: Option<ServerName<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            self.algorithms.all,
        )?;
        if let Some(name) = &self.name {
            verify_server_name(&certificate, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What is shown to a back end that asks who the gateway is.
#[derive(Debug)]
struct Answer {
    key: Option<Arc<CertifiedKey>>,
    unanswered: Unanswered,
}

impl ResolvesClientCert for Answer {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        if self.key.is_none() {
            self.unanswered.note();
        }
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        // Said even without one: only so is it noticed that the back end asks.
        true
    }
}

/// What an operator has to hear of a failed handshake.
fn describe(error: &io::Error, unanswered: &Unanswered) -> String {
    let hint = unanswered.hint().unwrap_or_default();
    match error.get_ref().and_then(|cause| cause.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(cause)) => match cause {
            // An authority of the same name with another key gives the latter.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "its certificate is not signed by any authority in ca_file".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("its certificate names another back end ({error}): see tls_name and check_name")
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("its certificate has expired ({error})")
            }
            _ => error.to_string(),
        },
        Some(Error::AlertReceived(_)) => format!("{error}{hint}"),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("it closed the connection; its log may say why{hint}")
        }
        _ => error.to_string(),
    }
}
