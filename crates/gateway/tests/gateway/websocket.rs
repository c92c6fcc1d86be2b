//! RFC 6455 on the gateway's own socket: the cases of the Autobahn test suite that a server without text and without
//! extensions can be put to. `docs/websocket.md` has the list with each one's result; the last test holds it to this file.

use std::fmt::Write as _;

use crate::kit::{BINARY, CLOSE, House, Hypervisor, PING, PONG, Script, keys, masked, read_frame};

/// What a case must lead to.
enum Expect {
    /// These bytes come back from a back end that sends back what it gets.
    Echo(Vec<u8>),
    /// Pongs with this payload; of several pings in one read, the last is answered.
    Pong(Vec<u8>),
    /// The gateway closes with this code.
    Close(u16),
    /// The gateway answers the close with the same bytes.
    Answer(Vec<u8>),
}

struct Case {
    id: String,
    what: String,
    send: Vec<u8>,
    /// The bytes are written in pieces of this size.
    chop: usize,
    expect: Expect,
}

fn case(id: impl Into<String>, what: impl Into<String>, send: Vec<u8>, expect: Expect) -> Case {
    Case {
        id: id.into(),
        what: what.into(),
        send,
        chop: usize::MAX,
        expect,
    }
}

fn chopped(case: Case, chop: usize) -> Case {
    Case { chop, ..case }
}

/// A payload of this length, and what makes its last key stroke whole: half a message is kept back.
fn payload(len: usize) -> (Vec<u8>, Vec<u8>) {
    let some = keys(11, 8 * 1021);
    let mut all: Vec<u8> = some.into_iter().cycle().take(len.next_multiple_of(8)).collect();
    let rest = all.split_off(len);
    (all, rest)
}

fn echo_of(id: impl Into<String>, len: usize, chop: usize) -> Case {
    let (first, rest) = payload(len);
    let send = [masked(BINARY, &first), masked(BINARY, &rest)].concat();
    let what = if chop == usize::MAX {
        format!("a binary message of {len} bytes")
    } else {
        format!("a binary message of {len} bytes, in pieces of {chop}")
    };
    chopped(case(id, what, send, Expect::Echo([first, rest].concat())), chop)
}

fn fragments(id: impl Into<String>, len: usize, size: usize) -> Case {
    let (first, rest) = payload(len);
    let all = [first, rest].concat();
    let mut send = masked(0x02, &[]);
    for piece in all.chunks(size) {
        send.extend(masked(0x00, piece));
    }
    send.extend(masked(0x80, &[]));
    let what = format!("a binary message of {len} bytes in fragments of {size}");
    case(id, what, send, Expect::Echo(all))
}

fn close(code: u16, words: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes()[..], words].concat()
}

fn text_and_binary() -> Vec<Case> {
    let mut cases = Vec::new();
    let lengths = [0, 125, 126, 127, 128, 65_535, 65_536];
    for (index, len) in lengths.into_iter().enumerate() {
        let text = masked(0x81, &vec![b'*'; len]);
        let what = format!("a text message of {len} bytes");
        cases.push(case(
            format!("1.1.{}", index + 1),
            what,
            text,
            Expect::Close(1003),
        ));
    }
    for (index, len) in lengths.into_iter().enumerate() {
        cases.push(echo_of(format!("1.2.{}", index + 1), len, usize::MAX));
    }
    cases.push(echo_of("1.2.8", 65_536, 997));
    cases
}

