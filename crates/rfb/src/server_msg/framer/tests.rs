use proptest::prelude::*;

use super::*;

mod formats;

/// A message put together again from its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Whole {
    kind: Kind,
    len: usize,
    /// Each rectangle, and where in the message it ends.
    rectangles: Vec<(Rectangle, usize)>,
}

const INIT: ServerInit = ServerInit {
    width: 100,
    height: 80,
    format: PixelFormat::RGB32,
    name: Vec::new(),
};

/// What a framer tells of bytes that come like this: all whole messages.
fn frame<'a>(
    framer: &mut Framer,
    reads: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Whole>, Option<FramerError>) {
    let mut messages: Vec<Whole> = Vec::new();
    let mut whole = 0;
    for mut read in reads {
        loop {
            let between = framer.is_between_messages();
            let part = match framer.next(read) {
                Ok(Step::Need) => break,
                Ok(Step::Part(part)) => part,
                Err(error) => {
                    assert_eq!(framer.next(&[2]), Err(error), "it says so for good");
                    messages.truncate(whole);
                    return (messages, Some(error));
                }
            };
            assert!(part.taken > 0 && part.begins == between);
            assert_eq!(framer.is_between_messages(), part.ends);
            read.split_off(..part.taken).expect("no more than there is");
            if part.begins {
                messages.push(Whole {
                    kind: part.kind,
                    len: 0,
                    rectangles: Vec::new(),
                });
            }
            let message = messages.last_mut().expect("a message has begun");
            assert_eq!(message.kind, part.kind);
            message.len += part.taken;
            message
                .rectangles
                .extend(part.rectangle.map(|rectangle| (rectangle, 0)));
            if part.ends_rectangle {
                message.rectangles.last_mut().expect("one has begun").1 = message.len;
            }
            whole += usize::from(part.ends);
        }
    }
    messages.truncate(whole);
    (messages, None)
}

/// The same however the bytes are cut.
fn frame_any(init: &ServerInit, bytes: &[u8]) -> (Vec<Whole>, Option<FramerError>) {
    let whole = frame(&mut Framer::new(init), [bytes]);
    for size in [1, 2, 3, 7, 13, 64] {
        assert_eq!(
            frame(&mut Framer::new(init), bytes.chunks(size)),
            whole,
            "in {size}s"
        );
    }
    whole
}

/// The one message that `bytes` are, with another behind it.
fn alone(init: &ServerInit, bytes: &[u8]) -> Whole {
    let (messages, error) = frame_any(init, &[bytes, &[2]].concat());
    assert_eq!(error, None, "{bytes:x?}");
    let [message, bell] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!((bell.kind, bell.len), (Kind::Bell, 1));
    assert_eq!(message.len, bytes.len());
    message.clone()
}

fn error(bytes: &[u8]) -> FramerError {
    frame_any(&INIT, bytes).1.expect("an error")
}

fn filled(head: &[u8], len: usize) -> Vec<u8> {
    let mut bytes = head.to_vec();
    bytes.resize(len, 0xa5);
    bytes
}

fn rect(x: u16, y: u16, width: u16, height: u16) -> Rect {
    Rect { x, y, width, height }
}

fn head(rect: Rect, encoding: i32) -> Vec<u8> {
    let mut bytes = [rect.x, rect.y, rect.width, rect.height]
        .map(u16::to_be_bytes)
        .concat();
    bytes.extend(encoding.to_be_bytes());
    bytes
}

/// An update of one rectangle with this body.
fn update(rect: Rect, encoding: i32, body: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 1], &head(rect, encoding)[..], body].concat()
}

/// Checks that a rectangle of this size with this body ends where the body does, though another comes behind it.
fn ends(width: u16, height: u16, encoding: i32, body: &[u8]) {
    ends_in(&INIT, width, height, encoding, body);
}

fn ends_in(init: &ServerInit, width: u16, height: u16, encoding: i32, body: &[u8]) {
    let first = rect(3, 2, width, height);
    let second = rect(0, 0, 100, 80);
    let mut bytes = update(first, encoding, body);
    bytes[3] = 2;
    let end = bytes.len();
    bytes.extend(head(second, encoding::COPY_RECT));
    bytes.extend([0; 4]);
    let expected = [
        (
            Rectangle {
                rect: first,
                encoding,
            },
            end,
        ),
        (
            Rectangle {
                rect: second,
                encoding: encoding::COPY_RECT,
            },
            end + 16,
        ),
    ];
    assert_eq!(alone(init, &bytes).rectangles, expected, "{encoding}: {body:x?}");
}

