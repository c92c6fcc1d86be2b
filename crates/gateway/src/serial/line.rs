//! One serial line: its only connection to the hypervisor, shared by all who look at it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker, ready};
use std::time::Duration;

use oriel_telnet::Telnet;
use tokio::io::{AsyncRead, AsyncWriteExt as _, ReadBuf};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::history::History;
use super::viewer::Viewer;
use crate::net::BackEndStream;

/// Most bytes read at once.
const CHUNK: usize = 16 * 1024;
/// What may wait to be sent to a hypervisor, in bytes, while more is read from it. It is more than the input that
/// waits; a hypervisor that asks for answers and does not take them is not listened to any longer.
const MAX_WAITING: usize = 1024 * 1024;

thread_local! {
    /// Lent to whichever line reads. It is never held across a yield.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; CHUNK]);
}

/// A line that is connected, or was.
#[derive(Debug)]
pub(super) struct Line {
    state: Mutex<State>,
    /// One message at a time: the next waits with who sent it.
    input: mpsc::Sender<Input>,
    /// Somebody came or left.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    history: History,
    /// By number, and who waits for the next output.
    viewers: HashMap<u64, Option<Waker>>,
    next: u64,
    ended: Option<LineEnd>,
}

/// What a viewer sends to a line.
#[derive(Debug)]
pub(super) enum Input {
    Bytes(Vec<u8>),
    /// A break, where the far end speaks Telnet; elsewhere there is no way to say it.
    Break,
}

/// Why a line is not connected any more.
#[derive(Debug, Clone)]
pub(super) enum LineEnd {
    /// The hypervisor closed it, or nobody looked at it for long enough.
    Closed,
    /// The connection broke.
    Lost(io::ErrorKind, String),
}

/// How long a line is kept that nobody looks at.
#[derive(Debug)]
pub(super) struct Patience {
    pub linger: Duration,
    /// A permit for each line that may be kept so.
    pub alone: Arc<Semaphore>,
    /// The gateway stops.
    pub stop: CancellationToken,
}

impl Line {
    /// A line, and where the input of its viewers comes out.
    pub fn new(replayed: usize, said_before: &[u8]) -> (Arc<Self>, mpsc::Receiver<Input>) {
        let (input, messages) = mpsc::channel(1);
        let mut history = History::new(replayed);
        history.push(said_before);
        let state = State {
            history,
            viewers: HashMap::new(),
            next: 0,
            ended: None,
        };
        let line = Self {
            state: Mutex::new(state),
            input,
            changed: Notify::new(),
        };
        (Arc::new(line), messages)
    }

    /// Looks at the line, unless it has ended.
    pub fn join(self: &Arc<Self>, may_input: bool) -> Option<Viewer> {
        let mut state = self.state();
        if state.ended.is_some() {
            return None;
        }
        let number = state.next;
        state.next += 1;
        state.viewers.insert(number, None);
        let (replay, place) = (state.history.replay(), state.history.end());
        drop(state);
        self.changed.notify_one();
        let input = may_input.then(|| self.input.clone());
        Some(Viewer::new(Arc::clone(self), number, replay, place, input))
    }

    pub fn leave(&self, number: u64) {
        self.state().viewers.remove(&number);
        self.changed.notify_one();
    }

    /// Sends a break, behind what waits to be sent. False: the line has ended.
    pub async fn send_break(&self) -> bool {
        self.input.send(Input::Break).await.is_ok()
    }

    pub fn has_ended(&self) -> bool {
        self.state().ended.is_some()
    }

    /// What comes after a place is given to `take`, which says how much it took; nothing given is the end of the line.
    /// Who has lost what came there is given what it is told, and goes on elsewhere.
    pub fn poll_output(
        &self,
        number: u64,
        place: &mut u64,
        waker: &Waker,
        mut take: impl FnMut(&[u8]) -> usize,
    ) -> Poll<io::Result<Option<Vec<u8>>>> {
        let mut state = self.state();
        match state.history.at(*place) {
            None => {
                let (told, on) = state.history.gap(*place);
                *place = on;
                return Poll::Ready(Ok(Some(told)));
            }
            Some([]) => {}
            Some(output) => {
                *place += take(output) as u64;
                return Poll::Ready(Ok(None));
            }
        }
        match &state.ended {
            Some(LineEnd::Closed) => Poll::Ready(Ok(None)),
            Some(LineEnd::Lost(kind, words)) => Poll::Ready(Err(io::Error::new(*kind, words.clone()))),
            None => {
                if let Some(viewer) = state.viewers.get_mut(&number) {
                    match viewer {
                        Some(known) => known.clone_from(waker),
                        None => *viewer = Some(waker.clone()),
                    }
                }
                Poll::Pending
            }
        }
    }

