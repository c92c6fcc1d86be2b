//! What the framer says of real streams.

use std::collections::BTreeSet;

use oriel_rfb::encoding as e;
use oriel_rfb::server_msg::{Framer, Kind, Step};

use crate::decoder::Message;
use crate::formats;
use crate::servers::{qemu, xvnc};
use crate::viewer::{Recording, Viewer};

/// The pointers' pictures: a server takes one of those that are asked for.
const POINTERS: [i32; 4] = [e::CURSOR, e::X_CURSOR, e::CURSOR_WITH_ALPHA, e::VMWARE_CURSOR];

/// What a framer says of a stream that comes in pieces of this size, and that it takes every byte.
fn framed(recording: &Recording, size: usize) -> Vec<Message> {
    let mut framer = Framer::new(&recording.init);
    framer.set_pixel_format(&recording.format).unwrap();
    let (mut messages, mut at) = (Vec::<Message>::new(), 0);
    for mut piece in recording.bytes.chunks(size) {
        while let Step::Part(part) = framer
            .next(piece)
            .unwrap_or_else(|error| panic!("{error} at {at}"))
        {
            piece = &piece[part.taken..];
            at += part.taken;
            if part.begins {
                messages.push(Message {
                    kind: part.kind,
                    end: 0,
                    rectangles: Vec::new(),
                });
            }
            let message = messages.last_mut().unwrap();
            let begun = part
                .rectangle
                .map(|rectangle| (rectangle.rect, rectangle.encoding, 0));
            message.rectangles.extend(begun);
            if part.ends_rectangle {
                message.rectangles.last_mut().unwrap().2 = at;
            }
            if part.ends {
                message.end = at;
            }
        }
    }
    assert!(framer.is_between_messages(), "the stream ends with a message");
    messages
}

/// Compares, and adds what was seen: encodings and kinds of messages.
fn check(name: &str, recording: &Recording, seen: &mut BTreeSet<String>) {
    for size in [1, 7, 64, 1000, 65536, usize::MAX] {
        assert!(
            framed(recording, size) == recording.messages,
            "{name}, in pieces of {size}"
        );
    }
    for message in &recording.messages {
        seen.insert(format!("{:?}", message.kind));
        for (_, encoding, _) in &message.rectangles {
            seen.insert(encoding.to_string());
        }
    }
}

#[test]
fn qemu_in_all_its_encodings() {
    let server = qemu();
    let mut seen = BTreeSet::new();
    let encodings = [
        e::RAW,
        e::HEXTILE,
        e::ZLIB,
        e::TIGHT,
        e::TIGHT_PNG,
        e::ZRLE,
        e::ZYWRLE,
    ];
    for encoding in encodings {
        for (index, (depth, format)) in formats::ALL.into_iter().enumerate() {
            let mut viewer = Viewer::new(server.connect(), format, &[encoding, POINTERS[index]]);
            for incremental in [false, true, true] {
                viewer.ask(incremental);
                viewer.until(Kind::Update);
            }
            check(
                &format!("QEMU, {encoding}, {depth}"),
                &viewer.recording(),
                &mut seen,
            );
        }
    }
    let expected = encodings.map(|number| number.to_string());
    for expected in expected.iter().map(String::as_str).chain(["ColourMap", "-258"]) {
        assert!(seen.contains(expected), "{expected} was not seen, only {seen:?}");
    }
}

#[test]
fn xvnc_in_all_its_encodings() {
    let (server, mut painter) = xvnc();
    let mut seen = BTreeSet::new();
    let encodings = [e::RAW, e::RRE, e::HEXTILE, e::TIGHT, e::ZRLE];
    for encoding in encodings {
        for (index, (depth, format)) in formats::ALL.into_iter().enumerate() {
            let mut viewer = Viewer::new(server.connect(), format, &[encoding, POINTERS[index]]);
            viewer.ask(false);
            viewer.until(Kind::Update);
            for _ in 0..6 {
                painter.draw();
                viewer.ask(true);
                viewer.until(Kind::Update);
                painter.shift();
                viewer.ask(true);
                viewer.until(Kind::Update);
            }
            // A fence that is to come back, with its three bytes.
            viewer.send(&[248, 0, 0, 0, 0x80, 0, 0, 1, 3, 7, 8, 9]);
            viewer.until(Kind::Fence);
            viewer.resize(400 + 8 * u16::try_from(index).unwrap(), 300);
            viewer.ask(false);
            viewer.until(Kind::Update);
            viewer.send(&[150, 1, 0, 0, 0, 0, 1, 0x90, 1, 0x2c]);
            painter.draw();
            viewer.until(Kind::Update);
            viewer.send(&[150, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            viewer.until(Kind::EndOfContinuousUpdates);
            check(
                &format!("Xvnc, {encoding}, {depth}"),
                &viewer.recording(),
                &mut seen,
            );
        }
    }
    let expected = encodings.map(|number| number.to_string());
    let more = [
        "1",
        "-308",
        "Fence",
        "EndOfContinuousUpdates",
        "Bell",
        "ColourMap",
    ];
    for expected in expected.iter().map(String::as_str).chain(more) {
        assert!(seen.contains(expected), "{expected} was not seen, only {seen:?}");
    }
}
