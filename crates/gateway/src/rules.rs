//! What a viewer may do to a screen, and the filter that holds it to that.
//!
//! The gateway enforces this, not the page: every message of the viewer is taken apart before it goes up, and what is
//! forbidden never reaches the hypervisor. A forbidden feature is also taken out of the viewer's `SetEncodings`: a
//! server may only use what was asked for, so the feature never starts.

use oriel_domain::ViewerRole;
use oriel_rfb::client_msg::{
    ClientMsgError, DEFAULT_MAX_CUT_TEXT, Event, Kind, Message, Splitter, Step, set_encodings,
};
use oriel_rfb::encoding;
use serde::{Deserialize, Serialize};

use crate::relay::Down;

#[cfg(test)]
mod tests;

/// Most encodings that are read of one `SetEncodings`. A viewer asks for some 30; what it names behind that is its
/// least wish, and a server need not know it.
const MAX_ENCODINGS: usize = 256;

/// What a viewer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a right of its own")]
pub(crate) struct Rules {
    /// Press keys and move the pointer. Without it the viewer only looks.
    pub input: bool,
    /// Put text into the guest's clipboard.
    pub clipboard_to_server: bool,
    /// Get the guest's clipboard.
    pub clipboard_to_client: bool,
    /// Change the size of the guest's screen.
    pub resize: bool,
    /// Shut the machine down, reboot or reset it by the screen's protocol (xvp).
    pub power: bool,
    /// Hear the guest.
    pub audio: bool,
    /// Longest clipboard text, in bytes.
    pub max_cut_text: u32,
}

/// Which way the clipboard works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clipboard {
    /// Both ways.
    Both,
    /// From the viewer to the guest.
    ToServer,
    /// From the guest to the viewer.
    ToClient,
    /// Not at all.
    Off,
}

/// What an operator lets viewers do.
#[derive(Debug, Clone, Copy)]
pub struct Rights {
    /// Which way the clipboard works.
    pub clipboard: Clipboard,
    /// Change the size of the guest's screen.
    pub resize: bool,
    /// Shut the machine down, reboot or reset it by the screen's protocol.
    pub power: bool,
    /// Hear the guest.
    pub audio: bool,
}

impl Rules {
    /// What a viewer in this role may do, of what the operator allows.
    pub fn of(rights: Rights, role: ViewerRole) -> Self {
        let input = role != ViewerRole::Observer;
        let owner = role == ViewerRole::Owner;
        let clipboard = rights.clipboard;
        Self {
            input,
            clipboard_to_server: input && matches!(clipboard, Clipboard::Both | Clipboard::ToServer),
            clipboard_to_client: matches!(clipboard, Clipboard::Both | Clipboard::ToClient),
            resize: owner && rights.resize,
            power: owner && rights.power,
            audio: rights.audio,
            max_cut_text: DEFAULT_MAX_CUT_TEXT,
        }
    }

    /// Whether nothing is forbidden that a console can do whose messages pass unread.
    pub fn are_free(&self) -> bool {
        self.input && self.clipboard_to_server && self.clipboard_to_client && self.resize && self.audio
    }

    fn admits(&self, kind: Kind) -> bool {
        match kind {
            Kind::Key | Kind::QemuKey | Kind::Pointer | Kind::Gii => self.input,
            Kind::CutText => self.clipboard_to_server,
            Kind::SetDesktopSize => self.resize,
            Kind::Xvp => self.power,
            Kind::QemuAudio => self.audio,
            Kind::SetPixelFormat
            | Kind::SetEncodings
            | Kind::UpdateRequest
            | Kind::ContinuousUpdates
            | Kind::Fence => true,
        }
    }

    /// Whether the viewer may ask for this encoding, given how the server's bytes go down.
    fn admits_encoding(&self, number: i32, down: &Down) -> bool {
        match number {
            // It works both ways or not at all.
            encoding::EXTENDED_CLIPBOARD => self.clipboard_to_server && self.clipboard_to_client,
            encoding::QEMU_AUDIO => self.audio,
            encoding::XVP => self.power,
            encoding::GII | encoding::QEMU_EXTENDED_KEY => self.input,
            // Whether the server agrees to it decides how long a pointer message is, so that must be seen.
            encoding::EXTENDED_MOUSE_BUTTONS => self.input && down.may_agree(),
            known => encoding::is_known(known),
        }
    }
}

/// What is done with the message that is coming in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Pass,
    Drop,
    /// It is gathered, and goes on changed when it is whole.
    Rewrite,
}

