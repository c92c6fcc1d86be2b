use std::net::SocketAddr;

use axum::routing::any;
use axum::{Extension, Router};
use http::HeaderMap;
use oriel_gateway::ClientAddress;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;

use super::*;

/// Tells whoever asks who they are taken for.
async fn tell(Extension(client): Extension<ClientAddress>, headers: HeaderMap) -> String {
    format!("{client} {:?}", headers.get("host"))
}

/// A router, as what answers.
#[derive(Clone)]
struct Routes(Router);

impl Answer for Routes {
    async fn answer(&self, request: http::Request<Incoming>) -> Response {
        self.0.clone().oneshot(request).await.unwrap()
    }
}

async fn port(adjust: impl FnOnce(&mut ListenSettings)) -> SocketAddr {
    let mut settings = ListenSettings {
        max_connections: 100,
        header_timeout: Duration::from_secs(20),
        tls: None,
        trusted_proxies: Networks::default(),
        proxy_protocol: ProxyProtocol::Off,
        forwarded_headers: ForwardedHeaders::XForwarded,
        http2_websockets: true,
    };
    adjust(&mut settings);
    let listener = Listener::bind("127.0.0.1:0", settings).await.unwrap();
    let address = listener.address().unwrap();
    tokio::spawn(listener.serve(
        Routes(Router::new().fallback(any(tell))),
        CancellationToken::new(),
    ));
    address
}

fn trusting(settings: &mut ListenSettings) {
    let network = Network::try_from("127.0.0.0/8".to_owned()).unwrap();
    settings.trusted_proxies = Networks::from([network].as_slice());
}

/// What is answered to these bytes, up to the end of the connection.
async fn answer(port: SocketAddr, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(port).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is closed with bytes unread is reset.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

const LINE: &str = "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\n";
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: inner\r\nConnection: close\r\n\r\n";
const FORWARDED: &str = "GET / HTTP/1.1\r\nHost: inner\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9\r\n\
                         X-Forwarded-Host: console.example\r\n\r\n";

#[tokio::test]
async fn a_trusted_proxy_names_the_client() {
    for kind in [ProxyProtocol::Optional, ProxyProtocol::Required] {
        let port = port(|settings| {
            trusting(settings);
            settings.proxy_protocol = kind;
        })
        .await;
        let told = answer(port, [LINE, REQUEST].concat().as_bytes()).await;
        assert!(told.ends_with("192.0.2.7 Some(\"inner\")"), "{told}");
        // A client behind a proxy of bytes writes these headers itself.
        let told = answer(port, [LINE, FORWARDED].concat().as_bytes()).await;
        assert!(told.ends_with("192.0.2.7 Some(\"inner\")"), "{told}");
        let broken = answer(port, format!("PROXY NONSENSE\r\n{REQUEST}").as_bytes()).await;
        assert_eq!(broken, "");
    }
}

#[tokio::test]
async fn a_trusted_proxy_without_a_header_is_let_in_or_not() {
    let optional = port(|settings| {
        trusting(settings);
        settings.proxy_protocol = ProxyProtocol::Optional;
    })
    .await;
    assert!(answer(optional, REQUEST.as_bytes()).await.contains("127.0.0.1"));
    let required = port(|settings| {
        trusting(settings);
        settings.proxy_protocol = ProxyProtocol::Required;
    })
    .await;
    assert_eq!(answer(required, REQUEST.as_bytes()).await, "");
}

#[tokio::test]
async fn a_trusted_proxy_that_sends_half_a_header_is_let_go_in_time() {
    let port = port(|settings| {
        trusting(settings);
        settings.proxy_protocol = ProxyProtocol::Optional;
        settings.header_timeout = Duration::from_millis(200);
    })
    .await;
    assert_eq!(answer(port, b"PROXY TCP4 192.0.2.7 ").await, "");
    assert_eq!(answer(port, b"").await, "");
}

#[tokio::test]
async fn nobody_else_names_anybody() {
    let port = port(|settings| {
        let network = Network::try_from("10.0.0.0/8".to_owned()).unwrap();
        settings.trusted_proxies = Networks::from([network].as_slice());
        settings.proxy_protocol = ProxyProtocol::Required;
    })
    .await;
    let told = answer(port, [LINE, REQUEST].concat().as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 400"), "{told}");
    let told = answer(port, FORWARDED.as_bytes()).await;
    assert!(told.ends_with("127.0.0.1 Some(\"inner\")"), "{told}");
}

#[tokio::test]
async fn a_trusted_proxy_says_in_each_request_who_sent_it() {
    let port = port(trusting).await;
    let told = answer(port, FORWARDED.as_bytes()).await;
    assert!(told.ends_with("203.0.113.9 Some(\"console.example\")"), "{told}");
    // HTTP/1.0 has no Host, and needs none.
    let told = answer(port, b"GET / HTTP/1.0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n").await;
    assert!(told.ends_with("203.0.113.9 None"), "{told}");
}
