use proptest::prelude::*;

use super::*;
use crate::{PixelFormat, Rect};

/// One message put together again from its pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Whole {
    kind: Kind,
    bytes: Vec<u8>,
    event: Event,
}

fn split_with<'a>(
    mut splitter: Splitter,
    reads: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Whole>, Option<ClientMsgError>) {
    let mut messages: Vec<Whole> = Vec::new();
    let mut open = false;
    for mut read in reads {
        loop {
            match splitter.next(read) {
                Ok(Step::Need) => break,
                Ok(Step::Message(message)) => {
                    assert!(!open, "a message begins inside another");
                    let taken = read.split_off(..message.taken).unwrap();
                    let bytes = [message.held(), taken].concat();
                    assert!(bytes.starts_with(message.head()));
                    assert_eq!(message.head().len(), message.total.min(HEAD));
                    assert!(message.held().len() < HEAD);
                    open = !message.is_whole();
                    messages.push(Whole {
                        kind: message.kind,
                        bytes,
                        event: message.event(),
                    });
                }
                Ok(Step::Body { kind, taken, last }) => {
                    let message = messages.last_mut().unwrap();
                    assert!(open && kind == message.kind && taken > 0);
                    message.bytes.extend(read.split_off(..taken).unwrap());
                    open = !last;
                }
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

fn split(bytes: &[u8]) -> (Vec<Whole>, Option<ClientMsgError>) {
    let whole = split_with(Splitter::new(1000), [bytes]);
    assert_eq!(split_with(Splitter::new(1000), bytes.chunks(1)), whole);
    whole
}

/// The kind and length of the one message that `bytes` is, with another behind it.
fn alone(bytes: &[u8]) -> (Kind, usize, Event) {
    let bell = [250, 0, 1, 2];
    let (messages, error) = split(&[bytes, &bell].concat());
    assert_eq!(error, None);
    let [message, next] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!((next.kind, &next.bytes[..]), (Kind::Xvp, &bell[..]));
    assert_eq!(message.bytes, bytes);
    (message.kind, message.bytes.len(), message.event)
}

fn error(bytes: &[u8]) -> ClientMsgError {
    let (messages, error) = split(bytes);
    assert_eq!(messages, []);
    error.unwrap()
}

fn filled(head: &[u8], len: usize) -> Vec<u8> {
    let mut bytes = head.to_vec();
    bytes.resize(len, 0xa5);
    bytes
}

#[test]
fn messages_of_a_fixed_length() {
    for (head, kind, len) in [
        (&[0][..], Kind::SetPixelFormat, 20),
        (&[3], Kind::UpdateRequest, 10),
        (&[4], Kind::Key, 8),
        (&[5], Kind::Pointer, 6),
        (&[150], Kind::ContinuousUpdates, 10),
        (&[250], Kind::Xvp, 4),
        (&[255, 0], Kind::QemuKey, 12),
        (&[255, 1, 0, 0], Kind::QemuAudio, 4),
        (&[255, 1, 0, 1], Kind::QemuAudio, 4),
        (&[255, 1, 0, 2], Kind::QemuAudio, 10),
    ] {
        let (got, got_len, _) = alone(&filled(head, len));
        assert_eq!((got, got_len), (kind, len));
    }
}

#[test]
fn messages_that_say_their_length() {
    for (head, kind, len) in [
        (&[2, 0, 0, 0][..], Kind::SetEncodings, 4),
        (&[2, 0, 0, 17], Kind::SetEncodings, 72),
        (&[2, 0, 0xff, 0xff], Kind::SetEncodings, 4 + 4 * 65535),
        (&[6, 0, 0, 0, 0, 0, 0, 0], Kind::CutText, 8),
        (&[6, 0, 0, 0, 0, 0, 0x03, 0xe8], Kind::CutText, 1008),
        (&[6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc], Kind::CutText, 12),
        (&[6, 0, 0, 0, 0xff, 0xff, 0xfc, 0x18], Kind::CutText, 1008),
        (&[248, 0, 0, 0, 0, 0, 0, 0, 0], Kind::Fence, 9),
        (&[248, 0, 0, 0, 0, 0, 0, 0, 64], Kind::Fence, 73),
        (&[251, 0, 4, 0, 3, 0, 0, 0], Kind::SetDesktopSize, 8),
        (&[251, 0, 4, 0, 3, 0, 2, 0], Kind::SetDesktopSize, 40),
        (&[251, 0, 4, 0, 3, 0, 255, 0], Kind::SetDesktopSize, 8 + 16 * 255),
        (&[253, 0x81, 1, 0], Kind::Gii, 260),
        (&[253, 0x01, 1, 0], Kind::Gii, 5),
        (&[253, 0x01, 0, 0], Kind::Gii, 4),
    ] {
        let (got, got_len, _) = alone(&filled(head, len));
        assert_eq!((got, got_len), (kind, len), "{head:?}");
    }
}

#[test]
fn lengths_over_the_limit() {
    for len in [1001i32, i32::MAX, -1001, i32::MIN] {
        let expected = ClientMsgError::CutTextTooLong {
            len: len.unsigned_abs(),
            limit: 1000,
        };
        assert_eq!(error(&[&[6, 0, 0, 0][..], &len.to_be_bytes()].concat()), expected);
    }
    assert_eq!(
        error(&[248, 0, 0, 0, 0, 0, 0, 0, 65]),
        ClientMsgError::FenceTooLong(65)
    );
    let longest = [6, 0, 0, 0, 0x80, 0, 0, 0];
    let unlimited = split_with(Splitter::new(u32::MAX), [&longest[..]]);
    assert_eq!(unlimited, (Vec::new(), None));
}

#[test]
fn unknown_messages() {
    for kind in [1, 7, 20, 127, 151, 249, 252, 254] {
        assert_eq!(error(&[kind, 0, 0]), ClientMsgError::UnknownType(kind));
    }
    assert_eq!(error(&[255, 2]), ClientMsgError::UnknownQemu(2));
    assert_eq!(error(&[255, 1, 0, 3]), ClientMsgError::UnknownAudio(3));
    // A good message in front is still told.
    let (messages, error) = split(&[250, 0, 1, 2, 99]);
    assert_eq!(
        (messages.len(), error),
        (1, Some(ClientMsgError::UnknownType(99)))
    );
}

#[test]
fn a_pointer_is_longer_where_that_was_agreed() {
    let extended = [5, 0x81, 0, 10, 0, 20, 0b11];
    let plain = [5, 0x01, 0, 10, 0, 20];
    let bytes = [&extended[..], &plain].concat();
    for size in [1, 6, 7, 13] {
        let mut splitter = Splitter::new(1000);
        splitter.set_extended_pointer(true);
        let (messages, error) = split_with(splitter, bytes.chunks(size));
        assert_eq!(error, None);
        let events: Vec<_> = messages.iter().map(|message| message.event).collect();
        let at = |buttons| Event::Pointer {
            buttons,
            x: 10,
            y: 20,
        };
        assert_eq!(events, [at(0b1_1000_0001), at(1)]);
    }
    // Not agreed, the top bit is a button like any other.
    let (_, len, event) = alone(&extended[..6]);
    assert_eq!(
        (len, event),
        (
            6,
            Event::Pointer {
                buttons: 0x81,
                x: 10,
                y: 20
            }
        )
    );
}

#[test]
fn what_the_short_messages_say() {
    let key = [4, 1, 0, 0, 0, 0, 0xff, 0x0d];
    assert_eq!(
        alone(&key).2,
        Event::Key {
            down: true,
            keysym: 0xff0d,
            scancode: None
        }
    );
    let key = [255, 0, 0, 0, 0, 0, 0xff, 0x0d, 0, 0, 0, 0x1c];
    assert_eq!(
        alone(&key).2,
        Event::Key {
            down: false,
            keysym: 0xff0d,
            scancode: Some(0x1c)
        }
    );
    let request = [3, 1, 0, 1, 0, 2, 4, 0, 3, 0];
    let rect = Rect {
        x: 1,
        y: 2,
        width: 1024,
        height: 768,
    };
    assert_eq!(
        alone(&request).2,
        Event::UpdateRequest {
            incremental: true,
            rect
        }
    );
    let format = [&[0, 0, 0, 0][..], &PixelFormat::RGB32.to_bytes()].concat();
    assert_eq!(alone(&format).2, Event::SetPixelFormat(PixelFormat::RGB32));
    assert_eq!(alone(&[250, 0, 1, 2]).2, Event::Other);
    assert_eq!(event(Kind::Key, &[4, 1]), Event::Other);
    assert_eq!(event(Kind::SetPixelFormat, &[0; 19]), Event::Other);
}

#[test]
fn a_long_body_flows_on_as_it_comes() {
    let mut splitter = Splitter::new(1000);
    let head = [6, 0, 0, 0, 0, 0, 0, 100];
    assert_eq!(splitter.next(&head), Ok(Step::Need));
    let Ok(Step::Message(message)) = splitter.next(&[1; 50]) else {
        panic!("no message")
    };
    assert_eq!(
        (message.held(), message.taken, message.total),
        (&head[..], 50, 108)
    );
    assert!(!message.is_whole());
    assert_eq!(splitter.next(&[]), Ok(Step::Need));
    let body = |taken, last| {
        Ok(Step::Body {
            kind: Kind::CutText,
            taken,
            last,
        })
    };
    assert_eq!(splitter.next(&[1; 49]), body(49, false));
    assert_eq!(splitter.next(&[1; 49]), body(1, true));
    assert_eq!(splitter.next(&[]), Ok(Step::Need));
}

/// A good message of any kind.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let heads = prop::sample::select(vec![
        (vec![0], 20),
        (vec![2, 0, 0, 3], 16),
        (vec![3], 10),
        (vec![4], 8),
        (vec![5], 6),
        (vec![6, 0, 0, 0, 0, 0, 0, 90], 98),
        (vec![6, 0, 0, 0, 0xff, 0xff, 0xff, 0xf0], 24),
        (vec![150], 10),
        (vec![248, 0, 0, 0, 0, 0, 0, 0, 5], 14),
        (vec![250], 4),
        (vec![251, 0, 4, 0, 3, 0, 1, 0], 24),
        (vec![253, 0x80, 0, 7], 11),
        (vec![255, 0], 12),
        (vec![255, 1, 0, 2], 10),
    ]);
    (heads, any::<[u8; 98]>()).prop_map(|((head, len), mut bytes): ((Vec<u8>, usize), _)| {
        bytes[..head.len()].copy_from_slice(&head);
        bytes[..len].to_vec()
    })
}

proptest! {
    #[test]
    fn any_messages_cut_anywhere_come_whole(
        messages in prop::collection::vec(message(), 0..20),
        size in 1usize..60,
    ) {
        let (got, error) = split_with(Splitter::new(1000), messages.concat().chunks(size));
        prop_assert_eq!(error, None);
        let got: Vec<_> = got.into_iter().map(|message| message.bytes).collect();
        prop_assert_eq!(got, messages);
    }

    #[test]
    fn any_bytes_cut_anywhere_give_the_same(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..7, 248..=255u8], 0..300),
        size in 1usize..40,
        extended: bool,
    ) {
        let splitter = || {
            let mut splitter = Splitter::new(1000);
            splitter.set_extended_pointer(extended);
            splitter
        };
        let whole = split_with(splitter(), [&bytes[..]]);
        prop_assert_eq!(split_with(splitter(), bytes.chunks(size)), whole);
    }
}
