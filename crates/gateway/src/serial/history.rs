//! The last bytes of a line, for those who come later and for those who cannot keep up.

use std::collections::VecDeque;

use super::escape::{Scanner, without_questions};

/// What is held at least, in bytes, so that viewers may take their time.
const MIN_HELD: usize = 64 * 1024;
/// How far apart the places are at which the line may be shown from, in bytes: after the next end of a line, but
/// without one at the latest at twice that.
const APART: u64 = 1024;
/// How much of the newest a viewer gets who has lost the rest, in bytes.
const NEWEST: u64 = 16 * 1024;

/// Brings a terminal out of whatever it was left in, and leaves what it shows: the end of a sequence or string that
/// was broken off, a soft reset (DECSTR: attributes, margins, character sets, cursor keys), the normal screen, the
/// ASCII set, and no reports of the mouse or brackets around what is pasted.
const RESET: &[u8] =
    b"\x1b\\\x1b[!p\x1b[?47l\x1b(B\x0f\x1b[0m\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l";

/// The last bytes of a line, counted from its first.
#[derive(Debug)]
pub(super) struct History {
    bytes: VecDeque<u8>,
    /// How many there were in all.
    end: u64,
    held: usize,
    replayed: usize,
    scanner: Scanner,
    /// Where the line may be shown from, in order.
    places: VecDeque<u64>,
}

impl History {
    /// Shows the last `replayed` bytes to whoever comes.
    pub fn new(replayed: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            end: 0,
            held: replayed.max(MIN_HELD),
            replayed,
            scanner: Scanner::default(),
            places: VecDeque::from([0]),
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.scanner.step(byte);
            self.end += 1;
            if self.scanner.is_between() {
                let since = self.end - self.places.back().copied().unwrap_or(0);
                if since >= 2 * APART || (since >= APART && byte == b'\n') {
                    self.places.push_back(self.end);
                }
            }
        }
        let newest = bytes
            .get(bytes.len().saturating_sub(self.held)..)
            .unwrap_or_default();
        let over = (self.bytes.len() + newest.len()).saturating_sub(self.held);
        self.bytes.drain(..over.min(self.bytes.len()));
        self.bytes.extend(newest);
        let start = self.start();
        while self.places.front().is_some_and(|&place| place < start) {
            self.places.pop_front();
        }
    }

    /// Where the line stands.
    pub fn end(&self) -> u64 {
        self.end
    }

    fn start(&self) -> u64 {
        self.end - self.bytes.len() as u64
    }

    /// What comes at a place, as far as it lies in one piece; nothing if that is the end. None if it is not held any
    /// more.
    pub fn at(&self, place: u64) -> Option<&[u8]> {
        let skip = usize::try_from(place.checked_sub(self.start())?).ok()?;
        let (first, second) = self.bytes.as_slices();
        match first.get(skip..) {
            Some(rest) if !rest.is_empty() => Some(rest),
            _ => second.get(skip - first.len()..),
        }
    }

    /// What somebody who comes now is shown first.
    pub fn replay(&self) -> Vec<u8> {
        if self.replayed == 0 || self.end == 0 {
            return Vec::new();
        }
        let place = self.place_from(self.end.saturating_sub(self.replayed as u64));
        let skip = usize::try_from(place - self.start()).unwrap_or(usize::MAX);
        let shown: Vec<u8> = self.bytes.iter().skip(skip).copied().collect();
        let mut replay = RESET.to_vec();
        replay.extend(without_questions(&shown));
        replay
    }

    /// What is told to a viewer who has lost what came after this place, and the place to go on at.
    pub fn gap(&self, lost: u64) -> (Vec<u8>, u64) {
        let place = self.place_from(self.end.saturating_sub(NEWEST).max(lost));
        let words = format!(
            "\r\n\x1b[7m[ {} bytes of output are left out: they came faster than this page took them ]\x1b[0m\r\n",
            place - lost
        );
        ([RESET, words.as_bytes()].concat(), place)
    }

    /// The first place from here on where the line may be shown from.
    fn place_from(&self, wanted: u64) -> u64 {
        let after = self.places.partition_point(|&place| place < wanted);
        self.places.get(after).copied().unwrap_or(self.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(history: &History) -> String {
        let replay = history.replay();
        let text = replay.strip_prefix(RESET).expect("a reset in front");
        String::from_utf8(text.to_vec()).expect("whole characters")
    }

    #[test]
    fn all_is_shown_while_there_is_little() {
        let mut history = History::new(1 << 16);
        assert_eq!(history.replay(), b"");
        history.push(b"login: ");
        assert_eq!(shown(&history), "login: ");
    }

    #[test]
    fn nothing_is_shown_if_that_is_not_wanted() {
        let mut history = History::new(0);
        history.push(b"login: ");
        assert_eq!(history.replay(), b"");
        assert_eq!(
            history.at(0),
            Some(b"login: ".as_slice()),
            "but viewers may take their time"
        );
    }

    #[test]
    fn the_last_lines_are_shown_from_the_start_of_one() {
        let mut history = History::new(4096);
        let line = |n| format!("{n:05} \x1b[32mgrün €\x1b[0m\r\n");
        for n in 0..20_000 {
            history.push(line(n).as_bytes());
        }
        let text = shown(&history);
        assert!((4096 - 2100..=4096).contains(&text.len()), "{}", text.len());
        let first: u32 = text[..5].parse().expect("the start of a line");
        let all: String = (first..20_000).map(line).collect();
        assert_eq!(text, all);
    }

    #[test]
    fn a_screen_without_lines_is_not_cut_in_a_sequence() {
        let mut history = History::new(4096);
        for n in 0..10_000 {
            history.push(format!("\x1b[{};{}H€", n % 24 + 1, n % 80 + 1).as_bytes());
        }
        let text = shown(&history);
        assert!(
            text.starts_with("\x1b[") || text.starts_with('€'),
            "{:?}",
            &text[..20]
        );
        assert!(text.len() > 1500);
    }

    #[test]
    fn who_cannot_keep_up_is_told_what_is_missing() {
        let mut history = History::new(4096);
        history.push(&b"0123456789abcd\r\n".repeat(10_000));
        assert_eq!(history.at(0), None);
        let (told, place) = history.gap(100);
        let told = String::from_utf8(told).unwrap();
        assert!(told.contains(&format!("{} bytes", place - 100)), "{told:?}");
        assert_eq!(place % 16, 0, "at the start of a line");
        assert!(history.end() - place <= NEWEST && history.at(place).is_some());
    }

    proptest! {
        #[test]
        fn what_is_held_is_what_came(pieces in proptest::collection::vec((any::<u8>(), 1usize..40_000), 1..12)) {
            let mut history = History::new(10_000);
            let mut all = Vec::new();
            for (byte, length) in pieces {
                let piece: Vec<u8> = (0..length).map(|at| byte.wrapping_add(u8::try_from(at % 251).unwrap())).collect();
                history.push(&piece);
                all.extend(piece);
            }
            prop_assert_eq!(history.end(), all.len() as u64);
            let held = all.len().min(MIN_HELD);
            let mut place = all.len() - held;
            prop_assert_eq!(history.at(place as u64).is_some(), true);
            if place > 0 { prop_assert_eq!(history.at(place as u64 - 1), None); }
            while place < all.len() {
                let piece = history.at(place as u64).unwrap();
                prop_assert!(!piece.is_empty());
                prop_assert_eq!(piece, &all[place..place + piece.len()]);
                place += piece.len();
            }
            prop_assert_eq!(history.at(place as u64), Some([].as_slice()));
        }
    }
}