#[test]
fn messages_other_than_updates() {
    for (head, kind, len) in [
        (&[1, 0, 0, 0, 0, 0][..], Kind::ColourMap, 6),
        (&[1, 0, 0, 1, 0, 3], Kind::ColourMap, 6 + 18),
        (&[1, 0, 0xff, 0, 1, 0], Kind::ColourMap, 6 + 6 * 256),
        (&[2], Kind::Bell, 1),
        (&[3, 0, 0, 0, 0, 0, 0, 0], Kind::CutText, 8),
        (&[3, 0, 0, 0, 0, 0, 2, 1], Kind::CutText, 8 + 513),
        (&[3, 0, 0, 0, 0xff, 0xff, 0xff, 0xf0], Kind::CutText, 8 + 16),
        (&[150], Kind::EndOfContinuousUpdates, 1),
        (&[248, 0, 0, 0, 0, 0, 0, 0, 0], Kind::Fence, 9),
        (&[248, 0, 0, 0, 0, 0, 0, 0, 64], Kind::Fence, 73),
        (&[250, 0, 1, 1], Kind::Xvp, 4),
        (&[253, 0x81, 0, 5], Kind::Gii, 9),
        (&[253, 0x01, 5, 0], Kind::Gii, 9),
        (&[255, 1, 0, 0], Kind::QemuAudio, 4),
        (&[255, 1, 0, 1], Kind::QemuAudio, 4),
        (&[255, 1, 0, 2, 0, 0, 1, 0], Kind::QemuAudio, 8 + 256),
        (&[0, 0, 0, 0], Kind::Update, 4),
    ] {
        assert_eq!(alone(&INIT, &filled(head, len)).kind, kind);
    }
}

#[test]
fn what_cannot_be_meant_is_named() {
    for kind in [4, 127, 151, 173, 249, 254] {
        assert_eq!(error(&[kind]), FramerError::Message(kind));
    }
    assert_eq!(error(&[255, 0, 0, 0]), FramerError::Qemu(0));
    assert_eq!(error(&[255, 1, 0, 3]), FramerError::Audio(3));
    let too_long = |bytes: &[u8]| match error(bytes) {
        FramerError::TooLong { what, len, limit } => {
            assert!(len > limit);
            what
        }
        other => panic!("{other}"),
    };
    assert_eq!(too_long(&[1, 0, 0xff, 0, 1, 1]), "a colour map up to colour");
    assert_eq!(
        too_long(&[3, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]),
        "a clipboard text"
    );
    assert_eq!(too_long(&[3, 0, 0, 0, 0x80, 0, 0, 0]), "a clipboard text");
    assert_eq!(too_long(&[248, 0, 0, 0, 0, 0, 0, 0, 65]), "a fence");
    assert_eq!(too_long(&[255, 1, 0, 2, 0xff, 0, 0, 0]), "a piece of sound");
    let all = rect(0, 0, 100, 80);
    let in_update = |encoding, body: &[u8]| too_long(&update(all, encoding, body));
    for encoding in [encoding::ZLIB, encoding::ZRLE, encoding::ZYWRLE] {
        assert_eq!(in_update(encoding, &[0, 0x10, 0, 0]), "compressed pixels");
    }
    assert_eq!(in_update(encoding::H264, &[0x80, 0, 0, 0]), "H.264 data");
    for encoding in [encoding::RRE, encoding::CORRE] {
        assert_eq!(
            in_update(encoding, &8001_u32.to_be_bytes()),
            "a number of sub-rectangles"
        );
    }
    assert_eq!(
        in_update(encoding::DESKTOP_NAME, &[0, 1, 0, 1]),
        "a desktop's name"
    );
    for encoding in [
        encoding::CURSOR,
        encoding::X_CURSOR,
        encoding::CURSOR_WITH_ALPHA,
        encoding::VMWARE_CURSOR,
    ] {
        let huge = update(rect(0, 0, 2049, 2048), encoding, &[]);
        assert_eq!(too_long(&huge), "a pointer with a number of pixels");
    }
    for encoding in [3, 9, 15, -1, encoding::FENCE, encoding::XVP, -23, i32::MIN] {
        assert_eq!(
            error(&update(all, encoding, &[])),
            FramerError::Encoding(encoding)
        );
        // And in a pointer with transparency, where the others are allowed.
        let inner = update(
            rect(0, 0, 2, 2),
            encoding::CURSOR_WITH_ALPHA,
            &encoding.to_be_bytes(),
        );
        assert_eq!(error(&inner), FramerError::Encoding(encoding));
    }
    assert_eq!(
        error(&update(all, encoding::TIGHT, &[0xa0])),
        FramerError::TightControl(0xa0)
    );
    assert_eq!(
        error(&update(all, encoding::TIGHT_PNG, &[0xb0])),
        FramerError::TightControl(0xb0)
    );
    assert_eq!(
        error(&update(all, encoding::TIGHT, &[0x40, 3])),
        FramerError::TightFilter(3)
    );
    assert_eq!(
        error(&update(all, encoding::VMWARE_CURSOR, &[2, 0])),
        FramerError::VmwareCursor(2)
    );
    assert_eq!(
        error(&update(all, encoding::JPEG, &[0xfe, 0xd8])),
        FramerError::Jpeg(0xfe)
    );
    assert_eq!(
        error(&update(all, encoding::JPEG, &[0xff, 0x02])),
        FramerError::Jpeg(0x02)
    );
    assert_eq!(
        error(&update(all, encoding::JPEG, &[0xff, 0xc0, 0, 1])),
        FramerError::Jpeg(0)
    );
}

