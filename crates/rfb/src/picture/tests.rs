use proptest::prelude::*;

use super::*;

const LIMIT: NonZeroU32 = NonZeroU32::new(1 << 20).unwrap();
const RED: [u8; 4] = [0, 0, 0xff, 0];
const BLUE: [u8; 4] = [0xff, 0, 0, 0];

fn init(width: u16, height: u16) -> ServerInit {
    ServerInit {
        width,
        height,
        format: PixelFormat::RGB32,
        name: Vec::new(),
    }
}

fn rect(x: u16, y: u16, width: u16, height: u16) -> Rect {
    Rect { x, y, width, height }
}

fn head(rect: Rect, encoding: i32) -> Vec<u8> {
    let place = [rect.x, rect.y, rect.width, rect.height].map(u16::to_be_bytes);
    [&place.concat()[..], &encoding.to_be_bytes()].concat()
}

/// An update with these rectangles: each its place, its encoding and what it holds.
fn update(rectangles: &[(Rect, i32, &[u8])]) -> Vec<u8> {
    let count = u16::try_from(rectangles.len()).unwrap();
    let mut bytes = [&[0, 0][..], &count.to_be_bytes()].concat();
    for (place, encoding, body) in rectangles {
        bytes.extend(head(*place, *encoding));
        bytes.extend_from_slice(body);
    }
    bytes
}

/// What a painter makes of bytes that come like this: the picture if it became whole, and what it answered.
fn paint<'a>(
    init: &ServerInit,
    reads: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Option<Picture>, Vec<u8>), PaintError> {
    let mut painter = Painter::new(init, LIMIT)?;
    let mut out = Vec::new();
    for read in reads {
        if painter.feed(read, &mut out)? {
            return Ok((Some(painter.into_picture()), out));
        }
    }
    Ok((None, out))
}

fn paint_all(init: &ServerInit, bytes: &[u8]) -> Result<(Option<Picture>, Vec<u8>), PaintError> {
    let whole = paint(init, [bytes]);
    for size in [1, 3, 7, 50] {
        assert_eq!(paint(init, bytes.chunks(size)), whole, "in {size}s");
    }
    whole
}

fn picture(init: &ServerInit, bytes: &[u8]) -> Picture {
    paint_all(init, bytes).unwrap().0.expect("a whole picture")
}

fn error(init: &ServerInit, bytes: &[u8]) -> PaintError {
    paint_all(init, bytes).expect_err("an error")
}

#[test]
fn it_asks_for_all_of_the_screen_in_a_format_of_its_own() {
    let opening = Painter::new(&init(800, 600), LIMIT).unwrap().opening();
    let (format, rest) = opening.split_at(20);
    assert_eq!(format, [&[0; 4][..], &PixelFormat::RGB32.to_bytes()].concat());
    assert_eq!(
        rest,
        [
            &set_encodings(&ENCODINGS)[..],
            &update_request(false, rect(0, 0, 800, 600))
        ]
        .concat()
    );
}

#[test]
fn a_raw_screen_is_a_picture() {
    let bytes = update(&[(rect(0, 0, 2, 1), encoding::RAW, &[RED, BLUE].concat())]);
    let picture = picture(&init(2, 1), &bytes);
    assert_eq!((picture.width, picture.height), (2, 1));
    assert_eq!(picture.pixels, [[255, 0, 0, 255], [0, 0, 255, 255]]);
}

#[test]
fn what_is_no_picture_is_passed_over() {
    let bytes = [
        &[2][..],
        &[3, 0, 0, 0, 0, 0, 0, 2, b'h', b'i'],
        &update(&[]),
        &update(&[(rect(0, 0, 1, 1), encoding::RAW, &RED)]),
    ]
    .concat();
    assert_eq!(picture(&init(1, 1), &bytes).pixels, [[255, 0, 0, 255]]);
}

#[test]
fn a_screen_that_comes_in_parts_is_asked_for_until_it_is_whole() {
    let screen = init(1, 2);
    let upper = update(&[(rect(0, 0, 1, 1), encoding::RAW, &RED)]);
    let (none, asked) = paint_all(&screen, &upper).unwrap();
    assert_eq!(none, None);
    assert_eq!(asked, update_request(true, rect(0, 0, 1, 2)));
    let lower = update(&[(rect(0, 1, 1, 1), encoding::RAW, &BLUE)]);
    let both = picture(&screen, &[upper.clone(), lower].concat());
    assert_eq!(both.pixels, [[255, 0, 0, 255], [0, 0, 255, 255]]);

    let mut painter = Painter::new(&screen, LIMIT).unwrap();
    assert!(!painter.is_at_rest(), "nothing was drawn");
    painter.feed(&upper[..10], &mut Vec::new()).unwrap();
    assert!(!painter.is_at_rest(), "an update is under way");
    painter.feed(&upper[10..], &mut Vec::new()).unwrap();
    assert!(painter.is_at_rest());
    assert_eq!(
        painter.into_picture().pixels,
        [[255, 0, 0, 255], [0, 0, 0, 255]],
        "what was never drawn is black"
    );
}

