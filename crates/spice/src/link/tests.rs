use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::common;

/// What spice-html5 sends for its main channel.
const HTML5: &[u8] =
    b"REDQ\x02\0\0\0\x02\0\0\0\x1a\0\0\0\0\0\0\0\x01\0\x01\0\0\0\x01\0\0\0\x12\0\0\0\x09\0\0\0\x08\0\0\0";

#[test]
fn a_pages_request_is_read() {
    assert_eq!(message_length(HTML5), Ok(Some(HTML5.len())));
    let request = Request::parse(HTML5).unwrap();
    assert_eq!(
        (request.connection, request.channel, request.number),
        (0, Channel::MAIN, 0)
    );
    assert!(request.common.has(common::AUTH_SELECTION) && request.common.has(common::MINI_HEADER));
    assert!(!request.common.has(common::AUTH_SPICE));
    assert!(request.own.has(3));
    assert_eq!(request.to_bytes(), HTML5);
    assert_eq!(request.channel.to_string(), "main");
    assert_eq!(Channel(77).to_string(), "77");
}

#[test]
fn another_protocol_shows_with_its_first_byte() {
    for other in ["R", "RE", "SSH-2.0", "RFB 003.008\n", "HTTP/1.1 400"] {
        let expected = if "REDQ".starts_with(other) {
            Ok(None)
        } else {
            Err(LinkError::NotSpice)
        };
        assert_eq!(message_length(other.as_bytes()), expected, "{other}");
    }
    assert_eq!(message_length(b"REDQ\x01\0\0\0"), Err(LinkError::Version(1)));
    assert_eq!(message_length(b""), Ok(None));
}

#[test]
fn a_length_is_not_believed() {
    let mut message = HTML5.to_vec();
    message[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(message_length(&message), Err(LinkError::TooLong(u32::MAX)));
    message[12..16].copy_from_slice(&4081_u32.to_le_bytes());
    assert_eq!(message_length(&message), Err(LinkError::TooLong(4081)));
    // Counts and a place that would be gigabytes, or wrap.
    for at in [22, 26, 30] {
        for number in [u32::MAX, u32::MAX / 4, 0x4000_0000, 3] {
            let mut message = HTML5.to_vec();
            message[at..at + 4].copy_from_slice(&number.to_le_bytes());
            // Only a place may lie elsewhere, as long as all lies within.
            if (at, number) != (30, 3) {
                assert_eq!(
                    Request::parse(&message),
                    Err(LinkError::TooShort),
                    "{at} {number:#x}"
                );
            }
        }
    }
    for length in 0..HTML5.len() {
        assert!(Request::parse(&HTML5[..length]).is_err());
        assert!(Reply::parse(&HTML5[..length]).is_err());
    }
}

#[test]
fn a_refusal_is_a_whole_reply() {
    let bytes = Reply::refusal(Status::NO_CHANNEL).to_bytes();
    assert_eq!(bytes.len(), HEADER + REPLY);
    assert_eq!(Reply::parse(&bytes).unwrap().status, Status::NO_CHANNEL);
    assert_eq!(Status::NO_CHANNEL.to_string(), "no such channel");
}

fn capabilities() -> impl Strategy<Value = Capabilities> {
    vec(any::<u32>(), 0..5).prop_map(Capabilities::from_words)
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        connection: u32, channel: u8, number: u8, status: u32, byte: u8,
        common in capabilities(), own in capabilities(),
    ) {
        let request = Request { connection, channel: Channel(channel), number, common: common.clone(), own: own.clone() };
        let bytes = request.to_bytes();
        prop_assert_eq!(message_length(&bytes), Ok(Some(bytes.len())));
        prop_assert_eq!(Request::parse(&bytes), Ok(request));
        let reply = Reply { status: Status(status), key: [byte; PUBLIC_KEY], common, own };
        prop_assert_eq!(Reply::parse(&reply.to_bytes()), Ok(reply));
    }

    #[test]
    fn any_bytes_are_taken(mut bytes in vec(any::<u8>(), 0..300), good in 0..20_usize) {
        let good = good.min(bytes.len());
        bytes[..good].copy_from_slice(&HTML5[..good]);
        let _ = (Request::parse(&bytes), Reply::parse(&bytes), message_length(&bytes));
    }
}
