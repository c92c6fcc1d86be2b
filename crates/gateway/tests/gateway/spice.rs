//! SPICE: several channels of one page, whose links end at the gateway on both sides.

use std::time::Duration;

use getrandom::SysRng;
use oriel_domain::{ConsoleKind, ViewerRole};
use oriel_gateway::{GatewaySettings, Viewers};
use oriel_spice::ticket::{MECHANISM, TICKET};
use oriel_spice::{Capabilities, Channel, HEADER, Reply, Request, Status, common, message_length};
use rsa::PrivateKey;
use rsa::pkcs8::EncodePublicKey as _;
use sha1::Sha1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::kit::{BRIEF, House, Hypervisor, Page, Script, Wire, hears, hung_up, soon};

/// A server that reads tickets.
struct Server {
    key: PrivateKey,
    hypervisor: Hypervisor,
}

impl Server {
    async fn start() -> Self {
        Self {
            key: PrivateKey::new(&mut SysRng, 1024).unwrap(),
            hypervisor: Hypervisor::tcp([Script::Silent]).await,
        }
    }

    async fn house(&self, adjust: impl FnOnce(&mut GatewaySettings)) -> House {
        self.house_with("", adjust).await
    }

    async fn house_with(&self, more: &str, adjust: impl FnOnce(&mut GatewaySettings)) -> House {
        let address = &self.hypervisor.address;
        let consoles = format!("[server.console.spice-html5]\nback_end = \"{address}\"\n{more}");
        House::furnished(&consoles, adjust).await
    }

    fn reply(&self, common: Capabilities) -> Reply {
        let key = self.key.to_public_key().to_public_key_der().unwrap();
        Reply {
            status: Status::OK,
            key: key.as_bytes().try_into().unwrap(),
            common,
            own: Capabilities::default().with(1),
        }
    }

    /// Takes the next connection up to its ticket: what was asked for, and the password.
    async fn channel(&mut self) -> (Wire, Request, Vec<u8>) {
        let mut wire = self.hypervisor.wire().await;
        let request = asked(&mut wire).await;
        let reply = self.reply(server_can());
        soon(wire.write_all(&reply.to_bytes())).await.unwrap();
        let mut mechanism = [0; 4];
        soon(wire.read_exact(&mut mechanism)).await.unwrap();
        assert_eq!(mechanism, MECHANISM);
        let mut ticket = [0; TICKET];
        soon(wire.read_exact(&mut ticket)).await.unwrap();
        (wire, request, self.key.oaep_decrypt::<Sha1>(&ticket).unwrap())
    }

    /// The same, and lets it in.
    async fn admit(&mut self) -> (Wire, Request) {
        let (mut wire, request, _) = self.channel().await;
        wire.write_all(&Status::OK.0.to_le_bytes()).await.unwrap();
        (wire, request)
    }
}

/// What QEMU can do.
fn server_can() -> Capabilities {
    [common::AUTH_SELECTION, common::AUTH_SPICE, common::MINI_HEADER]
        .into_iter()
        .fold(Capabilities::default(), Capabilities::with)
}

/// What spice-html5 can do.
fn page_can() -> Capabilities {
    let can = Capabilities::default().with(common::AUTH_SELECTION);
    can.with(common::MINI_HEADER)
}

fn request(channel: Channel, connection: u32) -> Request {
    Request {
        connection,
        channel,
        number: 0,
        common: page_can(),
        own: Capabilities::default().with(3),
    }
}

async fn asked(wire: &mut Wire) -> Request {
    let mut message = vec![0; HEADER];
    soon(wire.read_exact(&mut message)).await.unwrap();
    let length = message_length(&message).unwrap().unwrap();
    message.resize(length, 0);
    soon(wire.read_exact(&mut message[HEADER..])).await.unwrap();
    Request::parse(&message).unwrap()
}

/// A page's token, and the cookie with which it comes back.
struct Visitor {
    token: String,
    cookie: Option<String>,
}

impl Visitor {
    async fn new(house: &House) -> Self {
        let token = house.mint(|grant| grant.console = ConsoleKind::SpiceHtml5).await;
        Self { token, cookie: None }
    }

    /// Opens one more WebSocket, as our own page would, so that the end's reason shows.
    async fn socket(&mut self, house: &House) -> Page {
        let knock = house.knock(&format!("/websockify?token={}", self.token));
        let answer = knock.coded().cookie(self.cookie.as_deref()).send().await;
        if let Some(cookie) = answer.cookie() {
            self.cookie = Some(cookie.to_owned());
        }
        answer.page()
    }

    /// Opens one more channel whose server lets the gateway in.
    async fn channel(&mut self, house: &House, server: &mut Server, channel: Channel) -> (Page, Wire) {
        let mut page = self.socket(house).await;
        page.send(&request(channel, u32::from(channel.0) - 1).to_bytes())
            .await;
        let (wire, asked) = server.admit().await;
        assert_eq!(asked.channel, channel);
        prove(&mut page, &[0x55; TICKET]).await;
        (page, wire)
    }
}