fn pings() -> Vec<Case> {
    let ping = |payload: &[u8]| masked(PING, payload);
    let after_pong = |pong: &[u8]| [masked(PONG, pong), ping(b"after")].concat();
    let ten: Vec<u8> = (0..10)
        .flat_map(|n| ping(format!("payload-{n}").as_bytes()))
        .collect();
    vec![
        case("2.1", "a ping", ping(b""), Expect::Pong(vec![])),
        case(
            "2.2",
            "a ping with text",
            ping(b"Hello, world!"),
            Expect::Pong(b"Hello, world!".to_vec()),
        ),
        case(
            "2.3",
            "a ping with bytes that are no text",
            ping(&[0, 0xff, 0xfe, 0xfd]),
            Expect::Pong(vec![0, 0xff, 0xfe, 0xfd]),
        ),
        case(
            "2.4",
            "a ping of 125 bytes",
            ping(&[0xfe; 125]),
            Expect::Pong(vec![0xfe; 125]),
        ),
        case(
            "2.5",
            "a ping of 126 bytes",
            ping(&[0xfe; 126]),
            Expect::Close(1002),
        ),
        chopped(
            case(
                "2.6",
                "a ping of 125 bytes, byte by byte",
                ping(&[0xfe; 125]),
                Expect::Pong(vec![0xfe; 125]),
            ),
            1,
        ),
        case(
            "2.7",
            "a pong that nobody asked for",
            after_pong(b""),
            Expect::Pong(b"after".to_vec()),
        ),
        case(
            "2.8",
            "such a pong with a payload",
            after_pong(b"unsolicited"),
            Expect::Pong(b"after".to_vec()),
        ),
        case(
            "2.9",
            "such a pong, then a ping",
            after_pong(b"unsolicited"),
            Expect::Pong(b"after".to_vec()),
        ),
        case(
            "2.10",
            "ten pings at once",
            ten.clone(),
            Expect::Pong(b"payload-9".to_vec()),
        ),
        chopped(
            case(
                "2.11",
                "ten pings, byte by byte",
                ten,
                Expect::Pong(b"payload-9".to_vec()),
            ),
            1,
        ),
    ]
}

