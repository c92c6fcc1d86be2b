//! Bytes that never enter this program: the kernel moves them from one socket to another through a pipe.
//!
//! A WebSocket frame needs its length in front, so bytes are spliced into the pipe first; then the header is written,
//! and then the pipe is emptied behind it. That saves both copies of a large picture. For a small one it costs more than it
//! saves: two calls more than reading and writing. So the relay splices only while a back end fills its reads.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

use rustix::net::{SendFlags, send};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

/// How much a pipe holds, in bytes, where the system allows it; its own default, 64 KiB, does as well.
const PIPE_SIZE: usize = 256 * 1024;
/// Most pipes that one thread keeps for the next session that needs one.
const MAX_SPARE: usize = 16;

thread_local! {
    /// Pipes that are empty and open. A busy session takes one and soon puts it back.
    static SPARE: RefCell<Vec<Pipe>> = const { RefCell::new(Vec::new()) };
}

/// A socket that the kernel can move bytes from or to without this program.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RawSocket<'a> {
    Tcp(&'a TcpStream),
    Unix(&'a UnixStream),
}

/// A stream that may be such a socket.
pub(crate) trait MaybeRaw {
    /// The socket itself, where nothing lies above it: neither TLS nor anything else.
    fn raw(&self) -> Option<RawSocket<'_>>;
}

impl RawSocket<'_> {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }

    fn poll_ready(&self, cx: &mut Context<'_>, interest: Interest) -> Poll<io::Result<()>> {
        match (self, interest.is_readable()) {
            (Self::Tcp(stream), true) => stream.poll_read_ready(cx),
            (Self::Tcp(stream), false) => stream.poll_write_ready(cx),
            (Self::Unix(stream), true) => stream.poll_read_ready(cx),
            (Self::Unix(stream), false) => stream.poll_write_ready(cx),
        }
    }

    /// Sends as much of a few bytes as goes now, and lets the kernel put them into one packet with what follows. A
    /// socket that fails will say so again.
    pub(super) fn send_before_more(&self, bytes: &[u8]) -> usize {
        let flags = SendFlags::MORE | SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        send(self.fd(), bytes, flags).unwrap_or(0)
    }

    /// Tries until it is done or the socket has said that it is not ready.
    fn poll_io(
        &self,
        cx: &mut Context<'_>,
        interest: Interest,
        mut call: impl FnMut() -> rustix::io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_ready(cx, interest))?;
            let done = match self {
                Self::Tcp(stream) => stream.try_io(interest, || Ok(call()?)),
                Self::Unix(stream) => stream.try_io(interest, || Ok(call()?)),
            };
            match done {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

/// A pipe and how much is in it.
#[derive(Debug)]
pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    holds: usize,
}

impl Pipe {
    /// An empty pipe; none if the system gives none now.
    pub fn take() -> Option<Self> {
        SPARE.with_borrow_mut(Vec::pop).or_else(|| Self::open().ok())
    }

    fn open() -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
        // An unprivileged program may be over its share of such memory.
        let _ = fcntl_setpipe_size(&write, PIPE_SIZE);
        Ok(Self {
            read,
            write,
            holds: 0,
        })
    }

    /// Puts an empty pipe back for the next.
    pub fn give_back(self) {
        if self.holds == 0 {
            SPARE.with_borrow_mut(|spare| {
                if spare.len() < MAX_SPARE {
                    spare.push(self);
                }
            });
        }
    }

    /// Moves what the socket has into the empty pipe, `most` bytes at most: how many; none at the end of the stream.
    pub fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        from: RawSocket<'_>,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let moved = ready!(from.poll_io(cx, Interest::READABLE, || {
            splice(
                from.fd(),
                None,
                &self.write,
                None,
                most,
                SpliceFlags::NONBLOCK | SpliceFlags::MOVE,
            )
        }))?;
        self.holds += moved;
        Poll::Ready(Ok(moved))
    }

    /// Moves all that is in the pipe into the socket.
    pub fn poll_empty(&mut self, cx: &mut Context<'_>, to: RawSocket<'_>) -> Poll<io::Result<()>> {
        while self.holds > 0 {
            let holds = self.holds;
            let moved = ready!(to.poll_io(cx, Interest::WRITABLE, || {
                splice(
                    &self.read,
                    None,
                    to.fd(),
                    None,
                    holds,
                    SpliceFlags::NONBLOCK | SpliceFlags::MOVE,
                )
            }))?;
            if moved == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.holds -= moved;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes what is left in the pipe out of it.
    pub fn drain(self) -> Vec<u8> {
        let mut left = vec![0; self.holds];
        let mut at = 0;
        while let Some(room) = left.get_mut(at..).filter(|room| !room.is_empty()) {
            match rustix::io::read(&self.read, room) {
                Ok(0) | Err(_) => break,
                Ok(read) => at += read,
            }
        }
        left.truncate(at);
        left
    }
}