#[test]
fn a_rectangle_lies_on_the_screen() {
    for outside in [
        rect(1, 0, 100, 80),
        rect(0, 1, 100, 80),
        rect(101, 0, 0, 0),
        rect(u16::MAX, u16::MAX, u16::MAX, u16::MAX),
    ] {
        let expected = FramerError::Outside {
            rect: outside,
            width: 100,
            height: 80,
        };
        assert_eq!(error(&update(outside, encoding::COPY_RECT, &[0; 4])), expected);
    }
    // A pointer is at home nowhere, and its place is its hot spot.
    ends(2, 1, encoding::X_CURSOR, &[0; 8]);
    let far = update(
        rect(9999, 9999, 20, 3),
        encoding::CURSOR,
        &[0; 20 * 3 * 4 + 3 * 3],
    );
    alone(&INIT, &far);
}

#[test]
fn the_screen_takes_another_size() {
    let big = rect(0, 0, 3000, 2000);
    let copy = update(big, encoding::COPY_RECT, &[0; 4]);
    let mut framer = Framer::new(&INIT);
    let sized = [update(big, encoding::DESKTOP_SIZE, &[]), copy.clone()].concat();
    assert_eq!(frame(&mut framer, [&sized[..]]).1, None);
    assert_eq!(framer.screen(), (3000, 2000));

    let resized = |x, y| {
        let screens = [&[1, 0, 0, 0][..], &[7; 16]].concat();
        update(rect(x, y, 3000, 2000), encoding::EXTENDED_DESKTOP_SIZE, &screens)
    };
    for (x, y, ok) in [(0, 0, true), (1, 0, true), (2, 0, true), (1, 3, false)] {
        let mut framer = Framer::new(&INIT);
        let (messages, error) = frame(&mut framer, [&[resized(x, y), copy.clone()].concat()[..]]);
        assert_eq!(
            (messages.len(), error.is_none()),
            (1 + usize::from(ok), ok),
            "{x} {y}"
        );
    }
}

#[test]
fn rectangles_by_their_size() {
    for (format, bytes) in formats::ALL {
        let init = ServerInit { format, ..INIT };
        ends_in(&init, 7, 5, encoding::RAW, &vec![1; 7 * 5 * bytes]);
        ends_in(&init, 0, 5, encoding::RAW, &[]);
        ends_in(&init, 9, 3, encoding::CURSOR, &vec![1; 9 * 3 * bytes + 6]);
        ends_in(&init, 0, 0, encoding::CURSOR, &[]);
        ends_in(&init, 9, 3, encoding::X_CURSOR, &[1; 6 + 2 * 6]);
        ends_in(&init, 0, 3, encoding::X_CURSOR, &[]);
        let classic = [&[0, 0][..], &vec![1; 9 * 3 * bytes * 2]].concat();
        ends_in(&init, 9, 3, encoding::VMWARE_CURSOR, &classic);
        let alpha = [&[1, 0][..], &[1; 9 * 3 * 4]].concat();
        ends_in(&init, 9, 3, encoding::VMWARE_CURSOR, &alpha);
        // Four bytes whatever the format.
        let alpha = [&[0, 0, 0, 0][..], &[1; 9 * 3 * 4]].concat();
        ends_in(&init, 9, 3, encoding::CURSOR_WITH_ALPHA, &alpha);
        for (encoding, each) in [(encoding::RRE, bytes + 8), (encoding::CORRE, bytes + 4)] {
            for count in [0, 1, 6] {
                let mut body = u32::to_be_bytes(count).to_vec();
                body.extend(vec![1; bytes + count as usize * each]);
                ends_in(&init, 3, 2, encoding, &body);
            }
        }
    }
    ends(7, 5, encoding::COPY_RECT, &[1; 4]);
}