fn heads() -> Vec<Case> {
    let mut cases = Vec::new();
    for bits in 1..8u8 {
        let send = masked(BINARY | bits << 4, b"reserved");
        let what = format!("the reserved bits {bits}");
        cases.push(case(format!("3.{bits}"), what, send, Expect::Close(1002)));
    }
    for (group, first) in [(1, 3), (2, 11)] {
        for index in 0..5u8 {
            let opcode = first + index;
            let send = masked(0x80 | opcode, if index == 0 { b"" } else { b"?" });
            let what = format!("the opcode {opcode}");
            cases.push(case(
                format!("4.{group}.{}", index + 1),
                what,
                send,
                Expect::Close(1002),
            ));
        }
    }
    cases
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn fragmented() -> Vec<Case> {
    let key = keys(12, 16);
    let (a, b) = key.split_at(5);
    let two = |between: &[u8]| [&masked(0x02, a)[..], between, &masked(0x80, b)].concat();
    let mut cases = vec![
        case(
            "5.1",
            "a ping in fragments",
            [masked(0x09, b"a"), masked(0x80, b"b")].concat(),
            Expect::Close(1002),
        ),
        case(
            "5.2",
            "a pong in fragments",
            [masked(0x0a, b"a"), masked(0x80, b"b")].concat(),
            Expect::Close(1002),
        ),
        case("5.3", "two fragments", two(&[]), Expect::Echo(key.clone())),
        case(
            "5.4",
            "two fragments of several frames each",
            two(&masked(0x00, &[])),
            Expect::Echo(key.clone()),
        ),
        chopped(
            case(
                "5.5",
                "two fragments, byte by byte",
                two(&[]),
                Expect::Echo(key.clone()),
            ),
            1,
        ),
        case(
            "5.6",
            "two fragments and a ping between",
            two(&masked(PING, b"p")),
            Expect::Pong(b"p".to_vec()),
        ),
        case(
            "5.7",
            "the same, read for its data",
            two(&masked(PONG, b"p")),
            Expect::Echo(key.clone()),
        ),
        chopped(
            case(
                "5.8",
                "the same, byte by byte",
                two(&masked(PING, b"p")),
                Expect::Pong(b"p".to_vec()),
            ),
            1,
        ),
    ];
    for (id, first) in [
        ("5.9", 0x80),
        ("5.10", 0x80),
        ("5.11", 0x80),
        ("5.12", 0x00),
        ("5.13", 0x00),
        ("5.14", 0x00),
    ] {
        let chop = if matches!(id, "5.11" | "5.14") {
            1
        } else {
            usize::MAX
        };
        let send = [masked(first, a), masked(BINARY, b)].concat();
        let what = "a continuation of nothing";
        cases.push(chopped(case(id, what, send, Expect::Close(1002)), chop));
    }
    let after_whole = [two(&[]), masked(0x00, a)].concat();
    cases.push(case(
        "5.15",
        "a continuation after the end",
        after_whole,
        Expect::Close(1002),
    ));
    for (id, first) in [("5.16", 0x00), ("5.17", 0x80)] {
        let send = [masked(first, a), masked(0x02, a), masked(0x80, b)].concat();
        cases.push(case(
            id,
            "continuations of nothing, and a message",
            send,
            Expect::Close(1002),
        ));
    }
    let inside = [masked(0x02, a), masked(BINARY, b)].concat();
    cases.push(case(
        "5.18",
        "a message inside a message",
        inside,
        Expect::Close(1002),
    ));
    let many = |chop| {
        let mut send = masked(0x02, a);
        send.extend(masked(PING, b"1"));
        send.extend(masked(0x00, &[]));
        send.extend(masked(PING, b"2"));
        send.extend(masked(0x80, b));
        chopped(
            case(
                "",
                "five fragments and pings between",
                send,
                Expect::Pong(b"2".to_vec()),
            ),
            chop,
        )
    };
    for (id, chop) in [("5.19", usize::MAX), ("5.20", 1)] {
        cases.push(Case {
            id: id.into(),
            ..many(chop)
        });
    }
    cases
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn closes() -> Vec<Case> {
    let key = keys(13, 8);
    let normal = close(1000, b"");
    let bye = masked(CLOSE, &normal);
    let then = |more: &[u8]| [&bye[..], more].concat();
    let answer = |payload: &[u8]| Expect::Answer(payload.to_vec());
    let mut cases = vec![
        case(
            "7.1.1",
            "a message, then a close",
            [masked(BINARY, &key), bye.clone()].concat(),
            answer(&normal),
        ),
        case("7.1.2", "two closes", then(&bye), answer(&normal)),
        case(
            "7.1.3",
            "a ping after the close",
            then(&masked(PING, b"")),
            answer(&normal),
        ),
        case(
            "7.1.4",
            "a message after the close",
            then(&masked(BINARY, &key)),
            answer(&normal),
        ),
        case(
            "7.1.5",
            "a close inside a message, and its end after",
            [masked(0x02, &key), bye.clone(), masked(0x80, &key)].concat(),
            answer(&normal),
        ),
        case(
            "7.1.6",
            "256 KiB, a close and a ping",
            [masked(BINARY, &keys(14, 256 * 1024)), then(&masked(PING, b""))].concat(),
            answer(&normal),
        ),
        case(
            "7.3.1",
            "a close that says nothing",
            masked(CLOSE, &[]),
            answer(&[]),
        ),
        case(
            "7.3.2",
            "a close of one byte",
            masked(CLOSE, &[1]),
            Expect::Close(1002),
        ),
        case("7.3.3", "a close with a code", bye.clone(), answer(&normal)),
        case(
            "7.3.4",
            "a close with a code and words",
            masked(CLOSE, &close(1000, b"bye")),
            answer(&close(1000, b"bye")),
        ),
        case(
            "7.3.5",
            "a close with 123 bytes of words",
            masked(CLOSE, &close(1000, &[b'x'; 123])),
            answer(&close(1000, &[b'x'; 123])),
        ),
        case(
            "7.3.6",
            "a close with 124 bytes of words",
            masked(CLOSE, &close(1000, &[b'x'; 124])),
            Expect::Close(1002),
        ),
        case(
            "7.5.1",
            "a close with words that are no UTF-8",
            masked(CLOSE, &close(1000, b"\xce\xba\xed\xa0\x80")),
            Expect::Close(1007),
        ),
    ];
    let good = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ];
    for (index, code) in good.into_iter().enumerate() {
        let what = format!("a close with the code {code}");
        let send = masked(CLOSE, &close(code, b""));
        cases.push(case(
            format!("7.7.{}", index + 1),
            what,
            send,
            answer(&close(code, b"")),
        ));
    }
    let bad = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
    for (index, code) in bad.into_iter().enumerate() {
        let what = format!("a close with the code {code}");
        let send = masked(CLOSE, &close(code, b""));
        cases.push(case(
            format!("7.9.{}", index + 1),
            what,
            send,
            Expect::Close(1002),
        ));
    }
    for (index, code) in [5000, 65_535].into_iter().enumerate() {
        let what = format!("a close with the code {code}");
        let send = masked(CLOSE, &close(code, b""));
        cases.push(case(
            format!("7.13.{}", index + 1),
            what,
            send,
            Expect::Close(1002),
        ));
    }
    cases
}

/// The bytes of these are made only where they are sent: there are many.
fn sizes(made: bool) -> Vec<Case> {
    const MIB: usize = 1024 * 1024;
    let mut cases = Vec::new();
    for (index, len) in [MIB / 16, MIB / 4, MIB, 4 * MIB, 8 * MIB, 16 * MIB]
        .into_iter()
        .enumerate()
    {
        cases.push(made_of(
            made,
            echo_of,
            format!("9.2.{}", index + 1),
            len,
            usize::MAX,
        ));
    }
    let sizes = [64, 256, 1024, 4096, 16_384, 65_536, MIB / 4, MIB, 4 * MIB];
    for (index, size) in sizes.into_iter().enumerate() {
        cases.push(made_of(
            made,
            fragments,
            format!("9.4.{}", index + 1),
            4 * MIB,
            size,
        ));
    }
    for (index, chop) in [64, 128, 256, 512, 1024, 2048].into_iter().enumerate() {
        cases.push(made_of(made, echo_of, format!("9.6.{}", index + 1), MIB, chop));
    }
    cases.push(made_of(made, fragments, "10.1.1", 65_536, 1300));
    cases
}

/// A case of so many bytes, or one that only tells of them.
fn made_of<I: Into<String>>(
    made: bool,
    make: fn(I, usize, usize) -> Case,
    id: I,
    len: usize,
    size: usize,
) -> Case {
    let case = make(id, if made { len } else { 0 }, size);
    let what = case.what.replace(" of 0 bytes", &format!(" of {len} bytes"));
    Case { what, ..case }
}

fn all(made: bool) -> Vec<Case> {
    [
        text_and_binary(),
        pings(),
        heads(),
        fragmented(),
        closes(),
        sizes(made),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn run(house: &House, case: Case) {
    let id = case.id;
    let page = house.coded_page().await;
    let (mut read, mut write) = page.stream.into_split();
    let writing = tokio::spawn(async move {
        for piece in case.send.chunks(case.chop) {
            // Whoever breaks a rule is not listened to any more.
            if tokio::io::AsyncWriteExt::write_all(&mut write, piece)
                .await
                .is_err()
            {
                break;
            }
        }
        write
    });
    let mut echoed = Vec::new();
    loop {
        let (first, payload) = read_frame(&mut read).await;
        match (&case.expect, first) {
            (_, BINARY) => echoed.extend(payload),
            // Of several pings the last counts.
            (Expect::Pong(expected), PONG) if payload == *expected => break,
            (Expect::Pong(_), PONG) => continue,
            (Expect::Echo(_), PONG) => {}
            (Expect::Close(code), CLOSE) => {
                assert_eq!(payload[..2], code.to_be_bytes(), "{id}");
                break;
            }
            (Expect::Answer(expected), CLOSE) => {
                assert_eq!(payload, *expected, "{id}");
                break;
            }
            (_, first) => panic!("{id}: a frame {first:#x} with {payload:x?}"),
        }
        if let Expect::Echo(expected) = &case.expect
            && echoed.len() >= expected.len()
        {
            assert!(echoed == *expected, "{id}");
            break;
        }
    }
    drop(read);
    writing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cases_of_the_autobahn_suite() {
    let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
    let house = House::new(&hypervisor.address).await;
    let echoing = hypervisor.echo_all();
    for case in all(true) {
        // An empty message has nothing to come back.
        if !matches!(&case.expect, Expect::Echo(bytes) if bytes.is_empty()) {
            run(&house, case).await;
        }
    }
    echoing.abort();
}

#[test]
fn the_list_in_the_docs_is_this_one() {
    let mut list = String::new();
    for case in all(false) {
        let result = match &case.expect {
            Expect::Echo(_) => "passes: carried unharmed".to_owned(),
            Expect::Pong(_) => "passes: the pong comes".to_owned(),
            Expect::Close(1003) => "refused on purpose: close 1003".to_owned(),
            Expect::Close(code) => format!("passes: close {code}"),
            Expect::Answer(_) => "passes: the close is answered".to_owned(),
        };
        writeln!(list, "| {} | {} | {result} |", case.id, case.what).unwrap();
    }
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/websocket.md");
    let text = std::fs::read_to_string(docs).expect("docs/websocket.md");
    assert!(text.contains(&list), "docs/websocket.md should hold:\n{list}");
}
