use proptest::prelude::*;

use super::*;

const ALL: Rules = Rules {
    input: true,
    clipboard_to_server: true,
    clipboard_to_client: true,
    resize: true,
    power: true,
    audio: true,
    max_cut_text: 1024,
};

const NONE: Rules = Rules {
    input: false,
    clipboard_to_server: false,
    clipboard_to_client: false,
    resize: false,
    power: false,
    audio: false,
    ..ALL
};

const KEY: &[u8] = &[4, 1, 0, 0, 0, 0, 0, 0x61];
const QEMU_KEY: &[u8] = &[255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0x1e];
const POINTER: &[u8] = &[5, 1, 0, 10, 0, 20];
const CUT_TEXT: &[u8] = b"\x06\0\0\0\0\0\0\x03abc";
/// Its length is negative: -8.
const EXTENDED_CUT_TEXT: &[u8] = b"\x06\0\0\0\xff\xff\xff\xf8\x01\0\0\x01abcd";
const UPDATE: &[u8] = &[3, 1, 0, 0, 0, 0, 0, 64, 0, 64];
const XVP: &[u8] = &[250, 0, 1, 4];
const RESIZE: &[u8] = &[
    251, 0, 0, 64, 0, 64, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 64, 0, 64, 0, 0, 0, 0,
];
const AUDIO: &[u8] = &[255, 1, 0, 0];
const FENCE: &[u8] = &[248, 0, 0, 0, 0x80, 0, 0, 0, 2, 7, 7];

fn set_encodings(numbers: &[i32]) -> Vec<u8> {
    let count = u16::try_from(numbers.len()).unwrap();
    let mut message = vec![2, 0];
    message.extend_from_slice(&count.to_be_bytes());
    for number in numbers {
        message.extend_from_slice(&number.to_be_bytes());
    }
    message
}

/// What goes up of what comes in pieces of these lengths.
fn pass(filter: &mut Filter, bytes: &[u8], pieces: impl IntoIterator<Item = usize>) -> (Vec<u8>, bool) {
    let (mut up, mut input, mut rest) = (Vec::new(), false, bytes);
    for piece in pieces.into_iter().chain([usize::MAX]) {
        let (now, later) = rest.split_at(piece.min(rest.len()));
        rest = later;
        let mut first = Vec::new();
        let passed = filter.pass(now, &mut first).unwrap();
        up.extend_from_slice(&first);
        up.extend_from_slice(passed.rest);
        input |= passed.input;
    }
    (up, input)
}

fn all_of(rules: Rules, bytes: &[u8]) -> Vec<u8> {
    pass(&mut Filter::new(rules), bytes, []).0
}

#[test]
fn who_only_looks_sends_nothing_that_changes_anything() {
    let sent = [
        UPDATE,
        KEY,
        QEMU_KEY,
        POINTER,
        CUT_TEXT,
        FENCE,
        EXTENDED_CUT_TEXT,
        XVP,
        RESIZE,
        AUDIO,
        UPDATE,
    ];
    assert_eq!(all_of(NONE, &sent.concat()), [UPDATE, FENCE, UPDATE].concat());
    assert_eq!(all_of(ALL, &sent.concat()), sent.concat());
}

#[test]
fn each_right_admits_its_messages_and_no_other() {
    let rights: [(Rules, &[&[u8]]); 5] = [
        (Rules { input: true, ..NONE }, &[KEY, QEMU_KEY, POINTER]),
        (
            Rules {
                clipboard_to_server: true,
                ..NONE
            },
            &[CUT_TEXT, EXTENDED_CUT_TEXT],
        ),
        (Rules { resize: true, ..NONE }, &[RESIZE]),
        (Rules { power: true, ..NONE }, &[XVP]),
        (Rules { audio: true, ..NONE }, &[AUDIO]),
    ];
    let all = [
        KEY,
        QEMU_KEY,
        POINTER,
        CUT_TEXT,
        EXTENDED_CUT_TEXT,
        RESIZE,
        XVP,
        AUDIO,
    ]
    .concat();
    for (rules, admitted) in rights {
        assert_eq!(all_of(rules, &all), admitted.concat(), "{rules:?}");
    }
}

