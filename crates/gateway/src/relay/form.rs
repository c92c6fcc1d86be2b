//! The two forms of what comes down: opaque and framed.
//!
//! Opaque, the back end's bytes pass unread. Framed, they are cut into messages too, without a look at any pixel: a rule
//! may forbid some of them, and what a server agrees to shows only in them. What goes to the browser between two
//! messages, or instead of one, has its place here.

use oriel_domain::EndReason;
use oriel_rfb::encoding;
use oriel_rfb::server_init::ServerInit;
use oriel_rfb::server_msg::{Framer, FramerError, Kind, Step};

use crate::rules::Rules;
use crate::session::Failure;

#[cfg(test)]
mod tests;

/// Updates after a viewer's `SetEncodings` in which its server's agreement to extended mouse buttons is waited for. One
/// that agrees says so in the first that it makes after it; those before were under way already.
const PATIENCE: u8 = 16;

/// How the back end's bytes go down.
#[derive(Debug)]
pub(crate) enum Down {
    /// They pass unread.
    Opaque {
        /// Both sides agreed on extended mouse buttons while they were still read.
        extended_mouse: bool,
    },
    /// They are cut into messages.
    Framed(Box<Framed>),
}

/// A back end's bytes, cut into messages.
#[derive(Debug)]
pub(crate) struct Framed {
    framer: Framer,
    /// The guest's clipboard stays where it is. Then a stream that cannot be read may not pass.
    drop_cut_text: bool,
    /// The message that is coming in goes no further.
    dropping: bool,
    /// Updates that are still watched for the server's agreement to extended mouse buttons.
    watch: u8,
}

impl Down {
    /// The bytes of a console that has no messages.
    pub const fn opaque() -> Self {
        Self::Opaque {
            extended_mouse: false,
        }
    }

    /// The form that these rules need for what comes after this `ServerInit`.
    pub fn new(rules: &Rules, init: &ServerInit) -> Self {
        if rules.clipboard_to_client && !rules.input {
            return Self::opaque();
        }
        Self::Framed(Box::new(Framed {
            framer: Framer::new(init),
            drop_cut_text: !rules.clipboard_to_client,
            dropping: false,
            watch: if rules.input { PATIENCE } else { 0 },
        }))
    }

    /// Takes what the back end sent: how many bytes at its front go on.
    ///
    /// # Errors
    ///
    /// What cannot be read, where a rule depends on it. Where none does, it passes unread from there on.
    pub fn pass(&mut self, bytes: &mut [u8]) -> Result<usize, Failure> {
        let Self::Framed(framed) = self else {
            return Ok(bytes.len());
        };
        let passed = framed.pass(bytes);
        let (needed, extended_mouse) = (framed.is_needed(), framed.framer.has_extended_mouse());
        match passed {
            Ok(kept) => {
                if !needed {
                    *self = Self::Opaque { extended_mouse };
                }
                Ok(kept)
            }
            Err(error) if framed.drop_cut_text => Err(failure(error)),
            Err(error) => {
                tracing::warn!(%error, "a screen's messages cannot be told apart any more; they pass unread");
                *self = Self::Opaque { extended_mouse };
                Ok(bytes.len())
            }
        }
    }

    /// Whether nothing of what comes down is read, now and from now on.
    pub const fn is_opaque(&self) -> bool {
        matches!(self, Self::Opaque { .. })
    }

    /// Whether both sides have agreed on extended mouse buttons.
    pub fn has_extended_mouse(&self) -> bool {
        match self {
            Self::Opaque { extended_mouse } => *extended_mouse,
            Self::Framed(framed) => framed.framer.has_extended_mouse(),
        }
    }

    /// Whether a server's agreement to an encoding would be seen, or has been.
    pub fn may_agree(&self) -> bool {
        match self {
            Self::Opaque { extended_mouse } => *extended_mouse,
            Self::Framed(_) => true,
        }
    }

    /// The viewer has asked for these encodings.
    pub fn asked_for(&mut self, mut encodings: impl Iterator<Item = i32>) {
        if let Self::Framed(framed) = self {
            let mouse = encodings.any(|number| number == encoding::EXTENDED_MOUSE_BUTTONS);
            framed.watch = if mouse { PATIENCE } else { 0 };
        }
    }

    /// What has to be told of the viewer's other messages.
    pub fn framer(&mut self) -> Option<&mut Framer> {
        match self {
            Self::Opaque { .. } => None,
            Self::Framed(framed) => Some(&mut framed.framer),
        }
    }
}

impl Framed {
    /// Moves what goes on to the front: how much that is.
    fn pass(&mut self, bytes: &mut [u8]) -> Result<usize, FramerError> {
        let (mut at, mut kept) = (0, 0);
        while self.is_needed()
            && let Step::Part(part) = self.framer.next(bytes.get(at..).unwrap_or_default())?
        {
            if part.begins {
                self.dropping = self.drop_cut_text && part.kind == Kind::CutText;
            }
            if part.ends && part.kind == Kind::Update {
                self.watch = self.watch.saturating_sub(1);
            }
            let here = at..at + part.taken;
            at = here.end;
            if !self.dropping {
                if here.start > kept {
                    bytes.copy_within(here, kept);
                }
                kept += part.taken;
            }
        }
        // Nothing was dropped where nothing is to be.
        Ok(if self.drop_cut_text { kept } else { bytes.len() })
    }

    fn is_needed(&self) -> bool {
        self.drop_cut_text || (self.watch > 0 && !self.framer.has_extended_mouse())
    }
}

fn failure(error: FramerError) -> Failure {
    let reason = match error {
        FramerError::FormatInFlight => EndReason::ClientProtocol,
        _ => EndReason::BackEndProtocol,
    };
    Failure::new(
        reason,
        format!("{error}; the clipboard that is forbidden cannot be told from the rest"),
    )
}
