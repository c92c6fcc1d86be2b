//! A viewer that asks, and keeps what it gets.

use socket2::SockRef;
use std::io::{Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use oriel_rfb::client_msg::{set_encodings, update_request};
use oriel_rfb::encoding as e;
use oriel_rfb::handshake::{BackEnd, BackEndStep};
use oriel_rfb::server_init::{ServerInit, ServerInitReader, client_init};
use oriel_rfb::server_msg::Kind;
use oriel_rfb::{PixelFormat, Rect, Scheme};

use crate::decoder::{Decoder, Message};

/// What is asked for beside the encoding of pixels: all features that a server can answer to.
const FEATURES: [i32; 16] = [
    e::COPY_RECT,
    e::DESKTOP_SIZE,
    e::EXTENDED_DESKTOP_SIZE,
    e::LAST_RECT,
    e::QEMU_POINTER_MOTION,
    e::QEMU_EXTENDED_KEY,
    e::QEMU_LED_STATE,
    e::VMWARE_LED_STATE,
    e::DESKTOP_NAME,
    e::FENCE,
    e::CONTINUOUS_UPDATES,
    e::EXTENDED_MOUSE_BUTTONS,
    e::EXTENDED_CLIPBOARD,
    e::QEMU_AUDIO,
    e::XVP,
    // JPEG quality 5, so that photographs may be lossy.
    -27,
];

/// What a server sent in one connection, and how it is to be understood.
pub struct Recording {
    pub init: ServerInit,
    pub format: PixelFormat,
    pub bytes: Vec<u8>,
    pub messages: Vec<Message>,
}

pub struct Viewer {
    init: ServerInit,
    format: PixelFormat,
    decoder: Decoder<UnixStream>,
    to: UnixStream,
}

impl Viewer {
    pub fn new(mut stream: UnixStream, format: PixelFormat, encodings: &[i32]) -> Self {
        let init = greet(&mut stream);
        let mut viewer = Self {
            format,
            decoder: Decoder::new(stream.try_clone().unwrap(), (init.width, init.height), format),
            to: stream,
            init,
        };
        viewer.send(&[&[0; 4][..], &format.to_bytes()].concat());
        viewer.send(&set_encodings(&[encodings, &FEATURES].concat()));
        viewer
    }

    pub fn send(&mut self, message: &[u8]) {
        self.to.write_all(message).unwrap();
    }

    pub fn ask(&mut self, incremental: bool) {
        let (width, height) = self.decoder.screen;
        let (x, y) = (0, 0);
        let rect = Rect { x, y, width, height };
        self.send(&update_request(incremental, rect));
    }

    /// Reads on until a message of this kind that shows pixels, if it is an update.
    pub fn until(&mut self, kind: Kind) {
        loop {
            if kind == Kind::Update {
                self.ask_again_in_silence();
            }
            let begin = self.decoder.bytes.len();
            let message = self.decoder.message();
            // A server that gets its fences not back takes the line for full.
            let mut bytes = self.decoder.bytes[begin..].to_vec();
            if message.kind == Kind::Fence && bytes[4] & 0x80 != 0 {
                bytes[4] &= 0x7f;
                self.send(&bytes);
            }
            let shows = |number: i32| (0..=50).contains(&number) || number == e::TIGHT_PNG;
            let shown = message.rectangles.iter().any(|(_, number, _)| shows(*number));
            if message.kind == kind && (shown || kind != Kind::Update) {
                return;
            }
            // Features alone may be the answer to a request.
            if kind == Kind::Update && message.kind == kind {
                self.ask(true);
            }
        }
    }

    /// Waits for the next message. A busy Xvnc now and then leaves a request for changes without an answer until it gets
    /// another one.
    fn ask_again_in_silence(&mut self) {
        const SILENCE: Duration = Duration::from_secs(3);
        let patience = self.to.read_timeout().unwrap();
        self.to.set_read_timeout(Some(SILENCE)).unwrap();
        let silent = SockRef::from(&self.to)
            .peek(&mut [MaybeUninit::uninit()])
            .is_err();
        self.to.set_read_timeout(patience).unwrap();
        if silent {
            self.ask(true);
        }
    }

    /// Another size of the screen, where the server has it.
    pub fn resize(&mut self, width: u16, height: u16) {
        let [a, b] = width.to_be_bytes();
        let [c, d] = height.to_be_bytes();
        self.send(&[251, 0, a, b, c, d, 1, 0]);
        self.send(&[0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d, 0, 0, 0, 0]);
    }

    pub fn recording(self) -> Recording {
        Recording {
            init: self.init,
            format: self.format,
            bytes: self.decoder.bytes,
            messages: self.decoder.messages,
        }
    }
}

fn greet(stream: &mut UnixStream) -> ServerInit {
    // Byte by byte, so that nothing behind the greeting is read.
    let mut byte = [0];
    let mut handshake = BackEnd::new([Scheme::None]);
    let mut unread: &[u8] = &[];
    loop {
        match handshake.feed(&mut unread).unwrap() {
            BackEndStep::Send(bytes) => stream.write_all(&bytes).unwrap(),
            BackEndStep::Done(_) => break,
            BackEndStep::Need => {
                stream.read_exact(&mut byte).unwrap();
                unread = &byte;
            }
            other => panic!("{other:?}"),
        }
    }
    stream.write_all(&client_init(true)).unwrap();
    let mut reader = ServerInitReader::new();
    loop {
        stream.read_exact(&mut byte).unwrap();
        if let Some(init) = reader.feed(&mut &byte[..]).unwrap() {
            return init;
        }
    }
}