/// The rest of a page's link: a password that is none of the server's, which nobody looks at.
async fn prove(page: &mut Page, ticket: &[u8; TICKET]) {
    let reply = Reply::parse(&page.data().await).unwrap();
    assert_eq!(reply.status, Status::OK);
    page.send(&[&MECHANISM[..], ticket].concat()).await;
    assert_eq!(page.data().await, Status::OK.0.to_le_bytes());
}

#[tokio::test]
async fn the_gateway_lets_itself_in_and_both_sides_read_the_channel_alike() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let mut server = Server::start().await;
    let house = server
        .house_with(&format!("password_file = \"{}\"\n", file.display()), |_| {})
        .await;
    let mut page = Visitor::new(&house).await.socket(&house).await;
    let wanted = request(Channel::MAIN, 0);
    // However the page cuts it.
    let bytes = wanted.to_bytes();
    page.send(&bytes[..7]).await;
    page.send(&bytes[7..]).await;
    let (mut wire, asked, password) = server.channel().await;
    assert_eq!(
        (asked.connection, asked.channel, asked.own),
        (0, Channel::MAIN, wanted.own)
    );
    assert!(asked.common.has(common::MINI_HEADER) && asked.common.has(common::AUTH_SELECTION));
    assert_eq!(password, b"hunter2\0");
    // The first message may come with the result.
    wire.write_all(b"\0\0\0\0welcome").await.unwrap();

    let reply = Reply::parse(&page.data().await).unwrap();
    assert_eq!(reply, server.reply(server_can()));
    // And what the page says first with its ticket.
    page.send(&[&MECHANISM[..], &[0; TICKET], b"hello"].concat())
        .await;
    assert_eq!(page.data().await, [0; 4]);
    assert_eq!(page.exactly(7).await, b"welcome");
    hears(&mut wire, b"hello").await;
    drop(wire);
    assert_eq!(page.closed().await, (4024, "back-end-closed".into()));
    let trail = house.trail().await;
    assert_eq!(trail[0].who[3], "spice-html5");
    assert_eq!(trail[0].bytes, (7, 5), "the link is none of its bytes");
}

#[tokio::test]
async fn the_browser_that_used_the_link_opens_its_other_channels_and_nobody_else_does() {
    // One viewer at a time means one page, with all its channels.
    let mut server = Server::start().await;
    let house = server
        .house(|settings| settings.limits.viewers = Viewers::TakeOver)
        .await;
    let mut visitor = Visitor::new(&house).await;
    let (mut main, mut main_wire) = visitor.channel(&house, &mut server, Channel::MAIN).await;
    let mut more = Vec::new();
    for channel in [Channel::DISPLAY, Channel::INPUTS, Channel::CURSOR] {
        more.push(visitor.channel(&house, &mut server, channel).await);
    }
    for (page, wire) in &mut more {
        page.send(b"up").await;
        hears(wire, b"up").await;
    }
    main.send(b"still").await;
    hears(&mut main_wire, b"still").await;

    let mut other = Visitor {
        token: visitor.token.clone(),
        cookie: None,
    };
    assert_eq!(other.socket(&house).await.closed().await.1, "token-used");
    // Somebody else's link takes the console over: every channel of it.
    let mut next = Visitor::new(&house).await;
    let _theirs = next.channel(&house, &mut server, Channel::MAIN).await;
    assert_eq!(main.closed().await.1, "taken-over");
    for (page, _) in more {
        assert_eq!(page.closed().await.1, "taken-over");
    }
}

