//! Opening the screens of real hypervisors and VNC servers, secured in each way that they offer; and
//! of servers played by hand, for what no real one does.

mod certificates;
pub(crate) mod servers;

use std::sync::Arc;
use std::time::Duration;

use oriel_domain::SecurityScheme::{self as S, TlsNone, TlsVnc, Vnc, X509None, X509Vnc};
use oriel_domain::{Address, BackEnd, BackEndSecurity, ClientCertificate, EndReason, PasswordSource};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use self::certificates::Authority;
use self::servers::{On, PASSWORD, Server};
use crate::screen::{self, Screen};
use crate::session::Failure;

const LONG: Duration = Duration::from_secs(30);

/// A password file that lives as long as the test.
struct Secret(tempfile::NamedTempFile);

impl Secret {
    fn new(text: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Self(file)
    }

    fn source(&self) -> PasswordSource {
        PasswordSource::File(self.0.path().into())
    }
}

fn allow(allowed: &[S]) -> BackEndSecurity {
    BackEndSecurity {
        allowed: Some(allowed.to_vec()),
        ..BackEndSecurity::default()
    }
}

fn trusting(authority: &Authority) -> BackEndSecurity {
    BackEndSecurity {
        authority: Some(authority.file("ca-cert.pem")),
        ..BackEndSecurity::default()
    }
}

async fn open(address: &Address, security: BackEndSecurity) -> Result<Screen, Failure> {
    let back_end = BackEnd {
        address: address.clone(),
        security,
        access_path: None,
    };
    screen::open(&back_end, LONG, LONG).await
}

/// Opens it, asks for the picture, and gets one.
async fn shows(address: &Address, security: BackEndSecurity) {
    let mut screen = open(address, security.clone())
        .await
        .unwrap_or_else(|failure| panic!("{security:?}: {failure}"));
    assert!(screen.init.width > 0);
    screen
        .stream
        .write_all(&[3, 0, 0, 0, 0, 0, 0, 16, 0, 16])
        .await
        .unwrap();
    let message = match screen.early.first() {
        Some(&first) => first,
        None => tokio::time::timeout(LONG, screen.stream.read_u8())
            .await
            .unwrap()
            .unwrap(),
    };
    assert_eq!(message, 0, "a FramebufferUpdate");
}

/// Does not get in, for a reason that has to do with security; gives what the log is told.
async fn refused(address: &Address, security: BackEndSecurity) -> String {
    let failure = open(address, security).await.expect_err("it was let in");
    assert_eq!(failure.reason, EndReason::BackEndSecurity, "{failure}");
    assert!(!failure.detail.contains(PASSWORD));
    failure.detail
}

#[track_caller]
fn has(detail: &str, part: &str) {
    assert!(detail.contains(part), "want {part:?} in {detail:?}");
}

#[tokio::test]
async fn qemu_with_a_password() {
    let secret = format!("secret,id=p,data={PASSWORD}");
    let (good, bad) = (Secret::new(&format!("{PASSWORD}\n")), Secret::new("wrong"));
    for on in [On::Tcp, On::Unix] {
        let qemu = Server::qemu(on, &["-object", &secret], ",password-secret=p").await;
        let with = |secret: &Secret| BackEndSecurity {
            password: Some(secret.source()),
            ..BackEndSecurity::default()
        };
        shows(&qemu.address, with(&good)).await;
        has(
            &refused(&qemu.address, with(&bad)).await,
            "did not take the password",
        );
        let none = refused(&qemu.address, BackEndSecurity::default()).await;
        has(&none, "VNC authentication (2)");
        // A password that is set for a back end that wants none does no harm; a new one counts at once.
        std::fs::write(good.0.path(), "changed").unwrap();
        refused(&qemu.address, with(&good)).await;
        std::fs::write(good.0.path(), PASSWORD).unwrap();
        shows(&qemu.address, with(&good)).await;
    }
}

#[tokio::test]
async fn qemu_without_security_is_refused_where_that_may_not_be() {
    let qemu = Server::qemu(On::Tcp, &[], "").await;
    shows(&qemu.address, BackEndSecurity::default()).await;
    let authority = Authority::new();
    let detail = refused(&qemu.address, trusting(&authority)).await;
    has(&detail, "offers None (1); what may be used is X509None (260)");
    let said = BackEndSecurity {
        allowed: Some(vec![S::None, X509None]),
        ..trusting(&authority)
    };
    shows(&qemu.address, said).await;
}