#[test]
fn a_screen_that_changes_its_size_is_asked_for_anew() {
    for number in [encoding::DESKTOP_SIZE, encoding::EXTENDED_DESKTOP_SIZE] {
        let layout: &[u8] = if number == encoding::DESKTOP_SIZE {
            &[]
        } else {
            &[1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0]
        };
        let first = update(&[
            (rect(0, 0, 1, 1), encoding::RAW, &RED),
            (rect(0, 0, 2, 1), number, layout),
        ]);
        let (none, asked) = paint_all(&init(1, 1), &first).unwrap();
        assert_eq!(none, None, "it was drawn at its old size");
        assert_eq!(asked, update_request(false, rect(0, 0, 2, 1)));
        let second = update(&[(rect(0, 0, 2, 1), encoding::RAW, &[RED, BLUE].concat())]);
        let both = picture(&init(1, 1), &[first, second].concat());
        assert_eq!((both.width, both.height), (2, 1));
    }
}

#[test]
fn a_size_that_is_told_again_changes_nothing() {
    let bytes = update(&[
        (rect(0, 0, 1, 1), encoding::RAW, &RED),
        (rect(0, 0, 1, 1), encoding::DESKTOP_SIZE, &[]),
    ]);
    assert_eq!(picture(&init(1, 1), &bytes).pixels, [[255, 0, 0, 255]]);
}

#[test]
fn tiles_take_over_colours_from_the_tile_before() {
    // 17 by 1: a tile of 16 and one of 1. The first has a background and a sub-rectangle in the foreground.
    let tiles = [
        &[BACKGROUND_FOREGROUND_SUB][..],
        &RED,
        &BLUE,
        &[1, 0x10, 0x10],
        &[FOREGROUND_SUB, 1, 0x00, 0x00],
    ]
    .concat();
    let bytes = update(&[(rect(0, 0, 17, 1), encoding::HEXTILE, &tiles)]);
    let mut expected = vec![[255, 0, 0, 255]; 17];
    for at in [1, 2, 16] {
        expected[at] = [0, 0, 255, 255];
    }
    assert_eq!(picture(&init(17, 1), &bytes).pixels, expected);
}

const BACKGROUND_FOREGROUND_SUB: u8 = 2 | 4 | 8;
const FOREGROUND_SUB: u8 = 8;

#[test]
fn a_sub_rectangle_outside_of_its_tile_is_refused() {
    // At the right edge the tile is one pixel wide.
    let tiles = [&[2][..], &RED, &[8, 1, 0x00, 0x10]].concat();
    let bytes = update(&[(rect(0, 0, 17, 1), encoding::HEXTILE, &tiles)]);
    assert_eq!(error(&init(17, 1), &bytes), PaintError::OutsideTile);
}

#[test]
fn hostile_screens_are_refused_before_they_cost_memory() {
    let refused = |width, height| Painter::new(&init(width, height), LIMIT).map(drop);
    assert_eq!(
        refused(u16::MAX, u16::MAX),
        Err(PaintError::TooLarge {
            width: u16::MAX,
            height: u16::MAX,
            limit: 1 << 20
        })
    );
    assert_eq!(refused(0, 9), Err(PaintError::Empty { width: 0, height: 9 }));
    assert_eq!(refused(1024, 1024), Ok(()));
    let grows = update(&[(rect(0, 0, 1025, 1024), encoding::DESKTOP_SIZE, &[])]);
    assert!(matches!(error(&init(1, 1), &grows), PaintError::TooLarge { .. }));
    let vanishes = update(&[(rect(0, 0, 0, 0), encoding::DESKTOP_SIZE, &[])]);
    assert_eq!(
        error(&init(1, 1), &vanishes),
        PaintError::Empty { width: 0, height: 0 }
    );
}

