use std::collections::HashMap;

use oriel_rfb::client_msg::DEFAULT_MAX_CUT_TEXT;
use oriel_rfb::handshake::{BackEnd, BackEndStep, Version};
use oriel_rfb::server_init::{ServerInit, ServerInitReader, client_init};
use oriel_rfb::{PixelFormat, Rect, Scheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::canvas::{HEIGHT, WIDTH};
use super::viewer::ViewerEnd;
use super::*;

/// A line's way out of the server.
struct Lines(mpsc::UnboundedSender<Vec<u8>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.send(Vec::new()).map_err(io::Error::other)
    }
}

/// A running server.
struct Server {
    address: Address,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), DemoServerError>>,
}

impl Server {
    async fn start(listen: &str) -> Self {
        let args = DemoServerArgs {
            listen: listen_address(listen).unwrap(),
        };
        let (lines, mut printed) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            run(&args, &mut Lines(lines), stop).await
        });
        let mut line = Vec::new();
        while let Some(part) = printed.recv().await.filter(|part| !part.is_empty()) {
            line.extend(part);
        }
        let line = String::from_utf8(line).unwrap();
        let address = line
            .strip_prefix("The demo screen is at ")
            .unwrap()
            .strip_suffix('\n')
            .unwrap();
        Self {
            address: address.parse().unwrap(),
            stop,
            running,
        }
    }

    async fn connect(&self) -> Client<Box<dyn Stream>> {
        let stream: Box<dyn Stream> = match &self.address {
            Address::Tcp { host, port } => {
                Box::new(TcpStream::connect((host.as_str(), *port)).await.unwrap())
            }
            Address::Unix(path) => Box::new(UnixStream::connect(path).await.unwrap()),
            Address::Telnet { .. } => unreachable!("a demo screen is on no Telnet port"),
        };
        Client::greet(stream).await
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }
}

/// A viewer that has got through the handshake.
struct Client<S> {
    stream: S,
    init: ServerInit,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn greet(mut stream: S) -> Self {
        let mut handshake = BackEnd::new([Scheme::None]);
        let mut buffer = [0; 1];
        let mut unread: &[u8] = &[];
        let agreed = loop {
            match handshake.feed(&mut unread).unwrap() {
                BackEndStep::Send(bytes) => stream.write_all(&bytes).await.unwrap(),
                BackEndStep::Done(agreed) => break agreed,
                BackEndStep::Need => {
                    stream.read_exact(&mut buffer).await.unwrap();
                    unread = &buffer;
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(agreed.version, Version::V3_8);
        stream.write_all(&client_init(true)).await.unwrap();
        let mut reader = ServerInitReader::new();
        let init = loop {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            if let Some(init) = reader.feed(&mut byte.as_slice()).unwrap() {
                break init;
            }
        };
        Self { stream, init }
    }

    async fn send(&mut self, message: &[u8]) {
        self.stream.write_all(message).await.unwrap();
    }

    async fn request(&mut self, incremental: bool) {
        let [w0, w1] = WIDTH.to_be_bytes();
        let [h0, h1] = HEIGHT.to_be_bytes();
        self.send(&[3, incremental.into(), 0, 0, 0, 0, w0, w1, h0, h1])
            .await;
    }

    /// Reads one update: the bytes of each rectangle with its encoding.
    async fn update(&mut self, bytes_per_pixel: usize) -> Vec<(Rect, i32, Vec<u8>)> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).await.unwrap();
        let [0, _, count @ ..] = head else {
            panic!("no update: {head:?}")
        };
        let mut rects = Vec::new();
        for _ in 0..u16::from_be_bytes(count) {
            let mut fields = [0; 4];
            for field in &mut fields {
                *field = self.stream.read_u16().await.unwrap();
            }
            let [x, y, width, height] = fields;
            let encoding = self.stream.read_i32().await.unwrap();
            let mut pixels = vec![0; usize::from(width) * usize::from(height) * bytes_per_pixel];
            self.stream.read_exact(&mut pixels).await.unwrap();
            rects.push((Rect { x, y, width, height }, encoding, pixels));
        }
        rects
    }

    async fn leave(mut self) {
        self.stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.unwrap();
    }
}

fn area(rects: &[(Rect, i32, Vec<u8>)]) -> usize {
    rects
        .iter()
        .map(|(rect, ..)| usize::from(rect.width) * usize::from(rect.height))
        .sum()
}

/// Serves one viewer on a screen without a clock.
async fn alone() -> (
    Arc<Screen>,
    Client<DuplexStream>,
    JoinHandle<Result<(), ViewerEnd>>,
) {
    let screen = Arc::new(Screen::new());
    let (ours, theirs) = duplex(64 * 1024);
    let shared = Arc::clone(&screen);
    let served = tokio::spawn(async move { viewer::serve(theirs, &shared).await });
    (screen, Client::greet(ours).await, served)
}

const ALL: usize = WIDTH as usize * HEIGHT as usize;

#[tokio::test]
async fn a_viewer_is_greeted_and_sees_the_whole_picture() {
    let server = Server::start("tcp:127.0.0.1:0").await;
    let mut client = server.connect().await;
    assert_eq!((client.init.width, client.init.height), (WIDTH, HEIGHT));
    assert_eq!(client.init.name_lossy(), "Oriel demo screen");
    client.request(false).await;
    assert_eq!(area(&client.update(4).await), ALL);
    client.leave().await;
    server.stop().await;
}

#[tokio::test]
async fn all_viewers_share_the_picture_and_the_socket_goes_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.sock");
    let server = Server::start(&format!("unix:{}", path.display())).await;
    assert_eq!(server.address, Address::Unix(path.clone()));
    let (mut typist, mut watcher) = (server.connect().await, server.connect().await);
    watcher.request(false).await;
    watcher.update(4).await;
    typist.send(&[4, 1, 0, 0, 0, 0, 0, 0x61]).await;
    // Besides the clock's tiles, those of the log's first line come.
    loop {
        watcher.request(true).await;
        if watcher
            .update(4)
            .await
            .iter()
            .any(|(rect, ..)| (256..384).contains(&rect.y))
        {
            break;
        }
    }
    server.stop().await;
    assert!(!path.exists());
}