#[tokio::test]
async fn qemu_with_a_certificate() {
    let authority = Authority::with_server("127.0.0.1");
    let creds = |more: &str| {
        format!(
            "tls-creds-x509,id=t,endpoint=server,dir={}{more}",
            authority.folder().display()
        )
    };
    let open_to_all = creds(",verify-peer=no");
    let qemu = Server::qemu(On::Tcp, &["-object", &open_to_all], ",tls-creds=t").await;
    shows(&qemu.address, trusting(&authority)).await;

    let stranger = Authority::new();
    has(
        &refused(&qemu.address, trusting(&stranger)).await,
        "not signed by any authority",
    );
    let other_name = BackEndSecurity {
        tls_name: Some("hv-7.example".into()),
        ..trusting(&authority)
    };
    has(
        &refused(&qemu.address, other_name.clone()).await,
        "names another back end",
    );
    let any_name = BackEndSecurity {
        check_name: Some(false),
        ..other_name
    };
    shows(&qemu.address, any_name).await;
    has(
        &refused(&qemu.address, BackEndSecurity::default()).await,
        "offers VeNCrypt",
    );

    // On a UNIX socket the name is whatever the operator says.
    let qemu = Server::qemu(On::Unix, &["-object", &open_to_all], ",tls-creds=t").await;
    let named = BackEndSecurity {
        tls_name: Some("127.0.0.1".into()),
        ..trusting(&authority)
    };
    shows(&qemu.address, named).await;

    // With a password inside.
    let secret = format!("secret,id=p,data={PASSWORD}");
    let qemu = Server::qemu(
        On::Tcp,
        &["-object", &open_to_all, "-object", &secret],
        ",tls-creds=t,password-secret=p",
    )
    .await;
    let password = Secret::new(PASSWORD);
    let known = BackEndSecurity {
        password: Some(password.source()),
        ..trusting(&authority)
    };
    shows(&qemu.address, known).await;
    has(
        &refused(&qemu.address, trusting(&authority)).await,
        "X509Vnc (261)",
    );
    let wrong = Secret::new("wrong");
    let wrong = BackEndSecurity {
        password: Some(wrong.source()),
        ..trusting(&authority)
    };
    has(&refused(&qemu.address, wrong).await, "did not take the password");
}

#[tokio::test]
async fn qemu_that_asks_for_a_client_certificate() {
    let authority = Authority::with_server("127.0.0.1");
    authority.sign("client", "gateway-1", time::Duration::days(1));
    let creds = format!(
        "tls-creds-x509,id=t,endpoint=server,dir={},verify-peer=yes",
        authority.folder().display()
    );
    let qemu = Server::qemu(On::Tcp, &["-object", &creds], ",tls-creds=t").await;
    let shown = |by: &Authority| BackEndSecurity {
        certificate: Some(ClientCertificate {
            certificate: by.file("client-cert.pem"),
            key: by.file("client-key.pem"),
        }),
        ..trusting(&authority)
    };
    shows(&qemu.address, shown(&authority)).await;
    has(
        &refused(&qemu.address, trusting(&authority)).await,
        "client_cert_file",
    );
    let gone = Authority::new();
    has(&refused(&qemu.address, shown(&gone)).await, "client-cert.pem");
}

#[tokio::test]
async fn a_certificate_whose_time_is_over() {
    let authority = Authority::new();
    authority.sign("server", "127.0.0.1", -time::Duration::days(1));
    let port = scripted(&authority, Act::Plain(b"ann", b"pw")).await;
    let address = format!("tcp:127.0.0.1:{port}").parse().unwrap();
    has(
        &refused(&address, plain(&authority, "ann", &Secret::new("pw"))).await,
        "has expired",
    );
}

#[cfg(feature = "anonymous-tls")]
#[tokio::test]
async fn qemu_with_anonymous_tls() {
    let qemu = Server::qemu(
        On::Tcp,
        &["-object", "tls-creds-anon,id=t,endpoint=server"],
        ",tls-creds=t",
    )
    .await;
    shows(&qemu.address, BackEndSecurity::default()).await;
    let authority = Authority::new();
    has(
        &refused(&qemu.address, trusting(&authority)).await,
        "offers VeNCrypt with TLSNone (257)",
    );
    let secret = format!("secret,id=p,data={PASSWORD}");
    let qemu = Server::qemu(
        On::Unix,
        &[
            "-object",
            "tls-creds-anon,id=t,endpoint=server",
            "-object",
            &secret,
        ],
        ",tls-creds=t,password-secret=p",
    )
    .await;
    let password = Secret::new(PASSWORD);
    let known = BackEndSecurity {
        password: Some(password.source()),
        ..allow(&[TlsVnc])
    };
    shows(&qemu.address, known).await;
}