#[test]
fn a_server_that_never_draws_the_whole_screen_ends() {
    let restless: Vec<u8> = (1..100)
        .flat_map(|size| update(&[(rect(0, 0, size, 1), encoding::DESKTOP_SIZE, &[])]))
        .collect();
    // The size that it begins with is the first.
    assert_eq!(error(&init(1, 1), &restless), PaintError::Restless);
    let endless = update(&[]).repeat(300);
    assert_eq!(error(&init(1, 1), &endless), PaintError::Endless);
    // Clipboards: each is believed by itself.
    let mut painter = Painter::new(&init(1, 1), LIMIT).unwrap();
    let text = [&[3, 0, 0, 0, 0, 0x10, 0, 0][..], &vec![0; 1 << 20]].concat();
    let mut fed = 0;
    let end = loop {
        match painter.feed(&text, &mut Vec::new()) {
            Ok(_) => fed += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(end, PaintError::Endless);
    assert!(fed < 100, "{fed} MiB were taken");
}

#[test]
fn what_was_not_asked_for_is_refused() {
    let copy = update(&[(rect(0, 0, 1, 1), encoding::COPY_RECT, &[0; 4])]);
    assert_eq!(
        error(&init(1, 1), &copy),
        PaintError::Encoding(encoding::COPY_RECT)
    );
    let outside = update(&[(rect(1, 0, 1, 1), encoding::RAW, &RED)]);
    assert!(matches!(error(&init(1, 1), &outside), PaintError::Framing(_)));
    assert!(matches!(error(&init(1, 1), &[99]), PaintError::Framing(_)));
}

/// A sub-rectangle of a tile: its place and its colour.
type Sub = (u8, u8, u8, u8, [u8; 3]);

/// A tile as it is drawn at random.
#[derive(Debug, Clone)]
enum Tile {
    Raw(Vec<[u8; 3]>),
    Plain {
        background: Option<[u8; 3]>,
        foreground: Option<[u8; 3]>,
        subs: Vec<Sub>,
        coloured: bool,
    },
}

fn tile() -> impl Strategy<Value = Tile> {
    let sub = (0_u8..16, 0_u8..16, 0_u8..16, 0_u8..16, any::<[u8; 3]>());
    prop_oneof![
        proptest::collection::vec(any::<[u8; 3]>(), 256).prop_map(Tile::Raw),
        (
            any::<Option<[u8; 3]>>(),
            any::<Option<[u8; 3]>>(),
            proptest::collection::vec(sub, 0..9),
            any::<bool>()
        )
            .prop_map(|(background, foreground, subs, coloured)| Tile::Plain {
                background,
                foreground,
                subs,
                coloured
            }),
    ]
}

/// What a server is to send for these tiles, and what they show: written by the letter of RFC 6143, tile by tile.
fn encode(width: usize, height: usize, tiles: &[Tile]) -> (Vec<u8>, Vec<[u8; 4]>) {
    let wire = |[red, green, blue]: [u8; 3]| [blue, green, red, 0x5a];
    let shown = |[red, green, blue]: [u8; 3]| [red, green, blue, 255];
    let (mut bytes, mut pixels) = (Vec::new(), vec![[0; 4]; width * height]);
    let (mut background, mut foreground) = ([0; 3], [0; 3]);
    let mut tiles = tiles.iter().cycle();
    for top in (0..height).step_by(16) {
        for left in (0..width).step_by(16) {
            let (across, down) = (16.min(width - left), 16.min(height - top));
            let mut set = |x: usize, y: usize, colour| pixels[(top + y) * width + left + x] = shown(colour);
            match tiles.next().unwrap() {
                Tile::Raw(colours) => {
                    bytes.push(1);
                    for (at, colour) in colours.iter().take(across * down).enumerate() {
                        bytes.extend(wire(*colour));
                        set(at % across, at / across, *colour);
                    }
                }
                Tile::Plain {
                    background: new_background,
                    foreground: new_foreground,
                    subs,
                    coloured,
                } => {
                    let mask = [
                        new_background.is_some(),
                        new_foreground.is_some(),
                        !subs.is_empty(),
                        *coloured,
                    ];
                    bytes.push((0..4).map(|bit| u8::from(mask[bit]) << (bit + 1)).sum());
                    for (old, new) in [
                        (&mut background, new_background),
                        (&mut foreground, new_foreground),
                    ] {
                        if let Some(new) = new {
                            *old = *new;
                            bytes.extend(wire(*new));
                        }
                    }
                    for at in 0..across * down {
                        set(at % across, at / across, background);
                    }
                    if subs.is_empty() {
                        continue;
                    }
                    bytes.push(u8::try_from(subs.len()).unwrap());
                    for (x, y, more_x, more_y, colour) in subs {
                        let (x, y) = (usize::from(*x) % across, usize::from(*y) % down);
                        let more_x = usize::from(*more_x).min(across - x - 1);
                        let more_y = usize::from(*more_y).min(down - y - 1);
                        let colour = if *coloured { *colour } else { foreground };
                        if *coloured {
                            bytes.extend(wire(colour));
                        }
                        bytes.push(u8::try_from(x << 4 | y).unwrap());
                        bytes.push(u8::try_from(more_x << 4 | more_y).unwrap());
                        for row in y..=y + more_y {
                            for column in x..=x + more_x {
                                set(column, row, colour);
                            }
                        }
                    }
                }
            }
        }
    }
    (bytes, pixels)
}

proptest! {
    #[test]
    fn what_is_drawn_is_what_was_meant_however_it_is_cut(
        width in 1_u16..50,
        height in 1_u16..50,
        tiles in proptest::collection::vec(tile(), 1..12),
        size in 1_usize..2000,
    ) {
        let (body, pixels) = encode(width.into(), height.into(), &tiles);
        let screen = init(width, height);
        let whole = rect(0, 0, width, height);
        let hextile = update(&[(whole, encoding::HEXTILE, &body)]);
        let drawn = paint(&screen, hextile.chunks(size)).unwrap().0.expect("whole");
        prop_assert_eq!(&drawn.pixels, &pixels);
        let raw: Vec<u8> = pixels.iter().flat_map(|[red, green, blue, _]| [*blue, *green, *red, 7]).collect();
        let raw = update(&[(whole, encoding::RAW, &raw)]);
        let drawn = paint(&screen, raw.chunks(size)).unwrap().0.expect("whole");
        prop_assert_eq!(&drawn.pixels, &pixels);
    }
}
