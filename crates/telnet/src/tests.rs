use proptest::prelude::*;

use super::*;

/// What QEMU sends first: it echoes, without go-aheads, and both sides are binary.
const QEMU: &[u8] = &[
    IAC,
    WILL,
    ECHO,
    IAC,
    WILL,
    SUPPRESS_GO_AHEAD,
    IAC,
    WILL,
    BINARY,
    IAC,
    DO,
    BINARY,
];

fn decode(telnet: &mut Telnet, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut data, mut reply) = (Vec::new(), Vec::new());
    telnet.decode(bytes, &mut data, &mut reply);
    (data, reply)
}

fn encode(telnet: &Telnet, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    telnet.encode(bytes, &mut out);
    out
}

#[test]
fn what_qemu_offers_is_agreed_to_once() {
    let mut telnet = Telnet::new();
    let agreed = vec![
        IAC,
        DO,
        ECHO,
        IAC,
        DO,
        SUPPRESS_GO_AHEAD,
        IAC,
        DO,
        BINARY,
        IAC,
        WILL,
        BINARY,
    ];
    assert_eq!(decode(&mut telnet, QEMU), (vec![], agreed));
    assert_eq!(decode(&mut telnet, QEMU), (vec![], vec![]));
    assert_eq!(
        decode(&mut telnet, &[IAC, WONT, ECHO]),
        (vec![], vec![IAC, DONT, ECHO])
    );
    assert_eq!(decode(&mut telnet, b"a\r\0b"), (b"a\r\0b".to_vec(), vec![]));
    assert_eq!(encode(&telnet, b"\r\xff\r\n"), b"\r\xff\xff\r\n");
}

#[test]
fn other_options_are_refused() {
    let mut telnet = Telnet::new();
    // A terminal's type, its size, and an echo on this side.
    let asked = [
        IAC, DO, 24, IAC, WILL, 31, IAC, DO, ECHO, IAC, DONT, 24, IAC, WONT, 31,
    ];
    let refused = vec![IAC, WONT, 24, IAC, DONT, 31, IAC, WONT, ECHO];
    assert_eq!(decode(&mut telnet, &asked), (vec![], refused));
}

#[test]
fn commands_are_no_data() {
    let mut telnet = Telnet::new();
    let bytes = [
        b"a".as_slice(),
        &[IAC, 241, IAC, 243, IAC, 249],
        &[IAC, SB, 24, 1, IAC, IAC, 7, IAC, SE],
        b"b",
        &[IAC, IAC],
        // No command follows: the line's own.
        &[IAC, b'c'],
    ];
    assert_eq!(
        decode(&mut telnet, &bytes.concat()),
        (b"ab\xff\xffc".to_vec(), vec![])
    );
}

#[test]
fn the_text_form_of_a_return() {
    let mut telnet = Telnet::new();
    assert_eq!(decode(&mut telnet, b"a\r\0b\r\nc\r\r\0").0, b"a\rb\r\nc\r\r");
    assert_eq!(encode(&telnet, b"a\rb\r\nc\r"), b"a\r\0b\r\nc\r\0");
}

proptest! {
    #[test]
    fn where_the_bytes_are_cut_does_not_matter(
        bytes in proptest::collection::vec(
            prop_oneof![Just(IAC), Just(SB), Just(SE), Just(DO), Just(WILL), Just(CR), Just(NUL), any::<u8>()], 0..200),
        cut in 0usize..200,
    ) {
        let whole = decode(&mut Telnet::new(), &bytes);
        let mut telnet = Telnet::new();
        let (a, b) = bytes.split_at(cut.min(bytes.len()));
        let (mut first, second) = (decode(&mut telnet, a), decode(&mut telnet, b));
        first.0.extend(second.0);
        first.1.extend(second.1);
        prop_assert_eq!(&first, &whole);
        prop_assert!(whole.0.len() <= bytes.len());
        prop_assert!(whole.1.len() <= bytes.len());
    }

    #[test]
    fn what_one_side_encodes_the_other_decodes(
        bytes in proptest::collection::vec(prop_oneof![Just(IAC), Just(CR), Just(NUL), Just(b'\n'), any::<u8>()], 0..200),
        binary: bool,
    ) {
        let (mut sender, mut receiver) = (Telnet::new(), Telnet::new());
        if binary {
            decode(&mut sender, &[IAC, DO, BINARY]);
            decode(&mut receiver, &[IAC, WILL, BINARY]);
        }
        prop_assert_eq!(decode(&mut receiver, &encode(&sender, &bytes)).0, bytes);
    }
}