    /// Carries the line until the hypervisor ends it, or nobody has looked at it for long enough.
    pub async fn carry(
        &self,
        stream: BackEndStream,
        telnet: Option<Telnet>,
        mut input: mpsc::Receiver<Input>,
        patience: Patience,
    ) {
        let end = match self.exchange(stream, telnet, &mut input, &patience).await {
            Ok(()) => LineEnd::Closed,
            // A hypervisor that ends a machine often resets the connection: that is closing it too.
            Err(error) => LineEnd::Lost(error.kind(), error.to_string()),
        };
        input.close();
        self.end(end);
    }

    async fn exchange(
        &self,
        stream: BackEndStream,
        mut telnet: Option<Telnet>,
        input: &mut mpsc::Receiver<Input>,
        patience: &Patience,
    ) -> io::Result<()> {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let (mut waiting, mut replies) = (Vec::new(), Vec::new());
        // The hypervisor takes nothing any more. What it has sent before is still to be shown.
        let mut deaf = false;
        let mut alone = None;
        let mut leave_at = Instant::now();
        loop {
            // Once a turn: who comes or goes meanwhile says so, and the next turn knows.
            let nobody = self.is_alone();
            if !nobody {
                alone = None;
            } else if alone.is_none() {
                // One that finds no room among the lines that nobody looks at is left at once.
                alone = Arc::clone(&patience.alone).try_acquire_owned().ok();
                leave_at = Instant::now();
                if alone.is_some() {
                    leave_at += patience.linger;
                }
            }
            tokio::select! {
                open = self.read(&mut reader, telnet.as_mut(), &mut replies), if waiting.len() < MAX_WAITING => {
                    if !open? {
                        return Ok(());
                    }
                }
                written = writer.write(&waiting), if !waiting.is_empty() && !deaf => match written {
                    Ok(written) => drop(waiting.drain(..written)),
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => deaf = true,
                    Err(error) => return Err(error),
                },
                Some(message) = input.recv(), if waiting.is_empty() && !deaf => match (message, &telnet) {
                    (Input::Bytes(bytes), Some(telnet)) => telnet.encode(&bytes, &mut waiting),
                    (Input::Bytes(bytes), None) => waiting = bytes,
                    (Input::Break, Some(_)) => Telnet::encode_break(&mut waiting),
                    (Input::Break, None) => {}
                },
                () = self.changed.notified() => {}
                () = tokio::time::sleep_until(leave_at), if nobody => if self.leave_if_alone() {
                    return Ok(());
                },
                () = patience.stop.cancelled(), if nobody => if self.leave_if_alone() {
                    return Ok(());
                },
            }
            waiting.append(&mut replies);
            if deaf {
                waiting = Vec::new();
            }
        }
    }

    /// Reads once, and hands it to the viewers. Whether the line is still open.
    async fn read(
        &self,
        reader: &mut (impl AsyncRead + Unpin),
        mut telnet: Option<&mut Telnet>,
        reply: &mut Vec<u8>,
    ) -> io::Result<bool> {
        poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                ready!(Pin::new(&mut *reader).poll_read(cx, &mut buffer))?;
                let bytes = buffer.filled();
                if bytes.is_empty() {
                    return Poll::Ready(Ok(false));
                }
                match telnet.as_mut() {
                    None => self.said(bytes),
                    Some(telnet) => {
                        let mut data = Vec::with_capacity(bytes.len());
                        telnet.decode(bytes, &mut data, reply);
                        self.said(&data);
                    }
                }
                Poll::Ready(Ok(true))
            })
        })
        .await
    }

    fn said(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.history.push(bytes);
        wake(&mut state);
    }

    fn end(&self, end: LineEnd) {
        let mut state = self.state();
        state.ended.get_or_insert(end);
        wake(&mut state);
    }

    fn is_alone(&self) -> bool {
        self.state().viewers.is_empty()
    }

    /// Ends the line, unless somebody has come meanwhile.
    fn leave_if_alone(&self) -> bool {
        let mut state = self.state();
        let alone = state.viewers.is_empty();
        if alone {
            state.ended = Some(LineEnd::Closed);
        }
        alone
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(state: &mut State) {
    for viewer in state.viewers.values_mut() {
        if let Some(waker) = viewer.take() {
            waker.wake();
        }
    }
}
