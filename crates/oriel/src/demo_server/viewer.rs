//! One viewer's connection.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oriel_rfb::client_msg::{ClientMsgError, DEFAULT_MAX_CUT_TEXT, Event, Kind, Splitter, Step};
use oriel_rfb::handshake::{Viewer as Handshake, ViewerError, ViewerStep};
use oriel_rfb::server_init::ServerInit;
use oriel_rfb::server_msg::{RawRect, UpdateError, write_update};
use oriel_rfb::{Converter, PixelFormat, PixelFormatError, Rect};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::timeout;

use super::canvas::{HEIGHT, Seen, WIDTH};
use super::picture::Picture;

/// How long a viewer may take for its part of the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a viewer may take to accept one update.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of a viewer that are read at once.
const BUFFER: usize = 4096;

/// The pseudo-encoding by which a viewer offers scan codes, and this server takes the offer.
const QEMU_EXTENDED_KEY: i32 = -258;
/// An update that holds nothing but the answer to that offer: one empty rectangle.
const TAKES_SCANCODES: [u8; 16] = {
    let [a, b, c, d] = QEMU_EXTENDED_KEY.to_be_bytes();
    [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
};

/// The picture that all viewers share, and news of its changes.
#[derive(Debug)]
pub struct Screen {
    picture: Mutex<Picture>,
    changes: watch::Sender<()>,
}

impl Screen {
    /// A screen that nobody looks at yet.
    pub fn new() -> Self {
        Self {
            picture: Mutex::new(Picture::new(OffsetDateTime::now_utc())),
            changes: watch::Sender::new(()),
        }
    }

    /// Changes the picture, and lets all viewers know.
    pub fn change(&self, change: impl FnOnce(&mut Picture)) {
        change(&mut self.picture.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_replace(());
    }
}

/// Why a viewer was let go.
#[derive(Debug, thiserror::Error)]
pub enum ViewerEnd {
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Lost(#[from] io::Error),
    /// It did not finish the handshake in time.
    #[error("no handshake within {HANDSHAKE_TIMEOUT:?}")]
    HandshakeTimeout,
    /// It did not accept an update in time.
    #[error("an update was not accepted within {WRITE_TIMEOUT:?}")]
    WriteTimeout,
    /// It broke off in the handshake.
    #[error("closed in the handshake")]
    ClosedInHandshake,
    /// It speaks something else.
    #[error(transparent)]
    Handshake(#[from] ViewerError),
    /// It sent what is no RFB message.
    #[error(transparent)]
    Message(#[from] ClientMsgError),
    /// It asked for pixels that cannot be written.
    #[error(transparent)]
    PixelFormat(#[from] PixelFormatError),
    /// An update could not be put together.
    #[error(transparent)]
    Update(#[from] UpdateError),
}

/// Serves one viewer until it leaves.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    screen: &Screen,
) -> Result<(), ViewerEnd> {
    let greeted = timeout(HANDSHAKE_TIMEOUT, greet(&mut stream)).await;
    let early = greeted.map_err(|_| ViewerEnd::HandshakeTimeout)??;
    let mut changes = screen.changes.subscribe();
    let mut viewer = Viewer::new()?;
    viewer.take(&early, screen)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        // Before looking, so that no change between the look and the wait is missed.
        changes.mark_unchanged();
        let answer = viewer.answer(screen)?;
        if !answer.is_empty() {
            write(&mut stream, &answer).await?;
        }
        tokio::select! {
            read = stream.read(&mut buffer) => match read? {
                0 => return Ok(()),
                read => viewer.take(buffer.get(..read).unwrap_or_default(), screen)?,
            },
            _ = changes.changed() => {}
        }
    }
}

/// The handshake, up to and with `ServerInit`. Returns what the viewer has sent after it.
async fn greet<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<Vec<u8>, ViewerEnd> {
    let mut handshake = Handshake::new();
    let mut buffer = [0; 256];
    let mut unread: &[u8] = &[];
    loop {
        match handshake.feed(&mut unread) {
            Ok(ViewerStep::Send(message)) => stream.write_all(message).await?,
            Ok(ViewerStep::Need) => {
                let read = stream.read(&mut buffer).await?;
                if read == 0 {
                    return Err(ViewerEnd::ClosedInHandshake);
                }
                unread = buffer.get(..read).unwrap_or_default();
            }
            Ok(ViewerStep::Done { .. }) => break,
            Err(error) => {
                stream.write_all(&error.farewell()).await?;
                return Err(error.into());
            }
        }
    }
    let init = ServerInit {
        width: WIDTH,
        height: HEIGHT,
        format: PixelFormat::RGB32,
        name: b"Oriel demo screen".to_vec(),
    };
    stream.write_all(&init.to_bytes()).await?;
    Ok(unread.to_vec())
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Result<(), ViewerEnd> {
    let written = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    Ok(timeout(WRITE_TIMEOUT, written)
        .await
        .map_err(|_| ViewerEnd::WriteTimeout)??)
}

/// What is known of one viewer.
struct Viewer {
    splitter: Splitter,
    converter: Converter,
    seen: Seen,
    /// The part of the screen that it waits for.
    wanted: Option<Rect>,
    encodings: Encodings,
    takes_scancodes: Offer,
}

/// How far a viewer's offer to send scan codes has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    NotMade,
    Made,
    Taken,
}

impl Viewer {
    fn new() -> Result<Self, ViewerEnd> {
        Ok(Self {
            splitter: Splitter::new(DEFAULT_MAX_CUT_TEXT),
            converter: Converter::new(PixelFormat::RGB32)?,
            seen: Seen::nothing(),
            wanted: None,
            encodings: Encodings::default(),
            takes_scancodes: Offer::NotMade,
        })
    }

    /// Takes what one read brought.
    fn take(&mut self, mut bytes: &[u8], screen: &Screen) -> Result<(), ViewerEnd> {
        loop {
            let (kind, taken) = match self.splitter.next(bytes)? {
                Step::Need => return Ok(()),
                Step::Body { kind, taken, .. } => (kind, taken),
                Step::Message(message) => {
                    if message.kind == Kind::SetEncodings {
                        self.encodings = Encodings::default();
                        self.look_for_offer(message.held());
                    }
                    if message.kind == Kind::CutText {
                        screen.change(|picture| picture.clipboard(message.total));
                    }
                    self.act(message.event(), screen)?;
                    (message.kind, message.taken)
                }
            };
            let (part, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
            if kind == Kind::SetEncodings {
                self.look_for_offer(part);
            }
            bytes = rest;
        }
    }

    fn act(&mut self, event: Event, screen: &Screen) -> Result<(), ViewerEnd> {
        match event {
            Event::SetPixelFormat(format) => self.converter = Converter::new(format)?,
            Event::UpdateRequest { incremental, rect } => {
                if !incremental {
                    self.seen = Seen::nothing();
                }
                self.wanted = Some(self.wanted.map_or(rect, |wanted| around(wanted, rect)));
            }
            Event::Key {
                down,
                keysym,
                scancode,
            } => screen.change(|picture| picture.key(down, keysym, scancode)),
            Event::Pointer { buttons, x, y } => screen.change(|picture| picture.pointer(buttons, x, y)),
            Event::Other => {}
        }
        Ok(())
    }

    fn look_for_offer(&mut self, bytes: &[u8]) {
        if self.encodings.find(QEMU_EXTENDED_KEY, bytes) && self.takes_scancodes == Offer::NotMade {
            self.takes_scancodes = Offer::Made;
        }
    }

    /// What there is to send now; empty if there is nothing new in what it waits for.
    fn answer(&mut self, screen: &Screen) -> Result<Vec<u8>, ViewerEnd> {
        let mut answer = Vec::new();
        if self.takes_scancodes == Offer::Made {
            self.takes_scancodes = Offer::Taken;
            answer.extend(TAKES_SCANCODES);
        }
        let Some(wanted) = self.wanted else {
            return Ok(answer);
        };
        let picture = screen.picture.lock().unwrap_or_else(PoisonError::into_inner);
        let news = picture.canvas().news(wanted, &mut self.seen);
        if !news.is_empty() {
            self.wanted = None;
            let rects: Vec<_> = news
                .iter()
                .map(|(rect, pixels)| RawRect { rect: *rect, pixels })
                .collect();
            write_update(&rects, &self.converter, &mut answer)?;
        }
        Ok(answer)
    }
}

/// The smallest rectangle around two.
fn around(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let right = a.x.saturating_add(a.width).max(b.x.saturating_add(b.width));
    let bottom = a.y.saturating_add(a.height).max(b.y.saturating_add(b.height));
    Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    }
}

/// Reads the list of a `SetEncodings` that comes cut anywhere, keeping none of it.
#[derive(Default)]
struct Encodings {
    /// Bytes of the message so far.
    at: usize,
    word: u32,
}

impl Encodings {
    /// Whether these bytes complete the number `wanted`.
    fn find(&mut self, wanted: i32, bytes: &[u8]) -> bool {
        let mut found = false;
        for byte in bytes {
            self.word = self.word << 8 | u32::from(*byte);
            self.at += 1;
            // The first four bytes are the message's type and the length of the list.
            found |= self.at > 4 && self.at.is_multiple_of(4) && self.word == wanted.cast_unsigned();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_found_wherever_the_list_is_cut() {
        let mut message = vec![2, 0, 0, 3];
        for encoding in [0, QEMU_EXTENDED_KEY, -223] {
            message.extend(encoding.to_be_bytes());
        }
        for cut in 0..=message.len() {
            let (front, rest) = message.split_at(cut);
            let mut encodings = Encodings::default();
            let found = [
                encodings.find(QEMU_EXTENDED_KEY, front),
                encodings.find(QEMU_EXTENDED_KEY, rest),
            ];
            assert_eq!(found.iter().filter(|found| **found).count(), 1, "cut at {cut}");
            assert!(!Encodings::default().find(-5, &message));
        }
    }

    #[test]
    fn two_requests_become_one_around_both() {
        let a = Rect {
            x: 10,
            y: 20,
            width: 30,
            height: 40,
        };
        let b = Rect {
            x: 0,
            y: 50,
            width: 5,
            height: u16::MAX,
        };
        assert_eq!(
            around(a, b),
            Rect {
                x: 0,
                y: 20,
                width: 40,
                height: u16::MAX - 20
            }
        );
    }
}
