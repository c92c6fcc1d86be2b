//! Serial consoles: lines, each of which several may look at.
//!
//! A hypervisor's serial port takes one client at a time. So the gateway holds one connection to each line, keeps the
//! last of what it says, and joins to it whoever comes. The line is read as fast as it speaks: a viewer who cannot
//! keep up loses what it did not take, and is told so, and stalls neither the machine nor the others. Memory is the
//! history of each line, however many look at it.

mod escape;
mod history;
mod line;
mod viewer;

use std::collections::HashMap;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oriel_domain::{Address, BackEnd, EndReason, Server, ServerId};
use oriel_telnet::Telnet;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::line::{Line, Patience};
pub(crate) use self::viewer::Viewer;
use crate::back_end::{ask, dial, within};
use crate::session::Failure;

/// What an operator decides about serial consoles.
#[derive(Debug, Clone)]
pub struct SerialSettings {
    /// How many bytes of each line's last output whoever comes is shown. 0 shows nothing.
    pub replay: usize,
    /// How long a line stays connected that nobody looks at any more.
    pub linger: Duration,
    /// Most lines that stay connected so. A further one is left at once.
    pub max_lingering: usize,
}

/// Longer than any gateway runs, and not too long for a clock.
const FOREVER: Duration = Duration::from_hours(24 * 365 * 100);

/// A line is one server's at one address: a server that moved has another.
type Key = (ServerId, Address, Option<String>);
/// The line there, once it is connected. Held while it is being connected.
type Slot = tokio::sync::Mutex<Option<Arc<Line>>>;

/// The serial lines that the gateway is connected to. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: SerialSettings,
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
    alone: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Lines {
    pub fn new(mut settings: SerialSettings) -> Self {
        settings.linger = settings.linger.min(FOREVER);
        let alone = Semaphore::new(settings.max_lingering.min(Semaphore::MAX_PERMITS));
        Self {
            inner: Arc::new(Inner {
                settings,
                slots: Mutex::default(),
                alone: Arc::new(alone),
                stop: CancellationToken::new(),
            }),
        }
    }

    /// Looks at a server's line, which is connected first if it is not, within `timeout` in all.
    pub async fn join(
        &self,
        server: &Server,
        back_end: &BackEnd,
        may_input: bool,
        timeout: Duration,
    ) -> Result<Viewer, Failure> {
        let key = (server.id, back_end.address.clone(), back_end.access_path.clone());
        let slot = Arc::clone(self.slots().entry(key.clone()).or_default());
        let joined = async {
            let mut held = slot.lock().await;
            if let Some(viewer) = held.as_ref().and_then(|line| line.join(may_input)) {
                return Ok(viewer);
            }
            let (line, viewer) = self.connect(&key, server, back_end, may_input, timeout).await?;
            *held = Some(line);
            Ok(viewer)
        };
        let joined = within(timeout, &back_end.address, "no connection", joined).await;
        drop(slot);
        if joined.is_err() {
            self.forget(&key);
        }
        joined
    }

    /// Sends a break to a server's line, if that is connected, within `timeout`.
    pub async fn send_break(
        &self,
        server: &Server,
        back_end: &BackEnd,
        timeout: Duration,
    ) -> Result<(), Failure> {
        let key = (server.id, back_end.address.clone(), back_end.access_path.clone());
        let slot = self.slots().get(&key).map(Arc::clone);
        let slot = slot.ok_or(EndReason::NoSession)?;
        let sent = async {
            let line = slot.lock().await.as_ref().map(Arc::clone);
            match line {
                Some(line) if line.send_break().await => Ok(()),
                _ => Err(EndReason::NoSession.into()),
            }
        };
        within(timeout, &back_end.address, "the line takes no input", sent).await
    }

    /// Leaves the lines that nobody looks at.
    pub fn stop(&self) {
        self.inner.stop.cancel();
    }

    async fn connect(
        &self,
        key: &Key,
        server: &Server,
        back_end: &BackEnd,
        may_input: bool,
        timeout: Duration,
    ) -> Result<(Arc<Line>, Viewer), Failure> {
        let mut stream = dial(&back_end.address, timeout).await?;
        if let Some(path) = &back_end.access_path {
            ask(&mut stream, path).await?;
        }
        let telnet = can_break(back_end).then(Telnet::new);
        let settings = &self.inner.settings;
        let (line, input) = Line::new(settings.replay, &self.said_before(server).await);
        // It has not ended yet.
        let viewer = line
            .join(may_input)
            .ok_or_else(|| Failure::from(EndReason::Internal))?;
        let patience = Patience {
            linger: settings.linger,
            alone: Arc::clone(&self.inner.alone),
            stop: self.inner.stop.clone(),
        };
        let (lines, key, carried) = (self.clone(), key.clone(), Arc::clone(&line));
        tokio::spawn(async move {
            carried.carry(stream, telnet, input, patience).await;
            lines.forget(&key);
        });
        Ok((line, viewer))
    }

    /// What the server said before the gateway listened, where the hypervisor keeps it in a file.
    async fn said_before(&self, server: &Server) -> Vec<u8> {
        let (Some(log), most) = (server.console_log.clone(), self.inner.settings.replay) else {
            return Vec::new();
        };
        let id = server.id;
        let read = tokio::task::spawn_blocking(move || (read_end(&log, most), log)).await;
        match read {
            Ok((Ok(bytes), _)) => bytes,
            Ok((Err(error), log)) => {
                // The console opens without it.
                tracing::info!(server_id = %id, file = %log.display(), %error, "a console log cannot be shown");
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Takes a line off the register that is not connected, unless somebody is connecting it just now.
    fn forget(&self, key: &Key) {
        let mut slots = self.slots();
        let unused = slots.get(key).is_some_and(|slot| {
            Arc::strong_count(slot) == 1
                && slot
                    .try_lock()
                    .is_ok_and(|line| line.as_ref().is_none_or(|line| line.has_ended()))
        });
        if unused {
            slots.remove(key);
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Arc<Slot>>> {
        self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a break can be sent to a line there: of the ways to one, only Telnet has it.
pub(crate) fn can_break(back_end: &BackEnd) -> bool {
    matches!(back_end.address, Address::Telnet { .. })
}

/// The last bytes of a file.
fn read_end(file: &Path, most: usize) -> io::Result<Vec<u8>> {
    // A pipe by that name would never end.
    if most == 0 || !std::fs::metadata(file)?.is_file() {
        return Ok(Vec::new());
    }
    let mut file = std::fs::File::open(file)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most as u64)))?;
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
