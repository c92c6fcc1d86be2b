//! Consoles as streams of an HTTP/2 connection (RFC 8441).

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::{Method, Request, Response, StatusCode};
use tokio::net::TcpStream;

use crate::kit::{BINARY, House, Hypervisor, Script, echo, init, key, masked, noise, soon};

/// How much a stream of the tests takes before it is read.
const WINDOW: u32 = 64 * 1024;

/// A browser's one connection.
struct Browser {
    requests: SendRequest<Bytes>,
}

impl Browser {
    async fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.unwrap();
        let mut client = h2::client::Builder::new();
        client.initial_window_size(WINDOW);
        client.initial_connection_window_size(64 * WINDOW);
        let (requests, connection) = soon(client.handshake(stream)).await.unwrap();
        tokio::spawn(async move {
            // Tests break connections on purpose.
            let _ = connection.await;
        });
        let mut browser = Self { requests };
        // The server says first whether it may be asked at all.
        let request = Request::get("http://console.example/nothing").body(()).unwrap();
        let (response, _) = browser.requests.send_request(request, true).unwrap();
        soon(response).await.unwrap();
        assert!(browser.requests.is_extended_connect_protocol_enabled());
        browser
    }

    /// An extended CONNECT, and the way up.
    async fn connect_to(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (Response<RecvStream>, SendStream<Bytes>) {
        self.ask(Some(Protocol::from_static("websocket")), path, headers)
            .await
    }

    async fn ask(
        &mut self,
        protocol: Option<Protocol>,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (Response<RecvStream>, SendStream<Bytes>) {
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .uri(format!("http://console.example:8002{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        if let Some(protocol) = protocol {
            request.extensions_mut().insert(protocol);
        }
        let mut requests = soon(self.requests.clone().ready()).await.unwrap();
        let (response, up) = requests.send_request(request, false).unwrap();
        (soon(response).await.unwrap(), up)
    }

    /// A screen, up to its picture.
    async fn screen(&mut self, house: &House) -> Screen {
        let path = format!("/websockify?token={}", house.token().await);
        let headers = [
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "binary, oriel.v1"),
        ];
        let (response, up) = self.connect_to(&path, &headers).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["sec-websocket-protocol"], "oriel.v1");
        for name in ["upgrade", "connection", "sec-websocket-accept"] {
            assert!(!response.headers().contains_key(name), "{name}");
        }
        let mut screen = Screen {
            up,
            down: response.into_body(),
            seen: Vec::new(),
        };
        screen.greet().await;
        screen
    }
}

/// One stream.
struct Screen {
    up: SendStream<Bytes>,
    down: RecvStream,
    seen: Vec<u8>,
}

impl Screen {
    async fn greet(&mut self) {
        let server = [
            (&b"\x82\x0c"[..], b"RFB 003.008\n".to_vec()),
            (b"\x82\x02", vec![1, 1]),
            (b"\x82\x04", vec![0; 4]),
        ];
        for ((head, said), answer) in server.into_iter().zip([&b"RFB 003.008\n"[..], &[1], &[1]]) {
            assert_eq!(self.bytes(head.len() + said.len()).await, [head, &said].concat());
            self.send(answer);
        }
        let last = init(b"web-1");
        assert_eq!(self.bytes(2 + last.len()).await[2..], last);
    }

    /// Sends one binary message.
    fn send(&mut self, payload: &[u8]) {
        let frame = Bytes::from(masked(BINARY, payload));
        self.up.send_data(frame, false).unwrap();
    }

    /// The next bytes of the WebSocket.
    async fn bytes(&mut self, length: usize) -> Vec<u8> {
        while self.seen.len() < length {
            let data = soon(self.down.data()).await.expect("more").unwrap();
            self.down.flow_control().release_capacity(data.len()).unwrap();
            self.seen.extend_from_slice(&data);
        }
        self.seen.drain(..length).collect()
    }

    /// All that still comes, up to the end of the stream.
    async fn rest(mut self) -> Vec<u8> {
        while let Some(Ok(data)) = soon(self.down.data()).await {
            self.down.flow_control().release_capacity(data.len()).unwrap();
            self.seen.extend_from_slice(&data);
        }
        self.seen
    }