#[cfg(not(feature = "anonymous-tls"))]
#[tokio::test]
async fn a_build_without_anonymous_tls_says_so() {
    let address = "tcp:127.0.0.1:1".parse().unwrap();
    let back_end = BackEnd {
        address,
        security: allow(&[TlsNone]),
        access_path: None,
    };
    let error = super::secure::schemes(&back_end).unwrap_err();
    has(&error.detail, "anonymous-tls");
}

#[tokio::test]
async fn xvnc_in_each_way_that_it_offers() {
    let authority = Authority::with_server("127.0.0.1");
    let (cert, key) = (
        authority.file("server-cert.pem"),
        authority.file("server-key.pem"),
    );
    let x509 = [
        "-X509Cert",
        cert.to_str().unwrap(),
        "-X509Key",
        key.to_str().unwrap(),
    ];
    let (good, bad) = (Secret::new(PASSWORD), Secret::new("wrong"));
    let anonymous: &[(&str, S)] = if super::tls::HAS_ANONYMOUS {
        &[("TLSVnc", TlsVnc), ("TLSNone", TlsNone)]
    } else {
        &[]
    };
    let others = [
        ("None", S::None),
        ("VncAuth", Vnc),
        ("X509None", X509None),
        ("X509Vnc", X509Vnc),
    ];
    for &(name, scheme) in others.iter().chain(anonymous) {
        for on in [On::Tcp, On::Unix] {
            let xvnc = Server::xvnc(on, name, &x509).await;
            let with = |secret: &Secret| BackEndSecurity {
                allowed: Some(vec![scheme]),
                password: Some(secret.source()),
                tls_name: Some("127.0.0.1".into()),
                ..trusting(&authority)
            };
            shows(&xvnc.address, with(&good)).await;
            if scheme.wants_password() {
                has(
                    &refused(&xvnc.address, with(&bad)).await,
                    "did not take the password",
                );
            }
        }
    }
}

#[tokio::test]
async fn xvnc_with_everything_is_used_at_its_strongest() {
    let authority = Authority::with_server("127.0.0.1");
    let (cert, key) = (
        authority.file("server-cert.pem"),
        authority.file("server-key.pem"),
    );
    let x509 = [
        "-X509Cert",
        cert.to_str().unwrap(),
        "-X509Key",
        key.to_str().unwrap(),
    ];
    let all = "None,VncAuth,Plain,TLSNone,TLSVnc,TLSPlain,X509None,X509Vnc,X509Plain";
    let xvnc = Server::xvnc(On::Tcp, all, &x509).await;
    let good = Secret::new(PASSWORD);
    let stranger = Authority::new();
    // Its certificate is looked at, though it would let anyone in without.
    let known = BackEndSecurity {
        allowed: Some(vec![S::None, Vnc, X509Vnc]),
        password: Some(good.source()),
        ..trusting(&stranger)
    };
    has(
        &refused(&xvnc.address, known.clone()).await,
        "not signed by any authority",
    );
    shows(
        &xvnc.address,
        BackEndSecurity {
            authority: Some(authority.file("ca-cert.pem")),
            ..known
        },
    )
    .await;
    shows(&xvnc.address, BackEndSecurity::default()).await;
}

#[tokio::test]
async fn xvnc_of_the_oldest_version() {
    let good = Secret::new(PASSWORD);
    let known = BackEndSecurity {
        password: Some(good.source()),
        ..BackEndSecurity::default()
    };
    let xvnc = Server::xvnc(On::Tcp, "VncAuth", &["-Protocol3.3"]).await;
    shows(&xvnc.address, known.clone()).await;
    let wrong = Secret::new("wrong");
    let wrong = BackEndSecurity {
        password: Some(wrong.source()),
        ..BackEndSecurity::default()
    };
    has(&refused(&xvnc.address, wrong).await, "did not take the password");
    has(
        &refused(&xvnc.address, allow(&[S::None])).await,
        "offers VNC authentication (2)",
    );
}

fn plain(authority: &Authority, username: &str, password: &Secret) -> BackEndSecurity {
    BackEndSecurity {
        username: Some(username.into()),
        password: Some(password.source()),
        ..trusting(authority)
    }
}

/// What a server played by hand does after the subtype `X509Plain` was chosen.
#[derive(Clone, Copy)]
enum Act {
    /// Real TLS, and this user name and password in it.
    Plain(&'static [u8], &'static [u8]),
    /// Says this in place of TLS, and stays.
    Says(&'static [u8]),
}

async fn scripted(authority: &Authority, act: Act) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let chain = CertificateDer::pem_file_iter(authority.file("server-cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(authority.file("server-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((wire, _)) = listener.accept().await {
            tokio::spawn(play(wire, acceptor.clone(), act));
        }
    });
    port
}