#[tokio::test(start_paused = true)]
async fn a_request_is_held_until_something_changes() {
    let (screen, mut client, served) = alone().await;
    client.request(false).await;
    assert_eq!(area(&client.update(4).await), ALL);
    client.request(true).await;
    let hour = Duration::from_hours(1);
    assert!(
        tokio::time::timeout(hour, client.stream.read_u8()).await.is_err(),
        "an update with nothing new"
    );

    screen.change(|picture| picture.key(true, 0x61, None));
    let news = client.update(4).await;
    assert!((1..ALL / 4).contains(&area(&news)), "only what changed");
    // Without a request there is no update.
    screen.change(|picture| picture.key(false, 0x61, None));
    assert!(tokio::time::timeout(hour, client.stream.read_u8()).await.is_err());
    client.request(true).await;
    assert!(area(&client.update(4).await) > 0);
    client.leave().await;
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn every_true_colour_format_is_served() {
    let (_screen, mut client, served) = alone().await;
    let rgb565 = PixelFormat {
        bits_per_pixel: 16,
        depth: 16,
        big_endian: true,
        true_colour: true,
        red_max: 31,
        green_max: 63,
        blue_max: 31,
        red_shift: 11,
        green_shift: 5,
        blue_shift: 0,
    };
    let bgr233 = PixelFormat {
        bits_per_pixel: 8,
        depth: 8,
        red_max: 7,
        green_max: 7,
        blue_max: 3,
        red_shift: 0,
        green_shift: 3,
        blue_shift: 6,
        ..rgb565
    };
    for (format, bytes) in [(rgb565, 2), (bgr233, 1), (PixelFormat::RGB32, 4)] {
        client.send(&[&[0; 4][..], &format.to_bytes()].concat()).await;
        client.request(false).await;
        assert_eq!(area(&client.update(bytes).await), ALL);
    }
    let mapped = PixelFormat {
        true_colour: false,
        ..bgr233
    };
    client.send(&[&[0; 4][..], &mapped.to_bytes()].concat()).await;
    assert!(matches!(served.await.unwrap(), Err(ViewerEnd::PixelFormat(_))));
}

#[tokio::test]
async fn an_offer_of_scan_codes_is_taken_once() {
    let (_screen, mut client, _served) = alone().await;
    for _ in 0..2 {
        client
            .send(&[2, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0xfe, 0xfe])
            .await;
    }
    let empty = Rect {
        x: 0,
        y: 0,
        width: 0,
        height: 0,
    };
    assert_eq!(client.update(4).await, [(empty, -258, vec![])]);
    client.request(false).await;
    assert_eq!(area(&client.update(4).await), ALL);
}

#[tokio::test]
async fn messages_may_come_byte_by_byte_and_many_at_once() {
    let (screen, mut client, served) = alone().await;
    let qemu_key = [255, 0, 0, 1, 0, 0, 0xff, 0x53, 0, 0, 0xe0, 0x4d];
    for byte in qemu_key {
        client.send(&[byte]).await;
    }
    let text = [&[6, 0, 0, 0, 0, 0, 0x20, 0][..], &[b'x'; 0x2000]].concat();
    let pointer = [5, 0b100, 1, 0, 2, 0];
    client.send(&[&text[..], &pointer].concat()).await;
    client.leave().await;
    served.await.unwrap().unwrap();
    let mut log = Vec::new();
    screen.change(|picture| log.extend(picture.log().map(str::to_owned)));
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        log.iter().map(|line| words(line)).collect::<Vec<_>>(),
        [
            "key down Right keysym 0xff53 scancode 0xe04d",
            "clipboard 8200 bytes",
            "button down right at 256, 512"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_breaks_the_rules_is_let_go() {
    let screen = Screen::new();
    let (silent, theirs) = duplex(1024);
    let end = viewer::serve(theirs, &screen).await;
    assert!(matches!(end, Err(ViewerEnd::HandshakeTimeout)), "{end:?}");
    drop(silent);

    let (mut stranger, theirs) = duplex(1024);
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let end = viewer::serve(theirs, &screen).await;
    assert!(matches!(end, Err(ViewerEnd::Handshake(_))), "{end:?}");

    let (gone, theirs) = duplex(1024);
    drop(gone);
    assert!(matches!(
        viewer::serve(theirs, &screen).await,
        Err(ViewerEnd::Lost(_))
    ));

    // Asks for 3 MB and takes none of them.
    let (_screen, mut stalled, served) = alone().await;
    stalled.request(false).await;
    let end = served.await.unwrap();
    assert!(matches!(end, Err(ViewerEnd::WriteTimeout)), "{end:?}");

    let (_screen, mut odd, served) = alone().await;
    odd.send(&[99]).await;
    assert!(matches!(served.await.unwrap(), Err(ViewerEnd::Message(_))));

    let (_screen, mut boundless, served) = alone().await;
    let length = (DEFAULT_MAX_CUT_TEXT + 1).to_be_bytes();
    boundless.send(&[&[6, 0, 0, 0][..], &length].concat()).await;
    assert!(matches!(served.await.unwrap(), Err(ViewerEnd::Message(_))));
}

#[tokio::test]
async fn there_is_a_most_of_viewers_and_a_leaver_makes_room() {
    let server = Server::start("tcp:127.0.0.1:0").await;
    let mut viewers = Vec::new();
    for _ in 0..MAX_VIEWERS {
        viewers.push(server.connect().await);
    }
    let Address::Tcp { host, port } = &server.address else {
        panic!("TCP was asked for")
    };
    let mut late = TcpStream::connect((host.as_str(), *port)).await.unwrap();
    assert_eq!(late.read(&mut [0; 12]).await.unwrap(), 0);

    viewers.pop().unwrap().leave().await;
    // The server may not have noticed yet that its task has ended.
    loop {
        let mut stream = TcpStream::connect((host.as_str(), *port)).await.unwrap();
        if stream.read(&mut [0; 12]).await.unwrap() > 0 {
            break;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_socket_left_behind_is_replaced_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listen = format!("unix:{}", path.display());
    let server = Server::start(&listen).await;
    let args = DemoServerArgs {
        listen: listen_address(&listen).unwrap(),
    };
    let error = run(&args, &mut Vec::new(), std::future::pending())
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&listen), "{error}");
    server.connect().await.leave().await;
    server.stop().await;

    std::fs::write(&path, "no socket").unwrap();
    run(&args, &mut Vec::new(), std::future::pending())
        .await
        .unwrap_err();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "no socket");
}

#[test]
fn an_address_to_listen_on_may_leave_the_port_open() {
    let known: HashMap<&str, Address> = HashMap::from([
        (
            "tcp:127.0.0.1:0",
            Address::Tcp {
                host: "127.0.0.1".into(),
                port: 0,
            },
        ),
        (
            "tcp:[::1]:0",
            Address::Tcp {
                host: "::1".into(),
                port: 0,
            },
        ),
        (
            "tcp:localhost:5900",
            Address::Tcp {
                host: "localhost".into(),
                port: 5900,
            },
        ),
        ("unix:/run/a:0", Address::Unix("/run/a:0".into())),
    ]);
    for (text, address) in known {
        assert_eq!(listen_address(text).unwrap(), address);
    }
    for text in [
        "",
        ":0",
        "tcp::0",
        "tcp:h:00000x",
        "127.0.0.1:0",
        "unix:a:0",
        "tcp:::1:0",
    ] {
        assert!(listen_address(text).is_err(), "{text:?}");
    }
}