    /// What a key stroke comes back as.
    async fn assert_alive(&mut self) {
        let key = key(0x61);
        self.send(&key);
        assert_eq!(self.bytes(10).await, [&b"\x82\x08"[..], &key].concat());
    }
}

#[tokio::test]
async fn several_screens_share_one_connection() {
    let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut browser = Browser::connect(house.address).await;
    let mut screens = Vec::new();
    for _ in 0..3 {
        screens.push(browser.screen(&house).await);
        echo(hypervisor.wire().await);
    }
    for screen in &mut screens {
        screen.assert_alive().await;
    }
    // One that is closed by its page ends alone.
    let mut first = screens.remove(0);
    first
        .up
        .send_data(
            Bytes::from(masked(crate::kit::CLOSE, &1000u16.to_be_bytes())),
            false,
        )
        .unwrap();
    assert_eq!(first.rest().await, b"\x88\x02\x03\xe8");
    // One that is thrown away, too.
    screens.remove(0).up.send_reset(Reason::CANCEL);
    screens[0].assert_alive().await;
}

#[tokio::test]
async fn a_stop_tells_the_page_and_ends_the_stream() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut browser = Browser::connect(house.address).await;
    let screen = browser.screen(&house).await;
    let (left, rest) = tokio::join!(house.gateway.stop(Duration::from_secs(20)), async {
        let mut screen = screen;
        let end = screen.bytes(4).await;
        screen.up.send_data(Bytes::new(), true).unwrap();
        [end, screen.rest().await].concat()
    });
    assert_eq!(left, 0);
    assert_eq!(rest[0], crate::kit::CLOSE);
    assert!(rest.ends_with(b"stopping"), "{rest:?}");
}

#[tokio::test]
async fn a_screen_that_nobody_reads_holds_up_no_other() {
    let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut browser = Browser::connect(house.address).await;
    let stalled = browser.screen(&house).await;
    let mut wire = hypervisor.wire().await;
    let taken = crate::kit::flood(&mut wire, &noise(1, crate::kit::MUCH)).await;
    assert!(taken > usize::try_from(WINDOW).unwrap(), "{taken}");

    let mut other = browser.screen(&house).await;
    echo(hypervisor.wire().await);
    for _ in 0..50 {
        other.assert_alive().await;
    }
    drop(stalled);
}

#[tokio::test]
async fn refusals_are_a_status_without_a_body_or_a_close_code() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let mut browser = Browser::connect(house.address).await;
    let version = ("sec-websocket-version", "13");
    let path = format!("/?token={}", house.token().await);
    let nobodys = "/?token=11111111-2222-4333-8444-555555555555";
    for (path, headers, status) in [
        (nobodys, vec![version], 401),
        ("/", vec![version], 401),
        (&path, vec![version, ("origin", "http://evil.example")], 403),
        (&path, vec![version, ("origin", "null")], 403),
        (
            &path,
            vec![
                version,
                ("origin", "http://console.example"),
                ("origin", "http://evil.example"),
            ],
            403,
        ),
        (&path, vec![("sec-websocket-version", "9")], 426),
        (&path, vec![], 426),
        (&path, vec![version, ("sec-websocket-protocol", "base64")], 400),
    ] {
        let (response, _up) = browser.connect_to(path, &headers).await;
        assert_eq!(response.status(), status, "{path} {headers:?}");
    }
    // Neither another protocol nor a plain tunnel is one.
    let other = Some(Protocol::from_static("connect-udp"));
    let (response, _up) = browser.ask(other, &path, &[version]).await;
    assert!(response.status().is_client_error(), "{}", response.status());

    let coded = [version, ("sec-websocket-protocol", "oriel.v1")];
    let (response, mut up) = browser.connect_to(nobodys, &coded).await;
    assert_eq!(response.status(), 200);
    up.send_data(Bytes::new(), true).unwrap();
    let screen = Screen {
        up,
        down: response.into_body(),
        seen: Vec::new(),
    };
    assert!(screen.rest().await.ends_with(b"token-unknown"));
    // None of that has used the token.
    let (response, _up) = browser.connect_to(&path, &[version]).await;
    assert_eq!(response.status(), 200);
}