/// Ends, with an error that nobody wants, wherever the gateway hangs up.
async fn play(mut wire: TcpStream, acceptor: TlsAcceptor, act: Act) -> std::io::Result<()> {
    wire.write_all(b"RFB 003.008\n").await?;
    wire.read_exact(&mut [0; 12]).await?;
    wire.write_all(&[1, 19]).await?;
    wire.read_u8().await?;
    wire.write_all(&[0, 2]).await?;
    wire.read_u16().await?;
    wire.write_all(&[0, 1, 0, 0, 1, 6]).await?;
    assert_eq!(wire.read_u32().await?, 262);
    let (username, password) = match act {
        Act::Plain(username, password) => (username, password),
        Act::Says(bytes) => {
            wire.write_all(bytes).await?;
            tokio::io::copy(&mut wire, &mut tokio::io::sink()).await?;
            return Ok(());
        }
    };
    wire.write_u8(1).await?;
    let mut tls = acceptor.accept(wire).await?;
    let lengths = [tls.read_u32().await?, tls.read_u32().await?];
    let mut both = vec![0; usize::try_from(lengths[0] + lengths[1]).unwrap()];
    tls.read_exact(&mut both).await?;
    if both != [username, password].concat() {
        tls.write_all(b"\0\0\0\x01\0\0\0\x02no").await?;
        return tls.shutdown().await;
    }
    tls.write_all(&[0; 4]).await?;
    assert_eq!(tls.read_u8().await?, 1);
    let init = oriel_rfb::server_init::ServerInit {
        width: 16,
        height: 16,
        format: oriel_rfb::PixelFormat::RGB32,
        name: b"web-1".to_vec(),
    };
    tls.write_all(&init.to_bytes()).await?;
    tls.read_exact(&mut [0; 10]).await?;
    tls.write_all(&[0; 4]).await?;
    tls.flush().await
}

#[tokio::test]
async fn user_name_and_password_inside_tls() {
    let authority = Authority::with_server("127.0.0.1");
    let port = scripted(&authority, Act::Plain(b"ann", b"a longer password")).await;
    let address = format!("tcp:127.0.0.1:{port}").parse().unwrap();
    shows(
        &address,
        plain(&authority, "ann", &Secret::new("a longer password")),
    )
    .await;
    for (username, password) in [("ann", "wrong"), ("bob", "a longer password")] {
        let detail = refused(&address, plain(&authority, username, &Secret::new(password))).await;
        has(&detail, "did not take the password");
    }
}

/// Whoever speaks before TLS wants to be taken for who speaks inside.
#[tokio::test]
async fn what_comes_in_place_of_tls() {
    let authority = Authority::with_server("127.0.0.1");
    for (said, told) in [
        (&b"\x01\0\0\0\0"[..], "ahead of TLS"),
        (b"\x00", "is its TLS set up"),
    ] {
        let port = scripted(&authority, Act::Says(said)).await;
        let address = format!("tcp:127.0.0.1:{port}").parse().unwrap();
        has(
            &refused(&address, plain(&authority, "ann", &Secret::new("pw"))).await,
            told,
        );
    }
}

/// Says the first of these bytes, as many as are given, and then nothing more.
async fn stalls_after(said: &'static [u8], security: BackEndSecurity) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut wire, _) = listener.accept().await.unwrap();
        wire.write_all(said).await.unwrap();
        // It ends when the gateway hangs up.
        let _ = tokio::io::copy(&mut wire, &mut tokio::io::sink()).await;
    });
    let back_end = BackEnd {
        address: format!("tcp:127.0.0.1:{port}").parse().unwrap(),
        security,
        access_path: None,
    };
    let failure = screen::open(&back_end, LONG, Duration::from_millis(200))
        .await
        .unwrap_err();
    assert_eq!(failure.reason, EndReason::BackEndTimeout, "{said:?}: {failure}");
}

/// All that a back end says up to TLS.
const VENCRYPT: &[u8] = b"RFB 003.008\n\x01\x13\0\x02\0\x01\0\0\x01\x04\x01";

/// All that one with a password says.
const VNC: &[u8] = b"RFB 003.008\n\x01\x020123456789abcdef\0\0\0\0";

#[tokio::test]
async fn a_back_end_that_stalls_at_any_step_is_given_up_in_time() {
    let authority = Authority::with_server("127.0.0.1");
    let password = Secret::new(PASSWORD);
    let security = BackEndSecurity {
        allowed: Some(vec![Vnc, X509None]),
        password: Some(password.source()),
        ..trusting(&authority)
    };
    for length in [0, 12, 13, 14, 15, 16, 17, 18, 20, 22] {
        stalls_after(&VENCRYPT[..length], security.clone()).await;
    }
    for length in [14, 20, 30, 32, 34] {
        stalls_after(&VNC[..length], security.clone()).await;
    }
}
