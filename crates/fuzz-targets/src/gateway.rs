//! The gateway: what it lets a viewer do.

use oriel_gateway::fuzzing::{MAX_CUT_TEXT, may, rules as go_up};
use oriel_rfb::client_msg::{Kind, Splitter, Step};
use oriel_rfb::encoding;

use crate::cut;

/// A viewer's messages under rules, which the first byte after the cut chooses: what goes up is what may, whole.
pub fn rules(bytes: &[u8]) {
    let (size, bytes) = cut(bytes);
    let [bits, bytes @ ..] = bytes else { return };
    let up = go_up(*bits, size, bytes);
    assert_eq!(up, go_up(*bits, bytes.len(), bytes));
    let Ok(up) = up else { return };

    let mut splitter = Splitter::new(MAX_CUT_TEXT);
    let (mut rest, mut kind, mut message) = (up.as_slice(), None, Vec::new());
    loop {
        let (taken, last) = match splitter.next(rest) {
            Ok(Step::Need) => break,
            Ok(Step::Message(part)) => {
                kind = Some(part.kind);
                assert!(may_go(part.kind, *bits), "{:?} went up", part.kind);
                message.clear();
                (part.taken, part.is_whole())
            }
            Ok(Step::Body { taken, last, .. }) => (taken, last),
            Err(error) => unreachable!("what goes up is no RFB: {error}"),
        };
        message.extend_from_slice(rest.split_off(..taken).unwrap_or_default());
        if last && kind == Some(Kind::SetEncodings) {
            check_encodings(&message, *bits);
        }
    }
}

fn may_go(kind: Kind, bits: u8) -> bool {
    let needed = match kind {
        Kind::Key | Kind::QemuKey | Kind::Pointer | Kind::Gii => may::INPUT,
        Kind::CutText => may::CLIPBOARD,
        Kind::SetDesktopSize => may::RESIZE,
        Kind::Xvp => may::POWER,
        Kind::QemuAudio => may::AUDIO,
        _ => 0,
    };
    bits & needed == needed
}

/// What is forbidden is not asked for, and nothing that could not be followed.
fn check_encodings(message: &[u8], bits: u8) {
    let (numbers, _) = message.get(4..).unwrap_or_default().as_chunks::<4>();
    for number in numbers.iter().map(|number| i32::from_be_bytes(*number)) {
        let needed = match number {
            encoding::EXTENDED_CLIPBOARD => may::CLIPBOARD,
            encoding::QEMU_AUDIO => may::AUDIO,
            encoding::XVP => may::POWER,
            encoding::GII | encoding::QEMU_EXTENDED_KEY => may::INPUT,
            known => {
                assert!(encoding::is_known(known), "{known} was asked for");
                0
            }
        };
        assert!(bits & needed == needed, "{number} was asked for");
    }
}
