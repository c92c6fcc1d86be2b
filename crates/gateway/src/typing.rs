//! The typing service: a text is typed into a guest as if by hand.
//!
//! A job has a connection of its own to the screen ([`link`]), finds the keys of each character ([`keys`]) and goes as
//! fast as the guest is seen to follow ([`pacer`]). It lives no longer than the session that it was asked for in.

mod job;
mod keys;
mod link;
mod pacer;
mod typist;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oriel_domain::{ConsoleKind, EndReason, Grant, ServerId};
use oriel_keyboard::{Layout, Untypable, letters};

pub(crate) use self::job::{Job, JobEnd};
use self::keys::Script;
use self::link::Link;
use self::typist::Typist;
use crate::Inner;
use crate::rules::Rules;
use crate::screen;
use crate::session::{Failure, Live};

/// What an operator decides about typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypingSettings {
    /// Whether there is such a service.
    pub enabled: bool,
    /// Longest text, in characters.
    pub max_characters: usize,
    /// Most key events a second: a character is two, with Shift up to four.
    pub max_rate: u32,
    /// How long the guest has after an Enter to react and come to rest.
    pub enter_wait: Duration,
    /// How long to wait for the screen to show what is typed, until that is not expected any more.
    pub echo_wait: Duration,
}

impl TypingSettings {
    /// Whether text is typed into such a console for a viewer who may do this.
    pub(crate) fn serves(&self, rules: Rules, console: ConsoleKind) -> Result<(), Refused> {
        if !self.enabled {
            return Err(Refused::Off);
        }
        if !rules.input {
            return Err(Refused::ViewOnly);
        }
        if console != ConsoleKind::Novnc {
            return Err(Refused::NoKeyboard);
        }
        Ok(())
    }
}

/// Who types into which server.
#[derive(Debug, Default)]
pub(crate) struct Typing {
    busy: Arc<Mutex<HashSet<ServerId>>>,
}

/// One server's keyboard. Its drop gives it back.
#[derive(Debug)]
struct Seat {
    server: ServerId,
    busy: Arc<Mutex<HashSet<ServerId>>>,
}

impl Typing {
    fn sit_down(&self, server: ServerId) -> Option<Seat> {
        lock(&self.busy).insert(server).then(|| Seat {
            server,
            busy: Arc::clone(&self.busy),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.busy).remove(&self.server);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why nothing is typed.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Nothing was typed for the session.
    NoJob,
    /// The operator wants none of it.
    Off,
    /// The viewer may only look.
    ViewOnly,
    /// The session shows no screen.
    NoKeyboard,
    /// The text is longer than this many characters.
    TooLong(usize),
    /// Somebody types into this server.
    Busy,
    /// There is no way to some characters.
    Untypable(Untypable),
    /// The server cannot be reached.
    Failed(Failure),
}

impl From<Untypable> for Refused {
    fn from(error: Untypable) -> Self {
        Self::Untypable(error)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<EndReason> for Refused {
    fn from(reason: EndReason) -> Self {
        Self::Failed(reason.into())
    }
}

impl Inner {
    /// Whether a session's viewer may have text typed at all.
    pub(crate) fn may_type(&self, live: &Live) -> Result<(), Refused> {
        let Grant { role, console, .. } = live.grant;
        let rules = Rules::of(self.settings.rights, role);
        self.settings.typing.serves(rules, console)
    }

    /// Begins to type a text into the server of a session. Nothing is typed unless all of it can be.
    pub(crate) async fn start_typing(
        &self,
        live: &Arc<Live>,
        text: &str,
        layout: Layout,
    ) -> Result<Arc<Job>, Refused> {
        let settings = &self.settings;
        if text.chars().nth(settings.typing.max_characters).is_some() {
            return Err(Refused::TooLong(settings.typing.max_characters));
        }
        // What no server can be sent need not trouble one.
        letters(text)?;
        let seat = self.typing.sit_down(live.grant.server).ok_or(Refused::Busy)?;
        let (_, back_end) = self.locate(&live.grant)?;
        let screen = screen::open(&back_end, settings.connect_timeout, settings.handshake_timeout).await?;
        let link = Link::open(screen, settings.handshake_timeout).await?;
        let script = Script::new(text, layout, link.takes_scancodes())?;
        let job = Arc::new(Job::new(script.len()));
        live.set_job(Arc::clone(&job));
        let typist = Typist::new(link, script, Arc::clone(&job), Arc::clone(live), settings.typing);
        let (live, running) = (Arc::clone(live), Arc::clone(&job));
        self.sessions.spawn(async move {
            running.run(typist, &live, layout, seat).await;
        });
        Ok(job)
    }
}
