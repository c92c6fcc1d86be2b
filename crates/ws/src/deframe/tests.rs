use super::*;
use crate::close_code;

mod props;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame, its length in the shortest form.
fn frame(first: u8, key: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len().to_be_bytes() {
        [0, 0, 0, 0, 0, 0, 0, len @ 0..=125] => frame.push(0x80 | len),
        [0, 0, 0, 0, 0, 0, high, low] => frame.extend([0xfe, high, low]),
        long => {
            frame.push(0xff);
            frame.extend(long);
        }
    }
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    frame
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, KEY, payload)
}

/// Everything that came of some reads, put together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Got {
    data: Vec<u8>,
    ping: Option<ControlPayload>,
    pong: Option<ControlPayload>,
    end: Option<End>,
}

fn push_all<'a>(deframer: &mut Deframer, reads: impl IntoIterator<Item = &'a [u8]>) -> Got {
    let mut got = Got::default();
    for read in reads {
        let mut read = read.to_vec();
        let decoded = deframer.push(&mut read);
        got.data.extend_from_slice(decoded.data);
        got.ping = decoded.ping.or(got.ping);
        got.pong = decoded.pong.or(got.pong);
        assert!(decoded.end.is_none() || got.end.is_none(), "the end is told once");
        got.end = decoded.end.or(got.end);
    }
    got
}

/// What comes of `bytes`, the same whether they come at once, singly, or cut in two anywhere.
fn got(bytes: &[u8]) -> Got {
    let whole = push_all(&mut Deframer::new(1 << 20), [bytes]);
    let singly = push_all(&mut Deframer::new(1 << 20), bytes.chunks(1));
    assert_eq!(whole, singly);
    for cut in (0..bytes.len()).take(300) {
        let (left, right) = bytes.split_at(cut);
        assert_eq!(
            whole,
            push_all(&mut Deframer::new(1 << 20), [left, right]),
            "cut at {cut}"
        );
    }
    whole
}

fn broken(bytes: &[u8]) -> FrameError {
    match got(bytes).end {
        Some(End::Broken(error)) => error,
        other => panic!("{other:?} for {bytes:02x?}"),
    }
}

fn closed(payload: &[u8]) -> Result<(Option<u16>, String), FrameError> {
    match got(&masked(0x88, payload)).end {
        Some(End::Closed(close)) => Ok((close.code(), close.reason().to_owned())),
        Some(End::Broken(error)) => Err(error),
        None => panic!("not ended by {payload:02x?}"),
    }
}

#[test]
fn the_rfc_examples_that_a_client_may_send() {
    // Section 5.7: a masked "Hello", here as the binary message that a console takes.
    let hello = [0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(got(&hello).data, b"Hello");
    let pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(got(&pong).pong.unwrap().as_bytes(), b"Hello");
    let fragments = [masked(0x02, b"Hel"), masked(0x80, b"lo")].concat();
    assert_eq!(got(&fragments).data, b"Hello");
    // The same section's masked text and unmasked frames are refused.
    let text = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(broken(&text), FrameError::Text);
    assert_eq!(
        broken(&[0x82, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]),
        FrameError::Unmasked
    );
}

#[test]
fn payloads_of_each_length_form() {
    for len in [0, 1, 7, 8, 9, 125, 126, 127, 128, 65535, 65536] {
        let payload: Vec<u8> = (0..251).cycle().take(len).collect();
        let bytes = masked(0x82, &payload);
        let whole = push_all(&mut Deframer::new(1 << 20), [&bytes[..]]);
        assert!(whole.data == payload && whole.end.is_none(), "length {len}");
        for size in [1, 3, 997] {
            let cut = push_all(&mut Deframer::new(1 << 20), bytes.chunks(size));
            assert!(cut.data == payload && cut.end.is_none(), "length {len} by {size}");
        }
    }
}

#[test]
fn many_tiny_frames_become_one_run() {
    let mut bytes: Vec<u8> = (0..1000u32)
        .flat_map(|i| masked(0x82, &i.to_be_bytes()))
        .collect();
    let decoded = Deframer::new(1 << 20).push(&mut bytes).data.to_vec();
    let expected: Vec<u8> = (0..1000u32).flat_map(u32::to_be_bytes).collect();
    assert_eq!(decoded, expected);
}

#[test]
fn the_shorter_run_moves() {
    let long = vec![7; 5000];
    for parts in [[&b"k"[..], &long, b"k"], [&long, b"k", &long], [b"", &long, b""]] {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| masked(0x82, part)).collect();
        assert_eq!(
            push_all(&mut Deframer::new(1 << 20), [&bytes[..]]).data,
            parts.concat()
        );
    }
}

