//! RFB: both handshakes, and the messages of both sides.

use std::num::NonZeroU32;

use oriel_rfb::client_msg::{Splitter, Step as ClientStep};
use oriel_rfb::handshake::{BackEnd, BackEndStep, Viewer, ViewerStep};
use oriel_rfb::picture::{PaintError, Painter};
use oriel_rfb::server_init::{ServerInit, ServerInitReader};
use oriel_rfb::server_msg::{Framer, Step};
use oriel_rfb::{PixelFormat, Scheme};

use crate::cut;

/// A back end's side of the handshake.
pub fn back_end(bytes: &[u8]) {
    let (size, bytes) = cut(bytes);
    let run = |size: usize| {
        let (mut handshake, mut told) = (BackEnd::new(Scheme::ALL), Vec::new());
        for mut piece in bytes.chunks(size) {
            loop {
                let before = piece.len();
                let step = handshake.feed(&mut piece);
                assert!(piece.len() <= before);
                match step {
                    Ok(BackEndStep::Need) => break,
                    Ok(step @ (BackEndStep::Send(_) | BackEndStep::StartTls(_) | BackEndStep::Prove(_))) => {
                        told.push(Ok(step));
                    }
                    other => {
                        told.push(other);
                        return told;
                    }
                }
                assert!(told.len() < 100, "it asks on and on");
            }
            assert!(piece.is_empty(), "all is taken that is needed");
        }
        told
    };
    assert_eq!(run(size), run(bytes.len().max(1)));
}

/// A server that is asked for one picture: its first two bytes choose the screen.
pub fn painter(bytes: &[u8]) {
    let (size, bytes) = cut(bytes);
    let [width, height, bytes @ ..] = bytes else {
        return;
    };
    let init = ServerInit {
        width: (*width).into(),
        height: (*height).into(),
        format: PixelFormat::RGB32,
        name: Vec::new(),
    };
    let limit = NonZeroU32::MIN.saturating_add(0x4000);
    let run = |size: usize| {
        let mut painter = Painter::new(&init, limit)?;
        let mut out = Vec::new();
        for piece in bytes.chunks(size) {
            if painter.feed(piece, &mut out)? {
                break;
            }
        }
        let at_rest = painter.is_at_rest();
        let picture = painter.into_picture();
        let pixels = usize::from(picture.width) * usize::from(picture.height);
        assert!(picture.pixels.len() == pixels && pixels <= limit.get() as usize);
        Ok::<_, PaintError>((picture, out, at_rest))
    };
    // Which error comes first may depend on it.
    assert_eq!(run(size).ok(), run(bytes.len().max(1)).ok());
}

/// A viewer's side of the handshake.
pub fn viewer(bytes: &[u8]) {
    let (size, bytes) = cut(bytes);
    let run = |size: usize| {
        let (mut handshake, mut told) = (Viewer::new(), Vec::new());
        for mut piece in bytes.chunks(size) {
            loop {
                match handshake.feed(&mut piece) {
                    Ok(ViewerStep::Need) => break,
                    Ok(ViewerStep::Send(message)) => told.push(message.to_vec()),
                    Ok(ViewerStep::Done { .. }) | Err(_) => return told,
                }
                assert!(told.len() < 100, "it answers on and on");
            }
        }
        told
    };
    assert_eq!(run(size), run(bytes.len().max(1)));
}

/// A back end's `ServerInit`.
pub fn server_init(bytes: &[u8]) {
    let (size, bytes) = cut(bytes);
    let run = |size: usize| {
        let mut reader = ServerInitReader::new();
        for mut piece in bytes.chunks(size) {
            match reader.feed(&mut piece) {
                Ok(None) => {}
                Ok(Some(init)) => return Some(Ok(init)),
                Err(error) => return Some(Err(error)),
            }
        }
        None
    };
    let told = run(size);
    assert_eq!(told, run(bytes.len().max(1)));
    if let Some(Ok(init)) = told {
        // The padding of the pixel format is not kept.
        let again = init.to_bytes();
        assert_eq!(
            ServerInitReader::new().feed(&mut again.as_slice()),
            Ok(Some(init))
        );
    }
}

/// What a viewer sends.
pub fn client_messages(bytes: &[u8]) {
    let (size, bytes) = cut(bytes);
    let run = |size: usize| {
        let mut splitter = Splitter::new(4096);
        splitter.set_extended_pointer(size.is_multiple_of(2));
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        for mut piece in bytes.chunks(size) {
            loop {
                let (taken, kind, whole) = match splitter.next(piece) {
                    Ok(ClientStep::Need) => break,
                    Ok(ClientStep::Message(message)) => {
                        out.extend_from_slice(message.held());
                        let _ = message.event();
                        (message.taken, message.kind, message.is_whole())
                    }
                    Ok(ClientStep::Body { kind, taken, last }) => (taken, kind, last),
                    Err(error) => return (ends, Some(error)),
                };
                let part = piece.split_off(..taken);
                assert!(part.is_some(), "no more than there is");
                out.extend_from_slice(part.unwrap_or_default());
                if whole {
                    ends.push((kind, out.len()));
                }
            }
        }
        assert!(bytes.starts_with(&out), "the bytes go on as they came");
        (ends, None)
    };
    // The same parity, so the same length of a pointer.
    assert_eq!(run(size), run(size + 2 * bytes.len()));
}

/// What a server sends: its first three bytes choose the pixels and the screen.
pub fn framer(bytes: &[u8]) {
    let (size, bytes) = cut(bytes);
    let [bits, width, height, bytes @ ..] = bytes else {
        return;
    };
    let init = ServerInit {
        width: u16::from(*width) * 16,
        height: u16::from(*height) * 16,
        format: PixelFormat {
            bits_per_pixel: 8 << (bits & 3),
            true_colour: bits & 4 == 0,
            ..PixelFormat::RGB32
        },
        name: Vec::new(),
    };
    let run = |size: usize| {
        let (mut framer, mut ends, mut at) = (Framer::new(&init), Vec::new(), 0);
        for mut piece in bytes.chunks(size) {
            loop {
                let between = framer.is_between_messages();
                match framer.next(piece) {
                    Ok(Step::Need) => break,
                    Ok(Step::Part(part)) => {
                        assert!(part.taken > 0 && part.begins == between);
                        assert!(piece.split_off(..part.taken).is_some(), "no more than there is");
                        at += part.taken;
                        if part.ends || part.ends_rectangle {
                            ends.push((part.kind, at, part.ends));
                        }
                    }
                    Err(error) => return (ends, Some(error)),
                }
            }
        }
        assert_eq!(at, bytes.len(), "every byte belongs to a message");
        (ends, None)
    };
    assert_eq!(run(size), run(bytes.len().max(1)));
}
