//! What a viewer may do to a screen, and the filter that holds it to that.
//!
//! The gateway enforces this, not the page: every message of the viewer is taken apart before it goes up, and what is
//! forbidden never reaches the hypervisor. A forbidden feature is also taken out of the viewer's `SetEncodings`: a
//! server may only use what was asked for, so the feature never starts.

use oriel_rfb::client_msg::{ClientMsgError, Kind, Splitter, Step};
use oriel_rfb::encoding;

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

impl Rules {
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

    /// Whether the viewer may ask for this encoding.
    fn admits_encoding(&self, number: i32) -> bool {
        match number {
            // It works both ways or not at all.
            encoding::EXTENDED_CLIPBOARD => self.clipboard_to_server && self.clipboard_to_client,
            encoding::QEMU_AUDIO => self.audio,
            encoding::XVP => self.power,
            encoding::GII | encoding::QEMU_EXTENDED_KEY => self.input,
            // Whether the server agreed to it decides how long a pointer message is, and what the server says is not
            // read here.
            encoding::EXTENDED_MOUSE_BUTTONS => false,
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
    /// always `first` stays empty, and nothing is copied.
    pub fn pass<'a>(&mut self, bytes: &'a [u8], first: &mut Vec<u8>) -> Result<Passed<'a>, ClientMsgError> {
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
                        self.rewrite_encodings(first);
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
    fn rewrite_encodings(&mut self, to: &mut Vec<u8>) {
        let gathered = std::mem::take(&mut self.gathered);
        let (numbers, _) = gathered.get(4..).unwrap_or_default().as_chunks::<4>();
        let admitted: Vec<[u8; 4]> = numbers
            .iter()
            .copied()
            .filter(|&number| self.rules.admits_encoding(i32::from_be_bytes(number)))
            .collect();
        let count = u16::try_from(admitted.len()).unwrap_or(u16::MAX);
        to.extend_from_slice(&[2, 0]);
        to.extend_from_slice(&count.to_be_bytes());
        to.extend_from_slice(admitted.as_flattened());
    }
}

fn is_input(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Key | Kind::QemuKey | Kind::Pointer | Kind::Gii | Kind::CutText
    )
}