#[test]
fn rectangles_by_a_length_that_they_tell() {
    for encoding in [encoding::ZLIB, encoding::ZRLE, encoding::ZYWRLE] {
        ends(7, 5, encoding, &[0, 0, 0, 0]);
        ends(7, 5, encoding, &filled(&[0, 0, 1, 1], 4 + 257));
        // The longest that is believed.
        let longest = 7 * 5 * 2 * 5 + 65536_u32;
        let mut body = longest.to_be_bytes().to_vec();
        body.resize(4 + longest as usize, 1);
        ends(7, 5, encoding, &body);
    }
    ends(7, 5, encoding::H264, &filled(&[0, 0, 0, 9, 0, 0, 0, 3], 8 + 9));
    ends(0, 0, encoding::DESKTOP_NAME, b"\0\0\0\x05web-1");
    ends(100, 80, encoding::EXTENDED_DESKTOP_SIZE, &filled(&[2], 4 + 32));
    ends(0, 0, encoding::QEMU_LED_STATE, &[7]);
    ends(0, 0, encoding::VMWARE_LED_STATE, &[0, 0, 0, 7]);
    for encoding in [
        encoding::QEMU_POINTER_MOTION,
        encoding::QEMU_EXTENDED_KEY,
        encoding::QEMU_AUDIO,
        encoding::EXTENDED_MOUSE_BUTTONS,
    ] {
        ends(0, 0, encoding, &[]);
    }
}

#[test]
fn hextile_goes_from_tile_to_tile() {
    for (format, bytes) in formats::ALL {
        let init = ServerInit { format, ..INIT };
        // 20 by 18: tiles of 16x16, 4x16, 16x2 and 4x2.
        let mut body = vec![0];
        body.extend(filled(&[1], 1 + 4 * 16 * bytes));
        body.extend(filled(&[2 | 4 | 8], 1 + 2 * bytes));
        body.extend(filled(&[3], 1 + 3 * 2));
        // The flag for raw pixels overrules all others.
        body.extend(filled(&[31], 1 + 4 * 2 * bytes));
        ends_in(&init, 20, 18, encoding::HEXTILE, &body);
        // Coloured sub-rectangles bring their pixels.
        let mut body = filled(&[2 | 8 | 16], 1 + bytes);
        body.extend(filled(&[255], 1 + 255 * (bytes + 2)));
        ends_in(&init, 16, 16, encoding::HEXTILE, &body);
        let none = [filled(&[8 | 4], 1 + bytes), vec![0]].concat();
        ends_in(&init, 1, 1, encoding::HEXTILE, &none);
    }
    ends(0, 7, encoding::HEXTILE, &[]);
    ends(97, 78, encoding::HEXTILE, &[0; 7 * 5]);
}

#[test]
fn tight_in_all_its_forms() {
    for (format, bytes) in formats::TIGHT {
        let init = ServerInit { format, ..INIT };
        let tight = |width, height, body: &[u8]| ends_in(&init, width, height, encoding::TIGHT, body);
        tight(20, 10, &filled(&[0x80], 1 + bytes));
        tight(20, 10, &filled(&[0x8f], 1 + bytes));
        for control in [0x90, 0x9f] {
            tight(20, 10, &filled(&[control, 5], 2 + 5));
            tight(20, 10, &filled(&[control, 0x80, 1], 3 + 128));
            tight(20, 10, &filled(&[control, 0xff, 0x7f], 3 + 16383));
            tight(20, 10, &filled(&[control, 0x80, 0x80, 1], 4 + 16384));
        }
        // No filter, or one that keeps the size: as it is below 12 bytes.
        for begin in [&[0x00][..], &[0x31], &[0x40, 0], &[0x70, 2]] {
            let begin_len = begin.len();
            tight(2, 1, &filled(begin, begin_len + 2 * bytes));
            let compressed = [begin, &[3]].concat();
            tight(12, 1, &filled(&compressed, begin_len + 1 + 3));
        }
        // A palette of two has a bit for each pixel, others a byte.
        let two = filled(&[0x50, 1, 1], 3 + 2 * bytes);
        tight(17, 3, &filled(&two, two.len() + 9));
        tight(17, 4, &filled(&[&two[..], &[7]].concat(), two.len() + 1 + 7));
        let many = filled(&[0x40, 1, 255], 3 + 256 * bytes);
        tight(11, 1, &filled(&many, many.len() + 11));
        tight(12, 1, &filled(&[&many[..], &[7]].concat(), many.len() + 1 + 7));
        ends_in(&init, 20, 10, encoding::TIGHT_PNG, &filled(&[0xa0, 5], 2 + 5));
    }
    // The last byte of a length has eight bits.
    ends(
        20,
        10,
        encoding::TIGHT,
        &filled(&[0x90, 0x80, 0x80, 0x80], 4 + (128 << 14)),
    );
    let odd = ServerInit {
        format: formats::RGB32_DEPTH_32,
        ..INIT
    };
    let (_, error) = frame_any(&odd, &update(rect(0, 0, 1, 1), encoding::TIGHT, &[0x80]));
    assert_eq!(error, Some(FramerError::TightPixel));
}