#[test]
fn a_large_frame_is_not_moved() {
    let mut bytes = masked(0x82, &[1; 4000]);
    let start = bytes.as_ptr() as usize;
    let data = Deframer::new(1 << 20).push(&mut bytes).data;
    assert_eq!(data.as_ptr() as usize - start, 8);
}

#[test]
fn pings_of_any_allowed_length() {
    for len in [0, 1, 124, 125] {
        let payload = vec![0xfe; len];
        let got = got(&masked(0x89, &payload));
        assert_eq!(got.ping.unwrap().as_bytes(), payload);
        assert_eq!((got.data, got.pong, got.end), (Vec::new(), None, None));
    }
}

#[test]
fn of_a_flood_of_pings_the_last_is_answered() {
    let bytes: Vec<u8> = (0..1000u32)
        .flat_map(|i| masked(0x89, &i.to_be_bytes()))
        .collect();
    assert_eq!(got(&bytes).ping.unwrap().as_bytes(), 999u32.to_be_bytes());
}

#[test]
fn control_frames_too_long_or_in_fragments() {
    for opcode in [0x88, 0x89, 0x8a] {
        for len in [126, 127, 200, 65536] {
            assert_eq!(broken(&masked(opcode, &vec![0; len])), FrameError::LongControl);
        }
        assert_eq!(
            broken(&masked(opcode & 0x0f, b"x")),
            FrameError::FragmentedControl
        );
    }
}

#[test]
fn reserved_bits_and_opcodes() {
    for bits in 1..8 {
        assert_eq!(broken(&masked(0x82 | bits << 4, b"x")), FrameError::ReservedBits);
        assert_eq!(broken(&masked(0x89 | bits << 4, b"")), FrameError::ReservedBits);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(
            broken(&masked(0x80 | opcode, b"")),
            FrameError::ReservedOpcode(opcode)
        );
        assert_eq!(broken(&masked(opcode, b"x")), FrameError::ReservedOpcode(opcode));
    }
}

#[test]
fn data_before_a_fault_counts_and_nothing_after_it() {
    let bytes = [
        masked(0x82, b"before"),
        masked(0xc2, b"bad"),
        masked(0x82, b"after"),
    ]
    .concat();
    let got = got(&bytes);
    assert_eq!(got.data, b"before");
    assert_eq!(got.end, Some(End::Broken(FrameError::ReservedBits)));
}

#[test]
fn control_frames_between_fragments() {
    let bytes = [
        masked(0x02, b"frag"),
        masked(0x89, b"ping"),
        masked(0x00, b"ment"),
        masked(0x8a, b""),
        masked(0x80, b"s"),
        masked(0x82, b"!"),
    ];
    let got = got(&bytes.concat());
    assert_eq!(got.data, b"fragments!");
    assert_eq!(got.ping.unwrap().as_bytes(), b"ping");
    assert_eq!(got.pong, Some(ControlPayload::EMPTY));
    assert_eq!(got.end, None);
}

#[test]
fn empty_fragments() {
    let bytes = [
        masked(0x02, b""),
        masked(0x00, b""),
        masked(0x80, b""),
        masked(0x82, b"x"),
    ];
    let got = got(&bytes.concat());
    assert_eq!((got.data, got.end), (b"x".to_vec(), None));
}

#[test]
fn fragments_out_of_order() {
    assert_eq!(broken(&masked(0x80, b"x")), FrameError::OrphanContinuation);
    assert_eq!(broken(&masked(0x00, b"x")), FrameError::OrphanContinuation);
    let after_the_end = [masked(0x02, b"a"), masked(0x80, b"b"), masked(0x80, b"c")];
    assert_eq!(broken(&after_the_end.concat()), FrameError::OrphanContinuation);
    for second in [0x02, 0x82] {
        let bytes = [masked(0x02, b"a"), masked(second, b"b")].concat();
        assert_eq!(broken(&bytes), FrameError::InterruptedMessage);
    }
}

#[test]
fn lengths_that_are_not_in_their_shortest_form() {
    for short in [0u16, 1, 125] {
        let head = [&[0x82, 0xfe][..], &short.to_be_bytes(), &KEY].concat();
        assert_eq!(broken(&head), FrameError::LengthNotMinimal);
    }
    for medium in [0u64, 125, 126, 65535] {
        let head = [&[0x82, 0xff][..], &medium.to_be_bytes(), &KEY].concat();
        assert_eq!(broken(&head), FrameError::LengthNotMinimal);
    }
    for top in [1u64 << 63, u64::MAX] {
        let head = [&[0x82, 0xff][..], &top.to_be_bytes(), &KEY].concat();
        assert_eq!(broken(&head), FrameError::LengthTopBit);
    }
}

