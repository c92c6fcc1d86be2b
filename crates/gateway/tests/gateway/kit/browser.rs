//! The browser's end, down to single frames.

use std::fmt::Write as _;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Config, Limits, WebSocketStream};

use super::hypervisor::init;
use super::soon;

/// A request that is about to be sent.
pub struct Knock {
    to: SocketAddr,
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Knock {
    pub fn new(to: SocketAddr, path: &str) -> Self {
        [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        .into_iter()
        .fold(Self::call("GET", to, path), |knock, (name, value)| {
            knock.header(name, value)
        })
    }

    /// The page's call instead of a WebSocket.
    pub fn post(to: SocketAddr, path: &str, body: &[u8]) -> Self {
        let mut knock = Self::call("POST", to, path);
        knock.body = body.to_vec();
        knock
            .header("Content-Type", "application/json")
            .header("Content-Length", &body.len().to_string())
    }

    /// A call without a body.
    pub fn call(method: &str, to: SocketAddr, path: &str) -> Self {
        let knock = Self {
            to,
            line: format!("{method} {path} HTTP/1.1"),
            headers: Vec::new(),
            body: Vec::new(),
        };
        knock.header("Host", "console.example:8002")
    }

    /// Asks as our own page does, for ends told in close codes.
    pub fn coded(self) -> Self {
        self.header("Sec-WebSocket-Protocol", "oriel.v1")
    }

    /// Brings this cookie along, if there is one.
    pub fn cookie(self, cookie: Option<&str>) -> Self {
        match cookie {
            Some(cookie) => self.header("Cookie", cookie),
            None => self,
        }
    }

    /// Sets a header; one of that name that was there goes.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Connects and sends the request, with bytes that follow it at once.
    pub async fn start(&self, follow: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.to).await.unwrap();
        let mut request = self.line.clone() + "\r\n";
        for (name, value) in &self.headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        request += "\r\n";
        let request = [request.as_bytes(), &self.body, follow].concat();
        // A server that refuses a body early may close before it has taken all.
        let _ = stream.write_all(&request).await;
        stream
    }

    pub async fn send(&self) -> Answer {
        Answer::read(self.start(&[]).await).await
    }
}

/// What the gateway answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
    pub stream: TcpStream,
}

impl Answer {
    /// Reads an answer and not a byte more.
    pub async fn read(mut stream: TcpStream) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(stream.read_u8()).await.expect("an answer"));
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Self {
            status,
            head,
            body: Vec::new(),
            stream,
        };
        if let Some(length) = answer.header("content-length") {
            answer.body = vec![0; length.parse().unwrap()];
            soon(answer.stream.read_exact(&mut answer.body)).await.unwrap();
        }
        answer
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        let value = values.next();
        assert!(values.next().is_none(), "{name} comes once: {}", self.head);
        value
    }

    /// Name and value of the cookie that was set, as the browser would send them.
    pub fn cookie(&self) -> Option<&str> {
        self.header("set-cookie")
            .map(|cookie| cookie.split(';').next().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The WebSocket, which must have been granted.
    pub fn page(self) -> Page {
        assert_eq!(self.status, 101, "{}", self.head);
        assert_eq!(
            self.header("sec-websocket-accept"),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
        Page { stream: self.stream }
    }
}

/// A browser's WebSocket, frame by frame.
#[derive(Debug)]
pub struct Page {
    pub stream: TcpStream,
}

pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;

/// The next frame of a server's: its first byte and its payload.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> (u8, Vec<u8>) {
    soon(async {
        let first = stream.read_u8().await.expect("a frame");
        let length = match stream.read_u8().await.unwrap() {
            126 => stream.read_u16().await.unwrap().into(),
            127 => usize::try_from(stream.read_u64().await.unwrap()).unwrap(),
            short @ 0..126 => short.into(),
            masked => panic!("a server must not mask: {masked:#x}"),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        (first, payload)
    })
    .await
}

impl Page {
    /// The next frame: its first byte and its payload.
    pub async fn frame(&mut self) -> (u8, Vec<u8>) {
        read_frame(&mut self.stream).await
    }

    /// Closes as a browser does.
    pub async fn leave(&mut self) {
        self.raw(&masked(CLOSE, &1000_u16.to_be_bytes())).await;
    }

    /// The next frame's payload, which must be a whole binary message. Pings are passed over.
    pub async fn data(&mut self) -> Vec<u8> {
        loop {
            let (first, payload) = self.frame().await;
            if first != PING {
                assert_eq!(first, BINARY, "{payload:?}");
                return payload;
            }
        }
    }

    /// Reads binary messages until so many bytes have come.
    pub async fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < length {
            all.extend(self.data().await);
        }
        assert_eq!(all.len(), length);
        all
    }

    /// Sends one binary message.
    pub async fn send(&mut self, payload: &[u8]) {
        self.raw(&masked(BINARY, payload)).await;
    }

    /// Sends bytes as they are.
    pub async fn raw(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.unwrap();
    }

    /// The RFB handshake as the simplest client does it: each message is one frame.
    pub async fn greet(&mut self) {
        assert_eq!(self.data().await, b"RFB 003.008\n");
        self.send(b"RFB 003.008\n").await;
        assert_eq!(self.data().await, [1, 1]);
        self.send(&[1]).await;
        assert_eq!(self.data().await, [0; 4]);
        self.send(&[0]).await;
        assert_eq!(self.data().await, init(b"web-1"));
    }

    /// The close frame: code and words. What comes before it is dropped.
    pub async fn close_frame(&mut self) -> (u16, String) {
        loop {
            if let (CLOSE, payload) = self.frame().await {
                let [high, low, words @ ..] = payload.as_slice() else {
                    panic!("no code: {payload:?}")
                };
                return (
                    u16::from_be_bytes([*high, *low]),
                    String::from_utf8(words.to_vec()).unwrap(),
                );
            }
        }
    }

    /// The same, and that the gateway closes the connection when the browser has.
    pub async fn closed(mut self) -> (u16, String) {
        let close = self.close_frame().await;
        self.stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        soon(self.stream.read_to_end(&mut rest)).await.unwrap();
        assert!(rest.is_empty(), "{rest:x?}");
        close
    }

    /// The same connection in the hands of a WebSocket library, which sends messages in frames of
    /// this size.
    pub fn library(self, frame_size: usize) -> WebSocketStream<TcpStream> {
        ClientBuilder::new()
            .config(Config::default().frame_size(frame_size))
            .limits(Limits::unlimited())
            .take_over(self.stream)
    }
}

/// A frame as browsers send it.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = frame(first, 0x80, payload.len());
    bytes.extend(KEY);
    // Four at once: some tests send megabytes.
    let (fours, rest) = payload.as_chunks::<4>();
    for four in fours {
        let masked = u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(KEY);
        bytes.extend_from_slice(&masked.to_ne_bytes());
    }
    bytes.extend(rest.iter().zip(KEY).map(|(byte, key)| byte ^ key));
    bytes
}

/// The head of a frame, up to and with its length.
pub fn frame(first: u8, mask: u8, length: usize) -> Vec<u8> {
    let mut head = vec![first];
    if let Ok(short @ 0..126) = u8::try_from(length) {
        head.push(mask | short);
    } else if let Ok(middle) = u16::try_from(length) {
        head.push(mask | 0x7e);
        head.extend(middle.to_be_bytes());
    } else {
        head.push(mask | 0x7f);
        head.extend(u64::try_from(length).unwrap().to_be_bytes());
    }
    head
}