#[tokio::test]
async fn a_hand_on_the_inputs_keeps_the_whole_console() {
    let mut server = Server::start().await;
    let house = server
        .house(|settings| settings.idle_timeout = Some(Duration::from_millis(2500)))
        .await;
    let mut visitor = Visitor::new(&house).await;
    let (mut main, _main) = visitor.channel(&house, &mut server, Channel::MAIN).await;
    let (mut inputs, mut wire) = visitor.channel(&house, &mut server, Channel::INPUTS).await;
    let began = tokio::time::Instant::now();
    // Longer than the idle time; that is what is measured here.
    while began.elapsed() < Duration::from_secs(4) {
        inputs.send(b"k").await;
        hears(&mut wire, b"k").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    main.send(b"pong").await;
    assert_eq!(main.closed().await.1, "idle");
    assert_eq!(inputs.closed().await.1, "idle");
}

#[tokio::test]
async fn a_server_that_refuses_is_told_by_name() {
    for (status, told, reason) in [
        (Status::PERMISSION_DENIED, Status::ERROR, "back-end-security"),
        (Status::NEED_SECURED, Status::ERROR, "back-end-security"),
        (Status::NO_CHANNEL, Status::NO_CHANNEL, "client-protocol"),
        (Status::BAD_CONNECTION, Status::BAD_CONNECTION, "client-protocol"),
        (Status(3), Status::ERROR, "back-end-protocol"),
    ] {
        let mut server = Server::start().await;
        let house = server.house(|_| {}).await;
        // In its reply, and as the result at the end.
        for late in [false, true] {
            let mut page = Visitor::new(&house).await.socket(&house).await;
            page.send(&request(Channel::MAIN, 0).to_bytes()).await;
            if late {
                let (mut wire, _, password) = server.channel().await;
                assert_eq!(password, b"\0", "none is set");
                wire.write_all(&status.0.to_le_bytes()).await.unwrap();
            } else {
                let mut wire = server.hypervisor.wire().await;
                asked(&mut wire).await;
                wire.write_all(&Reply::refusal(status).to_bytes()).await.unwrap();
            }
            assert_eq!(Reply::parse(&page.data().await).unwrap().status, told, "{status}");
            assert_eq!(page.closed().await.1, reason, "{status}");
        }
    }
}

#[tokio::test]
async fn a_back_end_that_is_none_ends_with_a_name() {
    let sasl = Reply {
        common: Capabilities::default()
            .with(common::AUTH_SELECTION)
            .with(common::AUTH_SASL),
        ..Reply::refusal(Status::OK)
    };
    let bad_key = Reply {
        common: server_can(),
        ..Reply::refusal(Status::OK)
    };
    for (says, reason) in [
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "back-end-protocol"),
        (b"REDQ\x01\0\0\0".to_vec(), "back-end-protocol"),
        (
            b"REDQ\x02\0\0\0\0\0\0\0\xff\xff\xff\xff".to_vec(),
            "back-end-protocol",
        ),
        (sasl.to_bytes(), "back-end-security"),
        (bad_key.to_bytes(), "back-end-security"),
        (b"REDQ\x02".to_vec(), "back-end-closed"),
        (Vec::new(), "back-end-closed"),
    ] {
        let mut server = Server::start().await;
        let house = server.house(|_| {}).await;
        let mut page = Visitor::new(&house).await.socket(&house).await;
        page.send(&request(Channel::MAIN, 0).to_bytes()).await;
        let mut wire = server.hypervisor.wire().await;
        asked(&mut wire).await;
        wire.write_all(&says).await.unwrap();
        wire.shutdown().await.unwrap();
        assert_eq!(page.close_frame().await.1, reason, "{says:?}");
        assert_eq!(house.only_end().await, reason);
    }
}

#[tokio::test]
async fn whoever_is_silent_in_the_link_is_given_up() {
    let mut server = Server::start().await;
    let house = server.house(|settings| settings.handshake_timeout = BRIEF).await;
    let page = Visitor::new(&house).await.socket(&house).await;
    assert_eq!(page.closed().await.1, "client-timeout");
    assert_eq!(hung_up(server.hypervisor.wire().await).await, b"");

    let mut page = Visitor::new(&house).await.socket(&house).await;
    page.send(&request(Channel::MAIN, 0).to_bytes()).await;
    let _wire = server.hypervisor.wire().await;
    assert_eq!(Reply::parse(&page.data().await).unwrap().status, Status::ERROR);
    assert_eq!(page.closed().await.1, "back-end-timeout");

    let mut page = Visitor::new(&house).await.socket(&house).await;
    page.send(&request(Channel::MAIN, 0).to_bytes()).await;
    let _wire = server.admit().await;
    page.data().await;
    page.send(&MECHANISM).await;
    assert_eq!(page.closed().await.1, "client-timeout");
}

#[tokio::test]
async fn a_page_that_does_not_speak_spice_is_refused() {
    let mut long = request(Channel::MAIN, 0).to_bytes();
    long[12..16].copy_from_slice(&[0xff; 4]);
    for says in [b"RFB 003.008\n".to_vec(), long, b"\0".to_vec()] {
        let server = Server::start().await;
        let house = server.house(|_| {}).await;
        let mut page = Visitor::new(&house).await.socket(&house).await;
        page.send(&says).await;
        assert_eq!(page.closed().await.1, "client-protocol", "{says:?}");
    }
    let mut server = Server::start().await;
    let house = server.house(|_| {}).await;
    let mut page = Visitor::new(&house).await.socket(&house).await;
    page.send(&request(Channel::MAIN, 0).to_bytes()).await;
    let _wire = server.admit().await;
    page.data().await;
    page.send(&[2; 4 + TICKET]).await;
    assert_eq!(page.closed().await.1, "client-protocol");
}

#[tokio::test]
async fn a_viewer_who_may_not_do_all_is_not_let_in() {
    let server = Server::start().await;
    let house = server.house(|_| {}).await;
    let token = house
        .mint(|grant| {
            grant.console = ConsoleKind::SpiceHtml5;
            grant.role = ViewerRole::Observer;
        })
        .await;
    let refused = house.knock(&format!("/?token={token}")).send().await;
    assert_eq!(refused.status, 403);
    assert!(server.hypervisor.is_idle());
    let house = server.house(|settings| settings.rights.resize = false).await;
    let page = Visitor::new(&house).await.socket(&house).await;
    assert_eq!(page.closed().await.1, "rules-unkept");
}
