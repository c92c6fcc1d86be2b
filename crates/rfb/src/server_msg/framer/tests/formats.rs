//! Pixel formats, and how the framer follows from one to the next.

use super::*;

pub const RGB16: PixelFormat = PixelFormat {
    bits_per_pixel: 16,
    depth: 16,
    red_max: 31,
    green_max: 63,
    blue_max: 31,
    red_shift: 11,
    green_shift: 5,
    ..PixelFormat::RGB32
};
pub const RGB8: PixelFormat = PixelFormat {
    bits_per_pixel: 8,
    depth: 8,
    red_max: 7,
    green_max: 7,
    blue_max: 3,
    red_shift: 0,
    green_shift: 3,
    blue_shift: 6,
    ..PixelFormat::RGB32
};
pub const COLOUR_MAP: PixelFormat = PixelFormat {
    true_colour: false,
    ..RGB8
};
pub const RGB32_DEPTH_32: PixelFormat = PixelFormat {
    depth: 32,
    ..PixelFormat::RGB32
};
const RGB30: PixelFormat = PixelFormat {
    depth: 30,
    red_max: 1023,
    green_max: 1023,
    blue_max: 1023,
    ..PixelFormat::RGB32
};

/// With the bytes of a pixel.
pub const ALL: [(PixelFormat, usize); 5] = [
    (PixelFormat::RGB32, 4),
    (RGB32_DEPTH_32, 4),
    (RGB16, 2),
    (RGB8, 1),
    (COLOUR_MAP, 1),
];
/// With the bytes of a pixel in Tight.
pub const TIGHT: [(PixelFormat, usize); 5] = [
    (PixelFormat::RGB32, 3),
    (RGB30, 4),
    (RGB16, 2),
    (RGB8, 1),
    (COLOUR_MAP, 1),
];

/// An update of one raw pixel.
fn pixel(bytes: usize) -> Vec<u8> {
    update(rect(0, 0, 1, 1), encoding::RAW, &vec![2; bytes])
}

/// A pointer of one pixel, which comes unasked.
fn pointer(bytes: usize) -> Vec<u8> {
    update(rect(0, 0, 1, 1), encoding::CURSOR, &vec![2; bytes + 1])
}

/// Feeds bytes that must be whole messages.
fn feed(framer: &mut Framer, bytes: &[u8]) {
    let (messages, error) = frame(framer, bytes.chunks(5));
    assert_eq!(error, None);
    let whole: usize = messages.iter().map(|message| message.len).sum();
    assert_eq!(whole, bytes.len());
    assert!(framer.is_between_messages());
}

/// Feeds bytes of any kind, as long as they are good.
pub fn feed_part(framer: &mut Framer, mut bytes: &[u8]) {
    while let Step::Part(part) = framer.next(bytes).unwrap() {
        bytes = &bytes[part.taken..];
    }
}

#[test]
fn what_no_server_can_send_in_is_an_error() {
    let with = |bits, true_colour| PixelFormat {
        bits_per_pixel: bits,
        true_colour,
        ..PixelFormat::RGB32
    };
    for (format, expected) in [
        (with(24, true), FramerError::BitsPerPixel(24)),
        (with(0, true), FramerError::BitsPerPixel(0)),
        (with(32, false), FramerError::ColourMap(32)),
    ] {
        let mut framer = Framer::new(&INIT);
        assert_eq!(framer.set_pixel_format(&format), Err(expected));
        assert_eq!(framer.next(&[2]), Err(expected));
        // From the server itself, it counts only where a pixel's size does.
        let init = ServerInit { format, ..INIT };
        alone(&init, &update(rect(0, 0, 1, 1), encoding::DESKTOP_SIZE, &[]));
        assert_eq!(frame_any(&init, &pixel(4)).1, Some(expected));
    }
}

#[test]
fn before_anything_is_asked_for_any_format_may_be_set() {
    let mut framer = Framer::new(&INIT);
    framer.set_pixel_format(&RGB8).unwrap();
    framer.set_pixel_format(&RGB16).unwrap();
    framer.update_requested();
    feed(&mut framer, &pixel(2));
    framer.set_pixel_format(&PixelFormat::RGB32).unwrap();
    framer.update_requested();
    feed(&mut framer, &pixel(4));
}

#[test]
fn a_format_set_inside_a_message_counts_from_the_next() {
    let mut framer = Framer::new(&INIT);
    framer.update_requested();
    let update = pixel(4);
    feed_part(&mut framer, &update[..18]);
    framer.set_pixel_format(&RGB8).unwrap();
    feed_part(&mut framer, &update[18..]);
    framer.update_requested();
    feed(&mut framer, &pixel(1));
}

#[test]
fn while_an_answer_may_be_under_way_only_pixels_of_the_same_size_will_do() {
    let mut framer = Framer::new(&INIT);
    framer.update_requested();
    framer.update_requested();
    // A pointer is no answer.
    feed(&mut framer, &[pointer(4), pixel(4)].concat());
    let big_endian = PixelFormat {
        big_endian: true,
        ..PixelFormat::RGB32
    };
    framer.set_pixel_format(&big_endian).unwrap();
    feed(&mut framer, &pixel(4));
    framer.update_requested();
    assert_eq!(framer.set_pixel_format(&RGB8), Err(FramerError::FormatInFlight));
    assert_eq!(framer.next(&[2]), Err(FramerError::FormatInFlight));
}

#[test]
fn in_continuous_updates_a_format_waits_for_their_end() {
    let mut framer = Framer::new(&INIT);
    framer.continuous_updates(true);
    assert_eq!(
        framer.clone().set_pixel_format(&RGB8),
        Err(FramerError::FormatInFlight)
    );
    feed(&mut framer, &[pixel(4), pixel(4)].concat());
    framer.continuous_updates(false);
    framer.set_pixel_format(&RGB8).unwrap();
    feed(&mut framer, &[&pixel(4)[..], &[150], &pixel(1)].concat());
    // The first such message only says that the server knows them.
    let mut framer = Framer::new(&INIT);
    framer.continuous_updates(false);
    feed(&mut framer, &[150]);
    framer.set_pixel_format(&RGB16).unwrap();
    feed(&mut framer, &pixel(2));
}
