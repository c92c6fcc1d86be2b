use proptest::prelude::*;

use super::*;

fn screen(name: impl Into<Vec<u8>>) -> ServerInit {
    ServerInit {
        width: 1280,
        height: 800,
        format: PixelFormat::RGB32,
        name: name.into(),
    }
}

fn read<'a>(
    reads: impl IntoIterator<Item = &'a [u8]>,
) -> (Result<Option<ServerInit>, ServerInitError>, Vec<u8>) {
    let mut reader = ServerInitReader::new();
    let (mut got, mut left) = (Ok(None), Vec::new());
    for read in reads {
        let mut input = read;
        if matches!(got, Ok(None)) {
            got = reader.feed(&mut input);
        }
        left.extend(input);
    }
    (got, left)
}

#[test]
fn as_it_stands_on_the_wire() {
    let bytes = b"\x05\x00\x03\x20\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\x04QEMU";
    assert_eq!(screen("QEMU").to_bytes(), bytes);
    let with_more = [&bytes[..], b"more"].concat();
    let expected = (Ok(Some(screen("QEMU"))), b"more".to_vec());
    assert_eq!(read([&with_more[..]]), expected);
    assert_eq!(read(with_more.chunks(1)), expected);
    assert_eq!(read([&bytes[..27]]), (Ok(None), Vec::new()));
}

#[test]
fn an_empty_name_needs_no_more_bytes() {
    let bytes = screen("").to_bytes();
    assert_eq!(bytes.len(), 24);
    assert_eq!(read([&bytes[..]]).0, Ok(Some(screen(""))));
}

#[test]
fn a_name_over_the_limit_is_refused_when_announced() {
    let longest = screen(vec![b'n'; MAX_NAME]);
    assert_eq!(read(longest.to_bytes().chunks(1000)).0, Ok(Some(longest)));
    for len in [65537, u32::MAX] {
        let bytes = [&screen("").to_bytes()[..20], &len.to_be_bytes(), b"n"].concat();
        let (got, left) = read([&bytes[..]]);
        assert_eq!(
            (got, left),
            (Err(ServerInitError::NameTooLong(len)), b"n".to_vec())
        );
    }
}

#[test]
fn a_name_over_the_limit_is_cut_when_written() {
    let bytes = screen(vec![b'n'; MAX_NAME + 1]).to_bytes();
    assert_eq!(read([&bytes[..]]).0, Ok(Some(screen(vec![b'n'; MAX_NAME]))));
}

#[test]
fn nothing_is_taken_after_the_message() {
    let mut reader = ServerInitReader::new();
    let bytes = screen("x").to_bytes();
    assert_eq!(reader.feed(&mut &bytes[..]), Ok(Some(screen("x"))));
    let mut more = &bytes[..];
    assert_eq!((reader.feed(&mut more), more.len()), (Ok(None), bytes.len()));
}

#[test]
fn a_short_name_fits_the_shortest_frame() {
    for (name, short) in [
        (vec![b'n'; 101], vec![b'n'; 101]),
        (vec![b'n'; 102], vec![b'n'; 101]),
        // Signs of 2, 3 and 4 bytes across the limit of 101.
        ("é".repeat(60).into_bytes(), "é".repeat(50).into_bytes()),
        ("€".repeat(60).into_bytes(), "€".repeat(33).into_bytes()),
        ("🖥".repeat(60).into_bytes(), "🖥".repeat(25).into_bytes()),
        // No UTF-8 at all.
        (vec![0xbf; 300], vec![0xbf; 101]),
    ] {
        let cut = screen(name).with_short_name();
        assert_eq!(cut.name, short);
        assert!(cut.to_bytes().len() <= 125);
    }
}

#[test]
fn client_init_bytes() {
    assert_eq!((client_init(true), client_init(false)), ([1], [0]));
}

proptest! {
    #[test]
    fn any_cut_gives_the_same(
        bytes in prop::collection::vec(any::<u8>(), 0..20),
        len in 0u32..40,
        tail in prop::collection::vec(any::<u8>(), 0..60),
        size in 1usize..20,
    ) {
        let bytes = [&bytes[..], &len.to_be_bytes(), &tail].concat();
        prop_assert_eq!(read([&bytes[..]]), read(bytes.chunks(size)));
    }

    #[test]
    fn what_is_written_is_read(
        width: u16,
        height: u16,
        name in prop::collection::vec(any::<u8>(), 0..300),
        format: [u8; 13],
    ) {
        let mut padded = [0; 16];
        padded[..13].copy_from_slice(&format);
        let init = ServerInit { width, height, format: PixelFormat::parse(&padded), name };
        prop_assert_eq!(read([&init.to_bytes()[..]]).0, Ok(Some(init)));
    }
}
