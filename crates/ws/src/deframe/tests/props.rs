use proptest::prelude::*;

use super::*;

/// One frame of a well-behaved client.
#[derive(Debug, Clone)]
enum Sent {
    Message(Vec<Vec<u8>>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn sent() -> impl Strategy<Value = Sent> {
    let bytes = |max| prop::collection::vec(any::<u8>(), 0..=max);
    prop_oneof![
        4 => prop::collection::vec(bytes(300), 1..4).prop_map(Sent::Message),
        1 => bytes(125).prop_map(Sent::Ping),
        1 => bytes(125).prop_map(Sent::Pong),
    ]
}

/// The bytes of what was sent, and what is to come of them.
fn encode(all: &[(Sent, [u8; 4])]) -> (Vec<u8>, Got) {
    let (mut bytes, mut expected) = (Vec::new(), Got::default());
    for (sent, key) in all {
        match sent {
            Sent::Message(fragments) => {
                let last = fragments.len() - 1;
                for (i, fragment) in fragments.iter().enumerate() {
                    let opcode = if i == 0 { 0x02 } else { 0x00 };
                    let fin = if i == last { 0x80 } else { 0x00 };
                    bytes.extend(frame(fin | opcode, *key, fragment));
                    expected.data.extend(fragment);
                }
            }
            Sent::Ping(payload) => {
                bytes.extend(frame(0x89, *key, payload));
                expected.ping = Some(ControlPayload::new(payload));
            }
            Sent::Pong(payload) => {
                bytes.extend(frame(0x8a, *key, payload));
                expected.pong = Some(ControlPayload::new(payload));
            }
        }
    }
    (bytes, expected)
}

/// `bytes` in pieces whose lengths are `sizes` over and over.
fn cut<'a>(mut bytes: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    sizes.iter().cycle().map_while(move |size| {
        if bytes.is_empty() {
            return None;
        }
        bytes.split_off(..(*size).min(bytes.len()))
    })
}

proptest! {
    #[test]
    fn any_frames_cut_anywhere_give_what_was_sent(
        all in prop::collection::vec((sent(), any::<[u8; 4]>()), 0..12),
        sizes in prop::collection::vec(1usize..400, 1..8),
    ) {
        let (bytes, expected) = encode(&all);
        prop_assert_eq!(push_all(&mut Deframer::new(1 << 20), cut(&bytes, &sizes)), expected);
    }

    #[test]
    fn any_bytes_cut_anywhere_give_the_same(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        sizes in prop::collection::vec(1usize..40, 1..8),
    ) {
        let whole = push_all(&mut Deframer::new(1000), [&bytes[..]]);
        prop_assert_eq!(push_all(&mut Deframer::new(1000), cut(&bytes, &sizes)), whole);
    }

    #[test]
    fn damaged_frames_cut_anywhere_give_the_same(
        all in prop::collection::vec((sent(), any::<[u8; 4]>()), 1..6),
        damage in any::<prop::sample::Index>(),
        bit in 0..8u8,
        sizes in prop::collection::vec(1usize..100, 1..8),
    ) {
        let (mut bytes, _) = encode(&all);
        let at = damage.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        let whole = push_all(&mut Deframer::new(1 << 20), [&bytes[..]]);
        prop_assert_eq!(push_all(&mut Deframer::new(1 << 20), cut(&bytes, &sizes)), whole);
    }
}
