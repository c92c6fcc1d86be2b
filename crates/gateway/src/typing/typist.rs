//! Types one text: keys, pace and screen brought together.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::TypingSettings;
use super::job::Job;
use super::keys::{Chord, Hands, Script};
use super::link::{Link, Look};
use super::pacer::{AT_REST, Pacer};
use crate::session::{Failure, Live};

/// How long the guest may take to switch the lamp of Caps Lock.
const LAMP: Duration = Duration::from_secs(1);

/// Types one text. Whatever it is doing, it may be dropped out of it; [`Typist::let_go`] tidies up.
pub(super) struct Typist {
    link: Link,
    script: Script,
    job: Arc<Job>,
    live: Arc<Live>,
    settings: TypingSettings,
    pacer: Pacer,
    hands: Hands,
    /// Whether Caps Lock was switched off, and is to be switched on again.
    caps_lock: bool,
}

impl Typist {
    pub fn new(link: Link, script: Script, job: Arc<Job>, live: Arc<Live>, settings: TypingSettings) -> Self {
        Self {
            pacer: Pacer::new(settings.max_rate, settings.echo_wait, Instant::now()),
            hands: Hands::default(),
            caps_lock: false,
            link,
            script,
            job,
            live,
            settings,
        }
    }

    pub fn takes_scancodes(&self) -> bool {
        self.link.takes_scancodes()
    }

    /// Types all of it, and waits until it is seen to have arrived.
    pub async fn type_all(&mut self) -> Result<(), Failure> {
        if self.link.caps_lock() {
            self.caps_lock = true;
            self.press_caps_lock(false).await?;
        }
        for at in 0..self.script.len() {
            // The hands hold what they held until the keys go.
            let mut hands = self.hands;
            let chord = self.script.strike(at, &mut hands);
            while let Some(until) = self.pacer.wait(Instant::now(), chord.bytes) {
                self.look_until(until).await?;
            }
            self.hands = hands;
            self.strike(&chord);
            self.job.set_typed(at + 1);
            // Who waits for a text to be typed is not idle.
            self.live.traffic.touch();
            self.link.flush().await?;
            if chord.enter {
                self.settle().await?;
            }
        }
        self.finish().await
    }

    /// Lets go of every key, and has Caps Lock as it was.
    pub async fn let_go(&mut self) -> Result<(), Failure> {
        let chord = self.hands.let_go();
        self.link.push(&chord.message);
        if std::mem::take(&mut self.caps_lock) {
            // The key may wait in the server's queue: whoever types next must find the lamp as it is.
            self.press_caps_lock(true).await?;
        }
        self.link.flush().await
    }

    /// Leaves the screen, once the server has read all keys.
    pub async fn hang_up(&mut self) {
        self.link.hang_up().await;
    }

    fn strike(&mut self, chord: &Chord) {
        self.link.push(&chord.message);
        self.pacer.sent(Instant::now(), chord.events, chord.bytes);
    }

    /// Presses Caps Lock, and waits until its lamp is on or off as it should be.
    async fn press_caps_lock(&mut self, on: bool) -> Result<(), Failure> {
        let until = Instant::now() + LAMP;
        let chord = Chord::caps_lock(self.link.takes_scancodes());
        self.strike(&chord);
        while self.link.caps_lock() != on && Instant::now() < until {
            self.look_until(until).await?;
        }
        Ok(())
    }

    /// After an Enter: until the screen has reacted and come to rest, but not for ever.
    async fn settle(&mut self) -> Result<(), Failure> {
        let until = Instant::now() + self.settings.enter_wait;
        let mut rest = None;
        while rest.is_none_or(|rest| Instant::now() < rest) && Instant::now() < until {
            // What blinks after that is no sign that more is to come.
            if self
                .look_until(rest.map_or(until, |rest| until.min(rest)))
                .await?
                .news
            {
                rest = Some(Instant::now() + AT_REST);
            }
        }
        self.pacer.new_line(rest.is_some());
        Ok(())
    }

    /// Until the last keys are shown, or are not going to be.
    async fn finish(&mut self) -> Result<(), Failure> {
        let until = Instant::now() + self.settings.echo_wait;
        while !self.pacer.is_through() && Instant::now() < until {
            let look = self.look_until(until).await?;
            if look.news {
                // The youngest are shown with the others, once the screen has come to rest.
                let rest = Instant::now() + AT_REST;
                while Instant::now() < rest {
                    self.look_until(rest).await?;
                }
                break;
            }
        }
        Ok(())
    }

    /// Looks at what comes, once, or waits until then.
    async fn look_until(&mut self, until: Instant) -> Result<Look, Failure> {
        match tokio::time::timeout_at(until, self.link.look()).await {
            Ok(look) => {
                let look = look?;
                if look.news {
                    self.pacer.echo(Instant::now());
                }
                Ok(look)
            }
            Err(_) => Ok(Look::default()),
        }
    }
}