#[test]
fn a_forbidden_feature_is_not_even_asked_for() {
    use encoding::*;
    let wanted = [
        TIGHT,
        EXTENDED_CLIPBOARD,
        QEMU_AUDIO,
        XVP,
        QEMU_EXTENDED_KEY,
        EXTENDED_MOUSE_BUTTONS,
        4711,
        DESKTOP_SIZE,
        RAW,
    ];
    let sent = set_encodings(&wanted);
    assert_eq!(all_of(NONE, &sent), set_encodings(&[TIGHT, DESKTOP_SIZE, RAW]));
    assert_eq!(
        all_of(ALL, &sent),
        set_encodings(&[
            TIGHT,
            EXTENDED_CLIPBOARD,
            QEMU_AUDIO,
            XVP,
            QEMU_EXTENDED_KEY,
            DESKTOP_SIZE,
            RAW
        ])
    );
    // The extended clipboard goes both ways or not at all.
    let one_way = Rules {
        clipboard_to_client: false,
        ..ALL
    };
    assert!(
        !all_of(one_way, &sent)
            .windows(4)
            .any(|four| four == EXTENDED_CLIPBOARD.to_be_bytes())
    );
}

#[test]
fn a_long_list_of_encodings_is_cut_and_keeps_nothing() {
    let sent = set_encodings(&vec![encoding::RAW; 65_535]);
    let mut filter = Filter::new(ALL);
    let (up, _) = pass(&mut filter, &[&sent, KEY].concat(), [1000, 7, 100_000]);
    assert_eq!(
        up,
        [&set_encodings(&vec![encoding::RAW; MAX_ENCODINGS]), KEY].concat()
    );
    assert_eq!(filter.gathered.capacity(), 0);
}

#[test]
fn what_is_no_message_is_an_error() {
    let mut first = Vec::new();
    assert!(Filter::new(ALL).pass(&[252, 0, 0, 0], &mut first).is_err());
    let long = [6, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff];
    assert!(Filter::new(ALL).pass(&long, &mut first).is_err());
}

#[test]
fn a_hand_is_told_from_a_machine() {
    for hand in [KEY, QEMU_KEY, POINTER, CUT_TEXT] {
        assert!(pass(&mut Filter::new(NONE), hand, []).1);
    }
    for machine in [UPDATE, FENCE, &set_encodings(&[0])] {
        assert!(!pass(&mut Filter::new(ALL), machine, []).1);
    }
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(KEY.to_vec()),
        Just(QEMU_KEY.to_vec()),
        Just(POINTER.to_vec()),
        Just(CUT_TEXT.to_vec()),
        Just(EXTENDED_CUT_TEXT.to_vec()),
        Just(UPDATE.to_vec()),
        Just(XVP.to_vec()),
        Just(RESIZE.to_vec()),
        Just(FENCE.to_vec()),
        proptest::collection::vec(any::<i16>().prop_map(i32::from), 0..40)
            .prop_map(|list| set_encodings(&list)),
    ]
}

proptest! {
    /// However the bytes are cut, the same goes up.
    #[test]
    fn cuts_change_nothing(
        messages in proptest::collection::vec(message(), 0..20),
        pieces in proptest::collection::vec(0usize..24, 0..60),
        input: bool, clipboard: bool, resize: bool, power: bool,
    ) {
        let rules = Rules { input, clipboard_to_server: clipboard, resize, power, ..ALL };
        let sent = messages.concat();
        let whole: Vec<u8> = messages.iter().flat_map(|message| all_of(rules, message)).collect();
        prop_assert_eq!(pass(&mut Filter::new(rules), &sent, pieces).0, whole);
    }
}