#[test]
fn jpeg_ends_with_its_last_marker() {
    let picture = [
        &[0xff, 0xd8][..],
        // A segment whose content looks like an end.
        &[0xff, 0xe0, 0, 6, 0xff, 0xd9, 0xff, 0xd9],
        // Bytes to fill up.
        &[0xff, 0xff, 0xff, 0xc0, 0, 3, 1],
        &[0xff, 0xda, 0, 2],
        &[1, 2, 0xff, 0, 0xff, 0, 3, 0xff, 0xd0, 4, 0xff, 0xd7, 5],
        // A second scan behind tables of its own.
        &[0xff, 0xff, 0xc4, 0, 4, 9, 9],
        &[0xff, 0xda, 0, 3, 1, 0xff, 0, 8],
        &[0xff, 0xd9],
    ];
    ends(20, 10, encoding::JPEG, &picture.concat());
    ends(
        20,
        10,
        encoding::JPEG,
        &[0xff, 0xd8, 0xff, 0xda, 0, 2, 0xff, 0xff, 0xd9],
    );
}

#[test]
fn an_update_may_end_before_its_number() {
    let copy = [&head(rect(0, 0, 1, 1), encoding::COPY_RECT)[..], &[0; 4]].concat();
    let last = head(rect(0, 0, 0, 0), encoding::LAST_RECT);
    for (count, copies) in [(0xffff_u16, 0), (0xffff, 5), (5, 3), (1, 0)] {
        let mut bytes = vec![0, 0];
        bytes.extend(count.to_be_bytes());
        bytes.extend(copy.repeat(copies));
        bytes.extend(&last);
        assert_eq!(alone(&INIT, &bytes).rectangles.len(), copies + 1);
    }
}

#[test]
fn what_the_server_agreed_to_is_told() {
    let mut framer = Framer::new(&INIT);
    let ack = update(rect(0, 0, 0, 0), encoding::EXTENDED_MOUSE_BUTTONS, &[]);
    formats::feed_part(&mut framer, &ack[..15]);
    assert!(!framer.has_extended_mouse());
    formats::feed_part(&mut framer, &ack[15..]);
    assert!(framer.has_extended_mouse());
}

#[test]
fn bulk_is_passed_over_at_once() {
    let init = ServerInit {
        width: u16::MAX,
        height: u16::MAX,
        ..INIT
    };
    let mut framer = Framer::new(&init);
    let begin = update(rect(0, 0, u16::MAX, u16::MAX), encoding::RAW, &[]);
    frame(&mut framer, [&begin[..]]);
    let megabyte = vec![0; 1 << 20];
    let mut left = 4 * u64::from(u16::MAX) * u64::from(u16::MAX);
    while left > 0 {
        let Ok(Step::Part(part)) = framer.next(&megabyte) else {
            panic!("a part")
        };
        assert_eq!(part.taken as u64, left.min(1 << 20));
        left -= part.taken as u64;
        assert_eq!(part.ends, left == 0);
    }
}

proptest! {
    #[test]
    fn any_bytes_cut_anywhere_give_the_same(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..18, Just(0)], 0..600),
        size in 1usize..40,
        format in prop::sample::select(formats::ALL.to_vec()),
    ) {
        let init = ServerInit { format: format.0, ..INIT };
        let whole = frame(&mut Framer::new(&init), [&bytes[..]]);
        prop_assert_eq!(frame(&mut Framer::new(&init), bytes.chunks(size)), whole);
    }
}
