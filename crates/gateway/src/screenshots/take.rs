//! Takes one picture of a screen: another viewer of it, which looks once and leaves.

#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::time::Duration;

use oriel_domain::{BackEnd, EndReason};
use oriel_rfb::picture::{PaintError, Painter, Picture};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use crate::screen::{self, Screen};
use crate::session::Failure;

/// Most bytes read at once.
const CHUNK: usize = 64 * 1024;
/// How long a server may rest that has drawn some of its screen and owes nothing, before that is taken for all.
const AT_REST: Duration = Duration::from_secs(1);

/// Why no picture was taken.
#[derive(Debug)]
pub(super) enum Missed {
    /// Pictures are not taken any more.
    NoTurn,
    /// The screen's size.
    Size(PaintError),
    /// The hypervisor.
    Failed(Failure),
}

impl From<Failure> for Missed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<PaintError> for Missed {
    fn from(error: PaintError) -> Self {
        match error {
            PaintError::Empty { .. } | PaintError::TooLarge { .. } => Self::Size(error),
            PaintError::Framing(_)
            | PaintError::Encoding(_)
            | PaintError::OutsideTile
            | PaintError::Restless
            | PaintError::Endless => Failure::new(EndReason::BackEndProtocol, error.to_string()).into(),
        }
    }
}

/// How long each step may take, and how large a screen may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub connect: Duration,
    pub handshake: Duration,
    /// For all of it.
    pub all: Duration,
    pub max_pixels: NonZeroU32,
}

/// Connects, waits for a turn, and takes the picture. A screen that is out of reach, or silent in the handshake, holds
/// up no turn; and one that got no turn in time has not failed.
pub(super) async fn take(back_end: &BackEnd, limits: Limits, turns: &Semaphore) -> Result<Picture, Missed> {
    let deadline = Instant::now() + limits.all;
    let late = |_| {
        let detail = format!("{}: no picture within {:?}", back_end.address, limits.all);
        Missed::from(Failure::new(EndReason::BackEndTimeout, detail))
    };
    let open = screen::open(back_end, limits.connect, limits.handshake);
    let screen = timeout_at(deadline, open).await.map_err(late)??;
    let turn = timeout_at(deadline, turns.acquire()).await;
    let _turn = turn.map_err(|_| Missed::NoTurn)?.map_err(|_| Missed::NoTurn)?;
    let look = look(screen, limits.max_pixels);
    timeout_at(deadline, look).await.map_err(late)?
}

async fn look(screen: Screen, max_pixels: NonZeroU32) -> Result<Picture, Missed> {
    let Screen {
        mut stream,
        init,
        early,
    } = screen;
    let mut painter = Painter::new(&init, max_pixels)?;
    let mut out = painter.opening();
    let mut whole = painter.feed(&early, &mut out)?;
    let mut buffer = vec![0; CHUNK];
    while !whole {
        let lost = |error| Failure::of_back_end(&error);
        stream.write_all(&out).await.map_err(lost)?;
        stream.flush().await.map_err(lost)?;
        out.clear();
        let read = match timeout(AT_REST, stream.read(&mut buffer)).await {
            Ok(read) => read.map_err(lost)?,
            Err(_) if painter.is_at_rest() => break,
            Err(_) => continue,
        };
        if read == 0 {
            return Err(Failure::from(EndReason::BackEndClosed).into());
        }
        whole = painter.feed(buffer.get(..read).unwrap_or_default(), &mut out)?;
        // A few bytes can paint much, and consoles are carried by the same threads.
        tokio::task::yield_now().await;
    }
    // What is still under way is not waited for.
    let _ = stream.shutdown().await;
    Ok(painter.into_picture())
}
