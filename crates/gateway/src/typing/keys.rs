//! From a text to key events.

use oriel_keyboard::{Layout, Letter, Modifier, Stroke, Untypable, keysym, letters};
use oriel_rfb::client_msg::{key, qemu_key};

/// A text as it is to be typed. It may be a password: nothing here shows it.
pub(super) enum Script {
    /// By the keys of the guest's layout.
    Keys(Vec<Letter>),
    /// By what they mean, where the server finds the keys itself.
    Meanings(Vec<char>),
}

impl Script {
    /// How to type a text, where the server takes scan codes and where it does not.
    pub fn new(text: &str, layout: Layout, scancodes: bool) -> Result<Self, Untypable> {
        if scancodes {
            layout.plan(text).map(Self::Keys)
        } else {
            letters(text).map(Self::Meanings)
        }
    }

    /// How many characters it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Keys(letters) => letters.len(),
            Self::Meanings(characters) => characters.len(),
        }
    }

    /// The keys of one character, after those before it have left the hands as they are.
    pub fn strike(&self, at: usize, hands: &mut Hands) -> Chord {
        let mut chord = Chord::default();
        match self {
            Self::Keys(letters) => {
                for stroke in letters.get(at).iter().flat_map(|letter| letter.strokes()) {
                    hands.strike(stroke, &mut chord);
                }
            }
            Self::Meanings(characters) => {
                if let Some(character) = characters.get(at) {
                    chord.tap(keysym(*character), None);
                }
            }
        }
        chord
    }
}

/// Which modifiers are held. They stay so from one character to the next that needs them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hands {
    shift: bool,
    alt_gr: bool,
}

impl Hands {
    fn strike(&mut self, stroke: Stroke, chord: &mut Chord) {
        self.hold(stroke.shift, stroke.alt_gr, chord);
        chord.tap(stroke.keysym, Some(stroke.key.scancode()));
    }

    /// What lets go of everything.
    pub fn let_go(&mut self) -> Chord {
        let mut chord = Chord::default();
        self.hold(false, false, &mut chord);
        chord
    }

    fn hold(&mut self, shift: bool, alt_gr: bool, chord: &mut Chord) {
        for (held, wanted, modifier) in [
            (&mut self.shift, shift, Modifier::Shift),
            (&mut self.alt_gr, alt_gr, Modifier::AltGr),
        ] {
            if *held != wanted {
                chord.event(wanted, modifier.keysym(), Some(modifier.scancode()));
                *held = wanted;
            }
        }
    }
}

/// Key events that are sent together.
#[derive(Default)]
pub(super) struct Chord {
    /// As they go to the server.
    pub message: Vec<u8>,
    /// How many they are.
    pub events: u32,
    /// How many bytes the guest's keyboard makes of them.
    pub bytes: u32,
    /// Whether Enter is among them.
    pub enter: bool,
}

impl Chord {
    /// Caps Lock.
    pub fn caps_lock(scancodes: bool) -> Self {
        let (keysym, scancode) = (Modifier::CapsLock.keysym(), Modifier::CapsLock.scancode());
        let mut chord = Self::default();
        chord.tap(keysym, scancodes.then_some(scancode));
        chord
    }

    fn tap(&mut self, symbol: u32, scancode: Option<u32>) {
        self.enter |= symbol == keysym('\n');
        self.event(true, symbol, scancode);
        self.event(false, symbol, scancode);
    }

    fn event(&mut self, down: bool, keysym: u32, scancode: Option<u32>) {
        match scancode {
            Some(scancode) => self.message.extend(qemu_key(down, keysym, scancode)),
            None => self.message.extend(key(down, keysym)),
        }
        self.events += 1;
        // A key of the grey block has a byte in front.
        self.bytes += if scancode.is_some_and(|code| code > 0x7f) {
            2
        } else {
            1
        };
    }
}

#[cfg(test)]
mod tests {
    use oriel_rfb::client_msg::{DEFAULT_MAX_CUT_TEXT, Event, Splitter, Step};

    use super::*;

    /// Down or up, keysym, scan code.
    type KeyEvent = (bool, u32, Option<u32>);

    /// What a server reads of it.
    fn read(mut message: &[u8]) -> Vec<KeyEvent> {
        let mut splitter = Splitter::new(DEFAULT_MAX_CUT_TEXT);
        let mut events = Vec::new();
        while let Step::Message(message_read) = splitter.next(message).unwrap() {
            let Event::Key {
                down,
                keysym,
                scancode,
            } = message_read.event()
            else {
                panic!("no key")
            };
            events.push((down, keysym, scancode));
            message = &message[message_read.taken..];
        }
        events
    }

    fn type_all(text: &str, layout: Layout, scancodes: bool) -> (Vec<KeyEvent>, u32, u32) {
        let script = Script::new(text, layout, scancodes).unwrap();
        let mut hands = Hands::default();
        let mut chords: Vec<_> = (0..script.len())
            .map(|at| script.strike(at, &mut hands))
            .collect();
        chords.push(hands.let_go());
        let (events, bytes) = (
            chords.iter().map(|chord| chord.events).sum(),
            chords.iter().map(|chord| chord.bytes).sum(),
        );
        let message: Vec<u8> = chords.into_iter().flat_map(|chord| chord.message).collect();
        (read(&message), events, bytes)
    }

    #[test]
    fn a_modifier_is_held_over_the_characters_that_need_it_and_let_go_at_the_end() {
        let (events, count, bytes) = type_all("aAB", Layout::EnUs, true);
        let (a, b, shift) = (Some(0x1e), Some(0x30), Some(0x2a));
        assert_eq!(
            events,
            [
                (true, 0x61, a),
                (false, 0x61, a),
                (true, 0xffe1, shift),
                (true, 0x41, a),
                (false, 0x41, a),
                (true, 0x42, b),
                (false, 0x42, b),
                (false, 0xffe1, shift),
            ]
        );
        assert_eq!((count, bytes), (8, 8));

        let (events, _, bytes) = type_all("@", Layout::De, true);
        let (key, alt_gr) = (Some(0x10), Some(0xb8));
        let codes: Vec<_> = events.iter().map(|(down, _, code)| (*down, *code)).collect();
        assert_eq!(
            codes,
            [(true, alt_gr), (true, key), (false, key), (false, alt_gr)]
        );
        assert_eq!(bytes, 6);
    }

    #[test]
    fn without_scan_codes_a_character_is_its_meaning() {
        let (events, ..) = type_all("A\u{20ac}\n", Layout::EnUs, false);
        let meanings: Vec<_> = events.iter().map(|(_, keysym, code)| (*keysym, *code)).collect();
        assert_eq!(meanings.len(), 6);
        assert_eq!(
            [meanings[0], meanings[2], meanings[4]],
            [(0x41, None), (0x0100_20ac, None), (0xff0d, None)]
        );
    }

    #[test]
    fn enter_is_told_in_either_way() {
        for scancodes in [false, true] {
            let script = Script::new("a\n", Layout::EnUs, scancodes).unwrap();
            let mut hands = Hands::default();
            assert!(!script.strike(0, &mut hands).enter);
            assert!(script.strike(1, &mut hands).enter);
        }
    }
}
