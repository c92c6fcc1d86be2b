use oriel_rfb::PixelFormat;
use oriel_rfb::client_msg::DEFAULT_MAX_CUT_TEXT;

use super::*;
use crate::rules::Filter;

const ALL: Rules = Rules {
    input: true,
    clipboard_to_server: true,
    clipboard_to_client: true,
    resize: true,
    power: true,
    audio: true,
    max_cut_text: DEFAULT_MAX_CUT_TEXT,
};
const NO_CLIPBOARD: Rules = Rules {
    clipboard_to_client: false,
    ..ALL
};

const CUT_TEXT: &[u8] = b"\x03\0\0\0\0\0\0\x06secret";
const BELL: &[u8] = &[2];
/// The viewer asks for Raw and for extended mouse buttons.
const ASK: &[u8] = &[2, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0xfe, 0xc4];

fn down(rules: &Rules) -> Down {
    let init = ServerInit {
        width: 64,
        height: 48,
        format: PixelFormat::RGB32,
        name: Vec::new(),
    };
    Down::new(rules, &init)
}

fn update(width: u8, encoding: i32, body: &[u8]) -> Vec<u8> {
    let head = [0, 0, 0, 1, 0, 0, 0, 0, 0, width, 0, 1];
    [&head[..], &encoding.to_be_bytes(), body].concat()
}

fn pixels(bytes: usize) -> Vec<u8> {
    update(2, encoding::RAW, &vec![3; 2 * bytes])
}

/// What goes on of bytes that come in pieces of this size.
fn pass(down: &mut Down, bytes: &[u8], size: usize) -> Result<Vec<u8>, Failure> {
    let mut passed = Vec::new();
    for piece in bytes.chunks(size) {
        let mut piece = piece.to_vec();
        let kept = down.pass(&mut piece)?;
        passed.extend_from_slice(&piece[..kept]);
    }
    Ok(passed)
}

/// What of the viewer's bytes goes up.
fn up(filter: &mut Filter, bytes: &[u8], down: &mut Down) -> Vec<u8> {
    let mut first = Vec::new();
    let rest = filter.pass(bytes, &mut first, down).unwrap().rest;
    [&first, rest].concat()
}

#[test]
fn a_clipboard_that_stays_in_the_guest_goes_no_further_and_all_else_does() {
    let picture = pixels(4);
    let sent = [CUT_TEXT, &picture, CUT_TEXT, CUT_TEXT, BELL, CUT_TEXT, &picture].concat();
    let kept = [&picture, BELL, &picture].concat();
    for size in [1, 2, 3, 9, 14, 15, 40, 1000] {
        assert_eq!(
            pass(&mut down(&NO_CLIPBOARD), &sent, size).unwrap(),
            kept,
            "{size}"
        );
        assert_eq!(pass(&mut down(&ALL), &sent, size).unwrap(), sent, "{size}");
    }
}

#[test]
fn what_cannot_be_read_passes_only_where_no_rule_needs_it() {
    let sent = [BELL, &[77, 1, 2], CUT_TEXT].concat();
    assert_eq!(pass(&mut down(&ALL), &sent, 2).unwrap(), sent);
    let failure = pass(&mut down(&NO_CLIPBOARD), &sent, 2).unwrap_err();
    assert_eq!(failure.reason, EndReason::BackEndProtocol);
    assert!(
        failure.detail.starts_with("an unknown server message 77;"),
        "{failure}"
    );
}

#[test]
fn a_viewer_that_changes_pixels_under_way_is_to_blame() {
    let format = PixelFormat {
        bits_per_pixel: 16,
        depth: 16,
        red_max: 31,
        green_max: 63,
        blue_max: 31,
        red_shift: 11,
        green_shift: 5,
        ..PixelFormat::RGB32
    };
    let set = [&[0; 4][..], &format.to_bytes()].concat();
    let request = [3, 0, 0, 0, 0, 0, 0, 2, 0, 1];
    let (mut filter, mut down) = (Filter::new(NO_CLIPBOARD), down(&NO_CLIPBOARD));
    up(&mut filter, &[&set[..], &request].concat(), &mut down);
    let picture = pixels(2);
    assert_eq!(pass(&mut down, &picture, 3).unwrap(), picture);
    up(&mut filter, &request, &mut down);
    let rgb32 = [&[0; 4][..], &PixelFormat::RGB32.to_bytes()].concat();
    assert_eq!(
        up(&mut filter, &rgb32, &mut down),
        rgb32,
        "it goes up all the same"
    );
    let failure = pass(&mut down, &picture, 100).unwrap_err();
    assert_eq!(failure.reason, EndReason::ClientProtocol);
}

#[test]
fn extended_mouse_buttons_are_asked_for_where_the_answer_is_seen() {
    let ack = update(0, encoding::EXTENDED_MOUSE_BUTTONS, &[]);
    let pointer = [5, 0x81, 0, 1, 0, 1, 3];
    let (mut filter, mut down) = (Filter::new(ALL), down(&ALL));
    assert_eq!(up(&mut filter, ASK, &mut down), ASK);
    let sent = [&pixels(4)[..], &ack, &pixels(4)].concat();
    assert_eq!(pass(&mut down, &sent, 7).unwrap(), sent);
    assert!(
        matches!(down, Down::Opaque { extended_mouse: true }),
        "nothing more is to be learned"
    );
    // From now on a pointer message has seven bytes, and the wish stays.
    assert_eq!(up(&mut filter, &pointer, &mut down), pointer);
    assert_eq!(up(&mut filter, ASK, &mut down), ASK);
}

#[test]
fn a_server_that_knows_no_extended_mouse_buttons_is_not_read_for_long() {
    let (mut filter, mut down) = (Filter::new(ALL), down(&ALL));
    up(&mut filter, ASK, &mut down);
    let sent = pixels(4).repeat(PATIENCE.into());
    assert_eq!(pass(&mut down, &sent, 11).unwrap(), sent);
    assert!(matches!(
        down,
        Down::Opaque {
            extended_mouse: false
        }
    ));
    assert_eq!(
        up(&mut filter, ASK, &mut down),
        [2, 0, 0, 1, 0, 0, 0, 0],
        "it is too late to agree"
    );
}

#[test]
fn who_does_not_ask_or_may_not_press_is_not_read() {
    let mut asked = down(&ALL);
    up(&mut Filter::new(ALL), &[2, 0, 0, 1, 0, 0, 0, 0], &mut asked);
    pass(&mut asked, BELL, 1).unwrap();
    assert!(asked.is_opaque());
    let looks_on = Rules { input: false, ..ALL };
    assert!(down(&looks_on).is_opaque());
    let mut no_clipboard = down(&Rules {
        input: false,
        ..NO_CLIPBOARD
    });
    assert_eq!(up(&mut Filter::new(looks_on), ASK, &mut no_clipboard).len(), 8);
    pass(&mut no_clipboard, &pixels(4).repeat(40), 99).unwrap();
    assert_eq!(pass(&mut no_clipboard, CUT_TEXT, 3).unwrap(), b"");
}