#[test]
fn a_message_over_the_limit_ends_as_soon_as_it_is_announced() {
    let limit = FrameError::TooBig { limit: 200 };
    let end = |bytes: &[u8]| push_all(&mut Deframer::new(200), bytes.chunks(1)).end;
    assert_eq!(end(&masked(0x82, &[0; 200])), None);
    assert_eq!(end(&masked(0x82, &[0; 201])[..8]), Some(End::Broken(limit)));
    // The limit is the message's, so fragments add up and the next message starts anew.
    let fragments = [
        masked(0x02, &[0; 150]),
        masked(0x80, &[0; 50]),
        masked(0x82, &[0; 200]),
    ];
    assert_eq!(end(&fragments.concat()), None);
    let fragments = [masked(0x02, &[0; 150]), masked(0x80, &[0; 51])];
    assert_eq!(end(&fragments.concat()), Some(End::Broken(limit)));
    let mut unlimited = Deframer::new(u64::MAX);
    let huge = [&[0x02, 0xff][..], &(u64::MAX >> 1).to_be_bytes(), &KEY, b"x"].concat();
    assert_eq!(push_all(&mut unlimited, [&huge[..]]).end, None);
}

#[test]
fn close_frames() {
    assert_eq!(closed(b""), Ok((None, String::new())));
    assert_eq!(closed(b"\x03"), Err(FrameError::HalfCloseCode));
    assert_eq!(closed(b"\x03\xe8"), Ok((Some(1000), String::new())));
    assert_eq!(closed("\u{3}\u{0}".as_bytes()), Err(FrameError::CloseCode(768)));
    assert_eq!(closed(b"\x0f\xa0ok"), Ok((Some(4000), "ok".to_owned())));
    let longest = [&b"\x03\xe9"[..], &[b'x'; 123]].concat();
    assert_eq!(closed(&longest), Ok((Some(1001), "x".repeat(123))));
    assert_eq!(closed(b"\x03\xe8\xce\xba\xe1\xbd"), Err(FrameError::CloseReason));
    assert_eq!(closed(b"\x03\xe8\xed\xa0\x80"), Err(FrameError::CloseReason));
}

#[test]
fn close_codes() {
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        assert_eq!(closed(&u16::to_be_bytes(code)), Ok((Some(code), String::new())));
    }
    for code in [
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
    ] {
        assert_eq!(closed(&u16::to_be_bytes(code)), Err(FrameError::CloseCode(code)));
    }
}

#[test]
fn nothing_after_a_close_counts() {
    for after in [
        masked(0x82, b"late"),
        masked(0x89, b"late"),
        masked(0x88, b""),
        vec![0xff; 9],
    ] {
        let bytes = [masked(0x82, b"data"), masked(0x88, b"\x03\xe8bye"), after].concat();
        let got = got(&bytes);
        assert_eq!((got.data, got.ping), (b"data".to_vec(), None));
        let Some(End::Closed(close)) = got.end else {
            panic!("not closed")
        };
        assert_eq!((close.code(), close.reason()), (Some(1000), "bye"));
    }
}

#[test]
fn a_close_inside_a_fragmented_message() {
    let bytes = [masked(0x02, b"half"), masked(0x88, b"")].concat();
    let got = got(&bytes);
    assert_eq!(got.data, b"half");
    assert!(matches!(got.end, Some(End::Closed(_))));
}

#[test]
fn each_end_has_its_answer() {
    let answer = |bytes: &[u8]| got(bytes).end.unwrap().reply().as_bytes().to_vec();
    assert_eq!(answer(&masked(0x88, b"\x03\xe8bye")), b"\x88\x05\x03\xe8bye");
    assert_eq!(answer(&masked(0x88, b"")), b"\x88\x00");
    let text = answer(&masked(0x81, b"hi"));
    assert_eq!(text[2..4], close_code::UNSUPPORTED.to_be_bytes());
    assert_eq!(&text[4..], b"Unsupported: Text frames are not supported");
    let reason = answer(&masked(0x88, b"\x03\xe8\xff"));
    assert_eq!(reason[2..4], close_code::INVALID_DATA.to_be_bytes());
    let reserved = answer(&masked(0xf2, b""));
    assert_eq!(reserved[2..4], close_code::PROTOCOL_ERROR.to_be_bytes());
    let big = answer(&masked(0x82, &vec![0; (1 << 20) + 1]));
    assert_eq!(big[2..4], close_code::TOO_BIG.to_be_bytes());
}

#[test]
fn an_idle_session_costs_little() {
    assert!(size_of::<Deframer>() <= 200, "{} bytes", size_of::<Deframer>());
}