/// What the viewer sent, as far as it may go up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Passed<'a> {
    /// What may go up behind what was put in front.
    pub rest: &'a [u8],
    /// Whether a person's hand was in it: a key, the pointer, a text. It counts even where it may not go up.
    pub input: bool,
}

/// Holds one viewer of a screen to its rules.
#[derive(Debug)]
pub(crate) struct Filter {
    rules: Rules,
    splitter: Splitter,
    fate: Fate,
    /// A `SetEncodings` that is not whole yet, as far as it is read.
    gathered: Vec<u8>,
}

impl Filter {
    /// A filter for what comes after `ClientInit`.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            splitter: Splitter::new(rules.max_cut_text),
            fate: Fate::Pass,
            gathered: Vec::new(),
        }
    }

    /// Takes what the viewer sent. What goes up is first what was put into `first`, and then what is returned; almost
    /// always `first` stays empty, and nothing is copied. `down` is told what it must know of it.
    pub fn pass<'a>(
        &mut self,
        bytes: &'a [u8],
        first: &mut Vec<u8>,
        down: &mut Down,
    ) -> Result<Passed<'a>, ClientMsgError> {
        self.splitter.set_extended_pointer(down.has_extended_mouse());
        let mut input = false;
        // What passes, and is not in `first` yet.
        let mut run = 0..0;
        let mut at = 0;
        loop {
            let (taken, whole) = match self.splitter.next(bytes.get(at..).unwrap_or_default())? {
                Step::Need => break,
                Step::Message(message) => {
                    input |= is_input(message.kind);
                    self.fate = self.decide(message.kind);
                    tell(down, &message);
                    // Bytes of an earlier read: nothing of this one has passed before them.
                    match self.fate {
                        Fate::Pass => first.extend_from_slice(message.held()),
                        Fate::Rewrite => self.gather(message.held()),
                        Fate::Drop => {}
                    }
                    (message.taken, message.is_whole())
                }
                Step::Body { taken, last, .. } => (taken, last),
            };
            let here = at..at + taken;
            at = here.end;
            match self.fate {
                Fate::Drop => {}
                Fate::Pass if run.end == here.start && !run.is_empty() => run.end = here.end,
                Fate::Pass => {
                    first.extend_from_slice(bytes.get(run).unwrap_or_default());
                    run = here;
                }
                Fate::Rewrite => {
                    self.gather(bytes.get(here).unwrap_or_default());
                    if whole {
                        first.extend_from_slice(bytes.get(run).unwrap_or_default());
                        run = 0..0;
                        self.rewrite_encodings(first, down);
                    }
                }
            }
        }
        let rest = bytes.get(run).unwrap_or_default();
        Ok(Passed { rest, input })
    }

    fn decide(&self, kind: Kind) -> Fate {
        match kind {
            Kind::SetEncodings => Fate::Rewrite,
            kind if self.rules.admits(kind) => Fate::Pass,
            _ => Fate::Drop,
        }
    }

    /// Keeps bytes of a `SetEncodings`, up to the longest that is read.
    fn gather(&mut self, bytes: &[u8]) {
        let room = (4 + 4 * MAX_ENCODINGS).saturating_sub(self.gathered.len());
        self.gathered
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Writes the gathered `SetEncodings` with what the viewer may ask for.
    fn rewrite_encodings(&mut self, to: &mut Vec<u8>, down: &mut Down) {
        let gathered = std::mem::take(&mut self.gathered);
        let (numbers, _) = gathered.get(4..).unwrap_or_default().as_chunks::<4>();
        let admitted: Vec<i32> = numbers
            .iter()
            .map(|&number| i32::from_be_bytes(number))
            .filter(|&number| self.rules.admits_encoding(number, down))
            .collect();
        down.asked_for(admitted.iter().copied());
        to.extend_from_slice(&set_encodings(&admitted));
    }
}

/// Tells the way down what the server's answers will depend on.
fn tell(down: &mut Down, message: &Message) {
    let Some(framer) = down.framer() else { return };
    match message.event() {
        Event::UpdateRequest { .. } => framer.update_requested(),
        // It says itself what it could not follow, when the server's next bytes come.
        Event::SetPixelFormat(format) => drop(framer.set_pixel_format(&format)),
        _ if message.kind == Kind::ContinuousUpdates => {
            framer.continuous_updates(message.head().get(1).is_some_and(|on| *on != 0));
        }
        _ => {}
    }
}

fn is_input(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Key | Kind::QemuKey | Kind::Pointer | Kind::Gii | Kind::CutText
    )
}
